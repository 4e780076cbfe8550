"""The two things every answer is made of: strict JSON and the error envelope.

A number that is not finite is written as null, and a whole one of more than 64 bits as JavaScript has it, so that
whatever is sent can be read by any JSON parser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.responses import Response

from trainer.errors import Fault

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def encode(content: Any) -> bytes:
    """Return `content` as JSON; NaN and infinities become null, whole numbers beyond 64 bits fractional ones."""
    try:
        return orjson.dumps(content, option=_OPTIONS)
    except orjson.JSONEncodeError:
        return orjson.dumps(_within_64_bits(content), option=_OPTIONS)


def _within_64_bits(content: Any) -> Any:
    if isinstance(content, int) and not -(2**63) <= content < 2**64:
        try:
            return float(content)
        except OverflowError:
            return None
    if isinstance(content, Mapping):
        return {key: _within_64_bits(value) for key, value in content.items()}
    return [_within_64_bits(value) for value in content] if isinstance(content, (list, tuple)) else content


class JsonResponse(Response):
    """A JSON answer that is never kept by a cache."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", **(headers or {})})

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return encode(content)


def envelope(code: str, message: str, details: Iterable[Fault] = ()) -> dict[str, Any]:
    """Return the body of an error answer as the REST contract shows it."""
    error: dict[str, Any] = {"code": code, "message": message}
    faults = [fault.as_json() for fault in details]
    if faults:
        error["details"] = faults
    return {"error": error}
