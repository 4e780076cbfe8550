"""What the adapters over native vector environments share.

A native environment steps all its copies in one call; the adapter speaks Stable-Baselines3's VecEnv. What always
holds: actions are checked before they are sent, seeds come from no global generator, an episode's raw return is in
`info["episode"]` when it ends (so the copies count as monitored), and an observation once returned is never
overwritten by a later step.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvStepReturn

from trainer.envs.episodes import EpisodeTracker
from trainer.envs.seeding import copy_seeds, fresh_seed


class NativeVecEnv(VecEnv):
    """A Stable-Baselines3 VecEnv over one object that steps every copy at once.

    :param copies: number of copies
    :param observation_space: of one copy
    :param action_space: of one copy
    """

    def __init__(self, copies: int, observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> None:
        super().__init__(copies, observation_space, action_space)
        self._tracker = EpisodeTracker(copies)

    @property
    @abstractmethod
    def vector_env(self) -> Any:
        """The native environment, whose attributes `get_attr` and `set_attr` reach."""

    @abstractmethod
    def capture_state(self) -> dict[str, Any]:
        """Return where all copies stand, as plain data.

        :raises UnreachableError: the native code keeps that to itself
        """

    @abstractmethod
    def restore_state(self, state: dict[str, Any]) -> None:
        """Put the copies where those that were captured stood."""

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seeds that the next reset uses, one for each copy.

        :param seed: None draws one from the operating system
        """
        seeds: list[int | None] = list(copy_seeds(fresh_seed() if seed is None else seed, self.num_envs))
        self._seeds = seeds
        return seeds

    def checked_actions(self, actions: Any) -> NDArray[Any]:
        """Return `actions` as an array that the native code can take.

        :param actions: one action for each copy
        :raises ValueError: wrong shape, not whole numbers, or out of range; native code would hang or crash on them
        """
        if not isinstance(self.action_space, spaces.Discrete):
            return np.asarray(actions, dtype=self.action_space.dtype).reshape(
                (self.num_envs, *(self.action_space.shape or ()))
            )
        chosen = np.asarray(actions)
        if chosen.dtype.kind not in "iu" or chosen.shape != (self.num_envs,):
            raise ValueError(
                f"Actions must be {self.num_envs} whole numbers, one for each copy; "
                f"given was an array of {chosen.dtype} with shape {chosen.shape}."
            )
        first = int(self.action_space.start)
        last = first + int(self.action_space.n) - 1
        if chosen.min() < first or chosen.max() > last:
            raise ValueError(f"Actions must lie between {first} and {last}; given were {chosen.tolist()}.")
        return chosen.astype(np.int64, copy=False)

    def step(self, actions: NDArray[Any]) -> VecEnvStepReturn:
        """Step every copy; see `step_wait`."""
        self.step_async(actions)
        return self.step_wait()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the native environment, once for each copy asked for."""
        if attr_name == "render_mode":
            return [None for _ in self._get_indices(indices)]
        return [getattr(self.vector_env, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the native environment, which all copies share.

        :raises ValueError: only some copies were named
        """
        if indices is not None and len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError("The copies of a native environment share their attributes: set it for all of them.")
        setattr(self.vector_env, attr_name, value)

    def env_method(self, method_name: str, *_args: Any, indices: VecEnvIndices = None, **_kwargs: Any) -> list[Any]:
        """Refuse: native copies have no methods of their own.

        :raises AttributeError: always
        """
        raise AttributeError(
            f"{type(self).__name__} has no method {method_name!r} for {'all' if indices is None else indices} copies; "
            "use the dummy or subprocess backend."
        )

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Say that the copies are monitored (their infos carry what `Monitor` puts there) and otherwise bare."""
        return [issubclass(wrapper_class, Monitor) for _ in self._get_indices(indices)]
