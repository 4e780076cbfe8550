"""How runs come to be trained: new ones, once more, with more steps, and after a crash."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from trainer.amounts import size
from trainer.config import PresetStore, RunConfig, Spaces, apply_overrides, check, check_rest, load_config
from trainer.config.sizes import memory_fault, replay_bytes, rollout_bytes
from trainer.envs import catalogue
from trainer.envs.entry_points import placed
from trainer.envs.pool_faults import pool_faults
from trainer.errors import ConfigError, ConflictError, Fault, PalaestraError
from trainer.events import ConfigChanged, RunCreated, StateChanged
from trainer.hardware.devices import device_faults
from trainer.hardware.limits import limit_faults
from trainer.memory import available_bytes, total_bytes
from trainer.paths import Layout
from trainer.revision import git_commit
from trainer.runs.agreement import finish_removals, reconcile
from trainer.runs.checkpoints import checkpoints_in
from trainer.runs.command import shortest_command
from trainer.runs.forks import Fork
from trainer.runs.found import found_runs, sweep
from trainer.runs.ownership import SignOfLife, is_alive, is_foreign, orphans, this_process
from trainer.runs.roster import Roster
from trainer.runs.run_files import remove_run_files, write_run_files
from trainer.runs.states import RunState
from trainer.store import RunRecord, Store, StoreError

_log = logging.getLogger(__name__)

INTERRUPTED = "Its process ended at step {step:,}, before the run did. "
_RECOVERED = "Resume goes on from its checkpoint of step {step:,}; curves, log, videos and checkpoints are kept."
_BEFORE_LEARNING = 400 * 10**6  # bytes that a process takes before it holds anything of its run
_BEGINS_AGAIN = "There is no checkpoint yet: Resume begins again."


class Intake:
    """Writes runs into the store and hands them to the roster."""

    def __init__(self, store: Store, layout: Layout, presets: PresetStore, roster: Roster) -> None:
        self._store = store
        self._layout = layout
        self._presets = presets
        self._roster = roster
        self._owner = this_process()
        self.signs = SignOfLife(layout.outputs)

    def faults(self, config: RunConfig) -> list[Fault]:
        """Return everything that is known to be wrong with `config`, before anything is started."""
        resources = config.resources.model_copy(update={"executor": placed(config).executor})
        machine = [*device_faults(config.training.device), *limit_faults(resources)]
        machine += pool_faults(config.environment)
        try:
            spaces = catalogue.environment_spaces(config.environment)
        except ConfigError as error:
            return [*error.faults, *check(config, None), *machine]
        return [*check(config, spaces), *self._memory_faults(config, spaces), *machine]

    def faults_of_rest(self, rest: RunConfig, known: Collection[str]) -> list[Fault]:
        """Return what more is wrong with a configuration of which some settings cannot be read.

        :param rest: the configuration without them
        :param known: paths of the faults that are known
        """
        found: list[Fault] = []
        spaces: Spaces | None = None
        if not any(path.startswith("environment") for path in known):
            try:
                spaces = catalogue.environment_spaces(rest.environment)
            except ConfigError as error:
                found += error.faults
        found += check_rest(rest, spaces)
        return [fault for fault in found if fault.field not in known]

    def _memory_faults(self, config: RunConfig, spaces: Spaces) -> list[Fault]:
        """Return the fault of a buffer that will not fit; a run whose turn comes later has all memory there is."""
        needed = replay_bytes(config, spaces) or rollout_bytes(config, spaces)
        if not needed:
            return []
        limit = config.resources.memory_limit_mb
        if limit is not None and placed(config).executor == "process":
            left = max(0, limit * 2**20 - _BEFORE_LEARNING)
            words = f"{size(left)} are left to it of the run's limit of {limit:,} MB"
            fault = memory_fault(config, needed, left, words)
            if fault:
                return [fault]
        if self._roster.ahead() is None:
            fault = memory_fault(config, needed, available_bytes())
        else:
            total = total_bytes()
            fault = memory_fault(config, needed, total, f"{size(total)} are all that this machine has")
        return [fault] if fault else []

    def submit(self, config: RunConfig, *, preset: str | None = None, start: bool = True) -> str:
        """Accept a new run and return its id.

        :raises ConfigError: with every fault of the configuration
        """
        self._require(config)
        run_id = _new_run_id(config)
        write_run_files(self._layout.run(run_id), config, shortest_command(config, self._presets, preset))
        self._create(run_id, config, preset)
        self._roster.enlist(run_id, config, start=start)
        return run_id

    def fork(self, record: RunRecord, step: int | None, overrides: Mapping[str, Any], *, start: bool = True) -> str:
        """Let a new run go on from a checkpoint of another one, with other settings; return its id.

        :param step: of the checkpoint; None takes the newest that is whole
        :raises ConfigError: with every fault, also of settings that the checkpoint cannot take
        :raises ConflictError: there is no such checkpoint, or it is damaged
        """
        fork = Fork.planned(record, self.config_of(record.id), self._layout.run(record.id), step, overrides)
        self._require(fork.config)
        run_id = _new_run_id(fork.config)
        checkpoint = fork.make(self._layout.run(run_id))
        lineage = {"parent_id": record.id, "parent_step": checkpoint.step, "difference": fork.difference}
        self._create(run_id, fork.config, record.preset, **lineage)
        try:
            self._store.commit(checkpoint.saved(run_id))
            self._roster.enlist(run_id, fork.config, resumes=True, start=start)
        except StoreError as error:
            self._store.emit(StateChanged(run_id, status=RunState.FAILED.value, reason=error.message))
            raise
        return run_id

    def adopt(self, config: RunConfig, model: Path, *, preset: str | None, trust: bool) -> str:
        """Make a run that goes on from a model file; return its id. It stands as if it had been stopped.

        :raises ConfigError: with every fault of the configuration
        :raises PalaestraError: the file cannot be taken in; nothing is left of the attempt
        """
        from trainer.runs.importing import checkpoint_of  # torch comes with it, which the page does not wait for

        self._require(config)
        run_id = _new_run_id(config)
        directory = self._layout.run(run_id)
        write_run_files(directory, config, shortest_command(config, self._presets, preset))
        try:
            step, events = checkpoint_of(model, config, directory, trust=trust)
        except BaseException:
            remove_run_files(directory)
            raise
        self._create(run_id, config, preset)
        for event in events:
            self._store.emit(event)
        reason = f"Imported from {model.name}. Resume trains it from here."
        self._store.commit(StateChanged(run_id, status=RunState.STOPPED.value, step=step, reason=reason))
        return run_id

    def take_in_found(self) -> list[str]:
        """Take in runs whose directories were put into the outputs folder from elsewhere; return their ids.

        What a crash has cut short of deletions is brought to its end first.
        """
        sweep(self._layout)
        finish_removals(self._store, self._layout)
        taken: list[str] = []
        for found in found_runs(self._layout, self._store.run_ids()):
            self._create(found.run_id, found.config, None)
            for event in found.events:
                self._store.emit(event)
            self._store.commit(
                StateChanged(found.run_id, status=found.state.value, step=found.step, reason=found.reason)
            )
            taken.append(found.run_id)
        return taken

    def reopen(self, run_id: str, config: RunConfig | None = None) -> None:
        """Let an ended run go on from its last checkpoint.

        :param config: it goes on with; None goes on with its own
        :raises ConfigError: its configuration cannot run here (any more); every fault is named
        :raises ConflictError: its directory is gone, or somebody else was faster
        """
        change: ConfigChanged | None = None
        if config is None:
            config = self.config_of(run_id)
        else:
            change = ConfigChanged(run_id, config=config.to_data(), total_steps=config.training.total_timesteps)
        self._require(config)
        directory = self._layout.run(run_id)
        if not directory.is_dir():
            raise ConflictError("The run's directory is gone, and its checkpoints with it. Restart trains it again.")
        before, data = self._store.run(run_id), self._store.run_config(run_id)
        self._store.reopen_run(run_id, self._owner, change)
        try:
            if change is not None:
                write_run_files(directory, config, shortest_command(config, self._presets, None))
            self._roster.enlist(run_id, config, resumes=True)
        except BaseException:
            # What cannot go on now must not wait for a turn that nobody gives it.
            self._store.emit(ConfigChanged(run_id, config=data, total_steps=before.total_steps))
            self._store.emit(StateChanged(run_id, status=before.status, reason=before.reason, error=before.error))
            raise
        reconcile(self._store, run_id, directory)

    def extend(self, record: RunRecord, total_steps: int) -> None:
        """Give an ended run more steps, and let it go on from its last checkpoint.

        :raises ConfigError: `total_steps` is not beyond what it has taken
        """
        if total_steps <= record.step:
            message = f"the run has taken {record.step:,} steps already"
            raise ConfigError([Fault("training.total_timesteps", message, "Choose a larger number.")])
        change = {"training.total_timesteps": total_steps}
        self.reopen(record.id, load_config(apply_overrides(self._store.run_config(record.id), change)))

    def restart(self, record: RunRecord) -> str:
        """Train a run's configuration once more from the beginning; return the id of the new run."""
        return self.submit(self.config_of(record.id), preset=record.preset)

    def config_of(self, run_id: str) -> RunConfig:
        """Return a run's configuration.

        :raises ConfigError: it is of a program that knew other fields
        """
        return load_config(self._store.run_config(run_id))

    def recover(self, *, go_on: bool) -> tuple[str, ...]:
        """Call runs whose process is gone `interrupted`, and take over those that only waited.

        :param go_on: let all of them go on, those that waited after the interrupted; otherwise they wait for somebody
        :return: ids of the runs that were interrupted
        """
        interrupted: list[str] = []
        waiting: list[RunRecord] = []
        # A database may be shared by machines that each have an outputs folder: what is not here is not ours to judge.
        for record in orphans(self._store, self._owner, self.signs):
            if is_foreign(record.owner) and not self._layout.run(record.id).is_dir():
                continue
            if record.status == RunState.QUEUED.value:
                waiting.append(record)
            else:
                self._interrupt(record)
                interrupted.append(record.id)
        if go_on:
            self.resume_interrupted()
        for record in waiting:
            if not self._take_over(record, start=go_on):
                self._interrupt(record)
                interrupted.append(record.id)
        return tuple(interrupted)

    def recover_one(self, record: RunRecord) -> RunRecord | None:
        """Call one run `interrupted` if its process is gone, and return it; None when nothing was to be done."""
        if RunState(record.status).ended or is_alive(record.owner, self.signs):
            return None
        self._interrupt(record)
        return record

    def resume_interrupted(self) -> list[str]:
        """Let every interrupted run go on; one that cannot is left as it is, with the reason in the log."""
        resumed: list[str] = []
        cursor: str | None = None
        while True:
            page = self._store.runs(status=[RunState.INTERRUPTED.value], limit=500, cursor=cursor)
            for record in reversed(page.items):  # the oldest first
                try:
                    self.reopen(record.id)
                except PalaestraError as error:
                    _log.warning("run %s does not go on: %s", record.id, error.message)
                else:
                    resumed.append(record.id)
            cursor = page.cursor
            if cursor is None:
                return resumed

    def _require(self, config: RunConfig) -> None:
        faults = self.faults(config)
        if faults:
            raise ConfigError(faults)

    def _create(self, run_id: str, config: RunConfig, preset: str | None, **lineage: Any) -> None:
        created = RunCreated(
            run_id,
            name=config.name or f"{config.algorithm.label} {config.environment.id}",
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
            git_commit=git_commit(),
            **lineage,
        )
        try:
            self._store.commit(created)
        except StoreError:
            # It stays queued for the database, which must not show it as waiting once it answers again.
            reason = "The database did not answer when it was submitted. Submit it again."
            self._store.emit(StateChanged(run_id, status=RunState.FAILED.value, reason=reason))
            raise

    def _interrupt(self, record: RunRecord) -> None:
        found = checkpoints_in(self._layout.run(record.id))
        recovered = _RECOVERED.format(step=found[-1].step) if found else _BEGINS_AGAIN
        # The checkpoint may be of a moment that the database was not told of any more.
        step = max([record.step, *(each.step for each in found)])
        reason = INTERRUPTED.format(step=step) + recovered
        self._store.commit(StateChanged(record.id, status=RunState.INTERRUPTED.value, reason=reason))

    def _take_over(self, record: RunRecord, *, start: bool) -> bool:
        run_id = record.id
        if self._roster.find(run_id):  # taken over before; the store has not been told yet
            return True
        try:
            config = self.config_of(run_id)
        except ConfigError:
            return False
        self._store.emit(StateChanged(run_id, status=RunState.QUEUED.value, owner=self._owner))
        has_begun = record.started_at is not None or bool(checkpoints_in(self._layout.run(run_id)))
        self._roster.enlist(run_id, config, resumes=has_begun, start=start)
        return True


def _new_run_id(config: RunConfig) -> str:
    environment = config.environment.id.rsplit("/", 1)[-1].split("-")[0].lower()
    slug = "".join(letter if letter.isalnum() else "-" for letter in environment)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return f"{config.algorithm.name}-{slug}-{stamp}-{secrets.token_hex(2)}"
