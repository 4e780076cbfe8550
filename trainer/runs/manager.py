"""The one place that decides which runs live, wait, hold and end.

Invariants:
- every change of a run's state goes through `LiveRun.enter`, which holds to the transition table;
- at most `slots` runs are active at once, a paused one included; the others wait in the order of submission;
- nothing here depends on a page being open, and nothing here imports torch: sessions are imported in their thread.
"""

from __future__ import annotations

import builtins
import contextlib
import logging
import secrets
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from trainer.config import PresetStore, RunConfig, apply_overrides, check, load_config
from trainer.envs import catalogue
from trainer.errors import ConfigError, ConflictError, Fault, PalaestraError
from trainer.events import ConfigChanged, RunCreated, StateChanged
from trainer.hardware.devices import device_faults
from trainer.paths import Layout
from trainer.runs.command import shortest_command
from trainer.runs.executors.thread import ThreadExecutor
from trainer.runs.live_run import LiveRun
from trainer.runs.ownership import describe, is_alive, orphans, this_process
from trainer.runs.reasons import explain
from trainer.runs.reporter import RunReporter
from trainer.runs.run_files import remove_run_files, write_run_files
from trainer.runs.states import ENDED, LIVE, RunState, why_not
from trainer.runs.turns import Turns
from trainer.store import Page, RunRecord, Store, StoreError

_log = logging.getLogger(__name__)

ACTIONS = ("start", "pause", "resume", "stop", "restart", "extend")
_LIVE, _ENDED = [state.value for state in LIVE], [state.value for state in ENDED]
HELD = "Waits until you press Start."
INTERRUPTED = (
    "Its process ended at step {step:,}, before the run did. Resume goes on from its last checkpoint; curves, log, "
    "videos and checkpoints are kept."
)
# A click answers within 250 ms; what takes longer shows when it happens.
ANSWER_TIMEOUT = 0.15
FLUSH_TIMEOUT = 10.0


