"""What the environment field offers, and what it says of the chosen environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from trainer.config import ALGORITHMS, EnvironmentConfig, Spaces
from trainer.config.spaces import ActionKind
from trainer.envs import catalogue
from trainer.envs.catalogue import EnvironmentEntry
from trainer.errors import ConfigError

_ACTIONS: Mapping[ActionKind, str] = {
    "box": "continuous actions",
    "discrete": "discrete actions",
    "multi_discrete": "several choices at once",
    "multi_binary": "several switches at once",
    "other": "actions that need a wrapper",
}


def environment_groups() -> list[dict[str, Any]]:
    """Return every registered environment for the field's list, family by family.

    Of several versions of one environment all but the first are marked `older`: they are found by searching.
    """
    groups = []
    for family in catalogue.families():
        older = family.older
        offered = [_offer(entry, older=entry.id in older) for entry in family.entries]
        groups.append({"title": family.title, "entries": offered})
    return groups


def describe_environment(environment_id: str, wrapped: EnvironmentConfig | None = None) -> dict[str, Any]:
    """Return what is worth knowing of an environment before one trains on it.

    :param wrapped: the environment with its wrappers, which decide what an algorithm has to choose from
    :return: `id`, `facts` as short phrases, and `unfit`: for each algorithm that cannot be used, why not; all empty
        for an environment that is unknown or cannot be made, which `RunManager.check` reports
    """
    try:
        entry = catalogue.find(environment_id)
        spaces = catalogue.spaces_of(environment_id)
    except ConfigError:
        return {"id": environment_id, "facts": [], "unfit": {}}
    facts = [_observations(spaces), _actions(spaces)]
    if entry.max_episode_steps is not None:
        facts.append(f"episodes of at most {entry.max_episode_steps:,} steps")
    if entry.reward_threshold is not None:
        facts.append(f"solved at a return of {entry.reward_threshold:g}")
    with contextlib.suppress(ConfigError):
        spaces = spaces if wrapped is None else catalogue.environment_spaces(wrapped)
    return {"id": environment_id, "facts": facts, "unfit": _unfit(spaces)}


def _offer(entry: EnvironmentEntry, *, older: bool) -> dict[str, Any]:
    return {
        "value": entry.id,
        "label": entry.id,
        "detail": entry.missing or "",
        "search": entry.title,
        "disabled": not entry.available,
        "older": older,
    }


def _observations(spaces: Spaces) -> str:
    """Return what is seen; an image as height × width × channels, which is how the page writes one everywhere."""
    sizes = spaces.observation_shape or ()
    if spaces.observation_kind == "image":  # channels first
        return f"observes an image of {_lengths((*sizes[1:], *sizes[:1]))}"
    if spaces.observation_kind == "vector":
        shape = _lengths(sizes)
        return "observes 1 number" if shape in ("", "1") else f"observes {shape} numbers"
    if spaces.observation_kind == "discrete" and spaces.observation_size is not None:
        return f"observes one of {spaces.observation_size:,} states"
    return {
        "dict": "observes a dictionary",
        "multi_discrete": "observes several choices",
        "multi_binary": "observes several switches",
    }.get(spaces.observation_kind, "observations that need a wrapper")


def _actions(spaces: Spaces) -> str:
    if spaces.n_actions is not None:
        return "1 action" if spaces.n_actions == 1 else f"{spaces.n_actions:,} actions"
    if spaces.action_shape is not None:
        size = _lengths(spaces.action_shape)
        return "1 continuous action" if size in ("", "1") else f"{size} continuous actions"
    return _ACTIONS[spaces.action_kind]


def _lengths(sizes: Iterable[int]) -> str:
    return " × ".join(map(str, sizes))


def _unfit(spaces: Spaces) -> dict[str, str]:
    given = _ACTIONS[spaces.action_kind]
    seen = {"image": "images", "dict": "dictionaries"}.get(spaces.observation_kind)
    unfit: dict[str, str] = {}
    for name, config in ALGORITHMS.items():
        if spaces.action_kind not in config.action_kinds:
            unfit[name] = f"{config.label} cannot act here: this environment takes {given}."
        elif name == "her" and spaces.goal_size is None:
            unfit[name] = f"{config.label} has nothing to aim at here: this environment's observations hold no goals."
        elif seen is not None and not config.reads_everything:
            unfit[name] = f"{config.label} cannot see here: it reads plain numbers, and this environment shows {seen}."
    return unfit
