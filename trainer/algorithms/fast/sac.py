"""Soft actor-critic (Haarnoja et al. 2018): Stable-Baselines3's update, arranged for speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import stable_baselines3
from numpy.typing import NDArray
from stable_baselines3.sac.policies import LOG_STD_MAX, LOG_STD_MIN

from trainer import timing
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.continuous import Critics, flat, is_plain
from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.mlp import Perceptron, Stack
from trainer.algorithms.fast.replay import Transitions
from trainer.algorithms.fast.soft import FastSoft, TorchSoft

_SQUASH_EPSILON = np.float32(1e-6)  # as in stable_baselines3.common.distributions.SquashedDiagGaussianDistribution
_GAUSSIAN_OFFSET = np.float32(0.5 * math.log(2 * math.pi))


class SAC(FastSoft, stable_baselines3.SAC):
    """SAC with its own collect and update."""

    kernel: _PerceptronSAC | TorchSoft

    def equip(self, core: Core) -> None:
        """Take the parts over and choose how the networks are calculated."""
        super().equip(core)
        own_generator(self.actor, core.generators.torch)
        self.kernel = _PerceptronSAC(self) if _PerceptronSAC.supports(self) else TorchSoft(self)


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


def _actor_parts(actor: Any) -> tuple[Perceptron, list[Perceptron]]:
    trunk = Perceptron.of(list(actor.latent_pi))
    heads = [Perceptron.of([layer]) for layer in (actor.mu, actor.log_std)]
    if trunk is None or any(head is None for head in heads):
        raise ValueError("this actor is not made of plain perceptrons")
    return trunk, [head for head in heads if head is not None]
