"""Whether the server is well, and everything a dashboard needs in one call."""

from __future__ import annotations

from fastapi import APIRouter

from api.requests import EngineOf
from api.responses import JsonResponse

router = APIRouter(prefix="/api", tags=["state"])


@router.get("/health")
def health(engine: EngineOf) -> JsonResponse:
    """Return `ok` with the number of runs in each state, or `degraded` with what is wrong."""
    problem = engine.store.last_error
    body = {"status": "ok" if problem is None else "degraded", "version": engine.version, "runs": engine.counts()}
    return JsonResponse(body if problem is None else {**body, "message": problem})


@router.get("/state")
def state(engine: EngineOf) -> JsonResponse:
    """Return the runs that live or ended lately, all counts, the machine's load and the store's health."""
    return JsonResponse(engine.snapshot())
