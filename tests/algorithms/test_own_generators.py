"""A run's numbers depend on its configuration and seed alone: not on other runs, not on the process's generators."""

import io
import random
import zipfile

import numpy as np
import pytest
import torch

from tests.algorithms.goal_world import GOALS
from trainer.config import load_config

FAST = {"evaluation": {"frequency": 400, "episodes": 2, "final_episodes": 2}, "video": {"enabled": False}}
RUNS = {
    "ppo": ({"id": "CartPole-v1", "n_envs": 4}, {"name": "ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 3}),
    "a2c": ({"id": "Acrobot-v1", "n_envs": 2}, {"name": "a2c"}),
    "dqn": ({"id": "CartPole-v1", "n_envs": 2}, {"name": "dqn", "learning_starts": 100, "buffer_size": 1000}),
    "sac": ({"id": "Pendulum-v1", "n_envs": 1}, {"name": "sac", "learning_starts": 100, "buffer_size": 1000}),
    # Calculated with several of PyTorch's threads, whose number other runs change.
    "sac at its own size": ({"id": "Pendulum-v1"}, {"name": "sac", "learning_starts": 100, "buffer_size": 1000}),
    "sac with gSDE": (
        {"id": "Pendulum-v1", "n_envs": 1},
        {"name": "sac", "learning_starts": 100, "buffer_size": 1000, "use_sde": True},
    ),
    "td3": (
        {"id": "Pendulum-v1", "n_envs": 2},
        {
            "name": "td3",
            "learning_starts": 100,
            "buffer_size": 1000,
            "action_noise": {"kind": "ornstein_uhlenbeck", "sigma": 0.2},
        },
    ),
    "ddpg": (
        {"id": "Pendulum-v1", "n_envs": 1},
        {"name": "ddpg", "learning_starts": 100, "buffer_size": 1000, "action_noise": {"kind": "normal", "sigma": 0.1}},
    ),
    "her": ({"id": GOALS, "n_envs": 2}, {"name": "her", "learning_starts": 50, "buffer_size": 500, "batch_size": 32}),
    "qrdqn": (
        {"id": "CartPole-v1", "n_envs": 2},
        {"name": "qrdqn", "learning_starts": 50, "buffer_size": 500, "batch_size": 16},
    ),
    "tqc": ({"id": "Pendulum-v1"}, {"name": "tqc", "learning_starts": 50, "buffer_size": 500, "batch_size": 16}),
    "tqc with gSDE": (
        {"id": "Pendulum-v1"},
        {"name": "tqc", "learning_starts": 50, "buffer_size": 500, "batch_size": 16, "use_sde": True},
    ),
    "crossq": ({"id": "Pendulum-v1"}, {"name": "crossq", "learning_starts": 50, "buffer_size": 500, "batch_size": 16}),
    "ppo on images": (
        {"id": "PongNoFrameskip-v4", "n_envs": 2, "frame_stack": 4},
        {"name": "ppo", "n_steps": 32, "batch_size": 32, "n_epochs": 1},
    ),
    "dqn on images": (
        {"id": "PongNoFrameskip-v4", "n_envs": 2, "frame_stack": 4},
        {"name": "dqn", "learning_starts": 64, "buffer_size": 1000, "batch_size": 8},
    ),
}
CONTRIB = ("her", "qrdqn", "tqc", "tqc with gSDE", "crossq")
LARGE = ("sac at its own size", "sac with gSDE")  # PyTorch calculates these; a step takes many times as long


def _config(name, seed=3):
    environment, algorithm = RUNS[name]
    steps = 192 if "images" in name or name in CONTRIB else 300 if name in LARGE else 600
    threads = 2 if "own size" in name else 0
    return load_config(
        {
            "environment": environment,
            "algorithm": algorithm,
            "training": {"total_timesteps": steps, "seed": seed, "log_interval": 1, "torch_threads": threads},
            "policy": {} if "images" in name or "own size" in name else {"net_arch": [32, 32]},
            "tracking": {"tensorboard": False},
            **FAST,
            **({"evaluation": {"enabled": False}} if "images" in name else {}),
        }
    )


def _numbers(engine, run_id):
    """Return the last weights of a run and every curve but those of the clock, as exact numbers."""
    assert engine.manager.wait(run_id, 120)
    record = engine.manager.get(run_id)
    assert record.status == "completed", record.error
    series = engine.store.metrics(run_id).series
    numbers = {
        name: list(zip(curve.steps, curve.values, strict=True))
        for name, curve in series.items()
        if not name.startswith("time/")
    }
    checkpoints = engine.layout.run(run_id) / "checkpoints"
    latest = checkpoints / (checkpoints / "latest").read_text().strip()
    with zipfile.ZipFile(latest / "model.zip") as archive, archive.open("policy.pth") as file:
        weights = torch.load(io.BytesIO(file.read()), weights_only=True)
    return numbers | {name: tensor.tolist() for name, tensor in weights.items()}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in CONTRIB[1:] else []) for name in RUNS]
)
def test_the_same_run_twice_and_beside_others_gives_the_same_numbers(engine, name):
    alone = _numbers(engine, engine.manager.submit(_config(name)).id)
    # What lies about in the process must not matter.
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002  # the generator that must not matter
    torch.manual_seed(3)
    others = [engine.manager.submit(_config(other, seed=9)).id for other in ("ppo", "td3", "dqn")]
    beside = _numbers(engine, engine.manager.submit(_config(name)).id)
    for other in others:
        engine.manager.wait(other, 120)
    assert beside == alone
    assert alone != _numbers(engine, engine.manager.submit(_config(name, seed=4)).id)


def _process_generators():
    return random.getstate(), np.random.get_state(legacy=False), torch.random.get_rng_state()  # noqa: NPY002


@pytest.mark.parametrize("name", ["ppo", "dqn", "sac", "td3", "dqn on images", *CONTRIB])
def test_training_draws_from_no_generator_of_the_process(build, name):
    environment, algorithm = RUNS[name]
    _, learner = build(environment, algorithm)
    before = _process_generators()
    for _ in range(120 if name != "ppo" else 4):
        learner.iterate()
    after = _process_generators()
    assert before[0] == after[0]
    assert before[1]["state"]["pos"] == after[1]["state"]["pos"]
    np.testing.assert_array_equal(before[1]["state"]["key"], after[1]["state"]["key"])
    assert torch.equal(before[2], after[2])
