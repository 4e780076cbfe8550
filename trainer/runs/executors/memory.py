"""How much main memory a process takes, together with all that it has started."""

from __future__ import annotations

import contextlib
import time

import psutil

# The search looks through all processes of the machine.
SEARCH_SECONDS = 1.0


class MemoryMeter:
    """Measures one process.

    :param search: look for what it has started too, and count it in
    :raises psutil.NoSuchProcess: there is none of that number
    """

    def __init__(self, pid: int, *, search: bool = True) -> None:
        self._process = psutil.Process(pid)
        self._searches = search
        self._descendants: list[psutil.Process] = []
        self._searched = float("-inf")

    @property
    def descendants(self) -> list[psutil.Process]:
        """What the process had started when it was last looked at, some of which may have ended."""
        return self._descendants

    def at_most(self) -> int:
        """Return bytes, cheaply: memory that several of the processes share is counted for each of them."""
        self._search()
        return sum(map(_resident, (self._process, *self._descendants)))

    def used(self) -> int:
        """Return bytes, with shared memory counted once where the system can tell (Linux)."""
        return sum(map(_share, (self._process, *self._descendants)))

    def _search(self) -> None:
        now = time.monotonic()
        if self._searches and now - self._searched >= SEARCH_SECONDS:
            self._searched = now
            with contextlib.suppress(psutil.Error):
                self._descendants = self._process.children(recursive=True)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has ended


def _share(process: psutil.Process) -> int:
    try:
        details = process.memory_full_info()
    except psutil.AccessDenied:
        return _resident(process)
    except psutil.Error:
        return 0
    return int(getattr(details, "pss", details.rss))
