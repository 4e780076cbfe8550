"""Reading metric series: by cursor when little changed, decimated in SQL when there is much.

What always holds:

- Every point and every episode of a run carries a `seq` that no other has had. A page read with `since=s` holds every
  row whose `seq` is above `s` and nothing else, and its cursor is the run's newest `seq` in the same snapshot: reading
  on from cursor to cursor and replacing points by key gives what one full read gives, replays included.
- A series of more than `max_points` rows is cut in equal stretches of its key (step, or episode number); of each
  stretch the row with the least and the row with the greatest value are kept, and of the whole the first and the last.
  Kept rows are true rows: no value, step or time is made up. A stretch without a finite value keeps an empty one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    literal,
    select,
    union,
)

from trainer.store.queries import key_of, not_found
from trainer.store.records import EPISODE_LENGTH, EPISODE_RETURN, MetricsPage, Series
from trainer.store.tables import episodes, metric_names, metrics, runs
from trainer.store.values import bounded, words

FEWEST_POINTS = 4
MOST_POINTS = 20_000

Point = tuple[int, int, float | None, float]  # key within the series, step, value, time

# What every open page asks twice a second for every run in view is built once.
_PLACE = select(runs.c.key, runs.c.last_seq).where(runs.c.id == bindparam("run_id"))
_POINTS_SINCE = (
    select(metric_names.c.name, metrics.c.step, metrics.c.value, metrics.c.time)
    .join_from(metrics, metric_names, metric_names.c.id == metrics.c.metric_id)
    .where(metrics.c.run_key == bindparam("run_key"), metrics.c.seq > bindparam("since"))
    .order_by(metrics.c.step)
)
_EPISODES_SINCE = (
    select(episodes.c.number, episodes.c.step, episodes.c.episode_return, episodes.c.length, episodes.c.time)
    .where(episodes.c.run_key == bindparam("run_key"), episodes.c.seq > bindparam("since"))
    .order_by(episodes.c.number)
)


@dataclass(frozen=True)
class _Source:
    """Where one series lives: `key` orders and identifies its rows among those that satisfy `scope`."""

    name: str
    table: Table
    key: ColumnElement[int]
    value: ColumnElement[float]
    scope: ColumnElement[bool]

    def points(self) -> Select[int, int, float, float]:
        """Return the query of all its points, to be narrowed by the caller."""
        return select(self.key, self.table.c.step, self.value, self.table.c.time).where(self.scope)


def names(connection: Connection, run_id: str) -> list[str]:
    """Return the names of the series a run has, sorted."""
    key = key_of(connection, run_id)
    return sorted(source.name for source in _sources(connection, key, None))


def page(connection: Connection, run_id: str, keys: Collection[str] | None, since: int, max_points: int) -> MetricsPage:
    """Return what changed in a run's series after cursor `since`.

    :param keys: names of the series wanted, None for all
    :param max_points: most points of one series; a longer one is decimated
    :raises NotFoundError: there is no such run
    """
    place = connection.execute(_PLACE, {"run_id": words(run_id)}).one_or_none()
    if place is None:
        raise not_found(connection, run_id)
    run_key, cursor = place
    most = bounded(max_points, FEWEST_POINTS, MOST_POINTS)
    if cursor <= since:
        return MetricsPage({}, cursor)
    # Each changed row took a number of its own, so that this is the most that can have changed.
    if since > 0 and cursor - since <= most:
        found = _changed(connection, run_key, keys, since)
    else:
        sources = _sources(connection, run_key, keys)
        found = {source.name: _read(connection, source, since, most) for source in sources}
    return MetricsPage({name: _series(name, points) for name, points in sorted(found.items()) if points}, cursor)


def _sources(connection: Connection, run_key: int, keys: Collection[str] | None) -> list[_Source]:
    """Return the run's series among `keys`, episodes included."""
    m, names_ = metrics.c, metric_names.c
    has_any = exists().where(m.run_key == run_key, m.metric_id == names_.id)
    found = []
    for metric_id, name in connection.execute(select(names_.id, names_.name).where(has_any)):
        scope = and_(m.run_key == run_key, m.metric_id == metric_id)
        found.append(_Source(name, metrics, m.step, m.value, scope))
    if connection.execute(select(exists().where(episodes.c.run_key == run_key))).scalar_one():
        found += _episode_sources(run_key)
    return [source for source in found if keys is None or source.name in keys]


