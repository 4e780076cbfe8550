"""One batch of events, applied inside one transaction.

What always holds:

- Events act in the order in which they were emitted. Rows for the big tables are gathered and written many at once;
  whatever deletes or forgets first writes what was gathered before it.
- Applying a batch a second time changes nothing but `seq`: metrics are keyed by (run, metric, step), episodes by
  (run, number), files by (run, path); log lines and edits are numbered inside the transaction that a failure rolls
  back.
- `seq` grows by one with every metric point and episode written to a run, is read and stored under the row's lock
  and therefore never repeats, across restarts and processes. A replaced point gets a new one.
- One malformed event is rejected alone; the other events of its batch are not affected.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from trainer.config.comparison import config_hash
from trainer.errors import ConflictError, NotFoundError, PalaestraError
from trainer.events import (
    CheckpointRemoved,
    CheckpointSaved,
    ConfigChanged,
    ConfigEdited,
    EpisodeEnded,
    EvaluationEnded,
    LogWritten,
    MetricsLogged,
    ProgressMade,
    RunCreated,
    RunRewound,
    StateChanged,
    VideoSaved,
)
from trainer.store import tables
from trainer.store.commands import DeleteRun, Item, MalformedEventError, ReopenRun, UpdateRun
from trainer.store.records import EPISODE_LENGTH, EPISODE_RETURN
from trainer.store.rewinding import go_back
from trainer.store.rows import run_row
from trainer.store.statements import MetricNames, write_rows
from trainer.store.values import ENDED_STATES, number, search_text, whole, whole_or_none, words, words_or_none

_RESERVED = frozenset({EPISODE_RETURN, EPISODE_LENGTH})
_ID_CHUNK = 500


@dataclass
class _Run:
    """A run's row as the batch knows it; `changes` are the columns to set at the end."""

    key: int
    last_seq: int
    last_line: int
    rewinds: int
    edits: int
    started_at: float | None
    changes: dict[str, Any] = field(default_factory=dict)


