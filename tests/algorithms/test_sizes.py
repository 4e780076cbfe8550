"""What a configuration is said to take in memory is what its arrays take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.algorithms.goal_world import GOALS
from trainer.algorithms import build
from trainer.algorithms.build import build_model
from trainer.algorithms.fast import Fast
from trainer.algorithms.fast.off_policy import FastOffPolicy
from trainer.config import ALGORITHMS, load_config
from trainer.config.algorithms import OffPolicyConfig
from trainer.config.sizes import replay_bytes, rollout_bytes
from trainer.envs.catalogue import environment_spaces
from trainer.envs.factory import make_training_env

SMALL: dict[str, Any] = {"buffer_size": 5_000}
SAVED = {"optimize_memory_usage": True, "replay_buffer_kwargs": {"handle_timeout_termination": False}}
PLAIN = {"replay_buffer_class": "stable_baselines3.common.buffers:ReplayBuffer"}


def arrays_in(thing: Any, seen: set[int]) -> int:
    """Return the bytes of every array that an object holds, views not counted."""
    parts = thing.values() if isinstance(thing, dict) else vars(thing).values()
    total = 0
    for part in parts:
        if isinstance(part, np.ndarray) and part.base is None and id(part) not in seen:
            seen.add(id(part))
            total += part.nbytes
        elif isinstance(part, dict):
            total += arrays_in(part, seen)
    return total


@pytest.mark.parametrize(
    ("environment", "algorithm"),
    [
        ({"id": "ALE/Pong-v5", "n_envs": 2}, {"name": "dqn", **SMALL}),
        ({"id": "ALE/Pong-v5"}, {"name": "dqn", "n_steps": 3, **SMALL}),
        ({"id": "CartPole-v1", "n_envs": 4}, {"name": "dqn", **SMALL}),
        ({"id": "Taxi-v4"}, {"name": "dqn", **SMALL}),
        ({"id": "CartPole-v1", "frame_stack": 4}, {"name": "dqn", **SMALL, **SAVED}),
        ({"id": "Pendulum-v1"}, {"name": "sac", **SMALL}),
        ({"id": "HalfCheetah-v5", "normalize_observation": True}, {"name": "td3", **SMALL}),
        ({"id": "CartPole-v1"}, {"name": "qrdqn", **SMALL}),
        ({"id": "Pendulum-v1"}, {"name": "tqc", **SMALL}),
        ({"id": GOALS, "n_envs": 2}, {"name": "her", **SMALL}),
        ({"id": "Pendulum-v1", "n_envs": 3}, {"name": "sac", **SMALL, **PLAIN}),
        ({"id": "CartPole-v1", "n_envs": 4}, {"name": "ppo", "n_steps": 512}),
        ({"id": "ALE/Pong-v5", "n_envs": 2}, {"name": "a2c", "n_steps": 64}),
        ({"id": "Pendulum-v1"}, {"name": "ppo"}),
    ],
)
def test_a_buffer_takes_what_it_is_said_to_take(environment: dict[str, Any], algorithm: dict[str, Any]) -> None:
    config = load_config({"environment": environment, "algorithm": algorithm})
    spaces = environment_spaces(config.environment)
    env = make_training_env(config.environment, 0)
    try:
        model: Any = build_model(config, env, global_seed=False)
        replay, rollout = replay_bytes(config, spaces), rollout_bytes(config, spaces)
        assert replay is not None and rollout is not None
        assert (replay == 0) == config.algorithm.on_policy == (rollout > 0)
        buffer = model.buffer if isinstance(model, Fast) else model.replay_buffer
        # Beside the rows there are some marks of each copy.
        assert replay + rollout == pytest.approx(arrays_in(buffer, set()), rel=0.01)
    finally:
        env.close()


def test_the_algorithms_with_replay_buffers_of_our_own_say_so() -> None:
    ours = {name for name, kind in build.FAST.items() if issubclass(kind, FastOffPolicy)}
    assert ours == {
        name for name, kind in ALGORITHMS.items() if issubclass(kind, OffPolicyConfig) and kind.own_generators
    }
