"""The hyperparameters of every algorithm, as a union told apart by `name`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer.config.algorithms.common import AlgorithmConfig
from trainer.config.algorithms.deterministic import DDPGConfig, TD3Config
from trainer.config.algorithms.dqn import DQNConfig
from trainer.config.algorithms.on_policy import A2CConfig, OnPolicyConfig, PPOConfig
from trainer.config.algorithms.replay import OffPolicyConfig
from trainer.config.algorithms.sac import SACConfig

AnyAlgorithm = Annotated[
    PPOConfig | A2CConfig | DQNConfig | DDPGConfig | TD3Config | SACConfig, Field(discriminator="name")
]

ALGORITHMS: dict[str, type[AlgorithmConfig]] = {
    "ppo": PPOConfig,
    "a2c": A2CConfig,
    "dqn": DQNConfig,
    "ddpg": DDPGConfig,
    "td3": TD3Config,
    "sac": SACConfig,
}

__all__ = [
    "ALGORITHMS",
    "A2CConfig",
    "AlgorithmConfig",
    "AnyAlgorithm",
    "DDPGConfig",
    "DQNConfig",
    "OffPolicyConfig",
    "OnPolicyConfig",
    "PPOConfig",
    "SACConfig",
    "TD3Config",
]
