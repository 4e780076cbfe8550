"""Whether four runs side by side in one process train as many steps a second as one alone."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import machine, slices
from trainer.config import PresetStore, RunConfig
from trainer.engine import Engine
from trainer.paths import BUILT_IN_PRESETS, USER_PRESETS
from trainer.terminal import configure

LEAST = 0.95
_ENDLESS = 1_000_000_000  # steps
_WARM_SECONDS, _SETTLE_SECONDS = 3.0, 0.6
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
    parser.add_argument("--seconds", type=float, default=4.0, help="of a slice (4)")
    parser.add_argument("--rounds", type=int, default=15, help="times that each is measured, in turn (15; 2 or more)")


def run(arguments: argparse.Namespace) -> int:
    """Measure in turn, print the table, and return 0 when the ratio holds."""
    print(machine.describe(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), slots=arguments.runs)
        try:
            pairs = _pairs(engine, arguments)
        finally:
            engine.close()
    ratio, low, high = slices.middle([pair.ratio for pair in pairs])
    alone, together = (statistics.median(column) for column in zip(*((p.first, p.second) for p in pairs), strict=True))
    print(f"one alone {alone:.0f}, {arguments.runs} together {together:.0f} steps a second (medians)")
    print(
        f"ratio {ratio:.2f} (quartiles {low:.2f} to {high:.2f}, {len(pairs)} rounds), least {LEAST}: "
        f"{'holds' if ratio >= LEAST else 'DOES NOT HOLD'}"
    )
    return 0 if ratio >= LEAST else 1


def _pairs(engine: Engine, arguments: argparse.Namespace) -> list[slices.Pair]:
    """Return the speed of the first run alone, the others paused, and then of all, in every round."""
    config = quiet_config(arguments.preset, _ENDLESS, {})
    runs = [engine.manager.submit(config).id for _ in range(arguments.runs)]
    while any((record := engine.manager.get(run_id)).status != "running" for run_id in runs):
        if record.ended_at is not None:
            raise RuntimeError(record.reason)
        time.sleep(0.1)
    time.sleep(_WARM_SECONDS)

    def read(run_id: str) -> slices.Told:
        record = engine.manager.get(run_id)
        return record.step, record.elapsed_seconds

    pairs = []
    for _ in range(arguments.rounds):
        for run_id in runs[1:]:
            engine.manager.pause(run_id)
        time.sleep(_SETTLE_SECONDS)
        alone = slices.speed(read, runs[:1], arguments.seconds)
        for run_id in runs[1:]:
            engine.manager.resume(run_id)
        time.sleep(_SETTLE_SECONDS)
        pairs.append(slices.Pair(alone, slices.speed(read, runs, arguments.seconds)))
    return pairs


def quiet_config(preset: str, steps: int, changes: dict[str, Any]) -> RunConfig:
    """Return a preset's configuration that only trains, unless `changes` say more."""
    chosen = PresetStore(BUILT_IN_PRESETS, USER_PRESETS).load(preset)
    return configure(chosen, {**QUIET, "training.total_timesteps": steps, **changes})
