"""When something is due: every so many steps or seconds, and at each tenth of a run.

A cadence is asked at rollout boundaries, so it answers once for every interval that has passed, however far a
rollout went past it; it never owes several answers for one moment. It goes on asking for what is due until it is told
that it was done: what a stop cuts short is still due when the run goes on. Another interval makes nothing due by
itself, and what was due stays so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from trainer.config import RunConfig


class Cadence:
    """Says when something is due.

    :param every_steps: environment steps between two times, or None
    :param every_seconds: seconds between two times, or None
    :param milestones: due also at 10 %, 20 % … 100 % of the run
    """

    def __init__(
        self,
        every_steps: int | None = None,
        every_seconds: float | None = None,
        milestones: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every_steps = every_steps or None
        self._every_seconds = every_seconds or None
        self._milestones = milestones
        self._clock = clock
        self._last_multiple = 0
        self._last_time = clock()
        self._last_tenth = 0

    def state(self) -> dict[str, Any]:
        """Return what was last due, as plain data."""
        return {
            "multiple": self._last_multiple,
            "every_steps": self._every_steps,
            "seconds": self._clock() - self._last_time,
            "tenth": self._last_tenth,
        }

    def restore(self, state: dict[str, Any], step: int) -> None:
        """Go on from a state, as if no time had passed since.

        :param step: at which the state was taken; what had another interval then goes by its own from there on
        """
        wanted = self._every_steps
        self._every_steps = state["every_steps"]
        self._last_multiple, self._last_tenth = state["multiple"], state["tenth"]
        self._last_time = self._clock() - state["seconds"]
        if wanted != self._every_steps:
            self.change_interval(wanted, step)

    def change_interval(self, every_steps: int | None, step: int) -> None:
        """Go by another number of steps from `step` on: next at its first multiple beyond, or now if it was due."""
        owed = self._steps_have_passed(step)
        self._every_steps = every_steps or None
        if self._every_steps is not None:
            self._last_multiple = step // self._every_steps - owed

    def measure_anew(self, fraction: float) -> None:
        """Count tenths from here on: the run is longer or shorter than it was."""
        self._last_tenth = min(self._last_tenth, _tenth(fraction))

    def due(self, step: int, fraction: float) -> str | None:
        """Return `milestone` or `periodic` when it is time, else None.

        :param step: environment steps taken so far
        :param fraction: part of the run that is done, 0 to 1
        """
        if self._milestones and _tenth(fraction) > self._last_tenth:
            return "milestone"
        if self._steps_have_passed(step):
            return "periodic"
        if self._every_seconds is not None and self._clock() - self._last_time >= self._every_seconds:
            return "periodic"
        return None

    def overdue(self, seconds: float) -> bool:
        """Return whether the time between two has passed for longer than `seconds`."""
        return self._every_seconds is not None and self._clock() - self._last_time >= self._every_seconds + seconds

    def restart_clock(self) -> None:
        """Take note that it was done for once, though what is due by steps and milestones still is."""
        self._last_time = self._clock()

    def done(self, step: int, fraction: float) -> None:
        """Take note that what was due at this step, or might have been, was done."""
        if self._every_steps is not None:
            self._last_multiple = step // self._every_steps
        self._last_time = self._clock()
        self._last_tenth = _tenth(fraction)

    def _steps_have_passed(self, step: int) -> bool:
        return self._every_steps is not None and step // self._every_steps > self._last_multiple


def cadences_of(config: RunConfig) -> dict[str, Cadence]:
    """Return when evaluations, checkpoints and videos of a run are due, by these names and in this order."""
    evaluation, checkpoints, video = config.evaluation, config.checkpoints, config.video
    return {
        "evaluation": Cadence(every_steps=evaluation.frequency if evaluation.enabled else None),
        "checkpoints": Cadence(checkpoints.every_steps, checkpoints.every_seconds, checkpoints.milestones),
        "video": Cadence(video.every_steps, None, video.milestones) if video.enabled else Cadence(),
    }


def _tenth(fraction: float) -> int:
    # The small addition keeps 0.1 + 0.2 from falling just short of its tenth.
    return int(fraction * 10 + 1e-9)
