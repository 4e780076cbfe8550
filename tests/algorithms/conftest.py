"""Models as a run builds them, on real environments, and a logger that keeps nothing."""

import pytest
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from trainer.algorithms.build import build_model
from trainer.algorithms.learner import make_learner
from trainer.config import load_config
from trainer.envs.factory import make_training_env


class Nothing(BaseCallback):
    def _on_step(self):
        return True


@pytest.fixture
def build():
    """Build the model of a configuration and its learner; keyword arguments are sections."""
    envs = []

    def make(environment, algorithm, **sections):
        config = load_config({"environment": environment, "algorithm": algorithm, **sections})
        env = make_training_env(
            config.environment, config.training.seed, gamma=getattr(config.algorithm, "gamma", 0.99)
        )
        envs.append(env)
        model = build_model(config, env, global_seed=False)
        model.set_logger(Logger(folder=None, output_formats=[]))
        return model, make_learner(model, Nothing(), 1_000_000, 1_000_000)

    yield make
    for env in envs:
        env.close()
