"""Checkpoints on disk: `checkpoints/step_<n>/`, each complete or absent.

A checkpoint is written into a temporary directory beside its place, flushed to disk and renamed; the file
`latest` is replaced last. A crash at any instruction therefore leaves every named checkpoint whole. `model.zip`
loads in plain Stable-Baselines3; `normalization.npz` holds the running statistics as plain arrays.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.events import CheckpointRemoved, CheckpointSaved, RunEvent

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

FOLDER = "checkpoints"
KEPT_FOR_EVER = frozenset({"milestone", "best", "final"})
_STRENGTH = ("periodic", "stop", "milestone", "best", "final")


@dataclass(frozen=True)
class Checkpoint:
    """One complete checkpoint on disk."""

    path: Path
    step: int
    kind: str
    mean_return: float | None

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read what `checkpoint.json` says about the checkpoint at `path`.

        :raises OSError: there is no such file
        :raises ValueError: it is not the JSON that `CheckpointFolder` writes
        """
        data = _read_about(path)
        return cls(path, int(data["step"]), str(data["kind"]), data.get("mean_return"))


class CheckpointFolder:
    """The checkpoints of one run.

    :param run_directory: `outputs/runs/<id>`
    :param emit: takes the events that tell of saved and removed checkpoints
    :param keep: how many periodic checkpoints stay; older ones are removed; milestones, the final
        one and the best so far never are
    """

    def __init__(self, run_directory: Path, keep: int, run_id: str, emit: Callable[[RunEvent], None]) -> None:
        self._run_id = run_id
        self._emit = emit
        self._run_directory = run_directory
        self._folder = run_directory / FOLDER
        self._keep = keep
        # What a process that died in the middle of a save has left; only one process works on a run.
        for torn in self._folder.glob(".step_*"):
            shutil.rmtree(torn, ignore_errors=True)

    def save(self, model: BaseAlgorithm, kind: str, mean_return: float | None = None) -> CheckpointSaved:
        """Write a whole checkpoint of `model`, tell of it, and remove what is older than `keep` allows.

        :raises OSError: it could not be written; what was there before is untouched
        """
        step = model.num_timesteps
        place = self._folder / f"step_{step}"
        if place.exists():
            # One run is at one step in one state only: what is on disk is this very checkpoint.
            about = _read_about(place)
            kind = max(kind, str(about["kind"]), key=_STRENGTH.index)
            about |= {"kind": kind, "mean_return": about.get("mean_return") if mean_return is None else mean_return}
            mean_return = about["mean_return"]
            _write_atomically(place / "checkpoint.json", json.dumps(about, indent=2) + "\n")
        else:
            _write_whole(place, model, self._run_id, kind, mean_return)
        _write_atomically(self._folder / "latest", place.name + "\n")
        saved = CheckpointSaved(
            self._run_id,
            step=step,
            kind=kind,
            path=self._relative(place),
            size_bytes=sum(file.stat().st_size for file in place.iterdir()),
            mean_return=mean_return,
        )
        self._emit(saved)
        self._prune()
        return saved

    def all(self) -> list[Checkpoint]:
        """Return the whole checkpoints, oldest first; torn or foreign directories are passed over."""
        found: list[Checkpoint] = []
        for path in self._folder.glob("step_*"):
            try:
                found.append(Checkpoint.read(path))
            except (OSError, ValueError, KeyError):
                continue
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    def latest(self) -> Checkpoint | None:
        """Return the newest whole checkpoint, or None."""
        found = self.all()
        return found[-1] if found else None

    def _prune(self) -> None:
        found = self.all()
        newest_best = max((checkpoint.step for checkpoint in found if checkpoint.kind == "best"), default=None)
        passing = [
            checkpoint
            for checkpoint in found
            if checkpoint.kind not in KEPT_FOR_EVER or (checkpoint.kind == "best" and checkpoint.step != newest_best)
        ]
        for checkpoint in passing[: max(0, len(passing) - max(1, self._keep))]:
            # Renamed first: a crash in the middle of the removal must not leave half a checkpoint under its name.
            removed = checkpoint.path.with_name(f".{checkpoint.path.name}.removed")
            with contextlib.suppress(OSError):
                checkpoint.path.rename(removed)
                self._emit(CheckpointRemoved(self._run_id, path=self._relative(checkpoint.path)))
            shutil.rmtree(removed, ignore_errors=True)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._run_directory).as_posix()


def _save_normalization(model: BaseAlgorithm, path: Path) -> None:
    normalizer = model.get_vec_normalize_env()
    if normalizer is None:
        return
    arrays: dict[str, Any] = {
        "return_mean": normalizer.ret_rms.mean,
        "return_var": normalizer.ret_rms.var,
        "return_count": normalizer.ret_rms.count,
    }
    observation = getattr(normalizer, "obs_rms", None)
    by_key = observation if isinstance(observation, dict) else {"observation": observation}
    for key, statistics in by_key.items():
        if statistics is not None:
            arrays |= {f"{key}_mean": statistics.mean, f"{key}_var": statistics.var, f"{key}_count": statistics.count}
    np.savez(path, **arrays)


def _read_about(place: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((place / "checkpoint.json").read_text(encoding="utf-8"))
    return about


def _write_whole(place: Path, model: BaseAlgorithm, run_id: str, kind: str, mean_return: float | None) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        model.save(beside / "model.zip")
        _save_normalization(model, beside / "normalization.npz")
        about = {
            "run": run_id,
            "step": model.num_timesteps,
            "kind": kind,
            "algorithm": type(model).__name__.lower(),
            "mean_return": mean_return,
            "time": time.time(),
        }
        (beside / "checkpoint.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        for file in beside.iterdir():
            _flush(file)
        beside.rename(place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _flush_directory(place.parent)


def _flush(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def _flush_directory(folder: Path) -> None:
    # A rename is only safe once the folder that lists it is on disk; Windows has no such call.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    _flush(temporary)
    temporary.replace(path)
    _flush_directory(path.parent)
