"""Is a run that was killed again and again the same run? To the last bit, or not at all.

One run trains straight to its end. Another of the same configuration is ended by SIGKILL at random moments and resumed
from the terminal each time. At the end the networks, and every metric and episode in the database, must be equal.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench import machine
from bench.concurrency import QUIET

ROOT = Path(__file__).resolve().parent.parent

# Beside the preset's own values: no films, but evaluations, which must not disturb anything.
_CHANGES = {
    **QUIET,
    "evaluation.enabled": True,
    "evaluation.frequency": 5_000,
    "evaluation.episodes": 2,
    "evaluation.final_episodes": 2,
    "checkpoints.enabled": True,
    "checkpoints.every_seconds": None,
}
_KILLED_PART = 0.7  # of the steps, in which the kills come
_LONGEST_AFTER = 0.5  # seconds
_NOT_THE_SAME = ("time/",)  # metrics that measure the machine


@dataclass(frozen=True)
class Case:
    """A preset, and how often a run of it is saved."""

    preset: str
    every_steps: int
    changes: dict[str, Any]


CASES = {
    "ppo": Case("ppo_cartpole", 1_000, {}),
    "dqn": Case("dqn_cartpole", 1_000, {"algorithm.learning_starts": 500}),
    "sac": Case("sac_pendulum", 1_000, {}),
}


@dataclass(frozen=True)
class Result:
    """What a run has come to: its networks, its points (series, step, value) and how it got there."""

    weights: dict[str, torch.Tensor]
    points: list[tuple[Any, ...]]
    kills: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)} (all)")
    parser.add_argument("--steps", type=int, default=60_000, help="environment steps of each run (60,000)")
    parser.add_argument("--kills", type=int, default=10, help="how often the second run is killed (10)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which it is (0)")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each case, and return 0 when all are equal."""
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        print(f"no case {', '.join(sorted(unknown))}; known: {', '.join(CASES)}", file=sys.stderr)
        return 2
    print(machine.describe(), flush=True)
    print(f"{'case':<6} {'steps':>7} {'kills':>6} {'points':>7} {'tensors':>8}  holds")
    held = [_line(name, arguments.steps, arguments.kills, arguments.seed) for name in arguments.cases or CASES]
    return 0 if all(held) else 1


def _line(name: str, steps: int, kills: int, seed: int) -> bool:
    straight = train(CASES[name], steps, kills=0)
    broken = train(CASES[name], steps, kills=kills, seed=seed)
    differences = compare(straight, broken)
    if broken.kills < kills:
        differences.append(f"it was killed {broken.kills} times only, not {kills}")
    holds = not differences
    sizes = f"{len(straight.points):>7} {len(straight.weights):>8}"
    print(f"{name:<6} {steps:>7} {broken.kills:>6} {sizes}  {'yes' if holds else 'NO'}", flush=True)
    for difference in differences[:10]:
        print(f"       {difference}", flush=True)
    return holds


def compare(one: Result, other: Result) -> list[str]:
    """Return every difference, in words."""
    found = [
        f"weights {name}"
        for name in sorted(one.weights.keys() | other.weights.keys())
        if name not in one.weights or name not in other.weights or not one.weights[name].equal(other.weights[name])
    ]
    ours, theirs = set(one.points), set(other.points)
    found += [f"only in the straight run: {point}" for point in sorted(ours - theirs, key=str)]
    found += [f"only in the killed run: {point}" for point in sorted(theirs - ours, key=str)]
    if len(other.points) != len(theirs):
        found.append("points that stand there twice")
    return found


def train(case: Case, steps: int, *, kills: int, seed: int = 0) -> Result:
    """Train a case to its end.

    :param kills: how often it is killed on the way and resumed
    :param seed: of the moments
    """
    chance = random.Random(seed)  # noqa: S311  # when to kill is no secret
    changes = {**_CHANGES, **case.changes, "checkpoints.every_steps": case.every_steps}
    changes["training.total_timesteps"] = steps
    flags = [part for name, value in changes.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder)
        command = ["train", case.preset, *flags]
        done = 0
        while done < kills:
            # By steps, which a busy machine does not change; the last ones are left over, lest it be done before.
            step = int(_KILLED_PART * steps * (done + chance.random()) / kills)
            if not _killed(command, outputs, step, chance.uniform(0.0, _LONGEST_AFTER)):
                break
            done += 1
            command = ["resume", _run_id(outputs)]
        else:
            _finish(command, outputs)
        return Result(*_outcome(outputs), done)


def _arguments(command: list[str], outputs: Path) -> list[str]:
    return [sys.executable, "app.py", command[0], command[1], "--outputs", str(outputs), *command[2:]]


def _killed(command: list[str], outputs: Path, step: int, seconds: float) -> bool:
    """Run a command and kill it some seconds after it has come to a step; return whether it still lived."""
    process = subprocess.Popen(
        _arguments(command, outputs), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    before = _progress(outputs)
    while process.poll() is None:
        now = _progress(outputs)
        if now is not None and now != before and now[0] >= step:
            break
        time.sleep(0.02)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode} by itself")
    return False


def _finish(command: list[str], outputs: Path) -> None:
    subprocess.run(_arguments(command, outputs), cwd=ROOT, check=True, capture_output=True)


def _progress(outputs: Path) -> tuple[Any, ...] | None:
    """Return what changes when a run gets on."""
    return _one(outputs, "SELECT step, rewinds, updated_at FROM runs WHERE step > 0 AND status = 'running'")


def _run_id(outputs: Path) -> str:
    return str((_one(outputs, "SELECT id FROM runs") or ("",))[0])


def _one(outputs: Path, query: str) -> tuple[Any, ...] | None:
    path = outputs / "palaestra.db"
    if not path.exists():
        return None
    database = sqlite3.connect(path, timeout=10)
    try:
        found: tuple[Any, ...] | None = database.execute(query).fetchone()
        return found
    except sqlite3.OperationalError:
        return None  # the tables are just being made
    finally:
        database.close()


def _outcome(outputs: Path) -> tuple[dict[str, torch.Tensor], list[tuple[Any, ...]]]:
    database = sqlite3.connect(outputs / "palaestra.db")
    points = [
        ("metric", *row)
        for row in database.execute(
            "SELECT name, step, value FROM metrics JOIN metric_names ON metric_names.id = metrics.metric_id"
        )
        if not row[0].startswith(_NOT_THE_SAME)
    ]
    query = "SELECT number, step, env_index, episode_return, length FROM episodes"
    points += [("episode", *row) for row in database.execute(query)]
    status = database.execute("SELECT status FROM runs").fetchone()[0]
    database.close()
    if status != "completed":
        raise RuntimeError(f"the run is {status}")
    checkpoints = outputs / "runs" / _run_id(outputs) / "checkpoints"
    return _weights(checkpoints / (checkpoints / "latest").read_text(encoding="utf-8").strip() / "model.zip"), points


def _weights(path: Path) -> dict[str, torch.Tensor]:
    """Return every tensor in a file that Stable-Baselines3 wrote, optimisers' included."""
    found: dict[str, torch.Tensor] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".pth"):
                loaded = torch.load(io.BytesIO(archive.read(name)), weights_only=True)
                _gather(name, loaded, found)
    return found


def _gather(at: str, part: Any, found: dict[str, torch.Tensor]) -> None:
    if isinstance(part, torch.Tensor):
        found[at] = part
    elif isinstance(part, dict):
        for key, inside in part.items():
            _gather(f"{at}/{key}", inside, found)
    elif isinstance(part, (list, tuple)):
        for index, inside in enumerate(part):
            _gather(f"{at}/{index}", inside, found)
