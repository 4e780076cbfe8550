"""Amounts as people read them: how many of what, and how many bytes."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("kB", "MB", "GB", "TB")


def counted(number: int, word: str, plural: str | None = None) -> str:
    """Return `1 copy`, `3 copies`.

    :param plural: of the word, where it is not the word with an s
    """
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def size(count: float) -> str:
    """Return a number of bytes in words: `12 MB`, `3.4 GB`.

    Powers of 1024, as the page (`ui/assets/format.js`), `resources.memory_limit_mb` and most tools of systems count.
    """
    if count < _STEP:
        return counted(round(count), "byte")
    value = float(count)
    for unit in _UNITS:
        value /= _STEP
        if value < _STEP or unit == _UNITS[-1]:
            break
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
