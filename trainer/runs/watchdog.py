"""Tells a run whose environment hangs from one that works, by its heartbeat and by where its thread is.

Only silence inside an environment counts, so long updates, saves and compilations need not say that they go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from trainer.runs.blame import waits_in_environment
from trainer.runs.control import RunControl

PERIOD_SECONDS = 1.0
_WARN_SECONDS = 60.0


@dataclass(frozen=True)
class Silence:
    """What there is to say of a run that does not answer; `over` when it is to be given up."""

    text: str
    over: bool


class Watchdog:
    """Watches one run; asked to `look` about once every `PERIOD_SECONDS`.

    :param environment: id of the run's environment
    :param limit: seconds without a heartbeat after which it is given up; None never does
    :param clock: the one that heartbeats are set by
    """

    def __init__(self, environment: str, limit: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._environment = environment
        self._limit = limit
        self._clock = clock
        self._silent_since: float | None = None  # the heartbeat after which nothing came

    def look(self, control: RunControl, step: int) -> Silence | None:
        """Return what to say now, or None.

        :param step: how far the run had come
        """
        limit, beat, thread = self._limit, control.last_beat, control.thread
        if limit is None or beat is None or thread is None or control.waits:
            self._silent_since = None
            return None
        silent = self._clock() - beat
        place = waits_in_environment(thread) if silent >= min(limit / 2, _WARN_SECONDS) else None
        if place is None:
            self._silent_since = None
            return None
        if self._silent_since != beat:
            self._silent_since = beat
            text = f"The environment has not answered for {silent:,.0f} s ({place})."
            return Silence(f"{text} After {limit:g} s the run is given up.", over=False)
        if silent < limit:
            return None
        # Twice the same silence: a computer that has just woken up is given the time to answer.
        self._silent_since = None
        return Silence(
            f"The environment {self._environment} has not answered for {silent:,.0f} s after step {step:,} ({place}), "
            "so the run was given up. Mend the environment, or allow it more time (training.watchdog_seconds); Resume "
            "then goes on from the last checkpoint.",
            over=True,
        )
