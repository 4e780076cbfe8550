"""What a run has left behind so far: numbers, episodes, log lines, checkpoints and its configuration.

Everything that grows is read by cursor: what an answer gives as `cursor` asks for what came after.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.requests import EngineOf, Parameters, split
from api.responses import JsonResponse
from trainer.store import EpisodeRecord, LogRecord, MetricsPage, Series
from trainer.tools.choosing import best_of

router = APIRouter(prefix="/api/runs/{run_id}", tags=["history"])

LARGEST = 2**63 - 1
Place = Annotated[int, Query(ge=0, le=LARGEST)]


class MetricsWanted(Parameters):
    """Which series, and from where on; no keys at all means every series."""

    keys: list[str] = []
    since: Place = 0
    max_points: Annotated[int, Query(ge=4, le=20_000)] = 2000


class EpisodesWanted(Parameters):
    """Which episodes."""

    after: Place = 0
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000


class LinesWanted(Parameters):
    """Which lines; with `tail` only the last so many of those after `after`."""

    after: Place = 0
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500
    tail: Annotated[int | None, Query(ge=1, le=10_000)] = None


@router.get("/metrics")
def metrics(engine: EngineOf, run_id: str, wanted: Annotated[MetricsWanted, Query()]) -> JsonResponse:
    """Return what changed in a run's series since a cursor, thinned to at most `max_points` a series."""
    keys = split(wanted.keys) or None
    return JsonResponse(metrics_json(engine.store.metrics(run_id, keys, wanted.since, wanted.max_points)))


@router.get("/metrics/keys")
def metric_keys(engine: EngineOf, run_id: str) -> JsonResponse:
    """Return the names of the series that a run has."""
    return JsonResponse({"keys": engine.store.metric_names(run_id)})


@router.get("/episodes")
def episodes(engine: EngineOf, run_id: str, wanted: Annotated[EpisodesWanted, Query()]) -> JsonResponse:
    """Return training episodes in order."""
    found = engine.store.episodes(run_id, wanted.after, wanted.limit)
    cursor = found[-1].number if found else wanted.after
    return JsonResponse({"episodes": [_episode_json(episode) for episode in found], "cursor": cursor})


@router.get("/logs")
def logs(engine: EngineOf, run_id: str, wanted: Annotated[LinesWanted, Query()]) -> JsonResponse:
    """Return lines of a run's log in order."""
    return JsonResponse(
        logs_json(engine.store.logs(run_id, wanted.after, wanted.limit, wanted.tail), after=wanted.after)
    )


@router.get("/checkpoints")
def checkpoints(engine: EngineOf, run_id: str) -> JsonResponse:
    """Return a run's checkpoints in step order; `kind` is what each was saved as, `best` marks the best of them now."""
    found = engine.store.checkpoints(run_id)
    best = best_of(found)
    return JsonResponse({"checkpoints": [{**asdict(each), "best": each is best} for each in found]})


@router.get("/config")
def config(engine: EngineOf, run_id: str) -> JsonResponse:
    """Return the configuration that a run was last asked to train with, and under `history` when it was edited.

    An edit is in the history once the run trains with it: at `step`, with [before, after] of every setting changed.
    """
    history = [asdict(edit) for edit in engine.store.config_edits(run_id)]
    return JsonResponse({**engine.manager.config(run_id), "history": history})


def metrics_json(page: MetricsPage) -> dict[str, Any]:
    """Return a page of series in the shape of the REST contract."""
    return {"series": {name: _series_json(series) for name, series in page.series.items()}, "cursor": page.cursor}


def logs_json(lines: list[LogRecord], after: int) -> dict[str, Any]:
    """Return log lines in the shape of the REST contract.

    :param after: the cursor they were asked for with, which stands when there is none
    """
    return {"lines": [asdict(line) for line in lines], "cursor": lines[-1].number if lines else after}


def _series_json(series: Series) -> dict[str, Any]:
    data: dict[str, Any] = {"steps": series.steps, "values": series.values, "times": series.times}
    return data if series.numbers is None else {**data, "numbers": series.numbers}


def _episode_json(episode: EpisodeRecord) -> dict[str, Any]:
    return {
        "number": episode.number,
        "step": episode.step,
        "env_index": episode.env_index,
        "return": episode.episode_return,
        "length": episode.length,
        "time": episode.time,
    }
