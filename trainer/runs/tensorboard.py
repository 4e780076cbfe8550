"""TensorBoard files: one event for each dump of the logger, with all its scalars.

Stable-Baselines3's writer makes an event of every scalar; at seventy dumps a second that was a fourteenth of the
time of a fast run. TensorBoard's own takes events one by one to a thread, which then wants the interpreter as often;
here those that come fast go there together, about once a second. TensorBoard's files repeat what the store has, so
one that cannot be written costs no training: another is begun when the disk takes it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

FLUSH_SECONDS = 5
TOGETHER_SECONDS = 1.0
FAST_SECONDS = 0.1  # between two dumps; slower ones go at once
# Above what comes together in that time, so that handing over never waits for the thread.
_QUEUE = 10_000
_log = logging.getLogger(__name__)


class TensorBoardWriter(KVWriter):
    """Writes the scalars of a run into a folder that TensorBoard reads.

    :param folder: made if it is not there
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: EventFileWriter | None = None
        self._waiting: list[Event] = []
        self._refused = False
        self._due = self._last = time.monotonic()

    def go_on_after(self, step: int) -> None:
        """Have TensorBoard drop what earlier files of the folder say of later steps."""
        started = SessionLog(status=SessionLog.START)
        self._waiting.append(Event(wall_time=time.time(), step=step + 1, session_log=started))

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Write the scalars of one dump that are not kept from TensorBoard."""
        values = [
            Summary.Value(tag=key, simple_value=float(value))
            for key, value in key_values.items()
            if isinstance(value, (int, float, np.integer, np.floating))
            and "tensorboard" not in (key_excluded.get(key) or ())
        ]
        if values:
            self._waiting.append(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
        now = time.monotonic()
        if now >= self._due or now - self._last > FAST_SECONDS:
            self._hand_over()
            self._due = now + TOGETHER_SECONDS
        self._last = now

    def close(self) -> None:
        """Write what is left and close the file."""
        self._hand_over()
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()

    def _hand_over(self) -> None:
        try:
            if self._writer is None:
                self._writer = EventFileWriter(str(self._folder), max_queue_size=_QUEUE, flush_secs=FLUSH_SECONDS)
            for event in self._waiting:
                self._writer.add_event(event)
            self._waiting.clear()
        except OSError as error:
            # Its thread has ended with the error of a write before; what it still had is in the store alone.
            self._writer = None
            del self._waiting[:-_QUEUE]
            if not self._refused:
                _log.warning("TensorBoard's files in %s cannot be written: %s", self._folder, error)
            self._refused = True
