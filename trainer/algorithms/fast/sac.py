"""Soft actor-critic (Haarnoja et al. 2018): Stable-Baselines3's update, arranged for speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import stable_baselines3
import torch
from numpy.typing import NDArray
from stable_baselines3.common.utils import polyak_update
from stable_baselines3.sac.policies import LOG_STD_MAX, LOG_STD_MIN

from trainer import timing
from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.continuous import Critics, FastContinuous, flat, is_plain, on_device
from trainer.algorithms.fast.core import Core, mean
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.stepping import ClippedStep

_SQUASH_EPSILON = np.float32(1e-6)  # as in stable_baselines3.common.distributions.SquashedDiagGaussianDistribution
_GAUSSIAN_OFFSET = np.float32(0.5 * math.log(2 * math.pi))


class SAC(FastContinuous, stable_baselines3.SAC):
    """SAC with its own collect and update."""

    kernel: _PerceptronSAC | _TorchSAC

    def equip(self, core: Core) -> None:
        """Take the parts over and choose how the networks are calculated."""
        super().equip(core)
        own_generator(self.actor, core.generators.torch)
        self.kernel = _PerceptronSAC(self) if _PerceptronSAC.supports(self) else _TorchSAC(self)

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
        return self.kernel.act(observation)


@dataclass(frozen=True)
class _Sampled:
    """Actions drawn from the policy, with all that their gradient needs; each (batch, actions)."""

    actions: Floats
    noise: Floats
    std: Floats
    inside: NDArray[np.bool_]
    log_probs: Floats


class _PerceptronActor:
    """The squashed Gaussian policy by hand: a trunk, and one layer each for mean and log deviation."""

    def __init__(self, actor: Any, generator: np.random.Generator) -> None:
        trunk, heads = _actor_parts(actor)
        self.arena = Arena.for_parameters(list(actor.parameters()))
        self._trunk, self._heads = Stack([trunk], self.arena), Stack(heads, self.arena)
        self._optimizer = ArenaOptimizer(self.arena, actor.optimizer)
        self._generator = generator
        self._latent_gradients: dict[int, Floats] = {}

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return self._trunk.is_large(batch)

    def sample(self, observation: Floats) -> _Sampled:
        """Draw an action for every row."""
        means, log_stds = self._heads.forward(self._trunk.forward(observation))
        bounded = np.clip(log_stds, LOG_STD_MIN, LOG_STD_MAX)
        std = np.exp(bounded)
        noise = self._generator.standard_normal(means.shape, dtype=np.float32)
        actions = np.tanh(means + std * noise)
        each = noise * noise
        each *= np.float32(-0.5)
        each -= bounded
        each -= _GAUSSIAN_OFFSET
        each -= np.log(1 - actions * actions + _SQUASH_EPSILON)
        return _Sampled(actions, noise, std, bounded == log_stds, each.sum(axis=1))

    def best(self, observation: Floats) -> Floats:
        """Return the middle of every row's distribution."""
        actions: Floats = np.tanh(self._heads.forward(self._trunk.forward(observation))[0])
        return actions

    def step(self, sampled: _Sampled, slopes: Floats, entropy_weight: float) -> None:
        """Move the actor so that its actions go up `slopes` and their log-probabilities down.

        :param sampled: of the last `sample`
        :param slopes: gradient of the mean value with respect to the actions
        :param entropy_weight: weight of the mean log-probability in the loss
        """
        share = np.float32(entropy_weight / len(slopes))
        squared = sampled.actions * sampled.actions
        slack = 1 - squared
        # d log(1 - a^2 + e) / d(before tanh) = -2 a (1 - a^2) / (1 - a^2 + e)
        inner = slack * (2 * share * sampled.actions / (slack + _SQUASH_EPSILON) - slopes)
        spread = (inner * sampled.noise * sampled.std - share) * sampled.inside
        latents = self._latent_gradients.setdefault(
            len(slopes), np.empty((2, len(slopes), self._heads.weights[0].shape[2]), dtype=np.float32)
        )
        self._heads.backward(np.stack([inner, spread]), inputs=latents)
        latents[0] += latents[1]
        self._trunk.backward(latents[:1])

    def apply(self) -> None:
        """Take the optimiser's step."""
        self._optimizer.step()


