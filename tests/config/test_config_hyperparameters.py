"""The declared settings are those of the installed Stable-Baselines3, name by name and default by default."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
from sb3_contrib import ARS, QRDQN, TQC, TRPO, CrossQ, MaskablePPO, RecurrentPPO
from sb3_contrib.ars.policies import ARSPolicy
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.crossq.policies import CrossQPolicy
from sb3_contrib.qrdqn.policies import QRDQNPolicy
from sb3_contrib.tqc.policies import TQCPolicy
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3, HerReplayBuffer
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

MODELS = {
    "ppo": PPO,
    "a2c": A2C,
    "dqn": DQN,
    "ddpg": DDPG,
    "td3": TD3,
    "sac": SAC,
    "her": SAC,
    "qrdqn": QRDQN,
    "tqc": TQC,
    "trpo": TRPO,
    "recurrent_ppo": RecurrentPPO,
    "maskable_ppo": MaskablePPO,
    "crossq": CrossQ,
    "ars": ARS,
}
POLICIES = {
    "ppo": ActorCriticPolicy,
    "a2c": ActorCriticPolicy,
    "dqn": DQNPolicy,
    "ddpg": TD3Policy,
    "td3": TD3Policy,
    "sac": SACPolicy,
    "her": SACPolicy,
    "qrdqn": QRDQNPolicy,
    "tqc": TQCPolicy,
    "trpo": ActorCriticPolicy,
    "recurrent_ppo": RecurrentActorCriticPolicy,
    "maskable_ppo": MaskableActorCriticPolicy,
    "crossq": CrossQPolicy,
    "ars": ARSPolicy,
}
# Arguments that have their place elsewhere in a configuration, or none because Palaestra does it itself.
ELSEWHERE = {
    "self",
    "policy",  # policy.class
    "env",  # environment
    "policy_kwargs",  # policy
    "tensorboard_log",  # tracking
    "verbose",  # the run's own log
    "seed",  # training.seed
    "device",  # training.device
    "_init_setup_model",
}
# Stable-Baselines3 has hindsight as a replay buffer; whoever can use that has its arguments as settings.
HINDSIGHT = {"hindsight", "n_sampled_goal", "goal_selection_strategy", "copy_info_dict"}
# CrossQ's policies know no dictionaries, and goals come in those.
WITH_HINDSIGHT = {"dqn", "ddpg", "td3", "sac", "her", "qrdqn", "tqc"}
OF_ANY_BUFFER = {
    "self",
    "buffer_size",
    "observation_space",
    "action_space",
    "env",
    "device",
    "n_envs",
    "optimize_memory_usage",
    "handle_timeout_termination",
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
# ARS's policy squashes by itself, without gSDE: a setting of another name, as it has another default.
NAMES_OF_ARS = {**POLICY_NAMES, "squash_output": "tanh_output"}


def parameters(callable_: Any) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(callable_.__init__).parameters.items()}


def test_every_algorithm_is_configurable() -> None:
    assert set(ALGORITHMS) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_an_algorithm_has_exactly_the_hyperparameters_of_its_constructor(name: str) -> None:
    theirs = set(parameters(MODELS[name])) - ELSEWHERE
    # Ours are flat where theirs take a pair: train_freq=(2, "episode").
    ours = set(fields_of(ALGORITHMS[name])) - {"name", "train_freq_unit"}

    assert ours - HINDSIGHT == theirs
    assert (ours & HINDSIGHT == HINDSIGHT) is (name in WITH_HINDSIGHT)


def test_hindsight_has_exactly_the_arguments_of_its_buffer() -> None:
    theirs = parameters(HerReplayBuffer)

    assert set(theirs) - OF_ANY_BUFFER == HINDSIGHT - {"hindsight"}
    for name in WITH_HINDSIGHT:
        ours = ALGORITHMS[name]().model_dump()
        assert {key: ours[key] for key in HINDSIGHT - {"hindsight"}} == {
            key: theirs[key] for key in HINDSIGHT - {"hindsight"}
        }
        assert ours["hindsight"] is (name == "her")


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
    names = NAMES_OF_ARS if name == "ars" else POLICY_NAMES
    theirs = {names.get(key, key) for key in parameters(POLICIES[name])} - {None}
    ours = {
        key
        for key, info in fields_of(PolicyConfig).items()
        if name in (info.json_schema_extra.get("algorithms") or MODELS)
    }

    assert ours - {"class"} == theirs


OURS_ARE_NOT_EMPTY = (
    "ortho_init",
    "normalize_images",
    "full_std",
    "use_expln",
    "squash_output",
    "lstm_hidden_size",
    "n_lstm_layers",
    "shared_lstm",
    "enable_critic_lstm",
    "batch_norm",
    "batch_norm_momentum",
    "batch_norm_eps",
    "renorm_warmup_steps",
)


@pytest.mark.parametrize("name", POLICIES)
def test_policy_defaults_that_are_not_empty_are_those_of_stable_baselines3(name: str) -> None:
    theirs = parameters(POLICIES[name])
    for key in OURS_ARE_NOT_EMPTY:
        if key in theirs and (name, key) != ("ars", "squash_output"):
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


def test_log_intervals_are_those_of_learn_as_the_help_tells() -> None:
    intervals = {
        name: inspect.signature(model.learn).parameters["log_interval"].default for name, model in MODELS.items()
    }

    assert intervals == {name: config.log_interval for name, config in ALGORITHMS.items()}
    assert {name for name, interval in intervals.items() if interval == 4} == {*WITH_HINDSIGHT, "crossq"}
    assert intervals["a2c"] == 100


def test_configuration_needs_none_of_the_heavy_libraries() -> None:
    heavy = ("torch", "stable_baselines3", "gymnasium", "numpy", "gradio", "fastapi", "sqlalchemy")
    code = f"import sys, trainer.config; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_default_configuration_is_a_valid_run() -> None:
    config = RunConfig()

    assert (config.algorithm.name, config.environment.id) == ("ppo", "CartPole-v1")
