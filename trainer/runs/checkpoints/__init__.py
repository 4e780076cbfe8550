"""Checkpoints: everything that a run needs to go on, whole on disk or not there at all."""

from trainer.runs.checkpoints.folder import (
    FOLDER,
    KEPT_FOR_EVER,
    AbandonedError,
    Checkpoint,
    CheckpointFolder,
    checkpoints_in,
    tidy_checkpoints,
)

__all__ = [
    "FOLDER",
    "KEPT_FOR_EVER",
    "AbandonedError",
    "Checkpoint",
    "CheckpointFolder",
    "checkpoints_in",
    "tidy_checkpoints",
]
