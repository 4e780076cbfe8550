"""Small configurations that train in a second or two, and patience."""

import pytest

from trainer.config import load_config


@pytest.fixture
def cartpole():
    """A PPO run on CartPole; keyword arguments replace whole sections."""

    def make(total_timesteps=2_000, **sections):
        return load_config(
            {
                "environment": {"id": "CartPole-v1", "n_envs": 4},
                "algorithm": {"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 2},
                "training": {"total_timesteps": total_timesteps},
                "evaluation": {"frequency": 1_000, "episodes": 2, "final_episodes": 3},
                "video": {"enabled": False},
                "tracking": {"tensorboard": False},
                **sections,
            }
        )

    return make


@pytest.fixture
def until():
    """Wait until a condition holds; fails with its last value after some seconds."""
    import time

    def wait(condition, seconds=30.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.02)
        pytest.fail(f"did not happen within {seconds} s")

    return wait
