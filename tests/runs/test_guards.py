"""Runs that would go on in vain are ended or remarked on, in words, while their last checkpoint is still good."""

import json
import math

import numpy as np
import pytest
import torch
from gymnasium import spaces

from tests.runs.troubled_environments import Troubled, register
from trainer.algorithms.health import broken_part
from trainer.runs.checkpoints.folder import checkpoints_in
from trainer.runs.guards import (
    BadEnvironmentError,
    CollapseGuard,
    DivergedError,
    EnvironmentGuard,
    collapse_guard,
    require_finite_metrics,
)

EVENLY = math.log(2)
SAVES = {"every_steps": 256, "every_seconds": None, "keep": 2}


@pytest.fixture
def troubled(cartpole):
    register()

    def make(trouble, at=300, steps=100_000, **sections):
        environment = {"id": "Troubled-v0", "n_envs": 2, "kwargs": {"trouble": trouble, "at": at}, "backend": "dummy"}
        sections = {"evaluation": {"enabled": False}, "checkpoints": SAVES, **sections}
        return cartpole(steps, environment=environment, **sections)

    return make


def _failed(engine, run_id):
    assert engine.manager.wait(run_id, 60)
    record = engine.manager.get(run_id)
    assert record.status == "failed", record
    return record


# Numbers that are not finite


@pytest.mark.parametrize(
    ("algorithm", "environment"),
    [
        ({"name": "ppo", "n_steps": 64, "learning_rate": 1e30, "max_grad_norm": 1e30}, "CartPole-v1"),
        ({"name": "a2c", "learning_rate": 1e30, "max_grad_norm": 1e30}, "Pendulum-v1"),
        ({"name": "dqn", "learning_rate": 1e30, "learning_starts": 100}, "CartPole-v1"),
        ({"name": "sac", "learning_rate": 1e30, "learning_starts": 100}, "Pendulum-v1"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else value,
)
def test_a_run_that_diverges_fails_in_words_and_leaves_only_good_checkpoints(engine, cartpole, algorithm, environment):
    config = cartpole(
        20_000,
        algorithm=algorithm,
        environment={"id": environment, "n_envs": 1},
        checkpoints={"every_steps": 50, "every_seconds": None, "keep": 5},
        evaluation={"enabled": False},
    )
    record = _failed(engine, engine.manager.submit(config).id)
    assert "learning rate" in record.reason
    assert "diverged" in record.reason
    for checkpoint in checkpoints_in(engine.layout.run(record.id)):
        assert _is_finite(checkpoint.path / "model.zip"), checkpoint


def _is_finite(path):
    import io
    import zipfile

    with zipfile.ZipFile(path) as archive:
        weights = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    return all(torch.isfinite(tensor).all() for tensor in weights.values())


def test_the_reason_names_the_metric_the_step_and_the_way_back(engine, cartpole, until):
    run_id = engine.manager.submit(cartpole(1_000_000, checkpoints=SAVES, evaluation={"enabled": False})).id
    until(lambda: checkpoints_in(engine.layout.run(run_id)))
    engine.manager.stop(run_id)
    engine.manager.wait(run_id, 30)
    good = checkpoints_in(engine.layout.run(run_id))[-1].step
    config = json.loads((engine.layout.run(run_id) / "config.json").read_text())
    config["algorithm"] |= {"learning_rate": 1e30, "max_grad_norm": 1e30}
    from trainer.config import load_config

    engine.manager._intake.reopen(run_id, load_config(config))
    record = _failed(engine, run_id)
    assert "is not finite at step" in record.reason or "became nan at step" in record.reason
    assert "Lower the learning rate" in record.reason
    assert f"Resume goes on from its checkpoint of step {good:,}." in record.reason


def test_a_metric_that_may_be_undefined_is_no_divergence():
    require_finite_metrics({"train/explained_variance": math.nan, "rollout/ep_rew_mean": math.nan}, 1)
    with pytest.raises(DivergedError, match=r"train/value_loss became inf at step 7\."):
        require_finite_metrics({"train/value_loss": math.inf}, 7)


def test_a_broken_weight_and_a_broken_moment_are_found_by_name():
    from stable_baselines3 import PPO

    model = PPO("MlpPolicy", "CartPole-v1", device="cpu", n_steps=8, batch_size=8)
    model.learn(8)
    assert broken_part(model) is None
    state = next(iter(model.policy.optimizer.state.values()))
    state["exp_avg_sq"].view(-1)[0] = math.inf
    assert broken_part(model) == "policy.optimizer.exp_avg_sq"
    state["exp_avg_sq"].zero_()
    with torch.no_grad():
        model.policy.value_net.bias[0] = 1e30  # large, and its square is not a float32
        assert broken_part(model) is None
        model.policy.value_net.bias[0] = math.nan
    assert broken_part(model) == "policy.value_net.bias"


# What the environment returns


@pytest.mark.parametrize("at", [295, 300], ids=["within an episode", "at its end"])
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("nan reward", "a reward that is not finite"),
        ("nan observation", "an observation that is not finite"),
        ("inf observation", "an observation that is not finite"),
    ],
)
def test_numbers_of_the_environment_are_called_its_own(engine, troubled, trouble, words, at):
    record = _failed(engine, engine.manager.submit(troubled(trouble, at)).id)
    assert record.reason.startswith(f"The environment Troubled-v0 returned {words}")
    assert f"in copy 0 at step {2 * at};" in record.reason
    assert "Resume goes on from its checkpoint of step 512." in record.reason
    assert _is_finite(checkpoints_in(engine.layout.run(record.id))[-1].path / "model.zip")


