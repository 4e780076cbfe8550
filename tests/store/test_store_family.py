"""Families: where runs come from, found by an index however many other runs there are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from store_samples import created, opened

from trainer.errors import NotFoundError
from trainer.events import ConfigChanged


def forked(run_id: str, parent: str, time: float, step: int = 5):
    return created(run_id, parent_id=parent, parent_step=step, difference={"algorithm.gamma": [0.9, 0.5]}, time=time)


def test_a_fork_keeps_where_it_comes_from_when_its_parent_is_deleted(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a", git_commit="f" * 40))
        store.commit(forked("b", "a", 2.0))
        store.delete_run("a")
        run = store.run("b")
        assert (run.parent_id, run.parent_step, run.step) == ("a", 5, 5)
        assert run.difference == {"algorithm.gamma": [0.9, 0.5]}
        assert [each.id for each in store.family("b")] == ["b"]


def test_a_family_is_bounded_and_keeps_the_line_of_the_one_who_asks(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("root", time=1.0))
        for number in range(30):
            store.emit(forked(f"child-{number}", "root", 2.0 + number))
        store.commit(forked("grandchild", "child-29", 99.0))
        assert len(store.family("root")) == 32
        few = [run.id for run in store.family("grandchild", most=10)]
        assert len(few) == 10
        assert few[0] == "root"
        assert {"child-29", "grandchild"} <= set(few)
        with pytest.raises(NotFoundError):
            store.family("nobody")


def test_children_are_found_by_an_index(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
    connection = sqlite3.connect(tmp_path / "p.db")
    plan = connection.execute("EXPLAIN QUERY PLAN SELECT id FROM runs WHERE parent_id IN ('a', 'b') ORDER BY key")
    assert "runs_by_parent" in str(plan.fetchall())
    connection.close()


def test_the_hash_of_a_configuration_leaves_out_what_it_is_called_and_follows_its_changes(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a", config={"x": 1, "y": {"z": 0}, "name": "one"}))
        store.commit(created("b", config={"y": {"z": 0}, "x": 1, "name": "two", "tags": ["t"]}))
        store.commit(created("c", config={"x": 1, "y": {"z": False}}))
        a, b, c = (store.run(each).config_hash for each in "abc")
        assert a == b != c
        store.commit(ConfigChanged("a", config={"x": 2}, total_steps=None))
        assert store.run("a").config_hash not in (a, c)
