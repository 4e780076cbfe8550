"""The family of a run: what it was forked from, and what was forked from these.

Each step up or down asks an index, so the price is that of the family and not of the store. A run whose parent was
deleted still names it, and its siblings are found by that name.
"""

from __future__ import annotations

from sqlalchemy import Connection, literal, select

from trainer.store.queries import run, run_records
from trainer.store.records import RunRecord
from trainer.store.tables import runs


def members(connection: Connection, run_id: str, most: int) -> list[RunRecord]:
    """Return a run's family, parents before their children, children in the order of their birth.

    :param most: so many at most; the run itself and its ancestors are always among them
    :raises NotFoundError: there is no such run
    """
    line, root = _line_above(connection, run(connection, run_id).id, most)
    ids = list(dict.fromkeys([*line, *_descendants(connection, root, most)]))[:most]
    found = connection.execute(select(runs).where(runs.c.id.in_(ids))).mappings().all()
    return _parents_first(run_records(connection, found))


def _line_above(connection: Connection, run_id: str, most: int) -> tuple[list[str], str]:
    """Return the ids of a run and its ancestors, the youngest first, and the id that the family begins with."""
    first = select(runs.c.id, runs.c.parent_id, literal(1).label("depth")).where(runs.c.id == run_id)
    line = first.cte("line", recursive=True)
    above = select(runs.c.id, runs.c.parent_id, line.c.depth + 1).where(
        runs.c.id == line.c.parent_id, line.c.depth < most
    )
    line = line.union_all(above)
    rows = connection.execute(select(line.c.id, line.c.parent_id).order_by(line.c.depth)).all()
    oldest = rows[-1]
    return [row.id for row in rows], oldest.id if len(rows) == most else oldest.parent_id or oldest.id


def _descendants(connection: Connection, root: str, most: int) -> list[str]:
    """Return the ids of the runs that come from one, those of fewer births first."""
    first = select(runs.c.id, runs.c.key, literal(1).label("depth")).where(runs.c.parent_id == root)
    born = first.cte("born", recursive=True)
    born = born.union_all(select(runs.c.id, runs.c.key, born.c.depth + 1).where(runs.c.parent_id == born.c.id))
    query = select(born.c.id).order_by(born.c.depth, born.c.key).limit(most)
    return list(connection.execute(query).scalars())


def _parents_first(records: list[RunRecord]) -> list[RunRecord]:
    """Order a family so that a reader can build its tree in one pass."""
    known = {record.id for record in records}
    below: dict[str | None, list[RunRecord]] = {}
    for record in sorted(records, key=lambda each: (each.created_at, each.id)):
        below.setdefault(record.parent_id if record.parent_id in known else None, []).append(record)
    ordered = below.get(None, [])
    for record in ordered:
        ordered += below.get(record.id, [])
    return ordered
