"""EnvPool's C++ environments as a Stable-Baselines3 VecEnv: the backend `envpool`, for whoever has installed it.

EnvPool has environments of its own under the names of Gymnasium's; it is large and there is no wheel of it for every
system, so nothing here needs it until it is asked for. A finished copy is reset within the step that ends it, by hand:
left alone, EnvPool would reset it during the next step and throw that step's action away. Atari games are shown and
counted as `atari.py` shows and counts them: a lost life is an end for the algorithm alone, rewards are clipped for it
alone. What the two do differently while a game begins (no-ops, FIRE) is EnvPool's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from trainer.config.environment import EnvironmentConfig
from trainer.envs.atari_options import AtariOptions
from trainer.envs.native import NativeVecEnv
from trainer.envs.state import UnreachableError

_LARGEST_SEED = 2**31 - 1


class PoolVecEnv(NativeVecEnv):
    """Copies of one environment stepped by EnvPool's threads.

    :param task: EnvPool's name of it
    :param options: further arguments of `envpool.make`
    :param copies: number of copies
    :param observation_space: of one copy, as Gymnasium has it
    :param action_space: of one copy, as Gymnasium has it
    :param game: how an Atari game is presented; None for what is none
    :param fire: which of its actions is FIRE; None where it has no such button
    :param num_threads: EnvPool's; None takes one a copy up to the number of cores
    :raises ValueError: EnvPool shows something else under that name, or refuses an argument
    """

    def __init__(
        self,
        task: str,
        options: Mapping[str, Any],
        copies: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        *,
        game: AtariOptions | None = None,
        fire: int | None = None,
        num_threads: int | None = None,
    ) -> None:
        self._task = task
        self._arguments = {**options, "num_threads": num_threads or max(1, min(copies, os.cpu_count() or 1))}
        self._game = game
        self._env: Any = _make(task, copies, self._arguments)
        theirs = self._env.observation_space
        if theirs.shape != observation_space.shape or type(theirs) is not type(observation_space):
            raise ValueError(f"EnvPool's {task} shows {theirs}, Gymnasium's {observation_space}")
        self._action_type: np.dtype[Any] = np.dtype(np.int32)
        if isinstance(action_space, spaces.Box):
            self._action_type = np.dtype(self._env.action_space.dtype)
        self._actions: NDArray[Any] | None = None
        self._fire = fire if game is not None and game.fire_reset else None
        self._fire_due = np.zeros(copies, dtype=np.bool_)
        self._lives = np.zeros(copies, dtype=np.int32)
        super().__init__(copies, observation_space, action_space)

    @property
    def vector_env(self) -> Any:
        """EnvPool's environment."""
        return self._env

    def reset(self) -> NDArray[Any]:
        """Reset every copy, with the seeds of the last `seed` call if there was one since the last reset.

        :returns: observations, shape (copies, …)
        """
        if any(seed is not None for seed in self._seeds):
            # EnvPool takes seeds only when it is made.
            seeds = [int(seed or 0) & _LARGEST_SEED for seed in self._seeds]
            self._env = _make(self._task, self.num_envs, {**self._arguments, "env_seed": seeds})
        observations, info = self._env.reset()
        self._reset_seeds()
        self._reset_options()
        self._tracker.restart()
        self._fire_due[:] = False
        self._lives = _lives(info, self.num_envs)
        return self._as_ours(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`.

        :param actions: one for each copy
        :raises ValueError: a discrete action is not a whole number in range
        """
        chosen = self.checked_actions(actions)
        if isinstance(self.action_space, spaces.Discrete):
            chosen = chosen - int(self.action_space.start)
        if self._fire is not None and self._fire_due.any():
            chosen = np.where(self._fire_due, self._fire, chosen)
        self._actions = np.ascontiguousarray(chosen, dtype=self._action_type)

    def step_wait(self) -> VecEnvStepReturn:
        """Step every copy and reset those that finished.

        :returns: observations, rewards (float32), dones, infos
        """
        observations, raw, terminated, truncated, info = self._env.step(self._actions)
        observations = self._as_ours(observations)
        self._tracker.add(raw)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        over = terminated | truncated
        dones = over.copy()
        lives = _lives(info, self.num_envs)
        if self._game is not None:
            lost = (lives < self._lives) & ~over
            self._fire_due = lost
            if self._game.terminal_on_life_loss:
                dones |= lost
        for copy in np.flatnonzero(dones).tolist():
            infos[copy] = self._ending(copy, observations, over=bool(over[copy]), cut=bool(truncated[copy]))
        if over.any():
            lives = self._begin_anew(np.flatnonzero(over).astype(np.int32), observations, lives)
        if self._game is not None:
            for copy, count in enumerate(lives.tolist()):
                infos[copy].setdefault("lives", count)
        self._lives = lives
        clipped = self._game is not None and self._game.clip_reward
        return observations, np.asarray(np.sign(raw) if clipped else raw, dtype=np.float32), dones, infos

    def capture_state(self) -> dict[str, Any]:
        """Refuse.

        :raises UnreachableError: always
        """
        raise UnreachableError("EnvPool keeps the state of its copies to itself")

    def restore_state(self, state: dict[str, Any]) -> None:
        """Refuse, as there is no such state.

        :raises ValueError: always
        """
        raise ValueError(f"EnvPool's copies cannot be put where {len(state)} captured parts say")

    def close(self) -> None:
        """Let EnvPool's threads end."""
        self._env = None

    def _as_ours(self, observations: NDArray[Any]) -> NDArray[Any]:
        # A copy: EnvPool may write into what it has given, and a step's observation is kept for longer than that.
        ours: NDArray[Any] = np.array(observations, dtype=self.observation_space.dtype)
        return ours

    def _ending(self, copy: int, observations: NDArray[Any], *, over: bool, cut: bool) -> dict[str, Any]:
        ending: dict[str, Any] = {
            "TimeLimit.truncated": over and cut,
            "terminal_observation": np.array(observations[copy]),
        }
        if not over:
            return {**ending, "life_lost": True}
        ended: dict[str, Any] = {**ending, "episode": self._tracker.finish(copy)}
        return ended if self._game is None else {**ended, "lives": int(self._lives[copy]) if cut else 0}

    def _begin_anew(self, ids: NDArray[np.int32], observations: NDArray[Any], lives: NDArray[Any]) -> NDArray[Any]:
        first, info = self._env.reset(ids)
        # They come back in the order in which they were ready.
        order = np.asarray(info["env_id"])
        observations[order] = first
        self._fire_due[order] = False
        after: NDArray[Any] = lives.copy()
        after[order] = _lives(info, len(order))
        return after


def options_for(environment: EnvironmentConfig, game: AtariOptions | None) -> dict[str, Any]:
    """Return the arguments of `envpool.make` for an environment."""
    if game is None:
        limit = environment.max_episode_steps
        return {**environment.kwargs, **({} if limit is None else {"max_episode_steps": limit})}
    skip = game.frames_per_step
    return {
        "stack_num": game.frame_stack,
        "frame_skip": skip,
        "max_episode_steps": max(1, game.max_num_frames_per_episode // skip),
        # Its number counts the one that FIRE takes the place of, and 0 would be none to draw from.
        "noop_max": max(1, game.noop_max),
        "use_fire_reset": game.fire_reset,
        "repeat_action_probability": game.repeat_action_probability,
        "full_action_space": game.full_action_space,
        "img_height": game.screen_size,
        "img_width": game.screen_size,
        "mode": -1 if game.mode is None else game.mode,
        "difficulty": -1 if game.difficulty is None else game.difficulty,
        "episodic_life": False,
        "reward_clip": False,
    }


def _make(task: str, copies: int, options: Mapping[str, Any]) -> Any:
    import envpool

    return envpool.make(task, env_type="gymnasium", num_envs=copies, **options)


def _lives(info: Mapping[str, Any], copies: int) -> NDArray[Any]:
    return np.array(info["lives"]) if "lives" in info else np.zeros(copies, dtype=np.int32)
