"""Every shipped preset whose environment is installed starts and trains two rollouts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.run_endings import ended
from trainer.config import PresetStore, RunConfig, apply_overrides, check, load_config
from trainer.config.algorithms import OffPolicyConfig
from trainer.engine import Engine
from trainer.envs.catalogue import environment_spaces, find
from trainer.envs.optional import absent_for
from trainer.errors import PalaestraError
from trainer.paths import BUILT_IN_PRESETS

PRESETS = sorted(path.stem for path in BUILT_IN_PRESETS.glob("*.json"))
SPREAD = ("ppo_cartpole", "ddpg_pendulum", "sac_hopper")
# What is only waited for: long rollouts, long warm-ups, memory, and what happens beside training.
QUICK: dict[str, Any] = {
    "evaluation.enabled": False,
    "evaluation.stop_on_threshold": False,
    "evaluation.final_episodes": 0,
    "video.enabled": False,
    "tracking.tensorboard": False,
    "training.duration_seconds": None,
}
SMALLER = {
    "n_steps": 64,
    "batch_size": 128,
    "buffer_size": 2_000,
    "learning_starts": 64,
    "n_delta": 2,
    "n_top": 2,
}
PATIENCE = 600  # s; the long rollouts of recurrent networks take minutes where others train too
WHOLE_EPISODES = 300  # steps, since hindsight learns from ended episodes only


def shortened(config: RunConfig) -> RunConfig:
    """Return the preset's run with two rollouts of a size that does not have to be waited for."""
    settings = config.algorithm
    off_policy = isinstance(settings, OffPolicyConfig)
    smaller = {key: most for key, most in SMALLER.items() if (getattr(settings, key, 0) or 0) > most}
    if off_policy:
        smaller.pop("n_steps", None)  # the reach of its returns there
    if getattr(settings, "hindsight", False):
        smaller["learning_starts"] = WHOLE_EPISODES
    overrides = {**QUICK, **{f"algorithm.{key}": most for key, most in smaller.items()}}
    copies = config.environment.n_envs
    if hasattr(settings, "batch_size") and not off_policy:
        rollout = min(settings.n_steps, SMALLER["n_steps"]) * copies
        overrides["algorithm.batch_size"] = min(settings.batch_size or rollout, rollout)
    if off_policy:
        length = smaller.get("learning_starts", settings.learning_starts) + 2 * copies * settings.train_freq
    elif hasattr(settings, "n_delta"):
        length = 2
    else:
        length = 2 * copies * min(settings.n_steps, SMALLER["n_steps"])
    overrides["training.total_timesteps"] = length
    if getattr(settings, "train_freq_unit", "step") == "episode":
        overrides["environment.max_episode_steps"] = 50
    return load_config(apply_overrides(config.to_data(), overrides))


def trains(engine: Engine, name: str) -> str | None:
    """Train two rollouts of a preset; return why its environment is not here, or None when it trained."""
    config = engine.presets.load(name).config
    if (absent := absent_for(config.environment.id)) is not None:
        return f"needs {absent.package}, which is not installed"
    entry = find(config.environment.id)
    if not entry.available:
        return entry.missing or "cannot be made"
    assert check(config, environment_spaces(config.environment)) == [], name
    quick = shortened(config)
    assert check(quick, environment_spaces(quick.environment)) == [], name
    record = engine.manager.submit(quick, preset=name)
    engine.manager.wait(record.id, PATIENCE)
    assert ended(engine, record.id).step >= quick.training.total_timesteps, name
    return None


@pytest.mark.parametrize("name", SPREAD)
def test_a_preset_starts_and_trains_two_rollouts(engine: Engine, name: str) -> None:
    assert trains(engine, name) is None


@pytest.mark.slow
def test_every_preset_whose_environment_is_installed_starts_and_trains_two_rollouts(engine: Engine) -> None:
    missing: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in PRESETS:
        began = time.monotonic()
        try:
            why = trains(engine, name)
        except (AssertionError, PalaestraError) as error:
            failed[name] = str(error)
            print(f"{name}: FAILED: {error}", flush=True)
            continue
        if why:
            missing[name] = why
        print(f"{name}: {why or f'trained in {time.monotonic() - began:.1f} s'}", flush=True)
    trained = len(PRESETS) - len(missing) - len(failed)
    print(f"\n{trained} of {len(PRESETS)} presets started and trained two rollouts; {len(missing)} are not installed")
    assert failed == {}
    assert trained > 0


def test_what_is_shortened_leaves_the_rest_of_a_preset_as_it_is(tmp_path: Path) -> None:
    config = PresetStore(BUILT_IN_PRESETS, tmp_path).load("ppo_pong").config

    quick = shortened(config)

    assert quick.policy == config.policy
    assert quick.environment == config.environment
    assert quick.algorithm.learning_rate == config.algorithm.learning_rate
