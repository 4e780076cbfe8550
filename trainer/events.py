"""What a run tells the world: small frozen facts that flow from sessions to the store.

A producer builds an event and hands it to `Store.emit`, which never blocks on the database. Every time is
seconds since the epoch (UTC); every step counts environment steps summed over the run's copies.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunEvent:
    """Something that happened to one run."""

    run_id: str
    time: float = field(default_factory=time.time, kw_only=True)


@dataclass(frozen=True)
class RunCreated(RunEvent):
    """A run was accepted; `status` is its first state, `config` the whole RunConfig as JSON.

    A forked run names its parent, the step it goes on from and the settings that differ, each as [the parent's, its
    own].
    """

    name: str
    status: str
    environment: str
    algorithm: str
    seed: int
    total_steps: int | None
    config: Mapping[str, Any]
    owner: str
    preset: str | None = None
    tags: tuple[str, ...] = ()
    notes: str = ""
    parent_id: str | None = None
    parent_step: int | None = None
    difference: Mapping[str, Any] | None = None
    git_commit: str | None = None


@dataclass(frozen=True)
class StateChanged(RunEvent):
    """A run entered `status`; `reason` says why in plain words, `error` holds a traceback's text.

    `step` and `owner` are None where they stay as they are.
    """

    status: str
    step: int | None = None
    reason: str | None = None
    error: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class RunRewound(RunEvent):
    """A run goes on from `step`: later numbers, and episodes beyond the first `episodes`, are no longer its own.

    The run will come by those steps again; curves stay without doubles.
    """

    step: int
    episodes: int


@dataclass(frozen=True)
class ConfigChanged(RunEvent):
    """A run goes on with another configuration; `config` is the whole of it as JSON."""

    config: Mapping[str, Any]
    total_steps: int | None


@dataclass(frozen=True)
class ConfigEdited(RunEvent):
    """A run trains with other settings from `step` on.

    `changes` is, by dotted path, the value before and the value from now on; `config` is the whole of it as JSON.
    """

    step: int
    changes: Mapping[str, tuple[Any, Any]]
    config: Mapping[str, Any]


@dataclass(frozen=True)
class ProgressMade(RunEvent):
    """Where a run stands; the newest one replaces the older ones.

    `fps` is environment steps per second without paused time; returns are undiscounted and unclipped; `timing` is
    seconds so far by branch of the timing tree (`trainer.timing`).
    """

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
    timing: Mapping[str, float] | None = None


@dataclass(frozen=True)
class MetricsLogged(RunEvent):
    """Scalars at one step. Names are Stable-Baselines3's (`train/loss`) and our own (`time/fps`)."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class EpisodeEnded(RunEvent):
    """One training episode ended. `number` counts from 1 within the run; `length` is in agent steps."""

    step: int
    number: int
    env_index: int
    episode_return: float
    length: int


@dataclass(frozen=True)
class EvaluationEnded(RunEvent):
    """The policy was evaluated on `episodes` fresh episodes."""

    step: int
    mean_return: float
    std_return: float
    mean_length: float
    episodes: int


@dataclass(frozen=True)
class LogWritten(RunEvent):
    """One line of the run's log; `level` is a standard logging level name in lower case."""

    level: str
    text: str


@dataclass(frozen=True)
class RunWarned(RunEvent):
    """Something that whoever looks at the run should see; it becomes the `reason` shown beside its state."""

    text: str


@dataclass(frozen=True)
class CheckpointSaved(RunEvent):
    """A checkpoint directory was completed. `path` is relative to the run directory, with `/`.

    `kind` is one of `periodic`, `milestone`, `best`, `stop`, `final`, and `fork` for the one a forked run began with.
    """

    step: int
    kind: str
    path: str
    size_bytes: int
    mean_return: float | None = None


@dataclass(frozen=True)
class CheckpointRemoved(RunEvent):
    """A checkpoint directory was removed to make room for newer ones; `path` is as in `CheckpointSaved`."""

    path: str


@dataclass(frozen=True)
class VideoSaved(RunEvent):
    """An episode video was written. `path` and `poster` are relative to the run directory, with `/`.

    `duration` is in seconds of video, `length` in agent steps.
    """

    step: int
    path: str
    poster: str
    episode_return: float
    length: int
    fps: int
    duration: float
    size_bytes: int
