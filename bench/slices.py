"""Two things measured in turn, a few seconds each, again and again.

A shared machine changes its speed by a third within minutes, and then whatever ran in the slow minutes looks
expensive. Runs that are paused and resumed in turn see the same minutes: each slice is compared with the one just
before it. A run tells its steps and its unpaused seconds in one piece, so a slice's speed has no edge to blur.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    before = [read(run) for run in runs]
    time.sleep(seconds)
    after = [read(run) for run in runs]
    return sum((now[0] - was[0]) / (now[1] - was[1]) for was, now in zip(before, after, strict=True))


def middle(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, and the quartiles below and above it: the spread without the machine's outliers."""
    quartiles = statistics.quantiles(ratios, n=4)
    return statistics.median(ratios), quartiles[0], quartiles[2]
