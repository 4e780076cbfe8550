"""Every kind of observation and action that an algorithm of Stable-Baselines3 takes, ours takes too."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.vec_env import DummyVecEnv

from tests.algorithms.conftest import Nothing
from trainer.algorithms import fast
from trainer.algorithms.learner import make_learner

VECTOR = spaces.Box(-1, 1, (3,), np.float32)
OBSERVATIONS = {
    "vector": VECTOR,
    "float64": spaces.Box(-1, 1, (3,), np.float64),
    "bytes": spaces.Box(0, 255, (3,), np.uint8),
    "image": spaces.Box(0, 255, (1, 36, 36), np.uint8),
    "discrete": spaces.Discrete(5),
    "multidiscrete": spaces.MultiDiscrete([3, 4]),
    "multibinary": spaces.MultiBinary(4),
    "dict": spaces.Dict({"a": VECTOR, "n": spaces.Discrete(3)}),
}
DISCRETE = {
    "discrete": spaces.Discrete(3),
    "multidiscrete": spaces.MultiDiscrete([2, 3]),
    "multibinary": spaces.MultiBinary(3),
}
BOXES = {
    "box": spaces.Box(-2, 2, (2,), np.float32),
    "float64 box": spaces.Box(-2, 2, (2,), np.float64),
    "table": spaces.Box(-1, 1, (2, 3), np.float32),
    "uneven box": spaces.Box(np.array([0, -1], np.float32), np.array([5, 2], np.float32)),
}
OFF_POLICY = {"learning_starts": 10, "buffer_size": 200, "batch_size": 8}


class Anything(gym.Env):
    """Observations at random; the number of a discrete one is a plain integer, as in Gymnasium's toy texts."""

    def __init__(self, observation_space, action_space):
        self.observation_space, self.action_space = observation_space, action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._observe(), {}

    def step(self, action):
        assert self.action_space.contains(action.astype(self.action_space.dtype)), action
        return self._observe(), 1.0, False, False, {}

    def _observe(self):
        sample = self.observation_space.sample()
        if isinstance(sample, dict):
            return {key: _plain(part) for key, part in sample.items()}
        return _plain(sample)


def _plain(part):
    return int(part) if isinstance(part, np.integer) else part


def _train(name, observation_space, action_space, **arguments):
    env = DummyVecEnv(
        [lambda: Monitor(gym.wrappers.TimeLimit(Anything(observation_space, action_space), 7)) for _ in range(2)]
    )
    policy = "MultiInputPolicy" if isinstance(observation_space, spaces.Dict) else "MlpPolicy"
    model = getattr(fast, name.upper())(policy, env, device="cpu", **arguments)
    model.equip(fast.Core(fast.Generators(0, model.device), fast.Precision(bf16=False, device_type="cpu")))
    model.set_logger(Logger(None, []))
    learner = make_learner(model, Nothing(), 60, 1_000_000)
    while model.num_timesteps < 60:
        learner.iterate()
    env.close()
    return model


def _learns(model):
    """Tell whether it has taken gradient steps and its weights are still numbers."""
    finite = all(bool(torch.isfinite(parameter).all()) for parameter in model.policy.parameters())
    played = model.player()(model._last_obs)
    predicted = model.predict(model._last_obs, deterministic=True)[0]
    assert (played.shape, played.dtype.kind) == (predicted.shape, predicted.dtype.kind)
    assert played == pytest.approx(predicted, abs=1e-5)
    return model._n_updates > 0 and model.num_timesteps >= 60 and finite


@pytest.mark.parametrize("action", [*DISCRETE, *BOXES])
@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("name", ["ppo", "a2c"])
def test_ppo_and_a2c_take_every_space(name, observation, action):
    arguments = {"n_steps": 10, "batch_size": 10} if name == "ppo" else {}
    assert _learns(_train(name, OBSERVATIONS[observation], {**DISCRETE, **BOXES}[action], **arguments))


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_dqn_takes_every_observation(observation):
    assert _learns(_train("dqn", OBSERVATIONS[observation], spaces.Discrete(3), **OFF_POLICY))


@pytest.mark.parametrize("action", BOXES)
@pytest.mark.parametrize("observation", OBSERVATIONS)
@pytest.mark.parametrize("name", ["sac", "td3"])
def test_sac_and_td3_take_every_box(name, observation, action):
    assert _learns(_train(name, OBSERVATIONS[observation], BOXES[action], **OFF_POLICY))


@pytest.mark.parametrize("kind", [NormalActionNoise, OrnsteinUhlenbeckActionNoise])
@pytest.mark.parametrize("action", BOXES)
def test_noise_has_the_shape_of_the_actions(action, kind):
    shape = BOXES[action].shape
    noise = kind(np.zeros(shape), np.full(shape, 0.1))
    assert _learns(_train("td3", VECTOR, BOXES[action], action_noise=noise, **OFF_POLICY))


@pytest.mark.parametrize(
    ("observation", "arguments"),
    [
        ("vector", {"n_steps": 3}),
        ("vector", {"gradient_steps": -1}),
        ("dict", {"gradient_steps": -1}),
        ("vector", {"optimize_memory_usage": True, "replay_buffer_kwargs": {"handle_timeout_termination": False}}),
    ],
    ids=["n_steps", "gradient_steps", "gradient_steps dict", "optimize_memory_usage"],
)
@pytest.mark.parametrize(("name", "action"), [("dqn", spaces.Discrete(3)), ("sac", BOXES["box"])])
def test_replay_has_every_option(name, action, observation, arguments):
    assert _learns(_train(name, OBSERVATIONS[observation], action, **{**OFF_POLICY, **arguments}))


@pytest.mark.parametrize("name", ["ppo", "dqn", "sac", "td3"])
def test_a_saved_optimiser_counts_the_steps_of_each_parameter_alone(tmp_path, name):
    action = spaces.Discrete(3) if name == "dqn" else BOXES["box"]
    arguments = {"n_steps": 10, "batch_size": 10} if name == "ppo" else OFF_POLICY
    model = _train(name, VECTOR, action, **arguments)
    model.save(tmp_path / "model")
    loaded = getattr(__import__("stable_baselines3"), name.upper()).load(tmp_path / "model")
    optimizers = [loaded.policy.optimizer] if name in ("ppo", "dqn") else [loaded.actor.optimizer]
    for optimizer in optimizers:
        before = {int(state["step"]) for state in optimizer.state.values()}
        assert len(before) == 1
        for parameter in optimizer.state:
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        assert {int(state["step"]) for state in optimizer.state.values()} == {before.pop() + 1}
