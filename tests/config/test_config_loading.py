"""Loading plain data: what is accepted, and how every fault is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from api.responses import encode
from trainer.config import ALGORITHMS, RunConfig, apply_overrides, load_config, parse_schedule
from trainer.config.migrations import MIGRATIONS
from trainer.config.run import SCHEMA_VERSION
from trainer.errors import ConfigError


def faults(data: Any) -> dict[str, tuple[str, str | None]]:
    with pytest.raises(ConfigError) as caught:
        load_config(data)
    return {fault.field: (fault.message, fault.hint) for fault in caught.value.faults}


def test_empty_data_is_the_default_configuration() -> None:
    assert load_config({}) == RunConfig()


def test_what_is_written_is_read_back_unchanged() -> None:
    data = {
        "name": "",
        "tags": [],
        "environment": {"kwargs": {"zero": 0, "nought": 0.0, "no": False, "empty": "", "none": None}},
        "algorithm": {"name": "sac", "ent_coef": 0.0, "learning_starts": 0, "target_entropy": 0.0},
        "policy": {"net_arch": [], "share_features_extractor": False},
        "evaluation": {"enabled": False, "final_episodes": 0, "reward_threshold": 0.0},
        "checkpoints": {"every_seconds": None},
    }
    config = load_config(data)

    again = load_config(json.loads(json.dumps(config.to_data())))

    assert again == config
    assert again.environment.kwargs == data["environment"]["kwargs"]
    assert again.algorithm.ent_coef == 0.0
    assert again.policy.net_arch == []
    assert again.checkpoints.every_seconds is None


def test_every_fault_is_reported_at_once() -> None:
    found = faults(
        {
            "environment": {"n_envs": 0},
            "algorithm": {"name": "ppo", "gamma": 2, "batch_size": "big"},
            "training": {"seed": -1},
            "video": {"enabled": 1},
        }
    )

    assert set(found) == {
        "environment.n_envs",
        "algorithm.gamma",
        "algorithm.batch_size",
        "training.seed",
        "video.enabled",
    }


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"algorithm": {"name": "ppo", "batch_size": 1.5}}, "algorithm.batch_size", "must be a whole number, not 1.5"),
        ({"environment": {"n_envs": True}}, "environment.n_envs", "must be a whole number, not true"),
        ({"algorithm": {"name": "ppo", "gamma": "high"}}, "algorithm.gamma", "must be a number, not the text 'high'"),
        ({"algorithm": {"name": "ppo", "gamma": None}}, "algorithm.gamma", "must be a number, not empty"),
        ({"algorithm": {"name": "ppo", "gamma": True}}, "algorithm.gamma", "must be a number, not true"),
        ({"algorithm": {"name": "ppo", "gamma": 1.01}}, "algorithm.gamma", "must be at most 1, not 1.01"),
        ({"algorithm": {"name": "ppo", "target_kl": 0}}, "algorithm.target_kl", "must be greater than 0, not 0"),
        ({"video": {"enabled": "yes"}}, "video.enabled", "must be true or false, not the text 'yes'"),
        ({"tags": "one"}, "tags", "must be a list, not the text 'one'"),
        ({"tags": ["a,b"]}, "tags.0", "cannot be 'a,b'"),
        ({"training": []}, "training", "must be a group of settings, not a list"),
        ({"algorithm": "ppo"}, "algorithm", "must be a group of settings, not the text 'ppo'"),
        ({"algorithm": {"gamma": 0.9}}, "algorithm.name", "is missing"),
        (
            {"algorithm": {"name": ["ppo"]}},
            "algorithm.name",
            f"must be one of {', '.join(ALGORITHMS)}, not ['ppo']",
        ),
        ({"environment": {"kwargs": [1]}}, "environment.kwargs", "must be a JSON object, not a list"),
        ({"environment": {"wrappers": [{}]}}, "environment.wrappers.0", 'needs either "name" or "entry_point"'),
        (
            {"training": {"duration_seconds": float("inf")}},
            "training.duration_seconds",
            "must be a finite number, not inf",
        ),
        ({"training": {"device": "gpu"}}, "training.device", "cannot be 'gpu'"),
        ([], "", "must be a group of settings, not a list"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(data: Any, field: str, message: str) -> None:
    assert faults(data)[field][0] == message


@pytest.mark.parametrize(
    ("data", "field", "hint"),
    [
        ({"algorithm": {"name": "ppo", "gama": 0.9}}, "algorithm.gama", "Did you mean algorithm.gamma?"),
        ({"gamma": 0.9}, "gamma", "Did you mean algorithm.gamma?"),
        ({"enviroment": {}}, "enviroment", "Did you mean environment?"),
        (
            {"algorithm": {"name": "dqn", "clip_range": 0.2}},
            "algorithm.clip_range",
            "It is a setting of ppo, recurrent_ppo, maskable_ppo.",
        ),
        ({"algorithm": {"name": "PPO"}}, "algorithm.name", "Did you mean ppo?"),
        ({"algorithm": {"name": "pppo"}}, "algorithm.name", "Did you mean ppo?"),
        ({"policy": {"class_": "auto"}}, "policy.class_", "Did you mean policy.class?"),
        ({"policy": {"activation": "tan"}}, "policy.activation", "Did you mean tanh?"),
        (
            {"algorithm": {"name": "td3", "action_noise": {"kind": "normal", "theta": 0}}},
            "algorithm.action_noise.theta",
            "It is a setting of ornstein_uhlenbeck.",
        ),
        (
            {"algorithm": {"name": "td3", "action_noise": {"kind": "normall"}}},
            "algorithm.action_noise.kind",
            "Did you mean normal?",
        ),
        (
            {"environment": {"wrappers": [{"nme": "x"}]}},
            "environment.wrappers.0.nme",
            "Did you mean environment.wrappers.0.name?",
        ),
        ({"training": {"device": "gpu"}}, "training.device", "Choose one such as auto, cpu, cuda, cuda:0, mps."),
        ({"environment": {"id": ""}}, "environment.id", "Write it like CartPole-v1."),
        (
            {"algorithm": {"name": "dqn", "replay_buffer_class": "HerReplayBuffer"}},
            "algorithm.replay_buffer_class",
            "Write it like stable_baselines3:HerReplayBuffer.",
        ),
    ],
)
def test_a_near_miss_is_suggested(data: Any, field: str, hint: str) -> None:
    assert faults(data)[field][1] == hint


def test_a_float_without_a_fraction_is_a_whole_number() -> None:
    config = load_config({"training": {"total_timesteps": 1e6}, "environment": {"frame_stack": 4.0}})

    assert (config.training.total_timesteps, config.environment.frame_stack) == (1_000_000, 4)
    assert type(config.training.total_timesteps) is int


@pytest.mark.parametrize(
    ("value", "start", "end"), [("lin_2.5e-4", 2.5e-4, 0.0), ("const_0.1", 0.1, 0.1), (0.1, 0.1, 0.1), (0, 0.0, 0.0)]
)
def test_schedules_are_numbers_or_words(value: float | str, start: float, end: float) -> None:
    rate = load_config({"algorithm": {"name": "ppo", "learning_rate": value}}).algorithm.learning_rate

    assert (parse_schedule(rate).at(1.0), parse_schedule(rate).at(0.0)) == (start, end)


@pytest.mark.parametrize(
    "value", ["lin_", "lin_x", "linear", "lin_nan", "lin_-1", -1, True, None, [0.1], float("nan"), "auto"]
)
def test_what_is_no_schedule_is_refused(value: Any) -> None:
    assert "algorithm.learning_rate" in faults({"algorithm": {"name": "ppo", "learning_rate": value}})


@pytest.mark.parametrize("value", ["auto", "auto_0.1", 0.0, 0.2])
def test_entropy_coefficient_of_sac_is_automatic_or_a_number(value: float | str) -> None:
    assert load_config({"algorithm": {"name": "sac", "ent_coef": value}}).algorithm.ent_coef == value


@pytest.mark.parametrize("value", ["automatic", "auto_0", "auto_x", "auto_", -0.1, False, None])
def test_other_entropy_coefficients_are_refused(value: Any) -> None:
    assert "algorithm.ent_coef" in faults({"algorithm": {"name": "sac", "ent_coef": value}})


@pytest.mark.parametrize("value", [None, [], [64], {"pi": [64], "qf": []}])
def test_layers_are_a_list_or_one_list_for_each_network(value: Any) -> None:
    assert load_config({"policy": {"net_arch": value}}).policy.net_arch == value


@pytest.mark.parametrize("value", [[0], [1.5], [True], "64", {"pi": 64}, {}, {"actor": [64]}, 64])
def test_other_layers_are_refused(value: Any) -> None:
    assert "policy.net_arch" in faults({"policy": {"net_arch": value}})


def test_a_configuration_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().training.seed = 1


def test_two_configurations_share_no_dictionary() -> None:
    first = RunConfig()
    first.environment.kwargs["gravity"] = 1.0

    assert RunConfig().environment.kwargs == {}


def test_arguments_that_json_cannot_hold_are_refused() -> None:
    assert "environment.kwargs" in faults({"environment": {"kwargs": {"a": float("nan")}}})
    assert "64 bits" in faults({"environment": {"kwargs": {"a": [{"b": 2**63}]}}})["environment.kwargs"][0]
    deep = json.loads("[" * 200 + "]" * 200), json.loads("[" * 800 + "]" * 800)
    assert "nested too deeply" in faults({"environment": {"kwargs": {"a": deep[0]}}})["environment.kwargs"][0]
    assert "nested too deeply" in faults({"environment": {"kwargs": {"a": deep[1]}}})[""][0]
    assert load_config({"environment": {"kwargs": {"a": 2**63 - 1}}}).environment.kwargs == {"a": 2**63 - 1}


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize(
    "path",
    [
        "algorithm.n_steps",
        "algorithm.gamma",
        "algorithm.learning_rate",
        "environment.max_episode_steps",
        "training.duration_seconds",
        "policy.net_arch",
    ],
)
def test_a_number_beyond_measure_is_a_fault_that_can_be_told_and_sent(path: str, digits: int) -> None:
    number = [10**digits] if path == "policy.net_arch" else 10**digits
    with pytest.raises(ConfigError) as caught:
        load_config(apply_overrides({}, {path: number}))
    (fault,) = caught.value.faults
    assert fault.field == path
    assert json.loads(encode(fault.as_json())) == fault.as_json()


@pytest.mark.parametrize(
    ("path", "given", "fix"),
    [
        ("algorithm.n_steps", "8", 8),
        ("algorithm.n_steps", "0.5", None),
        ("algorithm.n_steps", "-5", None),
        ("algorithm.gamma", "1e999", None),
        ("algorithm.learning_rate", "1e999", None),
        ("algorithm.gamma", 99, 0.99),
        ("algorithm.gamma", 100, 1),
        ("algorithm.n_steps", 10**16, None),
    ],
)
def test_only_what_the_setting_takes_is_offered(path: str, given: Any, fix: float | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(apply_overrides({}, {path: given}))
    assert caught.value.faults[0].fix == (None if fix is None else {path: fix})


def test_thousands_of_mistakes_take_no_minutes_and_are_counted() -> None:
    unknown = {f"n_stepz{number}": 1 for number in range(20_000)}
    started = time.perf_counter()
    found = faults({"algorithm": {"name": "ppo", **unknown}})
    assert found["algorithm.n_stepz0"][1] == "Did you mean algorithm.n_steps?"
    assert found[""][0] == "has 19,900 more mistakes like these"
    assert faults({"environment": {"wrappers": [{"name": "frame_skipp"}] * 20_000}})["environment.wrappers"]
    with pytest.raises(ConfigError):
        apply_overrides({}, {f"algorithm.{name}": 1 for name in unknown})
    assert time.perf_counter() - started < 8


def test_an_answer_holds_numbers_as_a_browser_has_them() -> None:
    given = {"a": [2**64 - 1, 2**64, -(2**64), 10**400], "b": float("nan")}
    assert json.loads(encode(given)) == {"a": [2**64 - 1, float(2**64), -float(2**64), None], "b": None}


def test_data_of_version_0_is_migrated() -> None:
    old = {"schema_version": 0, "environment": {"env_id": "Acrobot-v1"}, "training": {"n_timesteps": 5}}

    config = load_config(old)

    assert (config.environment.id, config.training.total_timesteps) == ("Acrobot-v1", 5)
    assert config.schema_version == SCHEMA_VERSION
    assert "env_id" in old["environment"]


def test_there_is_a_migration_from_every_older_version() -> None:
    assert set(MIGRATIONS) == set(range(SCHEMA_VERSION))


@pytest.mark.parametrize("version", ["1", True, -1, 1.0, None])
def test_what_is_no_version_is_refused(version: Any) -> None:
    assert "must be a whole number" in faults({"schema_version": version})["schema_version"][0]


def test_a_newer_version_is_refused_with_what_to_do() -> None:
    message, hint = faults({"schema_version": SCHEMA_VERSION + 1})["schema_version"]

    assert message == f"is {SCHEMA_VERSION + 1}, but this Palaestra reads versions up to {SCHEMA_VERSION}"
    assert hint == "Update Palaestra to open it."
