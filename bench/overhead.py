"""What all that is around the training costs: tracking, checkpoints, and a page that watches.

Throughput of PPO on CartPole with each part alone and with all of them, each beside a bare run measured just before
it. Checkpoints are written far more often than by default, and what they cost is scaled to the default interval.
The page is the real one in a real Chromium, on the Monitor tab, asking every 450 ms.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import machine
from bench.concurrency import QUIET, quiet_config

PRESET = "ppo_cartpole"
BARE = {**QUIET, "tracking.tensorboard": False}
TRACKED = {"tracking.tensorboard": True}
CHECKPOINT_SECONDS = 2.0
SAVED = {"checkpoints.enabled": True, "checkpoints.every_seconds": CHECKPOINT_SECONDS}
KEPT = {"checkpoints.enabled": True}
EACH, ALL = 0.02, 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("--steps", type=int, default=300_000, help="environment steps of a run (300000)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is measured beside a bare run (3)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 0 when every promise holds."""
    scale = CHECKPOINT_SECONDS / float(quiet_config(PRESET, 1, {}).checkpoints.every_seconds or CHECKPOINT_SECONDS)
    print(machine.describe(), flush=True)
    print(f"{'part':<28} {'bare':>8} {'with':>8} {'cost':>7} {'min':>7} {'max':>7} {'most':>5}  holds")
    steps, rounds = arguments.steps, arguments.rounds
    with _server() as server:
        _speed(server, BARE, steps // 5)  # warm
        measured = [
            ("tracking", _beside_bare(server, {**BARE, **TRACKED}, steps, rounds), 1.0, EACH),
            ("checkpoints, as by default", _beside_bare(server, {**BARE, **SAVED}, steps, rounds), scale, EACH),
            ("an open page", _watched(server, BARE, steps, rounds), 1.0, EACH),
            ("all of them", _watched(server, {**BARE, **TRACKED, **KEPT}, steps, rounds), 1.0, ALL),
        ]
    held = [_row(*row) for row in measured]
    return 0 if all(held) else 1


def _row(name: str, pairs: list[tuple[float, float]], weight: float, most: float) -> bool:
    costs = [weight * (1 - speed / bare) for bare, speed in pairs]
    bare, speed = (statistics.median(column) for column in zip(*pairs, strict=True))
    cost = statistics.median(costs)
    print(
        f"{name:<28} {bare:>8.0f} {speed:>8.0f} {cost:>7.1%} {min(costs):>7.1%} {max(costs):>7.1%} {most:>5.0%}  "
        f"{'yes' if cost <= most else 'NO'}",
        flush=True,
    )
    return cost <= most


def _beside_bare(server: Any, changes: dict[str, Any], steps: int, rounds: int) -> list[tuple[float, float]]:
    return [(_speed(server, BARE, steps), _speed(server, changes, steps)) for _ in range(rounds)]


def _watched(server: Any, changes: dict[str, Any], steps: int, rounds: int) -> list[tuple[float, float]]:
    pairs = []
    for _ in range(rounds):
        bare = _speed(server, BARE, steps)
        with _page(server):
            pairs.append((bare, _speed(server, changes, steps)))
    return pairs


@contextmanager
def _server() -> Iterator[Any]:
    from tests.serving_process import Server

    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            server.wait_until_up()
            yield server
        finally:
            server.close()


@contextmanager
def _page(server: Any) -> Iterator[None]:
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ADVICE, find

    program = find()
    if program is None:
        raise RuntimeError(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(server.url)
        page.get_by_role("tab", name="Monitor").click()
        page.wait_for_timeout(2000)
        yield
        browser.close()


def _speed(server: Any, changes: dict[str, Any], steps: int) -> float:
    config = quiet_config(PRESET, steps, changes).model_dump(mode="json", by_alias=True)
    run_id = server.api("POST", "/api/runs", {"config": config})["id"]
    while True:
        found = server.api("GET", f"/api/runs/{run_id}")
        if found["status"] in ("completed", "failed", "stopped"):
            break
        time.sleep(1.0)
    if found["status"] != "completed":
        raise RuntimeError(found["reason"])
    return float(found["step"] / found["elapsed_seconds"])
