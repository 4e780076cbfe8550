"""The same batch gives the same gradients as Stable-Baselines3 computes, to floating-point tolerance."""

import copy

import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from trainer.algorithms.fast.actor_critic import PerceptronActorCritic, TorchActorCritic
from trainer.algorithms.fast.replay import Transitions

HUGE = 1e9
CARTPOLE = {"id": "CartPole-v1", "n_envs": 4}
PENDULUM = {"id": "Pendulum-v1", "n_envs": 3}
PONG = {"id": "PongNoFrameskip-v4", "n_envs": 2, "frame_stack": 4}


def _plain_twin(model, kind, **arguments):
    """Return plain Stable-Baselines3's model with the same weights."""
    twin = kind(type(model.policy), model.env, policy_kwargs=dict(model.policy_kwargs), device="cpu", **arguments)
    twin.policy.load_state_dict(model.policy.state_dict())
    twin.set_logger(Logger(folder=None, output_formats=[]))
    return twin


def _gradients(module):
    return {name: parameter.grad.clone() for name, parameter in module.named_parameters() if parameter.grad is not None}


def _assert_equal(ours, theirs, tolerance):
    assert ours.keys() == theirs.keys()
    assert ours
    for name, gradient in theirs.items():
        scale = float(gradient.abs().max()) + 1e-8
        difference = float((ours[name] - gradient).abs().max())
        assert difference <= tolerance * scale, f"{name}: {difference} beside {scale}"


def _on_policy(build, environment, algorithm, policy=None):
    """Collect, disturb the policy so that ratios leave 1, and return the model and a twin with the same rollout."""
    sections = {"policy": policy or {}, "training": {"precision": "fp32"}}
    model, learner = build(environment, {**algorithm, "max_grad_norm": HUGE}, **sections)
    model.collect_rollouts(learner._env, learner._callback, None, model.n_steps)
    with torch.no_grad():
        for parameter in model.policy.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    kind = getattr(stable_baselines3, algorithm["name"].upper())
    names = ("n_steps", "gamma", "gae_lambda", "ent_coef", "vf_coef", "normalize_advantage")
    arguments = {name: getattr(model, name) for name in names} | {"max_grad_norm": HUGE}
    if algorithm["name"] == "ppo":
        arguments |= {"batch_size": model.batch_size, "n_epochs": 1, "clip_range": 0.1}
        arguments["clip_range_vf"] = algorithm.get("clip_range_vf")
        model.n_epochs = 1
    twin = _plain_twin(model, kind, **arguments)
    ours, theirs = model.buffer, twin.rollout_buffer
    for name in ("actions", "rewards", "values", "log_probs", "advantages", "returns"):
        setattr(theirs, name, getattr(ours, name).copy())
    theirs.observations = ours.observations.copy()
    theirs.full = True
    return model, twin


@pytest.mark.parametrize("clip_range_vf", [None, 0.2])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("environment", [CARTPOLE, PENDULUM])
def test_ppo_by_hand(build, environment, normalize, clip_range_vf):
    model, twin = _on_policy(
        build,
        environment,
        {
            "name": "ppo",
            "n_steps": 64,
            "batch_size": 64 * environment["n_envs"],
            "ent_coef": 0.01,
            "clip_range": 0.1,
            "clip_range_vf": clip_range_vf,
            "normalize_advantage": normalize,
        },
    )
    assert isinstance(model.kernel, PerceptronActorCritic)
    model.train()
    twin.train()
    _assert_equal(_gradients(model.policy), _gradients(twin.policy), 2e-4)


def test_ppo_by_hand_with_different_networks_for_policy_and_value(build):
    model, twin = _on_policy(
        build,
        CARTPOLE,
        {"name": "ppo", "n_steps": 32, "batch_size": 128, "clip_range": 0.1},
        {"net_arch": {"pi": [32], "vf": [48, 16]}, "activation": "relu"},
    )
    assert isinstance(model.kernel, PerceptronActorCritic)
    model.train()
    twin.train()
    _assert_equal(_gradients(model.policy), _gradients(twin.policy), 2e-4)


def test_ppo_on_images(build):
    model, twin = _on_policy(
        build, PONG, {"name": "ppo", "n_steps": 16, "batch_size": 32, "clip_range": 0.1, "ent_coef": 0.01}
    )
    assert isinstance(model.kernel, TorchActorCritic)
    assert not model.core.precision.bf16
    model.train()
    twin.train()
    _assert_equal(_gradients(model.policy), _gradients(twin.policy), 1e-3)


@pytest.mark.parametrize("environment", [CARTPOLE, PENDULUM])
def test_a2c(build, environment):
    model, twin = _on_policy(build, environment, {"name": "a2c", "n_steps": 16, "ent_coef": 0.01})
    model.train()
    twin.train()
    _assert_equal(_gradients(model.policy), _gradients(twin.policy), 2e-4)


