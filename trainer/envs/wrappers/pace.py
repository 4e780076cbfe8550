"""Wrappers that decide how many steps of the environment one step of the agent is."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from trainer.envs.wrappers.fitness import UnfitError


class FrameSkip(gym.Wrapper[Any, Any, Any, Any]):
    """Holds each action for `skip` steps or until the episode ends; gives the last observation and all rewards.

    :param max_pool: give the greater of the last two observations, number by number; None does so for images of bytes
    :raises UnfitError: there is no greater one among such observations
    """

    def __init__(self, env: gym.Env[Any, Any], skip: int = 4, max_pool: bool | None = None) -> None:
        super().__init__(env)
        space = env.observation_space
        if max_pool and not isinstance(space, spaces.Box):
            raise UnfitError(
                "has no brighter one of two observations that are no images", "Leave Brighter of two empty."
            )
        is_image = isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3)
        self.skip = skip
        self.max_pool = is_image if max_pool is None else max_pool

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take the steps; the infos of all but the last are not seen."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        total, before = float(reward), None
        for _ in range(self.skip - 1):
            if terminated or truncated:
                break
            if self.max_pool:
                before = np.array(observation)  # the environment may draw into the same array again
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
        if before is not None:
            observation = np.maximum(before, observation)
        return observation, total, terminated, truncated, info


def episode_limit(env: gym.Env[Any, Any]) -> int | None:
    """Return after how many steps, taken from here, an episode is cut off at the latest; None when it is not."""
    limits: list[int] = []
    held = 1
    layer = env
    while isinstance(layer, gym.Wrapper):
        if isinstance(layer, FrameSkip):
            held *= layer.skip
        elif isinstance(layer, gym.wrappers.TimeLimit):
            limits.append(-(-int(layer._max_episode_steps) // held))
        layer = layer.env
    return min(limits, default=None)
