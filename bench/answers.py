"""How fast runs answer: pause, resume, and stop with a whole checkpoint, through the REST API of a real server.

Each preset trains alone. It is paused and resumed at random moments, and at the end it is stopped. `dqn_pong` has a
replay buffer of 100,000 transitions, which is filled first; nothing of it is on disk yet when it is stopped for the
first time, and all but the newest when it is stopped for the second.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import machine

MOST_TO_ANSWER = 0.2  # seconds
BUFFER = 100_000
PRESETS = (
    "ppo_cartpole", "a2c_cartpole", "dqn_cartpole", "ddpg_pendulum", "td3_pendulum", "sac_pendulum", "ppo_pong",
    "dqn_pong",
)  # fmt: skip
_MOST_TO_STOP = {"ppo_cartpole": 2.0, "dqn_pong": 10.0}
_ENDLESS = 1_000_000_000  # steps
_COMMON: dict[str, Any] = {
    "training.total_timesteps": _ENDLESS,
    "evaluation.enabled": False,
    "evaluation.stop_on_threshold": False,
    "video.enabled": False,
}
_OF_ITS_OWN: dict[str, dict[str, Any]] = {
    "dqn_cartpole": {"algorithm.learning_starts": 500},
    "dqn_pong": {"algorithm.buffer_size": BUFFER, "algorithm.learning_starts": BUFFER},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(PRESETS)} (all)")
    parser.add_argument("--pauses", type=int, default=10, help="of each (10)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each preset, and return 0 when all are fast enough."""
    from tests.serving_process import Server

    unknown = set(arguments.presets) - set(PRESETS)
    if unknown:
        print(f"no preset {', '.join(sorted(unknown))} here; known: {', '.join(PRESETS)}", file=sys.stderr)
        return 2
    print(machine.describe(), flush=True)
    print(f"{'preset':<14} {'pause':>15} {'resume':>15} {'stop':>8} {'again':>8} {'on disk':>9}  holds")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            server.wait_until_up()
            chance = random.Random(arguments.seed)  # noqa: S311  # when to pause is no secret
            held = [_line(server, preset, arguments.pauses, chance) for preset in arguments.presets or PRESETS]
        finally:
            server.close()
    return 0 if all(held) else 1


def _line(server: Any, preset: str, pauses: int, chance: random.Random) -> bool:
    run_id = _start(server, preset)
    paused, resumed = [], []
    for _ in range(pauses):
        time.sleep(chance.uniform(0.3, 1.5))
        paused.append(_until(server, run_id, "pause", "paused"))
        time.sleep(chance.uniform(0.0, 0.5))
        resumed.append(_until(server, run_id, "resume", "running"))
    time.sleep(1.0)
    stopped = _until(server, run_id, "stop", "stopped")
    size = sum(each["size_bytes"] for each in server.api("GET", f"/api/runs/{run_id}/checkpoints")["checkpoints"][-1:])
    server.api("POST", f"/api/runs/{run_id}/resume")
    _wait(server, run_id, lambda found: found["status"] == "running")
    time.sleep(2.0)
    again = _until(server, run_id, "stop", "stopped")
    server.api("DELETE", f"/api/runs/{run_id}")
    most = _MOST_TO_STOP.get(preset, 10.0)
    holds = max(paused + resumed) <= MOST_TO_ANSWER and max(stopped, again) <= most
    answers = f"{_spread(paused):>15} {_spread(resumed):>15} {stopped:>6.2f} s {again:>6.2f} s"
    print(f"{preset:<14} {answers} {size / 1e6:>6.0f} MB  {'yes' if holds else 'NO'}", flush=True)
    return holds


def _spread(seconds: list[float]) -> str:
    """Return the median and the most, in milliseconds."""
    return f"{sorted(seconds)[len(seconds) // 2] * 1e3:.0f} (<= {max(seconds) * 1e3:.0f}) ms"


def _start(server: Any, preset: str) -> str:
    overrides = {**_COMMON, **_OF_ITS_OWN.get(preset, {})}
    run_id = str(server.api("POST", "/api/runs", {"preset": preset, "overrides": overrides})["id"])
    least = overrides.get("algorithm.learning_starts", 0)
    _wait(server, run_id, lambda found: found["step"] > least + 100)
    time.sleep(2.0)
    return run_id


def _until(server: Any, run_id: str, action: str, status: str) -> float:
    """Ask for something; return the seconds until it is so."""
    asked = time.monotonic()
    server.api("POST", f"/api/runs/{run_id}/{action}")
    _wait(server, run_id, lambda found: found["status"] == status)
    return time.monotonic() - asked


def _wait(server: Any, run_id: str, condition: Any) -> None:
    while not condition(found := server.api("GET", f"/api/runs/{run_id}")):
        if found["status"] == "failed":
            raise RuntimeError(found["reason"])
        time.sleep(0.005)
