"""Checkpoints on disk: `checkpoints/step_<n>/`, each complete or absent.

A checkpoint is written into a temporary directory beside its place, flushed to disk and renamed; the file `latest`,
which is for people and scripts, is replaced last. A crash at any instruction therefore leaves every named checkpoint
whole. In it:

- `model.zip`, which loads in plain Stable-Baselines3; `normalization.npz`, the running statistics as plain arrays;
- `state.json` and `state.npz`, everything else that the run needs to go on (`state_files`);
- `replay/`, the replay buffer in pieces (`replay_files`); those that are kept for ever give it up in time;
- `manifest.json` with the SHA-256 of each file, and `checkpoint.json`, which says what this is.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import whole_files as files
from trainer.events import CheckpointRemoved, CheckpointSaved, RunEvent
from trainer.runs.checkpoints import replay_files, state_files
from trainer.runs.checkpoints.replay_files import ReplayFiles

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from trainer.ring import Ring

FOLDER = "checkpoints"
_KEPT = frozenset({"fork", "milestone", "final"})
KEPT_FOR_EVER = _KEPT | {"best"}
_STRENGTH = ("periodic", "pause", "stop", "fork", "milestone", "best", "final")
ABOUT = "checkpoint.json"
_MODEL = "model.zip"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError)


class AbandonedError(Exception):
    """A checkpoint was given up because nobody waits for it any more; what was there before is untouched."""


@dataclass(frozen=True)
class Checkpoint:
    """One complete checkpoint on disk.

    `within` is where in an iteration the run stood, None between two; `run` is the run that wrote it, for a fork's
    first one its parent; `kept` whether it stays for ever, whatever it has become beside that.
    """

    path: Path
    step: int
    kind: str
    mean_return: float | None
    within: str | None = None
    run: str = ""
    kept: bool = False

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read what `checkpoint.json` says about the checkpoint at `path`.

        :raises OSError: there is no such file
        :raises ValueError: it is not the JSON that `CheckpointFolder` writes
        """
        data = files.read_sealed(path / ABOUT)
        kind, run = str(data["kind"]), str(data["run"])
        kept = kind in _KEPT or bool(data.get("kept"))
        return cls(path, int(data["step"]), kind, data.get("mean_return"), data.get("within"), run, kept)

    @property
    def damage(self) -> str | None:
        """What keeps a run from going on from here, or None; every file is read for the answer."""
        return self.damage_beside_replay or self.replay_damage

    @property
    def damage_beside_replay(self) -> str | None:
        """What keeps a run from going on from here even with an empty replay buffer, or None."""
        if not state_files.has_state(self.path):
            return "it was written by an earlier Palaestra, without what a run needs to go on"
        return files.damage(self.path, needed=(_MODEL, *state_files.FILES))

    @property
    def replay_damage(self) -> str | None:
        """What is wrong with its replay buffer, or None when nothing is or there is none."""
        return replay_files.damage(self.path) if (self.path / replay_files.FOLDER).exists() else None

    @property
    def has_replay(self) -> bool:
        """Whether it holds a replay buffer."""
        return replay_files.has_replay(self.path)

    @property
    def size_bytes(self) -> int:
        """How much is in it."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def saved(self, run_id: str) -> CheckpointSaved:
        """Return the event that tells of it."""
        path = f"{FOLDER}/{self.path.name}"
        return CheckpointSaved(run_id, self.step, self.kind, path, self.size_bytes, self.mean_return)

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
        with contextlib.suppress(*_UNREADABLE):
            found.append(Checkpoint.read(path))
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def tidy_checkpoints(run_directory: Path, *, shared: bool = False) -> None:
    """Put right what a process that died while it saved or removed a checkpoint has left of a run's.

    :param shared: leave to other processes that live what they are making
    """
    folder = run_directory / FOLDER
    files.tidy(folder, "step_", shared=shared)
    for checkpoint in folder.glob("step_*"):
        files.tidy(checkpoint, replay_files.FOLDER, shared=shared)


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
        tidy_checkpoints(run_directory)  # only one process works on a run

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
        about = self._known_of(place)
        if about is not None and about.get("within") == within:
            # One run is at one place in one state only: what is on disk is this very checkpoint.
            kept = kind in _KEPT or about["kind"] in _KEPT or bool(about.get("kept"))
            kind = max(kind, str(about["kind"]), key=_STRENGTH.index)
            mean_return = about.get("mean_return") if mean_return is None else mean_return
            about |= {"kind": kind, "mean_return": mean_return, "kept": kept}
            files.write_atomically(place / ABOUT, files.sealed(about))
        else:
            about = {
                "run": self._run_id,
                "step": step,
                "within": within,
                "kind": kind,
                "kept": kind in _KEPT,
                "algorithm": type(model).__name__.lower(),
                "mean_return": mean_return,
                "time": time.time(),
            }
            with files.made_beside(place) as beside:
                self._write(beside, model, about, state, rings, wanted)
                self._settle()
                _require(wanted)
            if self._pending is not None:
                self._replay.saved(self._pending, place)
        files.write_atomically(self._folder / "latest", place.name + "\n")
        saved = Checkpoint(place, step, kind, mean_return).saved(self._run_id)
        self._emit(saved)
        self._prune()
        return saved

    def _known_of(self, place: Path) -> dict[str, Any] | None:
        """Return what the checkpoint at `place` says of itself; None when there is none, or it cannot be read."""
        with contextlib.suppress(*_UNREADABLE):
            about = files.read_sealed(place / ABOUT)
            return about if about["kind"] in _STRENGTH else None
        return None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all, not even what cannot be read."""
        return not any(self._folder.glob("step_*"))

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
        if not checkpoint.has_replay:
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
        model.save(beside / _MODEL)
        _require(wanted)
        _save_normalization(model, beside / "normalization.npz")
        if state is not None:
            state_files.write_state(beside, state)
        self._pending = None if rings is None else self._replay.save(beside, rings, lambda: _require(wanted))
        files.write_manifest(beside)
        (beside / ABOUT).write_text(files.sealed(about), encoding="utf-8")
        files.flush(beside / ABOUT)

    def _prune(self) -> None:
        found = self.all()
        newest_best = max((checkpoint.step for checkpoint in found if checkpoint.kind == "best"), default=None)
        passing = [
            checkpoint
            for checkpoint in found
            if not checkpoint.kept and not (checkpoint.kind == "best" and checkpoint.step == newest_best)
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


def _save_normalization(model: BaseAlgorithm, path: Path) -> None:
    from trainer.envs.vector_state import capture_normalization  # torch loads with it, and not with the page

    state = capture_normalization(model.env) if model.env is not None else None
    if state is None:
        return
    named = {"return": state["return"], **{key or "observation": part for key, part in state["observation"].items()}}
    np.savez(path, **{f"{key}_{name}": value for key, part in named.items() for name, value in part.items()})
