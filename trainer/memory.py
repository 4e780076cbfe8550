"""How much memory a process may still take: what the machine has, or what a container leaves of that."""

from __future__ import annotations

from pathlib import Path

import psutil

_GROUPS = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")
# Limit, usage, and in which lines of memory.stat the pages stand that are given back when they are needed.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_bytes(groups: Path = _GROUPS, root: Path = _ROOT) -> int:
    """Return the bytes that may still be taken; the tightest of all limits above this process counts.

    :param groups: the file that names the control groups of this process; only Linux has one
    :param root: where control groups are mounted
    """
    free = int(psutil.virtual_memory().available)
    for folder in _folders(groups, root):
        for limit, usage, given_back in _FILES:
            left = _left(folder / limit, folder / usage, folder / "memory.stat", given_back)
            if left is not None:
                free = min(free, left)
    return max(0, free)


def total_bytes(groups: Path = _GROUPS, root: Path = _ROOT) -> int:
    """Return the bytes that there are in all; the tightest of all limits above this process counts."""
    total = int(psutil.virtual_memory().total)
    for folder in _folders(groups, root):
        for limit, *_ in _FILES:
            try:
                total = min(total, int((folder / limit).read_text(encoding="ascii")))
            except (OSError, ValueError):  # not there, or "max"
                continue
    return total


def _folders(groups: Path, root: Path) -> list[Path]:
    """Return the control groups of this process and all above them, as seen from inside a container or from outside."""
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / "memory" if controllers else root
        inner = top / path.lstrip("/")
        found += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(top)]
    return found


def _left(limit: Path, usage: Path, stat: Path, given_back: str) -> int | None:
    """Return limit minus usage, or None where there is no limit."""
    try:
        most, used = int(limit.read_text(encoding="ascii")), int(usage.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there, or "max"
        return None
    try:
        lines = (line.split() for line in stat.read_text(encoding="ascii").splitlines())
        used -= int(dict(line for line in lines if len(line) == 2).get(given_back, 0))
    except (OSError, ValueError):
        pass
    return most - used
