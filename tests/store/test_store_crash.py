"""Several processes on one file, and processes that die in the middle of writing."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path

import pytest
from store_samples import created, episode, loss, opened, python

from trainer.store import Store

WRITE_FOREVER = """
import sys
sys.path.append("tests/store")
from store_samples import created, episode, loss, state
from trainer.store import Store
store = Store.open(sys.argv[1], interval=0.001)
store.commit(created("a"))
number = 0
while True:
    for _ in range(50):
        number += 1
        store.emit(episode("a", number, float(number)))
        store.emit(loss("a", number, float(number)))
    store.commit(state("a", "running", step=number))
    print(number, flush=True)
"""

WRITE_BESIDE_OTHERS = """
import sys
sys.path.append("tests/store")
from store_samples import created, loss, state
from trainer.store import Store
url, own = sys.argv[1:]
store = Store.open(url, interval=0.002)
store.commit(created(own))
for step in range(1500):
    store.emit(loss(own, step, float(step)))
    store.emit(loss("shared", step, float(step), name=f"by/{own}"))
    if step % 100 == 0:
        store.commit(state(own, "running", step=step))
store.commit(state(own, "completed", step=1500))
store.close()
"""

OPEN_AND_CLOSE = """
import sys
sys.path.append("tests/store")
from store_samples import created
from trainer.store import Store
sys.stdin.read(1)
store = Store.open(sys.argv[1])
store.commit(created(sys.argv[2]))
store.close()
"""


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


@pytest.mark.parametrize("commits", [1, 7, 40])
def test_what_a_killed_process_committed_is_there_and_the_file_is_sound(tmp_path: Path, commits: int) -> None:
    path = tmp_path / "p.db"
    child = python(WRITE_FOREVER, url_of(path))
    assert child.stdout is not None
    promised = int(list(itertools.islice(child.stdout, commits))[-1])
    child.kill()
    promised = max([promised, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.wait()

    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()
    with opened(path) as store:
        assert store.run("a").step >= promised
        series = store.metrics("a", max_points=20_000).series
        for name in ("train/loss", "episode/return"):
            values = series[name].values
            assert len(values) >= promised
            assert values == [float(number + 1) for number in range(len(values))], "a gap before the last commit"

        before = store.metrics("a").cursor
        store.emit(episode("a", 1, -1.0))  # what a resumed run replays
        store.flush()
        assert store.metrics("a", since=before).series["episode/return"].values == [-1.0]


def test_processes_that_write_at_once_wait_for_each_other_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    with opened(path, interval=0.002) as store:
        store.commit(created("shared"))
        children = [python(WRITE_BESIDE_OTHERS, url_of(path), name) for name in ("one", "two")]
        steps = 0
        while any(child.poll() is None for child in children):
            store.emit(loss("shared", steps, float(steps), name="by/parent"))
            steps += 1
            if steps % 50 == 0:
                store.flush()
        assert [child.wait() for child in children] == [0, 0]
        store.flush()

        assert [store.run(name).status for name in ("one", "two")] == ["completed", "completed"]
        series = store.metrics("shared", max_points=20_000).series
        assert len(series["by/one"].steps) == len(series["by/two"].steps) == 1500
        assert store.metrics("shared").cursor == 3000 + steps
        assert store.last_error is None
        for child in children:
            assert child.stdout is not None
            child.stdout.close()
    rows = sqlite3.connect(path).execute("SELECT count(*), count(DISTINCT seq) FROM metrics WHERE run_key = 1")
    assert rows.fetchone() == (3000 + steps, 3000 + steps), "no number was given out twice"


def test_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "p.db"
    children = [python(OPEN_AND_CLOSE, url_of(path), f"r{number}") for number in range(4)]
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0] * 4
    with opened(path) as store:
        assert sorted(run.id for run in store.runs().items) == ["r0", "r1", "r2", "r3"]


def test_a_commit_is_seen_by_another_process_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as writer, opened(tmp_path / "p.db") as reader:
        for number in range(20):
            writer.commit(created(f"r{number}"))
            assert reader.run(f"r{number}").id == f"r{number}"


def test_one_read_sees_one_moment(tmp_path: Path) -> None:
    """A page holds a cursor and points; a commit between the two must not show."""
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
        store.commit(loss("a", 1, 1.0))
        with store._database.snapshot() as connection:
            before = connection.exec_driver_sql("SELECT last_seq FROM runs").scalar_one()
            store.commit(loss("a", 2, 2.0))
            assert connection.exec_driver_sql("SELECT count(*) FROM metrics").scalar_one() == before == 1
        assert store.metrics("a").cursor == 2


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store, pytest.raises(Exception, match="readonly"):  # noqa: SIM117
        with store._database.snapshot() as connection:
            connection.exec_driver_sql("DELETE FROM runs")


def test_two_stores_of_one_process_do_not_share_anything_but_the_file(tmp_path: Path) -> None:
    first, second = Store.open(url_of(tmp_path / "p.db")), Store.open(url_of(tmp_path / "p.db"))
    first.commit(created("a"))
    second.commit(loss("a", 1, 1.0))
    first.close()
    second.commit(loss("a", 2, 1.0))
    assert second.metrics("a").cursor == 2
    second.close()
