"""The generated descriptions: every setting is explained, in page order, and the JSON Schema says the same."""

from __future__ import annotations

import pytest

from trainer.config import ALGORITHMS, FieldSpec, RunConfig, field_key, field_specs, load_config, specs_for
from trainer.config.form import to_form


def spec(key: str) -> FieldSpec:
    return next(each for each in field_specs() if each.key == key)


def test_keys_are_unique() -> None:
    keys = [each.key for each in field_specs()]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("each", field_specs(), ids=lambda each: each.key)
def test_every_setting_is_explained_with_its_source(each: FieldSpec) -> None:
    assert each.title
    assert each.help.endswith(".")
    assert len(each.help) <= 260
    assert ":" in each.source
    assert each.group


@pytest.mark.parametrize(
    "each", [each for each in field_specs() if each.kind in ("int", "duration")], ids=lambda each: each.key
)
def test_every_whole_number_and_length_of_time_ends_somewhere(each: FieldSpec) -> None:
    assert each.maximum is not None


def test_sections_stand_in_page_order() -> None:
    sections = list(dict.fromkeys(each.section for each in field_specs()))

    assert sections == [
        "run",
        "environment",
        "algorithm",
        "policy",
        "training",
        "evaluation",
        "checkpoints",
        "video",
        "tracking",
        "resources",
    ]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_basic_view_of_an_algorithm_is_short(name: str) -> None:
    basic = [each for each in specs_for(name) if each.algorithm == name and not each.advanced and not each.only_when]

    assert 5 <= len(basic) <= 10
    assert basic[0].path == "algorithm.learning_rate"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_setting_of_a_configuration_has_a_widget(name: str) -> None:
    config = load_config({"algorithm": {"name": name}})

    def leaves(data: dict[str, object], prefix: str = "") -> set[str]:
        found: set[str] = set()
        for key, value in data.items():
            nested = isinstance(value, dict) and value != {}
            found |= leaves(value, f"{prefix}{key}.") if nested else {prefix + key}
        return found

    paths = {each.path for each in field_specs() if each.algorithm in (None, name)}
    assert leaves(config.to_data()) - {"schema_version"} <= paths


def test_bounds_kinds_and_labels_come_from_the_declarations() -> None:
    gamma, target_kl, rate = (spec(f"ppo:algorithm.{name}") for name in ("gamma", "target_kl", "learning_rate"))

    assert (gamma.kind, gamma.minimum, gamma.maximum, gamma.nullable) == ("float", 0, 1, False)
    assert (target_kl.minimum, target_kl.exclusive_minimum, target_kl.nullable) == (0, True, True)
    assert (target_kl.none_label, target_kl.default) == ("no limit", None)
    assert (rate.kind, rate.default, rate.example) == ("schedule", 3e-4, "lin_2.5e-4")
    assert spec("algorithm.name").choices == tuple(ALGORITHMS)
    assert spec("policy.share_features_extractor").kind == "optional_bool"
    assert spec("policy.class").choices == ("auto", "MlpPolicy", "CnnPolicy", "MultiInputPolicy", "LinearPolicy")


def test_parts_of_the_noise_are_fields_of_their_own_bound_to_its_kind() -> None:
    theta, sigma = (spec(f"td3:algorithm.action_noise.{name}") for name in ("theta", "sigma"))

    assert theta.only_when == ("algorithm.action_noise.kind", ("ornstein_uhlenbeck",))
    assert sigma.only_when == ("algorithm.action_noise.kind", ("normal", "ornstein_uhlenbeck"))
    assert spec("td3:algorithm.action_noise.kind").default == "none"
    assert spec("td3:algorithm.action_noise.dt").kind == "float"


def test_a_policy_setting_belongs_to_the_algorithms_that_have_it() -> None:
    ortho_init = spec("policy.ortho_init")

    assert ortho_init.belongs_to("ppo")
    assert not ortho_init.belongs_to("dqn")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("algorithm.gamma", "dqn:algorithm.gamma"),
        ("algorithm.name", "algorithm.name"),
        ("environment.wrappers.0.name", "environment.wrappers"),
        ("environment.kwargs.gravity", "environment.kwargs"),
        ("nowhere", None),
        ("", None),
    ],
)
def test_a_fault_finds_the_widget_it_belongs_beside(path: str, key: str | None) -> None:
    assert field_key(path, "dqn") == key


def test_the_json_schema_carries_everything_a_form_needs() -> None:
    schema = RunConfig.model_json_schema()

    for name in ("PPOConfig", "SACConfig", "EnvironmentConfig", "PolicyConfig", "VideoConfig"):
        for key, field in schema["$defs"][name]["properties"].items():
            if key in ("name", "kind"):
                continue
            assert {"title", "description", "source", "group", "advanced", "default"} <= set(field), key


def test_defaults_of_the_specs_are_those_of_the_form() -> None:
    assert {each.key for each in field_specs()} == set(to_form(RunConfig()))
