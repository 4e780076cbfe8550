"""Which preprocessing an Atari id means, and what is said about options that make no sense."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from trainer.config.environment import EnvironmentConfig
from trainer.envs.atari_options import AtariOptions
from trainer.envs.catalogue import entries, require
from trainer.envs.registry import atari_options_of
from trainer.errors import ConfigError


def options(env_id: str, **settings: Any) -> AtariOptions:
    environment = EnvironmentConfig(id=env_id, **settings)
    found = atari_options_of(environment, require(env_id))
    assert found is not None
    return found


def test_a_v5_id_keeps_its_registered_skip_and_sticky_actions() -> None:
    found = options("ALE/MsPacman-v5")
    assert found.game == "ms_pacman"
    assert (found.frameskip, found.repeat_action_probability) == (4, 0.25)
    assert (found.noop_max, found.fire_reset, found.terminal_on_life_loss) == (0, False, False)


def test_a_no_frameskip_id_gets_one_skip_of_four_and_the_standard_preprocessing() -> None:
    found = options("PongNoFrameskip-v4")
    assert (found.frameskip, found.repeat_action_probability) == (4, 0.0)
    assert (found.noop_max, found.fire_reset, found.terminal_on_life_loss) == (30, True, True)
    assert found.clip_reward and found.frame_stack == 4 and found.screen_size == 84


def test_an_old_id_keeps_its_random_skip_which_only_the_single_game_offers() -> None:
    found = options("Pong-v4")
    assert found.frameskip == (2, 5)
    assert found.native_obstacle is not None


def test_the_configuration_has_the_last_word() -> None:
    found = options(
        "ALE/Pong-v5",
        kwargs={"repeat_action_probability": 0.0, "frameskip": 2, "terminal_on_life_loss": True, "clip_reward": False},
        frame_stack=1,
        max_episode_steps=100,
    )
    assert (found.repeat_action_probability, found.frameskip) == (0.0, 2)
    assert found.terminal_on_life_loss and not found.clip_reward
    assert found.frame_stack == 1
    assert found.max_num_frames_per_episode == 200


def test_every_wrong_option_is_named_at_its_field_at_once() -> None:
    wrong = {"terminal_on_life_los": True, "frameskip": 0, "noop_max": -1, "clip_reward": 1, "full_action_space": None}
    with pytest.raises(ConfigError) as caught:
        options("PongNoFrameskip-v4", kwargs=wrong)
    by_field = {fault.field: fault for fault in caught.value.faults}
    assert set(by_field) == {f"environment.kwargs.{name}" for name in wrong}
    assert by_field["environment.kwargs.terminal_on_life_los"].hint == "Did you mean terminal_on_life_loss?"


@pytest.mark.parametrize("probability", [1.5, -0.1, "0.25", True])
def test_a_sticky_probability_that_is_none_is_refused(probability: Any) -> None:
    with pytest.raises(ConfigError, match="from 0 to 1"):
        options("ALE/Pong-v5", kwargs={"repeat_action_probability": probability})


def test_a_game_shown_as_memory_is_an_ordinary_environment() -> None:
    environment = EnvironmentConfig(id="ALE/Pong-v5", kwargs={"obs_type": "ram"})
    assert atari_options_of(environment, require(environment.id)) is None


def test_a_game_that_somebody_has_registered_with_its_name_alone_is_as_its_makers_have_it() -> None:
    gym.register("OwnPong-v0", entry_point="ale_py.env:AtariEnv", kwargs={"game": "pong"})
    try:
        assert next(entry for entry in entries() if entry.id == "OwnPong-v0").max_episode_steps == 27_000
        found = options("OwnPong-v0")
        assert (found.frameskip, found.repeat_action_probability) == (4, 0.25)
    finally:
        del gym.registry["OwnPong-v0"]
