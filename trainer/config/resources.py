"""Where a run's code is executed, and how much of the machine it may take."""

from __future__ import annotations

from typing import Literal

from trainer.config import sources
from trainer.config.fields import LARGEST, Section, setting

_WHERE = "Where"
_LIMITS = "Limits of its own process"


class ResourcesConfig(Section):
    """A thread of the program, or a process of the run's own with limits."""

    executor: Literal["auto", "thread", "process"] = setting(
        "auto",
        "Run in",
        "thread trains inside the program and starts at once. process can be limited, and its crash harms no other "
        "run; it starts seconds later and takes 0.3 GB more. auto takes a thread wherever runs of the algorithm can "
        "share a process.",
        sources.PALAESTRA,
        _WHERE,
    )
    memory_limit_mb: int | None = setting(
        None,
        "Memory limit",
        "The most main memory that the run may take, its environments' processes included; when it takes more, it "
        "ends as failed and all others go on. About 400 MB are needed before anything is learnt.",
        sources.PALAESTRA,
        _LIMITS,
        ge=1,
        le=LARGEST,
        unit="MB",
        none_label="no limit",
    )
    cpu_cores: int | None = setting(
        None,
        "CPU cores",
        "How many cores of the processor the run may use; those that fewest runs are kept to are chosen. Where the "
        "system cannot keep a process to some cores (macOS), it limits the threads of the networks.",
        sources.PSUTIL,
        _LIMITS,
        ge=1,
        le=LARGEST,
        none_label="all",
    )
    nice: int = setting(
        0,
        "Politeness (nice)",
        "How readily the run lets other programs go first (the nice level): 0 as any program, 19 only takes what "
        "nobody else wants.",
        sources.PSUTIL,
        _LIMITS,
        ge=0,
        le=19,
    )
    gpu_index: int | None = setting(
        None,
        "GPU",
        "Number of the only graphics card that the run may see, counted from 0 as the status bar does. Within the run "
        "it is cuda:0.",
        sources.CUDA_DEVICES,
        _LIMITS,
        ge=0,
        le=LARGEST,
        none_label="all",
    )
