"""The wrappers that Palaestra knows by name, each declared once with its arguments.

`normalize_observation` and `normalize_reward` are fields rather than wrappers: one set of running statistics then
serves all copies, checkpoints keep it, and evaluations read it without learning from what they see. A wrapper around
each copy would have as many statistics as copies, and an evaluation none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.config.wrappers import actions, episodes, observations, rewards
from trainer.config.wrappers.base import GROUPS, OBSERVATIONS, REWARDS, KnownWrapper
from trainer.errors import nearest

_ALL: tuple[type[KnownWrapper], ...] = (
    episodes.TimeLimit,
    episodes.FrameSkip,
    observations.FrameStack,
    observations.GrayscaleObservation,
    observations.ResizeObservation,
    observations.RescaleObservation,
    observations.FlattenObservation,
    observations.FilterObservation,
    observations.MaskVelocity,
    observations.History,
    observations.DelayObservation,
    observations.TimeFeature,
    observations.TimeAwareObservation,
    actions.ClipAction,
    actions.RescaleAction,
    actions.DiscretizeAction,
    actions.ActionNoise,
    actions.ActionSmoothing,
    actions.StickyAction,
    rewards.ClipReward,
    rewards.ScaleReward,
    rewards.DelayedReward,
)

KNOWN_WRAPPERS: Mapping[str, type[KnownWrapper]] = {wrapper.name: wrapper for wrapper in _ALL}


@dataclass(frozen=True)
class FieldInstead:
    """What one looks for among the wrappers and finds in a field of the configuration.

    :param name: what the wrapper would be called
    :param field: path of the setting that does it
    """

    name: str
    title: str
    about: str
    group: str
    field: str


FIELDS_INSTEAD: Mapping[str, FieldInstead] = {
    each.name: each
    for each in (
        FieldInstead(
            "normalize_observation",
            "Normalise observations",
            "A field of its own: one set of running statistics for all copies, kept in checkpoints, and evaluations "
            "never learn from what they see.",
            OBSERVATIONS,
            "environment.normalize_observation",
        ),
        FieldInstead(
            "normalize_reward",
            "Normalise rewards",
            "A field of its own: one running deviation of the return for all copies, kept in checkpoints.",
            REWARDS,
            "environment.normalize_reward",
        ),
    )
}


def hint_for_name(name: str) -> str:
    """Return what to write instead of a name that is no known wrapper's."""
    if name in FIELDS_INSTEAD:
        return f"Set {FIELDS_INSTEAD[name].field} to true instead."
    near = nearest(name, KNOWN_WRAPPERS)
    if near:
        return f"Did you mean {near}?"
    return f"Known are {', '.join(KNOWN_WRAPPERS)}; any other goes by entry_point, as module:Class."


__all__ = ["FIELDS_INSTEAD", "GROUPS", "KNOWN_WRAPPERS", "FieldInstead", "KnownWrapper", "hint_for_name"]
