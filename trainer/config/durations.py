"""Lengths of time as people write them: `2 h`, `90 min`, `1:30:00`, `45 s`, `1 h 30 min`, `1.5 d`.

The page reads the same texts (ui/assets/durations.js); a test holds the two to each other.
"""

from __future__ import annotations

import math
import re

_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
_NAMES = {
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
}
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_CLOCK = re.compile(r"(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?")
_PART = re.compile(rf"({_NUMBER})\s*([a-z]+)\s*", re.IGNORECASE)
_BARE = re.compile(rf"-?{_NUMBER}", re.IGNORECASE)


def read_duration(text: str) -> float:
    """Return the seconds that a text stands for; a bare number is seconds, `1:30` hours and minutes.

    :raises ValueError: it stands for none
    """
    plain = text.strip()
    if _BARE.fullmatch(plain):
        return _finite(float(plain))
    clock = _CLOCK.fullmatch(plain)
    if clock:
        hours, minutes, seconds = clock.groups()
        return _finite(float(hours) * 3_600 + float(minutes) * 60 + float(seconds or 0))
    total, at = 0.0, 0
    while at < len(plain):
        part = _PART.match(plain, at)
        unit = _NAMES.get(part.group(2).lower()) if part else None
        if part is None or unit is None:
            raise ValueError("not a length of time")
        total += float(part.group(1)) * _UNITS[unit]
        at = part.end()
    if not plain:
        raise ValueError("not a length of time")
    return _finite(total)


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return seconds


def show_duration(seconds: float) -> str:
    """Return a length of time as one would write it; `read_duration` gives the same number back."""
    if seconds < 1 or not float(seconds).is_integer() or seconds >= 10**15:
        return f"{float(seconds)!r} s"
    rest, parts = int(seconds), []
    for unit, size in _UNITS.items():
        amount, rest = divmod(rest, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts)
