"""Asks a short-lived process about environments, so that one that hangs or crashes takes nothing else with it.

The process starts from a fresh interpreter, is told what to do on its standard input, answers line by line in JSON,
and is ended with all that it has started when it is done, when its time is over, or when nobody wants the answer any
more. At most two live at a time: they share the machine with whoever trains. Whoever asks waits in a thread of the
server, of which there are few: only so many may (`place`), all others are told at once to come back.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trainer import subprocesses
from trainer.errors import ConflictError

MOST_AT_A_TIME = 2
MOST_WAITING = 6  # of the forty threads that answer requests
BUSY = "Other environments are being looked at. Try again in a moment."
_LOOK_UP = 0.1  # seconds after which somebody who waits sees that they were cancelled

_slots = threading.BoundedSemaphore(MOST_AT_A_TIME)
_places = threading.BoundedSemaphore(MOST_AT_A_TIME + MOST_WAITING)


@contextlib.contextmanager
def place() -> Iterator[None]:
    """Take one of the places for those who ask and wait; to be held around all of their waiting.

    :raises ConflictError: all are taken
    """
    if not _places.acquire(blocking=False):
        raise ConflictError(BUSY)
    try:
        yield
    finally:
        _places.release()


class Worker:
    """One process that answers one question.

    :param job: what to do, as JSON data; `job["job"]` names a function of `worker_child`
    :param seconds: without an answer, after which it is ended, whatever it does
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
        self._wait_for_a_slot()
        try:
            return self._run(take)
        finally:
            _slots.release()

    def cancel(self) -> None:
        """End the process at once."""
        self._cancelled.set()
        self._kill()

    def _wait_for_a_slot(self) -> None:
        until = time.monotonic() + self._seconds
        while not _slots.acquire(timeout=_LOOK_UP):
            self.require_wanted()
            if time.monotonic() > until:
                raise ConflictError(BUSY)

    def require_wanted(self) -> None:
        """Go on only while nobody has cancelled it.

        :raises ConflictError: somebody has
        """
        if self._cancelled.is_set():
            raise ConflictError("It was cancelled.")

    def _run(self, take: Callable[[dict[str, Any]], None]) -> str:
        self.require_wanted()
        process = self._process = subprocesses.start(
            "trainer.envs.worker_child", "environments", stderr=subprocess.PIPE, start_new_session=True
        )
        words: list[bytes] = []
        listener = threading.Thread(target=_collect, args=(process.stderr, words), daemon=True)
        listener.start()
        if self._cancelled.is_set():  # while it was being started, when there was nothing to end yet
            self._kill()
        clock = _Clock(self._seconds, self._time_is_over)
        try:
            self._converse(process, take, clock)
        finally:
            clock.stop()
            self._kill()
            process.wait()
            listener.join(1)
            _close(process)
        self.require_wanted()
        return b"".join(words).decode("utf-8", "replace")[-4000:]

    def _converse(
        self, process: subprocess.Popen[bytes], take: Callable[[dict[str, Any]], None], clock: _Clock
    ) -> None:
        if process.stdin is None or process.stdout is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(self._job).encode() + b"\n")
            process.stdin.flush()
        # Its standard input stays open: the process ends when it closes, with this program.
        for line in process.stdout:
            clock.start_again()
            with contextlib.suppress(ValueError):
                take(json.loads(line))

    def _time_is_over(self) -> None:
        self.overdue = True
        self._kill()

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:  # else its number may be another's by now
            subprocesses.end(process)


class _Clock:
    """Calls `over` when so many seconds have passed since it was last started."""

    def __init__(self, seconds: float, over: Callable[[], None]) -> None:
        self._seconds = seconds
        self._over = over
        self._timer: threading.Timer | None = None
        self.start_again()

    def start_again(self) -> None:
        self.stop()
        self._timer = threading.Timer(self._seconds, self._over)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _collect(stream: Any, words: list[bytes]) -> None:
    # Closed by whoever reads it: what has left the process's group may hold the other end.
    with stream:
        for line in stream:
            words.append(line[:2000])
            del words[:-60]


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
