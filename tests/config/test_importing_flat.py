"""Home-made JSON as our configuration: known by many names, and every key is accounted for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainer.config import RunConfig, load_config
from trainer.config.importing import Imported, import_text
from trainer.errors import ConfigError

DASHBOARD = {
    "algorithm": "ppo",
    "environment": {"name": "LunarLander-v2", "num_envs": 8, "render_mode": "human"},
    "hyperparameter_optimizer": {"enabled": True, "method": "optuna", "n_trials": 50},
    "hyperparameters": {"lr": 0.0003, "clipRange": 0.2, "hidden_sizes": [64, 64], "activation": "ReLU"},
    "training": {"total_timesteps": "1e6", "seed": 7, "log_dir": "logs", "eval_freq": 5000},
}


def flat(data: Any) -> Imported:
    return import_text(json.dumps(data), kind="flat")


def line(imported: Imported, key: str) -> Any:
    return next(each for each in imported.report if each.key == key)


def value(imported: Imported, path: str) -> Any:
    assert imported.config is not None
    found: Any = imported.config.to_data()
    for name in path.split("."):
        found = found[name]
    return found


def test_a_dashboards_file_is_known_without_being_told_and_accounts_for_every_key() -> None:
    imported = import_text(json.dumps(DASHBOARD), file_name="run.json")

    assert imported.format == "flat"
    assert value(imported, "environment.id") == "LunarLander-v3"
    assert value(imported, "environment.n_envs") == 8
    assert value(imported, "algorithm.learning_rate") == 0.0003
    assert value(imported, "policy.net_arch") == [64, 64]
    assert value(imported, "policy.activation") == "relu"
    assert value(imported, "training.total_timesteps") == 1_000_000
    assert value(imported, "evaluation.frequency") == 5000
    assert {each.key: each.taken for each in imported.report} == {
        "algorithm": True,
        "environment.name": True,
        "environment.num_envs": True,
        "environment.render_mode": False,
        "hyperparameter_optimizer": False,
        "hyperparameters.lr": True,
        "hyperparameters.clipRange": True,
        "hyperparameters.hidden_sizes": True,
        "hyperparameters.activation": True,
        "training.total_timesteps": True,
        "training.seed": True,
        "training.log_dir": False,
        "training.eval_freq": True,
    }


def test_of_a_search_the_plain_values_are_taken_and_the_tuning_is_left_key_by_key() -> None:
    search = {
        "learning_rate": 0.001,
        "optimizer": "RMSprop",
        "gamma": {"low": 0.9, "high": 0.999},
        "batch_size": [32, 64],
        "n_epochs": 5,
        "seed": 3,
        "n_trials": 50,
    }
    imported = flat({"algorithm": "ppo", "n_epochs": 7, "hyperparameter_optimizer": search})

    assert value(imported, "algorithm.learning_rate") == 0.001
    assert value(imported, "policy.optimizer") == "rmsprop"
    assert value(imported, "algorithm.n_epochs") == 7
    lines = {each.key.partition(".")[2]: each for each in imported.report if each.key.startswith("hyper")}
    assert list(lines) == list(search)
    assert [name for name, each in lines.items() if each.taken] == ["learning_rate", "optimizer"]
    assert "Tuning is not imported" in lines["gamma"].note and "Another key" in lines["n_epochs"].note


@pytest.mark.parametrize(
    ("data", "path", "expected"),
    [
        ({"algo": "SAC", "polyak": 0.995}, "algorithm.tau", 0.005),
        ({"agent": {"type": "dqn", "epsilon_end": 0}}, "algorithm.exploration_final_eps", 0),
        ({"model": "td3", "exploration_noise": 0.1}, "algorithm.action_noise.sigma", 0.1),
        (
            {"algo": "ddpg", "action_noise": {"type": "OU", "std": 0.2}},
            "algorithm.action_noise.kind",
            "ornstein_uhlenbeck",
        ),
        ({"algo": "ppo", "num_steps": 128, "num_envs": 4, "num_minibatches": 4}, "algorithm.batch_size", 128),
        ({"algo": "ppo", "learning_rate": 0.001, "anneal_lr": True}, "algorithm.learning_rate", "lin_0.001"),
        ({"duration_hours": 2}, "training.duration_seconds", 7200),
        ({"cuda": False}, "training.device", "cpu"),
        ({"normalize": True}, "environment.normalize_reward", True),
        ({"evaluation": {"interval": 10}}, "evaluation.frequency", 10),
        ({"checkpoint": {"freq": 99}}, "checkpoints.every_steps", 99),
        ({"env_id": "PongNoFrameskip-v4", "frame_skip": 2}, "environment.kwargs", {"frameskip": 2}),
        ({"env": "CartPole-v1", "env_kwargs": {"gravity": 1}}, "environment.kwargs", {"gravity": 1}),
        ({"network": {"hidden": "64x64"}}, "policy.net_arch", [64, 64]),
        ({"algorithm.gamma": 0.5}, "algorithm.gamma", 0.5),
        ({"capture_video": "false"}, "video.enabled", False),
        ({"ent_coef": 0}, "algorithm.ent_coef", 0),
        ({"policy_kwargs": {"activation_fn": "torch.nn.ReLU"}}, "policy.activation", "relu"),
        ({"training": {"max_steps": 70}}, "training.total_timesteps", 70),
        ({"exp_name": "first try"}, "name", "first try"),
        ({"algo": "sac", "optimizer": {"name": "Adam", "lr": 0.001}}, "policy.optimizer", "adam"),
        ({"algo": "td3", "action_noise": None}, "algorithm.action_noise.kind", "none"),
        ({"algo": "td3", "action_noise": False}, "algorithm.action_noise.kind", "none"),
        ({"algo": "td3", "action_noise": 0}, "algorithm.action_noise.sigma", 0),
        ({"algo": "td3", "noise": {"theta": 0.3}}, "algorithm.action_noise.theta", 0.3),
        ({"algo": "a2c", "anneal_lr": True}, "algorithm.learning_rate", "lin_0.0007"),
        ({"algo": "recurrent_ppo", "num_minibatches": 4}, "algorithm.batch_size", 32),
        ({"algo": "ppo", "n_steps": 16, "batch_size": 64}, "algorithm.batch_size", 16),
        ({"gae": True, "gae_lambda": 0.9}, "algorithm.gae_lambda", 0.9),
        ({"gae": False}, "algorithm.gae_lambda", 1),
        ({"use_gpu": "True"}, "training.device", "auto"),
        ({"gpu": 0}, "training.device", "cuda:0"),
        ({"cuda": "cuda:1"}, "training.device", "cuda:1"),
        ({"normalize": {"obs": True, "clip_obs": 5, "gamma": 0.9}}, "environment.clip_normalized_observation", 5),
        ({"environment": {"backend": "dummy"}}, "environment.backend", "dummy"),
        ({"task": "Pendulum-v1"}, "environment.id", "Pendulum-v1"),
        (
            {"env": "CartPoleNoVel-v1", "wrappers": [{"name": "time_limit"}, "frame_skip"]},
            "environment.wrappers",
            [{"name": name, "kwargs": {}} for name in ("mask_velocity", "time_limit", "frame_skip")],
        ),
    ],
)
def test_a_setting_is_known_by_the_names_that_others_have_for_it(data: Any, path: str, expected: Any) -> None:
    imported = flat(data)

    assert value(imported, path) == expected
    assert all(each.taken for each in imported.report), imported.report


@pytest.mark.parametrize(
    ("data", "key", "why", "near"),
    [
        ({"gama": 1}, "gama", "No setting is known", "algorithm.gamma"),
        ({"algorithm": "ppo", "buffer_size": 5}, "buffer_size", "it is one of", None),
        ({"algorithm": "alphazero"}, "algorithm", "no algorithm of that name", None),
        ({"gamma": 2}, "gamma", "must be at most 1", None),
        ({"flux_capacitor": 1.21}, "flux_capacitor", "No setting is known", None),
        ({"wandb": True}, "wandb", "other services", None),
        ({"training": {"episodes": 500}}, "training.episodes", "as long as its steps", None),
        ({"env": {"name": "CartPole-v1", "type": "gym"}}, "env.type", "No setting is known", None),
        ({"env": None}, "env", "no name of an environment", "environment.id"),
        ({"gym": True}, "gym", "no name of an environment", "environment.id"),
        ({"task": "train"}, "task", "no name of an environment", "environment.id"),
        ({"algo": "sac", "polyak": True}, "polyak", "not a number", "algorithm.tau"),
        ({"algo": "sac", "num_minibatches": 4}, "num_minibatches", "does not split", None),
        ({"n_minibatches": 0}, "n_minibatches", "not a number of minibatches", None),
        ({"cuda": 1}, "cuda", "which GPU", "training.device"),
        ({"wrappers": [{"name": "frame_skip", "kwargs": {"skip": 0}}]}, "wrappers", "skip", None),
        ({"env_id": "PongNoFrameskip-v4", "env_kwargs": 5, "frame_skip": 2}, "env_kwargs", "must be", None),
    ],
)
def test_what_is_not_taken_says_why_and_what_was_perhaps_meant(data: Any, key: str, why: str, near: str | None) -> None:
    imported = flat({**data, "seed": 3})

    assert value(imported, "training.seed") == 3
    assert not line(imported, key).taken
    assert why in line(imported, key).note
    assert near is None or line(imported, key).near == near


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"algorithm": "sac", "environment": {"name": "A-v1"}, "optimizer": {"name": "adam"}}, ("sac", "A-v1")),
        ({"algorithm": "sac", "environment": {"name": "A-v1"}, "logger": {"name": "x"}}, ("sac", "A-v1")),
        ({"algorithm": "sac", "environment": {"name": "A-v1"}, "run": {"id": "abc123"}}, ("sac", "A-v1")),
        ({"model": "lunar_v3", "algo": "sac", "env": "A-v1"}, ("sac", "A-v1")),
        ({"algo": "sac", "env_id": "A-v1", "task": "train"}, ("sac", "A-v1")),
        ({"task": "B-v1", "env": "C-v1", "algo": "sac", "environment": {"name": "A-v1"}}, ("sac", "A-v1")),
        ({"algo": "sac", "lr": 0.001, "env": "A-v1", "learning_rate": "abc"}, ("sac", "A-v1")),
    ],
)
def test_no_other_key_takes_the_place_of_the_algorithm_or_the_environment(
    data: dict[str, Any], expected: tuple[str, str]
) -> None:
    imported = flat({**data, "buffer_size": 777})

    assert (value(imported, "algorithm.name"), value(imported, "environment.id")) == expected
    assert value(imported, "algorithm.buffer_size") == 777


def test_a_refused_value_leaves_what_an_earlier_key_has_set() -> None:
    imported = flat({"lr": 0.001, "learning_rate": "abc"})

    assert value(imported, "algorithm.learning_rate") == 0.001
    assert [(each.key, each.taken) for each in imported.report] == [("lr", True), ("learning_rate", False)]


def test_a_group_is_accounted_for_key_by_key() -> None:
    noise = {"type": "ou", "sigma": 0.2, "theta": 0.3, "dt": 0.05, "decay": 0.9}
    imported = flat({"algo": "td3", "action_noise": noise, "normalize": {"obs": True, "gamma": 0.9, "momentum": 1}})

    assert value(imported, "algorithm.action_noise") == {
        "kind": "ornstein_uhlenbeck",
        "sigma": 0.2,
        "mean": 0.0,
        "theta": 0.3,
        "dt": 0.05,
        "initial_noise": None,
    }
    assert not value(imported, "environment.normalize_reward"), "nothing is said of rewards"
    left = [each.key for each in imported.report if not each.taken]
    assert left == ["action_noise.decay", "normalize.momentum"]
    assert len(imported.report) == 1 + len(noise) + 3
    unknown = flat({"algo": "td3", "action_noise": {"type": "pink", "sigma": 0.2}})
    assert [each.taken for each in unknown.report] == [True, False, False]


def test_two_keys_that_wait_for_others_are_both_accounted_for() -> None:
    imported = flat({"num_minibatches": 4, "ppo": {"num_minibatches": 8}})

    assert value(imported, "algorithm.batch_size") == 256
    assert [each.key for each in imported.report] == ["num_minibatches", "ppo.num_minibatches"]


def test_our_own_files_are_taken_whole_and_without_a_report() -> None:
    config = load_config({"algorithm": {"name": "dqn", "gamma": 0.5}})
    preset = json.dumps({"schema_version": 1, "about": {"title": "T"}, "config": {"algorithm": {"name": "dqn"}}})

    assert import_text(json.dumps(config.to_data())).config == config
    assert import_text('{"algorithm": {"name": "dqn"}}').format == "preset"
    assert import_text(json.dumps({**config.to_data(), "history": []})).config == config, "as REST tells it"
    assert (import_text(preset).about.title, import_text(preset).report) == ("T", ())


def test_a_preset_of_ours_with_a_fault_is_refused_not_guessed_at() -> None:
    with pytest.raises(ConfigError, match="gama"):
        import_text('{"schema_version": 1, "config": {"algorithm": {"name": "ppo", "gama": 1}}}')


@pytest.mark.parametrize("data", [[], 3, "text", None])
def test_what_holds_no_settings_is_refused(data: Any) -> None:
    with pytest.raises(ConfigError, match="JSON object"):
        flat(data)


def test_an_empty_object_amounts_to_the_defaults() -> None:
    assert flat({}).config == RunConfig()
