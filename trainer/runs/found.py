"""Runs whose directories came into the outputs folder from elsewhere: what is in one is enough to go on with it.

Only directories with a checkpoint that can be read count, so that one which is just being made is no find.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from trainer.config import RunConfig, load_config
from trainer.errors import PalaestraError
from trainer.events import CheckpointSaved
from trainer.paths import Layout
from trainer.runs.checkpoints import checkpoints_in
from trainer.runs.states import RunState

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundRun:
    """What a directory says of its run.

    :param events: that tell of its checkpoints
    """

    run_id: str
    config: RunConfig
    state: RunState
    step: int
    events: tuple[CheckpointSaved, ...]

    @property
    def reason(self) -> str:
        """Where it came from, and what can be done with it."""
        more = "Extend gives it more steps" if self.state is RunState.COMPLETED else "Resume goes on"
        return f"Found in the outputs folder. {more} from step {self.step:,}; its curves begin there."


def sweep(layout: Layout) -> None:
    """Remove what processes that are gone have left of run directories that they were making."""
    for unfinished in layout.runs.glob(".*.tmp"):
        pid = unfinished.name.split(".")[-2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(unfinished, ignore_errors=True)


def found_runs(layout: Layout, known: set[str]) -> Iterator[FoundRun]:
    """Go through the runs on disk that nobody knows.

    :param known: ids of runs
    """
    for directory in sorted(layout.runs.iterdir()):
        run_id = directory.name
        if run_id in known or run_id.startswith(".") or not directory.is_dir():
            continue
        checkpoints = checkpoints_in(directory)
        if not checkpoints:
            continue
        try:
            config = load_config(json.loads((directory / "config.json").read_text(encoding="utf-8")))
            layout.run(run_id)
        except (OSError, ValueError, PalaestraError) as error:
            _log.warning("the directory %s is no run that can be gone on with: %s", directory, error)
            continue
        newest = checkpoints[-1]
        state = RunState.COMPLETED if newest.kind == "final" else RunState.INTERRUPTED
        events = tuple(checkpoint.saved(run_id) for checkpoint in checkpoints)
        yield FoundRun(run_id, config, state, newest.step, events)
