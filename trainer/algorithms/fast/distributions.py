"""Stable-Baselines3's action distributions, drawing from a generator of the run's own.

The originals draw through `torch.distributions`, which knows only the process's global generator. Only the draws
are written again; parameters, probabilities and entropies stay the parents'.
"""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.distributions import (
    BernoulliDistribution,
    CategoricalDistribution,
    DiagGaussianDistribution,
    Distribution,
    MultiCategoricalDistribution,
    SquashedDiagGaussianDistribution,
    StateDependentNoiseDistribution,
)
from torch.distributions import Normal


class _Own(Distribution):
    generator: torch.Generator

    def _normal(self, shape: torch.Size, like: torch.Tensor) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator, device=like.device, dtype=like.dtype)

    def _choice(self, probabilities: torch.Tensor) -> torch.Tensor:
        return torch.multinomial(probabilities, 1, replacement=True, generator=self.generator).squeeze(1)


class _Categorical(_Own, CategoricalDistribution):
    def sample(self) -> torch.Tensor:
        return self._choice(self.distribution.probs)


class _MultiCategorical(_Own, MultiCategoricalDistribution):
    def sample(self) -> torch.Tensor:
        return torch.stack([self._choice(part.probs) for part in self.distribution], dim=1)


class _Bernoulli(_Own, BernoulliDistribution):
    def sample(self) -> torch.Tensor:
        return torch.bernoulli(self.distribution.probs, generator=self.generator)


class _DiagGaussian(_Own, DiagGaussianDistribution):
    def sample(self) -> torch.Tensor:
        mean, std = self.distribution.mean, self.distribution.stddev
        return mean + std * self._normal(mean.shape, mean)


class _SquashedDiagGaussian(_Own, SquashedDiagGaussianDistribution):
    def sample(self) -> torch.Tensor:
        mean, std = self.distribution.mean, self.distribution.stddev
        self.gaussian_actions = mean + std * self._normal(mean.shape, mean)
        return torch.tanh(self.gaussian_actions)


class _StateDependentNoise(_Own, StateDependentNoiseDistribution):
    def sample_weights(self, log_std: torch.Tensor, batch_size: int = 1) -> None:
        std = self.get_std(log_std)
        self.weights_dist = Normal(torch.zeros_like(std), std)
        self.exploration_mat = std * self._normal(std.shape, std)
        self.exploration_matrices = std * self._normal(torch.Size((batch_size, *std.shape)), std)


_OWN: dict[type[Distribution], type[_Own]] = {
    CategoricalDistribution: _Categorical,
    MultiCategoricalDistribution: _MultiCategorical,
    BernoulliDistribution: _Bernoulli,
    DiagGaussianDistribution: _DiagGaussian,
    SquashedDiagGaussianDistribution: _SquashedDiagGaussian,
    StateDependentNoiseDistribution: _StateDependentNoise,
}


def own_generator(holder: Any, generator: torch.Generator) -> None:
    """Have `holder.action_dist` draw from `generator`; a distribution of an unknown class is left as it is.

    :param holder: a policy or an actor of Stable-Baselines3; saving it does not save its distribution
    """
    original: Any = getattr(holder, "action_dist", None)
    own = _OWN.get(type(original))
    if own is None:
        return
    replacement = own.__new__(own)
    replacement.__dict__.update(vars(original))
    replacement.generator = generator
    holder.action_dist = replacement
