"""An environment that can say where it stands goes on from there, number for number; one that cannot says so."""

import json

import numpy as np
import pytest

from trainer.config.environment import EnvironmentConfig
from trainer.envs.factory import make_training_env
from trainer.envs.state import UnreachableError
from trainer.envs.vector_state import capture_copies, capture_normalization, restore_copies, restore_normalization
from trainer.plain import pack, unpack

CLASSIC = ["CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1", "Acrobot-v1"]
TOY_TEXT = ["FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "Blackjack-v1"]
MUJOCO = [
    "HalfCheetah-v5", "Hopper-v5", "Ant-v5", "Humanoid-v5", "HumanoidStandup-v5", "Walker2d-v5", "Swimmer-v5",
    "Pusher-v5", "Reacher-v5", "InvertedPendulum-v5", "InvertedDoublePendulum-v5",
]  # fmt: skip


def _made(env_id, seed=3, **settings):
    env = make_training_env(EnvironmentConfig(id=env_id, n_envs=2, **settings), seed)
    env.seed(seed)
    env.reset()
    return env


def _walk(env, actions):
    seen = []
    for action in actions:
        observations, rewards, dones, _ = env.step(action)
        rows = observations.values() if isinstance(observations, dict) else [observations]
        seen.append([*(np.array(row) for row in rows), np.array(rewards), np.array(dones)])
    return seen


def _actions(env, count):
    env.action_space.seed(5)
    return [np.array([env.action_space.sample() for _ in range(env.num_envs)]) for _ in range(count)]


def _same(one, other):
    return all(
        np.array_equal(a, b) for rows, others in zip(one, other, strict=True) for a, b in zip(rows, others, strict=True)
    )


def _through_a_file(state):
    arrays = {}
    return unpack(json.loads(json.dumps(pack(state, arrays))), arrays)


@pytest.mark.parametrize("env_id", [*CLASSIC, *TOY_TEXT, *MUJOCO])
def test_a_copy_that_is_put_back_takes_the_very_steps_that_would_have_followed(env_id):
    env = _made(env_id)
    actions = _actions(env, 160)
    _walk(env, actions[:70])
    state = _through_a_file(capture_copies(env))
    straight = _walk(env, actions[70:])
    env.close()
    other = _made(env_id, seed=8)
    _walk(other, actions[:9])
    restore_copies(other, state)
    assert _same(_walk(other, actions[70:]), straight)
    other.close()


@pytest.mark.parametrize("backend", ["dummy", "subprocess", "native"])
def test_whatever_runs_the_copies_they_can_be_put_back(backend):
    settings = {"backend": backend, "max_episode_steps": 40}
    env = _made("CartPole-v1", **settings)
    actions = _actions(env, 90)
    _walk(env, actions[:33])
    state = _through_a_file(capture_copies(env))
    straight = _walk(env, actions[33:])
    env.close()
    other = _made("CartPole-v1", seed=8, **settings)
    restore_copies(other, state)
    assert _same(_walk(other, actions[33:]), straight)
    other.close()


def test_stacked_frames_and_running_statistics_go_on_too():
    settings = {"frame_stack": 3, "normalize_observation": True, "normalize_reward": True}
    env = _made("Pendulum-v1", **settings)
    actions = _actions(env, 300)
    _walk(env, actions[:130])
    state = _through_a_file({"copies": capture_copies(env), "statistics": capture_normalization(env)})
    straight = _walk(env, actions[130:])
    env.close()
    other = _made("Pendulum-v1", seed=8, **settings)
    restore_copies(other, state["copies"])
    restore_normalization(other, state["statistics"], same_episodes=True)
    assert _same(_walk(other, actions[130:]), straight)
    other.close()


@pytest.mark.parametrize(
    ("env_id", "words"), [("LunarLander-v3", "Box2D"), ("CarRacing-v3", "CarRacing"), ("ALE/Pong-v5", "ale-py")]
)
def test_what_cannot_be_read_says_what_is_in_the_way(env_id, words):
    env = _made(env_id)
    with pytest.raises(UnreachableError, match=words):
        capture_copies(env)
    env.close()


def test_a_state_of_another_number_of_copies_is_refused():
    env = _made("Pendulum-v1", backend="dummy")
    state = capture_copies(env)
    env.close()
    other = make_training_env(EnvironmentConfig(id="Pendulum-v1", n_envs=3, backend="dummy"), 0)
    other.reset()
    with pytest.raises(ValueError, match="3 copies, the checkpoint 2"):
        restore_copies(other, state)
    other.close()
