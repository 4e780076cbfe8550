"""Which process works on a run, and whether that process still lives.

An owner is `host:pid:start time`, so that a process id given out again is not taken for the one that died.
"""

from __future__ import annotations

import os
import platform

import psutil

from trainer.runs.states import LIVE
from trainer.store import RunRecord, Store


def this_process() -> str:
    """Return the owner string of the present process."""
    process = psutil.Process(os.getpid())
    return f"{platform.node()}:{process.pid}:{process.create_time():.2f}"


def is_alive(owner: str) -> bool:
    """Return whether the owner's process lives; one on another host is given the benefit of the doubt."""
    host, pid, started = _parts(owner)
    if host != platform.node():
        return True
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 1.0
        return same and bool(process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def describe(owner: str) -> str:
    """Name the owner for people."""
    host, pid, _ = _parts(owner)
    return f"process {pid}" if host == platform.node() else f"process {pid} on {host}"


def orphans(store: Store, me: str) -> list[RunRecord]:
    """Return the runs that should be living but whose process is gone, `me` not counted as theirs."""
    found: list[RunRecord] = []
    cursor: str | None = None
    while True:
        page = store.runs(status=[state.value for state in LIVE], limit=500, cursor=cursor)
        found += [record for record in page.items if record.owner != me and not is_alive(record.owner)]
        cursor = page.cursor
        if cursor is None:
            return found[::-1]  # the oldest first, as they were submitted


def _parts(owner: str) -> tuple[str, int, float]:
    host, pid, started = owner.rsplit(":", 2)
    return host, int(pid), float(started)
