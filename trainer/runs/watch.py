"""Looks, every few seconds, for runs whose process has died, so that no run is shown as running for ever."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from trainer.errors import PalaestraError

PERIOD_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Watch:
    """A daemon thread that calls `look` again and again until it is closed.

    :param look: `RunManager.recover`; a database that does not answer is tried again at the next turn
    """

    def __init__(self, look: Callable[[], object], period: float = PERIOD_SECONDS) -> None:
        self._look = look
        self._period = period
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="run-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join(self._period)

    def _work(self) -> None:
        while not self._closed.wait(self._period):
            try:
                self._look()
            except PalaestraError as error:
                _log.warning("runs of other processes could not be looked after: %s", error.message)
