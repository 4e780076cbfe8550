"""Numbers as people write them: `2M`, `100k`, `10,000,000`, `1e6`; and what an ambiguous one probably means.

The page reads the same texts (ui/assets/numbers.js); a test holds the two to each other.
"""

from __future__ import annotations

import math
import re

_SHORT = re.compile(r"([+-]?(?:\d+(?:\.\d+)?|\.\d+))\s?([kKM])")
_POWERS = {"k": 3, "K": 3, "M": 6, "m": 6}
_GROUPED = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:\s\d{3})+)")
# A point for thousands, a comma for decimals, or both: read one way here and another way there.
_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3}){2,}(?:,\d+)?|\.\d{3},\d+)")
_POINT = re.compile(
    r"[+-]?[1-9]\d{0,2}\.\d{3}"
)  # ambiguous where a whole number is wanted: nobody writes 100.000 for 100
_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d+")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_MILLI = re.compile(r"([+-]?\d+(?:\.\d+)?)\s?m")


def read_number(text: str, *, whole: bool = False) -> float:
    """Return the number that a text stands for; whole ones are int.

    :param whole: a whole number is wanted, so that a point before three digits may stand for thousands
    :raises ValueError: it stands for none, or one would have to guess
    """
    plain = text.strip()
    if whole and _POINT.fullmatch(plain):
        raise ValueError(f"{plain} may be a whole number or a decimal one")
    short = _SHORT.fullmatch(plain)
    if short:
        return _whole(float(f"{short.group(1)}e{_POWERS[short.group(2)]}"))
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[,\s]", "", plain)
    try:
        return int(plain)
    except ValueError:
        return float(plain)


def meant_number(text: str) -> float | None:
    """Return what a text that is no number probably stands for, to be offered and never taken; None without an idea."""
    plain = text.strip()
    milli = _MILLI.fullmatch(plain)
    if milli:
        return _whole(float(f"{milli.group(1)}e6"))
    if _COMMAS.fullmatch(plain):
        return _whole(float(plain.replace(",", "")))
    if _POINTS.fullmatch(plain) or _POINT.fullmatch(plain) or _COMMA.fullmatch(plain):
        return _whole(float(plain.replace(".", "").replace(",", ".")))
    return None


def _whole(number: float) -> float:
    return int(number) if math.isfinite(number) and number.is_integer() else number
