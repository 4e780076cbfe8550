"""Wrappers that change what the agent sees, where Gymnasium has none that would do.

What they keep between steps is plain data, so that a checkpoint can hold it (`trainer.envs.state`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainer.config.wrappers.observations import VELOCITIES
from trainer.envs.wrappers.fitness import UnfitError, box, continuous_actions, per_entry, vector
from trainer.envs.wrappers.pace import episode_limit

Array = NDArray[Any]
_PART = "observation"  # of a goal environment's dictionary, what is not a goal


class FrameStack(gym.ObservationWrapper[Any, Any, Any]):
    """Shows the last observations side by side along the last axis, oldest first, as `VecFrameStack` does.

    Images of height x width become height x width x frames, those with channels have frames times as many.

    :param repeat_first: fill the stack of a new episode with its first observation rather than zeros
    :raises UnfitError: observations are no arrays
    """

    def __init__(self, env: gym.Env[Any, Any], stack_size: int = 4, *, repeat_first: bool = False) -> None:
        super().__init__(env)
        is_dict = isinstance(env.observation_space, spaces.Dict)
        hint = "Set the field Frame stack, which stacks every part." if is_dict else "Put Flatten before it."
        inner = box(env.observation_space, hint)
        self.stack_size = stack_size
        self.repeat_first = repeat_first
        low, high = (self._wide(bound, stack_size) for bound in (inner.low, inner.high))
        self.observation_space = spaces.Box(low, high, dtype=inner.dtype.type)
        self._frames = np.zeros_like(low)
        self._is_first = True

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with an empty stack."""
        self._is_first = True
        return super().reset(seed=seed, options=options)

    def observation(self, observation: Any) -> Array:
        """Push an observation and return the stack."""
        newest = self._wide(np.asarray(observation), 1)
        if self._is_first:
            first = newest if self.repeat_first else np.zeros_like(newest)
            self._frames, self._is_first = self._wide(first, self.stack_size), False
        stack: Array = np.concatenate([self._frames[..., newest.shape[-1] :], newest], axis=-1)
        self._frames = stack
        return np.array(stack)

    @staticmethod
    def _wide(array: Array, times: int) -> Array:
        """Return an array repeated along its channels, or with such an axis where it is a flat image."""
        channels: Array = array[..., None] if array.ndim == 2 else array.reshape(1) if array.ndim == 0 else array
        wide: Array = np.concatenate([channels] * times, axis=-1)
        return wide


class MaskVelocity(gym.ObservationWrapper[Any, Any, Any]):
    """Shows velocities as 0.

    :param indices: entries to hide; None takes those that are known of the environment
    :raises UnfitError: none are known, or observations are no longer the environment's own
    """

    def __init__(self, env: gym.Env[Any, Any], indices: Sequence[int] | None = None) -> None:
        super().__init__(env)
        space = vector(env.observation_space, "Only single numbers can be velocities.")
        self.indices = list(indices) if indices is not None else self._known(env, space)
        if any(index >= space.shape[0] for index in self.indices):
            message = f"has no entry {max(self.indices)}: observations are {space.shape[0]} numbers"
            raise UnfitError(message, f"Count from 0 to {space.shape[0] - 1}.")

    @staticmethod
    def _known(env: gym.Env[Any, Any], space: spaces.Box) -> list[int]:
        name = env.unwrapped.spec.name if env.unwrapped.spec else ""
        if name not in VELOCITIES:
            hint = f"List them under Entries. They are known of {', '.join(VELOCITIES)}."
            raise UnfitError(f"does not know which numbers of {name or 'this environment'} are velocities", hint)
        if space.shape != env.unwrapped.observation_space.shape:
            raise UnfitError(
                "knows the observations of the environment only, not what other wrappers make of them",
                "Move it to the first place.",
                "first",
            )
        return list(VELOCITIES[name])

    def observation(self, observation: Any) -> Array:
        """Return a copy with zeros in place of velocities."""
        masked = np.array(observation)
        masked[self.indices] = 0
        return masked


