"""The writer keeps what it was given: through locks, full disks, malformed events and the end of the process."""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from store_samples import created, episode, eventually, loss, opened, python, state

from trainer.errors import NotFoundError, PalaestraError
from trainer.events import EpisodeEnded, LogWritten
from trainer.store import Store, StoreError
from trainer.store.commands import ReopenRun, UpdateRun
from trainer.store.tables import metrics


def writing_engine(store: Store) -> Any:
    return store._database.writing


def test_a_locked_database_delays_events_and_loses_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(tmp_path / "p.db", interval=0.02, busy_seconds=0.02) as store:
        store.commit(created("a"))
        assert store.last_error is None
        blocker = sqlite3.connect(tmp_path / "p.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")

        for step in range(500):
            store.emit(loss("a", step, float(step)))
        with pytest.raises(StoreError, match=r"did not take the data within 0\.5 s .*locked.* stays queued"):
            store.commit(state("a", "running"), timeout=0.5)
        assert store.last_error == "database is locked"
        assert store.pending == 501
        assert store.run("a").status == "queued", "reading goes on meanwhile"

        blocker.execute("COMMIT")
        blocker.close()
        store.flush()
        assert store.metrics("a").series["train/loss"].values == [float(step) for step in range(500)]
        assert store.run("a").status == "running", "what commit gave up waiting for was written all the same"
        assert (store.last_error, store.pending) == (None, 0)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"], "told once, and once when over"


