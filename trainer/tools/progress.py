"""How a tool says how far it is, and learns that nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable


class CancelledError(Exception):
    """A tool was cut short at somebody's wish; nothing of it remains."""


class Progress:
    """Between a tool and whoever waits for it.

    :param tell: takes the fraction done, 0 to 1, and what is being done in words
    """

    def __init__(self, tell: Callable[[float, str], None] = lambda _fraction, _words: None) -> None:
        self._tell = tell
        self._cancelled = threading.Event()
        self._from, self._to = 0.0, 1.0

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the tool to end; from any thread."""
        self._cancelled.set()

    def stage(self, start: float, end: float) -> None:
        """Let what is told from now on fill the stretch from `start` to `end`."""
        self._from, self._to = start, end

    def tell(self, fraction: float, words: str) -> None:
        """Say how much of the present stage is done."""
        self._tell(self._from + (self._to - self._from) * min(1.0, max(0.0, fraction)), words)

    def require(self) -> None:
        """Go on only if somebody still waits.

        :raises CancelledError: nobody does
        """
        if self.cancelled:
            raise CancelledError
