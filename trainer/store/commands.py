"""What travels to the writer besides events: what a person did to a run, and the refusal of a malformed event."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.errors import PalaestraError
from trainer.events import ConfigChanged, RunEvent


@dataclass(frozen=True)
class Command:
    """Something that a person did to a run; it takes its place among the events."""

    run_id: str


@dataclass(frozen=True)
class UpdateRun(Command):
    """Change what a person may change; None leaves a field as it is."""

    name: str | None = None
    tags: tuple[str, ...] | None = None
    notes: str | None = None


@dataclass(frozen=True)
class ReopenRun(Command):
    """Let an ended run wait for its turn once more, as the run of `owner`; only one of many who ask gets it.

    `change` is the configuration that it goes on with; None leaves it as it is.
    """

    owner: str
    time: float
    change: ConfigChanged | None = None


@dataclass(frozen=True)
class DeleteRun(Command):
    """Remove every row of the run."""


Item = RunEvent | Command


class MalformedEventError(PalaestraError):
    """An event whose values cannot be stored; it is dropped, reported, and holds nothing else up."""

    code = "malformed_event"
