"""From an environment section to something that Stable-Baselines3 trains on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any

import numpy as np
import psutil
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from trainer.config.environment import EnvironmentConfig, WrapperConfig
from trainer.envs.atari import AtariVecEnv
from trainer.envs.backends import DummyEnvs, SubprocessEnvs
from trainer.envs.factory import (
    make_evaluation_env,
    make_render_env,
    make_training_env,
    normalization_of,
    resolve_backend,
    sync_normalization,
)
from trainer.envs.vector import GymVectorAdapter
from trainer.errors import ConfigError


def section(env_id: str, **settings: Any) -> EnvironmentConfig:
    return EnvironmentConfig(id=env_id, **settings)


def global_generator() -> bytes:
    """Return the state of NumPy's global generator, which nothing of ours may advance."""
    return bytes(np.random.get_state()[1])  # noqa: NPY002 - looking at it is the point


def rollout(env: VecEnv, steps: int = 60) -> tuple[np.ndarray, np.ndarray, list[dict[str, Any]]]:
    """Step with actions sampled from the (seeded) action space."""
    seen, rewards, episodes = [env.reset()], [], []
    for _ in range(steps):
        observations, reward, _, infos = env.step(np.array([env.action_space.sample() for _ in range(env.num_envs)]))
        seen.append(observations)
        rewards.append(reward)
        episodes += [info["episode"] for info in infos if "episode" in info]
    return np.stack(seen), np.stack(rewards), episodes


@pytest.mark.parametrize(
    ("environment", "kind", "layer"),
    [
        (section("PongNoFrameskip-v4", n_envs=2), "native", AtariVecEnv),
        (section("CartPole-v1", n_envs=8), "native", GymVectorAdapter),
        (section("CartPole-v1", n_envs=1), "dummy", DummyEnvs),
        (section("CartPole-v1", n_envs=2, backend="native"), "native", GymVectorAdapter),
        (section("Pendulum-v1", n_envs=2), "dummy", DummyEnvs),
        (section("Pong-v4"), "dummy", DummyEnvs),
        (section("CartPole-v1", n_envs=8, wrappers=[WrapperConfig(name="time_aware_observation")]), "dummy", DummyEnvs),
    ],
)
def test_auto_takes_the_fastest_backend_there_is(environment: EnvironmentConfig, kind: str, layer: type) -> None:
    assert resolve_backend(environment) == kind
    env = make_training_env(environment, seed=0)
    assert isinstance(env.unwrapped, layer)
    env.close()


def test_a_native_backend_that_cannot_be_had_is_a_fault_at_its_field() -> None:
    with pytest.raises(ConfigError) as caught:
        make_training_env(section("Pendulum-v1", backend="native"), seed=0)
    assert caught.value.faults[0].field == "environment.backend"


@pytest.mark.parametrize(
    "environment",
    [
        section("CartPole-v1", n_envs=8),
        section("CartPole-v1", n_envs=2, backend="dummy"),
        section("ALE/Breakout-v5", n_envs=2),
        section("BreakoutNoFrameskip-v4", n_envs=2, backend="dummy"),
        section("Pendulum-v1", n_envs=2, normalize_observation=True, normalize_reward=True),
    ],
    ids=lambda environment: f"{environment.id}-{environment.backend}",
)
def test_the_same_seed_gives_the_same_rollout_and_touches_no_global_generator(environment: EnvironmentConfig) -> None:
    before = global_generator()
    rollouts = []
    for seed in (3, 3, 4):
        env = make_training_env(environment, seed)
        rollouts.append(rollout(env, 40)[0])
        env.close()
    assert np.array_equal(rollouts[0], rollouts[1])
    assert not np.array_equal(rollouts[0], rollouts[2])
    assert global_generator() == before


def test_copies_of_neighbouring_seeds_share_no_episode() -> None:
    starts = [make_training_env(section("CartPole-v1", n_envs=4, backend="dummy"), seed).reset() for seed in (0, 1)]
    assert len({tuple(row) for row in np.concatenate(starts)}) == 8


