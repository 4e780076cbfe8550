"""The hyperparameters of every algorithm, as a union told apart by `name`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer.config.algorithms.common import AlgorithmConfig
from trainer.config.algorithms.deterministic import DDPGConfig, TD3Config
from trainer.config.algorithms.dqn import DQNConfig, QRDQNConfig
from trainer.config.algorithms.on_policy import (
    A2CConfig,
    MaskablePPOConfig,
    OnPolicyConfig,
    PPOConfig,
    RecurrentPPOConfig,
    TRPOConfig,
)
from trainer.config.algorithms.random_search import ARSConfig
from trainer.config.algorithms.replay import OffPolicyConfig
from trainer.config.algorithms.sac import CrossQConfig, HERConfig, SACConfig, TQCConfig

AnyAlgorithm = Annotated[
    PPOConfig
    | A2CConfig
    | DQNConfig
    | DDPGConfig
    | TD3Config
    | SACConfig
    | HERConfig
    | QRDQNConfig
    | TQCConfig
    | TRPOConfig
    | RecurrentPPOConfig
    | MaskablePPOConfig
    | CrossQConfig
    | ARSConfig,
    Field(discriminator="name"),
]

ALGORITHMS: dict[str, type[AlgorithmConfig]] = {
    "ppo": PPOConfig,
    "a2c": A2CConfig,
    "dqn": DQNConfig,
    "ddpg": DDPGConfig,
    "td3": TD3Config,
    "sac": SACConfig,
    "her": HERConfig,
    "qrdqn": QRDQNConfig,
    "tqc": TQCConfig,
    "trpo": TRPOConfig,
    "recurrent_ppo": RecurrentPPOConfig,
    "maskable_ppo": MaskablePPOConfig,
    "crossq": CrossQConfig,
    "ars": ARSConfig,
}


def label_of(name: str) -> str:
    """Return what people read for an algorithm's name; a name that is not known stays as it is."""
    return ALGORITHMS[name].label if name in ALGORITHMS else name


__all__ = [
    "ALGORITHMS",
    "A2CConfig",
    "ARSConfig",
    "AlgorithmConfig",
    "AnyAlgorithm",
    "CrossQConfig",
    "DDPGConfig",
    "DQNConfig",
    "HERConfig",
    "MaskablePPOConfig",
    "OffPolicyConfig",
    "OnPolicyConfig",
    "PPOConfig",
    "QRDQNConfig",
    "RecurrentPPOConfig",
    "SACConfig",
    "TD3Config",
    "TQCConfig",
    "TRPOConfig",
    "label_of",
]