class RescaleObservation(gym.wrappers.RescaleObservation[Any, Any, Any]):
    """Gymnasium's, with a number or one for every entry as bounds.

    :raises UnfitError: observations are no arrays or have no bounds
    """

    def __init__(self, env: gym.Env[Any, Any], min_obs: Any = -1.0, max_obs: Any = 1.0) -> None:
        space = box(env.observation_space, "Put Flatten before it.")
        if not space.is_bounded():
            raise UnfitError("needs bounds, and some observations have none", "Turn Normalise observations on instead.")
        if not np.issubdtype(space.dtype, np.floating):
            raise UnfitError(
                "works on numbers with a fraction, and these are whole ones",
                "Remove it: policies scale images and counts themselves.",
            )
        low, high = per_entry(space, min_obs, "Lowest"), per_entry(space, max_obs, "Highest")
        if np.any(low >= high):
            raise UnfitError("needs Lowest below Highest", "Exchange them.")
        super().__init__(env, low, high)


class _Added(gym.Wrapper[Any, Any, Any, Any]):
    """Base of wrappers that put numbers beside an observation: a vector, or the `observation` of a goal dictionary."""

    def __init__(self, env: gym.Env[Any, Any], hint: str) -> None:
        super().__init__(env)
        whole = env.observation_space
        self._in_part = isinstance(whole, spaces.Dict) and _PART in whole.spaces
        self._inner = vector(whole[_PART] if isinstance(whole, spaces.Dict) and self._in_part else whole, hint)

    def _give(self, low: Array, high: Array) -> None:
        wider = spaces.Box(low, high, dtype=self._inner.dtype.type)
        whole = self.env.observation_space
        self.observation_space = (
            spaces.Dict({**whole.spaces, _PART: wider}) if isinstance(whole, spaces.Dict) else wider
        )

    def _exchange(self, observation: Any) -> Any:
        if self._in_part:
            return {**observation, _PART: self._seen(np.asarray(observation[_PART]))}
        return self._seen(np.asarray(observation))

    def _seen(self, observation: Array) -> Array:
        raise NotImplementedError


class History(_Added):
    """Shows the last `horizon` observations and then as many last actions, each oldest first; zeros before the start.

    :raises UnfitError: observations are no vectors or actions not continuous
    """

    def __init__(self, env: gym.Env[Any, Any], horizon: int = 2) -> None:
        super().__init__(env, "For images use Frame stack.")
        acting = continuous_actions(env.action_space, "Use Frame stack, which shows observations alone.")
        self.horizon = horizon
        bounds = (
            np.concatenate([np.tile(seen, horizon), np.tile(done.ravel(), horizon)]).astype(self._inner.dtype)
            for seen, done in ((self._inner.low, acting.low), (self._inner.high, acting.high))
        )
        self._give(*bounds)
        self._observations = np.zeros(self._inner.shape[0] * horizon, self._inner.dtype)
        self._actions = np.zeros(int(np.prod(acting.shape)) * horizon, self._inner.dtype)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode without a past."""
        self._observations = np.zeros_like(self._observations)
        self._actions = np.zeros_like(self._actions)
        observation, info = self.env.reset(seed=seed, options=options)
        return self._exchange(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step and show what has been."""
        self._actions = self._pushed(self._actions, np.ravel(action))
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._exchange(observation), reward, terminated, truncated, info

    def _seen(self, observation: Array) -> Array:
        self._observations = self._pushed(self._observations, observation)
        return np.concatenate([self._observations, self._actions])

    @staticmethod
    def _pushed(past: Array, newest: Array) -> Array:
        return np.concatenate([past[newest.size :], newest]).astype(past.dtype)


class TimeFeature(_Added):
    """Appends the share of the episode that is left, from 1 down to 0.

    :param max_steps: steps of a whole episode; None takes the time limit
    :raises UnfitError: observations are no vectors, or there is no time limit
    """

    def __init__(self, env: gym.Env[Any, Any], max_steps: int | None = None) -> None:
        super().__init__(env, "Put Flatten before it.")
        limit = max_steps if max_steps is not None else episode_limit(env)
        if limit is None:
            raise UnfitError(
                "does not know how long an episode is: there is no time limit",
                "Give an episode length, or put Time limit before it.",
            )
        self.max_steps = limit
        low, high = np.append(self._inner.low, 0), np.append(self._inner.high, 1)
        self._give(low.astype(self._inner.dtype), high.astype(self._inner.dtype))
        self._steps = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with all of its time left."""
        self._steps = 0
        observation, info = self.env.reset(seed=seed, options=options)
        return self._exchange(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step and say what is left."""
        self._steps += 1
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._exchange(observation), reward, terminated, truncated, info

    def _seen(self, observation: Array) -> Array:
        left = max(0.0, 1.0 - self._steps / self.max_steps)
        return np.append(observation, np.asarray(left, dtype=observation.dtype))
