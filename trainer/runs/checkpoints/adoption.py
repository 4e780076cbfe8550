"""Giving a checkpoint of one run to another: linked where the disk can, copied where it cannot.

The run that it is taken from may be training and may remove it at any moment. What was linked stays whole all the
same, because a checkpoint's files are never changed, only replaced; so the copy is made first and judged afterwards.
"""

from __future__ import annotations

from pathlib import Path

from trainer import whole_files as files
from trainer.errors import ConflictError
from trainer.runs.checkpoints import replay_files
from trainer.runs.checkpoints.folder import ABOUT, FOLDER, Checkpoint

KIND = "fork"


def adopt(checkpoint: Checkpoint, run_directory: Path) -> Checkpoint:
    """Make `checkpoint` the first one of another run; it remembers by `run` where it comes from.

    :param run_directory: of the other run, still being made
    :raises ConflictError: it is damaged, or was removed meanwhile
    :raises OSError: it cannot be written
    """
    place = run_directory / FOLDER / checkpoint.path.name
    place.mkdir(parents=True)
    try:
        _link_files(checkpoint.path, place)
        replay = checkpoint.path / replay_files.FOLDER
        if replay.is_dir():
            _link_files(replay, place / replay_files.FOLDER)
        about = files.read_sealed(checkpoint.path / ABOUT) | {"kind": KIND}
    except FileNotFoundError as error:
        message = f"The checkpoint of step {checkpoint.step:,} was removed while it was copied. Choose a newer one."
        raise ConflictError(message) from error
    (place / ABOUT).write_text(files.sealed(about), encoding="utf-8")
    files.flush(place / ABOUT)
    files.flush_directory(place)
    files.write_atomically(place.parent / "latest", place.name + "\n")
    adopted = Checkpoint.read(place)
    damage = adopted.damage
    if damage is not None:
        raise ConflictError(f"The checkpoint of step {checkpoint.step:,} cannot be gone on from: {damage}.")
    return adopted


def _link_files(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and file.name != ABOUT:
            files.link(file, target / file.name)
            files.flush(target / file.name)
    files.flush_directory(target)
