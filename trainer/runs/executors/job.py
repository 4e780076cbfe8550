"""What a process is told of the run that it is to train, and what the two tell each other meanwhile.

To the process: first its `Job`, then `(REQUEST, name, *arguments)` for each call of the run's control, and `(SETTLED,)`
where it has asked to `SETTLE`.
From it: lists of `(EVENT, event)`, `(RUNNING,)`, `(HELD, why)`, `(WENT_ON,)`, `(LAST_EDIT,)`, `(SETTLE,)`, and as its
last word either `(OUTCOME, outcome)` or `(FAILED, reason, trace)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.config import RunConfig
from trainer.envs.custom.source import Source

REQUEST, SETTLED = "request", "settled"
EVENT, RUNNING, HELD, WENT_ON, LAST_EDIT, SETTLE, OUTCOME, FAILED = (
    "event",
    "running",
    "held",
    "went on",
    "last edit",
    "settle",
    "outcome",
    "failed",
)

# Python's last words, where native code brings the process down, in the run's directory.
CRASH_FILE = "crash.txt"


@dataclass(frozen=True)
class Job:
    """One run.

    :param directory: the run's directory; exists
    :param resumes: go on from the newest checkpoint that is whole
    :param cores: the only ones that the process may use; None means any
    :param sources: the user's files that have part in its environment
    """

    run_id: str
    config: RunConfig
    directory: Path
    resumes: bool
    cores: tuple[int, ...] | None = None
    sources: tuple[Source, ...] = ()

    def kept_to(self, cores: tuple[int, ...] | None) -> Job:
        """Return the job for a process that is kept to `cores`."""
        return replace(self, cores=cores)
