"""Gymnasium's own vector environments, as a Stable-Baselines3 VecEnv.

Stable-Baselines3 wants a finished copy to be reset within the step that ends it; Gymnasium's vector environments do
so (SAME_STEP), or reset it during the next step and ignore that step's action (NEXT_STEP), or leave it alone
(DISABLED). Passing a NEXT_STEP environment on as it is would train on steps whose action did nothing and whose
value was never terminal. So the first kind is taken as it is, the last is reset through its mask, and the second
is refused; `CartPoles` is Gymnasium's one environment of that kind made into the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from trainer.envs.native import NativeVecEnv
from trainer.envs.state import read_object, write_object


class GymVectorAdapter(NativeVecEnv):
    """Copies of an environment that Gymnasium steps in one call.

    :param env: a vector environment for which `obstacle` finds nothing
    :raises ValueError: `obstacle` found something
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        reason = obstacle(env)
        if reason is not None:
            raise ValueError(f"{type(env).__name__} cannot be trained on as it is: {reason}.")
        self._env = env
        self._resets_itself = env.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
        self._actions: NDArray[Any] | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    @property
    def vector_env(self) -> Any:
        """Gymnasium's vector environment."""
        return self._env

    def reset(self) -> NDArray[Any]:
        """Reset every copy, seeded by the last `seed` call if there was one since the last reset.

        :returns: observations, shape (copies, …)
        """
        observations, _ = self._env.reset(seed=self._seeds[0], options=self._options[0] or None)
        self._reset_seeds()
        self._reset_options()
        self._tracker.restart()
        return np.asarray(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`.

        :param actions: one for each copy
        :raises ValueError: a discrete action is not a whole number in range
        """
        self._actions = self.checked_actions(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Step every copy and reset those that finished.

        :returns: observations, rewards (float32), dones, infos
        """
        observations, raw, terminated, truncated, info = self._env.step(self._actions)
        self._tracker.add(raw)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        dones = terminated | truncated
        if dones.any():
            last = info["final_obs"] if self._resets_itself else observations
            for copy in np.flatnonzero(dones).tolist():
                infos[copy] = {
                    "TimeLimit.truncated": bool(truncated[copy] and not terminated[copy]),
                    "terminal_observation": np.array(last[copy], dtype=self.observation_space.dtype),
                    "episode": self._tracker.finish(copy),
                }
            if not self._resets_itself:
                observations, _ = self._env.reset(options={"reset_mask": dones})
        return observations, np.asarray(raw, dtype=np.float32), dones, infos

    def capture_state(self) -> dict[str, Any]:
        """Return where all copies stand."""
        tracker = {"returns": self._tracker.returns, "lengths": self._tracker.lengths}
        return {"environment": read_object(self._env), "episodes": tracker}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Put the copies where those that were captured stood."""
        write_object(self._env, state["environment"])
        self._tracker.returns[:] = state["episodes"]["returns"]
        self._tracker.lengths[:] = state["episodes"]["lengths"]

    def close(self) -> None:
        """Close Gymnasium's environment."""
        self._env.close()


def obstacle(env: VectorEnv[Any, Any, Any]) -> str | None:
    """Return why the adapter cannot drive a vector environment, or None when it can."""
    if not isinstance(env.single_observation_space, (spaces.Box, spaces.Discrete)):
        return f"its observations are {type(env.single_observation_space).__name__}, not arrays"
    if env.metadata.get("autoreset_mode") in (AutoresetMode.SAME_STEP, AutoresetMode.DISABLED):
        return None
    return "it resets a finished copy only during the next step"