def test_returns_are_the_environments_own_whatever_wrappers_do_to_rewards() -> None:
    wrappers = [
        WrapperConfig(entry_point="gymnasium.wrappers:ClipReward", kwargs={"min_reward": -0.5, "max_reward": 0.5})
    ]
    env = make_training_env(section("CartPole-v1", wrappers=wrappers, normalize_reward=True), seed=0)
    _, rewards, episodes = rollout(env, 100)
    assert episodes
    assert all(episode["r"] == episode["l"] for episode in episodes)
    assert not (rewards == 1.0).any()


def test_a_time_limit_given_as_a_wrapper_ends_episodes_that_are_reported() -> None:
    limited = section("CartPole-v1", wrappers=[WrapperConfig(name="time_limit", kwargs={"max_episode_steps": 5})])
    env = make_training_env(limited, seed=0)
    assert {episode["l"] for episode in rollout(env, 20)[2]} == {5}


@pytest.mark.parametrize("n_envs", [1, 8])
def test_an_episode_limit_is_kept_by_every_backend(n_envs: int) -> None:
    env = make_training_env(section("CartPole-v1", n_envs=n_envs, max_episode_steps=6), seed=0)
    assert {episode["l"] for episode in rollout(env, 18)[2]} == {6}


def test_an_evaluation_ends_even_where_no_episode_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.envs.factory._LONGEST_EVALUATION", 30)
    env = make_evaluation_env(section("CliffWalking-v1"), seed=0)
    env.reset()
    lengths = []
    for _ in range(60):  # upwards for ever, against the wall
        infos = env.step(np.array([0]))[3]
        lengths += [info["episode"]["l"] for info in infos if "episode" in info]
    assert lengths == [30, 30]


def test_a_game_in_a_dummy_backend_reports_whole_games_although_lives_end_training_episodes() -> None:
    env = make_training_env(section("BreakoutNoFrameskip-v4", backend="dummy"), seed=0)
    env.reset()
    dones = episodes = 0
    rng = np.random.default_rng(0)
    for _ in range(500):
        _, _, done, infos = env.step(rng.integers(4, size=1))
        dones += int(done[0])
        episodes += "episode" in infos[0]
        assert ("terminal_observation" in infos[0]) == done[0]
    assert episodes >= 1
    assert dones >= 5 * episodes


def test_frames_are_stacked_and_images_come_channel_first() -> None:
    env = make_training_env(section("CarRacing-v3", frame_stack=2, normalize_reward=True), seed=0)
    assert env.observation_space.shape == (6, 96, 96)
    assert env.reset().shape == (1, 6, 96, 96)
    assert isinstance(env, VecNormalize)
    env.close()


def test_an_atari_game_stacks_its_own_frames_once() -> None:
    env = make_training_env(section("PongNoFrameskip-v4", frame_stack=2), seed=0)
    assert env.reset().shape == (1, 2, 84, 84)
    env.close()


def test_evaluation_reads_the_training_statistics_and_never_changes_them() -> None:
    environment = section("Pendulum-v1", n_envs=2, normalize_observation=True, normalize_reward=True)
    training = make_training_env(environment, seed=0)
    evaluation = make_evaluation_env(environment, seed=1, training_env=training)
    rollout(training)
    statistics = normalization_of(training)
    assert statistics is not None
    mean, returns = statistics.obs_rms.mean.copy(), statistics.ret_rms.var.copy()
    _, rewards, episodes = rollout(evaluation, 200)
    assert np.array_equal(statistics.obs_rms.mean, mean) and np.array_equal(statistics.ret_rms.var, returns)
    assert episodes[0]["r"] == pytest.approx(rewards[:200].sum(), rel=1e-5), "rewards come unnormalised"
    raw = evaluation.venv.reset()
    assert np.array_equal(statistics.normalize_obs(raw), evaluation._normalized(raw))
    before = evaluation._normalized(raw)
    rollout(training)
    assert not np.array_equal(evaluation._normalized(raw), before), "what training learns is seen at once"


def test_terminal_observations_are_normalised_for_evaluation_too() -> None:
    environment = section("CartPole-v1", normalize_observation=True, max_episode_steps=3)
    training = make_training_env(environment, seed=0)
    rollout(training)
    evaluation = make_evaluation_env(environment, seed=1, training_env=training)
    evaluation.reset()
    for _ in range(3):
        _, _, dones, infos = evaluation.step(np.array([0]))
    assert dones[0] and np.abs(infos[0]["terminal_observation"]).max() > 0.5


