"""Asks a short-lived process about environments, so that one that hangs or crashes takes nothing else with it.

The process starts from a fresh interpreter, is told what to do on its standard input, answers line by line in JSON,
and is ended with all that it has started when it is done, when its time is over, or when nobody wants the answer any
more. At most two live at a time: they share the machine with whoever trains.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from trainer.errors import ConflictError

MOST_AT_A_TIME = 2
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from trainer.envs.worker_child import main; main()"

_slots = threading.BoundedSemaphore(MOST_AT_A_TIME)


class Worker:
    """One process that answers one question.

    :param job: what to do, as JSON data; `job["job"]` names a function of `worker_child`
    :param seconds: after which it is ended, whatever it does
    """

    def __init__(self, job: Mapping[str, Any], seconds: float) -> None:
        self._job = {**job, "seconds": seconds}
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = threading.Event()
        self.overdue = False

    def answers(self, take: Callable[[dict[str, Any]], None]) -> str:
        """Run the process to its end and hand over each answer as it comes.

        :returns: what it wrote to its error stream, the last of it
        :raises ConflictError: `cancel` was called, or no process was free for as long as it may take
        """
        if not _slots.acquire(timeout=self._seconds):
            raise ConflictError("Other environments are being looked at. Try again in a moment.")
        try:
            return self._run(take)
        finally:
            _slots.release()

    def cancel(self) -> None:
        """End the process at once."""
        self._cancelled.set()
        self._kill()

    def _run(self, take: Callable[[dict[str, Any]], None]) -> str:
        if self._cancelled.is_set():
            raise ConflictError("It was cancelled.")
        process = self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-c", _BOOT, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        words: list[bytes] = []
        listener = threading.Thread(target=_collect, args=(process.stderr, words), daemon=True)
        listener.start()
        clock = threading.Timer(self._seconds, self._time_is_over)
        clock.start()
        try:
            self._converse(process, take)
        finally:
            clock.cancel()
            self._kill()
            process.wait()
            listener.join(1)
        if self._cancelled.is_set():
            raise ConflictError("It was cancelled.")
        return b"".join(words).decode("utf-8", "replace")[-4000:]

    def _converse(self, process: subprocess.Popen[bytes], take: Callable[[dict[str, Any]], None]) -> None:
        if process.stdin is None or process.stdout is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(self._job).encode() + b"\n")
            process.stdin.flush()
        # Its standard input stays open: the process ends when it closes, with this program.
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                take(json.loads(line))

    def _time_is_over(self) -> None:
        self.overdue = True
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
        with contextlib.suppress(OSError):
            process.kill()


def _collect(stream: Any, words: list[bytes]) -> None:
    for line in stream:
        words.append(line[:2000])
        del words[:-60]
