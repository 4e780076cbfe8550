"""A run's process as this program sees it: started, spoken with, watched over, and ended.

Invariants:
- it starts from a fresh interpreter that imports what it needs (`subprocesses`);
- it ends when this program does, however that happens: its pipe is closed then (`child`), and Linux is asked to see to
  it;
- what it has started ends with it;
- it never takes more than its memory limit for longer than it takes to look, a tenth of a second.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import Any, BinaryIO, cast

import psutil

from trainer import subprocesses
from trainer.runs.executors.channel import Channel
from trainer.runs.executors.endings import GO_ON, RunProcessError, ended, too_much_memory
from trainer.runs.executors.job import CRASH_FILE, REQUEST, Job
from trainer.runs.executors.limits import environment_of
from trainer.runs.executors.memory import MemoryMeter

LOOK_SECONDS = 0.1
END_SECONDS = 5.0
_MIB = 1024**2


class Spawned:
    """The process of one run.

    `pid` is its number, `memory_bytes` what it took when it was last looked at.

    :raises OSError: the system gives no more processes
    """

    def __init__(self, job: Job) -> None:
        resources = job.config.resources
        self._limit_mb = resources.memory_limit_mb
        self._crash_file = job.directory / CRASH_FILE
        self._process = subprocesses.start(
            "trainer.runs.executors.child", job.run_id, env=environment_of(resources, os.environ)
        )
        reader, writer = self._process.stdout, self._process.stdin
        self._channel = Channel(cast("BinaryIO", reader), cast("BinaryIO", writer))
        self.pid = self._process.pid
        self.memory_bytes = 0
        self._why: RunProcessError | None = None
        # Of what it has started the system knows by its group, or else it has to be looked for.
        self._meter = _meter(self.pid, search=self._limit_mb is not None or sys.platform == "win32")
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name=f"watch-{job.run_id}", daemon=True)
        self._watch.start()
        self.send(job)

    def send(self, message: Any) -> None:
        """Say something; what a process that is gone no longer hears is no fault."""
        with contextlib.suppress(OSError, ValueError):
            self._channel.send(message)

    def request(self, name: str, *arguments: Any) -> None:
        """Have a method of the run's control called over there."""
        self.send((REQUEST, name, *arguments))

    def receive(self) -> Any:
        """Wait for the next messages and return them.

        :raises RunProcessError: the process is gone; says why
        """
        try:
            return self._channel.receive()
        except EOFError:
            raise self._ending() from None

    def end(self, why: RunProcessError) -> None:
        """End the process at once, with all that it has started.

        :param why: what its run failed of; the first reason given stands
        """
        self._why = self._why or why
        self._kill()

    def close(self) -> None:
        """Wait a moment for its end, and end what is left of it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._kill()
        self._over.set()
        self._watch.join(END_SECONDS)
        self._channel.close()
        with contextlib.suppress(OSError):
            if not self._crash_text():
                self._crash_file.unlink(missing_ok=True)

    def _ending(self) -> RunProcessError:
        # Its pipe closes when it ends and not before; whatever it has started may still live.
        self._kill()
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return self._why or RunProcessError(f"Its process hangs and cannot be spoken with any more. {GO_ON}")
        return self._why or RunProcessError(ended(code), self._crash_text() or None)

    def _crash_text(self) -> str:
        try:
            return self._crash_file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def _kill(self) -> None:
        subprocesses.end(self._process, self._meter.descendants if self._meter is not None else ())

    def _look_after(self) -> None:
        """Watch its memory; and its life, as something that it has started may hold its pipe open."""
        while not self._over.wait(LOOK_SECONDS):
            if self._process.poll() is not None:
                self._kill()
                return
            self._weigh()

    def _weigh(self) -> None:
        if self._meter is None:
            return
        self.memory_bytes = self._meter.at_most()
        limit = self._limit_mb
        if limit is None or self.memory_bytes <= limit * _MIB:
            return
        self.memory_bytes = self._meter.used()
        if self.memory_bytes > limit * _MIB:
            self.end(RunProcessError(too_much_memory(self.memory_bytes, limit)))


def _meter(pid: int, *, search: bool) -> MemoryMeter | None:
    try:
        return MemoryMeter(pid, search=search)
    except psutil.Error:
        return None  # it has ended already
