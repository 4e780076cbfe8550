"""The SQL that SQLAlchemy spells differently for each database: replacing insertions and interned names."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Dialect, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from trainer.store.tables import metric_names
from trainer.store.values import words


@lru_cache(maxsize=64)
def upsert(table: Table, dialect: Dialect) -> str:
    """Return the SQL of an INSERT that replaces the row of the same natural key, with parameters named like columns.

    Text for the driver, because SQLAlchemy's own preparation of parameters costs more than SQLite's insertion.
    """
    keys = [column.name for column in table.primary_key]
    if keys == ["key"]:
        keys = ["run_key", "path"]
    written = [column.name for column in table.columns if column.name != "key"]
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).inline()
    fresh = {name: statement.excluded[name] for name in written if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=fresh)
    style = dialect if dialect.name == "postgresql" else sqlite.dialect(paramstyle="named")
    return str(statement.compile(dialect=style, column_keys=written))


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
