"""The family of a run: what it was forked from, and what was forked from these.

Each step up or down asks the index of parents once, so the price is that of the family and not of the store. A run
whose parent was deleted still names it, and its siblings are found by that name.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from trainer.store.queries import run, run_records
from trainer.store.records import RunRecord
from trainer.store.tables import runs

_CHUNK = 500  # ids in one question


def members(connection: Connection, run_id: str, most: int) -> list[RunRecord]:
    """Return a run's family, parents before their children, children in the order of their birth.

    :param most: so many at most; the run itself and its ancestors are always among them
    :raises NotFoundError: there is no such run
    """
    line, root = _line_above(connection, run(connection, run_id), most)
    found = {record.id: record for record in line}
    level = [root]
    while level and len(found) < most:
        children = _children(connection, level, most - len(found))
        level = [child.id for child in children]
        found |= {child.id: found.get(child.id, child) for child in children}
    return _parents_first(list(found.values()))


def _line_above(connection: Connection, youngest: RunRecord, most: int) -> tuple[list[RunRecord], str]:
    """Return a run with its ancestors, the oldest first, and the id that the family begins with."""
    line = [youngest]
    while line[0].parent_id is not None and len(line) < most:
        above = _records(connection, [line[0].parent_id])
        if not above:
            return line, line[0].parent_id
        line.insert(0, above[0])
    return line, line[0].id


def _children(connection: Connection, parents: list[str], most: int) -> list[RunRecord]:
    found: list[RunRecord] = []
    for start in range(0, len(parents), _CHUNK):
        if len(found) >= most:
            break
        query = select(runs.c.id).where(runs.c.parent_id.in_(parents[start : start + _CHUNK]))
        ids = connection.execute(query.order_by(runs.c.key).limit(most - len(found))).scalars().all()
        found += _records(connection, list(ids))
    return found


def _records(connection: Connection, ids: list[str]) -> list[RunRecord]:
    found: list[RunRecord] = []
    for start in range(0, len(ids), _CHUNK):
        query = select(runs).where(runs.c.id.in_(ids[start : start + _CHUNK])).order_by(runs.c.key)
        found += run_records(connection, connection.execute(query).mappings().all())
    return found


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
