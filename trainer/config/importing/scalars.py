"""Single values that other programs write as text: numbers and switches."""

from __future__ import annotations

from typing import Any

_SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_LARGEST_WHOLE = 2**53


def plain_number(value: Any) -> Any:
    """Return the number that text stands for, since YAML reads `1e-3` as text; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value.replace("_", ""))
    except ValueError:
        return value
    return number if "." in value or "e-" in value.lower() else whole_number(number)


def whole_number(value: Any) -> Any:
    """Return a float that stands for a whole number as one, if floats are that exact; anything else as it is."""
    exact = isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_WHOLE
    return int(value) if exact else value


def switch(value: Any) -> bool | None:
    """Return what a switch, or the word for it, says; None when the value is neither."""
    if isinstance(value, bool):
        return value
    return _SWITCHES.get(value.strip().lower()) if isinstance(value, str) else None
