"""The presets that we ship: made from RL Zoo by a script, each valid, few bytes, with source and published score."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from presets.generate import FILES, GAMES, generate, preset_name, read_sources
from trainer.config import PresetStore, check
from trainer.config.importing.names import algorithm_called
from trainer.paths import BUILT_IN_PRESETS

ALL = sorted(BUILT_IN_PRESETS.glob("*.json"))
NEEDS_ZOO = pytest.mark.skipif(importlib.util.find_spec("rl_zoo3") is None, reason="rl_zoo3 is not installed")


def test_every_shipped_preset_is_valid_named_after_what_it_holds_and_says_where_it_comes_from(tmp_path: Path) -> None:
    presets = PresetStore(BUILT_IN_PRESETS, tmp_path)
    for path in ALL:
        preset = presets.load(path.stem)
        config, about = preset.config, preset.about

        assert check(config) == [], path.stem
        assert path.stem.startswith(f"{config.algorithm.name}_"), path.stem
        assert re.fullmatch(r"[a-z0-9_-]+", path.stem), path.stem
        assert re.search(r"\(rl_zoo3 \d+\.\d+\.\d+\), hyperparams/\w+\.yml, \S+: https://", about.source), path.stem
        assert about.title and about.description, path.stem
        if about.score is not None:
            assert about.score.episodes > 0
            assert about.score.steps > 0
            assert about.score.source.startswith("https://")
    print(f"{len(ALL)} presets are valid")


def test_there_are_presets_of_every_algorithm_that_the_zoo_tunes_and_every_game_of_its_collection() -> None:
    names = {path.stem for path in ALL}
    algorithms = {name for name in map(algorithm_called, FILES) if name is not None}

    assert {name for name in algorithms if any(each.startswith(f"{name}_") for each in names)} == algorithms
    for algorithm in {"ppo", "a2c", "dqn", "qrdqn", "recurrent_ppo"} & algorithms:
        assert {f"{algorithm}_{game.lower()}" for game in GAMES} <= names


def test_a_shipped_preset_holds_only_what_differs_from_the_defaults() -> None:
    for path in ALL:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert set(document) == {"schema_version", "about", "config"}
        assert "resources" not in document["config"]
        assert path.stat().st_size < 4000, path.stem


def test_published_scores_stand_with_the_presets_they_were_reached_with() -> None:
    about = json.loads((BUILT_IN_PRESETS / "ppo_pong.json").read_text(encoding="utf-8"))["about"]

    assert (about["score"]["mean"], about["score"]["std"], about["score"]["steps"]) == (20.989, 0.105, 10_000_000)
    assert about["score"]["environment"] == "PongNoFrameskip-v4"


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ("PongNoFrameskip-v4", "ppo_pong"),
        ("ALE/Pong-v5", "ppo_pong"),
        ("LunarLanderContinuous-v3", "ppo_lunarlandercontinuous"),
        ("MiniGrid-Empty-Random-5x5-v0", "ppo_minigrid-empty-random-5x5"),
    ],
)
def test_a_preset_is_named_in_lower_case_without_version_or_namespace(environment: str, name: str) -> None:
    assert preset_name("ppo", environment) == name


@NEEDS_ZOO
def test_the_script_makes_the_shipped_files_to_the_byte(tmp_path: Path) -> None:
    sources = read_sources()
    made = generate(sources, tmp_path)

    assert sorted(f"{name}.json" for name in made.written) == [path.name for path in ALL]
    assert made.not_taken == []
    for path in ALL:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
