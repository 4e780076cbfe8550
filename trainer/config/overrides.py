"""Changing single settings of plain configuration data: `--set`, the API's `overrides`, a sweep's point."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from trainer.config.fields import Section
from trainer.config.hints import hint_for_unknown, shown
from trainer.config.run import RunConfig
from trainer.config.strict_json import copied
from trainer.config.tree import chosen_section, default_tag, fields_of, holds_free_keys, variant, variants_of
from trainer.errors import ConfigError, Fault

_MOST_FAULTS = 100


def parse_set_flag(text: str) -> tuple[str, Any]:
    """Split `a.b=c` into a path and a value: JSON where `c` is JSON, else the text itself.

    :raises ConfigError: there is no `=`, or nothing before it
    """
    path, equals, raw = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise ConfigError([Fault("", f"cannot read {text!r}", "Write it like algorithm.gamma=0.98.")])
    return path, _json_or_text(raw)


def apply_overrides(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of configuration data with the settings at dotted paths replaced.

    Naming another algorithm drops the old one's settings, since equal names mean different things there; naming
    another kind of action noise keeps those that both kinds have. Sections and names are applied before single
    settings, so the order of `overrides` does not matter. Values are not checked here.

    :raises ConfigError: with a fault for every path that does not exist, up to a hundred
    """
    changed, overrides = copied(data), copied(overrides)
    faults: list[Fault] = []
    for path in sorted(overrides, key=_rank):
        faults += _faults_of_setting(changed, path, overrides[path])
        if len(faults) >= _MOST_FAULTS:  # each takes a look at all names there are
            break
    if faults:
        raise ConfigError(faults)
    return changed


def settings_in(
    data: Mapping[str, Any], section: type[Section] = RunConfig, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield each single setting of sparse data by its path; a group with free keys, as `kwargs`, is one setting."""
    fields = fields_of(section)
    for name, value in data.items():
        info = fields.get(name)
        inner = chosen_section(info, value) if info is not None and isinstance(value, Mapping) else None
        if inner is None:
            yield f"{prefix}{name}", value
        else:
            yield from settings_in(value, inner, f"{prefix}{name}.")


def _json_or_text(raw: str) -> Any:
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except ValueError:
        return raw


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _rank(path: str) -> tuple[int, bool]:
    return path.count("."), path.rpartition(".")[-1] not in _TAG_NAMES


def _tag_names(section: type[Section]) -> set[str]:
    names: set[str] = set()
    for info in fields_of(section).values():
        variants = variants_of(info)
        if variants:
            names.add(str(info.discriminator))
        for inner in variants.values():
            names |= _tag_names(inner)
    return names


_TAG_NAMES = _tag_names(RunConfig)


def _faults_of_setting(data: dict[str, Any], path: str, value: Any) -> tuple[Fault, ...]:
    try:
        _set(data, path.split("."), value)
    except ConfigError as error:
        return error.faults
    return ()


def _set(data: dict[str, Any], names: list[str], value: Any) -> None:
    """Set one value in place, following the declarations down its path.

    :raises ConfigError: the path does not exist
    """
    node: dict[str, Any] = data
    section: type[Section] | None = RunConfig
    siblings: Mapping[str, type[Section]] = {}
    parent: FieldInfo | None = None
    for depth, name in enumerate(names):
        info = fields_of(section).get(name) if section else None
        if section is not None and info is None:
            hint = hint_for_unknown(names, depth, section, siblings, data)
            raise ConfigError([Fault(".".join(names), "is not a known setting", hint)])
        if depth == len(names) - 1:
            if parent is not None and name == parent.discriminator and node.get(name, value) != value:
                _leave_variant(node, names, variant(parent, value))
            node[name] = value
            return
        section = _inner_section(info, node.get(name), names)
        node = _open(node, name, info, names)
        siblings, parent = (variants_of(info) if info else {}), info


def _leave_variant(node: dict[str, Any], names: list[str], entered: type[Section] | None) -> None:
    """Drop what the union's old member had: all of an algorithm, else what the new member does not have too."""
    kept = fields_of(entered) if entered is not None and names[:-1] != ["algorithm"] else {}
    for name in [name for name in node if name not in kept]:
        del node[name]


def _inner_section(info: FieldInfo | None, below: Any, names: list[str]) -> type[Section] | None:
    """Return the section below a field; None where any key goes (free keys, or a tag that will be refused)."""
    inner = chosen_section(info, below) if info else None
    if info is not None and inner is None and not holds_free_keys(info) and not variants_of(info):
        raise ConfigError([Fault(".".join(names), "leads into a setting that has no parts")])
    return inner


def _open(node: dict[str, Any], name: str, info: FieldInfo | None, names: list[str]) -> dict[str, Any]:
    """Return the group at `name`, making it where it is absent."""
    below = node.get(name)
    if below is None:
        tagged = info is not None and variants_of(info)
        below = node[name] = {str(info.discriminator): default_tag(info)} if info and tagged else {}
    if not isinstance(below, dict):
        raise ConfigError([Fault(".".join(names), f"leads into {shown(below)}, which has no parts")])
    return below
