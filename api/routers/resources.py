"""How busy the machine is."""

from __future__ import annotations

from fastapi import APIRouter

from api.requests import EngineOf
from api.responses import JsonResponse

router = APIRouter(prefix="/api/resources", tags=["resources"])


@router.get("/system")
def system(engine: EngineOf) -> JsonResponse:
    """Return processor, memory, disk and GPU use; GPUs only where there are any."""
    return JsonResponse(engine.monitor.sample())
