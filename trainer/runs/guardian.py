"""Looks after the runs of this process: one that hangs in its environment, and a disk that is filling.

Nothing here waits for a run, so that one that does not answer harms no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from trainer.amounts import size
from trainer.events import LogWritten
from trainer.paths import Layout
from trainer.runs import disk
from trainer.runs.live_run import LiveRun
from trainer.runs.roster import Roster
from trainer.runs.states import RunState
from trainer.runs.watchdog import Watchdog

_log = logging.getLogger(__name__)


class Guardian:
    """Asked to `look` about once a second, from one thread.

    :param clock: the one that runs set their heartbeat by
    """

    def __init__(self, roster: Roster, layout: Layout, clock: Callable[[], float] = time.monotonic) -> None:
        self._roster = roster
        self._layout = layout
        self._clock = clock
        self._watchdogs: dict[str, Watchdog] = {}
        self._short: set[str] = set()  # runs that were paused since there was room

    def look(self) -> None:
        """Give up runs whose environment hangs, and pause runs before the disk is entirely full."""
        self._roster.tidy()
        active = [live for live in self._roster.all() if live.state.active]
        ids = {live.run_id for live in active}
        self._watchdogs = {run_id: watchdog for run_id, watchdog in self._watchdogs.items() if run_id in ids}
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
        free = size(disk.free_bytes(self._layout.outputs))
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
        watchdog = self._watchdogs.get(live.run_id)
        if watchdog is None:
            watchdog = Watchdog(live.config.environment.id, live.config.training.watchdog_seconds, self._clock)
            self._watchdogs[live.run_id] = watchdog
        silence = watchdog.look(live.control, live.record.step)
        if silence is None:
            return
        if silence.over:
            self._roster.give_up(live, f"{silence.text} Its thread stays behind until the program ends.")
        else:
            live.emit(LogWritten(live.run_id, level="warning", text=silence.text))
