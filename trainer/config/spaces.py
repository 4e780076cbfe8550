"""What a configuration needs to know of an environment's spaces, without Gymnasium.

`trainer.envs.catalogue` makes a `Spaces` from a real environment; the cross-field checks read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ObservationKind = Literal["image", "vector", "discrete", "multi_discrete", "multi_binary", "dict", "other"]
ActionKind = Literal["discrete", "box", "multi_discrete", "multi_binary", "other"]


@dataclass(frozen=True)
class Spaces:
    """The observation and action space of an environment, as the policy will see them.

    :param observation_kind: `image` is what Stable-Baselines3 treats as one: a box of uint8, 0 to 255, of three axes
    :param observation_shape: shape of one observation; None where there is none (a dict)
    :param action_kind: `box` is continuous
    :param n_actions: number of actions of a discrete action space
    :param action_shape: shape of one continuous action
    :param action_size: numbers that one action consists of, one-hot where it is discrete; None when unknown
    :param action_bounded: whether every bound of a continuous action is finite; None when unknown
    :param goal_size: numbers in a goal, where observations hold `observation`, `achieved_goal` and `desired_goal`
    :param native_available: whether the environment has a native vector implementation; None when unknown
    :param suggested_wrapper: `module:Class` of what makes observations that no policy reads into some that one does
    :param observation_bytes: what one observation takes in a buffer; None when unknown
    :param observation_size: numbers that a network without convolutions is fed with, one-hot where they are
        discrete; None when unknown
    :param action_bytes: what one action takes in a buffer; None when unknown
    :param stacked_frames: how many observations in time one observation holds
    :param own_code: whether code of the user's own, a file or a wrapper, has part in it
    """

    observation_kind: ObservationKind
    observation_shape: tuple[int, ...] | None
    action_kind: ActionKind
    n_actions: int | None = None
    action_shape: tuple[int, ...] | None = None
    action_size: int | None = None
    action_bounded: bool | None = None
    goal_size: int | None = None
    native_available: bool | None = None
    suggested_wrapper: str | None = None
    observation_bytes: int | None = None
    observation_size: int | None = None
    action_bytes: int | None = None
    stacked_frames: int = 1
    own_code: bool = False


def spaces_from_data(data: Mapping[str, Any]) -> Spaces:
    """Return spaces that were written as JSON."""
    shapes = {name: tuple(data[name]) for name in ("observation_shape", "action_shape") if data.get(name) is not None}
    return Spaces(**{**data, **shapes})
