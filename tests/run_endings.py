"""Patience until a run has ended, for tests of whole runs."""

from __future__ import annotations

from trainer.engine import Engine
from trainer.store import RunRecord


def ended(engine: Engine, run_id: str, status: str = "completed") -> RunRecord:
    """Wait until a run has ended as it should; fail with its reason when it ended otherwise."""
    assert engine.manager.wait(run_id, 120)
    record = engine.manager.get(run_id)
    assert record.status == status, (record.reason, record.error)
    return record
