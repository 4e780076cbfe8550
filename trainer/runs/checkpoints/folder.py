"""Checkpoints on disk: `checkpoints/step_<n>/`, each complete or absent.

A checkpoint is written into a temporary directory beside its place, flushed to disk and renamed; the file
`latest` is replaced last. A crash at any instruction therefore leaves every named checkpoint whole. In it:

- `model.zip`, which loads in plain Stable-Baselines3; `normalization.npz`, the running statistics as plain arrays;
- `state.json` and `state.npz`, everything else that the run needs to go on (`state_files`);
- `replay/`, the replay buffer in pieces (`replay_files`); those that are kept for ever give it up in time;
- `manifest.json` with the SHA-256 of each file, and `checkpoint.json`, which says what this is.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.events import CheckpointRemoved, CheckpointSaved, RunEvent
from trainer.runs.checkpoints import files, replay_files, state_files
from trainer.runs.checkpoints.replay_files import ReplayFiles

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from trainer.ring import Ring

FOLDER = "checkpoints"
KEPT_FOR_EVER = frozenset({"milestone", "best", "final"})
_STRENGTH = ("periodic", "pause", "stop", "milestone", "best", "final")
_ABOUT = "checkpoint.json"
_REPLACED = ".replaced"  # ends the name of a checkpoint that gives way to another of the same step


class AbandonedError(Exception):
    """A checkpoint was given up because nobody waits for it any more; what was there before is untouched."""


@dataclass(frozen=True)
class Checkpoint:
    """One complete checkpoint on disk; `within` is where in an iteration the run stood, None between two."""

    path: Path
    step: int
    kind: str
    mean_return: float | None
    within: str | None = None

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read what `checkpoint.json` says about the checkpoint at `path`.

        :raises OSError: there is no such file
        :raises ValueError: it is not the JSON that `CheckpointFolder` writes
        """
        data = files.read_json(path / _ABOUT)
        return cls(path, int(data["step"]), str(data["kind"]), data.get("mean_return"), data.get("within"))

    @property
    def damage(self) -> str | None:
        """What keeps a run from going on from here, or None; every file is read for the answer."""
        if not state_files.has_state(self.path):
            return "it was written by an earlier Palaestra, without what a run needs to go on"
        found = files.damage(self.path)
        if found is None and (self.path / replay_files.FOLDER).exists():
            found = replay_files.damage(self.path)
        return found

    def state(self) -> dict[str, Any]:
        """Return what the run stood at.

        :raises OSError: it cannot be read
        :raises ValueError: it is not such a state
        """
        return state_files.read_state(self.path)


