"""From a model file to a checkpoint that a run goes on from, in the thread that asks for it."""

from __future__ import annotations

from pathlib import Path

from trainer.algorithms.imports import import_weights
from trainer.config import RunConfig
from trainer.events import RunEvent
from trainer.runs.control import RunControl
from trainer.runs.reporter import RunReporter
from trainer.runs.session import Session


def checkpoint_of(model: Path, config: RunConfig, directory: Path, *, trust: bool) -> tuple[int, list[RunEvent]]:
    """Write a checkpoint with the weights of a file into a run's directory.

    :param directory: exists, and is called as the run is
    :return: the step it stands at, and what there is to tell of it once the run is known
    :raises PalaestraError: the file cannot be taken in
    """
    events: list[RunEvent] = []
    reporter = RunReporter(directory.name, events.append, directory / "log.txt")
    if trust:
        reporter.log(f"{model.name} is trusted: whatever it holds may run.", "warning")
    control = RunControl()
    control.request_stop()  # nobody could let it go on if it waited for room on the disk
    session = Session(config, directory, control, reporter)
    saved = session.adopt(lambda built: import_weights(built, model, trust=trust))
    reporter.log(f"Took the weights of {model.name} in, at step {saved.step:,}; the optimiser starts afresh.")
    if config.environment.normalize_observation:
        reporter.log("The statistics that observations are normalised with start afresh too.", "warning")
    return saved.step, events
