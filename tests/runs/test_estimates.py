"""What is said of a run before it starts is what it then takes, and what nobody knows is said to be unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces as kinds

from trainer.algorithms.build import build_model
from trainer.config import RunConfig, load_config
from trainer.engine import Engine
from trainer.envs.catalogue import environment_spaces
from trainer.envs.factory import make_training_env
from trainer.runs.estimates import Estimates, estimate
from trainer.runs.estimates.networks import networks_of
from trainer.runs.estimates.speed import speed_of
from trainer.store import SpeedRecord

QUIET: dict[str, Any] = {"evaluation": {"enabled": False, "final_episodes": 0}, "video": {"enabled": False}}
GB = 10**9
PIXELS, SWITCHES, DIALS = "TestPixels-v0", "TestSwitches-v0", "TestDials-v0"


class Still(gymnasium.Env[Any, Any]):
    """Nothing ever happens in it."""

    def __init__(self, sees: kinds.Space[Any], does: kinds.Space[Any]) -> None:
        self.observation_space, self.action_space = sees, does

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, _: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.observation_space.sample(), 0.0, False, False, {}


def register(name: str, sees: kinds.Space[Any], does: kinds.Space[Any]) -> None:
    if name not in gymnasium.registry:
        gymnasium.register(name, entry_point=lambda **_: Still(sees, does), max_episode_steps=5)


register(PIXELS, kinds.Box(0, 255, (1, 36, 36), np.uint8), kinds.Box(-1, 1, (2,), np.float32))
register(SWITCHES, kinds.Box(-1, 1, (4,), np.float32), kinds.MultiBinary(3))
register(DIALS, kinds.Box(-1, 1, (4,), np.float32), kinds.MultiDiscrete([2, 5]))


def estimated(config: RunConfig, earlier: tuple[SpeedRecord, ...] = (), **free: int | None) -> Estimates:
    spaces = environment_spaces(config.environment)
    there = {"free_memory": 100 * GB, "free_disk": 1000 * GB, **free}
    return estimate(config, spaces, earlier=earlier, videos=(), **there)


def on_disk(folder: Path) -> int:
    """Return what the files of a folder take, each once however many names it has."""
    found = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return sum({each.st_ino: each.st_size for each in found}.values())


@pytest.mark.parametrize(
    ("algorithm", "environment", "policy"),
    [
        ("ppo", "CartPole-v1", {}),
        ("ppo", "Pendulum-v1", {"net_arch": {"pi": [32], "vf": [64, 64]}}),
        ("ppo", "ALE/Pong-v5", {}),
        ("a2c", "CartPole-v1", {"net_arch": [16]}),
        ("dqn", "CartPole-v1", {}),
        ("dqn", "ALE/Pong-v5", {}),
        ("ddpg", "Pendulum-v1", {}),
        ("td3", "Pendulum-v1", {"net_arch": {"pi": [16], "qf": [32, 8]}, "n_critics": 3}),
        ("sac", "Pendulum-v1", {}),
        ("qrdqn", "CartPole-v1", {}),
        ("tqc", "Pendulum-v1", {}),
        ("trpo", "CartPole-v1", {}),
        ("maskable_ppo", "CartPole-v1", {}),
        ("sac", PIXELS, {}),
        ("sac", PIXELS, {"share_features_extractor": True}),
        ("td3", PIXELS, {"share_features_extractor": True}),
        ("td3", PIXELS, {"share_features_extractor": False}),
        ("ppo", SWITCHES, {}),
        ("maskable_ppo", SWITCHES, {}),
        ("a2c", DIALS, {}),
        ("maskable_ppo", DIALS, {}),
    ],
)
def test_networks_are_as_large_as_they_are_said_to_be(algorithm: str, environment: str, policy: dict[str, Any]) -> None:
    small = {"buffer_size": 100} if algorithm in ("dqn", "ddpg", "td3", "sac", "qrdqn", "tqc") else {}
    config = load_config(
        {"environment": {"id": environment}, "algorithm": {"name": algorithm, **small}, "policy": policy}
    )
    said = networks_of(config, environment_spaces(config.environment))
    env = make_training_env(config.environment, 0)
    try:
        model = build_model(config, env, global_seed=False)
        assert said is not None
        real = sum(parameter.numel() for parameter in model.policy.parameters())
        assert said.trained + said.targets == pytest.approx(real, rel=0.01)
    finally:
        env.close()


@pytest.mark.parametrize(
    "parts",
    [
        {
            "environment": {"id": "CartPole-v1", "n_envs": 4},
            "algorithm": {"name": "ppo", "n_steps": 64, "batch_size": 64, "n_epochs": 1},
            "training": {"total_timesteps": 4096},
            "checkpoints": {"every_steps": 512, "every_seconds": None, "keep": 4},
        },
        {
            "environment": {"id": "Pendulum-v1"},
            "algorithm": {"name": "sac", "buffer_size": 50_000, "learning_starts": 10, "train_freq": 200},
            "training": {"total_timesteps": 4000},
            "checkpoints": {"every_steps": 1000, "every_seconds": None, "keep": 2},
        },
        {
            "environment": {"id": "ALE/Pong-v5", "n_envs": 4},
            "algorithm": {"name": "dqn", "buffer_size": 2000, "learning_starts": 100, "train_freq": 100},
            "training": {"total_timesteps": 4000},
            "checkpoints": {"every_steps": 1600, "every_seconds": None, "keep": 2},
        },
    ],
    ids=["ppo, numbers", "sac, numbers", "dqn, frames"],
)
def test_checkpoints_take_the_disk_that_they_are_said_to_take(engine: Engine, parts: dict[str, Any]) -> None:
    config = load_config({**QUIET, **parts})
    [said] = [part for part in estimated(config).disk.parts if part.name == "checkpoints"]
    record = engine.manager.submit(config)
    assert engine.manager.wait(record.id, 120)
    assert engine.manager.get(record.id).status == "completed"
    assert said.bytes == pytest.approx(on_disk(engine.layout.run(record.id) / "checkpoints"), rel=0.25)


def test_time_is_measured_by_earlier_runs_and_says_how_well(engine: Engine) -> None:
    parts = {**QUIET, "algorithm": {"name": "a2c"}, "training": {"total_timesteps": 3000}}
    first = engine.manager.review(load_config(parts)).estimates
    assert first is not None and first.speed.basis == "rough"
    assert "rule of thumb" in first.speed.about
    record = engine.manager.submit(load_config(parts))
    assert engine.manager.wait(record.id, 120)
    [known] = engine.store.speeds("a2c", "CartPole-v1")
    assert (known.step, known.environment) == (3000, "CartPole-v1")
    long = replace(known, step=60_000, elapsed_seconds=30.0)
    config = load_config({**parts, "training": {"total_timesteps": 120_000}})
    same = speed_of(config, None, [long])
    assert (same.steps_per_second, same.basis, same.about) == (2000.0, "measured", "1 run with the same settings")
    assert estimated(config, (long,)).seconds == 60.0
    other = speed_of(load_config({**parts, "environment": {"n_envs": 8}}), None, [long])
    assert (other.basis, other.about) == ("similar", "measured with other copies")
    cousin = speed_of(load_config({**parts, "environment": {"id": "Acrobot-v1"}}), None, [long])
    assert (cousin.basis, cousin.about) == ("similar", "measured on CartPole-v1")


def test_entries_of_tensorboard_follow_the_algorithms_own_interval() -> None:
    for name, written in (("a2c", "20 entries"), ("ppo", "4 entries")):
        config = load_config({"algorithm": {"name": name}, "training": {"total_timesteps": 10_000}})
        [log] = [part for part in estimated(config).disk.parts if part.name == "tensorboard"]
        assert log.about == written


def test_a_run_too_short_to_say_anything_says_nothing() -> None:
    config = load_config({"algorithm": {"name": "dqn", "learning_starts": 1000}})
    data = config.to_data()
    brief = SpeedRecord("CartPole-v1", 50_000, 1.0, data)
    only_collected = SpeedRecord("CartPole-v1", 1500, 10.0, data)
    spaces = environment_spaces(config.environment)
    assert speed_of(config, spaces, [brief, only_collected]).basis == "rough"
    assert speed_of(config, None, [brief]).steps_per_second is None


def test_a_length_in_time_becomes_steps_and_a_short_run_fills_only_part_of_its_buffer() -> None:
    config = load_config({"algorithm": {"name": "dqn"}, "training": {"duration_seconds": 60.0}})
    earlier = (SpeedRecord("CartPole-v1", 100_000, 100.0, config.to_data()),)
    found = estimated(config, earlier)
    assert (found.seconds, found.steps) == (60.0, 60_000)
    [replay] = [part for part in found.memory.parts if part.name == "replay"]
    assert replay.about == "60,000 transitions of the 1,000,000 there is room for"
    assert replay.bytes == pytest.approx(60_000 * (2 * 16 + 8 + 6), rel=0.01)


@pytest.mark.parametrize(
    ("algorithm", "environment", "policy", "measured"),
    [
        ({"name": "qrdqn", "batch_size": 32}, "CartPole-v1", {}, 111),
        ({"name": "qrdqn", "batch_size": 64}, "CartPole-v1", {}, 200),
        ({"name": "qrdqn", "batch_size": 512}, "CartPole-v1", {}, 566),
        ({"name": "tqc"}, "Pendulum-v1", {"n_critics": 3, "net_arch": [512, 512]}, 112),
        ({"name": "tqc"}, "Pendulum-v1", {"n_critics": 5, "n_quantiles": 50}, 430),
        ({"name": "crossq"}, "Pendulum-v1", {}, 94),
        ({"name": "crossq", "batch_size": 1024}, "Pendulum-v1", {}, 340),
    ],
)
def test_an_update_takes_about_what_was_measured(
    algorithm: dict[str, Any], environment: str, policy: dict[str, Any], measured: int
) -> None:
    """The growth of a fresh process at its peak in MB, without what the networks and the replay buffer take."""
    config = load_config({"environment": {"id": environment}, "algorithm": algorithm, "policy": policy})
    [minibatch] = [part for part in estimated(config).memory.parts if part.name == "minibatch"]
    assert minibatch.bytes == pytest.approx(measured * 10**6, rel=0.25)


def test_what_nobody_knows_is_said_and_not_added_up() -> None:
    config = load_config({"algorithm": {"name": "recurrent_ppo"}})
    memory = estimated(config).memory
    assert not memory.complete
    [unknown] = [part for part in memory.parts if part.bytes is None]
    assert (unknown.name, unknown.basis) == ("networks", "unknown")
    assert "RecurrentPPO" in unknown.about


def test_a_disk_that_will_not_do_is_pointed_at_with_what_fills_it() -> None:
    config = load_config(
        {"environment": {"id": "ALE/Pong-v5"}, "algorithm": {"name": "dqn", "buffer_size": 500_000}, "training": {}}
    )
    [remark] = estimated(config, free_disk=10**6).advice()
    assert remark.field == "checkpoints.keep"
    assert "977 kB are free" in remark.message
    assert list(estimated(config).advice()) == []


def test_a_review_says_whether_a_run_would_wait_and_what_keeps_it_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig()
    assert (engine.manager.review(config).place, engine.manager.review(config).obstacles) == (0, ())
    monkeypatch.setattr(engine.manager._roster, "_slots", 0)
    engine.manager.submit(config)
    review = engine.manager.review(config)
    assert (review.place, review.slots) == (2, 0)
    monkeypatch.setattr("trainer.runs.review.free_bytes", lambda _: 0)
    [obstacle] = engine.manager.review(config).obstacles
    assert "is full" in obstacle and obstacle.endswith("Free some space.")
