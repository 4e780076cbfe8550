"""Wrappers that change what the agent does.

Chance comes from a generator of the wrapper's own, seeded with the copy's first reset and kept by checkpoints: it
neither touches a global one nor disturbs the environment's.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainer.envs.wrappers.fitness import UnfitError, continuous_actions, per_entry

Array = NDArray[Any]
_DISCRETE = "Use Sticky actions, which takes actions of any kind."


class _Chance(gym.Wrapper[Any, Any, Any, Any]):
    """Base of wrappers that draw numbers."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._generator: np.random.Generator | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; a seed begins the numbers again."""
        if seed is not None:
            # Two wrappers of one copy must not draw the same numbers.
            self._generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(self._depth(),)))
        return self.env.reset(seed=seed, options=options)

    @property
    def generator(self) -> np.random.Generator:
        """The wrapper's own generator; one from the operating system's entropy where nobody gave a seed."""
        if self._generator is None:
            self._generator = np.random.default_rng()
        return self._generator

    def _depth(self) -> int:
        depth, layer = 1, self.env
        while isinstance(layer, gym.Wrapper):
            depth, layer = depth + 1, layer.env
        return depth


class ActionNoise(_Chance):
    """Adds Gaussian noise to continuous actions and cuts them off at their bounds.

    :param sigma: standard deviation, in the unit of the action
    :raises UnfitError: actions are of another kind
    """

    def __init__(self, env: gym.Env[Any, Any], sigma: float = 0.1) -> None:
        super().__init__(env)
        self._acting = continuous_actions(env.action_space, _DISCRETE)
        self.sigma = sigma

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step with a disturbed action."""
        space = self._acting
        noisy = np.asarray(action) + self.generator.normal(0.0, self.sigma, space.shape)
        return self.env.step(np.clip(noisy, space.low, space.high).astype(space.dtype))


class StickyAction(_Chance):
    """Takes the action before once more, with some probability at every step.

    :param repeat_action_probability: of repeating
    :param repeat_action_duration: steps that it then repeats for, or the fewest and the most to draw from
    :raises UnfitError: the fewest are more than the most
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        repeat_action_probability: float = 0.25,
        repeat_action_duration: int | tuple[int, int] = 1,
    ) -> None:
        super().__init__(env)
        self.probability = repeat_action_probability
        duration = repeat_action_duration
        self._fewest, self._most = (duration, duration) if isinstance(duration, int) else duration
        if self._fewest > self._most:
            raise UnfitError(f"cannot repeat for {self._fewest} to {self._most} steps", "Write the fewest first.")
        self._last: Any = None
        self._left = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, in which there is nothing yet to repeat."""
        self._last, self._left = None, 0
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step with the action given or the one before."""
        if self._last is not None:
            if self._left == 0 and self.generator.random() < self.probability:
                self._left = int(self.generator.integers(self._fewest, self._most + 1))
            if self._left > 0:
                self._left -= 1
                action = self._last
        # A copy: the action may lie in an array that its sender writes into again.
        self._last = np.array(action) if isinstance(action, np.ndarray) else action
        return self.env.step(action)


class ActionSmoothing(gym.Wrapper[Any, Any, Any, Any]):
    """Lets continuous actions follow the agent's choice as a moving average that begins at zero.

    :param smoothing: share of the action before in each new one
    :raises UnfitError: actions are of another kind
    """

    def __init__(self, env: gym.Env[Any, Any], smoothing: float = 0.5) -> None:
        super().__init__(env)
        space = continuous_actions(env.action_space, _DISCRETE)
        self.smoothing = smoothing
        self._smooth = np.zeros(space.shape, space.dtype)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode from rest."""
        self._smooth = np.zeros_like(self._smooth)
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step with the average."""
        mixed = self.smoothing * self._smooth + (1.0 - self.smoothing) * np.asarray(action)
        self._smooth = mixed.astype(self._smooth.dtype)
        return self.env.step(self._smooth.copy())


class ClipAction(gym.ActionWrapper[Any, Any, Any]):
    """Cuts continuous actions off at bounds, and offers the agent these bounds.

    Gymnasium's offers unlimited ones, which no algorithm here takes.

    :param min_action: a number, one for every action, or None for the environment's own
    :param max_action: likewise
    :raises UnfitError: actions are of another kind, or nothing lies between the bounds
    """

    def __init__(self, env: gym.Env[Any, Any], min_action: Any = None, max_action: Any = None) -> None:
        super().__init__(env)
        space = continuous_actions(env.action_space, "Remove it: such actions have nothing to cut off.")
        low = space.low if min_action is None else np.maximum(space.low, per_entry(space, min_action, "Lowest"))
        high = space.high if max_action is None else np.minimum(space.high, per_entry(space, max_action, "Highest"))
        if np.any(low >= high):
            raise UnfitError(
                "leaves no action between its bounds and the environment's", "Widen them, or leave them empty."
            )
        self._low, self._high = low, high
        self.action_space = spaces.Box(low, high, dtype=space.dtype.type)

    def action(self, action: Any) -> Array:
        """Return the action within the bounds."""
        clipped: Array = np.clip(action, self._low, self._high)
        return clipped


class RescaleAction(gym.wrappers.RescaleAction[Any, Any, Any]):
    """Gymnasium's, with a number or one for every action as bounds.

    :raises UnfitError: actions are of another kind or have no bounds
    """

    def __init__(self, env: gym.Env[Any, Any], min_action: Any = -1.0, max_action: Any = 1.0) -> None:
        space = continuous_actions(env.action_space, "Remove it: such actions have no range.")
        if not space.is_bounded():
            raise UnfitError("needs bounds, and some actions have none", "Put Clip actions with bounds before it.")
        low, high = per_entry(space, min_action, "Lowest"), per_entry(space, max_action, "Highest")
        if np.any(low >= high):
            raise UnfitError("needs Lowest below Highest", "Exchange them.")
        super().__init__(env, low, high)
