"""The runs that live in this process, and whose turn it is to start.

Invariants:
- every change of a run's state goes through `LiveRun.enter`, which holds to the transition table;
- at most `slots` runs are active at once, a paused one included; the others wait in the order in which they came;
- a run that has ended stays known here until the store says the same of it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from trainer.config import RunConfig
from trainer.runs.executors.endings import RunProcessError
from trainer.runs.executors.thread import ThreadExecutor
from trainer.runs.live_run import LiveRun
from trainer.runs.states import RunState
from trainer.store import RunRecord, Store, StoreError

_log = logging.getLogger(__name__)

HELD = "Waits until you press Start."
GIVEN_UP = "The program was ended, and the run did not save itself in time. Resume goes on from its last checkpoint."
FORCE_SECONDS = 5.0
FLUSH_TIMEOUT = 10.0
_TIDY_TIMEOUT = 0.2


class Roster:
    """Keeps live runs and starts the waiting ones as places become free.

    :param slots: how many may be active at once
    :param work: trains one run to its end, and handles its errors
    """

    def __init__(self, store: Store, slots: int, executor: ThreadExecutor, work: Callable[[LiveRun], None]) -> None:
        self._store = store
        self._slots = slots
        self._executor = executor
        self._work = work
        self._lock = threading.RLock()
        self._live: dict[str, LiveRun] = {}
        self._waiting: deque[str] = deque()
        self._closing = False

    def find(self, run_id: str) -> LiveRun | None:
        """Return a run that lives here, or None."""
        with self._lock:
            return self._live.get(run_id)

    def all(self) -> list[LiveRun]:
        """Return the runs that live here."""
        with self._lock:
            return list(self._live.values())

    def overlaid(self, record: RunRecord) -> RunRecord:
        """Return a run as it stands: what lives here knows more than the store."""
        live = self.find(record.id)
        return live.record if live else record

    def ahead(self) -> int | None:
        """Return how many runs wait for a place before one that came now; None when it would start at once."""
        with self._lock:
            return None if not self._waiting and self._active() < self._slots else len(self._waiting)

    @property
    def slots(self) -> int:
        """How many runs may be active at once."""
        return self._slots

    def waits(self, run_id: str) -> bool:
        """Whether a run starts by itself once its turn comes."""
        with self._lock:
            return run_id in self._waiting

    def enlist(self, run_id: str, config: RunConfig, *, resumes: bool = False, start: bool = True) -> LiveRun:
        """Take a queued run of the store in.

        :param resumes: it goes on from its last checkpoint
        :param start: let it take its turn; otherwise it waits for somebody to start it
        """
        live = LiveRun(self._store.run(run_id), config, self._store.emit, resumes=resumes)
        with self._lock:
            self._live[run_id] = live
            if start:
                self._waiting.append(run_id)
        if not start:
            live.remark(HELD)
        self.fill()
        return live

    def let_start(self, live: LiveRun) -> bool:
        """Let a run that was held back take its turn; return False when somebody else was faster."""
        with self._lock:
            if live.state is not RunState.QUEUED or live.run_id in self._waiting:
                return False
            self._waiting.append(live.run_id)
        live.remark(None)
        self.fill()
        return True

    def take_out(self, live: LiveRun, reason: str) -> None:
        """End a run that still waits; one that has begun is left alone."""
        with self._lock:
            if live.state is RunState.QUEUED:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(live.run_id)
                live.enter(RunState.STOPPED, reason=reason)
        if live.state.ended:
            self._forget(live)

    def give_up(self, live: LiveRun, reason: str) -> None:
        """End a run whose thread does not answer; its place is free at once, its thread is left where it is."""
        if live.give_up(reason):
            live.finished.set()
            self.fill()

    def tidy(self) -> None:
        """Forget runs that have ended and could not be forgotten then, if the store knows of their end by now."""
        ended = [live for live in self.all() if live.state.ended and live.finished.is_set()]
        if ended:
            with contextlib.suppress(StoreError):
                self._store.flush(_TIDY_TIMEOUT)
                with self._lock:
                    for live in ended:
                        if self._live.get(live.run_id) is live:
                            del self._live[live.run_id]

    def fill(self) -> None:
        """Start as many of the waiting runs as there are places."""
        with self._lock:
            while self._waiting and not self._closing and self._active() < self._slots:
                live = self._live[self._waiting.popleft()]
                live.enter(RunState.STARTING)
                try:
                    self._executor.start(live.run_id, self._to_the_end(live))
                except RuntimeError as error:  # no thread can be made; the run must not hold its place for ever
                    live.enter(RunState.FAILED, reason=f"It could not be started: {error}.")
                    live.finished.set()

    def wait(self, run_id: str, timeout: float | None = None) -> bool:
        """Wait until a run of this process has ended; return whether it has."""
        live = self.find(run_id)
        return live is None or live.finished.wait(timeout)

    def close(self, timeout: float) -> None:
        """Cut every run short, with a checkpoint; those that do not end in `timeout` seconds are left as they are."""
        with self._lock:
            self._closing = True
            self._waiting.clear()
            active = [live for live in self._live.values() if live.state.active]
        for live in active:
            live.cut_short("The program was ended.")
            live.control.request_stop()
        deadline = time.monotonic() + timeout
        for live in active:
            if not (live.finished.wait(max(0.0, deadline - time.monotonic())) or self._ended_by_force(live)):
                _log.warning("run %s did not end in time; it will be found interrupted", live.run_id)

    def _ended_by_force(self, live: LiveRun) -> bool:
        """End a run's own process, where it has one; a thread cannot be ended."""
        process = live.process
        if process is None:
            return False
        process.end(RunProcessError(GIVEN_UP, interrupted=True))
        return live.finished.wait(FORCE_SECONDS)

    def _active(self) -> int:
        return sum(live.state.active for live in self._live.values())

    def _to_the_end(self, live: LiveRun) -> Callable[[], None]:
        def work() -> None:
            try:
                self._work(live)
            finally:
                try:
                    # The place is free at once; the run stays known here until the store tells the same of it.
                    self.fill()
                finally:
                    self._forget(live)

        return work

    def _forget(self, live: LiveRun) -> None:
        try:
            self._store.flush(FLUSH_TIMEOUT)
        except StoreError as error:
            # Memory is the only truth then; the run stays known here.
            _log.warning("run %s has ended, but the database does not know it yet: %s", live.run_id, error.message)
        else:
            with self._lock:
                # A run that was given up may have gone on under its name before its old thread came back.
                if self._live.get(live.run_id) is live:
                    del self._live[live.run_id]
        finally:
            live.finished.set()
