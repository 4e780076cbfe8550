"""Who works on runs that have ended, so that none is deleted under somebody's hands.

What always holds: a run is either worked on, by any number, or being deleted, or neither.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from trainer.errors import ConflictError


class Holds:
    """Runs and what works on them; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, list[str]] = {}
        self._leaving: set[str] = set()

    def take(self, run_id: str, task: str) -> None:
        """Keep a run from being deleted until `release` with the same words.

        :param task: what works on it, as the one who would delete it is told
        :raises ConflictError: it is being deleted
        """
        with self._lock:
            if run_id in self._leaving:
                raise ConflictError("The run is just being deleted.")
            self._held.setdefault(run_id, []).append(task)

    def release(self, run_id: str, task: str) -> None:
        """Say that a task no longer works on a run."""
        with self._lock:
            tasks = self._held[run_id]
            tasks.remove(task)
            if not tasks:
                del self._held[run_id]

    @contextlib.contextmanager
    def none_of(self, run_id: str) -> Iterator[None]:
        """Delete a run inside; nobody begins to work on it meanwhile.

        :raises ConflictError: a task works on it, or it is being deleted already
        """
        with self._lock:
            if run_id in self._leaving:
                raise ConflictError("The run is just being deleted.")
            if run_id in self._held:
                tasks = ", ".join(self._held[run_id])
                raise ConflictError(
                    f"A task works on the run: {tasks}. Cancel it or wait for its end, then delete the run."
                )
            self._leaving.add(run_id)
        try:
            yield
        finally:
            with self._lock:
                self._leaving.discard(run_id)
