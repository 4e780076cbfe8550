"""The declared settings are those of the installed Stable-Baselines3, name by name and default by default."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecNormalize
from stable_baselines3.dqn.policies import DQNPolicy
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy

from trainer.config import ALGORITHMS, RunConfig
from trainer.config.environment import EnvironmentConfig
from trainer.config.noise import NoNoise, NormalNoise, OrnsteinUhlenbeckNoise
from trainer.config.policy import PolicyConfig
from trainer.config.tree import fields_of

MODELS = {"ppo": PPO, "a2c": A2C, "dqn": DQN, "ddpg": DDPG, "td3": TD3, "sac": SAC}
POLICIES = {
    "ppo": ActorCriticPolicy,
    "a2c": ActorCriticPolicy,
    "dqn": DQNPolicy,
    "ddpg": TD3Policy,
    "td3": TD3Policy,
    "sac": SACPolicy,
}
ELSEWHERE = {
    "self",
    "policy",
    "env",
    "policy_kwargs",
    "tensorboard_log",
    "verbose",
    "seed",
    "device",
    "_init_setup_model",
}
# Argument of a policy's constructor -> our setting, where the names differ; None where it is not for users to set.
POLICY_NAMES: dict[str, str | None] = {
    "self": None,
    "observation_space": None,
    "action_space": None,
    "lr_schedule": None,
    "use_sde": None,
    "activation_fn": "activation",
    "features_extractor_class": "features_extractor",
    "optimizer_class": "optimizer",
}


def parameters(callable_: Any) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(callable_.__init__).parameters.items()}


def test_every_algorithm_is_configurable() -> None:
    assert set(ALGORITHMS) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_an_algorithm_has_exactly_the_hyperparameters_of_its_constructor(name: str) -> None:
    theirs = set(parameters(MODELS[name])) - ELSEWHERE
    # Ours are flat where theirs take a pair: train_freq=(2, "episode").
    ours = set(fields_of(ALGORITHMS[name])) - {"name", "train_freq_unit"}

    assert ours == theirs


@pytest.mark.parametrize("name", MODELS)
def test_defaults_are_those_of_stable_baselines3(name: str) -> None:
    ours = ALGORITHMS[name]().model_dump()
    theirs = {key: value for key, value in parameters(MODELS[name]).items() if key not in ELSEWHERE}
    if "action_noise" in theirs:
        assert theirs.pop("action_noise") is None
        assert ours["action_noise"] == NoNoise().model_dump()

    assert {key: ours[key] for key in theirs} == theirs


@pytest.mark.parametrize("name", POLICIES)
def test_policy_settings_cover_the_policy_and_name_the_algorithms_that_have_them(name: str) -> None:
    theirs = {POLICY_NAMES.get(key, key) for key in parameters(POLICIES[name])} - {None}
    ours = {
        key
        for key, info in fields_of(PolicyConfig).items()
        if name in (info.json_schema_extra.get("algorithms") or MODELS)
    }

    assert ours - {"class"} == theirs


@pytest.mark.parametrize("name", POLICIES)
def test_policy_defaults_that_are_not_empty_are_those_of_stable_baselines3(name: str) -> None:
    theirs = parameters(POLICIES[name])
    for key in ("ortho_init", "normalize_images", "full_std", "use_expln", "squash_output"):
        if key in theirs:
            assert getattr(PolicyConfig(), key) == theirs[key]


def test_noise_settings_are_those_of_the_noise_classes() -> None:
    normal = set(parameters(NormalActionNoise)) - {"self", "dtype"}
    drifting = parameters(OrnsteinUhlenbeckActionNoise)

    assert set(fields_of(NormalNoise)) - {"kind"} == normal
    assert set(fields_of(OrnsteinUhlenbeckNoise)) - {"kind"} == set(drifting) - {"self", "dtype"}
    assert OrnsteinUhlenbeckNoise().theta == drifting["theta"]
    assert OrnsteinUhlenbeckNoise().dt == drifting["dt"]
    assert OrnsteinUhlenbeckNoise().initial_noise == drifting["initial_noise"]


def test_normalisation_settings_are_those_of_vec_normalize() -> None:
    ours = {
        "norm_obs": "normalize_observation",
        "norm_reward": "normalize_reward",
        "clip_obs": "clip_normalized_observation",
        "clip_reward": "clip_normalized_reward",
        "epsilon": "normalize_epsilon",
        "norm_obs_keys": "normalize_keys",
    }
    theirs = parameters(VecNormalize)

    assert set(ours) == set(theirs) - {"self", "venv", "training", "gamma"}
    for their_name in ("clip_obs", "clip_reward", "epsilon", "norm_obs_keys"):
        assert getattr(EnvironmentConfig(), ours[their_name]) == theirs[their_name]


def test_log_interval_help_tells_the_intervals_of_learn() -> None:
    intervals = {
        name: inspect.signature(model.learn).parameters["log_interval"].default for name, model in MODELS.items()
    }

    assert intervals == {"ppo": 1, "a2c": 100, "dqn": 4, "ddpg": 4, "td3": 4, "sac": 4}


def test_configuration_needs_none_of_the_heavy_libraries() -> None:
    heavy = ("torch", "stable_baselines3", "gymnasium", "numpy", "gradio", "fastapi", "sqlalchemy")
    code = f"import sys, trainer.config; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_default_configuration_is_a_valid_run() -> None:
    config = RunConfig()

    assert (config.algorithm.name, config.environment.id) == ("ppo", "CartPole-v1")
