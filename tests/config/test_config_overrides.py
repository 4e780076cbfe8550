"""Dotted paths: `--set` flags and the API's overrides."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.config import apply_overrides, load_config, parse_set_flag
from trainer.errors import ConfigError


def faults(data: dict[str, Any], overrides: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    with pytest.raises(ConfigError) as caught:
        apply_overrides(data, overrides)
    return {fault.field: (fault.message, fault.hint) for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("algorithm.gamma=0.9", "algorithm.gamma", 0.9),
        ("algorithm.learning_rate=lin_2.5e-4", "algorithm.learning_rate", "lin_2.5e-4"),
        ("video.enabled=false", "video.enabled", False),
        ("training.duration_seconds=null", "training.duration_seconds", None),
        ("policy.net_arch=[64, 64]", "policy.net_arch", [64, 64]),
        ('environment.kwargs={"a": 0}', "environment.kwargs", {"a": 0}),
        ("name=", "name", ""),
        ('name="42"', "name", "42"),
        ("name=a=b", "name", "a=b"),
        ("name=NaN", "name", "NaN"),
        ("training.total_timesteps=1e5", "training.total_timesteps", 1e5),
    ],
)
def test_a_flag_is_a_path_and_json_or_else_text(text: str, path: str, value: Any) -> None:
    assert parse_set_flag(text) == (path, value)


@pytest.mark.parametrize("text", ["algorithm.gamma", "=1", " =1", ""])
def test_a_flag_without_path_and_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        parse_set_flag(text)


def test_overrides_leave_the_original_alone() -> None:
    data = {"algorithm": {"name": "ppo", "gamma": 0.9}}

    changed = apply_overrides(data, {"algorithm.gamma": 0.0, "evaluation.enabled": False, "name": ""})

    assert data == {"algorithm": {"name": "ppo", "gamma": 0.9}}
    assert changed == {"algorithm": {"name": "ppo", "gamma": 0.0}, "evaluation": {"enabled": False}, "name": ""}


def test_another_algorithm_drops_the_old_ones_settings_in_any_order() -> None:
    data = {"algorithm": {"name": "ppo", "n_steps": 32, "gamma": 0.98}}

    changed = apply_overrides(data, {"algorithm.buffer_size": 5, "algorithm.name": "dqn"})

    assert changed == {"algorithm": {"name": "dqn", "buffer_size": 5}}


def test_the_same_algorithm_keeps_its_settings() -> None:
    data = {"algorithm": {"name": "ppo", "n_steps": 32}}

    assert apply_overrides(data, {"algorithm.name": "ppo"}) == data


def test_another_kind_of_noise_keeps_what_both_have() -> None:
    noise = {"kind": "ornstein_uhlenbeck", "sigma": 0.3, "theta": 0.2}
    data = {"algorithm": {"name": "ddpg", "action_noise": noise}}

    changed = apply_overrides(data, {"algorithm.action_noise.kind": "normal"})

    assert changed["algorithm"]["action_noise"] == {"kind": "normal", "sigma": 0.3}
    assert load_config(changed).algorithm.action_noise.sigma == 0.3


def test_a_whole_section_is_applied_before_its_settings() -> None:
    changed = apply_overrides({}, {"algorithm.gamma": 0.5, "algorithm": {"name": "dqn", "gamma": 0.1, "tau": 0.2}})

    assert changed == {"algorithm": {"name": "dqn", "gamma": 0.5, "tau": 0.2}}


def test_arguments_of_the_environment_take_any_key() -> None:
    assert apply_overrides({}, {"environment.kwargs.gravity": -5}) == {"environment": {"kwargs": {"gravity": -5}}}


def test_optional_arguments_take_any_key_too() -> None:
    data = {"algorithm": {"name": "dqn"}}

    changed = apply_overrides(data, {"algorithm.replay_buffer_kwargs.handle_timeout_termination": False})

    assert changed["algorithm"]["replay_buffer_kwargs"] == {"handle_timeout_termination": False}


def test_every_unknown_path_is_reported_with_the_nearest_one() -> None:
    found = faults(
        {"algorithm": {"name": "ppo"}},
        {"algorithm.gama": 1, "algoritm.gamma": 1, "gamma": 1, "algorithm.tau": 1, "training.seed.x": 1, "": 1},
    )

    assert found["algorithm.gama"][1] == "Did you mean algorithm.gamma?"
    assert found["algoritm.gamma"][1] == "Did you mean algorithm.gamma?"
    assert found["gamma"][1] == "Did you mean algorithm.gamma?"
    owners = "dqn, ddpg, td3, sac, her, qrdqn, tqc"
    assert found["algorithm.tau"] == ("is not a known setting", f"It is a setting of {owners}.")
    assert found["training.seed.x"][0] == "leads into a setting that has no parts"
    assert "" in found


def test_an_unknown_algorithm_is_left_for_loading_to_report() -> None:
    changed = apply_overrides({}, {"algorithm.name": "pppo", "algorithm.gamma": 0.9})

    with pytest.raises(ConfigError, match=r"algorithm\.name: must be one of"):
        load_config(changed)


@pytest.mark.parametrize("data", [{"algorithm": 3}, {"algorithm": {"name": ["x"]}, "training": "x"}])
def test_damaged_data_never_breaks_more_than_a_fault(data: dict[str, Any]) -> None:
    overrides = {"algorithm.name": ["y"], "algorithm.gamma": 1, "training.seed": 1}

    with pytest.raises(ConfigError):
        load_config(apply_overrides(data, overrides))
