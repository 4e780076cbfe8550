"""What a benchmark ran on, in a few lines for the head of its table."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil


def describe() -> str:
    """Return processor, cores, memory, vector instructions, versions and the load from elsewhere."""
    import torch

    from trainer.algorithms.fast.precision import has_bf16

    facts = [
        _processor(),
        f"{os.cpu_count()} cores",
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        f"{torch.backends.cpu.get_cpu_capability()}{' with bf16' if has_bf16(torch.device('cpu')) else ''}",
        f"Python {platform.python_version()}, PyTorch {torch.__version__}",
        f"{psutil.cpu_percent(1.0):.0f} % busy before the start",
    ]
    return ", ".join(facts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
