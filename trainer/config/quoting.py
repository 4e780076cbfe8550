"""What was given, as a message quotes it: whatever it is and however long."""

from __future__ import annotations

from typing import Any

_LONGEST = 60


def quoted(value: Any) -> str:
    """Return a value as one would type it, cut short where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4,300 digits
        return "something too long to show"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
