"""Between a configuration and the widgets of a form, without loss.

A widget's value by kind of setting:

==================  =========================================  ==========================
kind                widget                                     value; None is shown as
==================  =========================================  ==========================
int, float          Number                                     number; None (empty)
bool                Checkbox                                   bool
optional_bool       Dropdown or Radio of "", "true", "false"   text; ""
choice              Dropdown or Radio of `choices`             text; "" (offer it if nullable)
open_choice         Dropdown that takes other values too       text; ""
text, multiline     Textbox                                    text; "" (if nullable)
schedule            Textbox                                    "0.0003" or "lin_0.0003"; ""
number_or_auto      Textbox                                    "auto" or "0.2"; ""
tags                Textbox                                    "one, two"
duration            Textbox                                    "2 h", "90 min", "45.5 s"; ""
json                Textbox                                    JSON; "" ({} or [] if not nullable)
wrappers            a list editor                              JSON, as above
==================  =========================================  ==========================

Keys are `FieldSpec.key`, so a form can hold the fields of all algorithms at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.config.algorithms import ALGORITHMS
from trainer.config.durations import read_duration, show_duration
from trainer.config.hints import did_you_mean, shown
from trainer.config.loading import load_config
from trainer.config.numbers import meant_number, read_number
from trainer.config.overrides import apply_overrides
from trainer.config.quoting import quoted
from trainer.config.rest import rest_of
from trainer.config.run import RunConfig
from trainer.config.specs import ALGORITHM_NAME, FieldSpec, field_specs, specs_for
from trainer.errors import ConfigError, Fault

_MISSING = object()
_AS_JSON = ("json", "wrappers")


@dataclass(frozen=True)
class FormResult:
    """What a filled-in form amounts to: a configuration, or the faults that keep it from being one.

    :param rest: what can be read all the same, without the settings at fault, for `check_rest`
    """

    config: RunConfig | None
    faults: tuple[Fault, ...]
    rest: RunConfig | None = None


def to_form(config: RunConfig) -> dict[str, Any]:
    """Return the widget value of every setting; other algorithms' fields show those algorithms' defaults."""
    data = config.to_data()
    values = {}
    for spec in field_specs():
        belongs = spec.algorithm in (None, config.algorithm.name)
        value = _find(data, spec.path) if belongs else _MISSING
        values[spec.key] = to_widget(spec, spec.default if value is _MISSING else value)
    return values


def from_form(values: Mapping[str, Any], algorithm: str | None = None) -> dict[str, Any]:
    """Return configuration data for `load_config` from widget values.

    :param algorithm: whose fields to read; None takes what the form's algorithm widget says
    :raises ConfigError: with a fault for every text that cannot be read, at its field
    """
    data, faults = _read(values, algorithm)
    if faults:
        raise ConfigError(faults)
    return data


def read_form(values: Mapping[str, Any], algorithm: str | None = None) -> FormResult:
    """Read a form to the end: every unreadable text and every refused value, all at once."""
    data, faults = _read(values, algorithm)
    config: RunConfig | None
    try:
        config = load_config(data)
    except ConfigError as error:
        known = {fault.field for fault in faults}
        faults += [fault for fault in error.faults if fault.field not in known]
        config = None
    if not faults:
        return FormResult(config, ())
    return FormResult(None, tuple(faults), rest_of(data, (fault.field for fault in faults)))


def read_readable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return configuration data of everything in a form that can be read, whatever is wrong with the rest."""
    return _read(values, None)[0]


def _read(values: Mapping[str, Any], algorithm: str | None) -> tuple[dict[str, Any], list[Fault]]:
    chosen = algorithm or str(values.get(ALGORITHM_NAME, RunConfig().algorithm.name))
    if chosen not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        return {}, [Fault(ALGORITHM_NAME, f"must be one of {known}, not {quoted(chosen)}")]
    found: dict[str, Any] = {ALGORITHM_NAME: chosen}
    faults: list[Fault] = []
    for spec in specs_for(chosen):
        if spec.key not in values or spec.path == ALGORITHM_NAME or not _exists(spec, values):
            continue
        try:
            found[spec.path] = _from_widget(spec, values[spec.key])
        except ValueError as error:
            faults.append(_unreadable(spec, values[spec.key], str(error)))
    return apply_overrides({}, found), faults