class _PerceptronSAC:
    """Small networks by hand."""

    by_hand = True

    def __init__(self, model: SAC) -> None:
        self._model = model
        self.actor = _PerceptronActor(model.actor, model.core.generators.numpy)
        self.critics = Critics(model.critic, model.critic_target)
        self._temperature = self._temperature_optimizer = None
        if model.ent_coef_optimizer is not None:
            self._temperature = Arena(1)
            self._temperature.adopt([model.log_ent_coef])  # type: ignore[list-item]
            self._temperature_optimizer = ArenaOptimizer(self._temperature, model.ent_coef_optimizer)

    @staticmethod
    def supports(model: SAC) -> bool:
        """Whether the networks are small and plain enough for this."""
        return (
            is_plain(model.actor)
            and not model.use_sde
            and len(model.actor.latent_pi) > 0
            and Perceptron.of(list(model.actor.latent_pi)) is not None
            and Critics.supports(model.critic)
            and ArenaOptimizer.supports(model.actor.optimizer)
        )

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return self.critics.is_large(batch) or self.actor.is_large(batch)

    def act(self, observation: Any) -> NDArray[Any]:
        """Draw actions, (copies, …)."""
        return self.actor.sample(flat(observation)).actions.reshape(-1, *(self._model.action_space.shape or ()))

    def best(self, observation: Any) -> NDArray[Any]:
        """Return the actions in the middle, (copies, …)."""
        return self.actor.best(flat(observation)).reshape(-1, *(self._model.action_space.shape or ()))

    def learn(self, batch: Transitions) -> dict[str, float]:
        """Take a gradient step of temperature, critics and actor; return what there is to log."""
        clock = self._model.core.timing
        before, after = flat(batch.observations), flat(batch.next_observations)
        following = self.actor.sample(after)
        sampled = self.actor.sample(before)
        numbers, temperature = self._learn_temperature(sampled)
        least = self.critics.least_target(after, following.actions)
        least -= np.float32(temperature) * following.log_probs
        targets = batch.rewards + (1 - batch.ends) * batch.discounts * least
        clock.lap(timing.FORWARD)
        numbers["critic_loss"] = self.critics.gradients(before, flat(batch.actions), targets, 0.5)
        clock.lap(timing.BACKWARD)
        self.critics.step()
        clock.lap(timing.OPTIMISER)
        values, slopes = self.critics.climb_least(before, sampled.actions)
        numbers["actor_loss"] = float((np.float32(temperature) * sampled.log_probs - values).mean())
        self.actor.step(sampled, slopes, temperature)
        clock.lap(timing.BACKWARD)
        self.actor.apply()
        return numbers

    def update_target(self, tau: float) -> None:
        """Mix the online critics into the targets."""
        self.critics.update_target(tau)

    def _learn_temperature(self, sampled: _Sampled) -> tuple[dict[str, float], float]:
        """Move the entropy coefficient towards its target; return what to log and the coefficient before."""
        model = self._model
        if self._temperature is None or self._temperature_optimizer is None:
            coefficient = float(model.ent_coef_tensor)
            return {"ent_coef": coefficient}, coefficient
        logarithm = float(self._temperature.values[0])
        surplus = float(sampled.log_probs.mean()) + float(model.target_entropy)
        self._temperature.gradients[0] = -surplus
        self._temperature_optimizer.step()
        coefficient = math.exp(logarithm)
        return {"ent_coef": coefficient, "ent_coef_loss": -logarithm * surplus}, coefficient


class _TorchSAC:
    """Any networks by autograd."""

    def __init__(self, model: SAC) -> None:
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
        numbers, temperature = self._learn_temperature(log_probs.detach())
        with torch.no_grad():
            next_actions, next_log_probs = model.actor.action_log_prob(after)
            least = torch.cat(model.critic_target(after, next_actions), dim=1).amin(dim=1, keepdim=True)
            targets = rewards + followed * (least - temperature * next_log_probs.reshape(-1, 1))
        losses = [torch.nn.functional.mse_loss(values, targets) for values in model.critic(before, actions)]
        critic_loss = 0.5 * torch.stack(losses).sum()
        clock.lap(timing.FORWARD)
        self._critic_step.zero_grad()
        critic_loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._critic_step.step()
        clock.lap(timing.OPTIMISER)
        # Not `amin`, which would share a gradient among critics that agree.
        least_now = torch.cat(model.critic(before, drawn), dim=1).min(dim=1).values
        actor_loss = (temperature * log_probs.reshape(-1) - least_now).mean()
        clock.lap(timing.FORWARD)
        self._actor_step.zero_grad()
        actor_loss.backward()  # type: ignore[no-untyped-call]
        clock.lap(timing.BACKWARD)
        self._actor_step.step()
        return {**numbers, "critic_loss": critic_loss.detach(), "actor_loss": actor_loss.detach()}

    def update_target(self, tau: float) -> None:
        """Mix the online critics into the targets, and copy what batch normalisation has counted."""
        with torch.no_grad():
            torch._foreach_lerp_(self._target_parameters, self._critic_parameters, tau)
        polyak_update(self._model.batch_norm_stats, self._model.batch_norm_stats_target, 1.0)

    def _learn_temperature(self, log_probs: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        model = self._model
        if model.ent_coef_optimizer is None or model.log_ent_coef is None:
            return {"ent_coef": model.ent_coef_tensor}, model.ent_coef_tensor
        temperature = model.log_ent_coef.detach().exp()
        loss = -(model.log_ent_coef * (log_probs + float(model.target_entropy))).mean()
        model.ent_coef_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        model.ent_coef_optimizer.step()
        return {"ent_coef": temperature.mean(), "ent_coef_loss": loss.detach()}, temperature


def _actor_parts(actor: Any) -> tuple[Perceptron, list[Perceptron]]:
    trunk = Perceptron.of(list(actor.latent_pi))
    heads = [Perceptron.of([layer]) for layer in (actor.mu, actor.log_std)]
    if trunk is None or any(head is None for head in heads):
        raise ValueError("this actor is not made of plain perceptrons")
    return trunk, [head for head in heads if head is not None]
