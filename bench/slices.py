"""Two things measured in turn, a few seconds each, again and again.

A shared machine changes its speed by a third within minutes, and then whatever ran in the slow minutes looks
expensive. Runs that are paused and resumed in turn see the same minutes: each slice is compared with the one just
before it. A run tells its steps and its unpaused seconds in one piece, so it does not matter when it is asked.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_PATIENCE_SECONDS = 20.0
Told = tuple[int, float]  # steps and unpaused seconds, as a run tells them together


@dataclass(frozen=True)
class Pair:
    """Steps a second in one slice and in the next."""

    first: float
    second: float

    @property
    def ratio(self) -> float:
        """The second as part of the first."""
        return self.second / self.first


def speed(read: Callable[[str], Told], runs: Sequence[str], seconds: float) -> float:
    """Return the steps a second of all `runs` together, which are running, over the next seconds.

    :param read: returns what a run tells now
    """
    before = [_news(read, run) for run in runs]
    time.sleep(seconds)
    after = [_news(read, run) for run in runs]
    return sum((now[0] - was[0]) / (now[1] - was[1]) for was, now in zip(before, after, strict=True))


def _news(read: Callable[[str], Told], run: str) -> Told:
    """Return the next thing that a run tells; what it said last may be of the slice before.

    :raises RuntimeError: it says nothing more
    """
    known, deadline = read(run), time.monotonic() + _PATIENCE_SECONDS
    while (told := read(run)) == known:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{run} does not get on")
        time.sleep(0.02)
    return told


def middle(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, and the quartiles below and above it: the spread without the machine's outliers."""
    quartiles = statistics.quantiles(ratios, n=4)
    return statistics.median(ratios), quartiles[0], quartiles[2]
