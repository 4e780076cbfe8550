"""The one writer: a thread that turns queued events into transactions.

What always holds:

- A producer only appends to a deque; it never waits for the database, and what it appended is never dropped while
  the process lives. `emit` after `close` raises instead of losing the event.
- Batches are at most `interval` seconds apart, each one transaction, in the order of emission.
- A batch that cannot be written is kept and tried again, first soon and then every few seconds, for as long as it
  takes; the trouble is logged once when it begins and once when it is over, and `last_error` tells it meanwhile.
- What is malformed or concerns a run that does not exist is rejected alone, with a line in the log or an exception
  for the caller who waits for it.
- What a person asked for and was told to have failed is not done behind their back later: such commands are taken out
  of the queue when nobody waits for them any longer.
- A commit whose answer was lost on the way (a PostgreSQL server that restarts) is written again; only log lines can
  then appear twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from trainer.errors import NotFoundError, PalaestraError
from trainer.store.batch import Batch
from trainer.store.commands import Command, Item, MalformedEventError
from trainer.store.database import Database, StoreError, explain
from trainer.store.statements import MetricNames

logger = logging.getLogger(__name__)

_LARGEST_BATCH = 5_000  # items; keeps a transaction, and so another process's wait, to a fraction of a second
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0
_LAST_WAIT = 10.0  # seconds for the transaction under way to end, when a command is taken back


class _Ticket:
    """An item whose sender waits; without an item it marks a place in the queue."""

    __slots__ = ("done", "error", "item", "withdrawn")

    def __init__(self, item: Item | None) -> None:
        self.item = item
        self.withdrawn = False  # the sender waits no longer, and does not want it any more
        self.done = threading.Event()
        self.error: PalaestraError | None = None


class Writer:
    """Owns the writing side of a database; every method may be called from any thread."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._interval = interval
        self._delay = interval
        self._queue: deque[Item | _Ticket] = deque()
        self._batch: list[Item | _Ticket] = []
        self._names = MetricNames()
        self._unknown_runs: set[str] = set()
        self._wake = threading.Event()
        self._closed = False
        self._deadline = float("inf")
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def last_error(self) -> str | None:
        """Why the present batch cannot be written, or None when all is well."""
        return self._error

    @property
    def pending(self) -> int:
        """How many events wait to be written."""
        return len(self._queue) + len(self._batch)

    def emit(self, item: Item | _Ticket) -> None:
        """Queue an item; it is durable at most `interval` seconds plus one transaction later.

        :raises StoreError: the store is closed
        """
        self._queue.append(item)
        # The order matters: whoever appends after the last drain sees the flag, which is set before it.
        if self._closed:
            raise StoreError("The store is closed; nothing more can be written.")

    def commit(self, item: Item | None, timeout: float) -> None:
        """Queue an item, wake the thread, and wait until everything up to it is durable.

        :raises PalaestraError: the item was rejected
        :raises StoreError: the database did not take it in time; an event stays queued and is written when that is
            possible, a command is taken back
        """
        ticket = _Ticket(item)
        self.emit(ticket)
        self._wake.set()
        if not ticket.done.wait(timeout) and not self._taken_back(ticket):
            why = f" ({self._error})" if self._error else ""
            fate = "whether it was done will be seen once it answers" if ticket.withdrawn else "it stays queued"
            raise StoreError(f"{self._database.shown} did not take the data within {timeout:g} s{why}; {fate}.")
        if ticket.error is not None:
            raise ticket.error

    def _taken_back(self, ticket: _Ticket) -> bool:
        """Take a command out of the queue; return whether it is known now how it went, also when it went well."""
        ticket.withdrawn = isinstance(ticket.item, Command)
        self._wake.set()
        return ticket.withdrawn and ticket.done.wait(_LAST_WAIT)

    def close(self, timeout: float) -> None:
        """Write what is queued and end the thread; a second call does nothing.

        :raises StoreError: the database did not take everything within `timeout` seconds
        """
        if self._closed:
            return
        self._deadline = time.monotonic() + timeout
        self._closed = True
        self._wake.set()
        self._thread.join(timeout + 1.0)
        if self.pending:
            message = f"{self.pending} events could not be written to {self._database.shown}: {self._error}."
            logger.error(message)
            raise StoreError(message)

    def _work(self) -> None:
        while True:
            self._wake.wait(max(0.0, min(self._delay, self._deadline - time.monotonic())))
            self._wake.clear()
            closed = self._closed
            self._drain()
            if closed and (not self.pending or time.monotonic() >= self._deadline):
                return

    def _drain(self) -> None:
        """Write what is queued now, in batches; stop at the first that fails and keep it.

        After a failure it goes on asking, also when nothing is left to write, so that nobody is told of trouble that
        is over.
        """
        left = len(self._queue)
        while self._batch or left > 0 or self._error is not None:
            while left > 0 and len(self._batch) < _LARGEST_BATCH:
                self._batch.append(self._queue.popleft())
                left -= 1
            if not self._try_batch():
                return

    def _try_batch(self) -> bool:
        """Write the batch; return False when the database refuses at present."""
        self._leave_out_withdrawn()
        try:
            self._write(self._batch)
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever a driver raises, and keep its batch
            if not _blames_data(error):
                self._failed(error)
                return False
            return self._write_one_by_one()
        self._batch.clear()
        self._succeeded()
        return True

    def _leave_out_withdrawn(self) -> None:
        kept: list[Item | _Ticket] = []
        for entry in self._batch:
            if isinstance(entry, _Ticket) and entry.withdrawn:
                why = f" ({self._error})" if self._error else ""
                message = f"The database {self._database.shown} takes nothing at present{why}. Nothing was changed."
                self._answer(entry, StoreError(f"{message} Try again when whatever holds it is done."))
            else:
                kept.append(entry)
        self._batch = kept

    def _write(self, entries: list[Item | _Ticket]) -> None:
        """Write the entries in one transaction, then answer whoever waits."""
        placed = [(entry, entry.item if isinstance(entry, _Ticket) else entry) for entry in entries]
        items = [item for _, item in placed if item is not None]
        rejected: dict[int, PalaestraError] = {}
        if items or self._error is not None:
            try:
                with self._database.writing.begin() as connection:
                    rejected = Batch(connection, self._names).apply(items)
            except BaseException:
                self._names.forget()
                raise
        position = 0
        for entry, item in placed:
            error = None
            if item is not None:
                error = rejected.get(position)
                position += 1
            self._answer(entry, error)

    def _write_one_by_one(self) -> bool:
        """After the database blamed the data: write each entry alone, rejecting only those it still refuses."""
        while self._batch:
            entry = self._batch[0]
            try:
                self._write([entry])
            except Exception as error:  # noqa: BLE001 - as above; what is not the data's fault keeps the rest
                if not _blames_data(error):
                    self._failed(error)
                    return False
                self._answer(entry, MalformedEventError(f"The database refuses an event: {explain(error)}."))
            self._batch.pop(0)
        self._succeeded()
        return True

    def _answer(self, entry: Item | _Ticket, error: PalaestraError | None) -> None:
        """Tell the waiting sender how it went; what nobody waits for is told to the log."""
        if isinstance(entry, _Ticket):
            entry.error = error
            entry.done.set()
        elif isinstance(error, NotFoundError):
            if entry.run_id not in self._unknown_runs:
                self._unknown_runs.add(entry.run_id)
                logger.warning("Events of run %s are dropped: it is not in the store (deleted?).", entry.run_id)
        elif error is not None:
            logger.error("An event was dropped: %s", error)

    def _failed(self, error: Exception) -> None:
        first = self._error is None
        self._error = explain(error)
        self._delay = _FIRST_DELAY if first else min(self._delay * 2, _LONGEST_DELAY)
        if first:
            shown = self._database.shown
            logger.warning("%s cannot be written (%s); events are kept and tried again.", shown, self._error)

    def _succeeded(self) -> None:
        if self._error is not None:
            self._error = None
            self._delay = self._interval
            logger.warning("%s can be written again; nothing was lost.", self._database.shown)


def _blames_data(error: Exception) -> bool:
    """Tell an event that no database would ever take from a database that takes nothing at present."""
    if isinstance(error, DBAPIError):
        return isinstance(error, (DataError, IntegrityError))
    return isinstance(error, (TypeError, ValueError, LookupError, AttributeError, ArithmeticError))
