"""TQC, CrossQ and QR-DQN learn from a batch what SB3-Contrib learns from it, to floating-point tolerance."""

import copy

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.type_aliases import ReplayBufferSamples

from trainer.algorithms.build import PLAIN
from trainer.algorithms.fast.distributions import own_generator
from trainer.algorithms.fast.replay import Transitions

CARTPOLE = {"id": "CartPole-v1", "n_envs": 4}
PENDULUM = {"id": "Pendulum-v1", "n_envs": 3}
PONG = {"id": "PongNoFrameskip-v4", "n_envs": 2, "frame_stack": 4}
ROWS = 32


class Fixed:
    """A replay buffer that always hands out the same transitions, in either form."""

    def __init__(self, batch):
        self.batch = batch

    def for_ours(self, batch_size, normalizer):
        times = batch_size // ROWS
        repeated = {
            name: None if part is None else np.concatenate([part] * times) for name, part in vars(self.batch).items()
        }
        return Transitions(**repeated)

    def sample(self, batch_size, env=None):
        batch = self.batch
        tensors = (batch.observations, batch.actions, batch.next_observations)
        return ReplayBufferSamples(
            *(torch.from_numpy(np.ascontiguousarray(array)) for array in tensors),
            torch.from_numpy(batch.ends[:, None]),
            torch.from_numpy(batch.rewards[:, None]),
            None,
        )


def _twins(build, name, environment, policy, **algorithm):
    """Return a model that has trained a little, and a plain one that stands where it stands."""
    settings = {"name": name, "learning_starts": 0, "buffer_size": 2000, "train_freq": 1, "batch_size": ROWS}
    model, learner = build(
        environment, {**settings, **algorithm}, policy=policy, training={"precision": "fp32", "device": "cpu"}
    )
    for _ in range(20):
        learner.iterate()
    batch = model.buffer.sample(ROWS)
    fixed = Fixed(Transitions(**{**vars(batch), "discounts": np.full(ROWS, model.gamma, np.float32)}))
    model.buffer.sample = fixed.for_ours
    twin = PLAIN[name](
        type(model.policy),
        model.env,
        policy_kwargs=dict(model.policy_kwargs),
        device="cpu",
        gamma=model.gamma,
        buffer_size=10,
        learning_rate=model.learning_rate,
        **algorithm,
    )
    twin.set_logger(Logger(folder=None, output_formats=[]))
    twin.policy.load_state_dict(model.policy.state_dict())
    twin.replay_buffer, twin._n_updates = fixed, model._n_updates
    for part in ("policy", "actor", "critic"):
        if (ours := getattr(getattr(model, part, None), "optimizer", None)) is not None:
            state = copy.deepcopy(ours.state_dict())
            for group in state["param_groups"]:
                group |= {"fused": None, "foreach": None}
            getattr(twin, part).optimizer.load_state_dict(state)
    if getattr(model, "log_ent_coef", None) is not None:
        twin.log_ent_coef.data.copy_(model.log_ent_coef.data)
        twin.ent_coef_optimizer.load_state_dict(copy.deepcopy(model.ent_coef_optimizer.state_dict()))
    if hasattr(twin, "actor"):
        generator = torch.Generator()
        generator.set_state(model.core.generators.torch.get_state())
        own_generator(twin.actor, generator)
    return model, twin


def _assert_alike(model, twin, tolerance=2e-4):
    theirs = twin.policy.state_dict()
    for name, ours in model.policy.state_dict().items():
        # A bias that batch normalisation takes out again has no gradient but rounding, which Adam makes steps of.
        loose = 5e-3 if type(model).__name__ == "CrossQ" and name.endswith("bias") else tolerance
        torch.testing.assert_close(ours, theirs[name], atol=loose, rtol=loose, msg=lambda m, n=name: f"{n}: {m}")
    logged = {key: value for key, value in twin.logger.name_to_value.items() if key.startswith("train/")}
    assert logged
    for name, value in logged.items():
        assert model.logger.name_to_value[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name


@pytest.mark.parametrize("ent_coef", ["auto", 0.2])
@pytest.mark.parametrize("name", ["tqc", "crossq"])
def test_continuous_actions(build, name, ent_coef):
    model, twin = _twins(build, name, PENDULUM, {"net_arch": [48, 32]}, ent_coef=ent_coef)
    for one in (model, twin):
        one.train(4, ROWS)
    _assert_alike(model, twin)
    if ent_coef == "auto":
        torch.testing.assert_close(model.log_ent_coef, twin.log_ent_coef, atol=1e-5, rtol=1e-4)


def test_crossq_counts_its_batches_as_the_parent_does(build):
    model, twin = _twins(build, "crossq", PENDULUM, {"net_arch": [16], "renorm_warmup_steps": 5}, policy_delay=2)
    for one in (model, twin):
        one.train(3, ROWS)
    counted = {name: value for name, value in model.policy.state_dict().items() if name.endswith(".steps")}
    assert counted
    assert all(torch.equal(value, twin.policy.state_dict()[name]) for name, value in counted.items())
    _assert_alike(model, twin)


@pytest.mark.parametrize("environment", [CARTPOLE, PONG], ids=["numbers", "images"])
def test_qr_dqn(build, environment):
    policy = {"net_arch": [48, 32], "n_quantiles": 20} if environment is CARTPOLE else {"n_quantiles": 20}
    model, twin = _twins(build, "qrdqn", environment, policy)
    for one in (model, twin):
        one.train(3, ROWS)
    _assert_alike(model, twin)
    values = model.kernel.values(model._last_obs)
    assert (values.argmax(axis=1) == twin.policy.predict(model._last_obs, deterministic=True)[0]).all()
