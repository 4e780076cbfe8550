"""Runs sessions in threads of this process.

The threads are daemons: a server that must end does not wait for a run that will not; such a run is found at the
next start and called interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class ThreadExecutor:
    """Starts one thread for each run."""

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}

    def start(self, run_id: str, work: Callable[[], None]) -> None:
        """Begin `work` in a thread named after the run; `work` handles its own errors."""
        thread = threading.Thread(target=work, name=f"run-{run_id}", daemon=True)
        self._threads[run_id] = thread
        thread.start()

    def join(self, run_id: str, timeout: float | None = None) -> bool:
        """Wait for a run's thread; return whether it has ended (also when there is none)."""
        thread = self._threads.get(run_id)
        if thread is None:
            return True
        thread.join(timeout)
        ended = not thread.is_alive()
        if ended:
            self._threads.pop(run_id, None)
        return ended
