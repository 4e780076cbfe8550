"""Whether four runs side by side in one process train as many steps a second as one alone."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import machine
from trainer.config import PresetStore, RunConfig
from trainer.engine import Engine
from trainer.paths import BUILT_IN_PRESETS, USER_PRESETS
from trainer.terminal import configure

LEAST = 0.95
QUIET: dict[str, Any] = {
    "evaluation.enabled": False,
    "evaluation.stop_on_threshold": False,
    "video.enabled": False,
    "checkpoints.enabled": False,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("preset", nargs="?", default="ppo_cartpole", help="what every run trains (ppo_cartpole)")
    parser.add_argument("--runs", type=int, default=4, help="runs side by side (4)")
    parser.add_argument("--steps", type=int, default=400_000, help="environment steps in all (400000)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is measured, in turn (3)")


def run(arguments: argparse.Namespace) -> int:
    """Measure in turn, print the table, and return 0 when the ratio holds."""
    print(machine.describe(), flush=True)
    many = arguments.runs
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), slots=many)
        try:
            speed(engine, arguments.preset, 1, arguments.steps // 20)
            print(f"{'round':>5} {'one alone':>10} {f'{many} together':>11} {'ratio':>6}")
            for round_ in range(arguments.rounds):
                alone = speed(engine, arguments.preset, 1, arguments.steps)
                together = speed(engine, arguments.preset, many, arguments.steps)
                ratios.append(together / alone)
                print(f"{round_ + 1:>5} {alone:>10.0f} {together:>11.0f} {ratios[-1]:>6.2f}", flush=True)
        finally:
            engine.close()
    ratio = statistics.median(ratios)
    print(f"median {ratio:.2f}, least {LEAST}: {'holds' if ratio >= LEAST else 'DOES NOT HOLD'}")
    return 0 if ratio >= LEAST else 1


def speed(engine: Engine, preset: str, runs: int, steps: int, changes: dict[str, Any] | None = None) -> float:
    """Train `runs` runs at once and return their environment steps a second in all."""
    config = quiet_config(preset, steps // runs, changes or {})
    began = time.perf_counter()
    ids = [engine.manager.submit(config).id for _ in range(runs)]
    for run_id in ids:
        engine.manager.wait(run_id, None)
    seconds = time.perf_counter() - began
    return sum(engine.manager.get(run_id).step for run_id in ids) / seconds


def quiet_config(preset: str, steps: int, changes: dict[str, Any]) -> RunConfig:
    """Return a preset's configuration that only trains, unless `changes` say more."""
    chosen = PresetStore(BUILT_IN_PRESETS, USER_PRESETS).load(preset)
    return configure(chosen, {**QUIET, "training.total_timesteps": steps, **changes})
