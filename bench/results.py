"""Do the presets reach what was published for their values? Each is trained with the real command line.

The published figures are those of RL Baselines3 Zoo's benchmark.md (one trained agent each, mean and standard
deviation over 150,000 evaluation steps). A preset holds when its mean return is at least `least`: the bound is the
issue's where one was set, else the published mean less one published standard deviation.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Published:
    """What was published for a preset, and the mean return it must reach here."""

    mean: float
    std: float
    least: float


PUBLISHED = {
    "ppo_cartpole": Published(500.0, 0.0, 475.0),
    "dqn_cartpole": Published(500.0, 0.0, 475.0),
    "sac_pendulum": Published(-156.995, 88.714, -200.0),
    "ppo_acrobot": Published(-73.506, 18.201, -91.707),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(PUBLISHED)} (all)")
    parser.add_argument("--seeds", type=int, default=1, help="train each preset with this many seeds (1)")


def run(arguments: argparse.Namespace) -> int:
    """Train, print the table, and return 0 when every preset holds with every seed."""
    unknown = set(arguments.presets) - set(PUBLISHED)
    if unknown:
        print(f"no published result for {', '.join(sorted(unknown))}; known: {', '.join(PUBLISHED)}", file=sys.stderr)
        return 2
    print(f"{'preset':<14} {'seed':>4} {'published':>18} {'here':>18} {'least':>8} {'minutes':>8}  holds")
    held = True
    for preset in arguments.presets or PUBLISHED:
        for seed in range(arguments.seeds):
            held &= _row(preset, seed)
    return 0 if held else 1


def train(preset: str, seed: int, outputs: str) -> dict[str, Any]:
    """Train a preset with the command line; return what `--json` ends with.

    :raises subprocess.CalledProcessError: the run did not complete
    """
    command = [sys.executable, "app.py", "train", preset, "--set", f"training.seed={seed}", "--json"]
    command += ["--set", "video.enabled=false", "--outputs", outputs]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _row(preset: str, seed: int) -> bool:
    published = PUBLISHED[preset]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as outputs:
        evaluation = train(preset, seed, outputs)["evaluation"]
    minutes = (time.monotonic() - started) / 60
    holds = evaluation["mean_return"] >= published.least
    there = f"{published.mean:.1f} ± {published.std:.1f}"
    here = f"{evaluation['mean_return']:.1f} ± {evaluation['std_return']:.1f}"
    print(
        f"{preset:<14} {seed:>4} {there:>18} {here:>18} {published.least:>8.1f} {minutes:>8.1f}  "
        f"{'yes' if holds else 'NO'}",
        flush=True,
    )
    return bool(holds)
