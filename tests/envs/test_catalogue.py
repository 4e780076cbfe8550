"""Which environments are offered, and what is said about one that is not."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import gymnasium as gym
import pytest

from trainer.config.environment import EnvironmentConfig, WrapperConfig
from trainer.envs import catalogue
from trainer.errors import ConfigError


def test_every_family_of_gymnasium_and_more_than_a_hundred_atari_games_are_there() -> None:
    families = {family.key: family for family in catalogue.families()}
    assert {"classic_control", "box2d", "mujoco", "toy_text", "atari"} <= set(families)
    assert len({entry.title for entry in families["atari"].entries}) > 100
    ids = [entry.id for entry in catalogue.entries()]
    assert {"CartPole-v1", "LunarLander-v3", "HalfCheetah-v5", "Taxi-v4", "ALE/Pong-v5", "PongNoFrameskip-v4"} <= set(
        ids
    )
    assert len(ids) == len(set(ids))


def test_newer_versions_come_before_older_ones_and_those_stay_valid() -> None:
    ids = [entry.id for entry in catalogue.entries()]
    assert ids.index("CartPole-v1") < ids.index("CartPole-v0")
    assert ids.index("HalfCheetah-v5") < ids.index("HalfCheetah-v4")
    pong = [entry.id for entry in catalogue.entries() if entry.title == "Pong"]
    assert pong[:2] == ["ALE/Pong-v5", "PongNoFrameskip-v4"]


def test_entries_say_when_they_count_as_solved_and_when_they_are_cut() -> None:
    cart_pole = catalogue.find("CartPole-v1")
    assert (cart_pole.reward_threshold, cart_pole.max_episode_steps, cart_pole.title) == (475.0, 500, "Cart Pole")
    assert catalogue.find("PongNoFrameskip-v4").max_episode_steps == 27_000


def test_what_cannot_run_here_says_why() -> None:
    retired = catalogue.find("Hopper-v3")
    assert not retired.available and retired.missing is not None and "Hopper-v5" in retired.missing
    with pytest.raises(ConfigError, match="cannot run here"):
        catalogue.require("Hopper-v3")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("CartPol-v1", "CartPole-v1"), ("ALE/Pon-v5", "ALE/Pong-v5"), ("halfcheetah-v5", "HalfCheetah-v5")],
)
def test_a_misspelt_id_gets_the_nearest_one_as_a_hint(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.find(typed)
    (fault,) = caught.value.faults
    assert fault.field == "environment.id"
    assert fault.hint is not None and meant in fault.hint


def test_an_id_that_would_import_a_module_is_not_an_id() -> None:
    with pytest.raises(ConfigError):
        catalogue.find("antigravity:CartPole-v1")


@pytest.mark.parametrize(
    ("env_id", "kind", "shape", "actions"),
    [
        ("CartPole-v1", "vector", (4,), "discrete"),
        ("PongNoFrameskip-v4", "image", (4, 84, 84), "discrete"),
        ("Pendulum-v1", "vector", (3,), "box"),
        ("CarRacing-v3", "image", (3, 96, 96), "box"),
        ("FrozenLake-v1", "discrete", (), "discrete"),
        ("Blackjack-v1", "vector", (45,), "discrete"),
    ],
)
def test_spaces_are_those_that_a_policy_sees(env_id: str, kind: str, shape: tuple[int, ...], actions: str) -> None:
    spaces = catalogue.spaces_of(env_id)
    assert (spaces.observation_kind, spaces.observation_shape, spaces.action_kind) == (kind, shape, actions)


def test_spaces_follow_kwargs_wrappers_and_frame_stack() -> None:
    assert catalogue.spaces_of("PongNoFrameskip-v4", {"full_action_space": True}).n_actions == 18
    assert catalogue.spaces_of("ALE/Pong-v5", {"obs_type": "ram"}).observation_shape == (128,)
    environment = EnvironmentConfig(
        id="CarRacing-v3",
        frame_stack=2,
        wrappers=[WrapperConfig(name="resize_observation", kwargs={"shape": [48, 48]})],
    )
    assert catalogue.environment_spaces(environment).observation_shape == (6, 48, 48)


def test_arguments_that_an_environment_refuses_are_named_at_their_field() -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.spaces_of("CartPole-v1", {"gravitas": 1})
    assert caught.value.faults[0].field == "environment.kwargs"


def test_environments_registered_later_are_found() -> None:
    gym.register("PalaestraLateComer-v0", entry_point="gymnasium.envs.classic_control:CartPoleEnv")
    try:
        assert catalogue.find("PalaestraLateComer-v0").family in {"classic_control", "other"}
    finally:
        del gym.registry["PalaestraLateComer-v0"]


def test_many_threads_may_ask_at_once() -> None:
    ids = ["CartPole-v1", "Acrobot-v1", "Pendulum-v1", "MountainCar-v0", "Taxi-v4", "ALE/Pong-v5"] * 3
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(catalogue.spaces_of, ids))) == len(ids)


def test_the_catalogue_needs_no_torch_and_importing_it_not_even_gymnasium() -> None:
    program = (
        "import sys; from trainer.envs import catalogue; assert 'gymnasium' not in sys.modules;"
        "catalogue.entries(); catalogue.spaces_of('PongNoFrameskip-v4'); catalogue.spaces_of('CartPole-v1');"
        "assert not {'torch', 'stable_baselines3'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_id_of_a_package_that_is_not_installed_names_the_package_and_the_command():
    with pytest.raises(ConfigError) as caught:
        catalogue.find("PandaReach-v3")
    (fault,) = caught.value.faults
    assert fault.field == "environment.id"
    assert fault.message == "PandaReach-v3 cannot run here."
    assert fault.hint.startswith("Needs a package that is not installed: panda-gym. Run: ")
    assert fault.hint.endswith("-m pip install panda-gym")
    assert fault.fix is None
