"""The shape of a configuration: which paths exist, given which member each union has.

Paths are dotted external names (`policy.class`, `algorithm.action_noise.sigma`). A union's own tag never appears
in a path: the batch size is `algorithm.batch_size` whatever the algorithm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from trainer.config.fields import Section
from trainer.config.run import RunConfig


def external_name(name: str, info: FieldInfo) -> str:
    """Return the name of a field as files and forms have it."""
    return info.alias or name


def fields_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Return a section's fields under their external names, in declared order."""
    return {external_name(name, info): info for name, info in section.model_fields.items()}


def variants_of(info: FieldInfo) -> dict[str, type[Section]]:
    """Return the members of a tagged union by tag; empty for any other field."""
    if not isinstance(info.discriminator, str):
        return {}
    members = [member for member in get_args(info.annotation) if issubclass(member, Section)]
    return {member.model_fields[info.discriminator].default: member for member in members}


def section_of(info: FieldInfo) -> type[Section] | None:
    """Return the section that a field holds, or None when it holds a value."""
    annotation = info.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def item_section(info: FieldInfo) -> type[Section] | None:
    """Return the section that each item of a list field is, or None."""
    items = get_args(info.annotation) if get_origin(info.annotation) is list else ()
    return items[0] if items and isinstance(items[0], type) and issubclass(items[0], Section) else None


def default_tag(info: FieldInfo) -> str:
    """Return the tag that a union field has when nothing is said."""
    return str(getattr(info.get_default(call_default_factory=True), str(info.discriminator)))


def variant(info: FieldInfo, tag: Any) -> type[Section] | None:
    """Return the member of a tagged union that has this tag, or None when none has."""
    return variants_of(info).get(tag) if isinstance(tag, str) else None


def chosen_section(info: FieldInfo, data: Any) -> type[Section] | None:
    """Return the section that describes `data` at this field; None for a plain value or an unknown tag."""
    if not variants_of(info):
        return section_of(info)
    given = data if isinstance(data, Mapping) else {}
    return variant(info, given.get(str(info.discriminator), default_tag(info)))


def paths(data: Any, section: type[Section] = RunConfig, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every path that exists beside `data`, sections included, with the field it names."""
    for name, info in fields_of(section).items():
        yield prefix + name, info
        below = data.get(name) if isinstance(data, Mapping) else None
        inner = chosen_section(info, below)
        if inner is not None:
            yield from paths(below, inner, f"{prefix}{name}.")


def holds_free_keys(info: FieldInfo) -> bool:
    """Return whether the field is a dictionary whose keys are up to the user."""
    return any(get_origin(annotation) is dict for annotation in _unwrapped(info.annotation))


def _unwrapped(annotation: Any) -> Iterator[Any]:
    """Yield the annotation and, for a union or an Annotated, what it holds."""
    yield annotation
    if get_origin(annotation) not in (dict, list):
        for part in get_args(annotation):
            yield from _unwrapped(part)
