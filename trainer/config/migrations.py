"""Bringing older configurations to the present format.

`MIGRATIONS[n]` turns data of version n into version n + 1. Data without a version is taken as present.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainer.config.quoting import quoted
from trainer.config.run import SCHEMA_VERSION
from trainer.config.strict_json import copied
from trainer.errors import ConfigError, Fault

VERSION_KEY = "schema_version"


def _from_version_0(data: dict[str, Any]) -> dict[str, Any]:
    """Before the first release the environment and the length had other names."""
    _rename(data, "environment", "env_id", "id")
    _rename(data, "training", "n_timesteps", "total_timesteps")
    return data


def _rename(data: dict[str, Any], section: str, old: str, new: str) -> None:
    part = data.get(section)
    if isinstance(part, dict) and old in part:
        part.setdefault(new, part.pop(old))


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _from_version_0}


def migrate(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of configuration data in the present format.

    :raises ConfigError: its version is no version, or newer than this program knows
    """
    version = data.get(VERSION_KEY, SCHEMA_VERSION)
    if type(version) is not int or version < 0:
        raise ConfigError(
            [Fault(VERSION_KEY, f"must be a whole number from 0 to {SCHEMA_VERSION}, not {quoted(version)}")]
        )
    if version > SCHEMA_VERSION:
        message = f"is {quoted(version)}, but this Palaestra reads versions up to {SCHEMA_VERSION}"
        raise ConfigError([Fault(VERSION_KEY, message, "Update Palaestra to open it.")])
    current = copied(data)
    for step in range(version, SCHEMA_VERSION):
        current = MIGRATIONS[step](current)
    current[VERSION_KEY] = SCHEMA_VERSION
    return current
