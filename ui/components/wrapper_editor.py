"""What the list editor of wrappers needs: which wrappers there are, and what the environment is like above each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from trainer.config.environment import EnvironmentConfig
from trainer.config.form import read_readable
from trainer.config.loading import load_section
from trainer.config.specs import FieldSpec, argument_specs
from trainer.config.wrappers import FIELDS_INSTEAD, GROUPS, KNOWN_WRAPPERS
from trainer.config.wrapping import WrapperConfig
from trainer.errors import ConfigError

_DECISIVE = ("id", "kwargs", "frame_stack", "max_episode_steps")


@cache
def describe_wrappers() -> dict[str, Any]:
    """Return everything that the editor draws itself from.

    :return: `groups`, headings in order; `known`, for each wrapper its name, title, what it does, the arguments it is
        added with and how each is typed; `fields`, what is a field of the form instead
    """
    return {
        "groups": list(GROUPS),
        "known": [
            {
                "name": name,
                "title": known.title,
                "about": known.about,
                "source": known.source,
                "group": known.group,
                "start": known.starting_arguments(),
                "arguments": [_argument(spec) for spec in argument_specs(known)],
            }
            for name, known in KNOWN_WRAPPERS.items()
        ],
        "fields": [
            {"name": each.name, "title": each.title, "about": each.about, "group": each.group, "field": each.field}
            for each in FIELDS_INSTEAD.values()
        ],
    }


def wrapper_keywords() -> str:
    """Return the words by which the field is found besides its own: the names of all wrappers."""
    return " ".join(f"{name} {known.title}" for name, known in KNOWN_WRAPPERS.items())


def layers_in(filled: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the environment of a form shows and takes: bare, then above each wrapper up to one that is wrong.

    :return: empty when the environment itself cannot be made
    """
    from trainer.envs.layers import heights_of  # Gymnasium comes with it, which the page does not wait for

    given = filled.get("values")
    section = read_readable(given if isinstance(given, Mapping) else {}).get("environment", {})
    data = {name: section[name] for name in _DECISIVE if name in section}
    try:
        environment = load_section(EnvironmentConfig, data)
        wrappers = _readable(section.get("wrappers"))
        return [dict(height) for height in heights_of(environment.model_copy(update={"wrappers": wrappers}))]
    except ConfigError:
        return []


def _readable(listed: Any) -> list[WrapperConfig]:
    """Return the wrappers up to the first that cannot be read."""
    read: list[WrapperConfig] = []
    for each in listed if isinstance(listed, list) else []:
        try:
            read.append(load_section(WrapperConfig, each))
        except ConfigError:
            break
    return read


def _argument(spec: FieldSpec) -> dict[str, Any]:
    return {
        "name": spec.path,
        "title": spec.title,
        "help": spec.help,
        "kind": spec.kind,
        "unit": spec.unit,
        "choices": list(spec.choices),
        "nullable": spec.nullable,
        "none_label": spec.none_label,
        "example": spec.example,
        "default": spec.default,
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "exclusive_minimum": spec.exclusive_minimum,
        "exclusive_maximum": spec.exclusive_maximum,
        "advanced": spec.advanced,
    }
