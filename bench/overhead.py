"""What all that is around the training costs: tracking, checkpoints, and a page that watches.

Throughput of PPO on CartPole with each part alone and with all of them: two runs that are paused and resumed in turn,
one bare, the other with the part (`slices`). Checkpoints are written far more often than by default, and what they
cost is scaled to the default interval.
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

from bench import machine, slices
from bench.concurrency import QUIET, quiet_config

PRESET = "ppo_cartpole"
BARE = {**QUIET, "tracking.tensorboard": False}
TRACKED = {"tracking.tensorboard": True}
CHECKPOINT_SECONDS = 2.0
SAVED = {"checkpoints.enabled": True, "checkpoints.every_seconds": CHECKPOINT_SECONDS}
KEPT = {"checkpoints.enabled": True}
EACH, ALL = 0.02, 0.05
ENDLESS = 1_000_000_000  # steps
WARM_SECONDS = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the proof's arguments."""
    parser.add_argument("--seconds", type=float, default=4.0, help="of a slice (4)")
    parser.add_argument("--rounds", type=int, default=15, help="times that each is measured beside a bare run (15)")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 0 when every promise holds."""
    scale = CHECKPOINT_SECONDS / float(quiet_config(PRESET, 1, {}).checkpoints.every_seconds or CHECKPOINT_SECONDS)
    print(machine.describe(), flush=True)
    print(f"{'part':<28} {'bare':>8} {'with':>8} {'cost':>7} {'quartiles':>16} {'most':>5}  holds", flush=True)
    seconds, rounds = arguments.seconds, arguments.rounds
    with _server() as server, _page() as page:
        pairs = _pairs(server, {}, None, seconds, rounds)
        _row("nothing (the noise)", pairs, 1.0, 1.0)
        held = [
            _row(name, _pairs(server, changes, page if watched else None, seconds, rounds), weight, most)
            for name, changes, watched, weight, most in (
                ("tracking", TRACKED, False, 1.0, EACH),
                ("checkpoints, as by default", SAVED, False, scale, EACH),
                ("an open page", {}, True, 1.0, EACH),
                ("all of them", {**TRACKED, **KEPT}, True, 1.0, ALL),
            )
        ]
    return 0 if all(held) else 1


def _row(name: str, pairs: list[slices.Pair], weight: float, most: float) -> bool:
    cost, low, high = slices.middle([weight * (1 - pair.ratio) for pair in pairs])
    bare, speed = (statistics.median(column) for column in zip(*((p.first, p.second) for p in pairs), strict=True))
    spread = f"{low:.1%} to {high:.1%}"
    print(
        f"{name:<28} {bare:>8.0f} {speed:>8.0f} {cost:>7.1%} {spread:>16} {most:>5.0%}  "
        f"{'yes' if cost <= most else 'NO'}",
        flush=True,
    )
    return cost <= most


def _pairs(server: Any, changes: dict[str, Any], page: Any, seconds: float, rounds: int) -> list[slices.Pair]:
    """Return the speeds of a bare run, and of one with `changes` and perhaps watched by `page`, in turn."""
    bare, other = _start(server, BARE), _start(server, {**BARE, **changes})

    def read(run_id: str) -> slices.Told:
        found = server.api("GET", f"/api/runs/{run_id}")
        return found["step"], found["elapsed_seconds"]

    pairs = []

    def alone() -> float:
        _switch(server, other, bare)
        return slices.speed(read, [bare], seconds)

    def with_it() -> float:
        _switch(server, bare, other)
        if page is None:
            return slices.speed(read, [other], seconds)
        _watch(page, server, other)
        measured = slices.speed(read, [other], seconds)
        page.goto("about:blank")
        return measured

    for round_ in range(rounds):
        # A B, B A, A B: what the machine does meanwhile falls on both sides alike.
        first = alone() if round_ % 2 == 0 else None
        second = with_it()
        pairs.append(slices.Pair(alone() if first is None else first, second))
    for run_id in (bare, other):
        server.api("POST", f"/api/runs/{run_id}/stop")
        while server.api("GET", f"/api/runs/{run_id}")["status"] != "stopped":
            time.sleep(0.2)
    return pairs


def _start(server: Any, changes: dict[str, Any]) -> str:
    config = quiet_config(PRESET, ENDLESS, changes).model_dump(mode="json", by_alias=True)
    run_id = str(server.api("POST", "/api/runs", {"config": config})["id"])
    while (found := server.api("GET", f"/api/runs/{run_id}"))["elapsed_seconds"] < WARM_SECONDS:
        if found["ended_at"] is not None:
            raise RuntimeError(found["reason"])
        time.sleep(0.2)
    return run_id


def _switch(server: Any, leaving: str, coming: str) -> None:
    for run_id, action, already in ((leaving, "pause", "paused"), (coming, "resume", "running")):
        if server.api("GET", f"/api/runs/{run_id}")["status"] != already:
            server.api("POST", f"/api/runs/{run_id}/{action}")


def _watch(page: Any, server: Any, run_id: str) -> None:
    """Open Monitor, where the card of the run draws its charts."""
    page.goto(server.url)
    page.get_by_role("tab", name="Monitor").click()
    page.locator(f'.pal-card[data-run="{run_id}"]').wait_for()
    page.wait_for_timeout(2000)


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
def _page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ADVICE, find

    program = find()
    if program is None:
        raise RuntimeError(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()
