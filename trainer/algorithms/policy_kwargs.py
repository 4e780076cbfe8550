"""The policy section as `policy_kwargs` of Stable-Baselines3; what is not set is left to the policy's own default."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.torch_layers import CombinedExtractor, FlattenExtractor, NatureCNN

from trainer.config import RunConfig
from trainer.config.algorithms import A2CConfig, ARSConfig, QRDQNConfig
from trainer.config.policy import PolicyConfig

_ACTIVATIONS: dict[str, type[torch.nn.Module]] = {
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "elu": torch.nn.ELU,
    "leaky_relu": torch.nn.LeakyReLU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
}
_EXTRACTORS = {"flatten": FlattenExtractor, "nature_cnn": NatureCNN, "combined": CombinedExtractor}
_OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "rmsprop_tf_like": RMSpropTFLike,
    "sgd": torch.optim.SGD,
}
# Configuration field -> argument, where the value passes through unchanged.
_PLAIN = (
    "net_arch",
    "ortho_init",
    "n_critics",
    "share_features_extractor",
    "normalize_images",
    "log_std_init",
    "full_std",
    "use_expln",
    "squash_output",
    "clip_mean",
    "n_quantiles",
    "with_bias",
    "lstm_hidden_size",
    "n_lstm_layers",
    "shared_lstm",
    "enable_critic_lstm",
    "batch_norm",
    "batch_norm_momentum",
    "batch_norm_eps",
    "renorm_warmup_steps",
)


def policy_kwargs(config: RunConfig) -> dict[str, Any]:
    """Return the arguments for the policy's constructor.

    A setting that this algorithm's policy does not have is left out; the checks have refused it if it was changed.
    """
    policy = config.policy
    if isinstance(config.algorithm, ARSConfig):
        return _of_random_search(policy)
    arguments = {name: _plain(policy, name) for name in _PLAIN if _is_known(name, config.algorithm.name)}
    arguments["activation_fn"] = _ACTIVATIONS[policy.activation] if policy.activation else None
    arguments["features_extractor_class"] = _EXTRACTORS.get(policy.features_extractor)
    arguments["features_extractor_kwargs"] = dict(policy.features_extractor_kwargs) or None
    arguments["lstm_kwargs"] = dict(policy.lstm_kwargs) or None
    arguments |= _optimizer(config)
    return {name: value for name, value in arguments.items() if value is not None}


def _of_random_search(policy: PolicyConfig) -> dict[str, Any]:
    """Return the arguments of ARS's policies; the linear one has neither layers nor a function between them."""
    arguments: dict[str, Any] = {"with_bias": policy.with_bias, "squash_output": policy.tanh_output}
    if policy.resolved_class("vector", "ars") == "MlpPolicy":
        arguments["net_arch"] = _plain(policy, "net_arch")
        arguments["activation_fn"] = _ACTIVATIONS[policy.activation] if policy.activation else None
    return {name: value for name, value in arguments.items() if value is not None}


def _optimizer(config: RunConfig) -> dict[str, Any]:
    policy, algorithm = config.policy, config.algorithm
    given = dict(policy.optimizer_kwargs)
    if isinstance(algorithm, A2CConfig) and algorithm.use_rms_prop and policy.optimizer is None and given:
        # Left to itself A2C writes its own arguments over these: https://github.com/DLR-RM/stable-baselines3, a2c.py
        own = {"alpha": 0.99, "eps": algorithm.rms_prop_eps, "weight_decay": 0}
        return {"optimizer_class": torch.optim.RMSprop, "optimizer_kwargs": {**own, **given}}
    if isinstance(algorithm, QRDQNConfig) and policy.optimizer is None and given:
        return {"optimizer_class": torch.optim.Adam, "optimizer_kwargs": {"eps": 0.01 / algorithm.batch_size, **given}}
    optimizer = _OPTIMIZERS[policy.optimizer] if policy.optimizer else None
    return {"optimizer_class": optimizer, "optimizer_kwargs": given or None}


def _is_known(name: str, algorithm: str) -> bool:
    extra = PolicyConfig.model_fields[name].json_schema_extra
    algorithms = extra.get("algorithms") if isinstance(extra, dict) else None
    return not isinstance(algorithms, (list, tuple)) or algorithm in algorithms


def _plain(policy: PolicyConfig, name: str) -> Any:
    value = getattr(policy, name)
    return dict(value) if isinstance(value, dict) else value
