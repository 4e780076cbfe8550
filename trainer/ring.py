"""Memory that is written round and round: how a replay buffer shows itself to whoever saves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Ring:
    """Rows that are overwritten in the order in which they were written.

    :param rows: (rows, …), the memory itself
    :param written: how many rows were ever written, so that a row's number tells whether it is still the same one
    """

    name: str
    rows: NDArray[Any]
    written: int
