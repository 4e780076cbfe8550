"""Reading runs, episodes, log lines, checkpoints and videos.

Each function takes an open reading connection and returns records. Lists that may grow without end are paged by key
(`WHERE key < cursor ORDER BY key DESC`), so that the last page costs what the first does and nothing is shown twice
when rows are added in between.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, func, or_, select

from trainer.errors import ConfigError, Fault, NotFoundError, nearest
from trainer.store.records import (
    CheckpointRecord,
    ConfigEditRecord,
    EpisodeRecord,
    LogRecord,
    Page,
    RunRecord,
    SpeedRecord,
    VideoRecord,
)
from trainer.store.tables import checkpoints, config_edits, episodes, logs, run_configs, run_tags, runs, videos
from trainer.store.values import LARGEST_WHOLE, bounded, whole, words

RunOrder = Literal["created", "ended"]
LARGEST_PAGE = 1_000
MOST_ROWS = 10_000
_LONGEST_SEARCH = 200  # characters

_RUN_COLUMNS = [column for column in runs.columns if column.name not in {"last_seq", "last_line", "search"}]
_PLAIN_FIELDS = [column.name for column in _RUN_COLUMNS if column.name in RunRecord.__dataclass_fields__]
_VIDEO_COLUMNS = [
    videos.c.key.label("id"),
    runs.c.id.label("run_id"),
    runs.c.name.label("run_name"),
    runs.c.environment,
    runs.c.algorithm,
    *(column for column in videos.columns if column.name not in {"key", "run_key"}),
]

# What every open page asks twice a second is built once.
_KEY = select(runs.c.key).where(runs.c.id == bindparam("run_id"))
_COUNTS = select(runs.c.status, func.count()).group_by(runs.c.status)
_IN_STATES = (
    select(*_RUN_COLUMNS).where(runs.c.status.in_(bindparam("states", expanding=True))).limit(bindparam("limit"))
)
_NEWEST = _IN_STATES.order_by(runs.c.key.desc())
_LAST_ENDED = _IN_STATES.where(runs.c.ended_at.is_not(None)).order_by(runs.c.ended_at.desc(), runs.c.key.desc())
_TAGS = (
    select(run_tags.c.run_key, run_tags.c.tag)
    .where(run_tags.c.run_key.in_(bindparam("keys", expanding=True)))
    .order_by(run_tags.c.run_key, run_tags.c.position)
)
_CHECKPOINTS_OF = checkpoints.c.run_key.in_(bindparam("keys", expanding=True))
_LAST_STEPS = (
    select(checkpoints.c.run_key, func.max(checkpoints.c.step).label("step"))
    .where(_CHECKPOINTS_OF)
    .group_by(checkpoints.c.run_key)
    .subquery()
)
_LAST_CHECKPOINTS = select(checkpoints.c.run_key, checkpoints.c.step, checkpoints.c.created_at).join(
    _LAST_STEPS, (checkpoints.c.run_key == _LAST_STEPS.c.run_key) & (checkpoints.c.step == _LAST_STEPS.c.step)
)
_LINES_AFTER = (
    select(logs.c.number, logs.c.time, logs.c.level, logs.c.text)
    .where(logs.c.run_key == bindparam("run_key"), logs.c.number > bindparam("after"))
    .limit(bindparam("limit"))
)
_FIRST_LINES, _LAST_LINES = _LINES_AFTER.order_by(logs.c.number), _LINES_AFTER.order_by(logs.c.number.desc())


def key_of(connection: Connection, run_id: str) -> int:
    """Return a run's integer key.

    :raises NotFoundError: there is no such run; the message names the nearest id
    """
    key: int | None = connection.execute(_KEY, {"run_id": words(run_id)}).scalar_one_or_none()
    if key is None:
        raise not_found(connection, run_id)
    return key


def not_found(connection: Connection, run_id: str) -> NotFoundError:
    """Build the error; near misses are sought among ids that start alike and the newest ones."""
    alike = select(runs.c.id).where(runs.c.id.startswith(words(run_id)[:4], autoescape=True)).limit(200)
    newest = select(runs.c.id).order_by(runs.c.key.desc()).limit(200)
    known = [*connection.execute(alike).scalars(), *connection.execute(newest).scalars()]
    near = nearest(run_id, known)
    return NotFoundError(f"There is no run {run_id!r}." + (f" Did you mean {near!r}?" if near else ""))


def run(connection: Connection, run_id: str) -> RunRecord:
    """Return one run.

    :raises NotFoundError: there is no such run; the message names the nearest id
    """
    row = connection.execute(select(*_RUN_COLUMNS).where(runs.c.id == words(run_id))).mappings().one_or_none()
    if row is None:
        raise not_found(connection, run_id)
    return run_records(connection, [row])[0]


def speeds(connection: Connection, algorithm: str, environment: str, most: int) -> list[SpeedRecord]:
    """Return the newest runs of an algorithm that have come some way.

    Those in `environment` where there are any, else those in all others.
    """
    columns = runs.c.key, runs.c.environment, runs.c.step, runs.c.elapsed_seconds, run_configs.c.config
    some_way = runs.c.algorithm == words(algorithm), runs.c.step > 0, runs.c.elapsed_seconds > 0
    query = select(*columns).join(run_configs, run_configs.c.run_key == runs.c.key).where(*some_way)
    query = query.order_by(runs.c.key.desc()).limit(most)
    found = connection.execute(query.where(runs.c.environment == words(environment))).all()
    return [
        SpeedRecord(row.environment, row.step, row.elapsed_seconds, json.loads(row.config))
        for row in found or connection.execute(query).all()
    ]


def run_ids(connection: Connection) -> set[str]:
    """Return the ids of all runs."""
    return set(connection.execute(select(runs.c.id)).scalars())


def run_config(connection: Connection, run_id: str) -> dict[str, Any]:
    """Return the configuration a run has now.

    :raises NotFoundError: there is no such run
    """
    key = key_of(connection, run_id)
    stored = connection.execute(select(run_configs.c.config).where(run_configs.c.run_key == key)).scalar_one()
    config: dict[str, Any] = json.loads(stored)
    return config


def all_config_edits(connection: Connection, run_id: str) -> list[ConfigEditRecord]:
    """Return what was changed of a run's configuration while it lived, in order.

    :raises NotFoundError: there is no such run
    """
    c = config_edits.c
    query = select(c.step, c.time, c.changes).where(c.run_key == key_of(connection, run_id)).order_by(c.number)
    return [ConfigEditRecord(row.step, row.time, json.loads(row.changes)) for row in connection.execute(query)]


def page_of_runs(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    order: RunOrder,
    limit: int,
    cursor: str | None,
) -> Page[RunRecord]:
    """Return runs, newest first by `order`; with `ended`, runs that have not ended are left out."""
    limit = bounded(limit, 1, LARGEST_PAGE)
    query = select(*_RUN_COLUMNS).where(*conditions)
    if order == "ended":
        query = query.where(runs.c.ended_at.is_not(None)).order_by(runs.c.ended_at.desc(), runs.c.key.desc())
    else:
        query = query.order_by(runs.c.key.desc())
    if cursor is not None:
        query = query.where(_after(cursor, order))
    rows = connection.execute(query.limit(limit + 1)).mappings().all()
    records = run_records(connection, rows[:limit])
    if len(rows) <= limit:
        return Page(records, None)
    last = rows[limit - 1]
    return Page(records, str(last["key"]) if order == "created" else f"{last['ended_at']!r}:{last['key']}")


def _after(cursor: str, order: RunOrder) -> ColumnElement[bool]:
    if order == "created":
        return runs.c.key < _key_in(cursor)
    time, _, key = cursor.partition(":")
    try:
        ended = float(time)
    except ValueError:
        raise _bad_cursor(cursor) from None
    return or_(runs.c.ended_at < ended, and_(runs.c.ended_at == ended, runs.c.key < _key_in(key)))


def _key_in(cursor: str) -> int:
    try:
        return whole(cursor)
    except ValueError:
        raise _bad_cursor(cursor) from None


def _bad_cursor(cursor: str) -> ConfigError:
    return ConfigError([Fault("cursor", f"{cursor!r} is not a cursor", "pass the cursor of the previous answer back")])


def run_conditions(
    status: Iterable[str],
    environment: str | None,
    algorithm: str | None,
    tag: str | None,
    q: str | None,
) -> list[ColumnElement[bool]]:
    """Return what a run must satisfy; None, and no status at all, ask for nothing."""
    states = [words(state) for state in status]
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(runs.c.status.in_(states))
    if environment is not None:
        conditions.append(runs.c.environment == words(environment))
    if algorithm is not None:
        conditions.append(runs.c.algorithm == words(algorithm))
    if tag is not None:
        conditions.append(runs.c.key.in_(select(run_tags.c.run_key).where(run_tags.c.tag == words(tag))))
    return conditions + text_conditions(q)


def text_conditions(q: str | None) -> list[ColumnElement[bool]]:
    """Return one condition for each word of `q`: it occurs in the run's searched text, whatever the case."""
    asked = words(q or "")[:_LONGEST_SEARCH].casefold()
    return [runs.c.search.contains(word, autoescape=True) for word in asked.split()]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many runs are in each state that has any."""
    return {row[0]: row[1] for row in connection.execute(_COUNTS)}


def board(
    connection: Connection, live: Sequence[str], most_live: int, ended: Sequence[str], most_ended: int
) -> list[RunRecord]:
    """Return the newest runs in the states `live`, then those in the states `ended` that ended last."""
    rows = [
        *connection.execute(_NEWEST, {"states": live, "limit": most_live}).mappings(),
        *connection.execute(_LAST_ENDED, {"states": ended, "limit": most_ended}).mappings(),
    ]
    return run_records(connection, rows)


def run_records(connection: Connection, rows: Sequence[RowMapping]) -> list[RunRecord]:
    """Build records, fetching the tags and newest checkpoints of all of them at once."""
    tags: dict[int, list[str]] = defaultdict(list)
    newest: dict[int, dict[str, Any]] = {}
    keys = [row["key"] for row in rows]
    if keys:
        for tagged in connection.execute(_TAGS, {"keys": keys}):
            tags[tagged.run_key].append(tagged.tag)
        for last in connection.execute(_LAST_CHECKPOINTS, {"keys": keys}):
            newest[last.run_key] = {"step": last.step, "time": last.created_at}
    return [_run_record(row, tuple(tags[row["key"]]), newest.get(row["key"])) for row in rows]


def _run_record(row: RowMapping, tags: tuple[str, ...], checkpoint: dict[str, Any] | None) -> RunRecord:
    evaluation = None
    if row["evaluation_step"] is not None:
        parts = ("mean_return", "std_return", "episodes", "step")
        evaluation = {part: row[f"evaluation_{part}"] for part in parts}
    plain = {name: row[name] for name in _PLAIN_FIELDS}
    for name in ("timing", "difference"):
        plain[name] = None if row[name] is None else json.loads(row[name])
    return RunRecord(**plain, tags=tags, evaluation=evaluation, checkpoint=checkpoint)


def page_of_episodes(connection: Connection, run_id: str, after: int, limit: int) -> list[EpisodeRecord]:
    """Return the episodes whose number follows `after`, in order."""
    c = episodes.c
    query = select(c.number, c.step, c.env_index, c.episode_return, c.length, c.time)
    query = query.where(c.run_key == key_of(connection, run_id), c.number > _place(after))
    query = query.order_by(c.number).limit(bounded(limit, 1, MOST_ROWS))
    return [EpisodeRecord(*row) for row in connection.execute(query)]


def page_of_logs(connection: Connection, run_id: str, after: int, limit: int, tail: int | None) -> list[LogRecord]:
    """Return lines in order: the first `limit` after number `after`, or only the last `tail` of those."""
    asked = {"run_key": key_of(connection, run_id), "after": _place(after)}
    if tail is None:
        first = connection.execute(_FIRST_LINES, {**asked, "limit": bounded(limit, 1, MOST_ROWS)})
        return [LogRecord(*row) for row in first]
    last = connection.execute(_LAST_LINES, {**asked, "limit": bounded(tail, 0, MOST_ROWS)}).all()
    return [LogRecord(*row) for row in reversed(last)]


def _place(after: int) -> int:
    return bounded(after, 0, LARGEST_WHOLE)


def all_checkpoints(connection: Connection, run_id: str) -> list[CheckpointRecord]:
    """Return a run's checkpoints in step order."""
    c = checkpoints.c
    query = select(c.step, c.kind, c.path, c.size_bytes, c.mean_return, c.created_at)
    query = query.where(c.run_key == key_of(connection, run_id)).order_by(c.step, c.key)
    return [CheckpointRecord(run_id, *row) for row in connection.execute(query)]


def page_of_videos(
    connection: Connection,
    run_id: str | None,
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    cursor: str | None,
) -> Page[VideoRecord]:
    """Return videos, the newest first, of one run or of all runs that satisfy `conditions`."""
    limit = bounded(limit, 1, LARGEST_PAGE)
    c = videos.c
    query = select(*_VIDEO_COLUMNS).join_from(videos, runs, runs.c.key == c.run_key)
    query = query.where(*conditions).order_by(c.key.desc()).limit(limit + 1)
    if run_id is not None:
        query = query.where(c.run_key == key_of(connection, run_id))
    if cursor is not None:
        query = query.where(c.key < _key_in(cursor))
    rows = connection.execute(query).mappings().all()
    records = [VideoRecord(**row) for row in rows[:limit]]
    return Page(records, str(records[-1].id) if len(rows) > limit else None)
