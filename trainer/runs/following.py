"""How a session follows an edit: every part that holds a copy of a setting is told, then the world is.

Called where a run may change: between two iterations, or where a stop has ended it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.algorithms import live
from trainer.algorithms.threads import use_threads
from trainer.config import RunConfig, advise
from trainer.runs.cadence import Cadence
from trainer.runs.edits import Edit, changes_between
from trainer.runs.reporter import RunReporter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def follow(
    edit: Edit,
    before: RunConfig,
    model: BaseAlgorithm,
    cadences: Mapping[str, Cadence],
    reporter: RunReporter,
    directory: Path,
) -> None:
    """Have a run go on with other settings, and only then say so.

    :param before: the settings so far
    :param cadences: when evaluations and videos are due, by name
    """
    after, step = edit.config, model.num_timesteps
    changes = changes_between(before, after)
    live.give(model, after, changes)
    # How much is calculated at a time may have changed.
    use_threads(model, after.training.torch_threads)
    if "evaluation.frequency" in changes:
        cadences["evaluation"].change_interval(after.evaluation.frequency, step)
    if "video.every_steps" in changes:
        cadences["video"].change_interval(after.video.every_steps, step)
    reporter.edited(step, changes, edit, directory)
    known = advise(before)
    for remark in advise(after):
        if remark not in known:
            reporter.log(f"{remark.field} {remark.message}.", "warning")