def test_a_command_that_was_refused_is_not_done_later_and_trouble_that_is_over_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db", interval=0.02, busy_seconds=0.02) as store:
        store.commit(created("a"))
        store.commit(state("a", "stopped"))
        with contextlib.closing(sqlite3.connect(tmp_path / "p.db", isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"locked\)\. Nothing was changed\. Try again"):
                store._writer.commit(ReopenRun("a", "test", 1.0), timeout=0.3)
            assert (store.last_error, store.pending) == ("database is locked", 0)
            blocker.execute("COMMIT")
        eventually(lambda: store.last_error is None)  # although nothing is left to write
        store.flush()
        assert store.run("a").status == "stopped"
        store.reopen_run("a", "test")
        assert store.run("a").status == "queued"


def test_a_command_that_was_just_being_done_when_its_time_was_up_is_done(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db", interval=0.02, busy_seconds=5.0) as store:
        store.commit(created("a"))
        with contextlib.closing(sqlite3.connect(tmp_path / "p.db", isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            asked = threading.Thread(target=store._writer.commit, args=(UpdateRun("a", name="new"), 0.2))
            asked.start()
            time.sleep(0.6)
            blocker.execute("COMMIT")
        asked.join(10)
        assert store.run("a").name == "new"


def test_a_full_disk_delays_events_and_loses_none(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db", interval=0.02) as store:
        store.commit(created("a"))

        def limit(pages: int) -> None:
            with writing_engine(store).connect() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        limit(1)  # SQLite takes the present size instead: no page more
        for number in range(2_000):
            store.emit(LogWritten("a", level="info", text=f"{number} {'x' * 100}"))
        eventually(lambda: store.last_error is not None)
        assert store.last_error == "database or disk is full"
        assert store.logs("a") == []

        limit(1_000_000)
        store.flush()
        assert [line.number for line in store.logs("a", limit=5_000)] == list(range(1, 2_001))
        assert store.logs("a", tail=1)[0].text.startswith("1999 ")


def test_a_batch_that_fails_after_half_its_rows_is_written_once(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db", interval=0.02) as store:
        store.commit(created("a"))
        failures = iter(range(2))

        @sqlalchemy_event.listens_for(writing_engine(store), "commit")
        def fail(_: Any) -> None:
            if next(failures, None) is not None:
                raise OSError("the power of the disk was off")

        store.emit(LogWritten("a", level="info", text="once"))
        store.emit(loss("a", 1, 1.0, name="new/name"))
        store.flush()

        assert [(line.number, line.text) for line in store.logs("a")] == [(1, "once")]
        assert store.metrics("a").series["new/name"].values == [1.0]
        assert store.metrics("a").cursor == 1


def test_a_malformed_event_is_refused_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad: list[Any] = [
        loss("a", "three", 1.0),  # type: ignore[arg-type]
        loss("a", 2**70, 1.0),
        loss("a", 1, "high"),  # type: ignore[arg-type]
        episode("a", float("nan")),  # type: ignore[arg-type]
        loss("a", 1, 1.0, name=None),  # type: ignore[arg-type]
        episode("a", 1, time=None),
        episode("a", 1, time=float("nan")),
        loss(["a"], 1, 1.0),  # type: ignore[arg-type]
        loss("a\ud800", 1, 1.0),
        "not an event",
        None,
    ]
    with opened(tmp_path / "p.db", interval=0.02) as store:
        store.commit(created("a"))
        for number, event in enumerate(bad):
            store.emit(loss("a", number, 0.0, name="good"))
            store.emit(event)
        store.flush()
        assert store.metrics("a").series["good"].steps == list(range(len(bad)))
        assert store.last_error is None
        with pytest.raises(PalaestraError, match="MetricsLogged of run a"):
            store.commit(bad[0])
    assert "dropped" in caplog.text


def test_events_of_an_unknown_run_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(tmp_path / "p.db") as store:
        for number in range(50):
            store.emit(episode("ghost", number))
        store.flush()
        with pytest.raises(NotFoundError, match="ghost"):
            store.commit(state("ghost", "running"))
    assert len(caplog.records) == 1
    assert "ghost" in caplog.text


def test_closing_writes_what_is_queued_and_later_events_are_refused(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/p.db", interval=60)
    store.emit(created("a"))
    for number in range(20_000):
        store.emit(episode("a", number))
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.emit(episode("a", 1))
    with pytest.raises(StoreError, match="closed"):
        store.commit(episode("a", 1))

    with opened(tmp_path / "p.db") as again:
        assert len(again.episodes("a", limit=10_000)) == 10_000
        assert again.metrics("a").cursor == 20_000
    assert not (tmp_path / "p.db-wal").exists(), "the last to leave folds the WAL into the file"


def test_an_emission_is_written_or_refused_however_late_it_comes(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/p.db", interval=0.001)
    store.commit(created("a"))
    accepted = [0] * 4

    def produce(worker: int) -> None:
        try:
            while True:
                store.emit(loss("a", accepted[worker], 1.0, name=f"worker/{worker}"))
                accepted[worker] += 1
        except StoreError:
            return

    workers = [threading.Thread(target=produce, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    time.sleep(0.1)
    store.close()
    for worker in workers:
        worker.join()

    with opened(tmp_path / "p.db") as again:
        series = again.metrics("a", max_points=20_000).series
        for worker, expected in enumerate(accepted):
            last = series[f"worker/{worker}"].steps[-1]
            assert last >= expected - 1, "an accepted event was lost"


def test_closing_a_database_that_refuses_says_what_was_left(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/p.db", busy_seconds=0.01)
    store.commit(created("a"))
    blocker = sqlite3.connect(tmp_path / "p.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store.emit(episode("a", 1))
    store.emit(episode("a", 2))
    with pytest.raises(StoreError, match="2 events could not be written"):
        store.close(timeout=0.2)
    blocker.close()


def test_a_store_that_nobody_closes_still_writes(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/p.db", interval=60)
    store.emit(created("a"))
    del store
    gc.collect()
    with opened(tmp_path / "p.db") as again:
        assert again.run("a").id == "a"


def test_a_process_that_ends_without_closing_still_writes(tmp_path: Path) -> None:
    script = """
import sys
sys.path.append("tests/store")
from store_samples import created, episode
from trainer.store import Store
store = Store.open(sys.argv[1], interval=60)
store.emit(created("a"))
for number in range(1, 1001):
    store.emit(episode("a", number))
raise SystemExit("a mishap")
"""
    child = python(script, f"sqlite:///{tmp_path.as_posix()}/p.db")
    child.communicate(timeout=30)
    assert child.returncode == 1
    with opened(tmp_path / "p.db") as store:
        assert len(store.episodes("a")) == 1000


@pytest.mark.alone
def test_events_are_visible_half_a_second_after_emission_at_the_latest(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
        commits: list[float] = []
        sqlalchemy_event.listen(writing_engine(store), "commit", lambda _: commits.append(time.monotonic()))
        end = time.monotonic() + 2.0
        number = 0
        while time.monotonic() < end:
            number += 1
            store.emit(episode("a", number))
            time.sleep(0.005)
        gaps = [after - before for before, after in itertools.pairwise(commits)]
        assert 4 <= len(commits) <= 16, "batched, not one transaction an event"
        assert max(gaps) < 0.5


@pytest.mark.alone
def test_emitting_costs_a_training_thread_next_to_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
        best = float("inf")
        for _ in range(10):
            started = time.perf_counter()
            for number in range(2_000):
                store.emit(EpisodeEnded("a", step=number, number=number, env_index=0, episode_return=1.0, length=1))
            best = min(best, (time.perf_counter() - started) / 2_000)
        print(f"emit, event included: {best * 1e6:.2f} us")
        assert best < 5e-6


@pytest.mark.alone
def test_a_commit_takes_milliseconds(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
        times = []
        for step in range(50):
            started = time.perf_counter()
            store.commit(state("a", "running", step=step))
            times.append(time.perf_counter() - started)
            assert store.run("a").step == step
        print(f"commit: median {sorted(times)[25] * 1e3:.2f} ms")
        assert sorted(times)[25] < 0.02


def test_a_value_the_database_itself_refuses_holds_nothing_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that passes `trainer.store.values` is refused today; tomorrow's constraint must not block the queue."""
    with opened(tmp_path / "p.db", interval=0.02) as store:
        store.commit(created("a"))
        with writing_engine(store).begin() as connection:
            connection.exec_driver_sql(
                f"CREATE TRIGGER no_thirteen BEFORE INSERT ON {metrics.name} WHEN new.step = 13 "
                "BEGIN SELECT RAISE(ABORT, 'thirteen is not wanted'); END"
            )
        for step in range(20):
            store.emit(loss("a", step, 1.0))
        with caplog.at_level(logging.ERROR):
            store.flush()
        assert store.metrics("a").series["train/loss"].steps == [step for step in range(20) if step != 13]
        assert "thirteen is not wanted" in caplog.text
