"""What this program is running on: versions and the machine, as a report of a fault needs them.

No path, host name, user name or address is among it, so that it can be shown to anybody.
"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

import psutil

from trainer import __version__
from trainer.amounts import size
from trainer.revision import git_commit

# In the order in which a fault is looked for.
_TOLD = (
    "torch",
    "stable-baselines3",
    "sb3-contrib",
    "gymnasium",
    "ale-py",
    "mujoco",
    "gradio",
    "numpy",
    "pydantic",
    "SQLAlchemy",
    "onnx",
)


def about(gpus: list[str]) -> dict[str, Any]:
    """Return versions and machine as JSON data.

    :param gpus: names of the GPUs that this machine has
    :return: `versions` and `machine`, each a list of `[name, value]`; packages that are not installed are left out
    """
    commit = git_commit()
    versions = [["Palaestra", __version__ + (f" ({commit[:12]}{commit[40:]})" if commit else "")]]
    versions += [["Python", platform.python_version()]]
    versions += [[name, version] for name in _TOLD if (version := _version(name))]
    machine = [["System", f"{platform.system()} {platform.release()} ({platform.machine()})"]]
    machine += [["Processor", f"{processor()}, {os.cpu_count()} cores"]]
    machine += [["Memory", size(psutil.virtual_memory().total)]]
    machine += [["GPU", name] for name in gpus] or [["GPU", "none"]]
    return {"versions": versions, "machine": machine}


def processor() -> str:
    """Return the name of the processor as the system tells it; `unknown` where it does not."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as told:  # noqa: PTH123  # Linux's own file
            for line in told:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
