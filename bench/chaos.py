"""What a power cut costs: the whole server is killed again and again while it trains, and nothing may be lost.

Four runs train in one server, which is ended by SIGKILL at random moments and started again with `--auto-resume`.
After every kill the database is checked, and what it then holds is remembered. Runs on environments that can be put
back go on to the last bit, so every number that was committed must stand there again once its run has come that far.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import machine
from trainer.runs.checkpoints import Checkpoint, checkpoints_in

ALLOWANCE = 1.0  # seconds beyond the checkpoint interval that may be lost
_PATIENCE = 90.0  # seconds for a run to get on after a restart
_ENDLESS = 1_000_000_000  # steps
RUNS: dict[str, dict[str, Any]] = {
    "ppo_cartpole": {},
    "dqn_cartpole": {"algorithm.learning_starts": 500},
    "sac_pendulum": {},
    "a2c_cartpole": {},
}
_EVERY_RUN: dict[str, Any] = {
    "training.total_timesteps": _ENDLESS,
    "evaluation.frequency": 5_000,
    "evaluation.episodes": 2,
    "evaluation.stop_on_threshold": False,
    "video.enabled": False,
}
_NOT_THE_SAME = "time/"  # metrics that measure the machine

Point = tuple[Any, ...]


@dataclass
class Fate:
    """What has become of one run so far.

    :param owed: numbers that were in the database when the server was killed, and must be there again
    :param owed_to: the step up to which the run must have come for that
    :param lost: seconds of training that each kill has cost
    """

    run_id: str
    owed: set[Point] = field(default_factory=set)
    owed_to: int = 0
    checked: int = 0
    gone: set[Point] = field(default_factory=set)
    lost: list[float] = field(default_factory=list)
    torn: int = 0
    stuck: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("--kills", type=int, default=50, help="how often the server is killed (50)")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two checkpoints (5)")
    parser.add_argument("--longest", type=float, default=15.0, help="most seconds from one start to its kill (15)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")


def run(arguments: argparse.Namespace) -> int:
    """Kill, print what was found, and return 0 when nothing was lost."""
    from tests.serving_process import Server

    print(machine.describe(), flush=True)
    chance = random.Random(arguments.seed)  # noqa: S311  # when to kill is no secret
    sound = 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        server = _serve(Server, place)
        fates = [Fate(_start(server, preset, arguments.interval)) for preset in RUNS]
        try:
            _wait_for_all(server, fates)
            for number in range(1, arguments.kills + 1):
                time.sleep(chance.uniform(0.0, arguments.longest))
                server.kill()
                killed = time.time()
                sound += _is_sound(place)
                for fate in fates:
                    _take_stock(place, fate, killed)
                server = _serve(Server, place)
                _look_after(server, fates)
                print(f"kill {number}: {_line(fates)}", flush=True)
            _wait_until_paid(server, place, fates)
        finally:
            server.close()
        sound += _is_sound(place)
    return _report(arguments, fates, sound)


def _report(arguments: argparse.Namespace, fates: list[Fate], sound: int) -> int:
    most = max((seconds for fate in fates for seconds in fate.lost), default=0.0)
    gone = sum(len(fate.gone) for fate in fates)
    stuck = sum(fate.stuck for fate in fates)
    checked = sum(fate.checked for fate in fates)
    print(f"kills                          {arguments.kills}, with {len(fates)} runs training")
    print(f"sound databases                {sound} of {arguments.kills + 1}")
    print(f"committed numbers, gone        {checked}, {gone}")
    print(f"resumed, stuck                 {sum(len(fate.lost) for fate in fates)}, {stuck}")
    print(f"torn checkpoints passed over   {sum(fate.torn for fate in fates)}")
    print(f"most training lost             {most:.1f} s, at most {arguments.interval + ALLOWANCE:.1f} s")
    for fate in fates:
        for point in sorted(fate.gone, key=str)[:5]:
            print(f"gone from {fate.run_id}: {point}")
    holds = sound == arguments.kills + 1 and gone == 0 and stuck == 0 and most <= arguments.interval + ALLOWANCE
    print("holds" if holds else "DOES NOT HOLD")
    return 0 if holds else 1


def _line(fates: list[Fate]) -> str:
    return ", ".join(f"{fate.run_id.split('-')[0]} -{fate.lost[-1]:.1f} s" if fate.lost else "-" for fate in fates)


def _serve(server_class: Any, place: Path) -> Any:
    server = server_class(place, "--auto-resume", "--max-running", str(len(RUNS)))
    server.wait_until_up()
    return server


def _start(server: Any, preset: str, interval: float) -> str:
    overrides = {**_EVERY_RUN, **RUNS[preset], "checkpoints.every_seconds": interval}
    return str(server.api("POST", "/api/runs", {"preset": preset, "overrides": overrides})["id"])


def _wait_for_all(server: Any, fates: list[Fate]) -> None:
    deadline = time.monotonic() + _PATIENCE
    waiting = {fate.run_id for fate in fates}
    while waiting:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{', '.join(waiting)} did not begin")
        waiting = {run_id for run_id in waiting if not server.api("GET", f"/api/runs/{run_id}")["step"]}
        time.sleep(0.1)


def _look_after(server: Any, fates: list[Fate]) -> None:
    """Wait until every run trains; count those that do not."""
    deadline = time.monotonic() + _PATIENCE
    for fate in fates:
        while (status := server.api("GET", f"/api/runs/{fate.run_id}")["status"]) != "running":
            if status in ("failed", "stopped", "completed") or time.monotonic() > deadline:
                fate.stuck += 1
                break
            time.sleep(0.1)


def _is_sound(place: Path) -> bool:
    with closing(_database(place)) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def _take_stock(place: Path, fate: Fate, killed: float) -> None:
    """Note what the database and the disk hold of a run after a kill."""
    with closing(_database(place)) as database:
        query = "SELECT key, status, step, elapsed_seconds, updated_at FROM runs WHERE id = ?"
        key, status, step, elapsed, updated = database.execute(query, (fate.run_id,)).fetchone()
        points = _points(database, key)
    _compare(fate, points, step)
    fate.owed |= points
    fate.owed_to = max([fate.owed_to, *(point[2] for point in points)])
    whole = _newest_whole(place, fate)
    if status == "running":
        at = whole.state()["progress"]["elapsed"] if whole is not None else 0.0
        # It has trained on after it last said where it was.
        fate.lost.append(elapsed + max(0.0, killed - updated) - at)


def _newest_whole(place: Path, fate: Fate) -> Checkpoint | None:
    for checkpoint in reversed(checkpoints_in(place / "outputs" / "runs" / fate.run_id)):
        if checkpoint.damage is None:
            return checkpoint
        fate.torn += 1
    return None


def _compare(fate: Fate, points: set[Point], step: int) -> None:
    """Look for what is owed, once the run has come as far again."""
    if fate.owed and step >= fate.owed_to:
        fate.gone |= fate.owed - points
        fate.checked += len(fate.owed)
        fate.owed = set()


def _wait_until_paid(server: Any, place: Path, fates: list[Fate]) -> None:
    """Let every run come as far as it ever was, and look for the rest of what is owed."""
    deadline = time.monotonic() + _PATIENCE
    for fate in fates:
        while server.api("GET", f"/api/runs/{fate.run_id}")["step"] < fate.owed_to and time.monotonic() < deadline:
            time.sleep(0.2)
        server.api("POST", f"/api/runs/{fate.run_id}/stop")
        while server.api("GET", f"/api/runs/{fate.run_id}")["status"] != "stopped":
            time.sleep(0.1)
        with closing(_database(place)) as database:
            key = database.execute("SELECT key FROM runs WHERE id = ?", (fate.run_id,)).fetchone()[0]
            points = _points(database, key)
        fate.gone |= fate.owed - points
        fate.checked += len(fate.owed)


def _points(database: sqlite3.Connection, key: int) -> set[Point]:
    """Return every metric and episode of a run: what it is, which, at which step, its value."""
    metrics = database.execute(
        "SELECT 'metric', name, step, value FROM metrics JOIN metric_names ON metric_names.id = metrics.metric_id "
        "WHERE run_key = ? AND name NOT LIKE ?",
        (key, f"{_NOT_THE_SAME}%"),
    )
    episodes = database.execute(
        "SELECT 'episode', number, step, episode_return, length FROM episodes WHERE run_key = ?", (key,)
    )
    return {*metrics, *episodes}


def _database(place: Path) -> sqlite3.Connection:
    return sqlite3.connect(place / "outputs" / "palaestra.db", timeout=30)
