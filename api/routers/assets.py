"""The pages' scripts and styles."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.assets import PREFIX, Assets

router = APIRouter(tags=["assets"], include_in_schema=False)


@router.api_route(PREFIX + "{name:path}", methods=["GET", "HEAD"])
def asset(request: Request, name: str, v: str = "") -> Response:
    """Return one file."""
    assets: Assets = request.app.state.assets
    return assets.answer(name, request.headers, v)