class _Fixed:
    """A replay buffer that always hands out the same transitions, in either form."""

    def __init__(self, batch):
        self.batch = batch

    def for_ours(self, batch_size, normalizer):
        return self.batch

    def sample(self, batch_size, env=None):
        batch = self.batch
        tensors = (batch.observations, batch.actions, batch.next_observations)
        return ReplayBufferSamples(
            *(torch.from_numpy(np.ascontiguousarray(array)) for array in tensors),
            torch.from_numpy(batch.ends[:, None]),
            torch.from_numpy(batch.rewards[:, None]),
            None,
        )


def _off_policy(build, environment, algorithm, steps=60, **sections):
    sections = {"training": {"precision": "fp32"}, **sections}
    model, learner = build(
        environment, {"learning_starts": 0, "buffer_size": 2000, "train_freq": 1, **algorithm}, **sections
    )
    for _ in range(steps):
        learner.iterate()
    batch = model.buffer.sample(64)
    fixed = _Fixed(Transitions(**{**vars(batch), "discounts": np.full(64, model.gamma, np.float32)}))
    model.buffer.sample = fixed.for_ours
    kind = getattr(stable_baselines3, algorithm["name"].upper())
    twin = _plain_twin(model, kind, gamma=model.gamma, buffer_size=10)
    twin.replay_buffer = fixed
    for name in ("policy", "actor", "critic"):
        if (ours := getattr(getattr(model, name, None), "optimizer", None)) is not None:
            getattr(twin, name).optimizer.load_state_dict(copy.deepcopy(ours.state_dict()))
    return model, twin


@pytest.mark.parametrize(
    ("environment", "sections"),
    [(CARTPOLE, {"policy": {"net_arch": [48, 32]}}), (PONG, {})],
    ids=["by hand", "on images"],
)
def test_dqn(build, environment, sections):
    model, twin = _off_policy(build, environment, {"name": "dqn"}, steps=30, **sections)
    model.max_grad_norm = twin.max_grad_norm = HUGE
    if hasattr(model.kernel, "_updater"):
        model.kernel._updater._max_norm = HUGE
    model.train(1, 64)
    twin.train(1, 64)
    _assert_equal(_gradients(model.q_net), _gradients(twin.q_net), 1e-3)


def _captured(optimizer, module):
    """Return a dictionary that takes the gradients as they are when the optimiser steps."""
    found = {}
    optimizer.register_step_pre_hook(lambda *_: found.update(_gradients(module)))
    return found


def _standing_still(*models):
    for model in models:
        model.lr_schedule = lambda _: 0.0


@pytest.mark.parametrize("name", ["td3", "ddpg"])
def test_td3_and_ddpg(build, name):
    model, twin = _off_policy(build, PENDULUM, {"name": name}, policy={"net_arch": [48, 32]})
    model.target_policy_noise = twin.target_policy_noise = 0.0
    model._n_updates = twin._n_updates = 1  # so that the next one moves the actor too
    _standing_still(model, twin)
    critic, actor = _captured(twin.critic.optimizer, twin.critic), _captured(twin.actor.optimizer, twin.actor)
    model.train(1, 64)
    twin.train(1, 64)
    _assert_equal(_gradients(model.critic), critic, 1e-3)
    _assert_equal(_gradients(model.actor), actor, 1e-3)
    _assert_same_weights(model.critic_target, twin.critic_target)
    _assert_same_weights(model.actor_target, twin.actor_target)


def _assert_same_weights(ours, theirs):
    theirs = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter, theirs[name], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("ent_coef", ["auto", 0.2])
def test_sac(build, ent_coef, monkeypatch):
    model, twin = _off_policy(build, PENDULUM, {"name": "sac", "ent_coef": ent_coef}, policy={"net_arch": [48, 32]})
    temperature = {}
    if ent_coef == "auto":
        twin.log_ent_coef.data.copy_(model.log_ent_coef.data)
        twin.ent_coef_optimizer.register_step_pre_hook(lambda *_: temperature.update(g=twin.log_ent_coef.grad.clone()))
    else:
        twin.ent_coef_optimizer, twin.ent_coef_tensor = None, torch.tensor(0.2)
    _standing_still(model, twin)
    noise = [np.random.default_rng(seed).standard_normal((64, 1)).astype(np.float32) for seed in range(2)]
    # Ours draws for the next observations first, the parent for the present ones.
    monkeypatch.setattr(model.kernel.actor, "_generator", _Draws(iter(noise)))
    theirs = iter(noise[::-1])
    monkeypatch.setattr(
        torch.distributions.Normal,
        "rsample",
        lambda self, shape=None: self.mean + self.stddev * torch.from_numpy(next(theirs)),
    )
    critic, actor = _captured(twin.critic.optimizer, twin.critic), _captured(twin.actor.optimizer, twin.actor)
    model.train(1, 64)
    twin.train(1, 64)
    _assert_equal(_gradients(model.critic), critic, 1e-3)
    _assert_equal(_gradients(model.actor), actor, 1e-3)
    _assert_same_weights(model.critic_target, twin.critic_target)
    if ent_coef == "auto":
        torch.testing.assert_close(model.log_ent_coef.grad, temperature["g"], rtol=1e-4, atol=1e-6)


class _Draws:
    def __init__(self, draws):
        self._draws = draws

    def standard_normal(self, shape, dtype):
        return next(self._draws)
