"""Real runs that have ended, trained once for all tests of the tools."""

import pytest

from trainer.config import load_config
from trainer.engine import Engine

SHORT = {"video": {"enabled": False}, "tracking": {"tensorboard": False}}
RUNS = {
    "cartpole": {
        "environment": {"id": "CartPole-v1", "n_envs": 4},
        "algorithm": {"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 2},
        "training": {"total_timesteps": 1_024},
        "evaluation": {"frequency": 512, "episodes": 2, "final_episodes": 2},
        "checkpoints": {"every_steps": 256, "keep": 5},
    },
    "pendulum": {
        "environment": {"id": "Pendulum-v1", "n_envs": 1, "normalize_observation": True},
        "algorithm": {"name": "sac", "learning_starts": 50, "buffer_size": 5_000},
        "policy": {"net_arch": [32, 32]},
        "training": {"total_timesteps": 300},
        "evaluation": {"frequency": 150, "episodes": 1, "final_episodes": 1},
        "checkpoints": {"every_steps": 100, "keep": 5},
    },
}


@pytest.fixture(scope="session")
def trained_engine(tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("tools") / "outputs")
    yield engine
    engine.close()


def train(engine, name, **sections):
    """Train one of `RUNS` to its end and return its id; keyword arguments replace whole sections."""
    record = engine.manager.submit(load_config({**SHORT, **RUNS[name], **sections}))
    assert engine.manager.wait(record.id, 120), "the run did not end in time"
    record = engine.manager.get(record.id)
    assert record.status == "completed", record.error
    return record.id


@pytest.fixture(scope="session")
def cartpole_run(trained_engine):
    return train(trained_engine, "cartpole")


@pytest.fixture(scope="session")
def pendulum_run(trained_engine):
    return train(trained_engine, "pendulum")
