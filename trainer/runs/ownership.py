"""Which process works on a run, and whether that process still lives.

An owner is `host:pid:start time`, so that a process id given out again is not taken for the one that died. Processes
of this machine can be looked for. Those of another one that shares the outputs folder leave a sign of life in it every
few seconds; an outputs folder that was copied from another machine has none, or old ones.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from pathlib import Path
from urllib.parse import quote

import psutil

from trainer.runs.states import LIVE
from trainer.store import RunRecord, Store

_FOLDER = ".alive"
_GIVEN_SECONDS, _LASTS_SECONDS = 5.0, 60.0


def this_process() -> str:
    """Return the owner string of the present process."""
    process = psutil.Process(os.getpid())
    return f"{platform.node()}:{process.pid}:{process.create_time():.2f}"


class SignOfLife:
    """What this process leaves in the outputs folder, and what it finds there of others.

    :param outputs: the folder; made when it is missing
    """

    def __init__(self, outputs: Path) -> None:
        self._folder = outputs / _FOLDER
        self._own = self._folder / _file_of(this_process())
        self._next = 0.0

    def give(self) -> None:
        """Leave one, at most every few seconds; a folder that cannot be written is somebody else's worry."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _GIVEN_SECONDS
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
                self._own.touch()

    def given_by(self, owner: str) -> bool:
        """Return whether an owner on another machine has lately left one, by the clock of the disk that they share."""
        try:
            latest = (self._folder / _file_of(owner)).stat().st_mtime
            self._own.touch()
            return self._own.stat().st_mtime - latest < _LASTS_SECONDS
        except OSError:
            return False

    def close(self) -> None:
        """Take the own one away."""
        with contextlib.suppress(OSError):
            self._own.unlink(missing_ok=True)


def is_alive(owner: str, signs: SignOfLife) -> bool:
    """Return whether the owner's process lives."""
    host, pid, started = _parts(owner)
    if host != platform.node():
        return signs.given_by(owner)
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 1.0
        return same and bool(process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def is_foreign(owner: str) -> bool:
    """Return whether the owner is on another machine."""
    return _parts(owner)[0] != platform.node()


def describe(owner: str) -> str:
    """Name the owner for people."""
    host, pid, _ = _parts(owner)
    return f"process {pid}" if host == platform.node() else f"process {pid} on {host}"


def orphans(store: Store, me: str, signs: SignOfLife) -> list[RunRecord]:
    """Return the runs that should be living but whose process is gone, `me` not counted as theirs."""
    found: list[RunRecord] = []
    cursor: str | None = None
    while True:
        page = store.runs(status=[state.value for state in LIVE], limit=500, cursor=cursor)
        found += [record for record in page.items if record.owner != me and not is_alive(record.owner, signs)]
        cursor = page.cursor
        if cursor is None:
            return found[::-1]  # the oldest first, as they were submitted


def _file_of(owner: str) -> str:
    return quote(owner, safe="")


def _parts(owner: str) -> tuple[str, int, float]:
    host, pid, started = owner.rsplit(":", 2)
    return host, int(pid), float(started)