def test_statistics_can_be_copied_into_an_environment_of_another_process() -> None:
    environment = section("Pendulum-v1", normalize_observation=True)
    training = make_training_env(environment, seed=0)
    rollout(training)
    alone = make_evaluation_env(environment, seed=1)
    sync_normalization(training, alone)
    given, taken = normalization_of(training), normalization_of(alone)
    assert given is not None and taken is not None
    assert np.array_equal(given.obs_rms.mean, taken.obs_rms.mean)
    kept = taken.obs_rms.mean.copy()
    rollout(training)
    rollout(alone)
    assert np.array_equal(taken.obs_rms.mean, kept)
    with pytest.raises(ValueError, match="no normalisation statistics"):
        sync_normalization(make_training_env(section("Pendulum-v1"), seed=0), alone)


@pytest.mark.parametrize("env_id", ["BreakoutNoFrameskip-v4", "CartPole-v1", "Taxi-v4"])
def test_a_render_environment_shows_the_policy_what_training_did(env_id: str) -> None:
    training, drawn = make_training_env(section(env_id, n_envs=4), 0), make_render_env(section(env_id, n_envs=4), 0)
    assert drawn.num_envs == 1
    assert drawn.observation_space == training.observation_space
    drawn.reset()
    drawn.step(np.array([0]))
    frame = drawn.get_images()[0]
    assert frame is not None and frame.ndim == 3 and frame.shape[2] == 3 and frame.dtype == np.uint8
    training.close(), drawn.close()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"id": "CartPole-v1", "kwargs": {"gravitas": 9}}, "environment.kwargs"),
        ({"id": "CartPole-v1", "n_envs": 8, "kwargs": {"gravitas": 9}}, "environment.kwargs"),
        ({"id": "CartPole-v1", "wrappers": [WrapperConfig(name="clip_action")]}, "environment.wrappers.0"),
        ({"id": "FrozenLake-v1", "frame_stack": 3}, "environment.frame_stack"),
        ({"id": "FrozenLake-v1", "normalize_observation": True}, "environment.normalize_observation"),
        ({"id": "CartPole-v1", "normalize_observation": True, "normalize_keys": ["x"]}, "environment.normalize_keys"),
    ],
)
def test_a_section_that_cannot_be_built_is_a_fault_at_its_field(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_training_env(EnvironmentConfig(**settings), seed=0)
    assert caught.value.faults[0].field == field


def test_stable_baselines3_learns_on_a_native_environment_and_sees_its_episodes() -> None:
    env = make_training_env(section("CartPole-v1", n_envs=8), seed=0)
    model = PPO("MlpPolicy", env, n_steps=32, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(512)
    assert model.ep_info_buffer
    assert all(episode["r"] == episode["l"] for episode in model.ep_info_buffer)


def test_processes_step_as_the_dummy_backend_does() -> None:
    rollouts = []
    for backend in ("dummy", "subprocess"):
        env = make_training_env(section("Pendulum-v1", n_envs=2, backend=backend), seed=5)
        rollouts.append(rollout(env, 10))
        env.close()
    assert np.array_equal(rollouts[0][0], rollouts[1][0])
    assert np.array_equal(rollouts[0][1], rollouts[1][1])


def test_a_worker_that_dies_ends_in_words_and_leaves_nothing_hanging() -> None:
    env = make_training_env(section("Pendulum-v1", n_envs=2, backend="subprocess"), seed=0)
    env.reset()
    assert isinstance(env, SubprocessEnvs)
    env.processes[0].kill()
    with pytest.raises(RuntimeError, match="worker process"):
        for _ in range(3):
            env.step(np.zeros((2, 1), dtype=np.float32))
    env.close()
    assert not any(process.is_alive() for process in env.processes)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_workers_do_not_outlive_a_killed_parent() -> None:
    program = textwrap.dedent("""
        import time
        from trainer.config.environment import EnvironmentConfig
        from trainer.envs.factory import make_training_env
        if __name__ == "__main__":
            env = make_training_env(EnvironmentConfig(id="Pendulum-v1", n_envs=2, backend="subprocess"), seed=0)
            env.reset()
            print(*(process.pid for process in env.processes), flush=True)
            time.sleep(60)
    """)
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(workers) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(_lives, workers)):
        time.sleep(0.05)
    assert not any(map(_lives, workers))


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