def _unreadable(spec: FieldSpec, value: Any, message: str) -> Fault:
    """Return the fault of a text that is no such value; an emptied field is mended by its default."""
    if value is None or value == "":
        return Fault(spec.path, message, None, {spec.path: spec.default})
    meant = meant_number(value) if spec.kind in ("int", "float") and isinstance(value, str) else None
    if meant is not None and (spec.kind == "float" or isinstance(meant, int)) and _within(spec, meant):
        return Fault(spec.path, message, did_you_mean(str(meant)), {spec.path: meant})
    return Fault(spec.path, message, f"Write it like {spec.example}." if spec.example else None)


def _within(spec: FieldSpec, number: float) -> bool:
    lowest, highest = spec.minimum, spec.maximum
    if lowest is not None and (number < lowest or (spec.exclusive_minimum and number == lowest)):
        return False
    return highest is None or number < highest or (number == highest and not spec.exclusive_maximum)


def _exists(spec: FieldSpec, values: Mapping[str, Any]) -> bool:
    """Return whether the setting exists, given the kind chosen beside it."""
    if spec.only_when is None:
        return True
    path, kinds = spec.only_when
    return values.get(f"{spec.algorithm}:{path}" if spec.algorithm else path) in kinds


def _find(data: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(data, Mapping) or name not in data:
            return _MISSING
        data = data[name]
    return data


def to_widget(spec: FieldSpec, value: Any) -> Any:
    """Return what the widget of a setting holds for a value."""
    if spec.kind in ("int", "float", "bool"):
        return value
    if spec.kind in _AS_JSON:
        return "" if value is None else json.dumps(value, ensure_ascii=False)
    if spec.kind == "tags":
        return ", ".join(value)
    if value is None:
        return ""
    if spec.kind == "duration":
        return show_duration(value)
    return value if isinstance(value, str) else json.dumps(value)


def _from_widget(spec: FieldSpec, value: Any) -> Any:
    """Return the setting that a widget's value stands for.

    :raises ValueError: it cannot be read
    """
    if spec.kind in _AS_JSON:
        return _from_json(spec, value)
    if spec.kind == "tags":
        return _from_tags(value)
    if value is None or (value == "" and (spec.nullable or spec.kind not in ("text", "multiline"))):
        if spec.nullable:
            return None
        default = f"{spec.default:,}" if type(spec.default) is int else to_widget(spec, spec.default)
        raise ValueError(f"needs a value; the default is {default}")
    if not isinstance(value, str):
        return value
    if spec.kind in ("int", "float"):
        return _number(value, whole=spec.kind == "int")
    if spec.kind == "duration":
        return _duration(value)
    if spec.kind in ("schedule", "number_or_auto"):
        return _number_or_text(value.strip())
    if spec.kind == "optional_bool":
        return {"true": True, "false": False}.get(value, value)
    return value


def _from_json(spec: FieldSpec, value: Any) -> Any:
    if not isinstance(value, str):
        return value if value is not None or spec.nullable else type(spec.default)()
    if not value.strip():
        return None if spec.nullable else type(spec.default)()
    try:
        return json.loads(value, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("is not JSON that can be read: it is nested too deeply") from error
    except ValueError as error:
        reason = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise ValueError(f"is not JSON: {reason}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _from_tags(value: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, str):
        return value
    return [tag.strip() for tag in value.split(",") if tag.strip()]


def _duration(text: str) -> float:
    try:
        return read_duration(text)
    except ValueError as error:
        raise ValueError(f"must be a length of time such as 2 h, 90 min or 1:30:00, not {shown(text)}") from error


def _number(text: str, *, whole: bool) -> float:
    try:
        return read_number(text, whole=whole)
    except ValueError as error:
        raise ValueError(f"must be a number, not {shown(text)}") from error


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
