"""What the store knows of a run's files and what the disk has, made to agree again after a crash between the two."""

from __future__ import annotations

import contextlib
import logging
import shutil
from pathlib import Path

from trainer import whole_files as files
from trainer.errors import NotFoundError
from trainer.events import CheckpointRemoved
from trainer.paths import Layout
from trainer.runs.checkpoints import FOLDER, checkpoints_in, tidy_checkpoints
from trainer.runs.states import RunState
from trainer.store import Store, StoreError

_log = logging.getLogger(__name__)


def reconcile(store: Store, run_id: str, directory: Path) -> None:
    """Have the store know the checkpoints that are on disk, and no others."""
    there = {event.path: event for event in (each.saved(run_id) for each in checkpoints_in(directory))}
    known = {record.path for record in store.checkpoints(run_id)}
    for path, event in there.items():
        if path not in known:
            store.emit(event)
    for path in known - set(there):
        store.emit(CheckpointRemoved(run_id, path=path))


def tidy_ended(store: Store, run_id: str, directory: Path) -> None:
    """Take away what processes that died have left of an ended run's checkpoints, and tell the store."""
    # A database may be shared by machines that each have an outputs folder: what is not here is not ours to judge.
    if directory.is_dir():
        tidy_checkpoints(directory, shared=True)
        reconcile(store, run_id, directory)


def finish_removals(store: Store, layout: Layout) -> None:
    """Bring to its end what a crash has cut short: deletions of runs, and of checkpoints of ended ones."""
    for run_id, aside in files.leaving(layout.runs).items():
        try:
            if not (layout.runs / run_id).exists():
                store.delete_run(run_id)
        except NotFoundError:
            pass
        except StoreError as error:
            _log.warning("the deletion of run %s waits for the next start: %s", run_id, error.message)
            continue
        shutil.rmtree(aside, ignore_errors=True)
    for run_id in {path.parents[1].name for path in layout.runs.glob(f"[!.]*/{FOLDER}/.step_*")}:
        with contextlib.suppress(NotFoundError):
            if RunState(store.run(run_id).status).ended:
                tidy_ended(store, run_id, layout.runs / run_id)
