"""Messages between this program and a process that it started: pickles over the two pipes between them.

Both ends are ours, so nothing is unpickled that comes from anywhere else. A message is written whole, by one thread at
a time; whoever reads learns that the other end is gone by `EOFError`.
"""

from __future__ import annotations

import pickle
import threading
from typing import Any, BinaryIO


class Channel:
    """One end of it.

    :param reader: what the other end writes
    :param writer: what the other end reads
    """

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader = reader
        self._writer = writer
        self._writing = threading.Lock()

    def send(self, message: Any) -> None:
        """Write one message.

        :raises OSError: the other end is gone
        """
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._writing:
            self._writer.write(data)
            self._writer.flush()

    def receive(self) -> Any:
        """Wait for the next message and return it.

        :raises EOFError: the other end is gone
        """
        try:
            # Our own process wrote it, into a pipe that has no name: no file, and nothing that comes over a network.
            return pickle.load(self._reader)  # noqa: S301
        except (OSError, ValueError, pickle.UnpicklingError) as error:
            raise EOFError from error

    def close(self) -> None:
        """Close this end; a pipe that broke before is no fault."""
        for pipe in (self._writer, self._reader):
            try:
                pipe.close()
            except OSError:
                continue
