"""Which actions are allowed, for algorithms that leave the others out.

An environment says so by a method `action_masks()`, as SB3-Contrib has it: true for each allowed action. Where it has
none, every action is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

NO_MASKS = (
    "The environment does not say which actions are allowed (it has no action_masks method), so all of them are: "
    "MaskablePPO trains as PPO does."
)


def masks_of(model: BaseAlgorithm, env: VecEnv) -> Callable[[], dict[str, Any]]:
    """Return what gives the arguments that `model.predict` needs beside the observations of `env`, step by step."""
    if isinstance(model, MaskablePPO) and is_masking_supported(env):
        return lambda: {"action_masks": get_action_masks(env)}
    return dict


def current_masks(env: VecEnv) -> NDArray[np.bool_]:
    """Return which actions are allowed now, (copies, …): all of them where the environment does not say."""
    if is_masking_supported(env):
        return np.asarray(get_action_masks(env), dtype=np.bool_)
    return np.ones((env.num_envs, mask_length(env.action_space)), dtype=np.bool_)


def mask_length(space: spaces.Space[Any]) -> int:
    """Return how many actions a mask speaks of; those of several dimensions stand one after the other."""
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return int(space.nvec.sum())
    return 2 * int(np.prod(space.shape or ()))


def lacks_masks(model: BaseAlgorithm, env: VecEnv) -> bool:
    """Return whether a model would mask actions if the environment told it which."""
    return isinstance(model, MaskablePPO) and not is_masking_supported(env)
