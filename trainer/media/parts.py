"""Names of videos and posters that are being written, so that what a killed process has left of them is known.

What always holds: until it is whole, a file has a name that begins with a dot and tells the process that writes it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

VIDEOS = "videos"  # folder of a run
_PART = ".part"


def part_of(path: Path) -> Path:
    """Return where this process writes a file until it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}{_PART}")


def sweep_parts(folder: Path) -> None:
    """Remove what processes that are gone were writing in a folder; what one that lives writes is left to it."""
    for part in folder.glob(f".*{_PART}"):
        number = part.name.split(".")[-2]
        if number.isdecimal() and psutil.pid_exists(int(number)):
            continue
        with contextlib.suppress(OSError):  # one that cannot be removed is left to the next
            part.unlink()
