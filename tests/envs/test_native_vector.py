"""Gymnasium's native vector environments behind Stable-Baselines3's interface."""

from __future__ import annotations

import time
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3.common.env_util import make_vec_env

from trainer.envs.cart_poles import CartPoles
from trainer.envs.vector import GymVectorAdapter, obstacle


def adapter(copies: int, seed: int = 0, **settings: Any) -> GymVectorAdapter:
    env = GymVectorAdapter(CartPoles(copies, **settings))
    env.seed(seed)
    return env


@pytest.mark.parametrize("sutton_barto", [False, True])
def test_cart_poles_move_as_gymnasiums_do_to_the_last_bit(sutton_barto: bool) -> None:
    ours = CartPoles(16, max_episode_steps=30, sutton_barto_reward=sutton_barto)
    theirs = CartPoleVectorEnv(16, max_episode_steps=30, sutton_barto_reward=sutton_barto)
    start, _ = ours.reset(seed=3)
    assert np.array_equal(start, theirs.reset(seed=3)[0])
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(1000):
        actions = rng.integers(0, 2, 16)
        seen, rewards, terminated, truncated, info = ours.step(actions)
        expected, expected_rewards, expected_terminated, expected_truncated, _ = theirs.step(actions)
        finished = terminated | truncated
        assert np.array_equal(rewards, expected_rewards)
        assert np.array_equal(terminated, expected_terminated) and np.array_equal(truncated, expected_truncated)
        assert np.array_equal(info["final_obs"] if finished.any() else seen, expected)
        if finished.any():
            ends += 1
            _restart(theirs, finished)
            assert np.array_equal(seen, theirs.state.T.astype(np.float32))
    assert ends > 100


def _restart(env: Any, finished: np.ndarray) -> None:
    """Do at once what Gymnasium would do at its next step."""
    env.state[:, finished] = env.np_random.uniform(env.low, env.high, (4, finished.sum()))
    env.steps[finished] = 0
    env.prev_done[finished] = False


def test_a_fallen_pole_is_terminated_and_a_standing_one_cut_by_the_limit_is_truncated() -> None:
    env = adapter(1)
    env.reset()
    for _ in range(200):
        _, _, dones, infos = env.step(np.array([1]))
        if dones[0]:
            break
    assert infos[0]["TimeLimit.truncated"] is False
    assert abs(infos[0]["terminal_observation"][2]) > 12 * 2 * np.pi / 360
    short = adapter(1, max_episode_steps=5)
    short.reset()
    for step in range(5):
        seen, _, dones, infos = short.step(np.array([step % 2]))
    assert dones[0] and infos[0]["TimeLimit.truncated"] is True
    assert infos[0]["episode"]["r"] == 5.0 and infos[0]["episode"]["l"] == 5
    assert not np.array_equal(infos[0]["terminal_observation"], seen[0])
    assert (np.abs(seen[0]) <= 0.05).all(), "the observation after the end is the first of the next episode"


def test_no_step_is_lost_to_a_reset() -> None:
    """With NEXT_STEP passed through, a step after each end would have reward 0 and count for nothing."""
    env = adapter(4, max_episode_steps=7)
    env.reset()
    rng = np.random.default_rng(0)
    lengths = []
    for _ in range(70):
        _, rewards, _, infos = env.step(rng.integers(0, 2, 4))
        assert (rewards == 1.0).all()
        lengths += [info["episode"]["l"] for info in infos if "episode" in info]
    assert lengths == [7] * 40


def test_actions_out_of_range_are_refused_in_words() -> None:
    env = adapter(3)
    env.reset()
    with pytest.raises(ValueError, match="between 0 and 1"):
        env.step(np.array([0, 1, 2]))


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.DISABLED])
def test_any_vector_environment_that_can_be_reset_in_time_is_taken(mode: AutoresetMode) -> None:
    inner = SyncVectorEnv([lambda: gym.make("CartPole-v1", max_episode_steps=4)] * 2, autoreset_mode=mode)
    env = GymVectorAdapter(inner)
    env.seed(0)
    env.reset()
    for step in range(4):
        seen, _, dones, infos = env.step(np.array([step % 2, step % 2]))
    assert dones.all()
    assert all(info["TimeLimit.truncated"] and info["episode"]["l"] == 4 for info in infos)
    assert all(not np.array_equal(info["terminal_observation"], row) for info, row in zip(infos, seen, strict=True))
    env.close()


def test_one_that_resets_only_during_the_next_step_is_refused() -> None:
    inner = CartPoleVectorEnv(2)
    assert obstacle(inner) is not None
    with pytest.raises(ValueError, match="next step"):
        GymVectorAdapter(inner)


def test_eight_native_cart_poles_outrun_the_dummy_environment() -> None:
    envs: tuple[Any, Any] = (make_vec_env("CartPole-v1", n_envs=8), adapter(8))
    actions = np.arange(8) % 2
    for env in envs:
        env.reset()

    def seconds(env: Any) -> float:
        """Processor time: what another process takes of the machine does not count."""
        begun = time.thread_time()
        for _ in range(30):
            env.step(actions)
        return time.thread_time() - begun

    # In turn and slice by slice: the machine's speed changes within seconds.
    slices = [[seconds(env) for env in envs] for _ in range(60)]
    ratio = float(np.median([dummy / native for dummy, native in slices]))
    print(f"native CartPole, 8 copies: {ratio:.1f} times DummyVecEnv")
    assert ratio > 1.3
