"""Messages on their way to the program that started this process: kept in order, sent some at a time.

Whoever posts never waits for the pipe. What is urgent goes at once, and all that was posted before it; everything else
gathers for a twentieth of a second, so that a thousand episodes a second are twenty messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from trainer.runs.executors.channel import Channel

GATHER_SECONDS = 0.05


class Outbox:
    """Sends from a thread of its own.

    :param on_broken: called in that thread when nobody hears any more
    """

    def __init__(self, channel: Channel, on_broken: Callable[[], Any]) -> None:
        self._channel = channel
        self._on_broken = on_broken
        self._changed = threading.Condition()
        self._messages: list[tuple[Any, ...]] = []
        self._urgent = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def post(self, *message: Any, urgent: bool = False) -> None:
        """Send a message soon, or at once."""
        with self._changed:
            self._messages.append(message)
            self._urgent = self._urgent or urgent
            if urgent or len(self._messages) == 1:
                self._changed.notify()

    def close(self) -> None:
        """Send what is left and wait until it is sent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while messages := self._next():
            try:
                self._channel.send(messages)
            except OSError:
                self._on_broken()

    def _next(self) -> list[tuple[Any, ...]]:
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._closed)
            self._changed.wait_for(lambda: self._urgent or self._closed, GATHER_SECONDS)
            messages, self._messages, self._urgent = self._messages, [], False
            return messages
