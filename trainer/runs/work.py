"""What the thread of one run does: build its session, train, and say how it ended.

Nothing here imports torch: a session is imported in its own thread, so that the page does not wait for it.
"""

from __future__ import annotations

import contextlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.envs.entry_points import placed
from trainer.paths import Layout
from trainer.runs.executors.cores import Cores
from trainer.runs.executors.endings import RunProcessError
from trainer.runs.executors.process import RemoteSession
from trainer.runs.live_run import LiveRun
from trainer.runs.reasons import explain
from trainer.runs.reporter import RunReporter
from trainer.runs.roster import FLUSH_TIMEOUT
from trainer.runs.states import RunState
from trainer.runs.turns import Turns
from trainer.store import Store, StoreError

if TYPE_CHECKING:
    from trainer.runs.session import Session

SETTLE_TIMEOUT = 2.0


class Work:
    """Trains runs, each in the thread that calls it.

    :param global_seed: let sessions seed the process's own generators; only for a process with a single run
    """

    def __init__(self, store: Store, layout: Layout, *, global_seed: bool) -> None:
        self._store = store
        self._layout = layout
        self._global_seed = global_seed
        self._turns = None if global_seed else Turns()
        self._cores = Cores()

    def __call__(self, live: LiveRun) -> None:
        """Train a run to its end; one run's error, SystemExit too, ends that run alone."""
        directory = self._layout.run(live.run_id)
        reporter = RunReporter(live.run_id, live.emit, directory / "log.txt", self._settle)
        live.control.begin()
        try:
            outcome = self._session(live, directory, reporter).run()
        except BaseException as error:  # noqa: BLE001  # see above
            if not live.control.abandoned:
                _fail(live, reporter, error)
            return
        reporter.log(outcome.reason or "Completed.")
        # Whoever sees that a run has ended finds all of it: its last checkpoint, its last curve.
        with contextlib.suppress(StoreError):
            self._store.flush(FLUSH_TIMEOUT)
        live.ended(stopped=outcome.stopped, reason=outcome.reason)

    def _session(self, live: LiveRun, directory: Path, reporter: RunReporter) -> Session | RemoteSession:
        if placed(live.config).executor == "process":
            return RemoteSession(
                live.config,
                directory,
                live.control,
                reporter,
                cores=self._cores,
                on_running=live.began,
                on_spawned=live.runs_in,
                resume=live.resumes,
            )
        from trainer.runs.session import Session

        return Session(
            live.config,
            directory,
            live.control,
            reporter,
            on_running=live.began,
            turns=self._turns,
            global_seed=self._global_seed,
            resume=live.resumes,
        )

    def _settle(self) -> None:
        # A database that does not answer keeps nobody from saving: what it is owed waits in memory.
        with contextlib.suppress(StoreError):
            self._store.flush(SETTLE_TIMEOUT)


def _fail(live: LiveRun, reporter: RunReporter, error: BaseException) -> None:
    reason = explain(error, live.config.environment.id, live.record.step)
    if isinstance(error, RunProcessError):  # what it was over there, not where it was told of
        trace, state = error.trace, RunState.INTERRUPTED if error.interrupted else RunState.FAILED
    else:
        trace, state = "".join(traceback.format_exception(type(error), error, error.__traceback__)), RunState.FAILED
    if trace:
        reporter.log(trace, "error")
    reporter.log(reason, "error")
    live.enter(state, reason=reason, error=trace if state is RunState.INTERRUPTED else trace or reason)
