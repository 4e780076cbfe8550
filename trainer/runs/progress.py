"""How far a run is, how fast it goes and when it will end.

Speeds and times leave out what was spent paused. The speed shown is that of the last few seconds, so that it
follows the run; the estimate of what is left comes from the last minutes, evaluations and videos included.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from trainer.events import ProgressMade
from trainer.timing import Timing

SPEED_SECONDS = 5.0
ESTIMATE_SECONDS = 120.0
RETURN_WINDOW = 100


class _Window:
    """Where a run stood over the last seconds; however often it is told, it keeps some dozens of marks.

    :param seconds: length of the window
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._grain = seconds / 50
        self._marks: deque[tuple[float, int]] = deque()

    def restart(self, now: float, step: int) -> None:
        """Forget everything but this."""
        self._marks.clear()
        self._marks.append((now, step))

    def add(self, now: float, step: int) -> None:
        """Take a mark in; one that follows the last too closely takes its place."""
        marks = self._marks
        if len(marks) > 1 and marks[-1][0] - marks[-2][0] < self._grain:
            marks.pop()
        marks.append((now, step))
        # Two always stay: after a long silence the speed is that of the silence.
        while len(marks) > 2 and now - marks[0][0] > self._seconds:
            marks.popleft()

    @property
    def speed(self) -> float:
        """Steps per second over the window, or over as much of it as there is."""
        (first_time, first_step), (last_time, last_step) = self._marks[0], self._marks[-1]
        return (last_step - first_step) / (last_time - first_time) if last_time > first_time else 0.0


class ProgressMeter:
    """Steps, speed, time left and episode returns of one run.

    :param total_steps: environment steps after which the run ends; None when `duration_seconds` decides
    :param duration_seconds: unpaused seconds after which the run ends, or None
    :param held_seconds: gives the seconds spent paused so far
    """

    def __init__(
        self,
        total_steps: int | None,
        duration_seconds: float | None,
        held_seconds: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total_steps = total_steps
        self.duration_seconds = duration_seconds
        self.step = 0
        self.episodes = 0
        self.return_best: float | None = None
        self._returns: deque[float] = deque(maxlen=RETURN_WINDOW)
        self.timing: Timing | None = None
        self._held_seconds = held_seconds
        self._clock = clock
        self._latest, self._longest = _Window(SPEED_SECONDS), _Window(ESTIMATE_SECONDS)
        self.begin()

    def begin(self) -> None:
        """Start the clock: what was before does not count."""
        self._started = self._clock() - self._held_seconds()
        for window in (self._latest, self._longest):
            window.restart(0.0, self.step)

    def state(self) -> dict[str, Any]:
        """Return what a run that goes on from here has to know, as plain data."""
        return {
            "step": self.step,
            "episodes": self.episodes,
            "returns": self._returns,
            "best": self.return_best,
            "elapsed": self.elapsed_seconds,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state; to be called after `begin`."""
        self.step, self.episodes, self.return_best = state["step"], state["episodes"], state["best"]
        self._returns = state["returns"]
        self._started -= state["elapsed"]
        for window in (self._latest, self._longest):
            window.restart(state["elapsed"], self.step)

    @property
    def elapsed_seconds(self) -> float:
        """Unpaused seconds since `begin`."""
        return self._clock() - self._started - self._held_seconds()

    @property
    def fraction(self) -> float:
        """Part of the run that is done, 0 to 1."""
        if self.duration_seconds is not None:
            return min(1.0, self.elapsed_seconds / self.duration_seconds)
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0

    @property
    def fps(self) -> float:
        """Environment steps per second over the last seconds."""
        return self._latest.speed

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at the speed of the last minutes; None while there is no speed yet."""
        if self.duration_seconds is not None:
            return max(0.0, self.duration_seconds - self.elapsed_seconds)
        speed = self._longest.speed
        if self.total_steps is None or speed <= 0:
            return None
        return max(0.0, (self.total_steps - self.step) / speed)

    def mark(self) -> None:
        """Take the present step and time into the speeds; call it as often as there is something to tell."""
        now, step = self.elapsed_seconds, self.step
        self._latest.add(now, step)
        self._longest.add(now, step)

    def episode_ended(self, episode_return: float) -> int:
        """Count an ended training episode; return its number, from 1."""
        self.episodes += 1
        self._returns.append(episode_return)
        if self.return_best is None or episode_return > self.return_best:
            self.return_best = episode_return
        return self.episodes

    @property
    def return_mean(self) -> float | None:
        """Mean return of the last hundred episodes, or None before the first has ended."""
        return sum(self._returns) / len(self._returns) if self._returns else None

    def event(self, run_id: str) -> ProgressMade:
        """Return the present standing as an event."""
        returns = self._returns
        return ProgressMade(
            run_id,
            step=self.step,
            total_steps=self.total_steps,
            progress=self.fraction,
            fps=self.fps,
            eta_seconds=self.eta_seconds,
            elapsed_seconds=self.elapsed_seconds,
            episodes=self.episodes,
            return_last=returns[-1] if returns else None,
            return_mean=self.return_mean,
            return_best=self.return_best,
            timing=None if self.timing is None else self.timing.snapshot(),
        )
