"""The policies of PPO and A2C as these algorithms use them: act on a step's observations, judge a minibatch.

`TorchActorCritic` serves every policy of Stable-Baselines3 through autograd. `PerceptronActorCritic` serves the
common small ones (flat observations, tanh or ReLU layers, discrete or Gaussian actions, on the processor) with
gradients written by hand; a test holds the two together.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.distributions import CategoricalDistribution, DiagGaussianDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import FlattenExtractor

from trainer.algorithms.fast import observations
from trainer.algorithms.fast.arena import Arena, ArenaOptimizer, Floats
from trainer.algorithms.fast.core import Core
from trainer.algorithms.fast.densities import Categorical, Gaussian
from trainer.algorithms.fast.features import features_of
from trainer.algorithms.fast.mlp import Perceptron, Stack


class Actor(Protocol):
    """What collecting a rollout needs of a policy."""

    def act(self, observation: Any) -> tuple[NDArray[Any], Floats, Floats]:
        """Return sampled actions, values and log-probabilities for every copy."""

    def best(self, observation: Any) -> NDArray[Any]:
        """Return the most likely action for every copy."""

    def values(self, observation: Any) -> Floats:
        """Return the values of some observations, (batch,)."""

    def begin_rollout(self) -> None:
        """Prepare for inference: the weights stay as they are until the rollout ends."""


class TorchActorCritic:
    """Any `ActorCriticPolicy`, with the features extractor in the run's precision and everything after in float32."""

    follows_precision = True

    def __init__(self, policy: ActorCriticPolicy, core: Core) -> None:
        self._policy = policy
        extractors: list[Any] = [policy.pi_features_extractor]
        if not policy.share_features_extractor:
            extractors.append(policy.vf_features_extractor)
        self._features = [features_of(policy, extractor, core) for extractor in extractors]
        is_discrete = isinstance(policy.action_space, spaces.Discrete)
        self._discrete = Categorical(core.generators.numpy) if is_discrete else None

    def begin_rollout(self) -> None:
        """Prepare for inference with the weights as they are now."""
        for features in self._features:
            features.freeze()

    def act(self, observation: Any) -> tuple[NDArray[Any], Floats, Floats]:
        """Sample one action for every copy."""
        with torch.no_grad():
            latent_pi, latent_vf = self._latents(self.arrange(observation))
            if self._discrete is not None:
                # Logits and values cross from the device in one piece.
                both = torch.cat([self._policy.action_net(latent_pi), self._policy.value_net(latent_vf)], dim=1)
                outputs = both.cpu().numpy()
                chosen = self._discrete.sample(outputs[:, :-1])
                return chosen, outputs[:, -1], self._discrete.evaluate(outputs[:, :-1], chosen)[0]
            distribution = self._policy._get_action_dist_from_latent(latent_pi)
            actions = distribution.get_actions()
            log_probs = distribution.log_prob(actions)
            values = self._policy.value_net(latent_vf)
        return self._shaped(actions), values.flatten().cpu().numpy(), log_probs.cpu().numpy()

    def best(self, observation: Any) -> NDArray[Any]:
        """Choose the most likely action for every copy."""
        with torch.no_grad():
            extractor: Any = self._policy.mlp_extractor
            latent = extractor.forward_actor(self._features[0](self.arrange(observation)))
            return self._shaped(self._policy._get_action_dist_from_latent(latent).mode())

    def values(self, observation: Any) -> Floats:
        """Judge observations."""
        with torch.no_grad():
            latent = self._latents(self.arrange(observation))[1]
            values: Floats = self._policy.value_net(latent).flatten().cpu().numpy()
        return values

    def arrange(self, observation: Any) -> Any:
        """Return observations as tensors laid out for `evaluate`, on the policy's device."""
        return self._features[0].arrange(observations.as_tensors(observation, self._policy.device))

    def evaluate(self, arranged: Any, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Return values and log-probabilities, (batch,), and the entropy where it has a closed form."""
        latent_pi, latent_vf = self._latents(arranged)
        distribution = self._policy._get_action_dist_from_latent(latent_pi)
        return self._policy.value_net(latent_vf).flatten(), distribution.log_prob(actions), distribution.entropy()

    def _shaped(self, actions: torch.Tensor) -> NDArray[Any]:
        shaped: NDArray[Any] = actions.reshape(-1, *(self._policy.action_space.shape or ())).cpu().numpy()
        return shaped

    def _latents(self, arranged: Any) -> tuple[torch.Tensor, torch.Tensor]:
        extractor: Any = self._policy.mlp_extractor
        features = [each(arranged) for each in self._features]
        return extractor.forward_actor(features[0]), extractor.forward_critic(features[-1])


class PerceptronActorCritic:
    """A small policy evaluated and differentiated by hand; its parameters live in `arena`.

    :param policy: one for which `supports` is true
    """

    by_hand = True

    def __init__(self, policy: ActorCriticPolicy, core: Core) -> None:
        self.arena = arena = Arena.for_parameters(list(policy.parameters()))
        actor, critic, self._head, self._value_head = _parts(policy, arena)
        self._trunks = [Stack([actor, critic], arena)] if actor.shape == critic.shape else []
        self._trunks = self._trunks or [Stack([actor], arena), Stack([critic], arena)]
        generator = core.generators.numpy
        self._action_shape = policy.action_space.shape or ()
        self._distribution: Categorical | Gaussian = (
            Categorical(generator)
            if isinstance(policy.action_space, spaces.Discrete)
            else Gaussian(generator, policy.log_std, arena)
        )
        self.optimizer = ArenaOptimizer(arena, policy.optimizer)
        self._gradients: dict[int, list[Floats]] = {}

    @staticmethod
    def supports(policy: Any) -> bool:
        """Whether a policy is small and plain enough for this."""
        if type(policy) is not ActorCriticPolicy or policy.device.type != "cpu":
            return False
        space, distribution = policy.observation_space, policy.action_dist
        flat = isinstance(space, spaces.Box) and not is_image_space(space)
        extractors = {type(policy.pi_features_extractor), type(policy.vf_features_extractor)}
        known = isinstance(distribution, (CategoricalDistribution, DiagGaussianDistribution))
        chains = [
            Perceptron.of([*net, head]) is not None
            for net, head in (
                (policy.mlp_extractor.policy_net, policy.action_net),
                (policy.mlp_extractor.value_net, policy.value_net),
            )
            if len(net) > 0
        ]
        return (
            flat
            and extractors == {FlattenExtractor}
            and known
            and not policy.use_sde
            and chains == [True, True]
            and ArenaOptimizer.supports(policy.optimizer)
        )

    def is_large(self, batch: int) -> bool:
        """Whether PyTorch's threads help with so many rows."""
        return any(stack.is_large(batch) for stack in (*self._trunks, self._head, self._value_head))

    def begin_rollout(self) -> None:
        """Nothing to prepare: the weights are read where they lie."""

    def act(self, observation: Any) -> tuple[NDArray[Any], Floats, Floats]:
        """Sample one action for every copy."""
        latent_pi, latent_vf = self._latents(_flat(observation))
        outputs = self._head.forward(latent_pi)[0]
        values = self._value_head.forward(latent_vf)[0, :, 0].copy()
        actions: NDArray[Any] = self._distribution.sample(outputs)
        log_probs = self._distribution.evaluate(outputs, actions)[0]
        return actions.reshape(len(actions), *self._action_shape), values, log_probs

    def best(self, observation: Any) -> NDArray[Any]:
        """Choose the most likely action for every copy."""
        actions = self._distribution.best(self._head.forward(self._latents(_flat(observation))[0])[0])
        return actions.reshape(len(actions), *self._action_shape)

    def values(self, observation: Any) -> Floats:
        """Judge observations."""
        return self._value_head.forward(self._latents(_flat(observation))[1])[0, :, 0]

    def evaluate(self, observation: Floats, actions: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
        """Return values, log-probabilities and entropies, each (batch,).

        :param observation: (batch, …)
        """
        latent_pi, latent_vf = self._latents(_flat(observation))
        outputs = self._head.forward(latent_pi)[0]
        values = self._value_head.forward(latent_vf)[0, :, 0]
        return values, *self._distribution.evaluate(outputs, actions)

    def backward(self, values: Floats, log_probs: Floats, entropy: float) -> None:
        """Write every parameter's gradient, given the loss's gradients with respect to what `evaluate` returned.

        :param entropy: the same for every row
        """
        batch = len(values)
        latents = self._latent_gradients(batch)
        self._head.backward(self._distribution.backward(log_probs, entropy)[None], inputs=latents[0][:1])
        self._value_head.backward(values.reshape(1, batch, 1), inputs=latents[-1][-1:])
        for trunk, gradients in zip(self._trunks, latents, strict=True):
            trunk.backward(gradients)

    def _latents(self, inputs: Floats) -> tuple[Floats, Floats]:
        outputs = [trunk.forward(inputs) for trunk in self._trunks]
        return outputs[0][0], outputs[-1][-1]

    def _latent_gradients(self, batch: int) -> list[Floats]:
        if batch not in self._gradients:
            shapes = [(trunk.heads, batch, trunk.weights[-1].shape[1]) for trunk in self._trunks]
            self._gradients[batch] = [np.empty(shape, dtype=np.float32) for shape in shapes]
        return self._gradients[batch]


def _parts(policy: ActorCriticPolicy, arena: Arena) -> tuple[Perceptron, Perceptron, Stack, Stack]:
    actor = Perceptron.of(list(policy.mlp_extractor.policy_net))
    critic = Perceptron.of(list(policy.mlp_extractor.value_net))
    head, value_head = Perceptron.of([policy.action_net]), Perceptron.of([policy.value_net])
    if actor is None or critic is None or head is None or value_head is None:
        raise ValueError("this policy is not made of plain perceptrons")
    return actor, critic, Stack([head], arena), Stack([value_head], arena)


def _flat(observation: Any) -> Floats:
    array = np.asarray(observation, dtype=np.float32)
    return array.reshape(len(array), -1)
