"""Classes by `module:Class`, as configurations name them.

What always holds: a module is looked up name by name, and nothing is imported that lies in a folder of the user's
environments, except as the text that its user has enabled (`custom.source`). Whatever an import does or raises, it
ends nothing but itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainer.config.environment import EnvironmentConfig
from trainer.config.placement import Placement, placement
from trainer.config.run import RunConfig
from trainer.envs.custom.source import Source, guarded_folders, is_enabled_text, source_named, source_of
from trainer.envs.optional import OPTIONAL
from trainer.errors import ConfigError, Fault

# Packages that this program imports by itself: what they do at their import is known, and they draw random numbers
# from generators of their own.
_WELL_KNOWN = frozenset(
    {"gymnasium", "stable_baselines3", "sb3_contrib", "trainer", *(root for each in OPTIONAL for root in each.roots)}
)


def imported(entry_point: str, field: str) -> Any:
    """Return what stands behind `module:Name`.

    :param field: to name in an error
    :raises ConfigError: it cannot be imported, or is in a file of the user's that was not enabled
    """
    module, _, name = entry_point.partition(":")
    try:
        _require_enabled(module, entry_point, field)
        return getattr(importlib.import_module(module), name)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        known = isinstance(error, (ImportError, AttributeError))
        said = str(error) if known else f"{type(error).__name__}: {error}"
        raise ConfigError([Fault(field, f"{entry_point} cannot be imported: {said.rstrip('.')}.")]) from error


def has_own_code(environment: EnvironmentConfig) -> bool:
    """Say whether code of the user's own makes an environment or stands around it: nobody else knows what it does."""
    strange = (wrapper.entry_point for wrapper in environment.wrappers if wrapper.entry_point is not None)
    return source_of(environment.id) is not None or not all(map(_is_well_known, strange))


def placed(config: RunConfig) -> Placement:
    """Return where a run of this configuration is executed."""
    return placement(config, own_code=has_own_code(config.environment))


def sources_of(environment: EnvironmentConfig) -> tuple[Source, ...]:
    """Return the user's enabled files that have part in an environment: the one that registers it, those of wrappers.

    A process that was started for it has to take them in before it makes any.
    """
    roots = (_root(wrapper.entry_point) for wrapper in environment.wrappers if wrapper.entry_point is not None)
    found = (source_of(environment.id), *map(source_named, roots))
    return tuple(dict.fromkeys(source for source in found if source is not None))


def _root(entry_point: str) -> str:
    return entry_point.partition(":")[0].partition(".")[0]


def _is_well_known(entry_point: str) -> bool:
    return _root(entry_point) in _WELL_KNOWN


def _require_enabled(module: str, entry_point: str, field: str) -> None:
    """Refuse a module from a folder of the user's environments, before it or anything within it is imported."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        spec = find_spec(".".join(parts[:depth]))  # imports what is above, at which the last round has looked
        if spec is None:
            return  # the import says so in its own words
        if not is_enabled_text(spec) and any(map(_is_guarded, _places(spec))):
            message = f"{entry_point} is in the folder of your own environments, of which only enabled files are run."
            hint = "Enable the file on the Environments page, then name it without the folder, as file:Class."
            raise ConfigError([Fault(field, message, hint)])


def _places(spec: ModuleSpec) -> Iterator[Path]:
    origin = [spec.origin] if spec.has_location and spec.origin else []
    for place in (*origin, *(spec.submodule_search_locations or ())):
        yield Path(place).resolve()


def _is_guarded(place: Path) -> bool:
    return any(_same(above, folder) for folder in guarded_folders() for above in (place, *place.parents))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one == other
