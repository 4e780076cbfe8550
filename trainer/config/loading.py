"""From plain data to a RunConfig, with every fault told in plain words beside its field."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from trainer.config.fields import Section, too_much
from trainer.config.hints import did_you_mean, hint_for_unknown, shown
from trainer.config.migrations import migrate
from trainer.config.quoting import quoted
from trainer.config.repairs import repair, repair_hint
from trainer.config.rest import rest_of
from trainer.config.run import RunConfig
from trainer.config.tree import fields_of, item_section, section_of, variants_of
from trainer.errors import ConfigError, Fault, nearest

_MOST_FAULTS = 100

SectionT = TypeVar("SectionT", bound=Section)


def load_config(data: Mapping[str, Any]) -> RunConfig:
    """Make a RunConfig of JSON data, which may be sparse and of an older version.

    :raises ConfigError: with the faults found, unknown keys, wrong types, values out of bounds: every one of them, or
        the first hundred where nobody would read all; and with the `rest`
    """
    if not isinstance(data, Mapping):
        raise ConfigError([Fault("", f"must be a group of settings, not {shown(data)}")])
    data = migrate(data)
    try:
        return load_section(RunConfig, data)
    except ConfigError as error:
        raise ConfigError(error.faults, rest_of(data, (fault.field for fault in error.faults))) from error


def load_section(section: type[SectionT], data: Any, path: str = "") -> SectionT:
    """Make any section of JSON data.

    :param path: where the section stands, to begin the faults' paths with
    :raises ConfigError: with the faults found
    """
    try:
        return section.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # What each name may have meant takes a look at all names there are.
        faults = [_fault(details, section, data) for details in errors[:_MOST_FAULTS]]
        if len(errors) > _MOST_FAULTS:
            faults.append(Fault("", f"has {len(errors) - _MOST_FAULTS:,} more mistakes like these"))
        within = [
            replace(fault, field=f"{path}.{fault.field}".strip("."), fix=None) if path else fault for fault in faults
        ]
        raise ConfigError(within) from error


def message_of(details: ErrorDetails) -> str:
    """Return what an error of pydantic says in plain words: `must be a whole number, not the text 'x'`."""
    describe = _MESSAGES.get(details["type"])
    return describe(details.get("ctx", {}), details["input"]) if describe else _plain(details["msg"])


@dataclass(frozen=True)
class _Place:
    """Where an error lies: its path, the field there, and the section and union that the field belongs in."""

    names: tuple[str, ...]
    field: FieldInfo | None
    section: type[Section] | None
    siblings: Mapping[str, type[Section]]

    @property
    def path(self) -> str:
        return ".".join(self.names)

    def takes(self, value: Any) -> bool:
        """Return whether the setting itself has nothing against a value, whatever stands in the others."""
        if self.section is None or self.field is None:
            return True
        try:
            self.section.model_validate({self.names[-1]: value})
        except ValidationError as error:
            return all(details["loc"][:1] != self.names[-1:] for details in error.errors(include_url=False))
        return True

    def mended(self, data: Any, value: Any) -> dict[str, Any] | None:
        """Return the setting that has to be given for this place to hold `value`: within a list, the whole list.

        None where the rest of the list holds what cannot even be shown.
        """
        at = next((index for index, name in enumerate(self.names) if name.isdigit()), None)
        if at is None:
            return {self.path: value}
        whole = functools.reduce(_below, self.names[:at], data)
        if too_much(whole):
            return None
        return {".".join(self.names[:at]): _with(whole, self.names[at:], value)}


def _fault(details: ErrorDetails, root: type[Section], data: Any) -> Fault:
    place = _place(details["loc"], root, data)
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        hint = hint_for_unknown(place.names, len(place.names) - 1, place.section, place.siblings, data)
        return Fault(place.path, "is not a known setting", hint)
    if kind in ("union_tag_invalid", "union_tag_not_found") and place.field is not None:
        return _tag_fault(place, given)
    message = message_of(details)
    default = place.field.default if place.field is not None else None
    if given is None and isinstance(default, (int, float, str)) and default != "":
        return Fault(place.path, message, f"Its default is {_in_words(default)}.", place.mended(data, default))
    value = context.get("instead", repair(kind, given, context, _expected(context)))
    hint = _hint_for_value(place, kind, context)
    if value is None or not place.takes(value) or (hint is not None and "instead" not in context):
        return Fault(place.path, message, hint)
    return Fault(place.path, message, hint or repair_hint(kind, value, context), place.mended(data, value))


def _place(location: tuple[int | str, ...], root: type[Section], data: Any) -> _Place:
    """Follow an error's location through the declarations, leaving union tags out of its path."""
    place = _Place((), None, None, {})
    inner: type[Section] | None = root
    siblings: Mapping[str, type[Section]] = {}
    for part in location:
        around, data = data, _below(data, part)
        variants = variants_of(place.field) if place.field else {}
        if part in variants:
            inner, siblings = variants[str(part)], variants
            continue
        if part == "[key]":
            continue
        if isinstance(part, int):
            place = _Place((*place.names, str(part)), None, None, {})
            continue
        info = fields_of(inner).get(str(part)) if inner else None
        place = _Place((*place.names, str(part)), info, inner, siblings)
        within = inner.section_within(str(part), around) if inner and isinstance(around, Mapping) else None
        inner, siblings = within or (section_of(info) or item_section(info) if info else None), {}
    return place