class RunManager:
    """Accepts runs, starts them in turn and passes on what people ask of them.

    :param slots: how many runs may be active at once
    :param global_seed: let sessions seed the process's own generators; only for a process with a single run
    """

    def __init__(
        self,
        store: Store,
        layout: Layout,
        presets: PresetStore,
        *,
        slots: int = 4,
        executor: ThreadExecutor | None = None,
        global_seed: bool = False,
    ) -> None:
        self._store = store
        self._layout = layout
        self._presets = presets
        self._slots = slots
        self._executor = executor or ThreadExecutor()
        self._global_seed = global_seed
        self._turns = Turns()
        self._owner = this_process()
        self._lock = threading.RLock()
        self._live: dict[str, LiveRun] = {}
        self._waiting: deque[str] = deque()
        self._closing = False

    # Accepting runs

    def check(self, config: RunConfig) -> list[Fault]:
        """Return everything that is known to be wrong with `config`, before anything is started."""
        machine = device_faults(config.training.device)
        try:
            spaces = catalogue.environment_spaces(config.environment)
        except ConfigError as error:
            return [*error.faults, *check(config, None), *machine]
        return [*check(config, spaces), *machine]

    def submit(self, config: RunConfig, *, preset: str | None = None, start: bool = True) -> RunRecord:
        """Accept a run; it starts when a place is free, or waits for `start` when `start` is False.

        :raises ConfigError: with every fault of the configuration
        """
        faults = self.check(config)
        if faults:
            raise ConfigError(faults)
        run_id = _new_run_id(config)
        write_run_files(self._layout.run(run_id), config, shortest_command(config, self._presets, preset))
        self._create(run_id, config, preset)
        live = self._enlist(run_id, config)
        if start:
            with self._lock:
                self._waiting.append(run_id)
        else:
            live.hold_back(HELD)
        self._fill_slots()
        return self.get(run_id)

    def _create(self, run_id: str, config: RunConfig, preset: str | None) -> None:
        created = RunCreated(
            run_id,
            name=config.name or f"{config.algorithm.name.upper()} {config.environment.id}",
            status=RunState.QUEUED.value,
            environment=config.environment.id,
            algorithm=config.algorithm.name,
            seed=config.training.seed,
            total_steps=None if config.training.duration_seconds else config.training.total_timesteps,
            config=config.model_dump(mode="json", by_alias=True),
            owner=self._owner,
            preset=preset,
            tags=tuple(config.tags),
            notes=config.notes,
        )
        try:
            self._store.commit(created)
        except StoreError:
            # It stays queued for the database, which must not show it as waiting once it answers again.
            reason = "The database did not answer when it was submitted. Submit it again."
            self._store.emit(StateChanged(run_id, status=RunState.FAILED.value, reason=reason))
            raise

    def _enlist(self, run_id: str, config: RunConfig, *, resumes: bool = False) -> LiveRun:
        live = LiveRun(self._store.run(run_id), config, self._store.emit, resumes=resumes)
        with self._lock:
            self._live[run_id] = live
        return live

    # What people ask of a run

    def start(self, run_id: str) -> RunRecord:
        """Let a run that was submitted without starting take its turn.

        :raises ConflictError: the run cannot be started now; the message says why
        """
        live = self._controllable(run_id, "start")
        with self._lock:
            # Somebody else may have started or stopped it since.
            if live.state is not RunState.QUEUED or run_id in self._waiting:
                raise ConflictError(self._why_not("start", live.record) or "The run has just changed.")
            self._waiting.append(run_id)
        live.hold_back(None)
        self._fill_slots()
        return self.get(run_id)

    def pause(self, run_id: str) -> RunRecord:
        """Ask a run to hold at its next step.

        :raises ConflictError: the run cannot be paused now; the message says why
        """
        live = self._controllable(run_id, "pause")
        live.control.request_pause()
        live.control.wait_until_held(ANSWER_TIMEOUT)
        return self.get(run_id)

    def resume(self, run_id: str) -> RunRecord:
        """Let a paused run go on, or one that has ended before its time go on from its last checkpoint.

        :raises ConflictError: the run can do neither; the message says why not
        :raises ConfigError: its configuration cannot run here (any more); every fault is named
        """
        if RunState(self.get(run_id).status).ended:
            self._possible("resume", run_id)
            return self._reopen(run_id, load_config(self._store.run_config(run_id)))
        live = self._controllable(run_id, "resume")
        live.control.request_resume()
        live.control.wait_until_released(ANSWER_TIMEOUT)
        return self.get(run_id)

    def resume_interrupted(self) -> builtins.list[RunRecord]:
        """Let every interrupted run go on; one that cannot be is left as it is, with the reason in the log."""
        resumed: builtins.list[RunRecord] = []
        cursor: str | None = None
        while True:
            page = self._store.runs(status=[RunState.INTERRUPTED.value], limit=500, cursor=cursor)
            for record in page.items:
                try:
                    resumed.append(self.resume(record.id))
                except PalaestraError as error:
                    _log.warning("run %s does not go on: %s", record.id, error.message)
            cursor = page.cursor
            if cursor is None:
                return resumed

    def extend(self, run_id: str, total_steps: int) -> RunRecord:
        """Give an ended run more steps, and let it go on from its last checkpoint.

        :raises ConflictError: it has not ended, or its length is a time
        :raises ConfigError: `total_steps` is not beyond what it has taken
        """
        record = self._possible("extend", run_id)
        if total_steps <= record.step:
            message = f"the run has taken {record.step:,} steps already"
            raise ConfigError([Fault("training.total_timesteps", message, "Choose a larger number.")])
        path = {"training.total_timesteps": total_steps}
        config = load_config(apply_overrides(self._store.run_config(run_id), path))
        return self._reopen(run_id, config, changed=True)

    def restart(self, run_id: str) -> RunRecord:
        """Train an ended run's configuration once more from the beginning, as a run of its own.

        :raises ConflictError: the run has not ended
        """
        record = self._possible("restart", run_id)
        return self.submit(load_config(self._store.run_config(run_id)), preset=record.preset)

    def _possible(self, action: str, run_id: str) -> RunRecord:
        record = self.get(run_id)
        reason = self._why_not(action, record)
        if reason is not None:
            raise ConflictError(reason)
        return record

    def _reopen(self, run_id: str, config: RunConfig, *, changed: bool = False) -> RunRecord:
        faults = self.check(config)
        if faults:
            raise ConfigError(faults)
        directory = self._layout.run(run_id)
        if not directory.is_dir():
            raise ConflictError("The run's directory is gone, and its checkpoints with it. Restart trains it again.")
        self._store.reopen_run(run_id, self._owner)
        if changed:
            write_run_files(directory, config, shortest_command(config, self._presets, None))
            data = config.model_dump(mode="json", by_alias=True)
            self._store.commit(ConfigChanged(run_id, config=data, total_steps=config.training.total_timesteps))
        self._enlist(run_id, config, resumes=True)
        with self._lock:
            self._waiting.append(run_id)
        self._fill_slots()
        return self.get(run_id)

    def stop(self, run_id: str) -> RunRecord:
        """Ask a run to end at its next consistent boundary, with a checkpoint; a waiting one ends at once.

        :raises ConflictError: the run has ended or is stopping
        """
        live = self._controllable(run_id, "stop")
        with self._lock:
            if live.state is RunState.QUEUED:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(run_id)
                live.enter(RunState.STOPPED, reason="Taken from the queue before it started.")
        if live.state.ended:
            self._forget(live)
            return live.record
        live.enter(RunState.STOPPING)
        live.control.request_stop()
        return self.get(run_id)

    def update(
        self, run_id: str, *, name: str | None = None, tags: list[str] | None = None, notes: str | None = None
    ) -> RunRecord:
        """Change how a run is called or what is noted about it; None leaves a thing as it is.

        :raises NotFoundError: there is no such run
        """
        self._store.update_run(run_id, name=name, tags=tags, notes=notes)
        with self._lock:
            live = self._live.get(run_id)
        if live:
            live.relabel(name=name, tags=tags, notes=notes)
        return self.get(run_id)

    def delete(self, run_id: str) -> None:
        """Remove an ended run with its directory.

        :raises ConflictError: the run still lives
        :raises NotFoundError: there is no such run
        """
        record = self.get(run_id)
        if RunState(record.status) in LIVE:
            raise ConflictError(f"The run is {record.status}: stop it before you delete it.")
        remove_run_files(self._layout.run(run_id))
        self._store.delete_run(run_id)

    # What is known of runs

    def get(self, run_id: str) -> RunRecord:
        """Return a run as it stands.

        :raises NotFoundError: there is no such run
        """
        with self._lock:
            live = self._live.get(run_id)
        return live.record if live else self._store.run(run_id)

    def list(self, **filters: Any) -> Page[RunRecord]:
        """Return a page of runs, newest first; the filters are those of `Store.runs`."""
        page = self._store.runs(**filters)
        return Page([self._overlaid(record) for record in page.items], page.cursor)

    def board(self, most_live: int, most_ended: int) -> tuple[RunRecord, ...]:
        """Return the newest runs that live, then those that ended last."""
        records = self._store.board(_LIVE, most_live, _ENDED, most_ended)
        # One may be live here and not yet so in the store, and then be found twice.
        return tuple(self._overlaid(record) for record in {record.id: record for record in records}.values())

    def actions(self, record: RunRecord) -> dict[str, str | None]:
        """Return for each action None when it is possible now, else why it is not."""
        return {action: self._why_not(action, record) for action in ACTIONS}

    def wait(self, run_id: str, timeout: float | None = None) -> bool:
        """Wait until a run of this process has ended; return whether it has."""
        with self._lock:
            live = self._live.get(run_id)
        return live is None or live.finished.wait(timeout)

    def _overlaid(self, record: RunRecord) -> RunRecord:
        with self._lock:
            live = self._live.get(record.id)
        return live.record if live else record

    def _why_not(self, action: str, record: RunRecord) -> str | None:
        state = RunState(record.status)
        reason = why_not(action, state)
        if reason is not None:
            return reason
        if action == "extend" and record.total_steps is None:
            return "The length of this run is a time, not a number of steps."
        with self._lock:
            if state.ended:
                return "The run has just ended." if record.id in self._live else None
            if record.id not in self._live:
                return f"The run belongs to {describe(record.owner)}: use its terminal."
            if action == "start" and record.id in self._waiting:
                return "The run starts by itself when a place is free."
        return None

    def _controllable(self, run_id: str, action: str) -> LiveRun:
        reason = self._why_not(action, self.get(run_id))
        with self._lock:
            live = self._live.get(run_id)
        if reason is not None or live is None:
            raise ConflictError(reason or "The run has just ended.")
        return live

    # Running

    def _fill_slots(self) -> None:
        with self._lock:
            while self._waiting and not self._closing and self._active() < self._slots:
                live = self._live[self._waiting.popleft()]
                live.enter(RunState.STARTING)
                try:
                    self._executor.start(live.run_id, self._work(live))
                except RuntimeError as error:  # no thread can be made; the run must not hold its place for ever
                    live.enter(RunState.FAILED, reason=f"It could not be started: {error}.")
                    live.finished.set()

    def _active(self) -> int:
        return sum(live.state.active for live in self._live.values())

    def _work(self, live: LiveRun) -> Callable[[], None]:
        def work() -> None:
            try:
                self._run_session(live)
            finally:
                try:
                    # The place is free at once; the run stays known here until the store tells the same of it.
                    self._fill_slots()
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
                self._live.pop(live.run_id, None)
        finally:
            live.finished.set()

    def _run_session(self, live: LiveRun) -> None:
        directory = self._layout.run(live.run_id)
        reporter = RunReporter(live.run_id, live.emit, directory / "log.txt")
        try:
            from trainer.runs.session import Session  # torch and Stable-Baselines3 load here, not with the page

            session = Session(
                live.config,
                directory,
                live.control,
                reporter,
                on_running=live.began,
                turns=None if self._global_seed else self._turns,
                global_seed=self._global_seed,
                resume=live.resumes,
            )
            outcome = session.run()
        except BaseException as error:  # noqa: BLE001  # one run's error, SystemExit too, ends that run alone
            reason = explain(error)
            trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            reporter.log(trace, "error")
            reporter.log(reason, "error")
            live.enter(RunState.FAILED, reason=reason, error=trace)
            return
        reporter.log(outcome.reason or "Completed.")
        # Whoever sees that a run has ended finds all of it: its last checkpoint, its last curve.
        with contextlib.suppress(StoreError):
            self._store.flush(FLUSH_TIMEOUT)
        live.ended(stopped=outcome.stopped, reason=outcome.reason)

    # Start-up and end

    def recover(self, *, start_waiting: bool = False) -> tuple[str, ...]:
        """Call runs whose process is gone `interrupted`, and take over those that only waited.

        :param start_waiting: let these start in their turn; otherwise they wait for somebody to start them
        :return: ids of the runs that were interrupted
        """
        interrupted: tuple[str, ...] = ()
        for record in orphans(self._store, self._owner):
            if record.status == RunState.QUEUED.value and self._take_over(record, start=start_waiting):
                continue
            self._interrupt(record)
            interrupted += (record.id,)
        return interrupted

    def recover_one(self, run_id: str) -> RunRecord | None:
        """Call one run `interrupted` if its process is gone, and return it; None when nothing was to be done.

        :raises NotFoundError: there is no such run
        """
        record = self.get(run_id)
        if RunState(record.status).ended or is_alive(record.owner):
            return None
        self._interrupt(record)
        return record

    def _interrupt(self, record: RunRecord) -> None:
        reason = INTERRUPTED.format(step=record.step)
        self._store.commit(StateChanged(record.id, status=RunState.INTERRUPTED.value, reason=reason))

    def _take_over(self, record: RunRecord, *, start: bool) -> bool:
        run_id = record.id
        with self._lock:
            if run_id in self._live:  # taken over before; the store has not been told yet
                return True
        try:
            config = load_config(self._store.run_config(run_id))
        except ConfigError:
            return False
        self._store.emit(StateChanged(run_id, status=RunState.QUEUED.value, owner=self._owner))
        live = self._enlist(run_id, config, resumes=record.started_at is not None)
        if start:
            with self._lock:
                self._waiting.append(run_id)
            self._fill_slots()
        else:
            live.hold_back(HELD)
        return True

    def close(self, timeout: float = 20.0) -> None:
        """Stop every run with a checkpoint; those that do not end in `timeout` seconds are left as they are."""
        with self._lock:
            self._closing = True
            self._waiting.clear()
            active = [live for live in self._live.values() if live.state.active]
        for live in active:
            with contextlib.suppress(ConflictError):
                live.enter(RunState.STOPPING, reason="The program was ended.")
            live.control.request_stop()
        deadline = time.monotonic() + timeout
        for live in active:
            if not live.finished.wait(max(0.0, deadline - time.monotonic())):
                _log.warning("run %s did not end in time; it will be found interrupted", live.run_id)


def _new_run_id(config: RunConfig) -> str:
    environment = config.environment.id.rsplit("/", 1)[-1].split("-")[0].lower()
    slug = "".join(letter if letter.isalnum() else "-" for letter in environment)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return f"{config.algorithm.name}-{slug}-{stamp}-{secrets.token_hex(2)}"
