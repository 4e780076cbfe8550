"""A form shows a configuration and gives it back to the last bit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainer.config import (
    ALGORITHMS,
    FieldSpec,
    RunConfig,
    apply_overrides,
    check_rest,
    field_specs,
    from_form,
    load_config,
    read_form,
    specs_for,
    to_form,
)
from trainer.errors import ConfigError

DELICATE: dict[str, Any] = {
    "name": "",
    "tags": ["one", "two words"],
    "notes": " two\nlines ",
    "environment": {
        "n_envs": 4,
        "kwargs": {"zero": 0, "nought": 0.0, "no": False, "empty": "", "none": None, "list": []},
        "wrappers": [{"name": None, "entry_point": "a.b:C", "kwargs": {}}],
        "clip_normalized_reward": 0.1 + 0.2,
        "normalize_keys": [],
    },
    "policy": {
        "net_arch": [],
        "share_features_extractor": False,
        "ortho_init": False,
        "log_std_init": 0.0,
        "optimizer": "adam",
    },
    "training": {"seed": 0, "duration_seconds": None, "device": "cuda:3"},
    "evaluation": {"enabled": False, "final_episodes": 0, "reward_threshold": 0.0},
    "checkpoints": {"every_seconds": None, "every_steps": 7},
    "video": {"milestones": False},
    "resources": {"executor": "process", "cpu_cores": 1, "gpu_index": 0, "nice": 0},
}
ALGORITHM_DATA: dict[str, dict[str, Any]] = {
    "ppo": {"learning_rate": "lin_2.5e-4", "clip_range_vf": None, "ent_coef": 0.0, "normalize_advantage": False},
    "a2c": {"learning_rate": 0.0, "rollout_buffer_kwargs": {}, "use_rms_prop": False},
    "dqn": {"learning_starts": 0, "replay_buffer_kwargs": {"handle_timeout_termination": False}},
    "ddpg": {"action_noise": {"kind": "normal", "sigma": 0.0, "mean": 0.0}},
    "td3": {"action_noise": {"kind": "ornstein_uhlenbeck", "theta": 0.0, "dt": 1e-3, "initial_noise": 0.0}},
    "sac": {"ent_coef": "auto_0.1", "target_entropy": -0.0, "train_freq_unit": "episode"},
    "her": {"hindsight": False, "n_sampled_goal": 0, "goal_selection_strategy": "final"},
    "qrdqn": {"max_grad_norm": 0.0, "exploration_fraction": 0.0},
    "tqc": {"top_quantiles_to_drop_per_net": 0, "ent_coef": 0.0, "copy_info_dict": True},
    "trpo": {"cg_damping": 0.0, "normalize_advantage": False, "sub_sampling_factor": 3},
    "recurrent_ppo": {"batch_size": None, "clip_range_vf": "lin_0.1"},
    "maskable_ppo": {"batch_size": None, "target_kl": None},
    "crossq": {"action_noise": {"kind": "normal", "sigma": 0.0}, "policy_delay": 1},
    "ars": {"n_top": None, "zero_policy": False, "alive_bonus_offset": -0.0, "delta_std": "lin_0.05"},
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_configuration_survives_the_form_unchanged(name: str) -> None:
    mine = {spec.path.removeprefix("policy.") for spec in specs_for(name) if spec.section == "policy"}
    policy = {key: value for key, value in DELICATE["policy"].items() if key in mine}
    data = {**DELICATE, "policy": policy, "algorithm": {"name": name, **ALGORITHM_DATA[name]}}
    config = load_config(data)

    again = load_config(from_form(to_form(config)))

    assert again == config
    assert repr(again) == repr(config)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_defaults_of_every_algorithm_survive_too(name: str) -> None:
    config = load_config({"algorithm": {"name": name}})

    assert load_config(from_form(to_form(config), name)) == config


def test_widget_values_are_what_widgets_take() -> None:
    values = to_form(load_config({**DELICATE, "algorithm": {"name": "ppo", **ALGORITHM_DATA["ppo"]}}))
    types: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "bool": (bool,)}

    for spec in field_specs():
        value = values[spec.key]
        expected = types.get(spec.kind, (str,))
        assert isinstance(value, expected) or (value is None and spec.nullable and spec.kind in ("int", "float"))
        if spec.kind == "choice":
            assert value in spec.choices or (value == "" and spec.nullable)


def test_other_algorithms_show_their_own_defaults() -> None:
    values = to_form(load_config({"algorithm": {"name": "ppo", "gamma": 0.5}}))

    assert values["ppo:algorithm.gamma"] == 0.5
    assert values["dqn:algorithm.gamma"] == 0.99
    assert values["dqn:algorithm.learning_rate"] == "0.0001"


def test_switching_the_algorithm_reads_the_new_ones_fields_only() -> None:
    values = to_form(load_config({"algorithm": {"name": "ppo", "gamma": 0.5}, "policy": {"ortho_init": False}}))

    data = from_form({**values, "algorithm.name": "dqn"})

    assert data["algorithm"]["name"] == "dqn"
    assert "clip_range" not in data["algorithm"]
    assert "ortho_init" not in data["policy"]
    assert load_config(data).algorithm.gamma == 0.99


def test_a_form_with_an_unreadable_text_still_shows_faults_across_its_other_fields() -> None:
    values = to_form(load_config({"algorithm": {"name": "ppo", "batch_size": 3000, "n_steps": 64}}))

    for wrong in ({"training.seed": "seven"}, {"training.seed": -1}, {"environment.wrappers": '[{"name": 1}]'}):
        rest = read_form({**values, **wrong}).rest
        assert rest is not None
        assert [fault.field for fault in check_rest(rest)] == ["algorithm.batch_size"]
    rest = read_form({**values, "ppo:algorithm.n_steps": "many"}).rest
    assert rest is not None
    assert check_rest(rest) == []
    assert RunConfig().training.seed == load_config({}).training.seed  # defaults are shared by all, and stay whole
    assert read_form({**values, "algorithm.name": "magic"}).rest is None


def test_numbers_may_come_as_browsers_send_them() -> None:
    values = to_form(RunConfig())
    values |= {
        "environment.n_envs": 8.0,
        "ppo:algorithm.gamma": 1,
        "training.seed": "7",
        "ppo:algorithm.n_steps": "1e3",
    }

    config = load_config(from_form(values))

    assert (config.environment.n_envs, config.algorithm.gamma, config.training.seed) == (8, 1.0, 7)
    assert config.algorithm.n_steps == 1000


@pytest.mark.parametrize(
    ("key", "value", "field", "message"),
    [
        ("environment.kwargs", "{gravity: 1}", "environment.kwargs", "is not JSON"),
        ("environment.kwargs", '{"a": NaN}', "environment.kwargs", "is not JSON: NaN"),
        ("environment.kwargs", "[" * 100_000, "environment.kwargs", "is not JSON that can be read"),
        ("policy.net_arch", "64, 64", "policy.net_arch", "is not JSON"),
        ("ppo:algorithm.gamma", None, "algorithm.gamma", "needs a value; the default is 0.99"),
        ("ppo:algorithm.learning_rate", "", "algorithm.learning_rate", "needs a value; the default is 0.0003"),
        ("training.seed", "seven", "training.seed", "must be a number, not the text 'seven'"),
        ("environment.backend", "", "environment.backend", "needs a value; the default is auto"),
    ],
)
def test_what_cannot_be_read_is_a_fault_at_its_field(key: str, value: Any, field: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_form({**to_form(RunConfig()), key: value})

    assert [fault.field for fault in caught.value.faults] == [field]
    assert caught.value.faults[0].message.startswith(message)


def test_unreadable_and_refused_values_are_reported_together() -> None:
    values = {**to_form(RunConfig()), "environment.kwargs": "{", "ppo:algorithm.gamma": 3, "tags": "a, b"}

    result = read_form(values)

    assert result.config is None
    assert [fault.field for fault in result.faults] == ["environment.kwargs", "algorithm.gamma"]


def test_a_form_without_fault_is_a_configuration() -> None:
    result = read_form(to_form(RunConfig()))

    assert (result.config, result.faults) == (RunConfig(), ())


def test_a_form_that_was_built_in_part_leaves_the_rest_at_its_defaults() -> None:
    assert read_form({"training.seed": 3}).config == load_config({"training": {"seed": 3}})


def test_an_unknown_algorithm_is_a_fault() -> None:
    result = read_form({"algorithm.name": "pppo"})

    assert [fault.field for fault in result.faults] == ["algorithm.name"]
    assert result.config is None


def test_empty_boxes_mean_empty_or_nothing() -> None:
    values = {
        **to_form(RunConfig()),
        "environment.kwargs": " ",
        "environment.wrappers": "",
        "policy.net_arch": "",
        "policy.activation": None,
        "tags": " , ",
        "ppo:algorithm.rollout_buffer_class": "",
    }

    assert load_config(from_form(values)) == RunConfig()


NOISE = "algorithm.action_noise.kind"


def _extremes(spec: FieldSpec) -> list[Any]:
    """Return the values of a setting that careless code loses: empty, nought, off, none, and the ends of its range."""
    if spec.kind == "bool":
        return [False, True]
    if spec.kind == "optional_bool":
        return [None, False, True]
    if spec.kind in ("int", "float"):
        whole = spec.kind == "int"
        step = 1 if whole else 1e-9
        ends = [spec.minimum, spec.maximum]
        ends = [
            end if end is None or not exclusive else end + sign * step
            for end, exclusive, sign in zip(
                ends, (spec.exclusive_minimum, spec.exclusive_maximum), (1, -1), strict=True
            )
        ]
        nought = [] if ends[0] is not None and ends[0] > 0 else [0 if whole else 0.0, 0 if whole else -0.0]
        numbers = [*nought, *(end for end in ends if end is not None)]
        return [(int if whole else float)(number) for number in numbers] + [None] * spec.nullable
    if spec.kind == "duration":
        return [1.0, 90.5, 7200.0] + [None] * spec.nullable
    if spec.kind == "choice":
        return [*spec.choices] + [None] * spec.nullable
    if spec.kind == "open_choice":
        return list(spec.choices)
    if spec.kind == "schedule":
        return [1e-9, "lin_0.5", "const_0.25"] + ([None] if spec.nullable else [0.0, "lin_0"])
    if spec.kind == "number_or_auto":
        return ["auto", 0.0]
    if spec.kind == "tags":
        return [[], ["one"]]
    if spec.kind == "wrappers":
        return [[], json.loads(spec.example or "[]")]
    if spec.kind == "json":
        return [spec.default, *_of_json(spec)]
    return [spec.default, *([None] if spec.nullable else []), *([spec.example] if spec.example else [])]


def _of_json(spec: FieldSpec) -> list[Any]:
    known: dict[str, list[Any]] = {
        "policy.net_arch": [None, [], [1]],
        "environment.normalize_keys": [None, [], ["a"]],
    }
    if spec.path in known:
        return known[spec.path]
    free = {"zero": 0, "nought": 0.0, "no": False, "none": None, "list": [], "dict": {}, "text": ""}
    return [{}, free, *([None] if spec.nullable else [])]


def test_every_setting_of_every_algorithm_keeps_every_delicate_value() -> None:
    """Walk form -> configuration -> JSON -> form with each value of each setting of each of the fourteen algorithms."""
    walked: set[str] = set()
    tried = 0
    for name in ALGORITHMS:
        kinds = next((spec.choices for spec in specs_for(name) if spec.path == NOISE), ("",))
        for kind in kinds:
            values = {
                spec.path: _extremes(spec)
                for spec in specs_for(name)
                if spec.path not in ("algorithm.name", NOISE) and (not spec.only_when or kind in spec.only_when[1])
            }
            walked |= {f"{name}:{path}" for path in values}
            for turn in range(max(map(len, values.values()))):
                given = {path: each[turn % len(each)] for path, each in values.items()}
                tried += sum(turn < len(each) for each in values.values())
                _walk({"algorithm": {"name": name}}, {**({NOISE: kind} if kind else {}), **given})
    print(f"{len(walked)} settings of {len(ALGORITHMS)} algorithms, {tried} values")
    assert len(ALGORITHMS) == 14
    assert len(walked) > 1_000
    assert tried > 2 * len(walked)


def _walk(data: dict[str, Any], given: dict[str, Any]) -> None:
    config = load_config(apply_overrides(data, given))
    written = json.loads(json.dumps(config.to_data()))
    for path, value in given.items():
        assert (_at(written, path), type(_at(written, path))) == (value, type(value)), path
    shown = to_form(load_config(written))
    again = load_config(from_form(shown))
    assert repr(again) == repr(config)
    assert to_form(again) == shown


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data[name]
    return data
