"""Forking: a new run that goes on from a checkpoint of another one, with other settings.

What always holds: a forked run's directory is whole, its checkpoint included, or not there; the run it comes from is
only read, whatever it does meanwhile; what its checkpoint cannot take is refused before anything is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer import whole_files as files
from trainer.config import RunConfig, apply_overrides, load_config
from trainer.config.comparison import LABELS, changed
from trainer.config.forking import fork_faults
from trainer.envs.catalogue import space_faults
from trainer.errors import ConfigError, ConflictError, Fault, StorageError
from trainer.runs.checkpoints import Checkpoint, checkpoints_in
from trainer.runs.checkpoints.adoption import adopt
from trainer.runs.command import fork_command
from trainer.runs.run_files import write_run_files
from trainer.store import RunRecord

_SHOWN = 6  # steps offered in a message
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Fork:
    """A fork that can be made: where it goes on from, with what, and by what that differs from its parent."""

    parent: RunRecord
    checkpoint: Checkpoint
    config: RunConfig
    difference: dict[str, list[Any]]

    @classmethod
    def planned(
        cls, parent: RunRecord, config: RunConfig, directory: Path, step: int | None, overrides: Mapping[str, Any]
    ) -> Fork:
        """Choose the checkpoint and apply the overrides.

        :param config: the parent's
        :param directory: the parent's
        :param step: of the checkpoint; None takes the newest that is whole
        :param overrides: dotted path to value; `name` included
        :raises ConfigError: with every setting that the checkpoint cannot take, or no checkpoint has that step
        :raises ConflictError: there is no checkpoint that can be gone on from
        """
        checkpoint = _chosen(directory, step)
        before = config.to_data()
        named = {"name": _name_of(parent, checkpoint.step), "tags": list(parent.tags), "notes": "", **overrides}
        forked = load_config(apply_overrides(before, named))
        faults = fork_faults(config, forked) or space_faults(config.environment, forked.environment)
        faults += _length_faults(forked, checkpoint)
        if faults:
            raise ConfigError(faults)
        settings = changed(before, forked.to_data()).items()
        difference = {path: [old, new] for path, (old, new) in settings if path not in LABELS}
        return cls(parent, checkpoint, forked, difference)

    def make(self, directory: Path) -> Checkpoint:
        """Make the new run's directory, with its own checkpoint in it.

        :raises ConflictError: the checkpoint is damaged, or was removed meanwhile
        :raises StorageError: it cannot be written
        """
        changes = {path: new for path, (_, new) in self.difference.items()}
        command = fork_command(self.parent.id, self.checkpoint.step, changes)
        try:
            with files.made_beside(directory) as beside:
                write_run_files(beside, self.config, command)
                adopt(self.checkpoint, beside)
            return checkpoints_in(directory)[-1]
        except OSError as error:
            raise StorageError(f"The checkpoint could not be copied to {directory}: {error}.") from error


def _chosen(directory: Path, step: int | None) -> Checkpoint:
    found = checkpoints_in(directory)
    if not found:
        message = "The run has no checkpoint yet. One is written at its next interval, and when it is stopped."
        raise ConflictError(message)
    if step is None:
        whole = [checkpoint for checkpoint in reversed(found) if checkpoint.damage is None]
        if not whole:
            raise ConflictError(f"No checkpoint can be gone on from; of the newest: {found[-1].damage}.")
        return whole[0]
    named = [checkpoint for checkpoint in found if checkpoint.step == step]
    if not named:
        there = ", ".join(f"{checkpoint.step:,}" for checkpoint in found[-_SHOWN:])
        raise ConfigError([Fault("step", f"there is no checkpoint of step {step:,}", f"There are: {there}.")])
    if (damage := named[0].damage) is not None:
        raise ConflictError(f"The checkpoint of step {step:,} cannot be gone on from: {damage}.")
    return named[0]


def _name_of(parent: RunRecord, step: int) -> str:
    own = f" · from {step:,}"
    return re.sub(r" · from [\d,]+$", "", parent.name)[: _LONGEST_NAME - len(own)] + own


def _length_faults(config: RunConfig, checkpoint: Checkpoint) -> list[Fault]:
    training = config.training
    if training.duration_seconds is not None:
        taken = _elapsed(checkpoint)
        if training.duration_seconds > taken:
            return []
        message = f"the checkpoint has trained for {taken:,.0f} s already"
        return [Fault("training.duration_seconds", message, f"Choose more than {taken:,.0f}.")]
    if training.total_timesteps > checkpoint.step:
        return []
    message = f"the checkpoint is at step {checkpoint.step:,} already"
    hint = f"Choose more than {checkpoint.step:,}; {2 * checkpoint.step:,} trains as long again."
    return [Fault("training.total_timesteps", message, hint)]


def _elapsed(checkpoint: Checkpoint) -> float:
    try:
        return float(checkpoint.state()["progress"]["elapsed"])
    except (OSError, ValueError, KeyError) as error:
        message = f"The checkpoint of step {checkpoint.step:,} cannot be gone on from: {error}."
        raise ConflictError(message) from error
