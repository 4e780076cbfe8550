"""Atari on ale-py's vector environment, as a Stable-Baselines3 VecEnv.

What always holds:

- Observations are (copies, stack, 84, 84) uint8, channel first, newest frame last.
- `info["episode"]` appears at game over and at truncation only, with the unclipped return; a lost life is `done`
  with `life_lost` in its info and the game goes on from the very same observation.
- Every `done` has a `terminal_observation`, and `TimeLimit.truncated` says whether its value may be bootstrapped.
- Stepping happens in ale-py's own threads, outside Python's interpreter lock.

Two things differ a little from Stable-Baselines3's wrappers: a reset presses FIRE for one frame and then waits 0 to
`noop_max - 1` frames, and after a lost life it is the agent's next action that becomes FIRE (with `fire_reset`)
rather than an extra hidden step.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from trainer.envs.atari_options import AtariOptions
from trainer.envs.native import NativeVecEnv
from trainer.envs.state import UnreachableError


class AtariVecEnv(NativeVecEnv):
    """Copies of one Atari game stepped by ale-py's thread pool.

    :param options: what the agent sees and when an episode ends
    :param copies: number of copies
    :param num_threads: emulator threads; None takes one a copy up to the number of cores
    :raises ValueError: the options need the single-game environment (`AtariOptions.native_obstacle`)
    """

    def __init__(self, options: AtariOptions, copies: int, *, num_threads: int | None = None) -> None:
        from ale_py.vector_env import AtariVectorEnv
        from gymnasium.vector import AutoresetMode

        if options.native_obstacle is not None:
            raise ValueError(f"ale-py's vector environment does not offer {options.native_obstacle}.")
        self.options = options
        self._skip = options.frames_per_step
        self._env: Any = AtariVectorEnv(
            options.game,
            copies,
            num_threads=num_threads or max(1, min(copies, os.cpu_count() or 1)),
            max_num_frames_per_episode=options.max_num_frames_per_episode,
            repeat_action_probability=options.repeat_action_probability,
            full_action_space=options.full_action_space,
            autoreset_mode=AutoresetMode.SAME_STEP,
            img_height=options.screen_size,
            img_width=options.screen_size,
            stack_num=options.frame_stack,
            frameskip=self._skip,
            maxpool=options.maxpool,
            noop_max=options.noop_max,
            # `episodic_life` would reset the whole game; this flag reports the life and plays on.
            life_loss_info=options.terminal_on_life_loss,
            reward_clipping=False,
            use_fire_reset=options.fire_reset,
        )
        super().__init__(copies, self._env.single_observation_space, self._env.single_action_space)
        self._fire = _fire_index(self._env) if options.fire_reset else None
        self._fire_due = np.zeros(copies, dtype=np.bool_)
        self._lives = np.zeros(copies, dtype=np.int32)
        self._frames = np.zeros(copies, dtype=np.int32)
        self._stepping = False

    @property
    def vector_env(self) -> Any:
        """ale-py's vector environment."""
        return self._env

    def reset(self) -> NDArray[np.uint8]:
        """Reset every game, with the seeds of the last `seed` call if there was one since the last reset.

        :returns: observations, shape (copies, stack, size, size)
        """
        self._drain()
        seeds = np.array([-1 if seed is None else seed for seed in self._seeds], dtype=np.int64)
        observations, info = self._env.reset(seed=seeds)
        self._reset_seeds()
        self._reset_options()
        self._tracker.restart()
        self._fire_due[:] = False
        self._lives, self._frames = info["lives"], info["episode_frame_number"]
        return np.asarray(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Hand the actions to the emulator threads.

        :param actions: whole numbers, shape (copies,)
        :raises ValueError: they are not, or out of range: ale-py would wait for ever
        """
        chosen = self.checked_actions(actions)
        if self._fire is not None and self._fire_due.any():
            chosen = np.where(self._fire_due, self._fire, chosen)
        self._env.send(chosen)
        self._stepping = True

    def step_wait(self) -> VecEnvStepReturn:
        """Return observations, rewards (float32), dones and infos of the step in progress."""
        observations, raw, terminated, truncated, info = self._env.recv()
        self._stepping = False
        lives, frames = info["lives"], info["episode_frame_number"]
        self._tracker.add(raw)
        self._fire_due = lives < self._lives
        infos: list[dict[str, Any]] = [{"lives": count} for count in lives.tolist()]
        dones = terminated | truncated
        if dones.any():
            for copy in np.flatnonzero(dones).tolist():
                self._end(copy, infos[copy], observations, info, (bool(terminated[copy]), bool(truncated[copy])))
        self._lives, self._frames = lives, frames
        rewards = np.sign(raw) if self.options.clip_reward else raw
        return observations, rewards.astype(np.float32), dones, infos

    def capture_state(self) -> dict[str, Any]:
        """Refuse.

        :raises UnreachableError: always
        """
        raise UnreachableError("ale-py's vector environment keeps the state of its games to itself")

    def restore_state(self, state: dict[str, Any]) -> None:
        """Refuse, as there is no such state.

        :raises ValueError: always
        """
        raise ValueError(f"an Atari game cannot be put where {len(state)} captured parts say")

    def close(self) -> None:
        """Wait for a step in progress and stop the emulator threads."""
        self._drain()
        self._env = None

    def _drain(self) -> None:
        """Finish a step that was sent and not awaited; the emulators accept nothing before that."""
        if self._stepping:
            self._env.recv()
            self._stepping = False

    def _end(
        self,
        copy: int,
        report: dict[str, Any],
        observations: NDArray[np.uint8],
        info: dict[str, NDArray[Any]],
        flags: tuple[bool, bool],
    ) -> None:
        """Complete the info of a copy that is done: a lost life, a game over, or a game cut by the frame limit."""
        terminated, truncated = flags
        lives = int(info["lives"][copy])
        limit_reached = bool(self._tracker.lengths[copy] * self._skip >= self.options.max_num_frames_per_episode)
        # A game that goes on has one life less and exactly one skip more; a reset sets both counts back.
        goes_on = (
            info["episode_frame_number"][copy] == self._frames[copy] + self._skip and 0 < lives < self._lives[copy]
        )
        if self.options.terminal_on_life_loss and goes_on and not limit_reached:
            report["life_lost"] = True
            report["TimeLimit.truncated"] = False
            report["terminal_observation"] = observations[copy].copy()
            return
        # ale-py calls it terminated when the limit falls on the frame that costs a life which is not the last.
        cut = truncated or bool(limit_reached and terminated and self._lives[copy] > 1)
        report["lives"] = int(self._lives[copy]) if cut else 0
        report["TimeLimit.truncated"] = cut
        report["terminal_observation"] = info["final_obs"][copy].copy()
        report["episode"] = self._tracker.finish(copy)
        self._fire_due[copy] = False


def _fire_index(env: Any) -> int | None:
    """Return which action is FIRE, or None where the game has no such button."""
    names = [action.name for action in env.ale.get_action_set()]
    return names.index("FIRE") if "FIRE" in names else None
