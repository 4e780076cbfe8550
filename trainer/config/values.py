"""Values with a small language of their own: schedules, automatic coefficients, layer lists.

A schedule is a number or `lin_2.5e-4` (falls in a straight line from that value to 0 over the run) or
`const_2.5e-4` (stays), the way RL Zoo writes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from trainer.config.quoting import quoted

_WIDEST = 10**6  # neurons of a layer
_PREFIXES: dict[str, Literal["linear", "constant"]] = {"lin_": "linear", "const_": "constant"}


@dataclass(frozen=True)
class ParsedSchedule:
    """A value that may depend on how much of the run is left."""

    shape: Literal["constant", "linear"]
    initial: float

    def at(self, progress_remaining: float) -> float:
        """Return the value when `progress_remaining`, from 1 down to 0, of the run is left."""
        return self.initial * progress_remaining if self.shape == "linear" else self.initial


def parse_schedule(value: float | str) -> ParsedSchedule:
    """Read a schedule as a configuration holds it.

    :raises ValueError: it is neither a finite number nor `lin_` or `const_` with one
    """
    if isinstance(value, str):
        for prefix, shape in _PREFIXES.items():
            if value.startswith(prefix):
                return ParsedSchedule(shape, _finite(value[len(prefix) :]))
    return ParsedSchedule("constant", _finite(value))


def _finite(value: float | str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _schedule(allowed: Callable[[float], bool], bound: str) -> Callable[[Any], float | str]:
    def validate(value: Any) -> float | str:
        try:
            initial = parse_schedule(value).initial
        except (TypeError, ValueError, OverflowError) as error:
            message = "must be a number or a schedule such as lin_2.5e-4 or const_2.5e-4, not {given}"
            raise PydanticCustomError("schedule", message, {"given": quoted(value)}) from error
        if not allowed(initial):
            message = "must {bound}, not {given}"
            raise PydanticCustomError("schedule", message, {"bound": bound, "given": quoted(value)})
        return value if isinstance(value, str) and value.startswith(tuple(_PREFIXES)) else initial

    return validate


def _or_none(validate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else validate(value)


def _auto_or_number(allow_initial: bool, minimum: float | None) -> Callable[[Any], float | str]:
    def validate(value: Any) -> float | str:
        words = '"auto", "auto_0.1"' if allow_initial else '"auto"'
        refused = PydanticCustomError(
            "number_or_auto", "must be {words} or a number, not {given}", {"words": words, "given": quoted(value)}
        )
        if value == "auto":
            return "auto"
        try:
            if allow_initial and isinstance(value, str) and value.startswith("auto_"):
                if _finite(value[len("auto_") :]) <= 0:
                    raise refused
                return value
            number = _finite(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise refused from error
        if minimum is not None and number < minimum:
            message = "must be {minimum} or more, not {given}"
            raise PydanticCustomError("number_or_auto", message, {"minimum": f"{minimum:g}", "given": quoted(value)})
        return number

    return validate


def _layers(value: Any) -> Any:
    if value is None or _are_sizes(value):
        return value
    if isinstance(value, dict) and value and all(_are_sizes(sizes) for sizes in value.values()):
        if set(value) <= {"pi", "vf", "qf"}:
            return value
        raise PydanticCustomError("layers", 'names other networks than "pi", "vf" and "qf"')
    message = "must be a list of layer sizes such as [64, 64], or {example}, not {given}"
    example = '{"pi": [64, 64], "vf": [64, 64]}'
    raise PydanticCustomError("layers", message, {"example": example, "given": quoted(value)})


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 < size <= _WIDEST for size in value)


_SCHEDULE_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^(lin|const)_"}]}
_LAYER_LIST: dict[str, Any] = {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}}
_not_negative = _schedule(lambda number: number >= 0, "be 0 or more")
_positive = _schedule(lambda number: number > 0, "be greater than 0")

Schedule = Annotated[float | str, PlainValidator(_not_negative), WithJsonSchema(_SCHEDULE_SCHEMA)]
PositiveScheduleOrNone = Annotated[
    float | str | None,
    PlainValidator(_or_none(_positive)),
    WithJsonSchema({"anyOf": [*_SCHEDULE_SCHEMA["anyOf"], {"type": "null"}]}),
]
Coefficient = Annotated[
    float | str,
    PlainValidator(_auto_or_number(True, 0.0)),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^auto(_|$)"}]}),
]
Target = Annotated[
    float | str,
    PlainValidator(_auto_or_number(False, None)),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"const": "auto"}]}),
]
Layers = Annotated[
    list[int] | dict[str, list[int]] | None,
    PlainValidator(_layers),
    WithJsonSchema({"anyOf": [_LAYER_LIST, {"type": "object", "additionalProperties": _LAYER_LIST}, {"type": "null"}]}),
]
