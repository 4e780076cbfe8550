"""The rollout that PPO and A2C learn from: made once, written in place, advantages in a few passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import get_action_dim

from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Floats

_COLUMNS = ("actions", "rewards", "values", "log_probs", "advantages", "returns", "goes_on")


class Rollout:
    """`n_steps` steps of `n_envs` copies; every array is (n_steps, n_envs, …).

    :param gae_lambda: of the generalised advantage estimator (Schulman et al. 2016)
    :param pinned: keep observations in page-locked memory, for a GPU
    """

    def __init__(
        self,
        n_steps: int,
        n_envs: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        gamma: float,
        gae_lambda: float,
        *,
        pinned: bool = False,
    ) -> None:
        shape = (n_steps, n_envs)
        self.shape = shape
        self.size = n_steps * n_envs
        self.gamma = gamma
        self.gae_lambda = gae_lambda
        self.observations = observations.allocate(observation_space, *shape, pinned=pinned)
        # A Bernoulli distribution judges numbers like its own probabilities.
        dtype = np.float32 if isinstance(action_space, spaces.MultiBinary) else action_space.dtype
        self.actions: NDArray[Any] = np.zeros((*shape, get_action_dim(action_space)), dtype=dtype)
        self.rewards: Floats = np.zeros(shape, dtype=np.float32)
        self.values: Floats = np.zeros(shape, dtype=np.float32)
        self.log_probs: Floats = np.zeros(shape, dtype=np.float32)
        self.advantages: Floats = np.zeros(shape, dtype=np.float32)
        self.returns: Floats = np.zeros(shape, dtype=np.float32)
        self.goes_on: Floats = np.ones(shape, dtype=np.float32)
        self.flat_observations = observations.flattened(self.observations)
        self.flat_actions = self.actions.reshape(self.size, -1)

    def add(self, step: int, observation: Any, action: Any, reward: Any, value: Any, log_prob: Any, done: Any) -> None:
        """Write one step of every copy.

        :param done: whether the step ended the copy's episode
        """
        observations.store(self.observations, step, observation)
        self.actions[step] = action.reshape(self.actions[step].shape)
        self.rewards[step] = reward
        self.values[step] = value
        self.log_probs[step] = log_prob
        np.logical_not(done, out=self.goes_on[step], casting="unsafe")

    def state(self, rows: int) -> dict[str, Any]:
        """Return the first `rows` steps, as plain data."""
        named = observations.take(self.observations, slice(rows))
        return {"observations": named, **{name: getattr(self, name)[:rows] for name in _COLUMNS}}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back steps that `state` returned."""
        rows = slice(len(state["rewards"]))
        observations.store(self.observations, rows, state["observations"])
        for name in _COLUMNS:
            getattr(self, name)[rows] = state[name]

    def break_off(self, step: int, following: Floats) -> None:
        """Let every episode end with `step`, of which the values that follow it are known: (n_envs,)."""
        self.rewards[step] += np.float32(self.gamma) * self.goes_on[step] * following
        self.goes_on[step] = 0.0

    def finish(self, last_values: Floats) -> None:
        """Compute advantages and returns.

        :param last_values: of the observations after the last step, (n_envs,)
        """
        gamma, advantages, values = np.float32(self.gamma), self.advantages, self.values
        # advantage_t = delta_t + gamma * lambda * goes_on_t * advantage_{t+1}
        advantages[:-1] = values[1:]
        advantages[-1] = last_values
        advantages *= gamma
        advantages *= self.goes_on
        advantages += self.rewards
        advantages -= values
        decay = self.goes_on * np.float32(self.gamma * self.gae_lambda)
        for step in range(self.shape[0] - 2, -1, -1):
            advantages[step] += decay[step] * advantages[step + 1]
        np.add(advantages, values, out=self.returns)

    def explained_variance(self) -> float:
        """Return how much of the returns' variance the values explain: 1 all, 0 none, below 0 worse than none."""
        variance = float(np.var(self.returns))
        return float("nan") if variance == 0 else 1.0 - float(np.var(self.returns - self.values)) / variance

    def tensors(self, device: torch.device) -> dict[str, torch.Tensor]:
        """Return all but the observations, flattened, on a device; on the processor they share the memory."""
        flat = {"values": self.values, "log_probs": self.log_probs, "advantages": self.advantages}
        flat["returns"] = self.returns
        moved = {
            name: torch.from_numpy(array.reshape(-1)).to(device, non_blocking=True) for name, array in flat.items()
        }
        moved["actions"] = torch.from_numpy(self.flat_actions).to(device, non_blocking=True)
        return moved
