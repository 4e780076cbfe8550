"""One run that lives in this process: its state, its control, and its newest progress.

A change of state is recorded while the run's lock is held, so that the store sees the states in the order in which
they happened. Nothing here waits for the database: what the store does not show yet, `overlay` does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from trainer.config import RunConfig
from trainer.events import ProgressMade, RunEvent, StateChanged
from trainer.runs.control import RunControl
from trainer.runs.states import RunState, require_transition
from trainer.store import RunRecord


class LiveRun:
    """State machine of one run; `finished` is set when its work is over and the store knows all of it.

    :param emit: takes an event without blocking, `Store.emit`
    """

    def __init__(self, run_id: str, config: RunConfig, emit: Callable[[RunEvent], None]) -> None:
        self.run_id = run_id
        self.config = config
        self.state = RunState.QUEUED
        self.finished = threading.Event()
        self.control = RunControl(on_hold=self._held, on_release=self._released)
        self._emit = emit
        self._lock = threading.RLock()
        self._progress: ProgressMade | None = None
        self._reason: str | None = None
        self._error: str | None = None

    def emit(self, event: RunEvent) -> None:
        """Pass an event of the session on, keeping the newest progress at hand."""
        if isinstance(event, ProgressMade):
            self._progress = event
        self._emit(event)

    def enter(self, state: RunState, *, reason: str | None = None, error: str | None = None) -> None:
        """Move to `state`.

        :raises ConflictError: the present state does not allow it
        """
        with self._lock:
            require_transition(self.state, state)
            self.state, self._reason, self._error = state, reason, error
            step = self._progress.step if self._progress else None
            self._emit(StateChanged(self.run_id, status=state.value, step=step, reason=reason, error=error))

    def began(self) -> None:
        """Training itself begins; a stop that was asked for meanwhile is kept."""
        with self._lock:
            if self.state is RunState.STARTING:
                self.enter(RunState.RUNNING)

    def ended(self, *, stopped: bool, reason: str | None) -> None:
        """Enter the state in which a session that raised nothing leaves the run."""
        with self._lock:
            if stopped and self.state is not RunState.STOPPING:
                self.enter(RunState.STOPPING)
            self.enter(RunState.STOPPED if self.state is RunState.STOPPING else RunState.COMPLETED, reason=reason)

    def overlay(self, record: RunRecord) -> RunRecord:
        """Return the store's record as it will read once everything said so far is written."""
        with self._lock:
            record = replace(record, status=self.state.value)
            if self.state is not RunState.QUEUED:
                record = replace(record, reason=self._reason, error=self._error)
            progress = self._progress
        if progress is None:
            return record
        return replace(
            record,
            step=progress.step,
            progress=progress.progress,
            fps=progress.fps if self.state is RunState.RUNNING else 0.0,
            eta_seconds=progress.eta_seconds,
            elapsed_seconds=progress.elapsed_seconds,
            episodes=progress.episodes,
            return_last=progress.return_last,
            return_mean=progress.return_mean,
            return_best=progress.return_best,
        )

    def _held(self) -> None:
        with self._lock:
            if self.state is RunState.RUNNING:
                self.enter(RunState.PAUSED)

    def _released(self, stopping: bool) -> None:
        with self._lock:
            if self.state is RunState.PAUSED and not stopping:
                self.enter(RunState.RUNNING)
