"""The store: everything that is known about runs, written by one thread, read by any.

See `writer` for what writing guarantees, `database` for what a crash may cost, `batch` for how events become rows
and `series` for how cursors and decimation work. This module only gives them one face.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trainer.events import ConfigChanged, RunEvent
from trainer.store import family, queries, series
from trainer.store.commands import DeleteRun, ReopenRun, UpdateRun
from trainer.store.database import Database, StoreError
from trainer.store.records import (
    CheckpointRecord,
    ConfigEditRecord,
    EpisodeRecord,
    LogRecord,
    MetricsPage,
    Page,
    RunRecord,
    SpeedRecord,
    VideoRecord,
)
from trainer.store.writer import Writer

COMMIT_SECONDS = 30.0


class Store:
    """One database of runs; open it with `Store.open`, share it between threads, close it at the end."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._writer = Writer(database, interval)
        # A process that ends without close() still writes what it queued.
        self._closing = weakref.finalize(self, _close_quietly, self._writer, database)

    @classmethod
    def open(cls, url: str, *, interval: float = 0.25, busy_seconds: float = 5.0) -> Store:
        """Open a database, creating file and tables where there are none.

        :param url: `sqlite:///path/to/file.db` or `postgresql://user:password@host/name`
        :param interval: longest time between two batches, in seconds
        :param busy_seconds: how long SQLite waits for another process's lock before a batch is put off
        :raises StoreError: it cannot be opened, is not ours, or was made by a newer Palaestra
        """
        return cls(Database(url, busy_seconds), interval)

    def close(self, timeout: float = COMMIT_SECONDS) -> None:
        """Write what is queued and close every connection; a second call does nothing.

        :raises StoreError: the database did not take everything within `timeout` seconds
        """
        self._closing.detach()
        try:
            self._writer.close(timeout)
        finally:
            self._database.dispose()

    # --- writing: from any thread ---------------------------------------------------------------------------------

    def emit(self, event: RunEvent) -> None:
        """Queue an event and return at once; it is in the database within `interval` seconds plus one transaction.

        :raises StoreError: the store is closed
        """
        self._writer.emit(event)

    def commit(self, event: RunEvent, timeout: float = COMMIT_SECONDS) -> None:
        """Queue an event and wait until it, and all queued before it, is durable (a few milliseconds).

        Durable: it survives the death of this process and is seen by every other one; on SQLite it also survives a
        power cut, as far as the disk keeps its word, and PostgreSQL keeps what its own settings promise.

        :param timeout: longest wait in seconds
        :raises NotFoundError: there is no such run
        :raises ConflictError: a run is created under an id that is taken
        :raises StoreError: the database did not take it in time; it stays queued and is written when that is possible
        """
        self._writer.commit(event, timeout)

    def flush(self, timeout: float = COMMIT_SECONDS) -> None:
        """Wait until everything emitted so far is durable.

        :raises StoreError: the database did not take it in time; nothing is lost by that
        """
        self._writer.commit(None, timeout)

    def update_run(
        self,
        run_id: str,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        notes: str | None = None,
    ) -> None:
        """Change a run's name, tags or notes; None leaves a field as it is, "" and () empty it.

        :raises NotFoundError: there is no such run
        """
        self._writer.commit(UpdateRun(run_id, name, None if tags is None else tuple(tags), notes), COMMIT_SECONDS)

    def reopen_run(self, run_id: str, owner: str, change: ConfigChanged | None = None) -> None:
        """Let an ended run wait for its turn once more.

        :param owner: who works on it from now on
        :param change: the configuration that it goes on with, taken in the same transaction; None leaves it as it is
        :raises NotFoundError: there is no such run
        :raises ConflictError: it has not ended, or somebody else was faster
        """
        self._writer.commit(ReopenRun(run_id, owner, time.time(), change), COMMIT_SECONDS)

    def delete_run(self, run_id: str) -> None:
        """Remove every row of a run; what is emitted for it later is dropped.

        :raises NotFoundError: there is no such run
        """
        self._writer.commit(DeleteRun(run_id), COMMIT_SECONDS)

    @property
    def last_error(self) -> str | None:
        """Why events cannot be written at present (they are kept), or None when all is well."""
        return self._writer.last_error

    @property
    def pending(self) -> int:
        """How many events wait to be written."""
        return self._writer.pending

    # --- reading: from any thread, one snapshot a call ------------------------------------------------------------

    @contextmanager
    def together(self) -> Iterator[None]:
        """Answer all that this thread asks inside from one and the same moment of the database, at less cost.

        Leave it in the thread and the function that entered it; after a StoreError nothing more can be read inside.

        :raises StoreError: the database fails while it is read
        """
        with self._database.snapshot():
            yield

    def run(self, run_id: str) -> RunRecord:
        """Return one run.

        :raises NotFoundError: there is no such run; the message names the nearest id
        """
        with self._database.snapshot() as connection:
            return queries.run(connection, run_id)

    def runs(
        self,
        status: Iterable[str] = (),
        environment: str | None = None,
        algorithm: str | None = None,
        tag: str | None = None,
        q: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        order: queries.RunOrder = "created",
    ) -> Page[RunRecord]:
        """Return a page of runs, without their configurations, the newest first.

        :param status: states wanted; none means all
        :param q: words that must all occur in id, name, environment, algorithm, tags or notes, whatever their case
        :param limit: most runs of a page, 1 to 1,000
        :param cursor: the previous page's cursor; None for the first page
        :param order: what newest means: `created` last, or `ended` last (leaves out runs that have not ended)
        :raises ConfigError: `cursor` is not one of ours
        """
        conditions = queries.run_conditions(status, environment, algorithm, tag, q)
        with self._database.snapshot() as connection:
            return queries.page_of_runs(connection, conditions, order, limit, cursor)

    def run_ids(self) -> set[str]:
        """Return the ids of all runs."""
        with self._database.snapshot() as connection:
            return queries.run_ids(connection)

    def run_config(self, run_id: str) -> dict[str, Any]:
        """Return the configuration a run has now.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return queries.run_config(connection, run_id)

    def config_edits(self, run_id: str) -> list[ConfigEditRecord]:
        """Return what was changed of a run's configuration while it lived, in order.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return queries.all_config_edits(connection, run_id)

    def board(self, live: Sequence[str], most_live: int, ended: Sequence[str], most_ended: int) -> list[RunRecord]:
        """Return the newest runs in the states `live`, then those in the states `ended` that ended last.

        :param most_live: at most so many of the first kind
        :param most_ended: at most so many of the second
        """
        with self._database.snapshot() as connection:
            return queries.board(connection, live, most_live, ended, most_ended)

    def family(self, run_id: str, most: int = 500) -> list[RunRecord]:
        """Return a run with all that it was forked from and all that was forked from these, the root first.

        Parents come before their children, children in the order of their birth.

        :param most: so many at most; the run itself and its ancestors are always among them
        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return family.members(connection, run_id, most)

    def counts(self) -> dict[str, int]:
        """Return how many runs are in each state that has any."""
        with self._database.snapshot() as connection:
            return queries.counts(connection)

    def speeds(self, algorithm: str, environment: str, most: int = 30) -> list[SpeedRecord]:
        """Return how fast the newest runs of an algorithm were: in `environment`, or where there are none in any.

        :param most: so many at most
        """
        with self._database.snapshot() as connection:
            return queries.speeds(connection, algorithm, environment, most)

    def metric_names(self, run_id: str) -> list[str]:
        """Return the names of a run's series, sorted; `episode/return` and `episode/length` are among them.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return series.names(connection, run_id)

    def metrics(
        self, run_id: str, keys: Sequence[str] | None = None, since: int = 0, max_points: int = 2_000
    ) -> MetricsPage:
        """Return what changed in a run's series since a cursor; `since=0` returns them whole.

        A series without changes is left out. A client replaces its points by step (by number where a series has
        `numbers`) and asks for the same `keys` as long as it goes on with the same cursor.

        :param keys: names of the series wanted, None for all
        :param since: cursor of the previous page
        :param max_points: most points of one series (4 to 20,000); of a longer one each stretch keeps its extremes
        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return series.page(connection, run_id, keys, since, max_points)

    def episodes(self, run_id: str, after: int = 0, limit: int = 1_000) -> list[EpisodeRecord]:
        """Return the first `limit` episodes whose number follows `after`.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return queries.page_of_episodes(connection, run_id, after, limit)

    def logs(self, run_id: str, after: int = 0, limit: int = 500, tail: int | None = None) -> list[LogRecord]:
        """Return log lines in order: the first `limit` after line `after`, or only the last `tail` of those.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return queries.page_of_logs(connection, run_id, after, limit, tail)

    def checkpoints(self, run_id: str) -> list[CheckpointRecord]:
        """Return a run's checkpoints in step order.

        :raises NotFoundError: there is no such run
        """
        with self._database.snapshot() as connection:
            return queries.all_checkpoints(connection, run_id)

    def videos(
        self,
        run_id: str | None = None,
        environment: str | None = None,
        q: str | None = None,
        limit: int = 60,
        cursor: str | None = None,
    ) -> Page[VideoRecord]:
        """Return a page of videos, the newest first, with what a gallery shows of their runs.

        :raises NotFoundError: `run_id` is given and there is no such run
        :raises ConfigError: `cursor` is not one of ours
        """
        conditions = queries.run_conditions((), environment, None, None, q)
        with self._database.snapshot() as connection:
            return queries.page_of_videos(connection, run_id, conditions, limit, cursor)


def _close_quietly(writer: Writer, database: Database) -> None:
    """Close at the end of the process; the writer has logged what it could not write."""
    try:
        writer.close(COMMIT_SECONDS)
    except StoreError:
        return
    finally:
        database.dispose()
