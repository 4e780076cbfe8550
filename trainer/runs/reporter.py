"""What a session says about itself: a thin voice that turns its facts into events of one run.

Log lines go to the store and to `log.txt`; neither may stop the training, so a full disk is noted once and the
store keeps the lines.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from trainer.errors import StorageError
from trainer.events import ConfigEdited, LogWritten, MetricsLogged, RunEvent
from trainer.runs.edits import Changes, Edit
from trainer.runs.run_files import write_run_files

_log = logging.getLogger(__name__)


class RunReporter:
    """Emits the events of one run.

    :param emit: takes an event without blocking, `Store.emit`
    :param log_file: the run's `log.txt`; lines are appended
    :param settle: waits until the store has what was emitted
    """

    def __init__(
        self,
        run_id: str,
        emit: Callable[[RunEvent], None],
        log_file: Path | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self.run_id = run_id
        self.emit = emit
        self.settle = settle
        self._log_file = log_file
        self._file_works = log_file is not None

    def log(self, text: str, level: str = "info") -> None:
        """Add lines to the run's log; a text of several lines becomes several entries at one time."""
        now = time.time()
        lines = text.rstrip("\n").split("\n")
        for line in lines:
            self.emit(LogWritten(self.run_id, level=level, text=line, time=now))
        self._append(now, level, lines)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Record scalars at `step`."""
        self.emit(MetricsLogged(self.run_id, step=step, values=dict(values)))

    def edited(self, step: int, changes: Changes, edit: Edit, directory: Path) -> None:
        """Say that the run trains with other settings from `step` on: to the store, then in its directory."""
        self.emit(ConfigEdited(self.run_id, step=step, changes=changes, config=edit.config.to_data()))
        told = ", ".join(f"{path} from {json.dumps(old)} to {json.dumps(new)}" for path, (old, new) in changes.items())
        self.log(f"Edited at step {step:,}: {told}.")
        self.settle()
        try:
            write_run_files(directory, edit.config, edit.command)
        except StorageError as error:
            self.log(f"{error.message} The edit holds all the same.", "warning")

    def _append(self, now: float, level: str, lines: list[str]) -> None:
        if not self._file_works or self._log_file is None:
            return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        try:
            with self._log_file.open("a", encoding="utf-8") as file:
                file.writelines(f"{stamp} {level.upper():<7} {line}\n" for line in lines)
        except OSError as error:
            self._file_works = False
            _log.warning("run %s: log.txt cannot be written (%s); the log goes on in the database", self.run_id, error)
