"""Presets in the terminal: found by words, imported with a report, saved only under a name."""

from __future__ import annotations

import json

import pytest

from trainer.config import PresetStore
from trainer.config.importing.zoo_file import read_yaml
from trainer.errors import ConfigError, Fault
from trainer.paths import BUILT_IN_PRESETS, program
from trainer.preset_terminal import import_preset, list_presets
from trainer.terminal import explain_faults


@pytest.fixture
def presets(tmp_path):
    return PresetStore(BUILT_IN_PRESETS, tmp_path / "user")


def test_presets_are_found_by_words_with_the_published_score(presets, capsys):
    assert list_presets(presets, ["pong", "PPO"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("ppo_pong")]
    assert len(lines) == 1
    assert "21.0 ± 0.1" in lines[0]
    assert list_presets(presets, ["ppo_cartpol3"]) == 2
    assert "Did you mean ppo_cartpole?" in capsys.readouterr().out


def test_a_file_is_reported_key_by_key_and_saved_only_under_a_name(presets, tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"algorithm": "dqn", "env": "CartPole-v1", "lr": 0.001, "magic": 3}), encoding="utf-8")

    assert import_preset(presets, path) == 0
    out = capsys.readouterr().out
    assert "lr = 0.001 -> algorithm.learning_rate = 0.001" in out
    assert "left   magic = 3" in out
    assert "3 of 4 keys were taken" in out
    assert not (tmp_path / "user").exists()

    assert import_preset(presets, path, name="mine") == 0
    assert f"{program()} train mine" in capsys.readouterr().out
    assert presets.load("mine").config.algorithm.learning_rate == 0.001
    assert "run.json" in presets.load("mine").about.source


def test_a_file_of_several_entries_lists_them(presets, tmp_path, capsys):
    path = tmp_path / "ppo.yml"
    path.write_text("CartPole-v1:\n  n_envs: 8\nAcrobot-v1:\n  n_envs: 4\n", encoding="utf-8")

    assert import_preset(presets, path, name="mine") == 2
    assert "Acrobot-v1" in capsys.readouterr().out
    assert import_preset(presets, path, name="mine", entry="Acrobot-v1") == 0
    assert presets.load("mine").config.environment.n_envs == 4


def test_a_file_that_is_not_there_is_said_so(presets, tmp_path):
    path = tmp_path / "none.yml"
    with pytest.raises(ConfigError) as refused:
        import_preset(presets, path)
    assert explain_faults(refused.value) == f"The file {path} cannot be read: No such file or directory."


def test_a_fault_of_no_setting_is_a_sentence_and_one_of_a_setting_stands_under_the_heading():
    step = ConfigError([Fault("checkpoint", "there is no checkpoint of step 7", "There are: 5.")])
    assert explain_faults(step) == "There is no checkpoint of step 7. There are: 5."
    assert explain_faults(ConfigError([Fault("sedes", "is not known here")])) == "sedes: is not known here."
    gamma = explain_faults(ConfigError([Fault("algorithm.gamma", "must be at most 1")]))
    assert gamma == "The configuration cannot run:\n  algorithm.gamma: must be at most 1"


def test_a_fault_at_the_end_of_a_file_names_no_line_that_it_does_not_have():
    with pytest.raises(ConfigError) as refused:
        read_yaml("a: [1, 2\n")
    assert refused.value.message.startswith("The text is not plain YAML at its end: ")
