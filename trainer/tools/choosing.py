"""Which checkpoint of a run is meant: the newest, the best, or the one of a step. Reads no weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol, TypeVar

from trainer.errors import ConfigError, ConflictError, Fault
from trainer.runs.checkpoints import Checkpoint, checkpoints_in

NEWEST: Final = "newest"
BEST: Final = "best"
_SHOWN = 6  # steps offered in a message
_MOST_DIGITS = 18
_QUOTED = 60  # characters of what was asked for


class Judged(Protocol):
    """A checkpoint, on disk or as the store knows it; `mean_return` is None where none was evaluated."""

    @property
    def step(self) -> int:
        """At how many steps it was saved."""

    @property
    def mean_return(self) -> float | None:
        """Of its evaluation."""


_Judged = TypeVar("_Judged", bound=Judged)


def choose(directory: Path, which: str | int = NEWEST) -> Checkpoint:
    """Return the checkpoint of a run that `which` names.

    :param directory: of the run
    :param which: `newest`, `best` (the highest mean return of an evaluation), or a number of steps
    :raises ConfigError: `which` is none of these, or there is no checkpoint of that step; names those that there are
    :raises ConflictError: the run has no checkpoint at all, or none that was evaluated
    """
    found = checkpoints_in(directory)
    wanted = _step_of(which)
    if not found:
        raise ConflictError(
            "The run has no checkpoint yet. One is written at its next interval, and when it is paused or stopped."
        )
    if which == NEWEST:
        return found[-1]
    if which == BEST:
        return _best(found)
    for checkpoint in found:
        if checkpoint.step == wanted:
            return checkpoint
    there = ", ".join(f"{checkpoint.step:,}" for checkpoint in found[-_SHOWN:])
    raise ConfigError([Fault("checkpoint", f"there is no checkpoint of step {wanted:,}", f"There are: {there}.")])


def _step_of(which: str | int) -> int | None:
    if which in (NEWEST, BEST):
        return None
    # As people write steps: 20_000 and 20,000 too.
    digits = str(which).replace("_", "").replace(",", "")
    # No run has a quintillion steps, and Python refuses to read thousands of digits.
    if isinstance(which, bool) or not digits.isdecimal() or len(digits) > _MOST_DIGITS:
        raise ConfigError(
            [Fault("checkpoint", f"{str(which)[:_QUOTED]!r} names no checkpoint", "Give newest, best or a step.")]
        )
    return int(digits)


def best_of(found: Iterable[_Judged]) -> _Judged | None:
    """Return the checkpoint with the highest mean return of an evaluation; None where none was evaluated.

    It is not always the last that was saved as `best`: of equal ones the later counts, whatever it was saved as.
    """
    judged = [(checkpoint.mean_return, checkpoint) for checkpoint in found if checkpoint.mean_return is not None]
    # Of equal ones the later: it has learnt longer.
    return max(judged, key=lambda each: (each[0], each[1].step))[1] if judged else None


def _best(found: list[Checkpoint]) -> Checkpoint:
    best = best_of(found)
    if best is None:
        raise ConflictError(
            "No checkpoint of this run was evaluated, so none is the best. Choose the newest or a step."
        )
    return best
