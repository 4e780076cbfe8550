"""Tests run side by side, one process a core; those marked `alone` run while every other process waits.

A test that measures time, or that needs the cores for itself, says so with the mark. Each process holds a lock of its
own while it tests. Whoever is to be alone stops the others at the gate and then waits for each one's lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

MOST_PROCESSES = 4


def processes(config: pytest.Config) -> int:
    """Return how many processes to test with: one where single tests or long proofs were asked for."""
    chosen = [Path(each.partition("::")[0]).resolve() for each in config.args]
    everything = all(each in (config.rootpath, config.rootpath / "tests") for each in chosen)
    if not everything or config.option.markexpr != "not slow" or config.option.keyword:
        return 0
    return min(os.cpu_count() or 1, MOST_PROCESSES)


class Turnstile:
    """The locks of the processes of one test session.

    :param folder: where they are, for all of them
    :param worker: name of this process
    :param workers: how many there are
    """

    def __init__(self, folder: Path, worker: str, workers: int) -> None:
        self._gate = FileLock(folder / "gate")
        self._locks = [FileLock(folder / f"gw{number}") for number in range(workers)]
        self._own = FileLock(folder / worker)

    @contextmanager
    def passed(self, *, alone: bool) -> Iterator[None]:
        """Hold what one test needs."""
        with ExitStack() as held:
            if alone:
                held.enter_context(self._gate)
                for lock in self._locks:
                    held.enter_context(lock)
            else:
                with self._gate:
                    held.enter_context(self._own)
            yield
