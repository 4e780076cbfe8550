"""Where a run's time goes: a tree of seconds, cheap enough to be always on.

A run does one thing at a time, so a stopwatch with laps is enough: `lap` books everything since the last lap on one
branch. A lap costs a fifth of a microsecond. Time spent held by a pause, or waiting for a turn, is nobody's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

INFERENCE = "collect/inference"
ENVIRONMENT = "collect/environment"
BUFFER = "collect/buffer"
SAMPLE = "update/sample"
FORWARD = "update/forward"
BACKWARD = "update/backward"
OPTIMISER = "update/optimiser"
EVALUATION = "evaluation"
VIDEO = "video"
CHECKPOINT = "checkpoint"
LOGGING = "logging"
WAITING = "waiting"

BRANCHES = (
    INFERENCE, ENVIRONMENT, BUFFER, SAMPLE, FORWARD, BACKWARD, OPTIMISER, EVALUATION, VIDEO, CHECKPOINT, LOGGING,
    WAITING,
)  # fmt: skip


class Timing:
    """Seconds by branch, each named by its path in the tree.

    Only the run's own thread may call it; anyone may read `seconds`.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(BRANCHES, 0.0)
        self._mark = time.perf_counter()

    def start(self) -> None:
        """Begin a lap; what was before it is booked nowhere."""
        self._mark = time.perf_counter()

    def lap(self, branch: str) -> None:
        """Book the time since the last lap or start on `branch`, one of `BRANCHES`."""
        now = time.perf_counter()
        self.seconds[branch] += now - self._mark
        self._mark = now

    def skip(self, seconds: float) -> None:
        """Leave out of the present lap a wait that has just ended."""
        self.seconds[WAITING] += seconds
        self._mark += seconds

    @contextmanager
    def booked(self, branch: str) -> Iterator[None]:
        """Book a block on `branch`."""
        self.start()
        try:
            yield
        finally:
            self.lap(branch)

    def snapshot(self) -> dict[str, float]:
        """Return the seconds so far, rounded to milliseconds, for branches that have any."""
        return {branch: round(spent, 3) for branch, spent in self.seconds.items() if spent >= 0.0005}


def shares(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return each branch's part of the whole, 0 to 1, without the waiting."""
    busy = {branch: spent for branch, spent in seconds.items() if branch != WAITING}
    total = sum(busy.values())
    return {branch: spent / total for branch, spent in busy.items()} if total > 0 else {}
