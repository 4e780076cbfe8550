"""What a run's configuration may hold."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

from api.responses import JsonResponse
from trainer.config import RunConfig

router = APIRouter(prefix="/api/config", tags=["config"])


@router.get("/schema")
def schema() -> JsonResponse:
    """Return the JSON Schema of RunConfig, with title, help, source, default and bounds of every field."""
    return JsonResponse(_schema())


@cache
def _schema() -> dict[str, Any]:
    return RunConfig.model_json_schema(by_alias=True)
