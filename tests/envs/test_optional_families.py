"""Families that come with packages of their own: recognised when installed, named with one command when not."""

from __future__ import annotations

import shlex
import sys

import gymnasium as gym
import pytest

from trainer.config import EnvironmentConfig, RunConfig, check
from trainer.config.environment import WrapperConfig
from trainer.envs import catalogue, needs, optional
from trainer.envs.optional import OptionalFamily
from trainer.errors import ConfigError

GOOD = 'import gymnasium\ngymnasium.register("Pocket/Walk-v2", "gymnasium.envs.classic_control:CartPoleEnv")\n'
BROKEN = "import gymnasium\nraise OSError('libpocket.so.3 is not there')\n"


@pytest.fixture
def pocket(tmp_path, monkeypatch):
    """A family whose package a test writes; nothing of it is left afterwards."""
    family = OptionalFamily("pocket", "Pocket worlds", "pocketworlds", "pocket-worlds", "small worlds", ("Pocket/",))
    monkeypatch.setattr(optional, "OPTIONAL", (family, *optional.OPTIONAL))
    monkeypatch.setattr(catalogue, "OPTIONAL", (family, *optional.OPTIONAL))
    monkeypatch.setattr(catalogue, "FAMILY_TITLES", {**catalogue.FAMILY_TITLES, "pocket": "Pocket worlds"})
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> OptionalFamily:
        (tmp_path / "pocketworlds.py").write_text(text, encoding="utf-8")
        return family

    yield write
    optional._imported.pop(family.key, None)
    sys.modules.pop("pocketworlds", None)
    gym.registry.pop("Pocket/Walk-v2", None)


def shelved(key: str) -> catalogue.Family:
    return next(family for family in catalogue.shelf() if family.key == key)


def test_a_family_that_is_not_installed_is_there_with_the_one_command(pocket) -> None:
    shelf = {family.key: family for family in catalogue.shelf()}
    absent = shelf["pocket"]
    assert absent.entries == () and absent.command is not None
    assert shlex.split(absent.command) == [sys.executable, "-m", "pip", "install", "pocket-worlds"]


def test_an_installed_family_is_imported_at_the_question_that_needs_it_and_not_before(pocket) -> None:
    pocket(GOOD)
    catalogue.find("CartPole-v1")
    assert "pocketworlds" not in sys.modules
    assert catalogue.find("Pocket/Walk-v2").title == "Walk"
    assert "pocketworlds" in sys.modules


def test_what_a_package_prints_while_it_is_imported_does_not_reach_the_terminal(pocket, capfd, caplog) -> None:
    pocket(GOOD + 'import sys\nprint("welcome")\nprint("old worlds have changed", file=sys.stderr)\n')
    with caplog.at_level("DEBUG", logger="trainer.envs.optional"):
        assert catalogue.find("Pocket/Walk-v2").available
    print("and afterwards it does")
    said = capfd.readouterr()
    assert (said.out, said.err) == ("and afterwards it does\n", "")
    assert "old worlds have changed" in caplog.text


def test_a_broken_package_takes_nothing_down_and_is_said(pocket) -> None:
    pocket(BROKEN)
    assert "CartPole-v1" in [entry.id for entry in catalogue.entries()]
    broken = shelved("pocket")
    assert broken.command is None
    assert broken.problem is not None and "libpocket.so.3" in broken.problem and "line 2" in broken.problem
    with pytest.raises(ConfigError):
        catalogue.find("Pocket/Walk-v2")


def test_a_package_that_was_mended_is_tried_once_more_when_somebody_looks_again(pocket) -> None:
    family = pocket(BROKEN)
    catalogue.entries()
    pocket(GOOD)
    assert "Pocket/Walk-v2" not in [entry.id for entry in catalogue.entries()]
    assert "Pocket/Walk-v2" in [entry.id for entry in catalogue.entries(again=True)]
    assert optional.problem_of(family) is None


def test_a_package_that_was_installed_meanwhile_is_found_without_a_restart(monkeypatch) -> None:
    there = needs.util.find_spec
    with monkeypatch.context() as without:
        without.setattr(needs.util, "find_spec", lambda name: None if name == "Box2D" else there(name))
        catalogue.entries()
        missing = catalogue.find("LunarLander-v3")
        assert not missing.available and "gymnasium[box2d]" in (missing.command or "")
        with pytest.raises(ConfigError, match="cannot run here"):
            catalogue.require("LunarLander-v3")
    assert catalogue.require("LunarLander-v3").id == "LunarLander-v3", "the command was run, and it is still missing"


def test_a_package_that_leaves_python_on_import_does_not_end_the_program(pocket) -> None:
    pocket("raise SystemExit('no licence')\n")
    assert "no licence" in (shelved("pocket").problem or "")


@pytest.mark.parametrize(
    ("package", "env_id", "kind"),
    [
        ("minigrid", "MiniGrid-Empty-5x5-v0", "other"),
        ("highway_env", "highway-v0", "vector"),
        ("gymnasium_robotics", "PointMaze_UMaze-v3", "dict"),
    ],
)
def test_real_packages_are_recognised_where_they_are(package: str, env_id: str, kind: str) -> None:
    pytest.importorskip(package)
    entry = catalogue.find(env_id)
    assert entry.family in {family.key for family in optional.OPTIONAL} and entry.available
    assert len(shelved(entry.family).entries) > 10
    assert catalogue.spaces_of(env_id).observation_kind == kind


def test_a_grid_world_with_words_in_it_names_the_wrapper_that_makes_it_trainable() -> None:
    pytest.importorskip("minigrid")
    environment = EnvironmentConfig(id="MiniGrid-Empty-5x5-v0")
    faults = check(RunConfig(environment=environment), catalogue.environment_spaces(environment))
    hint = next(fault.hint for fault in faults if fault.field == "environment.id")
    assert hint is not None and "minigrid.wrappers:FlatObsWrapper" in hint
    wrapped = environment.model_copy(
        update={"wrappers": [WrapperConfig(entry_point="minigrid.wrappers:FlatObsWrapper")]}
    )
    assert check(RunConfig(environment=wrapped), catalogue.environment_spaces(wrapped)) == []


def test_names_of_other_packages_become_titles_too() -> None:
    pytest.importorskip("minigrid")
    assert catalogue.find("MiniGrid-DoorKey-5x5-v0").title == "MiniGrid Door Key 5x5"


def test_retired_environments_say_so_whatever_registers_them() -> None:
    pytest.importorskip("gymnasium_robotics")
    catalogue.entries()
    retired = catalogue.find("HalfCheetah-v3")
    assert retired.family == "mujoco" and "HalfCheetah-v5" in (retired.missing or "")
    assert "given up" in (catalogue.find("FetchReach-v1").missing or "")
