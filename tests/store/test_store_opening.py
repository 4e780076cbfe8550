"""Opening a database: what is refused, why, and what stays untouched."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection
from store_samples import created, opened, postgres_binaries, postgres_server

from trainer.events import LogWritten
from trainer.paths import PROJECT_ROOT
from trainer.store import Store, StoreError, database, tables


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


def test_a_new_file_is_made_with_its_folders_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "ünder" / "p.db"
    with opened(path) as store:
        assert store.runs().items == []
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.close()


def test_the_schema_of_a_newer_palaestra_is_refused_untouched(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
    connection = sqlite3.connect(tmp_path / "p.db")
    connection.execute("UPDATE schema_version SET version = version + 1")
    connection.commit()
    connection.close()
    before = (tmp_path / "p.db").read_bytes()

    with pytest.raises(StoreError, match="newer Palaestra"):
        Store.open(url_of(tmp_path / "p.db"))
    assert (tmp_path / "p.db").read_bytes() == before


def test_an_older_schema_is_migrated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))

    def migrate(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE runs SET name = name || ' (migrated)'")

    monkeypatch.setattr(database, "SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
    monkeypatch.setattr(database, "MIGRATIONS", {tables.SCHEMA_VERSION: migrate})
    for _ in range(2):
        with opened(tmp_path / "p.db") as store:
            assert store.run("a").name == "run a (migrated)"


def test_a_database_of_version_1_gets_what_came_later_and_keeps_its_runs(tmp_path: Path) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))
    connection = sqlite3.connect(tmp_path / "p.db")
    connection.execute("DROP INDEX runs_by_parent")
    connection.execute("DROP INDEX runs_by_algorithm")
    lineage = ("parent_id", "parent_step", "difference", "config_hash", "git_commit")
    for column in ("timing", "rewinds", *lineage, "edits"):
        connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    connection.execute("DROP TABLE config_edits")
    connection.execute("UPDATE schema_version SET version = 1")
    connection.commit()
    connection.close()
    with opened(tmp_path / "p.db") as store:
        assert store.run("a").timing is None
        assert store.run("a").parent_id is store.run("a").config_hash is None
        assert store.run("a").name == "run a"
        assert (store.run("a").rewinds, store.run("a").edits) == (0, 0)
        assert store.config_edits("a") == []
    connection = sqlite3.connect(tmp_path / "p.db")
    wanted = "SELECT key FROM runs WHERE algorithm = 'ppo' AND environment = 'x' ORDER BY key DESC"
    [plan] = connection.execute(f"EXPLAIN QUERY PLAN {wanted}")
    connection.close()
    assert "runs_by_algorithm" in plan[3]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path / "p.db") as store:
        store.commit(created("a"))

    def migrate(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN extra TEXT")
        connection.exec_driver_sql("UPDATE runs SET no_such_column = 1")

    with monkeypatch.context() as patch:
        patch.setattr(database, "SCHEMA_VERSION", tables.SCHEMA_VERSION + 1)
        patch.setattr(database, "MIGRATIONS", {tables.SCHEMA_VERSION: migrate})
        with pytest.raises(StoreError, match="no_such_column"):
            Store.open(url_of(tmp_path / "p.db"))
    with opened(tmp_path / "p.db") as store:
        assert store.run("a").id == "a"


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, " * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="not a Palaestra database"):
        Store.open(url_of(path))
    assert path.read_text(encoding="utf-8").startswith("these are my notes")


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE runs (mine TEXT)")
    connection.commit()
    with pytest.raises(StoreError, match="belongs to another program"):
        Store.open(url_of(tmp_path / "other.db"))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
    connection.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("palaestra.db", "not a database URL"),
        ("", "not a database URL"),
        ("mysql://u:secret@host/db", "not supported"),
        ("sqlite://", "in a file"),
        ("sqlite:///:memory:", "in a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        Store.open(url)
    assert "secret" not in refused.value.message


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match=r"file.*cannot be made"):
        Store.open(url_of(tmp_path / "file" / "p.db"))


def test_a_missing_server_is_told_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be opened") as refused:
        Store.open("postgresql://user:secret@127.0.0.1:1/none")
    assert "secret" not in refused.value.message


def test_the_store_needs_neither_torch_nor_gymnasium() -> None:
    script = "import sys, trainer.store; print({'torch', 'stable_baselines3', 'gymnasium', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_a_server_that_goes_away_delays_events_and_loses_none() -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs on this machine")
    pytest.importorskip("psycopg")
    with postgres_server(binaries) as url:
        store = Store.open(url, interval=0.02)
        store.commit(created("a"))
        with store._database.reading.connect() as killer:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            for number in range(5):
                killer.exec_driver_sql(others + " AND backend_type = 'client backend'")
                store.emit(LogWritten("a", level="info", text=str(number)))
                store.flush()
        assert [line.text for line in store.logs("a")] == ["0", "1", "2", "3", "4"]
        assert store.last_error is None
        store.close()
