"""Advantage actor-critic (Mnih et al. 2016): one gradient step on each short rollout."""

from __future__ import annotations

from typing import Any

import numpy as np
import stable_baselines3
import torch

from trainer import timing
from trainer.algorithms.fast.actor_critic import PerceptronActorCritic, TorchActorCritic
from trainer.algorithms.fast.on_policy import FastOnPolicy


class A2C(FastOnPolicy, stable_baselines3.A2C):
    """A2C with its own collect and update."""

    @property
    def rows_at_once(self) -> int:
        """A rollout is learnt from in one piece."""
        return self.n_steps * self.n_envs

    def train(self) -> None:
        """Take one gradient step on what was collected, then log."""
        self.set_mode(training=True)
        self._update_learning_rate(self.policy.optimizer)
        self.core.timing.start()
        if isinstance(self.kernel, PerceptronActorCritic):
            losses = self._train_perceptrons(self.kernel)
        else:
            losses = self._train_torch(self.kernel)
        self.core.timing.lap(timing.OPTIMISER)
        self._n_updates += 1
        logger = self.logger
        logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        logger.record("train/explained_variance", self.buffer.explained_variance())
        for name, loss in zip(("policy_loss", "value_loss", "entropy_loss"), losses, strict=True):
            logger.record(f"train/{name}", loss)
        if hasattr(self.policy, "log_std"):
            logger.record("train/std", self.policy.log_std.exp().mean().item())
        self.core.timing.lap(timing.LOGGING)

    def _train_perceptrons(self, kernel: PerceptronActorCritic) -> list[float]:
        buffer, clock = self.buffer, self.core.timing
        observations: Any = buffer.flat_observations
        values, log_probs, entropies = kernel.evaluate(observations, buffer.flat_actions)
        count = np.float32(len(values))
        advantages = buffer.advantages.reshape(-1)
        if self.normalize_advantage:
            advantages = (advantages - advantages.mean()) / (advantages.std(ddof=1) + np.float32(1e-8))
        errors = values - buffer.returns.reshape(-1)
        losses = [
            -float(np.dot(advantages, log_probs) / count),
            float(np.dot(errors, errors) / count),
            -float(entropies.mean()),
        ]
        clock.lap(timing.FORWARD)
        kernel.backward(
            errors * np.float32(2.0 * self.vf_coef / len(values)), advantages / -count, -self.ent_coef / len(values)
        )
        clock.lap(timing.BACKWARD)
        kernel.arena.clip_gradients(self.max_grad_norm)
        kernel.optimizer.step()
        return losses

    def _train_torch(self, kernel: TorchActorCritic) -> list[float]:
        clock = self.core.timing
        data: dict[str, Any] = dict(
            self.buffer.tensors(self.device), observations=kernel.arrange(self.buffer.flat_observations)
        )
        actions = data["actions"]
        if actions.shape[-1] == 1 and not self.action_space.shape:
            actions = actions.long().flatten()
        values, log_probs, entropies = kernel.evaluate(data["observations"], actions)
        advantages = data["advantages"]
        if self.normalize_advantage:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        policy_loss = -(advantages * log_probs).mean()
        value_loss = torch.nn.functional.mse_loss(data["returns"], values)
        entropy_loss = -(entropies.mean() if entropies is not None else -log_probs.mean())
        loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss
        clock.lap(timing.FORWARD)
        self.updater.zero_grad()
        loss.backward()
        clock.lap(timing.BACKWARD)
        self.updater.step()
        losses: list[float] = torch.stack([policy_loss, value_loss, entropy_loss]).tolist()
        return losses
