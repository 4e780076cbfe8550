"""Looks after runs again and again: for those whose process has died, that hang, or that have no room left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from trainer.errors import PalaestraError

PERIOD_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Watch:
    """A daemon thread that calls `look` again and again until it is closed.

    :param look: such as `RunManager.recover`; what does not answer is tried again at the next turn
    :param name: of the thread
    """

    def __init__(self, look: Callable[[], object], period: float = PERIOD_SECONDS, name: str = "run-watch") -> None:
        self._look = look
        self._period = period
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
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
                _log.warning("runs could not be looked after: %s", error.message)
            except Exception:  # noqa: BLE001  # the next look may find it gone; a watch that ends helps nobody
                _log.exception("runs could not be looked after")
