"""What a session says about itself: a thin voice that turns its facts into events of one run.

Log lines go to the store and to `log.txt`; neither may stop the training, so what a full disk does not take is noted
once, kept, and written before the next line that it takes.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from trainer.errors import StorageError
from trainer.events import ConfigEdited, LogWritten, MetricsLogged, RunEvent, RunWarned
from trainer.runs.edits import Changes, Edit
from trainer.runs.run_files import write_run_files

_log = logging.getLogger(__name__)
_MOST_OWED = 1 << 20  # bytes; beyond that the lines are in the database alone


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
        self._owed = b""  # to log.txt
        self._refused = False

    def log(self, text: str, level: str = "info") -> None:
        """Add lines to the run's log; a text of several lines becomes several entries at one time."""
        now = time.time()
        lines = text.rstrip("\n").split("\n")
        for line in lines:
            self.emit(LogWritten(self.run_id, level=level, text=line, time=now))
        self._append(now, level, lines)

    def warn(self, text: str) -> None:
        """Add a warning to the log, and show it with the run."""
        self.log(text, "warning")
        self.emit(RunWarned(self.run_id, text))

    def relay(self, event: RunEvent) -> None:
        """Pass on an event of a session in another process; its log lines are written to the file here."""
        self.emit(event)
        if isinstance(event, LogWritten):
            self._append(event.time, event.level, [event.text])

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
        if self._log_file is None:
            return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        if len(self._owed) < _MOST_OWED:
            self._owed += "".join(f"{stamp} {level.upper():<7} {line}\n" for line in lines).encode()
        try:
            # Without a buffer it is known how much of a line a disk has taken before it was full.
            with self._log_file.open("ab", buffering=0) as file:
                while self._owed:
                    self._owed = self._owed[file.write(self._owed) :]
            self._refused = False
        except OSError as error:
            if not self._refused:
                _log.warning("run %s: log.txt cannot be written (%s); its lines are kept", self.run_id, error)
            self._refused = True
