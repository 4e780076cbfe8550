"""The REST API while another program keeps the database to itself."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import httpx
import pytest

from trainer.store import store as store_module


@pytest.fixture
def lock(engine, monkeypatch) -> Iterator[sqlite3.Connection]:
    """Another program that holds the database, and a store that does not wait half a minute for it."""
    monkeypatch.setattr(store_module, "COMMIT_SECONDS", 1.0)
    path = engine.layout.outputs / "palaestra.db"
    with contextlib.closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
    engine.store.flush()


def test_pages_are_answered_and_what_cannot_be_written_is_said_in_words(site, engine, ended_run, lock):
    before = engine.store.run(ended_run)
    with site.client() as client:
        began = time.monotonic()
        refused = client.patch(f"/api/runs/{ended_run}", json={"notes": "written while locked"})
        assert time.monotonic() - began < 10
        _told(refused)
        _told(client.post(f"/api/runs/{ended_run}/extend", json={"total_steps": 1_024}))
        for path in (
            "/api/state",
            f"/api/runs/{ended_run}",
            f"/api/runs/{ended_run}/metrics",
            "/api/videos/recordings",
        ):
            assert client.get(path).status_code == 200
        assert client.get("/api/state").json()["store"]["ok"] is False
    lock.execute("ROLLBACK")
    engine.store.flush()
    after = engine.store.run(ended_run)
    assert (after.status, after.notes, after.total_steps) == (before.status, before.notes, before.total_steps), (
        "what was refused is not done later"
    )


def _told(answer: httpx.Response) -> None:
    error = answer.json()["error"]
    assert answer.status_code == 503, error
    assert "Nothing was changed. Try again" in error["message"]
