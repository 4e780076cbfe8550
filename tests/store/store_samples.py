"""Sample events, and databases to put them in."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trainer.events import EpisodeEnded, MetricsLogged, RunCreated, StateChanged, VideoSaved
from trainer.paths import PROJECT_ROOT
from trainer.store import MetricsPage, Store


def created(run_id: str, **changes: Any) -> RunCreated:
    known: dict[str, Any] = {
        "name": f"run {run_id}",
        "status": "queued",
        "environment": "CartPole-v1",
        "algorithm": "ppo",
        "seed": 0,
        "total_steps": 1000,
        "config": {"name": run_id},
        "owner": "test",
    }
    return RunCreated(run_id, **(known | changes))


def loss(run_id: str, step: int, value: float, name: str = "train/loss") -> MetricsLogged:
    return MetricsLogged(run_id, step=step, values={name: value})


def episode(run_id: str, number: int, episode_return: float = 1.0, **changes: Any) -> EpisodeEnded:
    known: dict[str, Any] = {"step": number * 10, "env_index": 0, "length": 10}
    return EpisodeEnded(run_id, number=number, episode_return=episode_return, **(known | changes))


def state(run_id: str, status: str, **changes: Any) -> StateChanged:
    return StateChanged(run_id, status=status, **({"step": 0} | changes))


def video(run_id: str, name: str, **changes: Any) -> VideoSaved:
    known: dict[str, Any] = {
        "step": 10,
        "poster": f"videos/{name}.jpg",
        "episode_return": 21.0,
        "length": 500,
        "fps": 30,
        "duration": 16.5,
        "size_bytes": 1000,
    }
    return VideoSaved(run_id, path=f"videos/{name}.mp4", **(known | changes))


class Client:
    """What a page keeps of a run's series: points by key, brought up to date from cursor to cursor."""

    def __init__(self) -> None:
        self.points: dict[str, dict[int, tuple[int, float | None, float]]] = {}
        self.cursor = 0

    def take(self, page: MetricsPage) -> None:
        for name, series in page.series.items():
            known = self.points.setdefault(name, {})
            rows = zip(series.numbers or series.steps, series.steps, series.values, series.times, strict=True)
            known.update({key: (step, value, at) for key, step, value, at in rows})
        self.cursor = page.cursor


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds; fail if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "this never came to hold"
        time.sleep(0.01)


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python process in the project's folder."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def opened(path: Path, **options: Any) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{path.as_posix()}", **options)
    try:
        yield store
    finally:
        store.close()


def postgres_binaries() -> Path | None:
    """Find the folder of PostgreSQL's server programs, which Debian keeps off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextlib.contextmanager
def postgres_server(binaries: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own on a free port; yield the URL of its database."""
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="postgres-test-"))
    if as_postgres:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        command = [*as_postgres, str(binaries / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    try:
        call("initdb", "-D", data, "-U", "palaestra", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
        call("pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql://palaestra@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
