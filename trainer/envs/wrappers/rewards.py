"""Wrappers that change the rewards an agent learns from; what is reported is summed further in (`RawReturn`)."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym


class ScaleReward(gym.RewardWrapper[Any, Any]):
    """Multiplies rewards with a number."""

    def __init__(self, env: gym.Env[Any, Any], scale: float = 0.1) -> None:
        super().__init__(env)
        self.scale = scale

    def reward(self, reward: SupportsFloat) -> float:
        """Return the scaled reward."""
        return float(reward) * self.scale


class DelayedReward(gym.Wrapper[Any, Any, Any, Any]):
    """Collects rewards and pays them out every `delay` steps and when the episode ends; 0 in between."""

    def __init__(self, env: gym.Env[Any, Any], delay: int = 10) -> None:
        super().__init__(env)
        self.delay = delay
        self._owed = 0.0
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode that owes nothing."""
        self._owed, self._steps = 0.0, 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step and pay out what is due."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._owed += float(reward)
        self._steps += 1
        paid = 0.0
        if terminated or truncated or self._steps % self.delay == 0:
            paid, self._owed = self._owed, 0.0
        return observation, paid, terminated, truncated, info
