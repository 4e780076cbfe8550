"""The tables, in SQLAlchemy Core, the same for SQLite and PostgreSQL.

Every row that belongs to a run carries `run_key`, the run's integer key; keys are never used twice. There are no
foreign keys: one writer looks a run up and writes its rows inside the same transaction, which holds the same
promise for less. `metrics` and `episodes` are clustered by their natural keys on SQLite (WITHOUT ROWID), so that a
series is read in step order straight off its pages, and have a second index by `seq` for cursors.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text, UniqueConstraint

SCHEMA_VERSION = 4

metadata = MetaData()

# SQLite gives integer keys only to columns spelt INTEGER; PostgreSQL's INTEGER would end at 2**31.
_BigKey = BigInteger().with_variant(Integer, "sqlite")

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

runs = Table(
    "runs",
    metadata,
    Column("key", _BigKey, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("step", BigInteger, nullable=False, default=0),
    Column("total_steps", BigInteger),
    Column("progress", Double, nullable=False, default=0.0),
    Column("fps", Double, nullable=False, default=0.0),
    Column("eta_seconds", Double),
    Column("elapsed_seconds", Double, nullable=False, default=0.0),
    Column("episodes", BigInteger, nullable=False, default=0),
    Column("return_last", Double),
    Column("return_mean", Double),
    Column("return_best", Double),
    # Seconds by branch of the timing tree, as JSON.
    Column("timing", Text),
    Column("evaluation_mean_return", Double),
    Column("evaluation_std_return", Double),
    Column("evaluation_episodes", BigInteger),
    Column("evaluation_step", BigInteger),
    Column("reason", Text),
    Column("error", Text),
    Column("preset", Text),
    Column("notes", Text, nullable=False, default=""),
    Column("owner", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("updated_at", Double, nullable=False),
    # How often it went back to a checkpoint: who has read its series before has points that are gone.
    Column("rewinds", BigInteger, nullable=False, default=0, server_default="0"),
    # How often its settings were edited: the last number given out in config_edits.
    Column("edits", BigInteger, nullable=False, default=0, server_default="0"),
    # Where it comes from: the run and the step it was forked from, and by which settings it differs from that run, as
    # JSON. They stay when the parent is deleted.
    Column("parent_id", Text),
    Column("parent_step", BigInteger),
    Column("difference", Text),
    # What it is trained with: SHA-256 of its configuration, and the program's own commit.
    Column("config_hash", Text),
    Column("git_commit", Text),
    # The last numbers given out to metric points and episodes (together), and to log lines.
    Column("last_seq", BigInteger, nullable=False, default=0),
    Column("last_line", BigInteger, nullable=False, default=0),
    # What the free-text search looks through: id, name, environment, algorithm, tags and notes, case folded.
    Column("search", Text, nullable=False, default=""),
    Index("runs_by_status", "status", "key"),
    Index("runs_by_end", "ended_at", "key"),
    Index("runs_by_parent", "parent_id", "key"),
    Index("runs_by_algorithm", "algorithm", "environment", "key"),
    sqlite_autoincrement=True,
)

run_configs = Table(
    "run_configs",
    metadata,
    Column("run_key", _BigKey, primary_key=True, autoincrement=False),
    Column("config", Text, nullable=False),
)

config_edits = Table(
    "config_edits",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("step", BigInteger, nullable=False),
    Column("time", Double, nullable=False),
    # By dotted path the value before and after, as JSON.
    Column("changes", Text, nullable=False),
    sqlite_with_rowid=False,
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Text, nullable=False),
    Index("run_tags_by_tag", "tag", "run_key"),
    sqlite_with_rowid=False,
)

metric_names = Table(
    "metric_names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("metric_id", Integer, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("value", Double),
    Column("time", Double, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("metrics_by_seq", "run_key", "seq"),
    sqlite_with_rowid=False,
)

episodes = Table(
    "episodes",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("step", BigInteger, nullable=False),
    Column("env_index", Integer, nullable=False),
    Column("episode_return", Double),
    Column("length", BigInteger, nullable=False),
    Column("time", Double, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("episodes_by_seq", "run_key", "seq"),
    sqlite_with_rowid=False,
)

logs = Table(
    "logs",
    metadata,
    Column("run_key", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("time", Double, nullable=False),
    Column("level", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("key", _BigKey, primary_key=True),
    Column("run_key", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mean_return", Double),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("run_key", "path"),
    sqlite_autoincrement=True,
)

videos = Table(
    "videos",
    metadata,
    Column("key", _BigKey, primary_key=True),
    Column("run_key", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("poster", Text, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("episode_return", Double),
    Column("length", BigInteger, nullable=False),
    Column("fps", Integer, nullable=False),
    Column("duration", Double, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("run_key", "path"),
    Index("videos_by_run", "run_key", "key"),
    sqlite_autoincrement=True,
)

OF_A_RUN = (run_configs, config_edits, run_tags, metrics, episodes, logs, checkpoints, videos)
