"""CrossQ (Bhatt et al. 2024): SB3-Contrib's update, from generators of the run's own.

Batch normalisation takes the place of target networks: both ends of a transition go through the critics in one batch,
so that they are normalised alike.
"""

from __future__ import annotations

from typing import Any

import sb3_contrib
import torch

from trainer import timing
from trainer.algorithms.fast.continuous import on_device
from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.soft import FastSoft, TorchSoft
from trainer.algorithms.fast.stepping import ClippedStep


class CrossQ(FastSoft, sb3_contrib.CrossQ):
    """CrossQ with its own collect and update."""

    kernel: TorchCrossQ

    def equip(self, core: Core) -> None:
        """Take the parts over."""
        super().equip(core)
        own_generator(self.actor, core.generators.torch)
        self.kernel = TorchCrossQ(self)


class TorchCrossQ(TorchSoft):
    """Batch-normalised networks; what they count is moved on where the parent class has it so, and nowhere else."""

    def __init__(self, model: CrossQ) -> None:
        self._model = model
        self._actor_step = ClippedStep(model.actor.optimizer)
        self._critic_step = ClippedStep(model.critic.optimizer)

    def learn(self, batch: Transitions) -> dict[str, torch.Tensor]:
        """Take a gradient step of the critics, and where it is due of temperature and actor."""
        model, clock = self._model, self._model.core.timing
        before, actions, rewards, after, followed = on_device(batch, model.device)
        if model.use_sde:
            model.actor.reset_noise()
        temperature = self._temperature()
        critic_loss = self.critic_loss(before, actions, rewards, after, followed, temperature)
        clock.lap(timing.FORWARD)
        self._critic_step.zero_grad()
        critic_loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._critic_step.step()
        clock.lap(timing.OPTIMISER)
        numbers = {"ent_coef": temperature.mean(), "critic_loss": critic_loss.detach()}
        if (model._n_updates + model.halfway.learnt + 1) % model.policy_delay == 0:
            numbers |= self._learn_policy(before, temperature)
        return numbers

    def critic_loss(
        self,
        before: Any,
        actions: torch.Tensor,
        rewards: torch.Tensor,
        after: Any,
        followed: torch.Tensor,
        temperature: torch.Tensor,
    ) -> torch.Tensor:
        """Return half the sum of the critics' mean squared errors."""
        model, size = self._model, len(rewards)
        with torch.no_grad():
            model.actor.set_bn_training_mode(False)
            next_actions, next_log_probs = model.actor.action_log_prob(after)
        model.critic.set_bn_training_mode(True)
        both = model.critic(torch.cat([before, after]), torch.cat([actions, next_actions]))
        model.critic.set_bn_training_mode(False)
        values = torch.cat(both, dim=1)
        with torch.no_grad():
            least = values[size:].min(dim=1, keepdim=True).values
            targets = rewards + followed * (least - temperature * next_log_probs.reshape(-1, 1))
        losses = [torch.nn.functional.mse_loss(each, targets[:, 0]) for each in values[:size].unbind(dim=1)]
        return 0.5 * torch.stack(losses).sum()

    def update_target(self, tau: float) -> None:
        """There is none."""

    def _temperature(self) -> torch.Tensor:
        model = self._model
        temperature: torch.Tensor = (
            model.ent_coef_tensor if model.log_ent_coef is None else model.log_ent_coef.detach().exp()
        )
        return temperature

    def _learn_policy(self, before: Any, temperature: torch.Tensor) -> dict[str, torch.Tensor]:
        """Move the actor with the temperature as it was, and the temperature; return what to log."""
        model, clock = self._model, self._model.core.timing
        model.actor.set_bn_training_mode(True)
        drawn, log_probs = model.actor.action_log_prob(before)
        model.actor.set_bn_training_mode(False)
        numbers, _ = self.learn_temperature(log_probs.detach())
        actor_loss = (temperature * log_probs.reshape(-1) - self.judgement(before, drawn)).mean()
        clock.lap(timing.FORWARD)
        self._actor_step.zero_grad()
        actor_loss.backward()
        clock.lap(timing.BACKWARD)
        self._actor_step.step()
        loss = {name: value for name, value in numbers.items() if name == "ent_coef_loss"}
        return {**loss, "actor_loss": actor_loss.detach()}
