"""What people can ask of runs, in one place: the pages, the API and the terminal speak to a `RunManager`.

Nothing here depends on a page being open. How runs come in is `intake`, whose turn it is `roster`, what the thread of
a run does `work`.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer.config import PresetStore, RunConfig
from trainer.envs.entry_points import placed
from trainer.errors import ConflictError, Fault, NotFoundError
from trainer.paths import Layout
from trainer.runs.agreement import tidy_ended
from trainer.runs.editor import Editor
from trainer.runs.executors.thread import ThreadExecutor
from trainer.runs.guardian import Guardian
from trainer.runs.holds import Holds
from trainer.runs.intake import Intake
from trainer.runs.live_run import LiveRun
from trainer.runs.ownership import describe
from trainer.runs.review import Review, Reviewer
from trainer.runs.roster import Roster
from trainer.runs.run_files import removed_run_files
from trainer.runs.states import ENDED, LIVE, RunState, why_not
from trainer.runs.work import Work
from trainer.store import Page, RunRecord, Store

ACTIONS = ("start", "pause", "resume", "stop", "edit", "restart", "extend", "fork")
_LIVE, _ENDED = [state.value for state in LIVE], [state.value for state in ENDED]
# A click answers within 250 ms; what takes longer shows when it happens.
ANSWER_TIMEOUT = 0.15
_SETTLING_TIMEOUT = 2.0


class RunManager:
    """Accepts runs, starts them in turn and passes on what people ask of them.

    `holds` knows who works on runs that have ended, which are not deleted meanwhile.

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
        self.holds = Holds()
        self._store = store
        self._layout = layout
        work = Work(store, layout, global_seed=global_seed)
        self._roster = Roster(store, slots, executor or ThreadExecutor(), work)
        self._intake = Intake(store, layout, presets, self._roster)
        self._reviewer = Reviewer(store, layout, self._roster)
        self._guardian = Guardian(self._roster, layout)
        self._editor = Editor(store, layout, presets, self._intake)

    def look_after(self) -> None:
        """Give up runs that hang, and pause runs before their disk is full; to be asked about once a second."""
        self._intake.signs.give()
        self._guardian.look()

    def has_room(self) -> bool:
        """Return whether the next checkpoints of all runs fit on the disk.

        :raises OSError: the system does not say
        """
        return self._guardian.has_room()

    # Runs come in

    def check(self, config: RunConfig) -> list[Fault]:
        """Return everything that is known to be wrong with `config`, before anything is started."""
        return self._intake.faults(config)

    def review(self, config: RunConfig | None, faults: Sequence[Fault] = (), rest: RunConfig | None = None) -> Review:
        """Return faults, advice, estimates and the way to a start of a configuration; nothing is started.

        :param config: None where `faults` keep it from being one
        :param faults: what is known to be wrong beside what `check` finds
        :param rest: what can be read all the same where `config` is None, without the settings at fault
        """
        found = [*faults]
        if config is not None:
            found += self.check(config)
        elif rest is not None:
            found += self._intake.faults_of_rest(rest, {fault.field for fault in faults})
        return self._reviewer.review(config, found)

    def submit(self, config: RunConfig, *, preset: str | None = None, start: bool = True) -> RunRecord:
        """Accept a run; it starts when a place is free, or waits for `start` when `start` is False.

        :raises ConfigError: with every fault of the configuration
        """
        return self.get(self._intake.submit(config, preset=preset, start=start))

    def import_model(
        self, model: Path, config: RunConfig, *, preset: str | None = None, trust: bool = False
    ) -> RunRecord:
        """Make a stopped run of a model file from elsewhere; Resume trains it.

        :param trust: read files that hold more than weights too, which may run whatever is in them
        :raises ConfigError: with every fault of the configuration
        :raises PalaestraError: the file cannot be taken in; the message says why
        """
        return self.get(self._intake.adopt(config, model, preset=preset, trust=trust))

    def restart(self, run_id: str) -> RunRecord:
        """Train an ended run's configuration once more from the beginning, as a run of its own.

        :raises ConflictError: the run has not ended
        """
        return self.get(self._intake.restart(self._possible("restart", run_id)))

    def extend(self, run_id: str, total_steps: int) -> RunRecord:
        """Give an ended run more steps, and let it go on from its last checkpoint.

        :raises ConflictError: it has not ended, or its length is a time
        :raises ConfigError: `total_steps` is not beyond what it has taken
        """
        self._intake.extend(self._possible("extend", run_id), total_steps)
        return self.get(run_id)

    def fork(
        self,
        run_id: str,
        *,
        step: int | None = None,
        overrides: Mapping[str, Any] | None = None,
        name: str | None = None,
        start: bool = True,
    ) -> RunRecord:
        """Let a new run go on from a checkpoint of another one, in whatever state that is, with other settings.

        :param step: of the checkpoint; None takes the newest that is whole
        :param overrides: dotted path to value; everything else is as the other run has it now
        :param name: what to call it; None makes a name of its parent's
        :raises ConfigError: with every fault, also of settings that the checkpoint cannot take
        :raises ConflictError: there is no checkpoint that can be gone on from
        :raises NotFoundError: there is no such run
        """
        changes = {**(overrides or {}), **({} if name is None else {"name": name})}
        return self.get(self._intake.fork(self.get(run_id), step, changes, start=start))

    def recover(self, *, go_on: bool = False) -> tuple[str, ...]:
        """Call runs whose process is gone `interrupted`, and take over those that only waited.

        :param go_on: let all of them go on, those that waited after the interrupted; otherwise they wait for somebody
        :return: ids of the runs that were interrupted
        """
        return self._intake.recover(go_on=go_on)

    def take_in_found(self) -> builtins.list[str]:
        """Take in runs whose directories were put into the outputs folder from elsewhere; return their ids."""
        return self._intake.take_in_found()

    def recover_one(self, run_id: str) -> RunRecord | None:
        """Call one run `interrupted` if its process is gone, and return it; None when nothing was to be done.

        :raises NotFoundError: there is no such run
        """
        return self._intake.recover_one(self.get(run_id))

    def resume_interrupted(self) -> builtins.list[RunRecord]:
        """Let every interrupted run go on; one that cannot is left as it is, with the reason in the log."""
        return [self.get(run_id) for run_id in self._intake.resume_interrupted()]

    # What people ask of a run

    def start(self, run_id: str) -> RunRecord:
        """Let a run that was submitted without starting take its turn.

        :raises ConflictError: the run cannot be started now; the message says why
        """
        live = self._controllable(run_id, "start")
        if not self._roster.let_start(live):
            raise ConflictError(self._why_not("start", live.record) or "The run has just changed.")
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
            self._intake.reopen(self._possible("resume", run_id).id)
            return self.get(run_id)
        live = self._controllable(run_id, "resume")
        live.control.request_resume()
        live.control.wait_until_released(ANSWER_TIMEOUT)
        return self.get(run_id)

    def stop(self, run_id: str) -> RunRecord:
        """Ask a run to end at its next consistent boundary, with a checkpoint; a waiting one ends at once.

        :raises ConflictError: the run has ended or is stopping
        """
        live = self._controllable(run_id, "stop")
        self._roster.take_out(live, "Taken from the queue before it started.")
        if live.state.ended:
            return live.record
        live.enter(RunState.STOPPING)
        live.control.request_stop()
        return self.get(run_id)

    def update(
        self, run_id: str, *, name: str | None = None, tags: builtins.list[str] | None = None, notes: str | None = None
    ) -> RunRecord:
        """Change how a run is called or what is noted about it; None leaves a thing as it is.

        :raises NotFoundError: there is no such run
        """
        self._store.update_run(run_id, name=name, tags=tags, notes=notes)
        live = self._roster.find(run_id)
        if live:
            live.relabel(name=name, tags=tags, notes=notes)
        return self.get(run_id)

    def edit(self, run_id: str, overrides: Mapping[str, Any]) -> RunRecord:
        """Change settings of a run that waits, trains or is paused; a training one follows after its present rollout.

        :param overrides: values by dotted path
        :raises ConfigError: with every setting that cannot have its value, or cannot change while a run lives
        :raises ConflictError: the run cannot be edited now; the message says why
        """
        self._editor.edit(self._controllable(run_id, "edit"), overrides)
        return self.get(run_id)

    def delete(self, run_id: str) -> None:
        """Remove an ended run with its directory; whatever fails, it is whole or gone.

        :raises ConflictError: the run still lives, or a task works on it
        :raises NotFoundError: there is no such run
        :raises PalaestraError: its directory or its data cannot be removed
        """
        with self.holds.none_of(run_id):
            record = self.get(run_id)
            if RunState(record.status) in LIVE:
                raise ConflictError(f"The run is {record.status}: stop it before you delete it.")
            # It is in the store no more where somebody else's deletion was faster.
            with removed_run_files(self._layout.run(run_id)), contextlib.suppress(NotFoundError):
                self._store.delete_run(run_id)

    def tidy(self, run_id: str) -> None:
        """Take away what processes that died have left of an ended run's checkpoints; the store is told."""
        tidy_ended(self._store, run_id, self._layout.run(run_id))

    # What is known of runs

    def get(self, run_id: str) -> RunRecord:
        """Return a run as it stands.

        :raises NotFoundError: there is no such run
        """
        live = self._roster.find(run_id)
        return live.record if live else self._store.run(run_id)

    def family(self, run_id: str) -> builtins.list[RunRecord]:
        """Return a run with all that it was forked from and all that was forked from these, parents first.

        :raises NotFoundError: there is no such run
        """
        return [self._roster.overlaid(record) for record in self._store.family(run_id)]

    def config(self, run_id: str) -> dict[str, Any]:
        """Return the configuration that a run was last asked to train with, as JSON data.

        :raises NotFoundError: there is no such run
        """
        live = self._roster.find(run_id)
        return live.wanted.to_data() if live else self._store.run_config(run_id)

    def list(self, **filters: Any) -> Page[RunRecord]:
        """Return a page of runs, newest first; the filters are those of `Store.runs`."""
        page = self._store.runs(**filters)
        return Page([self._roster.overlaid(record) for record in page.items], page.cursor)

    def board(self, most_live: int, most_ended: int) -> tuple[RunRecord, ...]:
        """Return the newest runs that live, then those that ended last."""
        records = self._store.board(_LIVE, most_live, _ENDED, most_ended)
        # One may be live here and not yet so in the store, and then be found twice.
        return tuple(self._roster.overlaid(record) for record in {record.id: record for record in records}.values())

    def actions(self, record: RunRecord) -> dict[str, str | None]:
        """Return for each action None when it is possible now, else why it is not."""
        return {action: self._why_not(action, record) for action in ACTIONS}

    def process(self, run_id: str) -> dict[str, Any] | None:
        """Return number (`pid`) and memory in bytes (`memory`) of the process of its own that a run has, or None.

        `why` says why it has one where nobody asked for it, else it is None.
        """
        live = self._roster.find(run_id)
        process = live.process if live else None
        if live is None or process is None:
            return None
        return {"pid": process.pid, "memory": process.memory_bytes, "why": placed(live.config).by_itself}

    def wait(self, run_id: str, timeout: float | None = None) -> bool:
        """Wait until a run of this process has ended; return whether it has."""
        return self._roster.wait(run_id, timeout)

    def close(self, timeout: float = 20.0) -> None:
        """Stop every run with a checkpoint; those that do not end in `timeout` seconds are left as they are."""
        self._roster.close(timeout)
        self._intake.signs.close()

    def _why_not(self, action: str, record: RunRecord) -> str | None:
        state = RunState(record.status)
        if action == "fork":
            return None if record.step else "The run has no checkpoint yet."
        reason = why_not(action, state)
        if reason is not None:
            return reason
        if action == "extend" and record.total_steps is None:
            return "The length of this run is a time, not a number of steps."
        lives_here = self._roster.find(record.id) is not None
        if state.ended:
            return "The run has just ended." if lives_here else None
        if not lives_here:
            return f"The run belongs to {describe(record.owner)}: use its terminal."
        if action == "start" and self._roster.waits(record.id):
            return "The run starts by itself when a place is free."
        return None

    def _possible(self, action: str, run_id: str) -> RunRecord:
        record = self.get(run_id)
        if RunState(record.status).ended:
            # Who asks right after its end should not be sent away for the moment that the store takes to hear of it.
            self._roster.wait(run_id, _SETTLING_TIMEOUT)
            self._roster.tidy()
        reason = self._why_not(action, record)
        if reason is not None:
            raise ConflictError(reason)
        return record

    def _controllable(self, run_id: str, action: str) -> LiveRun:
        reason = self._why_not(action, self.get(run_id))
        live = self._roster.find(run_id)
        if reason is not None or live is None:
            raise ConflictError(reason or "The run has just ended.")
        return live
