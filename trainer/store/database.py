"""Connections to the database: how they are opened, how transactions begin, and the schema's version.

What always holds:

- SQLite runs in WAL mode with `synchronous=NORMAL`. A transaction that has committed survives the death of every
  process. A power cut or a crash of the operating system may lose the last commits, never part of one, and never
  leaves a damaged file.
- A writing transaction takes SQLite's write lock as it begins (BEGIN IMMEDIATE), so that it cannot fail half-way for
  a lock; other processes wait for it up to the busy timeout. On PostgreSQL it locks the rows of its runs instead.
- A reading transaction sees one snapshot from its first statement to its last, and never blocks a writer.
- The schema is created, checked and migrated under the write lock, so that two processes may open a new file at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from trainer.errors import StorageError
from trainer.store.tables import SCHEMA_VERSION, config_edits, metadata, schema_version

BUSY_SECONDS = 5.0
_OPEN_AGAIN_SECONDS = 0.05
_SCHEMA_LOCK = 0x70616C61  # any constant of ours: PostgreSQL's advisory lock while the schema is looked at


def _add_timing(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN timing TEXT"))


def _add_rewinds_and_lineage(connection: Connection) -> None:
    lineage = ("parent_id TEXT", "parent_step BIGINT", "difference TEXT", "config_hash TEXT", "git_commit TEXT")
    for column in ("rewinds BIGINT NOT NULL DEFAULT 0", *lineage):
        connection.execute(text(f"ALTER TABLE runs ADD COLUMN {column}"))
    connection.execute(text("CREATE INDEX runs_by_parent ON runs (parent_id, key)"))


def _add_edits(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN edits BIGINT NOT NULL DEFAULT 0"))
    config_edits.create(connection)


def _add_index_by_algorithm(connection: Connection) -> None:
    connection.execute(text("CREATE INDEX runs_by_algorithm ON runs (algorithm, environment, key)"))


def _in_turn(*steps: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def migrate(connection: Connection) -> None:
        for step in steps:
            step(connection)

    return migrate


# version -> what turns a database of that version into one of the next
MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {
    1: _add_timing,
    2: _in_turn(_add_rewinds_and_lineage, _add_edits),
    3: _add_index_by_algorithm,
}


class StoreError(StorageError):
    """The database cannot be opened, read or written; the message says which, why, and what to do."""

    code = "store_unavailable"


def explain(error: BaseException) -> str:
    """Return a database error in one line, without SQL and without secrets."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(cause).strip() or type(cause).__name__).splitlines()[0]


class Database:
    """Two engines on one database: `writing`, for the one writer, and `reading`, for everybody else.

    :raises StoreError: it cannot be opened, is not ours, or was made by a newer Palaestra
    """

    def __init__(self, url: str, busy_seconds: float = BUSY_SECONDS) -> None:
        self._url = _checked(url)
        self._lent = threading.local()
        self.dialect = self._url.get_backend_name()
        try:
            self.writing = self._engine(writes=True, busy_seconds=busy_seconds)
            self.reading = self._engine(writes=False, busy_seconds=busy_seconds)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"{self.shown} needs the package {error.name!r}: pip install 'psycopg[binary]' beside Palaestra."
            ) from error
        try:
            self._open(busy_seconds)
        except BaseException:
            self.dispose()
            raise

    @property
    def shown(self) -> str:
        """The URL as messages may show it, without its password."""
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a reading connection inside one transaction; within one, the same thread is lent the same.

        :raises StoreError: the database fails while it is read
        """
        lent: Connection | None = getattr(self._lent, "connection", None)
        try:
            if lent is not None:
                yield lent
                return
            with self.reading.connect() as connection:
                self._lent.connection = connection
                try:
                    yield connection
                finally:
                    self._lent.connection = None
        except (DBAPIError, PoolTimeoutError) as error:
            raise StoreError(f"{self.shown} cannot be read: {explain(error)}.") from error

    def dispose(self) -> None:
        """Close every pooled connection; the last one to leave folds SQLite's WAL into the file."""
        self.reading.dispose()
        self.writing.dispose()

    def _engine(self, *, writes: bool, busy_seconds: float) -> Engine:
        pool: dict[str, Any] = (
            {"pool_size": 1, "max_overflow": 1} if writes else {"pool_size": 8, "max_overflow": 56, "pool_timeout": 10}
        )
        if self.dialect == "sqlite":
            engine = create_engine(self._url, connect_args={"timeout": busy_seconds}, **pool)
            _prepare_sqlite(engine, writes=writes)
            return engine
        if not writes:
            pool |= {"isolation_level": "REPEATABLE READ"}
        return create_engine(self._url, pool_pre_ping=True, **pool)

    def _open(self, busy_seconds: float) -> None:
        if self.dialect == "sqlite":
            _make_folder(self._url)
        deadline = time.monotonic() + busy_seconds
        while not self._try_open(last=time.monotonic() >= deadline):
            time.sleep(_OPEN_AGAIN_SECONDS)

    def _try_open(self, *, last: bool) -> bool:
        """Bring the schema up to date; return False when that is worth another attempt."""
        try:
            with self.writing.begin() as connection:
                _bring_up_to_date(connection, self.shown)
        except OperationalError as error:
            # Another process may be switching a new file to WAL, a lock for which SQLite does not wait.
            if not last and "locked" in str(error):
                return False
            raise StoreError(f"The database {self.shown} cannot be opened: {explain(error)}.") from error
        except DatabaseError as error:
            raise StoreError(f"{self.shown} is not a Palaestra database: {explain(error)}.") from error
        return True


def _checked(url: str) -> URL:
    """Return the parsed URL of a database that the store can use."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"{url!r} is not a database URL: use sqlite:///path/to/file.db or postgresql://user:password@host/name."
        ) from error
    if parsed.drivername == "postgres":
        parsed = parsed.set(drivername="postgresql")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"{parsed.drivername!r} databases are not supported: use sqlite or postgresql.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("The store needs a database in a file: sqlite:///path/to/file.db.")
    return parsed


def _make_folder(url: URL) -> None:
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder {folder} of the database cannot be made: {error.strerror}.") from error


def _prepare_sqlite(engine: Engine, *, writes: bool) -> None:
    """Give each new connection its pragmas and each transaction its kind of BEGIN."""
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3 must not guess where transactions begin
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode=WAL")
        # A checkpoint waits until what led to it is committed: that has to outlast a power cut as the checkpoint does.
        connection.execute(f"PRAGMA synchronous={'FULL' if writes else 'NORMAL'}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-16000")  # KiB
        connection.execute("PRAGMA journal_size_limit=67108864")
        if not writes:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _bring_up_to_date(connection: Connection, shown: str) -> None:
    """Create the schema, or migrate an older one; refuse what is not ours or newer than we are."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
    present = set(inspect(connection).get_table_names())
    if schema_version.name not in present:
        foreign = sorted(present & set(metadata.tables))
        if foreign:
            raise StoreError(f"{shown} belongs to another program: it has a table {foreign[0]!r} that is not ours.")
        metadata.create_all(connection)
        connection.execute(schema_version.insert(), {"version": SCHEMA_VERSION})
        return
    version = connection.execute(select(schema_version.c.version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{shown} was written by a newer Palaestra (schema {version}; this one knows {SCHEMA_VERSION}). "
            "Update Palaestra, or use another database."
        )
    while version < SCHEMA_VERSION:
        MIGRATIONS[version](connection)
        version += 1
        connection.execute(schema_version.update(), {"version": version})
