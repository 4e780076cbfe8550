"""Everything that is known about runs: tables, the one writer, and the queries that screens and scripts read."""

from __future__ import annotations

from trainer.store.database import StoreError
from trainer.store.records import (
    EPISODE_LENGTH,
    EPISODE_RETURN,
    CheckpointRecord,
    ConfigEditRecord,
    EpisodeRecord,
    LogRecord,
    MetricsPage,
    Page,
    RunRecord,
    Series,
    SpeedRecord,
    VideoRecord,
)
from trainer.store.store import Store
from trainer.store.values import ENDED_STATES

__all__ = [
    "ENDED_STATES",
    "EPISODE_LENGTH",
    "EPISODE_RETURN",
    "CheckpointRecord",
    "ConfigEditRecord",
    "EpisodeRecord",
    "LogRecord",
    "MetricsPage",
    "Page",
    "RunRecord",
    "Series",
    "SpeedRecord",
    "Store",
    "StoreError",
    "VideoRecord",
]
