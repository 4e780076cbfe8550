"""One run that lives in this process: its state, its control, and its newest progress.

A change of state is recorded while the run's lock is held, so that the store sees the states in the order in which
they happened. Nothing here waits for the database or reads it: `record` is what the store will say once everything
said so far is written. Beside busy training threads a read costs tens of milliseconds, and a click should not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainer.config import RunConfig
from trainer.errors import ConflictError
from trainer.events import (
    CheckpointSaved,
    ConfigChanged,
    ConfigEdited,
    EvaluationEnded,
    ProgressMade,
    RunEvent,
    RunRewound,
    RunWarned,
    StateChanged,
)
from trainer.runs.control import RunControl
from trainer.runs.edits import Changes, Edit
from trainer.runs.states import RunState, require_transition
from trainer.store import RunRecord

if TYPE_CHECKING:
    from trainer.runs.executors.spawned import Spawned

_PROGRESS = (
    "step",
    "total_steps",
    "progress",
    "fps",
    "eta_seconds",
    "elapsed_seconds",
    "episodes",
    "return_last",
    "return_mean",
    "return_best",
    "timing",
)
_EVALUATION = ("mean_return", "std_return", "episodes", "step")


class LiveRun:
    """State machine of one run; `finished` is set when its work is over and the store knows all of it.

    :param record: the run as it stands in the store
    :param emit: takes an event without blocking, `Store.emit`
    :param resumes: go on from its last checkpoint

    `config` is what it begins with, `wanted` what it was last asked to train with.
    """

    def __init__(
        self, record: RunRecord, config: RunConfig, emit: Callable[[RunEvent], None], *, resumes: bool = False
    ) -> None:
        self.run_id = record.id
        self.config = config
        self.wanted = config
        self.resumes = resumes
        self.state = RunState.QUEUED
        self.finished = threading.Event()
        self.control = RunControl(on_hold=self._held, on_release=self._released)
        self.checkpoint_bytes = 0  # of the newest one that was saved here
        self._emit = emit
        self._lock = threading.RLock()
        self._record = record
        self.process: Spawned | None = None
        self._is_cut_short = False

    def runs_in(self, process: Spawned | None) -> None:
        """Take note of the process of its own that the run has, or has no more."""
        self.process = process

    def emit(self, event: RunEvent) -> None:
        """Pass an event of the session on, keeping what it says of the run at hand."""
        if self.control.abandoned:
            return
        if isinstance(event, ProgressMade):
            self._change(**{name: getattr(event, name) for name in _PROGRESS})
        elif isinstance(event, EvaluationEnded):
            self._change(evaluation={name: getattr(event, name) for name in _EVALUATION})
        elif isinstance(event, RunRewound):
            self._change(rewinds=self._record.rewinds + 1)
        elif isinstance(event, CheckpointSaved):
            self.checkpoint_bytes = event.size_bytes
        elif isinstance(event, ConfigEdited):
            self._change(edits=self._record.edits + 1)
        elif isinstance(event, RunWarned):
            self.remark(event.text)
            return
        self._emit(event)

    @property
    def record(self) -> RunRecord:
        """The run as it stands."""
        return self._record

    def relabel(self, *, name: str | None, tags: Sequence[str] | None, notes: str | None) -> None:
        """Follow a change of what people call the run; None leaves a thing as it is."""
        given = {"name": name, "tags": None if tags is None else tuple(dict.fromkeys(tags)), "notes": notes}
        self._change(**{key: value for key, value in given.items() if value is not None})

    def edit(self, edit: Edit, changes: Changes) -> bool:
        """Have the run go on with other settings; return whether it still waits and so begins with them.

        :raises ConflictError: it has no rollout left that they could be for
        """
        with self._lock:
            waits = self.state is RunState.QUEUED
            if waits:
                self.config = edit.config
                self.emit(self._edited_in_the_queue(edit, changes))
            elif self.state.ended or not self.control.request_edit(edit):
                raise ConflictError("The run is just ending: there is nothing left to train with other settings.")
            self.wanted = edit.config
            return waits

    def _edited_in_the_queue(self, edit: Edit, changes: Changes) -> RunEvent:
        config, record = edit.config.to_data(), self._record
        if self.resumes:
            return ConfigEdited(self.run_id, step=record.step, changes=changes, config=config)
        # It has trained with nothing else: there is no history to tell.
        return ConfigChanged(self.run_id, config=config, total_steps=record.total_steps)

    def remark(self, reason: str | None) -> None:
        """Say something of a run beside its state, such as why it waits, or None that this is over."""
        with self._lock:
            self._change(reason=reason)
            self._emit(StateChanged(self.run_id, status=self.state.value, reason=reason))

    def enter(self, state: RunState, *, reason: str | None = None, error: str | None = None) -> None:
        """Move to `state`.

        :raises ConflictError: the present state does not allow it
        """
        with self._lock:
            require_transition(self.state, state)
            self.state = state
            event = StateChanged(self.run_id, status=state.value, step=self._record.step, reason=reason, error=error)
            self._change(
                status=state.value,
                reason=reason,
                error=error,
                fps=self._record.fps if state is RunState.RUNNING else 0.0,
                started_at=self._record.started_at or (event.time if state is RunState.RUNNING else None),
                ended_at=event.time if state.ended else None,
            )
            self._emit(event)

    def give_up(self, reason: str) -> bool:
        """End a run whose session does not answer; what its thread says from now on is dropped.

        :return: False when it has ended by itself meanwhile
        """
        with self._lock:
            if self.state.ended:
                return False
            self.control.abandon()
            self.enter(RunState.FAILED, reason=reason, error=reason)
            return True

    def began(self) -> None:
        """Training itself begins; a stop that was asked for meanwhile is kept."""
        with self._lock:
            if self.state is RunState.STARTING:
                self.enter(RunState.RUNNING)

    def cut_short(self, reason: str) -> None:
        """Have the run end because the program does; nobody wanted it stopped, so it may go on by itself later."""
        with self._lock:
            if self.state.active and self.state is not RunState.STOPPING:
                self.enter(RunState.STOPPING, reason=reason)
                self._is_cut_short = True

    def ended(self, *, stopped: bool, reason: str | None) -> None:
        """Enter the state in which a session that raised nothing leaves the run."""
        with self._lock:
            if stopped and self.state is not RunState.STOPPING:
                self.enter(RunState.STOPPING)
            why = " ".join(filter(None, (self._record.reason, reason))) or None
            if self.state is not RunState.STOPPING:
                self.enter(RunState.COMPLETED, reason=why)
            else:
                self.enter(RunState.INTERRUPTED if self._is_cut_short else RunState.STOPPED, reason=why)

    def _held(self) -> None:
        with self._lock:
            if self.state is RunState.RUNNING:
                self.enter(RunState.PAUSED, reason=self.control.pause_reason)
            elif self.state is RunState.PAUSED and self.control.pause_reason is not None:
                self.remark(self.control.pause_reason)

    def _released(self, stopping: bool) -> None:
        with self._lock:
            if self.state is RunState.PAUSED and not stopping:
                self.enter(RunState.RUNNING)

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._record = replace(self._record, **changes)
