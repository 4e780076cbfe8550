"""Recorded episodes: the list of them and the files themselves.

A file is served only under a name that the store knows for that run, and only from inside the run's directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import FileResponse

from api.requests import EngineOf, Parameters, one_of
from api.responses import JsonResponse
from trainer.engine import Engine
from trainer.errors import NotFoundError, nearest
from trainer.paths import confined
from trainer.store import Page, Store, VideoRecord

router = APIRouter(prefix="/api", tags=["videos"])

# Not guessed: what a browser is told must not depend on the system's table of types.
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_MOST_OF_A_RUN = 1000


class VideoFilters(Parameters):
    """Which videos are wanted; an empty value asks for nothing."""

    run: str | None = None
    env: str | None = None
    environment: str | None = None
    q: str | None = None
    limit: Annotated[int, Query(ge=1, le=1000)] = 60
    cursor: str | None = None


class PageWanted(Parameters):
    """Which part of one run's videos."""

    limit: Annotated[int, Query(ge=1, le=1000)] = 60
    cursor: str | None = None


@router.get("/videos/recordings")
def recordings(engine: EngineOf, filters: Annotated[VideoFilters, Query()]) -> JsonResponse:
    """Return recorded episodes of all runs, newest first; `cursor` in the answer asks for the next page."""
    environment = one_of(filters.env, filters.environment, ("env", "environment"))
    return _page(
        engine.store.videos(
            filters.run or None, environment, filters.q or None, filters.limit, cursor=filters.cursor or None
        )
    )


@router.get("/runs/{run_id}/videos")
def run_videos(engine: EngineOf, run_id: str, wanted: Annotated[PageWanted, Query()]) -> JsonResponse:
    """Return a run's recorded episodes, newest first."""
    return _page(engine.store.videos(run_id, limit=wanted.limit, cursor=wanted.cursor or None))


@router.get("/runs/{run_id}/videos/{name}")
@router.head("/runs/{run_id}/videos/{name}", include_in_schema=False)
def video_file(engine: EngineOf, run_id: str, name: str) -> FileResponse:
    """Return a video or its poster; ranges are answered, so that a player can seek."""
    path = _file(engine, run_id, name)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, headers=headers, media_type=_TYPES.get(path.suffix.lower(), "application/octet-stream"))


def _page(page: Page[VideoRecord]) -> JsonResponse:
    body: dict[str, Any] = {"videos": [video_json(record) for record in page.items]}
    return JsonResponse(body if page.cursor is None else {**body, "cursor": page.cursor})


def video_json(record: VideoRecord) -> dict[str, Any]:
    """Return a recorded episode in the shape of the REST contract; addresses are without the root path."""
    folder = f"/api/runs/{quote(record.run_id, safe='')}/videos"
    return {
        "id": record.id,
        "run_id": record.run_id,
        "run_name": record.run_name,
        "environment": record.environment,
        "algorithm": record.algorithm,
        "step": record.step,
        "return": record.episode_return,
        "length": record.length,
        "fps": record.fps,
        "duration": record.duration,
        "size_bytes": record.size_bytes,
        "created_at": record.created_at,
        "url": f"{folder}/{_name_in_url(record.path)}",
        "poster_url": f"{folder}/{_name_in_url(record.poster)}",
    }


def _name_in_url(relative: str) -> str:
    return quote(PurePosixPath(relative).name, safe="")


def _file(engine: Engine, run_id: str, name: str) -> Path:
    known = {PurePosixPath(path).name: path for path in _recorded(engine.store, run_id)}
    relative = known.get(name)
    if relative is None:
        near = nearest(name, known)
        raise NotFoundError(f"Run {run_id} has no video {name!r}." + (f" The nearest is {near}." if near else ""))
    path = confined(engine.layout.run(run_id), *PurePosixPath(relative).parts)
    if not path.is_file():
        raise NotFoundError(f"The video {name} of run {run_id} was recorded, but its file is gone.")
    return path


def _recorded(store: Store, run_id: str) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = store.videos(run_id, limit=_MOST_OF_A_RUN, cursor=cursor)
        for record in page.items:
            yield record.path
            yield record.poster
        cursor = page.cursor
        if cursor is None:
            return
