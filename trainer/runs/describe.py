"""A run as scripts and pages see it: the JSON shape of the REST contract, made in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainer.config.algorithms import label_of
from trainer.store.records import RunRecord

HASH_DIGITS = 12  # enough to tell configurations apart
_OF_A_RELATIVE = (
    "id",
    "name",
    "status",
    "environment",
    "algorithm",
    "algorithm_label",
    "seed",
    "step",
    "total_steps",
    "parent_id",
    "parent_step",
    "difference",
    "config_hash",
    "git_commit",
    "created_at",
    "ended_at",
    "returns",
)


def relative_json(record: RunRecord) -> dict[str, Any]:
    """Return what the tree of a family shows of a run."""
    data = run_json(record, {})
    return {**{key: data[key] for key in _OF_A_RELATIVE}, "evaluation": data.get("evaluation")}


def run_json(
    record: RunRecord, actions: Mapping[str, str | None], process: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the REST shape of a run.

    :param actions: for each action None when it is possible now, else why it is not
    :param process: `pid`, `memory` (bytes) and `why` of the process of its own that the run has, if it has one
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
        "algorithm_label": label_of(record.algorithm),
        "seed": record.seed,
        "preset": record.preset,
        "parent_id": record.parent_id,
        "parent_step": record.parent_step,
        "difference": None if record.difference is None else dict(record.difference),
        "config_hash": record.config_hash and record.config_hash[:HASH_DIGITS],
        "git_commit": record.git_commit,
        "tags": list(record.tags),
        "notes": record.notes,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "reason": record.reason,
        "actions": dict(actions),
    }
    if process is not None:
        data["process"] = dict(process)
    if record.error is not None:
        data["error"] = record.error
    if record.evaluation is not None:
        data["evaluation"] = dict(record.evaluation)
    if record.checkpoint is not None:
        data["checkpoint"] = dict(record.checkpoint)
    return data
