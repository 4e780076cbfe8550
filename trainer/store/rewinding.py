"""What a run forgets when it goes back to a checkpoint, and what it keeps.

Numbers and episodes beyond the checkpoint go: the run comes by those steps again. Edits of its settings stay, because
the newest configuration is what it goes on with; those made later hold from the checkpoint on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from trainer.store import tables
from trainer.store.statements import MetricNames


def go_back(connection: Connection, names: MetricNames, run_key: int, step: int, episodes: int) -> dict[str, Any]:
    """Forget what was beyond a checkpoint; return the columns of the run that change by it.

    :param step: of the checkpoint
    :param episodes: ended up to there
    """
    points, ended, edited = tables.metrics.c, tables.episodes.c, tables.config_edits.c
    connection.execute(delete(tables.metrics).where(points.run_key == run_key, points.step > step))
    connection.execute(delete(tables.episodes).where(ended.run_key == run_key, ended.number > episodes))
    later_edits = update(tables.config_edits).where(edited.run_key == run_key, edited.step > step)
    connection.execute(later_edits, {"step": step})
    c = tables.runs.c
    last = connection.execute(select(c.evaluation_step).where(c.key == run_key)).scalar_one()
    return _evaluation_before(connection, names, run_key, step) if last is not None and last > step else {}


def _evaluation_before(connection: Connection, names: MetricNames, run_key: int, step: int) -> dict[str, Any]:
    """Return the summary of the last evaluation that is left; how many episodes it had stays as it is."""
    c = tables.metrics.c
    found: dict[str, Any] = {}
    for part in ("mean_return", "std_return"):
        metric_id = names.id_of(connection, f"eval/{part}")
        query = select(c.step, c.value).where(c.run_key == run_key, c.metric_id == metric_id, c.step <= step)
        row = connection.execute(query.order_by(c.step.desc()).limit(1)).first()
        found[f"evaluation_{part}"] = None if row is None else row.value
        found["evaluation_step"] = None if row is None else row.step
    return found if found["evaluation_step"] is not None else found | {"evaluation_episodes": None}
