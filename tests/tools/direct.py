"""Checkpoints of algorithms that would train in a process of their own, and of environments that only tests know."""

import gymnasium as gym
import numpy as np

from trainer.config import load_config
from trainer.runs.control import RunControl
from trainer.runs.reporter import RunReporter
from trainer.runs.session import Session


class Allowed(gym.Env):
    """Some actions are forbidden at every step."""

    observation_space = gym.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gym.spaces.Discrete(4)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def action_masks(self):
        return np.arange(4) != self.steps % 4

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.np_random.uniform(-1, 1, 3).astype(np.float32), {}

    def step(self, action):
        assert self.action_masks()[action]
        self.steps += 1
        return self.np_random.uniform(-1, 1, 3).astype(np.float32), float(action), False, self.steps >= 10, {}


ALGORITHMS = {
    "her": ("BitFlipTest-v0", {"learning_starts": 20, "buffer_size": 1000}),
    "qrdqn": ("CartPole-v1", {"learning_starts": 20, "buffer_size": 1000}),
    "tqc": ("Pendulum-v1", {"learning_starts": 20, "buffer_size": 1000}),
    "trpo": ("Pendulum-v1", {"n_steps": 64, "batch_size": 32}),
    "recurrent_ppo": ("CartPole-v1", {"n_steps": 32, "batch_size": 32}),
    "maskable_ppo": ("AllowedTest-v0", {"n_steps": 32, "batch_size": 32}),
    "crossq": ("Pendulum-v1", {"learning_starts": 20, "buffer_size": 1000}),
    "ars": ("Pendulum-v1", {"n_delta": 1, "n_top": 1, "n_eval_episodes": 1}),
}


def train_directly(engine, name, **environment):
    """Train an algorithm a little in this thread, whatever executor it would have, and return its run's directory."""
    if "AllowedTest-v0" not in gym.registry:
        gym.register("AllowedTest-v0", Allowed)
        entry = "stable_baselines3.common.envs:BitFlippingEnv"
        gym.register("BitFlipTest-v0", entry, kwargs={"n_bits": 4, "continuous": True})
    known, algorithm = ALGORITHMS[name]
    directory = engine.layout.runs / "-".join(["directly", name, *environment])
    if directory.exists():
        return directory
    config = load_config(
        {
            "environment": {"id": known, "n_envs": 1, **environment},
            "algorithm": {"name": name, **algorithm},
            "training": {"total_timesteps": 64},
            "evaluation": {"enabled": False},
            "video": {"enabled": False},
            "tracking": {"tensorboard": False},
            "resources": {"executor": "thread"},
        }
    )
    directory.mkdir()
    Session(config, directory, RunControl(), RunReporter(directory.name, lambda _event: None), global_seed=True).run()
    return directory
