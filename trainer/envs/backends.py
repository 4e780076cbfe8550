"""Stable-Baselines3's own vector environments, with our seeds, fewer copies and clearer failures."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn
from stable_baselines3.common.vec_env.util import dict_to_obs

from trainer.config.environment import EnvironmentConfig
from trainer.envs.custom.source import Source, take_in_for
from trainer.envs.seeding import copy_seeds, fresh_seed
from trainer.envs.single import make_single

MakeEnv = Callable[[], gym.Env[Any, Any]]


@dataclass(frozen=True)
class SingleFactory:
    """Makes one copy, here or in a fresh process: it carries the configuration only.

    :param environment: what to make
    :param render_mode: `rgb_array` or None
    :param sources: the user's files that have part in it, for a process that does not know them
    """

    environment: EnvironmentConfig
    render_mode: str | None = None
    sources: tuple[Source, ...] = ()

    def __call__(self) -> gym.Env[Any, Any]:
        """Make the copy."""
        if multiprocessing.parent_process() is not None:
            # Ctrl+C reaches the whole process group; it is the parent that decides when the workers end.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            take_in_for(self.environment.id, self.sources)
        return make_single(self.environment, self.render_mode)


class DummyEnvs(DummyVecEnv):
    """Copies stepped one after the other in this thread.

    Observations and infos are handed over without the deep copies that `DummyVecEnv` makes of them each step. Where
    the copies draw themselves, the info of a finished one has its last picture as `terminal_frame`.
    """

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seeds that the next reset uses; None draws one from the operating system."""
        self._seeds = list(copy_seeds(fresh_seed() if seed is None else seed, self.num_envs))
        return self._seeds

    def step_wait(self) -> VecEnvStepReturn:
        """Step every copy and reset those that finished."""
        infos: list[dict[str, Any]] = []
        for copy, env in enumerate(self.envs):
            observation, reward, terminated, truncated, info = env.step(self.actions[copy])
            self.buf_rews[copy] = float(reward)
            self.buf_dones[copy] = terminated or truncated
            info["TimeLimit.truncated"] = truncated and not terminated
            if terminated or truncated:
                info["terminal_observation"] = observation
                if self.render_mode == "rgb_array":
                    info["terminal_frame"] = env.render()
                observation, self.reset_infos[copy] = env.reset()
            self._save_obs(copy, observation)
            infos.append(info)
        return self._obs_from_buf(), self.buf_rews.copy(), self.buf_dones.copy(), infos

    def _obs_from_buf(self) -> VecEnvObs:
        return dict_to_obs(self.observation_space, {key: buffer.copy() for key, buffer in self.buf_obs.items()})


class SubprocessEnvs(SubprocVecEnv):
    """Copies in processes of their own, started without forking this one.

    :raises RuntimeError: from any call, when a worker process has died
    """

    def __init__(self, makers: list[MakeEnv]) -> None:
        if "forkserver" in multiprocessing.get_all_start_methods():
            # Workers then start from a process that has imported everything: 0.2 s for four rather than 7.
            multiprocessing.set_forkserver_preload(["__main__", __name__])
        with _worker_faults():
            super().__init__(makers)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seeds that the next reset uses; None draws one from the operating system."""
        self._seeds = list(copy_seeds(fresh_seed() if seed is None else seed, self.num_envs))
        return self._seeds

    def reset(self) -> VecEnvObs:
        """Reset every copy."""
        with _worker_faults():
            return super().reset()

    def step_async(self, actions: np.ndarray[Any, Any]) -> None:
        """Send one action to every worker."""
        with _worker_faults():
            super().step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Collect what every worker's step gave."""
        with _worker_faults():
            observations, rewards, dones, infos = super().step_wait()
        return observations, rewards.astype(np.float32), dones, list(infos)

    def close(self) -> None:
        """End the workers; those that have died already are no obstacle."""
        if self.closed:
            return
        try:
            super().close()
        except (EOFError, ConnectionError):
            self.closed = True
            for process in self.processes:
                process.terminate()
                process.join()
            for remote in self.remotes:
                remote.close()


class _worker_faults:  # noqa: N801 - reads as the statement it is
    """Turns a broken pipe into words about the worker at its other end."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (EOFError, ConnectionError)):
            raise RuntimeError(
                "A worker process of the environment died. Its own message is in the terminal that Palaestra runs "
                "in; the dummy backend shows the same error here."
            ) from error
