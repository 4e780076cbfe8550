"""Presets on disk: what is saved is loaded, what is damaged is said, nothing is lost and nothing escapes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from trainer.config import About, PresetStore, RunConfig, check, load_config
from trainer.config.presets import MAX_BYTES
from trainer.config.run import SCHEMA_VERSION
from trainer.errors import ConfigError, ConflictError, NotFoundError, UnsafePathError
from trainer.paths import PROJECT_ROOT

BUILT_IN = PROJECT_ROOT / "presets" / "built-in"
SHIPPED = [
    "a2c_cartpole",
    "ddpg_halfcheetah",
    "ddpg_pendulum",
    "dqn_breakout",
    "dqn_cartpole",
    "dqn_pong",
    "ppo_acrobot",
    "ppo_breakout",
    "ppo_cartpole",
    "ppo_lunarlander",
    "ppo_mountaincar",
    "ppo_pong",
    "sac_halfcheetah",
    "sac_pendulum",
    "td3_halfcheetah",
    "td3_pendulum",
]


@pytest.fixture
def presets(tmp_path: Path) -> PresetStore:
    return PresetStore(BUILT_IN, tmp_path / "user")


def refusal(presets: PresetStore, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        presets.parse(text)
    return caught.value


def test_the_shipped_presets_are_there(presets: PresetStore) -> None:
    assert set(SHIPPED) <= {info.name for info in presets.list()}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_preset_can_run_and_names_its_source(presets: PresetStore, name: str) -> None:
    preset = presets.load(name)
    algorithm, _, environment = name.partition("_")

    assert check(preset.config) == []
    assert preset.config.algorithm.name == algorithm
    assert preset.config.environment.id.lower().startswith(environment)
    assert "rl-baselines3-zoo" in preset.about.source
    assert preset.about.title
    assert preset.about.description


def test_dqn_on_atari_makes_one_gradient_step_for_four_transitions_as_published(presets: PresetStore) -> None:
    config = presets.load("dqn_pong").config

    transitions = config.algorithm.train_freq * config.environment.n_envs
    assert transitions / config.algorithm.gradient_steps == 4


def test_the_list_tells_what_a_dropdown_shows(presets: PresetStore) -> None:
    info = next(each for each in presets.list() if each.name == "ppo_pong")

    assert (info.title, info.algorithm, info.environment) == ("PPO on Pong", "ppo", "PongNoFrameskip-v4")
    assert (info.built_in, info.problem) == (True, None)


def test_delicate_values_are_loaded_as_they_were_saved(presets: PresetStore) -> None:
    config = load_config(
        {
            "name": "",
            "environment": {"kwargs": {"a": 0, "b": 0.0, "c": False, "d": "", "e": None}},
            "algorithm": {"name": "ppo", "ent_coef": 0.0, "normalize_advantage": False, "clip_range_vf": None},
            "policy": {"net_arch": []},
            "evaluation": {"final_episodes": 0},
        }
    )
    presets.save("mine", config)

    assert presets.load("mine").config == config
    assert repr(presets.load("mine").config) == repr(config)


def test_a_saved_preset_is_listed_and_can_be_deleted(presets: PresetStore) -> None:
    presets.save("exercise", RunConfig(), About(title="Übung ☃"))
    assert [(info.title, info.built_in) for info in presets.list() if info.name == "exercise"] == [("Übung ☃", False)]

    presets.delete("exercise")

    assert "exercise" not in [info.name for info in presets.list()]
    with pytest.raises(NotFoundError):
        presets.load("exercise")


def test_the_list_follows_a_file_that_changes(presets: PresetStore) -> None:
    presets.save("mine", RunConfig(), {"title": "first"})
    presets.list()

    presets.save("mine", RunConfig(), {"title": "the second"})

    assert [info.title for info in presets.list() if info.name == "mine"] == ["the second"]


def test_saving_again_keeps_what_the_preset_says_of_itself(presets: PresetStore) -> None:
    presets.save("mine", RunConfig(), About(title="T", description="D", source="S"))

    presets.save("mine", load_config({"training": {"seed": 1}}))

    assert presets.load("mine").about == About(title="T", description="D", source="S")
    assert presets.load("mine").config.training.seed == 1


@pytest.mark.parametrize("name", ["ppo_cartpole", "PPO_CartPole"])
def test_a_shipped_preset_is_never_overwritten_or_deleted(presets: PresetStore, name: str) -> None:
    with pytest.raises(ConflictError, match="built-in"):
        presets.save(name, RunConfig())
    with pytest.raises(ConflictError, match="built-in"):
        presets.delete(name)

    assert presets.load("ppo_cartpole").config.algorithm.gamma == 0.98


@pytest.mark.parametrize(
    "name", ["../x", "..", "a/b", "a\\b", "", ".hidden", "/etc/passwd", "a\0b", "con", "NUL.x", "x."]
)
def test_a_name_that_is_no_plain_file_name_is_refused(presets: PresetStore, tmp_path: Path, name: str) -> None:
    for action in (presets.load, presets.delete, lambda each: presets.save(each, RunConfig())):
        with pytest.raises(UnsafePathError):
            action(name)

    assert list(tmp_path.rglob("*")) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_a_link_out_of_the_folder_is_not_followed(presets: PresetStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"config": {}}')
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "link.json").symlink_to(secret)

    with pytest.raises(UnsafePathError):
        presets.load("link")
    assert next(info for info in presets.list() if info.name == "link").problem


def test_a_missing_preset_is_named_with_the_nearest_one(presets: PresetStore) -> None:
    with pytest.raises(NotFoundError, match="Did you mean ppo_cartpole"):
        presets.load("ppo_cartpol")


def test_a_name_that_some_disks_take_for_another_is_refused(presets: PresetStore, tmp_path: Path) -> None:
    presets.save("Walker", RunConfig())
    with pytest.raises(ConflictError, match="Save as Walker"):
        presets.save("walker", RunConfig())
    presets.save("Walker", RunConfig())
    with pytest.raises(ConflictError, match="your own defaults"):
        presets.save("Defaults", RunConfig())


def test_a_failed_save_leaves_the_old_preset_whole(presets: PresetStore, tmp_path: Path, monkeypatch: Any) -> None:
    presets.save("mine", RunConfig())

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        presets.save("mine", load_config({"training": {"seed": 9}}))

    assert presets.load("mine").config == RunConfig()
    assert [path.name for path in (tmp_path / "user").iterdir()] == ["mine.json"]


def test_a_damaged_file_does_not_hide_the_others(presets: PresetStore, tmp_path: Path) -> None:
    presets.save("good", RunConfig())
    (tmp_path / "user" / "bad.json").write_text('{"config": {')
    (tmp_path / "user" / "binary.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "user" / "huge.json").write_text(" " * (MAX_BYTES + 1))

    problems = {info.name: info.problem for info in presets.list() if not info.built_in}

    assert problems["good"] is None
    assert "cut off" in str(problems["bad"])
    assert "UTF-8" in str(problems["binary"])
    assert "bytes at most" in str(problems["huge"])
    for name in ("bad", "binary", "huge"):
        with pytest.raises(ConfigError):
            presets.load(name)


def test_an_upload_is_read_and_a_run_configuration_will_do_too(presets: PresetStore) -> None:
    config = load_config({"algorithm": {"name": "dqn"}})
    as_preset = json.dumps({"schema_version": 1, "about": {"title": "T"}, "config": config.to_data()})

    assert presets.parse(as_preset).config == config
    assert presets.parse(as_preset).about.title == "T"
    assert presets.parse("\ufeff" + json.dumps(config.to_data())).config == config


def test_a_truncated_upload_says_where_it_ends(presets: PresetStore) -> None:
    text = (BUILT_IN / "ppo_cartpole.json").read_text(encoding="utf-8")

    for length in range(1, len(text.rstrip()), 7):
        error = refusal(presets, text[:length])
        assert "is cut off at line" in error.message, text[:length][-20:]


def test_json_with_a_slip_says_where_it_is(presets: PresetStore) -> None:
    assert "line 2, column 1" in refusal(presets, '{"config": {},\n]').message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cut off"),
        ("[]", "must be a JSON object"),
        ("{}", "config: is missing"),
        ('{"config": []}', "config: must be a group of settings"),
        ('{"config": {}, "abuot": {}}', "abuot: is not part of a preset"),
        ('{"config": {}, "about": {"titel": ""}}', "about.titel: is not a known setting"),
        ('{"config": {}, "about": []}', "about: must be a group of settings"),
        ('{"config": {"training": {"seed": NaN}}}', "NaN is not a JSON number"),
        ('{"config": {"name": "a", "name": "b"}}', "name is written twice"),
        ('{"config": {"algorithm": {"name": "ppo", "gama": 1}}}', "algorithm.gama: is not a known setting"),
        ('{"schema_version": 99, "config": {}}', "schema_version: is 99"),
        ("[" * 100_000, "nested too deeply"),
        ('"' + "x" * MAX_BYTES + '"', "bytes at most"),
        ('{"config": {"training": {"seed": ' + "9" * 5000 + "}}}", ""),
    ],
)
def test_what_is_no_preset_is_refused_in_words(presets: PresetStore, text: str, message: str) -> None:
    assert message in refusal(presets, text).message


def test_a_preset_of_version_0_is_migrated(presets: PresetStore) -> None:
    old = {"schema_version": 0, "config": {"environment": {"env_id": "Acrobot-v1"}, "training": {"n_timesteps": 7}}}

    config = presets.parse(json.dumps(old)).config

    assert (config.schema_version, config.environment.id, config.training.total_timesteps) == (1, "Acrobot-v1", 7)


def test_a_saved_file_has_the_documented_shape(presets: PresetStore, tmp_path: Path) -> None:
    presets.save("mine", RunConfig(), About(title="Mine"))

    document = json.loads((tmp_path / "user" / "mine.json").read_text(encoding="utf-8"))

    assert document["schema_version"] == SCHEMA_VERSION
    assert document["about"] == {"title": "Mine", "description": "", "source": ""}
    assert document["config"] == RunConfig().to_data()


@pytest.mark.alone
def test_hundreds_of_presets_are_listed_quickly(presets: PresetStore) -> None:
    for number in range(300):
        presets.save(f"preset {number}", RunConfig())
    presets.list()

    started = time.perf_counter()
    infos = presets.list()

    assert len(infos) >= 300
    assert time.perf_counter() - started < 0.5
