"""Reading JSON that people wrote or sent: whole, without NaN, no key twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from trainer.errors import ConfigError, Fault


def parse_json(text: str, what: str) -> Any:
    """Return the data that JSON text holds.

    :param what: what the text is, to begin a message with: `The preset`
    :raises ConfigError: it is cut off, not JSON, holds NaN, Infinity or half a character, or a key twice in one object
    """
    try:
        data = json.loads(
            text.removeprefix("\ufeff"), parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeated_keys
        )
        if r"\ud" in text.lower():
            _refuse_half_characters(data)
        return data
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        if error.msg.startswith("Unterminated string") or _begins_a_value(error.doc[error.pos :].rstrip()):
            message, hint = f"{what} is cut off at {place}.", "Its end is missing: copy or fetch all of it again."
        else:
            message, hint = f"{what} is not valid JSON at {place}: {error.msg}.", "Correct it there."
        raise ConfigError([Fault("", message, hint)]) from error
    except RecursionError as error:
        raise ConfigError([Fault("", f"{what} is nested too deeply.")]) from error
    except ValueError as error:
        raise ConfigError([Fault("", f"{what} is not valid JSON: {error}.")]) from error


def copied(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of JSON data that shares no part with it.

    :raises ConfigError: it is nested more deeply than Python follows
    """
    try:
        return deepcopy(dict(data))
    except RecursionError as error:
        raise ConfigError([Fault("", "is nested too deeply")]) from error


def _begins_a_value(rest: str) -> bool:
    """Return whether what follows the error is nothing, or the first letters of a word or a number's end."""
    return any(whole.startswith(rest) for whole in ("true", "false", "null", "-", ".", "e+", "e-", "E+", "E-"))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_half_characters(data: Any) -> None:
    r"""Refuse text such as `\ud800`, which can neither be written to a file nor sent."""
    try:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"it holds half a character, {error.object[error.start]!a}") from error


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"{key.encode('utf-8', 'replace').decode()} is written twice")
            seen.add(key)
    return data
