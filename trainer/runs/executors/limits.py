"""What a process does to itself before it trains: it keeps to its cores, and lets others go first."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from trainer.config.resources import ResourcesConfig

# Of -1000 to 1000: where the machine runs out of memory, Linux ends the run rather than the program.
_FIRST_TO_GO = 500
_MOST_POLITE = 19
_PDEATHSIG = 1  # of prctl(2)
_VISIBLE, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def environment_of(resources: ResourcesConfig, present: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables that a run's process starts with; libraries read them once, when they load.

    :param present: those of this process; how many threads somebody has asked for in them stands
    """
    variables = dict(present)
    if resources.cpu_cores is not None:
        for name in _THREADS:
            variables.setdefault(name, str(resources.cpu_cores))
    if resources.gpu_index is not None:
        visible = [part.strip() for part in present.get(_VISIBLE, "").split(",") if part.strip()]
        index = resources.gpu_index
        variables[_VISIBLE] = visible[index] if index < len(visible) else str(index)
        # As the driver counts, which is what the status bar and nvidia-smi show.
        variables.setdefault(_ORDER, "PCI_BUS_ID")
    return variables


def end_with_parent() -> None:
    """Have Linux end this process with the thread that started it, even if native code keeps all of Python waiting."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def keep_to(cores: tuple[int, ...] | None, nice: int) -> list[str]:
    """Hold this process to its cores and its politeness; return what the user should know that could not be had."""
    process, notes = psutil.Process(), []
    _go_first()
    if cores is not None:
        try:
            process.cpu_affinity(list(cores))
        except (AttributeError, OSError, ValueError, psutil.Error):
            threads = "1 thread" if len(cores) == 1 else f"{len(cores)} threads"
            notes.append(f"This system cannot keep a process to some cores: only the networks keep to {threads}.")
    if nice:
        try:
            process.nice(_level(process, nice))
        except (OSError, psutil.Error) as error:
            notes.append(f"The run's politeness could not be set: {error}.")
    return notes


def _level(process: psutil.Process, nice: int) -> int:
    if sys.platform == "win32":
        return int(psutil.IDLE_PRIORITY_CLASS if nice >= 10 else psutil.BELOW_NORMAL_PRIORITY_CLASS)
    return min(_MOST_POLITE, int(process.nice()) + nice)


def _go_first() -> None:
    if sys.platform != "linux":
        return
    score = Path(f"/proc/{os.getpid()}/oom_score_adj")
    try:
        score.write_text(str(max(_FIRST_TO_GO, int(score.read_text(encoding="ascii")))), encoding="ascii")
    except (OSError, ValueError):
        return  # a kernel or a container that does not let it be changed
