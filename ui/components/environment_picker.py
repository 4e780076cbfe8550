"""What the environment field offers, and what it says of the chosen environment."""

from __future__ import annotations

import contextlib
from typing import Any

from trainer.config import ALGORITHMS, EnvironmentConfig, Spaces
from trainer.envs import catalogue
from trainer.envs.catalogue import EnvironmentEntry
from trainer.errors import ConfigError


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
        sizes = (*sizes[1:], *sizes[:1])
    shape = " × ".join(map(str, sizes))
    named = {"image": "image", "vector": "numbers", "dict": "dictionary"}
    kind = named.get(spaces.observation_kind, spaces.observation_kind.replace("_", " "))
    return f"observes {shape} {kind}" if shape else f"observes {kind}"


def _actions(spaces: Spaces) -> str:
    if spaces.n_actions is not None:
        return f"{spaces.n_actions} actions"
    if spaces.action_shape is not None:
        size = " × ".join(map(str, spaces.action_shape))
        return "1 continuous action" if size == "1" else f"{size} continuous actions"
    return f"{spaces.action_kind.replace('_', ' ')} actions"


def _unfit(spaces: Spaces) -> dict[str, str]:
    words = {"box": "continuous actions", "discrete": "discrete actions"}
    given = words.get(spaces.action_kind, spaces.action_kind.replace("_", " "))
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
