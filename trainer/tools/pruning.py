"""Deleting checkpoints: what a policy would take away, what that frees, and doing it.

What always holds: only runs that have ended are touched; of each the newest whole checkpoint stays with everything, so
that it can be resumed, extended and forked; a checkpoint disappears by one rename, so a crash leaves each one whole or
gone. A fork has its parent's checkpoint under its own roof and loses nothing with the parent's.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainer import whole_files as files
from trainer.errors import ConflictError, NotFoundError
from trainer.events import CheckpointRemoved, RunEvent
from trainer.paths import Layout
from trainer.runs.checkpoints import FOLDER, Checkpoint, checkpoints_in
from trainer.runs.checkpoints.folder import ABOUT
from trainer.runs.checkpoints.replay_files import FOLDER as REPLAY
from trainer.runs.manager import RunManager
from trainer.runs.states import ENDED, RunState
from trainer.store import RunRecord
from trainer.tools.choosing import best_of
from trainer.tools.progress import Progress
from trainer.tools.tasks import Prune

_PAGE = 500
_SHOWN = 200  # runs named in a preview; all of them are counted


@dataclass(frozen=True)
class Plan:
    """What goes of one run.

    :param checkpoints: that go whole
    :param replays: checkpoints that stay and lose their replay buffer
    :param best: the best of all, wherever it is
    """

    run_id: str
    name: str
    directory: Path
    checkpoints: list[Checkpoint]
    replays: list[Checkpoint]
    kept: list[Checkpoint]
    best: Checkpoint | None = None

    def going(self) -> Iterator[Path]:
        """Yield every file that goes."""
        for checkpoint in self.checkpoints:
            yield from _files(checkpoint.path)
        for checkpoint in self.replays:
            yield from _files(checkpoint.path / REPLAY)

    def as_json(self) -> dict[str, Any]:
        """Return it as a preview shows it."""
        return {
            "run": self.run_id,
            "name": self.name,
            "checkpoints": [self._told(each) for each in self.checkpoints],
            "replays": [self._told(each) for each in self.replays],
            "kept": [self._told(each) for each in self.kept],
            **Weight.of(self.going()).as_json(),
        }

    def _told(self, checkpoint: Checkpoint) -> dict[str, Any]:
        # What was saved as the best need not be it any more.
        said = {"step": checkpoint.step, "kind": checkpoint.kind, "mean_return": checkpoint.mean_return}
        return {**said, "best": checkpoint is self.best}


@dataclass(frozen=True)
class Weight:
    """What files that go take, in bytes: `freed` is what the disk gets back, `shared` what others still hold.

    Pieces of a replay buffer are one file under several names; it is freed with the last of them only.
    """

    freed: int
    shared: int

    @classmethod
    def of(cls, going: Iterable[Path]) -> Weight:
        """Weigh files; one that has gone meanwhile weighs nothing."""
        names: Counter[tuple[int, int]] = Counter()
        found: dict[tuple[int, int], os.stat_result] = {}
        for path in going:
            with contextlib.suppress(OSError):
                status = path.stat()
                file = status.st_dev, status.st_ino
                names[file] += 1
                found[file] = status
        freed = sum(each.st_size for file, each in found.items() if names[file] >= each.st_nlink)
        return cls(freed, sum(each.st_size for each in found.values()) - freed)

    def as_json(self) -> dict[str, int]:
        """Return both numbers."""
        return {"freed_bytes": self.freed, "shared_bytes": self.shared}


def plan(record: RunRecord, directory: Path, wanted: Prune) -> Plan:
    """Return what would go of a run that has ended."""
    found = checkpoints_in(directory)
    best = best_of(found)
    newest = {each.step for each in found[-wanted.newest :]}
    kept: list[Checkpoint] = []
    gone: list[Checkpoint] = []
    for checkpoint in found:
        keeps = (
            checkpoint.step in newest
            or (wanted.best and checkpoint is best)
            or (wanted.final and checkpoint.kind == "final")
            or (wanted.milestones and _is_milestone(checkpoint))
        )
        (kept if keeps else gone).append(checkpoint)
    replays = [] if wanted.replay else [each for each in kept[:-1] if (each.path / REPLAY).exists()]
    return Plan(record.id, record.name or record.id, directory, gone, replays, kept, best)


def ended_runs(manager: RunManager) -> Iterator[RunRecord]:
    """Yield every run that has ended, the newest first."""
    cursor: str | None = None
    while True:
        page = manager.list(status=[state.value for state in ENDED], limit=_PAGE, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def preview(manager: RunManager, layout: Layout, wanted: Prune, progress: Progress) -> dict[str, Any]:
    """Return what would go and what that frees, nothing being touched.

    :raises ConflictError: the run still lives
    :raises NotFoundError: there is no such run
    """
    plans = [each for each in _plans(manager, layout, wanted, progress) if each.checkpoints or each.replays]
    weight = Weight.of(path for each in plans for path in each.going())
    return {
        "runs": [each.as_json() for each in plans[:_SHOWN]],
        "run_count": len(plans),
        "checkpoint_count": sum(len(each.checkpoints) for each in plans),
        "replay_count": sum(len(each.replays) for each in plans),
        **weight.as_json(),
    }


def prune(
    manager: RunManager, layout: Layout, wanted: Prune, emit: Callable[[RunEvent], None], progress: Progress
) -> dict[str, Any]:
    """Delete what the policy does not keep, run by run, and return what was deleted.

    When it is cut short, the runs that were done stay done and `cancelled` says so.

    :param emit: takes what the store is to be told
    """
    counted = {"runs": 0, "checkpoints": 0, "replays": 0, "freed_bytes": 0}
    skipped: list[str] = []
    for each in _plans(manager, layout, wanted, progress):
        if progress.cancelled:
            break
        try:
            state = RunState(manager.get(each.run_id).status)
        except NotFoundError:  # deleted meanwhile
            continue
        loses = bool(each.checkpoints or each.replays)
        # Somebody may have let it go on meanwhile.
        if state not in ENDED:
            skipped += [f"{each.name} goes on by now."] if loses else []
            continue
        manager.tidy(each.run_id)
        if not loses:
            continue
        damage = each.kept[-1].damage
        if damage is not None:
            skipped.append(f"{each.name}: of the newest checkpoint, {damage}; its older ones may be needed.")
            continue
        done = _do(each, emit)
        counted["runs"] += bool(done.checkpoints or done.replays)
        counted["checkpoints"] += done.checkpoints
        counted["replays"] += done.replays
        counted["freed_bytes"] += done.freed
        skipped += done.lost
    return {**counted, "skipped": skipped, "cancelled": progress.cancelled}


def _plans(manager: RunManager, layout: Layout, wanted: Prune, progress: Progress) -> Iterator[Plan]:
    if wanted.run is not None:
        record = manager.get(wanted.run)
        if RunState(record.status) not in ENDED:
            raise ConflictError(
                f"The run is {record.status}: it looks after its checkpoints itself until it has ended."
            )
        yield plan(record, layout.run(record.id), wanted)
        return
    records = list(ended_runs(manager))
    for number, record in enumerate(records, start=1):
        yield plan(record, layout.run(record.id), wanted)
        progress.tell(number / len(records), f"run {number:,} of {len(records):,}")


@dataclass
class _Done:
    """What went of one run: how many, the bytes that the disk has back, and what could not go in words."""

    checkpoints: int = 0
    replays: int = 0
    freed: int = 0
    lost: list[str] = field(default_factory=list)

    def remove(self, folder: Path, name: str) -> bool:
        """Take a folder away; return whether it is gone by this."""
        # At this moment: its files may have been another's too that has gone just now.
        freed = Weight.of(_files(folder)).freed
        try:
            is_all = files.remove(folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            self.lost.append(f"{name}: {error}.")
            return False
        self.freed += freed if is_all else 0
        return True


def _do(planned: Plan, emit: Callable[[RunEvent], None]) -> _Done:
    done = _Done()
    for checkpoint in planned.checkpoints:
        if done.remove(checkpoint.path, f"{planned.name}, step {checkpoint.step:,}"):
            emit(CheckpointRemoved(planned.run_id, path=f"{FOLDER}/{checkpoint.path.name}"))
            done.checkpoints += 1
    for checkpoint in planned.replays:
        name = f"{planned.name}, replay buffer of step {checkpoint.step:,}"
        if not done.remove(checkpoint.path / REPLAY, name):
            continue
        done.replays += 1
        # The same checkpoint, smaller.
        with contextlib.suppress(OSError, ValueError, KeyError):
            made = float(files.read_sealed(checkpoint.path / ABOUT)["time"])
            emit(replace(checkpoint.saved(planned.run_id), time=made))
    return done


def _is_milestone(checkpoint: Checkpoint) -> bool:
    # One that was a milestone first stays one, whatever it has become beside that.
    return checkpoint.kept and checkpoint.kind != "final"


def _files(folder: Path) -> Iterator[Path]:
    # A preview looks at every file of every run: a third of the time that `rglob` takes.
    return (Path(place, name) for place, _, names in os.walk(folder) for name in names)