def _episode_sources(run_key: int) -> list[_Source]:
    e = episodes.c
    scope = e.run_key == run_key
    return [
        _Source(EPISODE_RETURN, episodes, e.number, e.episode_return, scope),
        _Source(EPISODE_LENGTH, episodes, e.number, e.length, scope),
    ]


def _changed(connection: Connection, run_key: int, keys: Collection[str] | None, since: int) -> dict[str, list[Point]]:
    """Return the rows above `since` by way of the index on `seq`: cheap however long the series are."""
    found: dict[str, list[Point]] = defaultdict(list)
    place = {"run_key": run_key, "since": since}
    for name, step, value, time in connection.execute(_POINTS_SINCE, place):
        if keys is None or name in keys:
            found[name].append((step, step, value, time))
    if keys is None or not {EPISODE_RETURN, EPISODE_LENGTH}.isdisjoint(keys):
        for number, step, value, length, time in connection.execute(_EPISODES_SINCE, place):
            for name, shown in ((EPISODE_RETURN, value), (EPISODE_LENGTH, float(length))):
                if keys is None or name in keys:
                    found[name].append((number, step, shown, time))
    return found


def _read(connection: Connection, source: _Source, since: int, most: int) -> list[Point]:
    """Return one series' rows above `since`, decimated if there are more than `most`."""
    points = source.points()
    if since > 0:
        points = points.where(source.table.c.seq > since)
    rows = connection.execute(points.order_by(source.key).limit(most + 1)).all()
    if len(rows) > most:
        rows = connection.execute(_decimated(connection, source, points, most)).all()
    return [(key, step, None if value is None else float(value), time) for key, step, value, time in rows]


def _decimated(
    connection: Connection, source: _Source, points: Select[int, int, float, float], most: int
) -> Select[int, int, float, float]:
    """Return the query of the rows worth keeping of `points`, at most `most` of them.

    Each stretch asks for its own least and greatest row, an index range and a scan of it; grouping or window functions
    would sort the whole series (three to four times as slow at a million rows, and bare columns are SQLite's alone).
    """
    keys = points.with_only_columns(source.key)
    first: int = connection.execute(keys.order_by(source.key).limit(1)).scalar_one()
    last: int = connection.execute(keys.order_by(source.key.desc()).limit(1)).scalar_one()
    width = (last - first) // ((most - 2) // 2) + 1
    stretches = select(literal(first, BigInteger).label("start")).cte("stretches", recursive=True)
    following = stretches.c.start + width
    stretches = stretches.union_all(select(following).where(following <= last))
    within = keys.where(source.key >= stretches.c.start, source.key < stretches.c.start + width).limit(1)
    extremes = select(
        within.order_by(source.value.asc().nulls_last()).scalar_subquery().label("least"),
        within.order_by(source.value.desc().nulls_last()).scalar_subquery().label("greatest"),
    ).select_from(stretches)
    extreme = extremes.cte("extremes")
    kept = union(select(extreme.c.least), select(extreme.c.greatest), select(literal(first)), select(literal(last)))
    return points.where(source.key.in_(kept)).order_by(source.key)


def _series(name: str, points: Sequence[Point]) -> Series:
    numbers, steps, values, times = (list(column) for column in zip(*points, strict=True))
    return Series(steps, values, times, numbers if name in {EPISODE_RETURN, EPISODE_LENGTH} else None)
