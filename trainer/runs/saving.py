"""Checkpoints that are worth having: never of a model that has diverged, and on a full disk the run waits for room.

Waiting holds the run at its boundary with everything in memory. Resume tries the save once more; a stop does so a
last time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.events import CheckpointSaved
from trainer.runs.checkpoints import CheckpointFolder
from trainer.runs.control import RunControl
from trainer.runs.disk import DiskFullError, is_full, shortage
from trainer.runs.guards import GuardError, require_finite_model
from trainer.runs.reporter import RunReporter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


class Saver:
    """Saves one run's checkpoints.

    :param directory: the run's
    """

    def __init__(
        self, checkpoints: CheckpointFolder, directory: Path, control: RunControl, reporter: RunReporter
    ) -> None:
        self._checkpoints = checkpoints
        self._directory = directory
        self._control = control
        self._reporter = reporter

    def save(self, model: BaseAlgorithm, kind: str, mean_return: float | None = None, **rest: Any) -> CheckpointSaved:
        """Save as `CheckpointFolder.save` does, as soon as there is room.

        :raises DivergedError: a number of the model is not finite
        :raises DiskFullError: there is no room, and the run was asked to end
        :raises OSError: it could not be written, for want of something else than room
        """
        require_finite_model(model)
        while True:
            try:
                return self._checkpoints.save(model, kind, mean_return, **rest)
            except Exception as error:  # PyTorch words a full disk its own way; all else is raised again
                if not is_full(error, self._directory):
                    raise
                if self._control.stop_requested:
                    raise DiskFullError(f"{self._without_room(model)} {self.way_back()}") from error
            reason = f"{shortage(self._directory)} Free some space, then press Resume: nothing is lost."
            self._reporter.log(reason, "warning")
            self._control.hold_for(reason)

    @contextmanager
    def pointing_back(self) -> Iterator[None]:
        """Have errors that end the run for its own good say where it can go on from."""
        try:
            yield
        except GuardError as error:
            error.add(self.way_back())
            raise

    def way_back(self) -> str:
        """Return the sentence that says where a run that fails now can go on from."""
        latest = self._checkpoints.latest()
        if latest is None:
            return "There is no checkpoint yet: Resume begins again."
        return f"Resume goes on from its checkpoint of step {latest.step:,}."

    def _without_room(self, model: BaseAlgorithm) -> str:
        step = f"{model.num_timesteps:,}"
        return f"{shortage(self._directory)} The run was ended at step {step} without a checkpoint of that step."