def _below(data: Any, part: int | str) -> Any:
    if isinstance(data, Mapping):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _with(data: Any, names: Sequence[str], value: Any) -> Any:
    """Return a copy of JSON data that holds `value` at a path."""
    if not names:
        return value
    first, rest = names[0], names[1:]
    if isinstance(data, list):
        return [_with(each, rest, value) if str(index) == first else each for index, each in enumerate(data)]
    around = data if isinstance(data, Mapping) else {}
    return {**around, first: _with(around.get(first), rest, value)}


def _hint_for_value(place: _Place, kind: str, context: Mapping[str, Any]) -> str | None:
    if "hint" in context:
        return str(context["hint"])
    extra = place.field.json_schema_extra if place.field else None
    if kind != "string_pattern_mismatch" or not isinstance(extra, dict):
        return None
    choices = extra.get("choices")
    if isinstance(choices, list):
        return f"Choose one such as {', '.join(map(str, choices))}."
    return f"Write it like {extra['example']}." if "example" in extra else None


def _tag_fault(place: _Place, given: Any) -> Fault:
    assert place.field is not None  # noqa: S101 - the caller has looked
    discriminator = str(place.field.discriminator)
    known = list(variants_of(place.field))
    path = f"{place.path}.{discriminator}"
    if not isinstance(given, Mapping) or discriminator not in given:
        return Fault(path, "is missing", f"Choose one of {', '.join(known)}.")
    tag = given[discriminator]
    near = nearest(tag, known) if isinstance(tag, str) else None
    message = f"must be one of {', '.join(known)}, not {quoted(tag)}"
    return Fault(path, message, did_you_mean(near), {path: near} if near else None)


def _expected(context: Mapping[str, Any]) -> list[str]:
    return [word.strip().strip("'") for word in str(context.get("expected", "")).replace(" or ", ", ").split(",")]


def _plain(message: str) -> str:
    return message[0].lower() + message[1:] if message else "is not valid"


def _kind(words: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda _, given: f"must be {words}, not {shown(given)}"


def _bound(words: str, key: str) -> Callable[[Mapping[str, Any], Any], str]:
    return lambda context, given: f"must be {words} {_in_full(context[key])}, not {shown(given)}"


def _in_words(value: float | str) -> str:
    if isinstance(value, bool):
        return shown(value)
    return _in_full(value) if isinstance(value, int) else str(value)


def _in_full(number: float) -> str:
    return f"{int(number):,}" if number == int(number) and abs(number) < 1e16 else f"{number:g}"


_MESSAGES: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "missing": lambda _, __: "is missing",
    "int_type": _kind("a whole number"),
    "int_from_float": _kind("a whole number"),
    "int_parsing": _kind("a whole number"),
    "int_parsing_size": _kind("a whole number"),
    "float_type": _kind("a number"),
    "bool_type": _kind("true or false"),
    "bool_parsing": _kind("true or false"),
    "string_type": _kind("text"),
    "list_type": _kind("a list"),
    "dict_type": _kind("a JSON object"),
    "model_type": _kind("a group of settings"),
    "model_attributes_type": _kind("a group of settings"),
    "finite_number": _kind("a finite number"),
    "literal_error": lambda context, given: f"must be one of {', '.join(_expected(context))}, not {quoted(given)}",
    "greater_than": _bound("greater than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_pattern_mismatch": lambda _, given: f"cannot be {quoted(given)}" if given else "needs a value",
    "too_short": lambda context, given: (
        f"must have at least {context['min_length']:,} entries, not {len(given):,}" if given else "needs a value"
    ),
    "too_long": lambda context, given: f"has {len(given):,} entries, of which at most {context['max_length']:,} can be",
    "string_too_long": lambda context, _: f"is longer than {context['max_length']:,} characters",
}
