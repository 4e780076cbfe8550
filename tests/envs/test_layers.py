"""What an environment is like above each wrapper, and what is said where one does not fit."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from trainer.config import check, load_config
from trainer.config.checks import advise
from trainer.config.environment import EnvironmentConfig
from trainer.envs import catalogue
from trainer.envs.layers import layers_of
from trainer.envs.remarks import wrapper_remarks
from trainer.envs.single import make_single
from trainer.errors import ConfigError, Fault

GREY = {"name": "grayscale_observation", "kwargs": {"keep_dim": True}}
SMALL = {"name": "resize_observation", "kwargs": {"shape": [32, 32]}}


def section(env_id: str, *wrappers: Any, **settings: Any) -> EnvironmentConfig:
    listed = [{"name": each} if isinstance(each, str) else each for each in wrappers]
    return load_config({"environment": {"id": env_id, "wrappers": listed, **settings}}).environment


def faults(data: dict[str, Any]) -> list[Fault]:
    try:
        config = load_config(data)
        spaces = catalogue.environment_spaces(config.environment)
    except ConfigError as error:
        return list(error.faults)
    return [*check(config, spaces), *advise(config), *wrapper_remarks(config.environment)]


@pytest.mark.parametrize(
    "environment",
    [
        section("CarRacing-v3", "frame_skip", GREY, SMALL, "frame_stack", "discretize_action"),
        section("CarRacing-v3", GREY, SMALL, frame_stack=4),
        section("CartPole-v1", "mask_velocity", "time_feature", "frame_stack"),
        section("LunarLander-v3", "time_aware_observation", "sticky_action", kwargs={"continuous": True}),
        section("MountainCar-v0", "rescale_observation", "delay_observation", max_episode_steps=50),
        section("Hopper-v5", "rescale_action", "history", "action_noise", "scale_reward"),
        section("Taxi-v4", "flatten_observation", "time_limit"),
        section("Blackjack-v1"),
        section("ALE/Pong-v5", "time_limit", "sticky_action"),
        section("Pendulum-v1", {"entry_point": "gymnasium.wrappers:TimeAwareObservation"}, "frame_stack"),
    ],
    ids=lambda environment: environment.id,
)
def test_what_is_said_of_the_top_is_what_the_environment_really_shows(environment: EnvironmentConfig) -> None:
    layers = layers_of(environment)
    env = make_single(environment)
    shown = env.observation_space
    assert layers.fault is None
    assert len(layers.heights) == 1 + len(environment.wrappers)
    assert layers.top.action == env.action_space
    assert layers.top.observation == shown or isinstance(layers.top.observation, gym.spaces.Tuple)
    observation, _ = env.reset(seed=0)
    assert shown.contains(observation)
    env.close()


def test_every_height_is_told_in_short() -> None:
    heights = [each.as_json() for each in layers_of(section("CarRacing-v3", GREY, SMALL, "discretize_action")).heights]

    assert [each["observation"]["shape"] for each in heights] == [[96, 96, 3], [96, 96, 1], [32, 32, 1], [32, 32, 1]]
    assert [each["action"] for each in heights[2:]] == [
        {"kind": "vector", "shape": [3]},
        {"kind": "discrete", "n": 125},
    ]


def test_a_bad_one_ends_the_list_and_is_named() -> None:
    layers = layers_of(section("CarRacing-v3", GREY, GREY, SMALL))

    assert len(layers.heights) == 2
    assert layers.fault is not None
    assert layers.fault.field == "environment.wrappers.1"
    assert layers.fault.fix == {"environment.wrappers": [GREY, SMALL]}


NORMALIZE = {"entry_point": "gymnasium.wrappers:NormalizeObservation"}


@pytest.mark.parametrize(
    ("environment", "place", "said"),
    [
        ({"id": "CarRacing-v3", "wrappers": [GREY, GREY]}, "1", "grey already"),
        ({"id": "ALE/Pong-v5", "wrappers": [{"name": "frame_skip"}]}, "0", "stack skips"),
        (
            {"id": "CartPole-v1", "wrappers": [{"name": "frame_stack"}, {"name": "mask_velocity"}]},
            "1",
            "not what other",
        ),
        ({"id": "CarRacing-v3", "wrappers": [SMALL]}, "0", "smaller than the 36 x 36"),
        (
            {"id": "Pendulum-v1", "frame_stack": 2, "wrappers": [{"name": "frame_stack"}]},
            "0",
            "Frame stack is there twice",
        ),
        ({"id": "CarRacing-v3", "wrappers": [{"name": "grayscale_observation"}]}, "0", "without a channel"),
        ({"id": "CartPole-v1", "wrappers": [NORMALIZE]}, "0", "for each copy alone"),
        ({"id": "ALE/Pong-v5", "wrappers": [{"name": "sticky_action"}]}, "0", "on top of those"),
        ({"wrappers": [{"name": "tim_limit"}]}, "0.name", "no wrapper called"),
        ({"wrappers": [{"name": "frame_skip", "kwargs": {"skip": 0}}]}, "0.kwargs.skip", "at least 1"),
    ],
)
def test_a_wrapper_at_fault_is_named_and_the_fix_that_is_offered_mends_it(
    environment: dict[str, Any], place: str, said: str
) -> None:
    at = f"environment.wrappers.{place}"
    fault = next(each for each in faults({"environment": environment}) if each.field == at)
    assert said in fault.message
    assert fault.fix is not None

    mended = {**environment, **{path.removeprefix("environment."): value for path, value in fault.fix.items()}}
    assert said not in " ".join(each.message for each in faults({"environment": mended}))


def test_an_algorithm_that_chooses_from_a_list_can_act_once_actions_are_discretised() -> None:
    data = {"algorithm": {"name": "dqn"}, "environment": {"id": "Pendulum-v1"}}
    assert faults(data)
    data["environment"] = {"id": "Pendulum-v1", "wrappers": [{"name": "discretize_action"}]}
    assert not faults(data)


def test_a_policy_chosen_by_itself_follows_what_wrappers_make_of_the_observations() -> None:
    flat = catalogue.environment_spaces(section("CarRacing-v3", "flatten_observation"))
    assert load_config({}).policy.resolved_class(flat.observation_kind) == "MlpPolicy"


def test_wrappers_say_what_they_cost_where_bare_copies_would_be_stepped_in_one_call() -> None:
    (remark,) = wrapper_remarks(section("CartPole-v1", "time_limit", n_envs=8))
    assert "one native call" in remark.message
    assert remark.hint == "The field Episode limit would do the same and keep that."
    assert wrapper_remarks(section("ALE/Pong-v5", "scale_reward"))[0].hint is None
    assert wrapper_remarks(section("CartPole-v1", "time_limit")) == []
    assert wrapper_remarks(section("Hopper-v5", "time_limit", n_envs=8)) == []
