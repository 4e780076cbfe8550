"""What DDPG, TD3 and SAC share: continuous actions, and critics that judge them.

Critics of small plain networks are evaluated together by hand (`Critics`); every other kind goes through autograd.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import FlattenExtractor

from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.off_policy import FastOffPolicy
from trainer.algorithms.fast.replay import Transitions


class FastContinuous(FastOffPolicy):
    """Chooses actions in [-1, 1], with noise where there is some, and scales them to the environment's bounds."""

    def _choose(self, learning_starts: int) -> tuple[NDArray[Any], NDArray[Any]]:
        warming_up = self.num_timesteps < learning_starts and not (self.use_sde and self.use_sde_at_warmup)
        if warming_up:
            drawn = np.array([self.action_space.sample() for _ in range(self.n_envs)])
            scaled = self.policy.scale_action(drawn)
        else:
            scaled = self._act(self._last_obs)
        if self.noise is not None:
            scaled = np.clip(scaled + self.noise.draw().reshape(scaled.shape), -1, 1)
        return self.policy.unscale_action(scaled), scaled

    def player(self) -> Callable[[Any], NDArray[Any]]:
        """Return what chooses the policy's actions without any noise."""
        self.set_mode(training=False)
        return lambda observation: self.policy.unscale_action(self.kernel.best(observation))

    @abstractmethod
    def _act(self, observation: Any) -> NDArray[Any]:
        """Return an action in [-1, 1] for every copy, (copies, …)."""


class Critics:
    """Online and target critics in an arena each, with the online ones' optimiser.

    :param online: one for which `supports` is true
    :param target: of the same shape
    """

    def __init__(self, online: ContinuousCritic, target: ContinuousCritic) -> None:
        self.arena, self.stack = _stacked(online)
        self._target_arena, self._target = _stacked(target)
        self._first = self.stack.only(0)
        self._optimizer = ArenaOptimizer(self.arena, online.optimizer)
        self._slots: dict[tuple[int, int], Floats] = {}

    @staticmethod
    def supports(critic: ContinuousCritic) -> bool:
        """Whether critics are small and plain enough for this."""
        return (
            is_plain(critic)
            and all(Perceptron.of(list(net)) is not None for net in critic.q_networks)  # type: ignore[call-overload]
            and ArenaOptimizer.supports(critic.optimizer)
        )

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return self.stack.is_large(batch)

    def least_target(self, observation: Floats, actions: Floats) -> Floats:
        """Return the least of the target critics' values, (batch,)."""
        least: Floats = self._target.forward(self._joined(observation, actions, 0))[:, :, 0].min(axis=0)
        return least

    def gradients(self, observation: Floats, actions: Floats, targets: Floats, weight: float) -> float:
        """Write the gradients of `weight` x the sum of the critics' mean squared errors; return that loss."""
        values = self.stack.forward(self._joined(observation, actions, 1))
        errors = values - targets[:, None]
        self.stack.backward(errors * np.float32(2.0 * weight / len(targets)))
        return weight * float(np.dot(errors.reshape(-1), errors.reshape(-1))) / len(targets)

    def step(self) -> None:
        """Move the critics along their gradients."""
        self._optimizer.step()

    def climb_first(self, observation: Floats, actions: Floats) -> tuple[Floats, Floats]:
        """Return the first critic's values, (batch,), and the gradient of their mean with respect to the actions."""
        values = self._first.forward(self._joined(observation, actions, 1))
        slopes = np.empty((1, *self._joined(observation, actions, 1).shape), dtype=np.float32)
        self._first.backward(np.full_like(values, 1.0 / len(actions)), parameters=False, inputs=slopes)
        return values[0, :, 0], slopes[0, :, observation.shape[1] :]

    def climb_least(self, observation: Floats, actions: Floats) -> tuple[Floats, Floats]:
        """Return the least critic's value of each row, and the gradient of their mean with respect to the actions."""
        values = self.stack.forward(self._joined(observation, actions, 1))
        least = values[:, :, 0].argmin(axis=0)
        rows = np.arange(len(actions))
        slopes = np.empty_like(actions)
        # A row's gradient goes through its least critic alone, so each critic is followed back for its own rows.
        for critic in range(self.stack.heads):
            own = np.flatnonzero(least == critic)
            upstream = np.full((len(own), 1), 1.0 / len(actions), dtype=np.float32)
            slopes[own] = self.stack.input_gradients(critic, own, upstream)[:, observation.shape[1] :]
        return values[least, rows, 0], slopes

    def update_target(self, tau: float) -> None:
        """Mix the online critics into the targets."""
        self._target_arena.tensor.lerp_(self.arena.tensor, tau)

    def _joined(self, observation: Floats, actions: Floats, slot: int) -> Floats:
        width = observation.shape[1] + actions.shape[1]
        key = (slot, len(actions))
        if key not in self._slots:
            self._slots[key] = np.empty((len(actions), width), dtype=np.float32)
        joined = self._slots[key]
        joined[:, : observation.shape[1]] = observation
        joined[:, observation.shape[1] :] = actions
        return joined


def is_plain(network: Any) -> bool:
    """Whether an actor or critic reads flat numbers on the processor."""
    space = network.observation_space
    return (
        network.device.type == "cpu"
        and isinstance(space, spaces.Box)
        and not is_image_space(space)
        and type(network.features_extractor) is FlattenExtractor
    )


def flat(observation: Any) -> Floats:
    """Return observations or actions as float32, (batch, numbers)."""
    array = np.asarray(observation, dtype=np.float32)
    return array.reshape(len(array), -1)


def on_device(batch: Transitions, device: torch.device) -> tuple[Any, torch.Tensor, torch.Tensor, Any, torch.Tensor]:
    """Return observations, actions, rewards, next observations and the weights of what follows, as tensors.

    Rewards and weights are (batch, 1); a weight is the discount, or 0 where the episode ended.
    """
    weights = (1 - batch.ends) * batch.discounts
    rewards, followed = (
        torch.from_numpy(part[:, None]).to(device, non_blocking=True) for part in (batch.rewards, weights)
    )
    return (
        observations.as_tensors(batch.observations, device),
        torch.from_numpy(batch.actions).to(device, non_blocking=True),
        rewards,
        observations.as_tensors(batch.next_observations, device),
        followed,
    )


def _stacked(critic: ContinuousCritic) -> tuple[Arena, Stack]:
    networks = [Perceptron.of(list(net)) for net in critic.q_networks]  # type: ignore[call-overload]
    plain = [network for network in networks if network is not None]
    arena = Arena.for_parameters([parameter for network in plain for parameter in network.parameters])
    return arena, Stack(plain, arena)
