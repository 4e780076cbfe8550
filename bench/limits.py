"""How near a row of `bench training` is to what the machine can calculate at all.

Counts the matrix products and convolutions of plain Stable-Baselines3 on the same preset, measures how fast this
machine multiplies large matrices in the row's precision, and divides: fewer milliseconds an environment step than that
are out of reach for the same mathematics. Beside it stand our milliseconds and the branches they went to. For image
networks a second line gives the least of every part alone (`bench/layers.py`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from torch.utils.flop_counter import FlopCounterMode

from bench import layers, machine
from bench.concurrency import quiet_config
from bench.training import ROWS, Row
from trainer.algorithms.build import PLAIN, algorithm_kwargs
from trainer.algorithms.fast import Precision
from trainer.algorithms.policy_kwargs import policy_kwargs
from trainer.config import RunConfig
from trainer.engine import Engine
from trainer.envs.factory import make_training_env

_SIDE = 1024  # of the matrices whose product measures the machine
_SECONDS = 1.0
_TIMES = 2  # that ours is timed; a shared machine has slow minutes, and the faster run is nearer to the truth
_DEFAULT = ("ppo_pong", "ppo_pong_fp32", "dqn_pong", "sac_pendulum", "td3_pendulum", "ddpg_pendulum")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)} ({', '.join(_DEFAULT)})")


def run(arguments: argparse.Namespace) -> int:
    """Count, measure, print the table; there is nothing to fail but an unknown row."""
    names = arguments.rows or _DEFAULT
    unknown = set(names) - set(ROWS)
    if unknown:
        print(f"no row {', '.join(sorted(unknown))}; known: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    print(machine.describe(), flush=True)
    print(f"{'row':<16} {'MFLOP/step':>10} {'GFLOP/s':>8} {'least ms':>8} {'ours ms':>8} {'reached':>8}  where ours go")
    for name in names:
        _row(name, ROWS[name])
    return 0


def _row(name: str, row: Row) -> None:
    changes = {**row.changes, **row.ours}
    config = quiet_config(row.preset, row.steps // 2, changes)
    operations, is_bf16 = _operations(config)
    speed = _speed(torch.bfloat16 if is_bf16 else torch.float32)
    least = operations / speed
    seconds, timing = min((_ours(config) for _ in range(_TIMES)), key=itemgetter(0))
    spent = sorted(((part, share) for share, part in timing.items() if part > 0.01), reverse=True)
    tree = ", ".join(f"{share} {part:.0%}" for part, share in spent)
    print(
        f"{name:<16} {operations / 1e6:>10.0f} {speed / 1e9:>8.0f} {least * 1e3:>8.2f} {seconds * 1e3:>8.2f} "
        f"{least / seconds:>8.0%}  {tree}",
        flush=True,
    )
    if name.endswith(("_pong", "_pong_fp32")):
        parts = layers.alone(config, is_bf16=is_bf16)
        alone = ", ".join(f"{part} {spent * 1e3:.2f}" for part, spent in parts.items())
        print(f"{'  parts alone':<34} {sum(parts.values()) * 1e3:>8.2f}  {alone}", flush=True)


def _operations(config: RunConfig) -> tuple[float, bool]:
    """Return floating-point operations an environment step, and whether ours takes bfloat16 for most of them."""
    algorithm = config.algorithm
    warm_up = min(getattr(algorithm, "learning_starts", 0), 500)
    if warm_up:
        algorithm = algorithm.model_copy(update={"learning_starts": warm_up})
    env = make_training_env(config.environment, 0, gamma=algorithm.gamma)
    is_image = len(env.observation_space.shape or ()) == 3
    arguments: dict[str, Any] = algorithm_kwargs(algorithm, env)
    if "buffer_size" in arguments:
        arguments["buffer_size"] = 2_000
    policy = "CnnPolicy" if is_image else "MlpPolicy"
    model: BaseAlgorithm = PLAIN[algorithm.name](
        policy, env, policy_kwargs=policy_kwargs(config), device="cpu", **arguments
    )
    model.learn(warm_up + env.num_envs)
    before = model.num_timesteps
    with FlopCounterMode(display=False) as counter:
        model.learn(64 * env.num_envs, reset_num_timesteps=False)
    steps = model.num_timesteps - before
    env.close()
    precision = Precision.decide(config.training.precision, model.device, images=is_image)
    return counter.get_total_flops() / steps, precision.bf16


def _speed(dtype: torch.dtype) -> float:
    """Return the operations a second of a large product."""
    left, right = (torch.randn(_SIDE, _SIDE).to(dtype) for _ in range(2))
    best = 0.0
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        left @ right
        best = max(best, 2 * _SIDE**3 / (time.perf_counter() - began))
    return best


def _ours(config: RunConfig) -> tuple[float, dict[str, float]]:
    """Return seconds an environment step, and each branch's part of them."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder))
        try:
            run_id = engine.manager.submit(config).id
            engine.manager.wait(run_id, None)
            record = engine.manager.get(run_id)
        finally:
            engine.close()
    seconds = record.timing or {}
    return record.elapsed_seconds / record.step, {
        branch: spent / record.elapsed_seconds for branch, spent in seconds.items()
    }
