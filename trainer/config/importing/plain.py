"""Data out of a file as plain JSON: what may be counted on before anything in it is read.

YAML and Python know more than JSON: keys that are no text, dates, bytes, whole numbers without end. After `plain_data`
there are only groups with text for keys, lists, texts, numbers that fit into 64 bits, true, false and null, and not too
deep. So no value can surprise the translation, or the answer that tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 40
_LARGEST = 2**63 - 1


def plain_data(data: Any, depth: int = 0) -> Any:
    """Return data as plain JSON: keys and whatever else JSON has no form for as text, huge numbers as floats.

    :raises ValueError: it is nested too deeply, or holds half a character
    :raises OverflowError: it holds a number beyond all floats
    """
    if depth > _DEEPEST:
        raise ValueError(f"is nested more than {_DEEPEST} levels deep")
    if isinstance(data, Mapping):
        return {whole_text(str(key)): plain_data(value, depth + 1) for key, value in data.items()}
    if isinstance(data, (list, tuple, set, frozenset)):
        return [plain_data(value, depth + 1) for value in data]
    if data is None or isinstance(data, (bool, float)):
        return data
    if isinstance(data, int):
        return data if abs(data) <= _LARGEST else float(data)
    return whole_text(str(data))


def whole_text(text: str) -> str:
    r"""Return text as it is.

    :raises ValueError: it holds half a character (`\ud800`), which cannot be written to a file or sent
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half a character, {text[error.start]!a}") from error
    return text
