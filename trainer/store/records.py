"""What the store answers with: frozen records, free of SQL and of any open connection.

Times are seconds since the epoch (UTC), steps are environment steps summed over a run's copies, returns are
undiscounted and unclipped. A number that was not finite when it was logged is None here, so that every record
can be written as strict JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

EPISODE_RETURN = "episode/return"
EPISODE_LENGTH = "episode/length"


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a longer list; `cursor` asks for the next one and is None on the last."""

    items: list[T]
    cursor: str | None


@dataclass(frozen=True)
class RunRecord:
    """One run as it stands in the store, without its configuration.

    `progress` is 0 to 1, `fps` environment steps per second, `evaluation` the newest evaluation as `mean_return`,
    `std_return`, `episodes` and `step`; `timing` is seconds by branch of the timing tree; `rewinds` is how often
    the run went back to a checkpoint, `edits` how often its settings were changed while it lived. `started_at` is the
    first time it ran; `ended_at` is None while it lives. `checkpoint` is `step` and `time` of the newest checkpoint.

    A forked run has `parent_id`, which may name a run that is deleted by now, `parent_step` and `difference`: the
    settings that were changed, each as [the parent's, its own]. `config_hash` is the SHA-256 of the configuration
    without name, tags and notes; both it and `git_commit` are None where they are not known.
    """

    id: str
    name: str
    status: str
    environment: str
    algorithm: str
    seed: int
    step: int
    total_steps: int | None
    progress: float
    fps: float
    eta_seconds: float | None
    elapsed_seconds: float
    episodes: int
    return_last: float | None
    return_mean: float | None
    return_best: float | None
    timing: Mapping[str, float] | None
    rewinds: int
    edits: int
    evaluation: Mapping[str, Any] | None
    reason: str | None
    error: str | None
    preset: str | None
    parent_id: str | None
    parent_step: int | None
    difference: Mapping[str, Any] | None
    config_hash: str | None
    git_commit: str | None
    tags: tuple[str, ...]
    notes: str
    owner: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    updated_at: float
    checkpoint: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class SpeedRecord:
    """How far a run came in which time, pauses left out, and with which configuration."""

    environment: str
    step: int
    elapsed_seconds: float
    config: Mapping[str, Any]


@dataclass(frozen=True)
class EpisodeRecord:
    """One training episode; `length` is in agent steps."""

    number: int
    step: int
    env_index: int
    episode_return: float | None
    length: int
    time: float


@dataclass(frozen=True)
class LogRecord:
    """One line of a run's log; `number` counts from 1 within the run and is the cursor."""

    number: int
    time: float
    level: str
    text: str


@dataclass(frozen=True)
class ConfigEditRecord:
    """Settings that were changed while the run lived; `changes` is [before, after] by dotted path."""

    step: int
    time: float
    changes: Mapping[str, list[Any]]


@dataclass(frozen=True)
class CheckpointRecord:
    """One checkpoint directory; `path` is relative to the run directory, with `/`."""

    run_id: str
    step: int
    kind: str
    path: str
    size_bytes: int
    mean_return: float | None
    created_at: float


@dataclass(frozen=True)
class VideoRecord:
    """One recorded episode with what a gallery shows of its run; paths are relative to the run directory."""

    id: int
    run_id: str
    run_name: str
    environment: str
    algorithm: str
    step: int
    path: str
    poster: str
    episode_return: float | None
    length: int
    fps: int
    duration: float
    size_bytes: int
    created_at: float


@dataclass(frozen=True)
class Series:
    """The points of one metric in step order: three lists of the same length.

    A point is replaced by a later one of the same step. Several episodes may end at one step, so the series
    `episode/*` also carry `numbers`, the episode number that identifies each point; elsewhere it is None.
    """

    steps: list[int]
    values: list[float | None]
    times: list[float]
    numbers: list[int] | None = None


@dataclass(frozen=True)
class MetricsPage:
    """What changed in a run's series; pass `cursor` as the next `since` to get exactly what changes after."""

    series: dict[str, Series]
    cursor: int
