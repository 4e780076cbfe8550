"""Groups of home-made configurations that search for good values: of them the plain values of settings are taken.

Ranges, trials and samplers belong to tuning, which is not imported. A group with nothing plain in it is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainer.config.algorithms import ALGORITHMS
from trainer.config.importing.flat_names import ANYWHERE
from trainer.config.policy import PolicyConfig

NOT_IMPORTED = "Tuning is not imported: a run is trained with one value of each setting."
OUTWEIGHED = "Another key sets this, and it counts for more than what a search starts from."
_LEARNING = ("algorithm.", "policy.")
_SETTINGS = frozenset(
    {*PolicyConfig.model_fields, *(name for each in ALGORITHMS.values() for name in each.model_fields)}
)


def is_of_learning(path: str) -> bool:
    """Return whether a setting is one that searches look for values of: no seed, no number of steps, no name."""
    return path.startswith(_LEARNING) and path != "algorithm.name"


def is_plain(value: Any) -> bool:
    """Return whether it is one value; a list, a group, or a switch that says "search this" is not."""
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)


def holds_settings(group: Any, plain: Callable[[str], str]) -> bool:
    """Return whether a group, or one within it, gives a setting of learning one value.

    :param plain: makes of a key the name by which it is known
    """
    if not isinstance(group, Mapping):
        return False
    return any(
        is_plain(value) and _is_setting(plain(str(name)))
        if not isinstance(value, Mapping)
        else holds_settings(value, plain)
        for name, value in group.items()
    )


def _is_setting(name: str) -> bool:
    return name != "name" and (name in _SETTINGS or is_of_learning(ANYWHERE.get(name, "")))
