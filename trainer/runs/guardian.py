"""Looks after the runs of this process: one that hangs in its environment, and a disk that is filling.

Nothing here waits for a run, so that one that does not answer harms no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from trainer.events import LogWritten
from trainer.paths import Layout
from trainer.runs import disk
from trainer.runs.blame import waits_in_environment
from trainer.runs.live_run import LiveRun
from trainer.runs.roster import Roster
from trainer.runs.states import RunState

PERIOD_SECONDS = 1.0
_WARN_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Guardian:
    """Asked to `look` about once a second, from one thread.

    :param clock: the one that runs set their heartbeat by
    """

    def __init__(self, roster: Roster, layout: Layout, clock: Callable[[], float] = time.monotonic) -> None:
        self._roster = roster
        self._layout = layout
        self._clock = clock
        self._silent: dict[str, float] = {}  # run -> the heartbeat after which nothing came
        self._short: set[str] = set()  # runs that were paused since there was room

    def look(self) -> None:
        """Give up runs whose environment hangs, and pause runs before the disk is entirely full."""
        active = [live for live in self._roster.all() if live.state.active]
        for live in active:
            self._listen(live)
        try:
            self._look_for_room([live for live in active if live.state is RunState.RUNNING])
        except OSError as error:
            _log.warning("free space of %s is not known: %s", self._layout.outputs, error)

    def has_room(self) -> bool:
        """Return whether the next checkpoints of all runs fit on the disk, with something to spare."""
        active = [live for live in self._roster.all() if live.state.active]
        outputs = self._layout.outputs
        needed, free = disk.margin(outputs), disk.free_bytes(outputs)
        if free >= needed + 2 * sum(live.checkpoint_bytes for live in active):
            return True
        # What is linked from checkpoint to checkpoint takes no room anew; finding out how much is takes a while.
        return free >= needed + 2 * sum(disk.fresh_bytes(self._layout.run(live.run_id)) for live in active)

    def _look_for_room(self, running: list[LiveRun]) -> None:
        if not running or self.has_room():
            self._short.clear()
            return
        free = disk.size(disk.free_bytes(self._layout.outputs))
        for live in running:
            # Who resumes a run in spite of that is taken at his word.
            if live.run_id not in self._short and not live.control.pause_requested:
                reason = (
                    f"The disk that holds {self._layout.outputs} is filling up ({free} free): the next checkpoint "
                    "might not fit. Free some space, then press Resume: nothing is lost."
                )
                self._short.add(live.run_id)
                live.emit(LogWritten(live.run_id, level="warning", text=reason))
                live.control.request_pause(reason)

    def _listen(self, live: LiveRun) -> None:
        limit, control = live.config.training.watchdog_seconds, live.control
        beat, thread = control.last_beat, control.thread
        if limit is None or beat is None or thread is None or control.waits:
            self._silent.pop(live.run_id, None)
            return
        silent = self._clock() - beat
        place = waits_in_environment(thread) if silent >= min(limit / 2, _WARN_SECONDS) else None
        if place is None:
            self._silent.pop(live.run_id, None)
        elif self._silent.get(live.run_id) != beat:
            self._silent[live.run_id] = beat
            text = f"The environment has not answered for {silent:,.0f} s ({place})."
            live.emit(LogWritten(live.run_id, level="warning", text=f"{text} After {limit:g} s the run is given up."))
        elif silent >= limit:
            # Twice the same silence: a computer that has just woken up is given the time to answer.
            del self._silent[live.run_id]
            self._roster.give_up(live, _given_up(live, silent, place))


def _given_up(live: LiveRun, silent: float, place: str) -> str:
    return (
        f"The environment {live.config.environment.id} has not answered for {silent:,.0f} s after step "
        f"{live.record.step:,} ({place}), so the run was given up; its thread stays behind until the program ends. "
        "Mend the environment, or allow it more time (training.watchdog_seconds); Resume then goes on from the last "
        "checkpoint."
    )
