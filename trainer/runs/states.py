"""The states of a run and which may follow which: the one enum and the one table."""

from __future__ import annotations

from enum import Enum

from trainer.errors import ConflictError


class RunState(str, Enum):
    """Where a run stands in its life."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """True when no thread or process works on the run any more."""
        return self in ENDED

    @property
    def active(self) -> bool:
        """True when the run holds one of the places for concurrent runs."""
        return self in ACTIVE


ENDED = frozenset({RunState.STOPPED, RunState.COMPLETED, RunState.FAILED, RunState.INTERRUPTED})
ACTIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING})
LIVE = ACTIVE | {RunState.QUEUED}

TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.STOPPED, RunState.INTERRUPTED}),
    RunState.STARTING: frozenset(
        {RunState.RUNNING, RunState.PAUSED, RunState.STOPPING, RunState.FAILED, RunState.INTERRUPTED}
    ),
    RunState.RUNNING: frozenset(
        {RunState.PAUSED, RunState.STOPPING, RunState.COMPLETED, RunState.FAILED, RunState.INTERRUPTED}
    ),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.STOPPING, RunState.FAILED, RunState.INTERRUPTED}),
    RunState.STOPPING: frozenset({RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED}),
    # What has ended may go on from its last checkpoint; a completed run once it is given more steps.
    RunState.STOPPED: frozenset({RunState.QUEUED}),
    RunState.COMPLETED: frozenset({RunState.QUEUED}),
    RunState.FAILED: frozenset({RunState.QUEUED}),
    RunState.INTERRUPTED: frozenset({RunState.QUEUED}),
}


def require_transition(current: RunState, wanted: RunState) -> None:
    """Check that a run may go from `current` to `wanted`.

    :raises ConflictError: it may not; the message names what is allowed
    """
    allowed = TRANSITIONS[current]
    if wanted not in allowed:
        names = ", ".join(sorted(state.value for state in allowed)) or "nothing: the run has ended"
        raise ConflictError(f"A {current.value} run cannot become {wanted.value}; allowed: {names}.")


_WHY_NOT: dict[str, dict[RunState, str]] = {
    "start": {
        RunState.STARTING: "The run is starting already.",
        RunState.RUNNING: "The run is running already.",
        RunState.PAUSED: "The run is paused: use Resume.",
        RunState.STOPPING: "The run is stopping.",
    },
    "pause": {
        RunState.QUEUED: "The run has not started yet.",
        RunState.PAUSED: "The run is paused already.",
        RunState.STOPPING: "The run is stopping.",
    },
    "resume": {
        RunState.QUEUED: "The run has not started yet.",
        RunState.STARTING: "The run is starting, not paused.",
        RunState.RUNNING: "The run is running, not paused.",
        RunState.STOPPING: "The run is stopping.",
    },
    "stop": {RunState.STOPPING: "The run is stopping already."},
    "edit": {RunState.STOPPING: "The run is stopping."},
}
_AFTER_ITS_END = frozenset({"resume", "restart", "extend"})


def why_not(action: str, state: RunState) -> str | None:
    """Say why `action` (start, pause, resume, stop, edit, restart, extend) is impossible in `state`; None when not."""
    if not state.ended:
        if action in _WHY_NOT:
            return _WHY_NOT[action].get(state)
        return f"The run is {state.value}: stop it first."
    if action == "edit":
        return f"The run has ended ({state.value}): resume it and edit it then, or fork it with other settings."
    if action not in _AFTER_ITS_END:
        return f"The run has ended ({state.value})."
    if action == "resume" and state is RunState.COMPLETED:
        return "The run is complete: Extend gives it more steps."
    return None
