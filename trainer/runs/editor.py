"""How people change settings of a run that lives.

An edit is accepted whole or refused whole, on top of all that was accepted before it. A run that waits begins with it;
one that trains takes it over between two rollouts, in its own thread. Only then is it said to the store and written
into the run's directory, so what is known there is what the run really trains with: an edit that was accepted and not
yet applied dies with its process, and one that was applied is in the store before any later checkpoint is.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from trainer.config import PresetStore, RunConfig, apply_overrides, load_config
from trainer.errors import ConfigError, NotFoundError
from trainer.paths import Layout
from trainer.runs.command import shortest_command
from trainer.runs.edits import Edit, changes_between, edit_faults
from trainer.runs.intake import Intake
from trainer.runs.live_run import LiveRun
from trainer.runs.run_files import write_run_files
from trainer.store import Store, StoreError

_FLUSH_TIMEOUT = 2.0


class Editor:
    """Checks edits and hands them to their runs, one after the other."""

    def __init__(self, store: Store, layout: Layout, presets: PresetStore, intake: Intake) -> None:
        self._store = store
        self._layout = layout
        self._presets = presets
        self._intake = intake
        self._one_at_a_time = threading.Lock()

    def edit(self, live: LiveRun, overrides: Mapping[str, Any]) -> None:
        """Change settings of a run that lives here, by their dotted paths; those that have these values stay.

        :raises ConfigError: with every setting that cannot have its value, or cannot change while the run lives
        :raises ConflictError: the run is about to end
        :raises StorageError: a waiting run's files cannot be written
        """
        with self._one_at_a_time:
            before = live.wanted
            after = load_config(apply_overrides(before.to_data(), overrides))
            changes = changes_between(before, after)
            if not changes:
                return
            faults = edit_faults(before, after) or self._intake.faults(after)
            if faults:
                raise ConfigError(faults)
            edit = Edit(after, self._command(after, live.record.preset))
            if live.edit(edit, changes):
                with contextlib.suppress(StoreError):  # what it is owed waits in memory; other edits need not wait too
                    self._store.flush(_FLUSH_TIMEOUT)
                write_run_files(self._layout.run(live.run_id), edit.config, edit.command)

    def _command(self, config: RunConfig, preset: str | None) -> str:
        try:
            return shortest_command(config, self._presets, preset)
        except NotFoundError:  # the preset that it was made of is gone
            return shortest_command(config, self._presets)