def checkpoints_in(run_directory: Path) -> list[Checkpoint]:
    """Return the whole checkpoints of a run, oldest first; torn or foreign directories are passed over."""
    found: list[Checkpoint] = []
    for path in (run_directory / FOLDER).glob("step_*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            found.append(Checkpoint.read(path))
    return sorted(found, key=lambda checkpoint: checkpoint.step)


class CheckpointFolder:
    """The checkpoints of one run.

    :param run_directory: `outputs/runs/<id>`
    :param emit: takes the events that tell of saved and removed checkpoints
    :param keep: how many periodic checkpoints stay; older ones are removed; milestones, the final
        one and the best so far never are
    :param settle: waits until what was emitted is in the store; called before a checkpoint becomes one, so that no
        run ever goes on from beyond what is known of it
    """

    def __init__(
        self,
        run_directory: Path,
        keep: int,
        run_id: str,
        emit: Callable[[RunEvent], None],
        *,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._run_id = run_id
        self._emit = emit
        self._settle = settle
        self._run_directory = run_directory
        self._folder = run_directory / FOLDER
        self._keep = keep
        self._replay = ReplayFiles()
        self._pending: replay_files.Saved | None = None
        # What a process that died in the middle of a save has left; only one process works on a run.
        _tidy(self._folder)

    def save(
        self,
        model: BaseAlgorithm,
        kind: str,
        mean_return: float | None = None,
        *,
        state: dict[str, Any] | None = None,
        rings: list[Ring] | None = None,
        within: str | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> CheckpointSaved:
        """Write a whole checkpoint of `model`, tell of it, and remove what is older than `keep` allows.

        :param state: everything that the run needs beside the model's own file
        :param rings: the replay buffer, where there is one
        :param within: where in an iteration the run is; None between two
        :param wanted: asked now and then whether to finish it
        :raises OSError: it could not be written; what was there before is untouched
        :raises AbandonedError: it was not wanted any more
        """
        step = model.num_timesteps
        place = self._folder / f"step_{step}"
        about = files.read_json(place / _ABOUT) if place.exists() else None
        if about is not None and about.get("within") == within:
            # One run is at one place in one state only: what is on disk is this very checkpoint.
            kind = max(kind, str(about["kind"]), key=_STRENGTH.index)
            about |= {"kind": kind, "mean_return": about.get("mean_return") if mean_return is None else mean_return}
            mean_return = about["mean_return"]
            files.write_atomically(place / _ABOUT, json.dumps(about, indent=2) + "\n")
        else:
            about = {
                "run": self._run_id,
                "step": step,
                "within": within,
                "kind": kind,
                "algorithm": type(model).__name__.lower(),
                "mean_return": mean_return,
                "time": time.time(),
            }
            with _made_beside(place) as beside:
                self._write(beside, model, about, state, rings, wanted)
                self._settle()
                _require(wanted)
            if self._pending is not None:
                self._replay.saved(self._pending, place)
        files.write_atomically(self._folder / "latest", place.name + "\n")
        size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        path = self._relative(place)
        saved = CheckpointSaved(self._run_id, step=step, kind=kind, path=path, size_bytes=size, mean_return=mean_return)
        self._emit(saved)
        self._prune()
        return saved

    def all(self) -> list[Checkpoint]:
        """Return the whole checkpoints, oldest first; torn or foreign directories are passed over."""
        return checkpoints_in(self._run_directory)

    def latest(self) -> Checkpoint | None:
        """Return the newest whole checkpoint, or None."""
        found = self.all()
        return found[-1] if found else None

    def load_replay(self, checkpoint: Checkpoint, rings: list[Ring]) -> bool:
        """Fill a replay buffer from a checkpoint; return whether it had one.

        :raises OSError: it cannot be read
        :raises ValueError: it is of another configuration
        """
        if not replay_files.has_replay(checkpoint.path):
            return False
        self._replay.load(checkpoint.path, rings)
        return True

    def drop_after(self, step: int) -> None:
        """Remove the checkpoints beyond `step`: the run goes on from there, and comes by them again.

        :raises OSError: one cannot be removed
        """
        for checkpoint in self.all():
            if checkpoint.step > step:
                self._remove(checkpoint)
        files.write_atomically(self._folder / "latest", f"step_{step}\n")

    def _write(
        self,
        beside: Path,
        model: BaseAlgorithm,
        about: dict[str, Any],
        state: dict[str, Any] | None,
        rings: list[Ring] | None,
        wanted: Callable[[], bool],
    ) -> None:
        model.save(beside / "model.zip")
        _require(wanted)
        _save_normalization(model, beside / "normalization.npz")
        if state is not None:
            state_files.write_state(beside, state)
        self._pending = None if rings is None else self._replay.save(beside, rings, lambda: _require(wanted))
        files.write_manifest(beside)
        (beside / _ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        files.flush(beside / _ABOUT)

    def _prune(self) -> None:
        found = self.all()
        newest_best = max((checkpoint.step for checkpoint in found if checkpoint.kind == "best"), default=None)
        passing = [
            checkpoint
            for checkpoint in found
            if checkpoint.kind not in KEPT_FOR_EVER or (checkpoint.kind == "best" and checkpoint.step != newest_best)
        ]
        for checkpoint in passing[: max(0, len(passing) - max(1, self._keep))]:
            with contextlib.suppress(OSError):
                self._remove(checkpoint)
        # What is kept for ever keeps its weights; gigabytes of replay stay with those that a run may go on from.
        for checkpoint in found[: -max(2, self._keep)]:
            replay = checkpoint.path / replay_files.FOLDER
            if replay.exists():
                with contextlib.suppress(OSError):
                    files.remove(replay)

    def _remove(self, checkpoint: Checkpoint) -> None:
        files.remove(checkpoint.path)
        self._emit(CheckpointRemoved(self._run_id, path=self._relative(checkpoint.path)))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._run_directory).as_posix()


def _require(wanted: Callable[[], bool]) -> None:
    if not wanted():
        raise AbandonedError


def _tidy(folder: Path) -> None:
    """Put right what a process that died in the middle of a save has left."""
    for beside in folder.glob(".step_*"):
        place = folder / beside.name[1:].removesuffix(_REPLACED)
        if beside.name.endswith(_REPLACED) and not place.exists():
            beside.rename(place)
        else:
            shutil.rmtree(beside, ignore_errors=True)


@contextlib.contextmanager
def _made_beside(place: Path) -> Iterator[Path]:
    """Give a directory to write into, which becomes `place` in one moment when all went well."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    before = place.with_name(f".{place.name}{_REPLACED}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        files.flush_directory(beside)
        if place.exists():
            place.rename(before)
        beside.rename(place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        if before.exists() and not place.exists():
            before.rename(place)
        raise
    files.flush_directory(place.parent)
    shutil.rmtree(before, ignore_errors=True)


def _save_normalization(model: BaseAlgorithm, path: Path) -> None:
    from trainer.envs.vector_state import capture_normalization  # torch loads with it, and not with the page

    state = capture_normalization(model.env) if model.env is not None else None
    if state is None:
        return
    named = {"return": state["return"], **{key or "observation": part for key, part in state["observation"].items()}}
    np.savez(path, **{f"{key}_{name}": value for key, part in named.items() for name, value in part.items()})
