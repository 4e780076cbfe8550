"""Runs sessions in threads of this process.

The threads are daemons: a server that must end does not wait for a run that will not; such a run is found at the
next start and called interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class ThreadExecutor:
    """Starts one thread for each run."""

    def start(self, run_id: str, work: Callable[[], None]) -> None:
        """Begin `work` in a thread named after the run; `work` handles its own errors.

        :raises RuntimeError: the system gives no more threads
        """
        threading.Thread(target=work, name=f"run-{run_id}", daemon=True).start()
