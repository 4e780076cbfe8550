"""The SQL that SQLAlchemy spells differently for each database: replacing insertions and interned names."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from trainer.store.tables import metric_names
from trainer.store.values import words

_MOST_ROWS = 2_048  # of a statement; a power of two, ten columns of which stay below SQLite's 32,766 parameters


def write_rows(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, replacing those of the same natural key.

    Text for the driver, because SQLAlchemy's preparation of parameters costs more than SQLite's insertion. On SQLite
    many rows go into one statement: in an `executemany` the driver gives the interpreter lock up and takes it back for
    each row, and beside two busy threads a thousand rows then took up to 5 s, against 0.2 s this way.

    :param rows: a value for each column but the automatic key, in any order
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_upsert(table, connection.dialect), rows)
        return
    in_order = itemgetter(*_written(table))
    for start in range(0, len(rows), _MOST_ROWS):
        chunk = rows[start : start + _MOST_ROWS]
        # Rounded up to a power of two, so that a dozen prepared statements serve every batch; a row that is written
        # once more replaces itself.
        count = 1 << (len(chunk) - 1).bit_length()
        chunk = chunk + chunk[-1:] * (count - len(chunk))
        values = chain.from_iterable(map(in_order, chunk))
        connection.exec_driver_sql(_upsert_rows(table, count), tuple(values))


def _written(table: Table) -> list[str]:
    """Return the columns that an insertion fills, in the order of its parameters."""
    return [column.name for column in table.columns if column.name != "key"]


@lru_cache(maxsize=256)
def _upsert_rows(table: Table, count: int) -> str:
    """Return SQLite's INSERT of `count` rows with positional parameters."""
    group = f"({', '.join('?' * len(_written(table)))})"
    return _upsert(table, sqlite.dialect(paramstyle="qmark")).replace(group, ", ".join([group] * count), 1)


@lru_cache(maxsize=64)
def _upsert(table: Table, dialect: Dialect) -> str:
    """Return the INSERT of one row that replaces the row of the same natural key."""
    keys = [column.name for column in table.primary_key]
    if keys == ["key"]:
        keys = ["run_key", "path"]
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).inline()
    fresh = {name: statement.excluded[name] for name in _written(table) if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=fresh)
    return str(statement.compile(dialect=dialect, column_keys=_written(table)))


class MetricNames:
    """The interned names of metrics: text -> id, remembered until a transaction fails."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def forget(self) -> None:
        """Drop what is remembered: a rolled back transaction may have made some of it up."""
        self._ids.clear()

    def id_of(self, connection: Connection, name: str) -> int:
        """Return the id of `name`, giving it one if it is new.

        :raises TypeError: it is not text
        """
        known = self._ids.get(name)
        if known is not None:
            return known
        if not isinstance(name, str):
            raise TypeError(f"a metric's name is text, not {name!r}")
        clean = words(name)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        table = metric_names
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), {"name": clean})
        found: int = connection.execute(select(table.c.id).where(table.c.name == clean)).scalar_one()
        self._ids[name] = found
        return found
