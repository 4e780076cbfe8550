"""What was probably meant by a value that cannot be: offered beside the fault, never taken by itself.

A guess is no more than that: whoever offers it looks first whether the setting takes it.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from typing import Any

from trainer.config.fields import LARGEST
from trainer.config.hints import did_you_mean
from trainer.config.numbers import meant_number, read_number
from trainer.errors import nearest

_NUMBER_AT_FRONT = re.compile(r"^\s*-?\d+(\.\d+)?(e-?\d+)?", re.IGNORECASE)
_WRONG_TYPE = frozenset({"int_type", "float_type"})


def repair(kind: str, given: Any, context: Mapping[str, Any], expected: list[str]) -> Any | None:
    """Return the value that was probably meant, or None when nothing is near.

    :param kind: pydantic's name of the error
    :param context: the bounds that were broken, as pydantic gives them
    :param expected: the allowed words, where there are some
    """
    if kind == "literal_error":
        return nearest(given, expected) if isinstance(given, str) else None
    if kind == "schedule":
        return _schedule(given)
    if kind in _WRONG_TYPE:
        number = given if isinstance(given, float) else _leading_number(given, whole=kind != "float_type")
        if number is None or kind == "float_type" or not math.isfinite(number):
            return number
        return math.floor(number + 0.5) if isinstance(given, float) or number.is_integer() else None
    if kind == "greater_than_equal":
        return context["ge"]
    if kind == "less_than_equal":
        if context["le"] == LARGEST:  # which nobody means
            return None
        return _below(given, context["le"])
    return None


def repair_hint(kind: str, value: Any, context: Mapping[str, Any]) -> str | None:
    """Return the sentence that offers a repaired value; None where the message has said it already."""
    if kind == "greater_than_equal" or value == context.get("le"):
        return None
    return did_you_mean(f"{value:g}" if isinstance(value, float) else str(value))


def _below(given: Any, most: float) -> Any:
    """Return 0.99 for a share that was written as 99, else the bound, which is meant by 100 too."""
    if most != 1 or not isinstance(given, (int, float)) or not 1 < given < 10**6 or given != int(given):
        return most
    digits = str(int(given))
    return most if digits.rstrip("0") == "1" else int(given) / 10 ** len(digits)


def _schedule(given: Any) -> float | None:
    """Return the number at the front of what is no schedule, without its sign."""
    number = _leading_number(given) if isinstance(given, str) else given
    try:
        return abs(float(number)) if isinstance(number, (int, float)) and number else None
    except OverflowError:
        return None


def _leading_number(given: Any, *, whole: bool = False) -> float | None:
    if not isinstance(given, str):
        return None
    with contextlib.suppress(ValueError):
        return float(read_number(given, whole=whole))
    meant = meant_number(given)
    if meant is not None:
        return float(meant)
    found = _NUMBER_AT_FRONT.match(given)
    return float(found.group()) if found else None
