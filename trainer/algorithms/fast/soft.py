"""What SAC, TQC and CrossQ share: how an update goes, and the networks of any kind that it moves."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from stable_baselines3.common.utils import polyak_update

from trainer import timing
from trainer.algorithms.fast import observations
from trainer.algorithms.fast.continuous import FastContinuous, on_device
from trainer.algorithms.fast.core import mean
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.stepping import ClippedStep


class FastSoft(FastContinuous):
    """A stochastic actor that is paid for its entropy; `kernel` acts and learns."""

    actor: Any
    critic: Any
    ent_coef_optimizer: Any
    # CrossQ has no target networks, and no such setting.
    target_update_interval = 1

    def train(self, gradient_steps: int, batch_size: int = 64) -> None:
        """Take gradient steps on minibatches from the replay buffer, or what is left of them, then log."""
        clock, logger, halfway = self.core.timing, self.logger, self.halfway
        self.set_mode(training=True)
        optimizers = [self.actor.optimizer, self.critic.optimizer]
        if self.ent_coef_optimizer is not None:
            optimizers.append(self.ent_coef_optimizer)
        self._update_learning_rate(optimizers)
        clock.start()
        numbers: list[dict[str, Any]] = halfway.statistics
        for step in range(halfway.learnt, gradient_steps):
            batch = self.buffer.sample(batch_size, self._vec_normalize_env)
            clock.lap(timing.SAMPLE)
            numbers.append(self.kernel.learn(batch))
            if step % self.target_update_interval == 0:
                self.kernel.update_target(self.tau)
            halfway.learnt = step + 1
            clock.lap(timing.OPTIMISER)
            self.core.hold_point()
        self._n_updates += gradient_steps
        logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        for name in dict.fromkeys(name for row in numbers for name in row):
            logger.record(f"train/{name}", mean([row[name] for row in numbers if name in row]))
        clock.lap(timing.LOGGING)

    def _act(self, observation: Any) -> NDArray[Any]:
        actions: NDArray[Any] = self.kernel.act(observation)
        return actions


class TorchSoft:
    """Any networks by autograd, as SAC moves them.

    :param model: with an actor, critics and their targets
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._actor_step = ClippedStep(model.actor.optimizer)
        self._critic_step = ClippedStep(model.critic.optimizer)
        self._critic_parameters: list[torch.Tensor] = list(model.critic.parameters())
        self._target_parameters: list[torch.Tensor] = list(model.critic_target.parameters())

    def act(self, observation: Any) -> NDArray[Any]:
        """Draw actions, (copies, …)."""
        return self._play(observation, deterministic=False)

    def best(self, observation: Any) -> NDArray[Any]:
        """Return the actions in the middle, (copies, …)."""
        return self._play(observation, deterministic=True)

    def _play(self, observation: Any, *, deterministic: bool) -> NDArray[Any]:
        with torch.no_grad():
            seen = observations.as_tensors(observation, self._model.device)
            actions = self._model.actor(seen, deterministic)
        chosen: NDArray[Any] = actions.cpu().numpy()
        return chosen.reshape(-1, *(self._model.action_space.shape or ()))

    def learn(self, batch: Transitions) -> dict[str, torch.Tensor]:
        """Take a gradient step of temperature, critics and actor; return what there is to log, on the device."""
        model, clock = self._model, self._model.core.timing
        before, actions, rewards, after, followed = on_device(batch, model.device)
        if model.use_sde:
            model.actor.reset_noise()
        drawn, log_probs = model.actor.action_log_prob(before)
        numbers, temperature = self.learn_temperature(log_probs.detach())
        critic_loss = self.critic_loss(before, actions, rewards, after, followed, temperature)
        clock.lap(timing.FORWARD)
        self._critic_step.zero_grad()
        critic_loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._critic_step.step()
        clock.lap(timing.OPTIMISER)
        actor_loss = (temperature * log_probs.reshape(-1) - self.judgement(before, drawn)).mean()
        clock.lap(timing.FORWARD)
        self._actor_step.zero_grad()
        actor_loss.backward()
        clock.lap(timing.BACKWARD)
        self._actor_step.step()
        return {**numbers, "critic_loss": critic_loss.detach(), "actor_loss": actor_loss.detach()}

    def critic_loss(
        self,
        before: Any,
        actions: torch.Tensor,
        rewards: torch.Tensor,
        after: Any,
        followed: torch.Tensor,
        temperature: torch.Tensor,
    ) -> torch.Tensor:
        """Return what the critics are to make small.

        :param rewards: (batch, 1)
        :param followed: what the value of `after` is weighted with, (batch, 1)
        """
        model = self._model
        with torch.no_grad():
            next_actions, next_log_probs = model.actor.action_log_prob(after)
            least = torch.cat(model.critic_target(after, next_actions), dim=1).amin(dim=1, keepdim=True)
            targets = rewards + followed * (least - temperature * next_log_probs.reshape(-1, 1))
        losses = [torch.nn.functional.mse_loss(values, targets) for values in model.critic(before, actions)]
        return 0.5 * torch.stack(losses).sum()

    def judgement(self, before: Any, actions: torch.Tensor) -> torch.Tensor:
        """Return the value of actions that the actor is to make large, (batch,)."""
        # Not `amin`, which would share a gradient among critics that agree.
        return torch.cat(self._model.critic(before, actions), dim=1).min(dim=1).values

    def update_target(self, tau: float) -> None:
        """Mix the online critics into the targets, and copy what batch normalisation has counted."""
        with torch.no_grad():
            torch._foreach_lerp_(self._target_parameters, self._critic_parameters, tau)
        polyak_update(self._model.batch_norm_stats, self._model.batch_norm_stats_target, 1.0)

    def learn_temperature(self, log_probs: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Move the entropy coefficient towards its target; return what to log and the coefficient before."""
        model = self._model
        if model.ent_coef_optimizer is None or model.log_ent_coef is None:
            return {"ent_coef": model.ent_coef_tensor}, model.ent_coef_tensor
        temperature = model.log_ent_coef.detach().exp()
        loss = -(model.log_ent_coef * (log_probs + float(model.target_entropy))).mean()
        model.ent_coef_optimizer.zero_grad()
        loss.backward()
        model.ent_coef_optimizer.step()
        return {"ent_coef": temperature.mean(), "ent_coef_loss": loss.detach()}, temperature
