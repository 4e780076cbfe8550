"""How values from a run become values of a column, and the names both sides of the store agree on.

Producers hand over whatever trained: Python numbers, NumPy scalars, zero-dimensional tensors, text read from
anywhere. What passes here can be bound by every driver and printed as strict JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

# Entering one of these ends a run; entering any other state means that it lives (again).
ENDED_STATES = frozenset({"completed", "stopped", "failed", "interrupted"})

LARGEST_WHOLE = 2**63 - 1


def number(value: Any) -> float | None:
    """Return a float, or None for None and for what is not finite: a gap in a chart, `null` in JSON."""
    if value is None:
        return None
    converted = float(value)
    return converted if isfinite(converted) else None


def whole(value: Any) -> int:
    """Return an integer that fits a database column.

    :raises ValueError: it is not a number, or needs more than 64 bits
    """
    converted = int(value)
    if not -LARGEST_WHOLE <= converted <= LARGEST_WHOLE:
        raise ValueError(f"{converted} needs more than 64 bits")
    return converted


def bounded(value: int, least: int, most: int) -> int:
    """Return `value`, brought between two bounds: what a client asks for must not break a query."""
    return max(least, min(value, most))


def whole_or_none(value: Any) -> int | None:
    """Return `whole(value)`, or None for None."""
    return None if value is None else whole(value)


def words(value: Any) -> str:
    """Return text that any database takes: no NUL (PostgreSQL), no lone surrogate (UTF-8)."""
    return str(value).replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def words_or_none(value: Any) -> str | None:
    """Return `words(value)`, or None for None."""
    return None if value is None else words(value)


def search_text(parts: Iterable[str]) -> str:
    """Return what the free-text search compares with, one part a line so that no match spans two."""
    return "\n".join(parts).casefold()
