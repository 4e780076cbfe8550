"""A run as scripts and pages see it: the JSON shape of the REST contract, made in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.store.records import RunRecord


def run_json(record: RunRecord, actions: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the REST shape of a run.

    :param actions: for each action None when it is possible now, else why it is not
    """
    data: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "status": record.status,
        "step": record.step,
        "total_steps": record.total_steps,
        "progress": record.progress,
        "fps": record.fps,
        "eta_seconds": record.eta_seconds,
        "elapsed_seconds": record.elapsed_seconds,
        "episodes": record.episodes,
        "returns": {"last": record.return_last, "mean": record.return_mean, "best": record.return_best},
        "timing": None if record.timing is None else dict(record.timing),
        "rewinds": record.rewinds,
        "edits": record.edits,
        "environment": record.environment,
        "algorithm": record.algorithm,
        "seed": record.seed,
        "preset": record.preset,
        "tags": list(record.tags),
        "notes": record.notes,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "reason": record.reason,
        "actions": dict(actions),
    }
    if record.error is not None:
        data["error"] = record.error
    if record.evaluation is not None:
        data["evaluation"] = dict(record.evaluation)
    return data
