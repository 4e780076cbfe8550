"""Every known wrapper wraps a real environment, repeats itself for a seed, and goes on from a checkpoint."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from trainer.config import load_config
from trainer.config.environment import EnvironmentConfig
from trainer.config.wrappers import FIELDS_INSTEAD, GROUPS, KNOWN_WRAPPERS
from trainer.envs.factory import make_training_env
from trainer.envs.vector_state import capture_copies, restore_copies
from trainer.envs.wrappers import wrap, wrapper_class
from trainer.errors import ConfigError
from trainer.plain import pack, unpack

# An environment that each is made for, and the shape of what it then shows.
HOMES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "time_limit": ("CartPole-v1", {"max_episode_steps": 7}, (4,)),
    "frame_skip": ("Pendulum-v1", {"skip": 3}, (3,)),
    "frame_stack": ("Pendulum-v1", {"stack_size": 3}, (9,)),
    "grayscale_observation": ("CarRacing-v3", {"keep_dim": True}, (96, 96, 1)),
    "resize_observation": ("CarRacing-v3", {"shape": [48, 40]}, (48, 40, 3)),
    "rescale_observation": ("MountainCar-v0", {"min_obs": [-1, 0], "max_obs": 1}, (2,)),
    "flatten_observation": ("Taxi-v4", {}, (500,)),
    "filter_observation": ("Rooms-v0", {"filter_keys": ["observation"]}, None),
    "mask_velocity": ("CartPole-v1", {}, (4,)),
    "history": ("Pendulum-v1", {"horizon": 4}, (16,)),
    "delay_observation": ("Pendulum-v1", {"delay": 2}, (3,)),
    "time_feature": ("Pendulum-v1", {}, (4,)),
    "time_aware_observation": ("Pendulum-v1", {"normalize_time": True}, (4,)),
    "clip_action": ("Pendulum-v1", {"min_action": -1}, (3,)),
    "rescale_action": ("Pendulum-v1", {"min_action": [-3.0]}, (3,)),
    "discretize_action": ("Pendulum-v1", {"bins": 7}, (3,)),
    "action_noise": ("Pendulum-v1", {"sigma": 0.5}, (3,)),
    "action_smoothing": ("Pendulum-v1", {"smoothing": 0.9}, (3,)),
    "sticky_action": ("CartPole-v1", {"repeat_action_probability": 0.5, "repeat_action_duration": [1, 3]}, (4,)),
    "clip_reward": ("Pendulum-v1", {"min_reward": -0.5}, (3,)),
    "scale_reward": ("Pendulum-v1", {"scale": 0.01}, (3,)),
    "delayed_reward": ("Pendulum-v1", {"delay": 4}, (3,)),
}


class Rooms(gym.Env):
    """A place with a dictionary of observations, which is all plain data."""

    observation_space = gym.spaces.Dict(
        {
            "observation": gym.spaces.Box(-9, 9, (2,), np.float32),
            "room": gym.spaces.Discrete(5),
        }
    )
    action_space = gym.spaces.Box(-1, 1, (2,), np.float32)

    def __init__(self, **_):
        self.place, self.render_mode = np.zeros(2, np.float32), None

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.np_random.normal(size=2).astype(np.float32)
        return self._seen(), {}

    def step(self, action):
        self.place = np.clip(self.place + action, -9, 9).astype(np.float32)
        return self._seen(), float(self.place.sum()), False, False, {}

    def _seen(self):
        return {"observation": self.place.copy(), "room": int(abs(self.place[0]) // 2)}


@pytest.fixture(scope="module", autouse=True)
def rooms():
    gym.register("Rooms-v0", entry_point=Rooms, max_episode_steps=30)
    yield
    gym.registry.pop("Rooms-v0")


def made(env_id: str, *wrappers: tuple[str, dict[str, Any]], seed: int = 3, **settings: Any):
    listed = [{"name": name, "kwargs": kwargs} for name, kwargs in wrappers]
    config = load_config({"environment": {"id": env_id, "n_envs": 2, "wrappers": listed, **settings}})
    env = make_training_env(config.environment, seed)
    env.reset()
    return env


def walk(env, actions) -> list[Any]:
    seen = []
    for action in actions:
        observations, rewards, dones, _ = env.step(action)
        rows = observations.values() if isinstance(observations, dict) else [observations]
        seen.append([*(np.array(row) for row in rows), np.array(rewards), np.array(dones)])
    return seen


def some_actions(env, count: int) -> list[Any]:
    env.action_space.seed(5)
    return [np.array([env.action_space.sample() for _ in range(env.num_envs)]) for _ in range(count)]


def same(one, other) -> bool:
    return all(
        np.array_equal(a, b) for rows, others in zip(one, other, strict=True) for a, b in zip(rows, others, strict=True)
    )


def test_every_known_wrapper_is_tried_here() -> None:
    assert set(HOMES) == set(KNOWN_WRAPPERS)


@pytest.mark.parametrize("name", HOMES)
def test_a_known_wrapper_shows_what_it_says_it_does(name: str) -> None:
    env_id, kwargs, shape = HOMES[name]
    env = wrap(gym.make(env_id), [(name, kwargs)])
    observation, _ = env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(5):
        assert env.observation_space.contains(observation)
        assert env.observation_space.shape == shape
        observation, reward, *_ = env.step(env.action_space.sample())
        assert isinstance(float(reward), float)
    env.close()


@pytest.mark.parametrize("name", [name for name in HOMES if HOMES[name][0] != "CarRacing-v3"])
def test_the_same_seed_gives_the_same_numbers_and_a_checkpoint_goes_on_with_them(name: str) -> None:
    env_id, kwargs, _ = HOMES[name]
    env = made(env_id, (name, kwargs))
    actions = some_actions(env, 90)
    first = walk(env, actions[:37])
    arrays: dict[str, Any] = {}
    packed = json.loads(json.dumps(pack(capture_copies(env), arrays)))
    straight = walk(env, actions[37:])
    env.close()

    again = made(env_id, (name, kwargs))
    assert same(walk(again, actions), first + straight)
    again.close()

    other = made(env_id, (name, kwargs), seed=8)
    walk(other, actions[:5])
    restore_copies(other, unpack(packed, arrays))
    assert same(walk(other, actions[37:]), straight)
    other.close()


def test_a_whole_chain_goes_on_from_a_checkpoint() -> None:
    chain = [(name, HOMES[name][1]) for name in ("action_noise", "action_smoothing", "time_feature", "history")]
    chain += [("delayed_reward", {"delay": 3}), ("action_noise", {"sigma": 0.2}), ("frame_stack", {"stack_size": 2})]
    env = made("Pendulum-v1", *chain)
    actions = some_actions(env, 250)
    walk(env, actions[:120])
    arrays: dict[str, Any] = {}
    packed = pack(capture_copies(env), arrays)
    straight = walk(env, actions[120:])
    env.close()
    other = made("Pendulum-v1", *chain, seed=8)
    restore_copies(other, unpack(packed, arrays))
    assert same(walk(other, actions[120:]), straight)
    other.close()


def test_no_global_generator_is_touched() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - this is the one that must be left alone
    env = made("Pendulum-v1", ("action_noise", {"sigma": 1}), ("sticky_action", {}))
    walk(env, some_actions(env, 20))
    env.close()
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_two_noises_of_one_copy_are_not_the_same_noise() -> None:
    env = wrap(gym.make("Pendulum-v1"), [("action_noise", {"sigma": 0.1}), ("action_noise", {"sigma": 0.1})])
    env.reset(seed=1)
    assert env.generator.random() != env.env.generator.random()


def test_frames_are_stacked_as_the_field_stacks_them() -> None:
    by_wrapper = made("Pendulum-v1", ("frame_stack", {"stack_size": 3}))
    by_field = made("Pendulum-v1", frame_stack=3, backend="dummy")
    actions = some_actions(by_wrapper, 230)
    assert same(walk(by_wrapper, actions), walk(by_field, actions))


def test_held_actions_add_their_rewards_up_and_end_with_the_episode() -> None:
    env = wrap(gym.make("CartPole-v1", max_episode_steps=5), [("frame_skip", {"skip": 3})])
    env.reset(seed=0)
    _, reward, _, truncated, _ = env.step(0)
    assert (reward, truncated) == (3.0, False)
    _, reward, _, truncated, _ = env.step(1)
    assert (reward, truncated) == (2.0, True)


def test_the_time_left_counts_the_agents_steps_down_to_nothing() -> None:
    env = wrap(gym.make("Pendulum-v1", max_episode_steps=10), [("frame_skip", {"skip": 4}), ("time_feature", {})])
    left = [env.reset(seed=0)[0][-1]]
    truncated = False
    while not truncated:
        observation, _, _, truncated, _ = env.step(env.action_space.sample())
        left.append(observation[-1])
    assert left == pytest.approx([1, 2 / 3, 1 / 3, 0])


def test_velocities_are_hidden_and_positions_are_not() -> None:
    plain, masked = gym.make("LunarLander-v3"), wrap(gym.make("LunarLander-v3"), [("mask_velocity", {})])
    shown, hidden = plain.reset(seed=4)[0], masked.reset(seed=4)[0]
    assert list(np.flatnonzero(shown != hidden)) == [2, 3, 5]
    assert not hidden[[2, 3, 5]].any()


@pytest.mark.parametrize(
    ("env_id", "wrappers", "at", "said"),
    [
        (
            "CartPole-v1",
            [("resize_observation", {})],
            "0",
            "Resize needs images of bytes, and observations are a vector of 4",
        ),
        ("CarRacing-v3", [("grayscale_observation", {"keep_dim": True})] * 2, "1", "grey already"),
        (
            "CartPole-v1",
            [("clip_action", {})],
            "0",
            "Clip actions works on continuous actions, and here they are 2 choices",
        ),
        ("CartPole-v1", [("history", {})], "0", "continuous actions"),
        ("Hopper-v5", [("mask_velocity", {})], "0", "does not know which numbers of Hopper"),
        ("CartPole-v1", [("frame_stack", {}), ("mask_velocity", {})], "1", "not what other wrappers make"),
        ("CartPole-v1", [("mask_velocity", {"indices": [4]})], "0", "has no entry 4"),
        ("ALE/Pong-v5", [("frame_skip", {})], "0", "holds each action for 4 frames already"),
        ("PongNoFrameskip-v4", [("frame_skip", {})], "0", "holds each action for 4 frames already"),
        ("ALE/Pong-v5", [("frame_stack", {})], "0", "last 4 frames already"),
        ("ALE/Pong-v5", [("resize_observation", {})], "0", "grey and 84 x 84 already"),
        ("Pendulum-v1", [("clip_reward", {})], "0", "has no bound"),
        ("Pendulum-v1", [("rescale_observation", {"min_obs": 2, "max_obs": 1})], "0", "Lowest below Highest"),
        ("CartPole-v1", [("rescale_observation", {})], "0", "needs bounds"),
        ("Humanoid-v5", [("discretize_action", {"bins": 5})], "0", "would make 762,939,453,125 actions"),
        ("Pendulum-v1", [("sticky_action", {"repeat_action_duration": [4, 2]})], "0", "cannot repeat for 4 to 2"),
        ("Rooms-v0", [("filter_observation", {"filter_keys": ["rom"]})], "0", "finds no part 'rom'"),
        ("Rooms-v0", [("frame_stack", {})], "0", "a dictionary of observation, room"),
    ],
)
def test_a_wrapper_that_does_not_fit_says_why_and_what_to_do(env_id, wrappers, at, said) -> None:
    base = wrapper_base(env_id)
    with pytest.raises(ConfigError, match=said) as caught:
        wrap(base, wrappers)
    base.close()
    (fault,) = caught.value.faults
    assert fault.field == f"environment.wrappers.{at}"
    assert fault.hint


def wrapper_base(env_id: str) -> gym.Env:
    from trainer.envs.single import make_single

    return make_single(EnvironmentConfig(id=env_id)).env


@pytest.mark.parametrize("known", KNOWN_WRAPPERS.values(), ids=lambda known: known.name)
def test_a_known_wrapper_is_declared_in_full(known) -> None:
    assert known.group in GROUPS
    assert known.about.endswith(".")
    assert len(known.about) <= 260
    assert known.model_validate(known.starting_arguments())
    make = wrapper_class(known.name)
    for name, info in known.model_fields.items():
        assert info.description.endswith(".")
        assert info.title
        assert name in make.__init__.__code__.co_varnames
    assert known.name not in FIELDS_INSTEAD
