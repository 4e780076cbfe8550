"""What a run stands at, on disk: plain data in `state.json`, its arrays in `state.npz`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from trainer import whole_files as files
from trainer.plain import Arrays, pack, unpack

FILES = _TREE, _ARRAYS = "state.json", "state.npz"
FORMAT = 1  # of what is in the tree; a later program reads what an earlier one wrote, or says that it cannot


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write a state into a checkpoint that is being made.

    :raises OSError: it cannot be written
    :raises NotPlainError: something in it is not plain data
    """
    arrays: Arrays = {}
    tree = {"format": FORMAT, "state": pack(state, arrays)}
    (folder / _TREE).write_text(json.dumps(tree) + "\n", encoding="utf-8")
    with (folder / _ARRAYS).open("wb") as file:
        # Numbered, because a file in an archive cannot have every name.
        numbered: dict[str, Any] = {f"a{n}": rows for n, rows in enumerate(arrays.values())}
        np.savez(file, names=np.array(list(arrays), dtype=np.str_), **numbered)


def read_state(folder: Path) -> dict[str, Any]:
    """Return the state of a checkpoint.

    :raises OSError: it cannot be read
    :raises ValueError: it is not a state, or one of a newer program
    """
    tree = files.read_json(folder / _TREE)
    if tree.get("format") != FORMAT:
        raise ValueError(f"the checkpoint is of format {tree.get('format')}; this program knows {FORMAT}")
    try:
        with np.load(folder / _ARRAYS, allow_pickle=False) as archive:
            arrays = {str(name): archive[f"a{n}"] for n, name in enumerate(archive["names"])}
        state = unpack(tree["state"], arrays)
    except (KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"the state cannot be put together: {error}") from error
    if not isinstance(state, dict):
        raise ValueError("the state is not an object")
    return state


def has_state(folder: Path) -> bool:
    """Return whether a checkpoint has what a run needs to go on; those of earlier programs have not."""
    return (folder / _TREE).is_file() and (folder / files.MANIFEST).is_file()