def test_large_numbers_and_pictures_are_let_pass():
    guard = EnvironmentGuard("Some-v0")
    rewards = np.full(2, 1e30, np.float32)
    guard.look(rewards, np.full((2, 3), 1e30, np.float32), 1)
    guard.look(rewards, np.full((2, 1, 4, 4), 255, np.uint8), 1)
    bad = {"goal": np.array([[1.0], [math.nan]]), "picture": np.zeros((2, 4), np.uint8)}
    with pytest.raises(BadEnvironmentError, match="copy 1 at step 2,000"):
        guard.look(rewards, bad, 2_000)


# A policy that has collapsed


def _told(guard, entropies, returns):
    found = [
        guard.look({"train/entropy_loss": -entropy}, mean, step)
        for step, (entropy, mean) in enumerate(zip(entropies, returns, strict=True))
    ]
    return [(step, text) for step, text in enumerate(found) if text]


def test_a_collapsed_policy_is_remarked_on_once():
    told = _told(CollapseGuard(EVENLY, 475.0), [0.6] * 5 + [0.001] * 40, [22.0] * 5 + [9.4] * 40)
    assert [step for step, _ in told] == [14]
    assert "ent_coef" in told[0][1]


@pytest.mark.parametrize(
    ("threshold", "entropy", "returns"),
    [
        (475.0, 0.001, [20.0] * 5 + [500.0] * 40),  # solved
        (475.0, 0.2, [20.0] * 5 + [9.4] * 40),  # not narrow
        (475.0, 0.001, [20.0] * 5 + list(range(21, 461, 11))),  # narrow, and still getting better
        (None, 0.001, [-200.0] * 5 + [-110.0] * 40),  # better than at first, and nobody knows what is solved
    ],
    ids=["solved", "wide", "rising", "better"],
)
def test_a_policy_that_does_well_is_let_be(threshold, entropy, returns):
    returns = returns[:45]
    entropies = [0.6] * 5 + [entropy] * (len(returns) - 5)
    assert _told(CollapseGuard(EVENLY, threshold), entropies, returns) == []


def test_a_gaussian_policy_is_judged_by_its_deviation():
    guard = CollapseGuard(None, None, patience=3)
    assert guard.look({"train/std": 0.6}, -1_000.0, 0) is None
    found = [guard.look({"train/std": 0.002}, -1_200.0, step) for step in range(3)]
    assert found[:2] == [None, None]
    assert found[2].startswith("The policy has collapsed")


def test_the_guard_knows_its_environment(cartpole):
    assert collapse_guard(cartpole(), spaces.Discrete(2))._threshold == 475.0
    chosen = cartpole(evaluation={"reward_threshold": 100.0})
    assert collapse_guard(chosen, spaces.Discrete(2))._threshold == 100.0
    assert collapse_guard(cartpole(), spaces.Text(3)) is None


def test_a_collapsed_run_goes_on_with_a_warning_on_its_card(engine, cartpole):
    algorithm = {
        "name": "ppo",
        "n_steps": 16,
        "batch_size": 64,
        "n_epochs": 8,
        "learning_rate": 0.3,
        "max_grad_norm": 100.0,
    }
    config = cartpole(20_000, algorithm=algorithm, evaluation={"enabled": False})
    run_id = engine.manager.submit(config).id
    assert engine.manager.wait(run_id, 60)
    record = engine.manager.get(run_id)
    assert record.status == "completed"
    assert record.reason.startswith("The policy has collapsed")
    warnings = [line.text for line in engine.store.logs(run_id) if line.level == "warning"]
    assert sum(text.startswith("The policy has collapsed") for text in warnings) == 1


@pytest.fixture(autouse=True)
def _nobody_hangs_for_ever():
    Troubled.released.clear()
    yield
    Troubled.released.set()