class Batch:
    """Applies items on one connection, inside the transaction its caller opened and commits."""

    def __init__(self, connection: Connection, names: MetricNames) -> None:
        self._connection = connection
        self._names = names
        self._runs: dict[str, _Run] = {}
        self._rows: dict[Table, list[dict[str, Any]]] = {}

    def apply(self, items: Sequence[Item]) -> dict[int, PalaestraError]:
        """Write all items; return, by position, why some were rejected."""
        self._load({item.run_id for item in items})
        rejected: dict[int, PalaestraError] = {}
        for position, item in enumerate(items):
            error = self._act(item)
            if error is not None:
                rejected[position] = error
        self._write_rows()
        return rejected

    def _act(self, item: Item) -> PalaestraError | None:
        """Gather or write one item; return why it cannot be."""
        try:
            _ACTIONS[type(item)](self, item)
        except PalaestraError as error:
            return error
        except (TypeError, ValueError, OverflowError, AttributeError, KeyError) as error:
            return MalformedEventError(f"{type(item).__name__} of run {item.run_id}: {error}")
        return None

    def _load(self, ids: Iterable[str]) -> None:
        """Read and lock the rows of the runs concerned, always in the same order so that no two writers deadlock."""
        wanted = sorted(ids)
        c = tables.runs.c
        for start in range(0, len(wanted), _ID_CHUNK):
            query = select(c.id, c.key, c.last_seq, c.last_line, c.rewinds, c.edits, c.started_at)
            query = query.where(c.id.in_(wanted[start : start + _ID_CHUNK])).order_by(c.id).with_for_update()
            for row in self._connection.execute(query):
                self._runs[row.id] = _Run(*row[1:])

    def _write_rows(self) -> None:
        """Write what was gathered: whole tables at once, then each run's own row."""
        for table, rows in self._rows.items():
            if rows:
                write_rows(self._connection, table, rows)
        self._rows.clear()
        for run in self._runs.values():
            if run.changes:
                self._connection.execute(update(tables.runs).where(tables.runs.c.key == run.key), run.changes)
                run.changes = {}

    def _run(self, run_id: str) -> _Run:
        run = self._runs.get(run_id)
        if run is None:
            raise NotFoundError(f"There is no run {run_id!r} in the store.")
        return run

    def _add(self, run: _Run, table: Table, rows: list[dict[str, Any]]) -> None:
        """Gather rows, whose numbers the caller has counted in already."""
        self._rows.setdefault(table, []).extend(rows)
        run.changes["last_seq"] = run.last_seq
        run.changes["last_line"] = run.last_line

    # --- the run itself -------------------------------------------------------------------------------------------

    def _created(self, event: RunCreated) -> None:
        present = self._runs.get(event.run_id)
        if present is not None:
            self._refuse_other(present, event)
            return
        tags = _tags(event.tags)
        row = run_row(event)
        row["search"] = _search_of(row, tags)
        config = words(json.dumps(dict(event.config)))
        insertion = tables.runs.insert().returning(tables.runs.c.key)
        key: int = self._connection.execute(insertion, row).scalar_one()
        self._connection.execute(tables.run_configs.insert(), {"run_key": key, "config": config})
        self._set_tags(key, tags)
        self._runs[event.run_id] = _Run(key, last_seq=0, last_line=0, rewinds=0, edits=0, started_at=None)

    def _refuse_other(self, present: _Run, event: RunCreated) -> None:
        """Let the same creation pass a second time, and no other one under its id."""
        query = select(tables.runs.c.created_at).where(tables.runs.c.key == present.key)
        if self._connection.execute(query).scalar_one() != event.time:
            raise ConflictError(f"A run with the id {event.run_id!r} already exists.")

    def _state(self, event: StateChanged) -> None:
        run = self._run(event.run_id)
        time = float(event.time)
        changes = {
            "status": words(event.status),
            "reason": words_or_none(event.reason),
            "error": words_or_none(event.error),
            "ended_at": time if event.status in ENDED_STATES else None,
            "updated_at": time,
        }
        if event.step is not None:
            changes["step"] = whole(event.step)
        if event.owner is not None:
            changes["owner"] = words(event.owner)
        if event.status == "running" and run.started_at is None:
            run.started_at = time
            changes["started_at"] = time
        run.changes |= changes

    def _rewound(self, event: RunRewound) -> None:
        run = self._run(event.run_id)
        self._write_rows()
        run.rewinds += 1
        run.changes |= go_back(self._connection, self._names, run.key, whole(event.step), whole(event.episodes))
        run.changes |= {"rewinds": run.rewinds, "updated_at": float(event.time)}

    def _edited(self, event: ConfigEdited) -> None:
        run = self._run(event.run_id)
        changes = words(json.dumps({path: list(pair) for path, pair in event.changes.items()}))
        row = {"run_key": run.key, "number": run.edits + 1, "step": whole(event.step), "time": float(event.time)}
        self._put_config(run, event.config)
        run.edits += 1
        self._add(run, tables.config_edits, [{**row, "changes": changes}])
        run.changes |= {"edits": run.edits, "updated_at": float(event.time)}

    def _put_config(self, run: _Run, config: Mapping[str, Any]) -> None:
        text = words(json.dumps(dict(config)))
        c = tables.run_configs.c
        self._connection.execute(update(tables.run_configs).where(c.run_key == run.key), {"config": text})
        run.changes["config_hash"] = config_hash(config)

    def _configured(self, event: ConfigChanged) -> None:
        run = self._run(event.run_id)
        changes = {"total_steps": whole_or_none(event.total_steps), "updated_at": float(event.time)}
        self._put_config(run, event.config)
        run.changes |= changes

    def _progress(self, event: ProgressMade) -> None:
        self._run(event.run_id).changes |= {
            "step": whole(event.step),
            "total_steps": whole_or_none(event.total_steps),
            "progress": number(event.progress) or 0.0,
            "fps": number(event.fps) or 0.0,
            "eta_seconds": number(event.eta_seconds),
            "elapsed_seconds": number(event.elapsed_seconds) or 0.0,
            "episodes": whole(event.episodes),
            "return_last": number(event.return_last),
            "return_mean": number(event.return_mean),
            "return_best": number(event.return_best),
            "timing": None if event.timing is None else words(json.dumps(dict(event.timing))),
            "updated_at": float(event.time),
        }

    # --- numbers --------------------------------------------------------------------------------------------------

    def _metrics(self, event: MetricsLogged) -> None:
        self._points(event, event.values)

    def _points(self, event: MetricsLogged | EvaluationEnded, values: Any) -> None:
        run, step, time = self._run(event.run_id), whole(event.step), float(event.time)
        points = {name: number(value) for name, value in values.items()}
        reserved = _RESERVED.intersection(points)
        if reserved:
            raise ValueError(f"the metric name {min(reserved)!r} is the store's own, for episodes")
        rows = []
        for seq, (name, value) in enumerate(points.items(), start=run.last_seq + 1):
            metric_id = self._names.id_of(self._connection, name)
            point = {"run_key": run.key, "metric_id": metric_id, "step": step, "value": value, "time": time, "seq": seq}
            rows.append(point)
        run.last_seq += len(rows)
        self._add(run, tables.metrics, rows)

    def _episode(self, event: EpisodeEnded) -> None:
        run = self._run(event.run_id)
        row = {
            "run_key": run.key,
            "number": whole(event.number),
            "step": whole(event.step),
            "env_index": whole(event.env_index),
            "episode_return": number(event.episode_return),
            "length": whole(event.length),
            "time": float(event.time),
            "seq": run.last_seq + 1,
        }
        run.last_seq += 1
        self._add(run, tables.episodes, [row])

    def _evaluation(self, event: EvaluationEnded) -> None:
        run = self._run(event.run_id)
        summary = {
            "evaluation_mean_return": number(event.mean_return),
            "evaluation_std_return": number(event.std_return),
            "evaluation_episodes": whole(event.episodes),
            "evaluation_step": whole(event.step),
            "updated_at": float(event.time),
        }
        values = {
            "eval/mean_return": event.mean_return,
            "eval/std_return": event.std_return,
            "eval/mean_length": event.mean_length,
        }
        self._points(event, values)
        run.changes |= summary

    # --- lines and files ------------------------------------------------------------------------------------------

    def _log(self, event: LogWritten) -> None:
        run = self._run(event.run_id)
        line = {"time": float(event.time), "level": words(event.level), "text": words(event.text)}
        run.last_line += 1
        self._add(run, tables.logs, [{"run_key": run.key, "number": run.last_line, **line}])

    def _checkpoint(self, event: CheckpointSaved) -> None:
        run = self._run(event.run_id)
        row = {
            "run_key": run.key,
            "path": words(event.path),
            "step": whole(event.step),
            "kind": words(event.kind),
            "size_bytes": whole(event.size_bytes),
            "mean_return": number(event.mean_return),
            "created_at": float(event.time),
        }
        self._add(run, tables.checkpoints, [row])

    def _video(self, event: VideoSaved) -> None:
        run = self._run(event.run_id)
        row = {
            "run_key": run.key,
            "path": words(event.path),
            "poster": words(event.poster),
            "step": whole(event.step),
            "episode_return": number(event.episode_return),
            "length": whole(event.length),
            "fps": whole(event.fps),
            "duration": number(event.duration) or 0.0,
            "size_bytes": whole(event.size_bytes),
            "created_at": float(event.time),
        }
        self._add(run, tables.videos, [row])

    # --- what a person does ---------------------------------------------------------------------------------------

    def _update(self, command: UpdateRun) -> None:
        key = self._run(command.run_id).key
        c = tables.runs.c
        row = dict(
            self._connection.execute(select(c.id, c.name, c.environment, c.algorithm, c.notes).where(c.key == key))
            .one()
            ._mapping
        )
        if command.name is not None:
            row["name"] = words(command.name)
        if command.notes is not None:
            row["notes"] = words(command.notes)
        if command.tags is not None:
            tags = _tags(command.tags)
            self._connection.execute(delete(tables.run_tags).where(tables.run_tags.c.run_key == key))
            self._set_tags(key, tags)
        else:
            query = select(tables.run_tags.c.tag).where(tables.run_tags.c.run_key == key)
            tags = list(self._connection.execute(query.order_by(tables.run_tags.c.position)).scalars())
        fresh = {"name": row["name"], "notes": row["notes"], "search": _search_of(row, tags)}
        self._connection.execute(update(tables.runs).where(c.key == key), fresh)

    def _set_tags(self, key: int, tags: list[str]) -> None:
        if tags:
            rows = [{"run_key": key, "position": position, "tag": tag} for position, tag in enumerate(tags)]
            self._connection.execute(tables.run_tags.insert(), rows)

    def _reopen(self, command: ReopenRun) -> None:
        run = self._run(command.run_id)
        self._write_rows()
        c = tables.runs.c
        status = self._connection.execute(select(c.status).where(c.key == run.key)).scalar_one()
        if status not in ENDED_STATES:
            raise ConflictError(f"The run is {status}: somebody else has just let it go on.")
        if command.change is not None:
            self._configured(command.change)
        changes = {"status": "queued", "owner": words(command.owner), "ended_at": None, "reason": None, "error": None}
        self._connection.execute(update(tables.runs).where(c.key == run.key), {**changes, "updated_at": command.time})

    def _delete(self, command: DeleteRun) -> None:
        run = self._run(command.run_id)
        self._write_rows()
        for table in tables.OF_A_RUN:
            self._connection.execute(delete(table).where(table.c.run_key == run.key))
        self._connection.execute(delete(tables.runs).where(tables.runs.c.key == run.key))
        del self._runs[command.run_id]

    def _checkpoint_removed(self, event: CheckpointRemoved) -> None:
        run = self._run(event.run_id)
        self._write_rows()
        c = tables.checkpoints.c
        self._connection.execute(delete(tables.checkpoints).where(c.run_key == run.key, c.path == words(event.path)))


def _tags(tags: Iterable[str]) -> list[str]:
    """Return the tags in their order, each once."""
    return list(dict.fromkeys(words(tag) for tag in tags))


def _search_of(row: dict[str, Any], tags: list[str]) -> str:
    return search_text([row["id"], row["name"], row["environment"], row["algorithm"], *tags, row["notes"]])


_ACTIONS: dict[type[Item], Callable[[Batch, Any], None]] = {
    RunCreated: Batch._created,
    StateChanged: Batch._state,
    RunRewound: Batch._rewound,
    ConfigChanged: Batch._configured,
    ConfigEdited: Batch._edited,
    ProgressMade: Batch._progress,
    MetricsLogged: Batch._metrics,
    EpisodeEnded: Batch._episode,
    EvaluationEnded: Batch._evaluation,
    LogWritten: Batch._log,
    CheckpointSaved: Batch._checkpoint,
    CheckpointRemoved: Batch._checkpoint_removed,
    VideoSaved: Batch._video,
    UpdateRun: Batch._update,
    ReopenRun: Batch._reopen,
    DeleteRun: Batch._delete,
}
