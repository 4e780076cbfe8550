"""The replay buffer on disk, in pieces; a checkpoint writes those that have changed and links the others.

A buffer's memory is rings of rows that are overwritten in order, so how many rows were ever written tells which
pieces differ from the checkpoint before. Every checkpoint has all its pieces under its own roof, so any of them can be
removed or copied without harm to the others, and a buffer of gigabytes costs what a minute adds. A piece that the disk
damages is damaged in every checkpoint that links it; a run then goes on with an empty buffer and all else.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from trainer import whole_files as files
from trainer.ring import Ring

FOLDER = "replay"
_INDEX = "replay.json"
PIECE = 4 << 20  # bytes


@dataclass(frozen=True)
class Saved:
    """What the newest checkpoint has: where, how far each ring had been written, and the SHA-256 of each piece."""

    folder: Path
    written: dict[str, int]
    pieces: dict[str, str]


class ReplayFiles:
    """Writes one run's buffer again and again."""

    def __init__(self) -> None:
        self._last: Saved | None = None

    def save(self, checkpoint: Path, rings: list[Ring], between: Callable[[], None] = lambda: None) -> Saved:
        """Write the buffer into a checkpoint that is being made; tell `saved` when that is complete.

        :param between: called before each piece; may raise to give it up
        :raises OSError: it cannot be written
        """
        folder = checkpoint / FOLDER
        folder.mkdir()
        pieces: dict[str, str] = {}
        for ring in rings:
            for piece in range(_pieces(ring)):
                between()
                name = _file(ring, piece)
                known = self._unchanged(ring, piece, name)
                pieces[name] = known or _write(folder / name, ring.rows[_rows(ring, piece)])
                if known and self._last:
                    files.link(self._last.folder / name, folder / name)
        written = {ring.name: ring.written for ring in rings}
        index = {"written": written, "layout": {ring.name: _layout(ring) for ring in rings}, "pieces": pieces}
        (folder / _INDEX).write_text(files.sealed(index), encoding="utf-8")
        files.flush(folder / _INDEX)
        files.flush_directory(folder)
        return Saved(folder, written, pieces)

    def saved(self, saved: Saved, checkpoint: Path) -> None:
        """Take note that what was saved has become `checkpoint`."""
        self._last = Saved(checkpoint / FOLDER, saved.written, saved.pieces)

    def load(self, checkpoint: Path, rings: list[Ring]) -> None:
        """Fill the rings of a buffer of the same configuration.

        :raises OSError: it cannot be read
        :raises ValueError: it is of another configuration
        """
        folder = checkpoint / FOLDER
        index = files.read_sealed(folder / _INDEX)
        if index["layout"] != {ring.name: _layout(ring) for ring in rings}:
            raise ValueError("the replay buffer was of another size or shape")
        self._last = Saved(folder, dict(index["written"]), dict(index["pieces"]))
        for ring in rings:
            held = Ring(ring.name, ring.rows, self._last.written[ring.name])
            for piece in range(_pieces(held)):
                rows = ring.rows[_rows(held, piece)]
                rows[:] = np.fromfile(folder / _file(ring, piece), dtype=rows.dtype).reshape(rows.shape)

    def _unchanged(self, ring: Ring, piece: int, name: str) -> str | None:
        """Return the SHA-256 of a piece that is as the last checkpoint has it, else None."""
        last = self._last
        if last is None or name not in last.pieces or not (last.folder / name).exists():
            return None
        # The newest row then may have been marked since as the end of its episode.
        first, length = last.written[ring.name] - 1, len(ring.rows)
        if ring.written - first >= length:
            return None
        rows = _rows(ring, piece)
        begin, end = first % length, (ring.written - 1) % length
        touched = rows.start <= end and begin < rows.stop if begin <= end else rows.start <= end or begin < rows.stop
        return None if touched else last.pieces[name]


def has_replay(checkpoint: Path) -> bool:
    """Return whether a checkpoint holds a replay buffer."""
    return (checkpoint / FOLDER / _INDEX).is_file()


def damage(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint's replay buffer, or None when nothing is."""
    folder = checkpoint / FOLDER
    try:
        pieces = files.read_sealed(folder / _INDEX)["pieces"]
        listed = [(str(name), str(summed)) for name, summed in pieces.items()]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        return f"the replay buffer has no index: {error}"
    found = files.damage(folder, listed)
    return found and f"replay buffer: {found}"


def _pieces(ring: Ring) -> int:
    """Return how many pieces hold what has been written so far."""
    held = min(ring.written, len(ring.rows))
    return math.ceil(held / _rows_of_a_piece(ring))


def _rows(ring: Ring, piece: int) -> slice:
    size = _rows_of_a_piece(ring)
    return slice(piece * size, min((piece + 1) * size, len(ring.rows)))


def _rows_of_a_piece(ring: Ring) -> int:
    return max(1, PIECE // max(1, ring.rows[:1].nbytes))


def _file(ring: Ring, piece: int) -> str:
    return f"{quote(ring.name, safe='')}.{piece}"


def _layout(ring: Ring) -> list[Any]:
    return [list(ring.rows.shape), str(ring.rows.dtype)]


def _write(path: Path, rows: np.ndarray[Any, Any]) -> str:
    data = np.ascontiguousarray(rows).data.cast("B")
    path.write_bytes(data)
    files.flush(path)
    return hashlib.sha256(data).hexdigest()
