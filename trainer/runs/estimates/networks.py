"""How many numbers the networks of a run have, without building them: the layouts that Stable-Baselines3 makes.

Those of RecurrentPPO and ARS are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from trainer.config import RunConfig
from trainer.config.spaces import Spaces

_NATURE = ((32, 8, 4), (64, 4, 2), (64, 3, 1))  # channels out, kernel, stride of each convolution
_NATURE_FEATURES = 512


@dataclass(frozen=True)
class Networks:
    """Numbers in the networks of a run.

    :param trained: parameters that an optimiser moves
    :param targets: parameters of target networks
    :param moments: what the optimisers remember beside the parameters
    :param activations: results of the layers for one observation
    :param pairs: of a predicted quantile and one of the target, which the loss compares for one observation
    """

    trained: int
    targets: int
    moments: int
    activations: int
    pairs: int = 0

    @property
    def saved_bytes(self) -> int:
        """What a model file holds of them."""
        return 4 * (self.trained + self.targets + self.moments)

    @property
    def memory_bytes(self) -> int:
        """What they take while they train: a gradient for every parameter beside what is saved."""
        return self.saved_bytes + 4 * self.trained


@dataclass(frozen=True)
class _Layout:
    """An algorithm's networks: hidden layers on numbers and on images, critics, answers of a critic or of an action."""

    hidden: tuple[int, ...]
    hidden_on_images: tuple[int, ...]
    critics: int = 1
    answers: int = 1
    gaussian: bool = False
    by_value: bool = False
    critic_hidden: tuple[int, ...] | None = None
    has_targets: bool = True


_ON_POLICY = _Layout((64, 64), ())
_LAYOUTS = {
    "ppo": _ON_POLICY,
    "a2c": _ON_POLICY,
    "dqn": _Layout((64, 64), (), by_value=True),
    "ddpg": _Layout((400, 300), (256, 256)),
    "td3": _Layout((400, 300), (256, 256), critics=2),
    "sac": _Layout((256, 256), (256, 256), critics=2, gaussian=True),
    "her": _Layout((256, 256), (256, 256), critics=2, gaussian=True),
    "qrdqn": _Layout((64, 64), (), answers=200, by_value=True),
    "tqc": _Layout((256, 256), (256, 256), critics=2, answers=25, gaussian=True),
    "crossq": _Layout((256, 256), (), critics=2, gaussian=True, critic_hidden=(1024, 1024), has_targets=False),
    "trpo": _ON_POLICY,
    "maskable_ppo": _ON_POLICY,
}


def networks_of(config: RunConfig, spaces: Spaces) -> Networks | None:
    """Return the size of a run's networks; None where their layout is not known here."""
    layout = _LAYOUTS.get(config.algorithm.name)
    extractor = _extractor(config, spaces)
    actions = spaces.action_size
    if layout is None or extractor is None or actions is None:
        return None
    weights, features, activations = extractor
    images = weights > 0
    usual = list(layout.hidden_on_images if images else layout.hidden)
    answers = config.policy.n_quantiles or layout.answers
    if config.algorithm.on_policy:
        if config.algorithm.name == "maskable_ppo" and spaces.action_kind == "multi_binary":
            actions *= 2  # yes and no of each
        return _actor_and_value(config, extractor, usual, actions, continuous=spaces.action_shape is not None)
    hidden = _layers(config, "qf", usual if layout.critic_hidden is None else list(layout.critic_hidden))
    if layout.by_value:
        trained = weights + _dense([features, *hidden, actions * answers])
        found = _with_optimizer(config, trained, trained, activations + sum(hidden))
        return replace(found, pairs=answers**2 if layout.answers > 1 else 0)
    actor = _layers(config, "pi", usual)
    heads = 2 if layout.gaussian else 1
    of_actor = weights + _dense([features, *actor]) + heads * _dense([actor[-1] if actor else features, actions])
    critics = config.policy.n_critics or layout.critics
    of_critics = critics * _dense([features + actions, *hidden, answers])
    shared = bool(config.policy.share_features_extractor)
    trained = of_actor + of_critics + (0 if shared else weights)
    # SAC has no target of its actor, and that of its critics shares nothing.
    targets = (weights + of_critics if layout.gaussian else trained) if layout.has_targets else 0
    seen = activations if shared else 2 * activations
    found = _with_optimizer(config, trained, targets, seen + sum(actor) + critics * sum(hidden))
    dropped = getattr(config.algorithm, "top_quantiles_to_drop_per_net", None)
    return found if dropped is None else replace(found, pairs=critics * answers * critics * max(0, answers - dropped))


def _actor_and_value(
    config: RunConfig, extractor: tuple[int, int, int], usual: list[int], actions: int, *, continuous: bool
) -> Networks:
    weights, features, activations = extractor
    actor, value = _layers(config, "pi", usual), _layers(config, "vf", usual)
    shared = 1 if config.policy.share_features_extractor in (None, True) else 2
    trained = shared * weights + _dense([features, *actor, actions]) + _dense([features, *value, 1])
    trained += actions if continuous else 0  # the deviations
    return _with_optimizer(config, trained, 0, shared * activations + sum(actor) + sum(value))


def _with_optimizer(config: RunConfig, trained: int, targets: int, activations: int) -> Networks:
    chosen = config.policy.optimizer
    if chosen is None:
        chosen = "rmsprop" if getattr(config.algorithm, "use_rms_prop", False) else "adam"
    moments = {"adam": 2, "adamw": 2, "rmsprop": 1, "rmsprop_tf_like": 1, "sgd": 0}[chosen]
    return Networks(trained, targets, moments * trained, activations)


def _layers(config: RunConfig, network: str, usual: list[int]) -> list[int]:
    given = config.policy.net_arch
    if isinstance(given, dict):
        return given.get(network, [])
    return usual if given is None else given


def _dense(sizes: Sequence[int]) -> int:
    return sum((before + 1) * after for before, after in pairwise(sizes))


def _extractor(config: RunConfig, spaces: Spaces) -> tuple[int, int, int] | None:
    """Return parameters, features and activations of what turns an observation into a vector."""
    policy, shape = config.policy, spaces.observation_shape
    chosen = policy.features_extractor
    if chosen == "auto":
        chosen = "nature_cnn" if policy.resolved_class(spaces.observation_kind) == "CnnPolicy" else "flatten"
    if chosen == "nature_cnn":
        return None if shape is None or len(shape) != 3 else _nature(shape, policy.features_extractor_kwargs)
    # The parts of a dictionary lie side by side; pictures among them, which would be folded, are not told apart here.
    size = spaces.observation_size
    return None if size is None or (spaces.observation_kind == "dict" and size > 10_000) else (0, size, 0)


def _nature(shape: tuple[int, ...], arguments: dict[str, Any]) -> tuple[int, int, int] | None:
    channels, height, width = shape
    parameters = activations = 0
    for out, kernel, stride in _NATURE:
        height, width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
        if height < 1 or width < 1:
            return None
        parameters += (channels * kernel * kernel + 1) * out
        activations += out * height * width
        channels = out
    given = arguments.get("features_dim", _NATURE_FEATURES)
    features = given if isinstance(given, int) else _NATURE_FEATURES
    return parameters + _dense([channels * height * width, features]), features, activations + features
