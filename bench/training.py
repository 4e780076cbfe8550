"""How fast we train beside RL Zoo's own command line: the same preset values and steps, in turn, A B A B.

RL Zoo runs with the number of PyTorch threads that it chooses and again with one; each of our runs is divided by
the faster of its two. Both are timed from the beginning of training to its end, without evaluation and videos.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine, processes, zoo
from bench.concurrency import QUIET
from trainer.config import PresetStore, RunConfig
from trainer.paths import BUILT_IN_PRESETS, USER_PRESETS
from trainer.terminal import configure

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Row:
    """One line of the table.

    :param steps: environment steps of a run
    :param least: the ratio that was promised
    :param changes: fields that both sides get beside the preset's, so that a short run learns too
    :param ours: fields that only we have
    """

    preset: str
    steps: int
    least: float
    changes: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)


_EARLY = {"algorithm.learning_starts": 500}
ROWS = {
    "ppo_pong": Row("ppo_pong", 10_240, 3.0),
    "ppo_pong_fp32": Row("ppo_pong", 10_240, 1.6, ours={"training.precision": "fp32"}),
    "dqn_pong": Row("dqn_pong", 5_000, 2.5, _EARLY),
    "ppo_cartpole": Row("ppo_cartpole", 100_000, 3.0),
    "a2c_cartpole": Row("a2c_cartpole", 200_000, 2.5),
    "dqn_cartpole": Row("dqn_cartpole", 25_000, 2.0),
    "sac_halfcheetah": Row("sac_halfcheetah", 3_000, 2.0, _EARLY),
    "td3_halfcheetah": Row("td3_halfcheetah", 3_000, 2.0, _EARLY),
    "ddpg_halfcheetah": Row("ddpg_halfcheetah", 3_000, 2.0, _EARLY),
    "sac_pendulum": Row("sac_pendulum", 4_000, 2.0),
    "td3_pendulum": Row("td3_pendulum", 4_000, 2.0, _EARLY),
    "ddpg_pendulum": Row("ddpg_pendulum", 4_000, 2.0, _EARLY),
    # Memory is what this row is about: the buffer is filled before the first gradient step.
    "dqn_pong_memory": Row("dqn_pong", 100_800, 0.0, {"algorithm.learning_starts": 99_000}),
}
_DEFAULT = [name for name in ROWS if name != "dqn_pong_memory"]


@dataclass(frozen=True)
class Measured:
    """One run: steps a second, and the most memory in bytes."""

    speed: float
    peak: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)} (all but the last)")
    parser.add_argument("--rounds", type=int, default=2, help="times that each side runs, in turn (2)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 0 when every promise holds."""
    unknown = set(arguments.rows) - set(ROWS)
    if unknown:
        print(f"no row {', '.join(sorted(unknown))}; known: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    zoo.python()
    print(machine.describe(), flush=True)
    print(
        f"{'row':<18} {'ours':>8} {'RL Zoo':>8} {'1 thread':>8} {'ratio':>6} {'min':>5} {'max':>5} {'least':>5}  "
        f"{'memory':>7} {'RL Zoo':>7}  holds"
    )
    held = [_row(name, ROWS[name], arguments.rounds) for name in arguments.rows or _DEFAULT]
    return 0 if all(held) else 1


def _row(name: str, row: Row, rounds: int) -> bool:
    ours, default, single = [], [], []
    for _ in range(rounds):
        ours.append(_ours(row))
        default.append(_theirs(row, None))
        single.append(_theirs(row, 1))
    best = max(default, single, key=lambda runs: statistics.median(run.speed for run in runs))
    ratios = [mine.speed / theirs.speed for mine, theirs in zip(ours, best, strict=True)]
    memory, their_memory = (max(run.peak for run in runs) / 2**20 for runs in (ours, best))
    most = 0.5 if name == "dqn_pong_memory" else 1.0
    holds = statistics.median(ratios) >= row.least and memory <= most * their_memory
    print(
        f"{name:<18} {_median(ours):>8.0f} {_median(default):>8.0f} {_median(single):>8.0f} "
        f"{statistics.median(ratios):>6.2f} {min(ratios):>5.2f} {max(ratios):>5.2f} {row.least:>5.1f}  "
        f"{memory:>5.0f} M {their_memory:>5.0f} M  {'yes' if holds else 'NO'}",
        flush=True,
    )
    return holds


def _median(runs: list[Measured]) -> float:
    return statistics.median(run.speed for run in runs)


def _ours(row: Row) -> Measured:
    changes = {**QUIET, **row.changes, **row.ours, "training.total_timesteps": row.steps}
    flags = [part for name, value in changes.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    with zoo.temporary() as folder:
        command = [sys.executable, "app.py", "train", row.preset, "--json", "--outputs", folder, *flags]
        finished = processes.run(command, cwd=ROOT)
        database = sqlite3.connect(Path(folder) / "palaestra.db")
        steps, seconds = database.execute("SELECT step, elapsed_seconds FROM runs").fetchone()
        database.close()
    return Measured(steps / seconds, finished.peak)


def _theirs(row: Row, threads: int | None) -> Measured:
    config = _config(row)
    with zoo.temporary() as folder:
        place = Path(folder)
        finished = processes.run(zoo.command(config, place, threads), cwd=place, env=zoo.environment(place))
    steps, seconds = zoo.parse_clock(finished.output)
    return Measured(steps / seconds, finished.peak)


def _config(row: Row) -> RunConfig:
    preset = PresetStore(BUILT_IN_PRESETS, USER_PRESETS).load(row.preset)
    return configure(preset, {**row.changes, "training.total_timesteps": row.steps})
