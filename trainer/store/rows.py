"""What a new run's row holds, out of the event that tells of it."""

from __future__ import annotations

import json
from typing import Any

from trainer.config.comparison import config_hash
from trainer.events import RunCreated
from trainer.store.values import ENDED_STATES, whole, whole_or_none, words, words_or_none


def run_row(event: RunCreated) -> dict[str, Any]:
    """Return the columns of a run that has just been accepted; a forked one stands where its checkpoint does.

    :raises TypeError: a value is of the wrong kind
    :raises ValueError: a value cannot be stored
    """
    return {
        "id": words(event.run_id),
        "name": words(event.name),
        "status": words(event.status),
        "environment": words(event.environment),
        "algorithm": words(event.algorithm),
        "seed": whole(event.seed),
        "total_steps": whole_or_none(event.total_steps),
        "preset": words_or_none(event.preset),
        "step": 0 if event.parent_step is None else whole(event.parent_step),
        "parent_id": words_or_none(event.parent_id),
        "parent_step": whole_or_none(event.parent_step),
        "difference": None if event.difference is None else words(json.dumps(dict(event.difference))),
        "config_hash": config_hash(event.config),
        "git_commit": words_or_none(event.git_commit),
        "notes": words(event.notes),
        "owner": words(event.owner),
        "created_at": float(event.time),
        "updated_at": float(event.time),
        "ended_at": float(event.time) if event.status in ENDED_STATES else None,
    }
