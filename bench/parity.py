"""Whether we learn as well as plain Stable-Baselines3 does: final returns over seeds, with bootstrap intervals.

Each pair is trained from the same preset values, once by the program and once by Stable-Baselines3's own class and
loop. Summarised as in Agarwal et al. 2021 (https://arxiv.org/abs/2108.13264): interquartile mean over the seeds of
the mean return of 20 deterministic episodes, with a 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import machine
from bench.concurrency import quiet_config
from trainer.config import RunConfig

EPISODES = 20
RESAMPLES = 10_000


@dataclass(frozen=True)
class Pair:
    """A preset, how many steps of it are trained, and what a short proof changes."""

    preset: str
    steps: int
    changes: dict[str, Any]


PAIRS = {
    "ppo_cartpole": Pair("ppo_cartpole", 100_000, {}),
    "a2c_cartpole": Pair("a2c_cartpole", 500_000, {}),
    "dqn_cartpole": Pair("dqn_cartpole", 50_000, {}),
    "ppo_lunarlander": Pair("ppo_lunarlander", 1_000_000, {}),
    "sac_pendulum": Pair("sac_pendulum", 20_000, {}),
    "td3_pendulum": Pair("td3_pendulum", 20_000, {}),
    "ddpg_pendulum": Pair("ddpg_pendulum", 20_000, {}),
    "ppo_pong": Pair("ppo_pong", 1_000_000, {}),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("pairs", nargs="*", metavar="PRESET", help=f"of {', '.join(PAIRS)} (all; hours)")
    parser.add_argument("--seeds", type=int, default=5, help="seeds of each side (5)")
    parser.add_argument("--steps", type=int, help="train this many steps instead, on both sides")


def run(arguments: argparse.Namespace) -> int:
    """Train, print the table, and return 0 when every interval of ours reaches or passes the other."""
    unknown = set(arguments.pairs) - set(PAIRS)
    if unknown:
        print(f"no pair {', '.join(sorted(unknown))}; known: {', '.join(PAIRS)}", file=sys.stderr)
        return 2
    print(machine.describe(), flush=True)
    print(f"{'preset':<16} {'steps':>9} {'ours':>26} {'Stable-Baselines3':>26} {'minutes':>14}  holds")
    held = True
    for name in arguments.pairs or PAIRS:
        pair = PAIRS[name]
        steps = arguments.steps or pair.steps
        began = time.monotonic()
        ours = [_ours(_config(pair, steps, seed)) for seed in range(arguments.seeds)]
        between = time.monotonic()
        theirs = [_theirs(_config(pair, steps, seed)) for seed in range(arguments.seeds)]
        ended = time.monotonic()
        mine, their = interval(ours), interval(theirs)
        holds = mine[2] >= their[1]
        held &= holds
        minutes = f"{(between - began) / 60:.1f} / {(ended - between) / 60:.1f}"
        print(
            f"{name:<16} {steps:>9} {_shown(mine):>26} {_shown(their):>26} {minutes:>14}  {'yes' if holds else 'NO'}",
            flush=True,
        )
    return 0 if held else 1


def interval(returns: Sequence[float]) -> tuple[float, float, float]:
    """Return the interquartile mean of some seeds' returns and its 95 % bootstrap interval."""
    scores = np.asarray(returns, dtype=np.float64)
    resampled = np.random.default_rng(0).choice(scores, (RESAMPLES, len(scores)))
    low, high = np.quantile(_interquartile_mean(resampled), [0.025, 0.975])
    return float(_interquartile_mean(scores[None])[0]), float(low), float(high)


def _interquartile_mean(scores: Any) -> Any:
    """Return the mean of the middle half of each row; the two at its edges count by their part inside."""
    ordered = np.sort(scores, axis=1)
    count = ordered.shape[1]
    position = np.arange(count)
    weights = np.clip(np.minimum(position + 1, 0.75 * count) - np.maximum(position, 0.25 * count), 0, 1)
    return (ordered * weights).sum(axis=1) / weights.sum()


def _shown(summary: tuple[float, float, float]) -> str:
    return f"{summary[0]:.1f} [{summary[1]:.1f}, {summary[2]:.1f}]"


def _config(pair: Pair, steps: int, seed: int) -> RunConfig:
    final = {"evaluation.enabled": True, "evaluation.frequency": 10**9, "evaluation.final_episodes": EPISODES}
    return quiet_config(pair.preset, steps, {**final, "training.seed": seed, **pair.changes})


def _ours(config: RunConfig) -> float:
    from trainer.engine import Engine

    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        try:
            run_id = engine.manager.submit(config).id
            engine.manager.wait(run_id, None)
            evaluation = engine.manager.get(run_id).evaluation
        finally:
            engine.close()
    if evaluation is None:
        raise RuntimeError(f"the run of {config.algorithm.name} did not complete")
    return float(evaluation["mean_return"])


def _theirs(config: RunConfig) -> float:
    from trainer.algorithms.build import PLAIN, algorithm_kwargs
    from trainer.algorithms.policy_kwargs import policy_kwargs
    from trainer.envs.factory import evaluation_copies, make_evaluation_env, make_training_env
    from trainer.runs.evaluation import evaluate
    from trainer.runs.examiner import SEED_OFFSET

    seed = config.training.seed
    env = make_training_env(config.environment, seed, gamma=config.algorithm.gamma)
    is_image = len(env.observation_space.shape or ()) == 3
    model = PLAIN[config.algorithm.name](
        "CnnPolicy" if is_image else "MlpPolicy",
        env,
        policy_kwargs=policy_kwargs(config),
        seed=seed,
        device="cpu",
        **algorithm_kwargs(config.algorithm, env),
    )
    model.learn(config.training.total_timesteps)
    copies = evaluation_copies(config.environment, config.evaluation.episodes)
    judge = make_evaluation_env(config.environment, seed + SEED_OFFSET, copies, training_env=env)
    result = evaluate(model, judge, EPISODES, deterministic=True, should_stop=lambda: False)
    judge.close()
    env.close()
    if result is None:
        raise RuntimeError("the evaluation was cut short")
    return result.mean_return
