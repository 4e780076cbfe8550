"""Whether the disk has room: for a save that has just failed, and for the next checkpoint of every run."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from trainer.amounts import size
from trainer.errors import StorageError
from trainer.runs.checkpoints import FOLDER

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_PROBE = 1 << 16
# What database, logs and videos should find beside the checkpoints. A small disk made for the purpose is no reason to
# refuse work, so it is never more than a fiftieth of the whole.
_MARGIN, _MARGIN_PART = 64 << 20, 50


class DiskFullError(StorageError):
    """There was no room for what had to be saved."""

    code = "disk_full"


def is_full(error: BaseException, folder: Path) -> bool:
    """Return whether a write into `folder` failed because its disk, or somebody's share of it, is full.

    PyTorch reports some failed writes in words of its own, so where `error` does not say, a small write tells.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        cause = cause.__cause__ or cause.__context__
    return not _takes_a_little(folder)


def free_bytes(folder: Path) -> int:
    """Return how much may still be written where `folder` is; a folder that is gone counts as its parent does.

    :raises OSError: the system does not say
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def shortage(folder: Path) -> str:
    """Return the sentence that names the disk and what is left on it."""
    try:
        left = f" ({size(free_bytes(folder))} free)"
    except OSError:
        left = ""
    return f"The disk that holds {folder} is full{left}."


def margin(folder: Path) -> int:
    """Return the bytes to be kept free beside what checkpoints need.

    :raises OSError: the system does not say how large the disk is
    """
    return min(_MARGIN, shutil.disk_usage(folder).total // _MARGIN_PART)


def fresh_bytes(run_directory: Path) -> int:
    """Return what the newest checkpoint of a run has to itself: pieces that it shares with another cost nothing."""
    try:
        newest = run_directory / FOLDER / (run_directory / FOLDER / "latest").read_text(encoding="utf-8").strip()
        found = [file.stat() for file in newest.rglob("*") if file.is_file()]
    except OSError:
        return 0
    return sum(each.st_size for each in found if each.st_nlink == 1)


def _takes_a_little(folder: Path) -> bool:
    probe = folder / f".room.{os.getpid()}.tmp"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno not in _FULL
    finally:
        probe.unlink(missing_ok=True)
    return True
