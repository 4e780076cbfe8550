"""The backend `envpool`: said in words where it cannot be had, held to Gymnasium's where it is installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from trainer.config.environment import EnvironmentConfig, WrapperConfig
from trainer.envs.factory import make_evaluation_env, make_training_env, resolve_backend
from trainer.envs.pool_faults import pool_faults
from trainer.envs.single import make_single
from trainer.errors import ConfigError

installed = pytest.mark.skipif(importlib.util.find_spec("envpool") is None, reason="EnvPool is not installed")


def pooled(environment_id: str, n_envs: int = 3, **changes) -> EnvironmentConfig:
    return EnvironmentConfig(id=environment_id, n_envs=n_envs, backend="envpool", **changes)


def played(environment: EnvironmentConfig, seed: int, steps: int):
    """Return what a random player sees: observations, rewards, dones and infos of every step."""
    venv = make_training_env(environment, seed, num_threads=2)
    try:
        first, chosen = venv.reset(), np.random.default_rng(seed)
        told = []
        for _ in range(steps):
            actions = np.array([_action(venv.action_space, chosen) for _ in range(venv.num_envs)])
            told.append(venv.step(actions))
        return venv, first, told
    finally:
        venv.close()


def _action(space, chosen):
    return chosen.integers(space.n) if hasattr(space, "n") else chosen.uniform(space.low, space.high)


def test_without_it_the_backend_is_refused_with_what_to_do(monkeypatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "envpool" else real(name, *rest)
    )
    (fault,) = pool_faults(pooled("CartPole-v1"))
    assert fault.field == "environment.backend" and "Choose auto" in (fault.hint or "")
    with pytest.raises(ConfigError, match="not installed"):
        make_training_env(pooled("CartPole-v1"), 1)
    assert pool_faults(EnvironmentConfig(id="CartPole-v1")) == []


@installed
@pytest.mark.parametrize(
    "environment",
    [
        pooled("Taxi-v4"),
        pooled("CartPole-v1", wrappers=[WrapperConfig(name="time_limit", kwargs={"max_episode_steps": 5})]),
        pooled("ALE/Pong-v5", kwargs={"maxpool": False}),
    ],
)
def test_what_it_cannot_run_is_said_before_anything_starts(environment: EnvironmentConfig) -> None:
    (fault,) = pool_faults(environment)
    assert fault.field == "environment.backend" and "cannot run on EnvPool" in fault.message


@installed
@pytest.mark.parametrize(
    "env_id", ["CartPole-v1", "Pendulum-v1", "HalfCheetah-v5", "ALE/Pong-v5", "BreakoutNoFrameskip-v4"]
)
def test_it_shows_what_gymnasium_shows_and_the_same_seed_plays_the_same(env_id: str) -> None:
    environment = pooled(env_id)
    assert resolve_backend(environment) == "envpool"
    venv, first, told = played(environment, 3, 40)
    single = make_single(environment)
    assert (venv.observation_space.shape, venv.action_space) == (single.observation_space.shape, single.action_space)
    assert first.shape == (3, *single.observation_space.shape) and first.dtype == single.observation_space.dtype
    single.close()
    _, again, repeated = played(environment, 3, 40)
    _, other, _ = played(environment, 4, 1)
    assert np.array_equal(first, again)
    assert all(
        np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])
        for one, two in zip(told, repeated, strict=True)
    )
    assert env_id.startswith(("ALE", "Breakout")) or not np.array_equal(first, other)


@installed
def test_a_finished_copy_begins_anew_within_the_step_that_ends_it_and_its_episode_is_counted() -> None:
    _, _, told = played(pooled("CartPole-v1"), 1, 200)
    ends = [(observation[copy], infos[copy]) for observation, _, dones, infos in told for copy in np.flatnonzero(dones)]
    assert len(ends) > 10
    for first, info in ends:
        assert np.all(np.abs(first) <= 0.05), "a new episode begins near the middle"
        assert abs(info["terminal_observation"][2]) > 0.2 or abs(info["terminal_observation"][0]) > 2.3
        assert info["episode"]["r"] == info["episode"]["l"] > 5
    steps = sum(int(info["episode"]["l"]) for _, info in ends)
    assert 0 <= 3 * 200 - steps < 3 * 120, "no step is lost between two episodes"


@installed
def test_a_step_limit_is_a_truncation_and_not_a_failure() -> None:
    _, _, told = played(pooled("Pendulum-v1", max_episode_steps=25), 1, 60)
    infos = [infos[0] for _, _, dones, infos in told if dones[0]]
    assert [(info["episode"]["l"], info["TimeLimit.truncated"]) for info in infos] == [(25, True), (25, True)]


@installed
def test_a_lost_life_ends_the_episode_for_the_algorithm_and_not_for_the_count() -> None:
    _, _, told = played(pooled("BreakoutNoFrameskip-v4", n_envs=2), 1, 600)
    lost = [infos[copy] for _, _, dones, infos in told for copy in np.flatnonzero(dones) if "life_lost" in infos[copy]]
    over = [info for _, _, dones, infos in told for info in infos if "episode" in info]
    assert len(lost) >= 2 * len(over) > 0, "a game has five lives"
    assert all("episode" not in info and info["TimeLimit.truncated"] is False for info in lost)
    assert {float(reward) for _, rewards, _, _ in told for reward in rewards} <= {0.0, 1.0}


@installed
def test_evaluation_in_many_copies_counts_whole_episodes() -> None:
    venv = make_evaluation_env(pooled("CartPole-v1"), seed=2, n_envs=4)
    venv.reset()
    episodes = []
    while len(episodes) < 6:
        episodes += [info["episode"] for info in venv.step(np.ones(4, dtype=np.int64))[3] if "episode" in info]
    venv.close()
    assert all(8 <= episode["l"] <= 12 for episode in episodes), "a pole that is pushed one way falls in ten steps"
