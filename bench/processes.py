"""Run a command to its end and see how much memory it took with all its children."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Finished:
    """What a command printed, and the most memory that it and its children held at once, in bytes."""

    output: str
    peak: int


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> Finished:
    """Run a command.

    :raises subprocess.CalledProcessError: it failed; its output is in the error
    """
    process = subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(env) if env else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, done), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, list(command), output)
    return Finished(output, peak[0])


def _watch(pid: int, peak: list[int], done: threading.Event) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        while not done.wait(0.1):
            peak[0] = max(peak[0], sum(_held(process) for process in [root, *root.children(recursive=True)]))


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
