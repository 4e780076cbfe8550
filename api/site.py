"""Our part of the web site, beside Gradio's in the same process: `/api`, `/ws` and our files under `/assets`.

It is an application of its own, so that its error envelopes, limits and routes neither touch Gradio's nor depend on
the order in which routes were added. A middleware in Gradio's application hands it the paths that are ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import AccessPolicy
from api.assets import PREFIX, Assets
from api.errors import install_handlers
from api.guard import Guard
from api.paths import route_path
from api.routers import ALL_ROUTERS
from trainer.engine import Engine

# Below this a compressed answer saves nothing that is worth the time, on loopback least of all.
_SMALLEST_COMPRESSED = 16 * 1024


class Site:
    """Our routes over one engine, behind one policy.

    :param assets: folder of the pages' scripts and styles
    :param languages: folder of their texts, served as `/assets/languages/`
    """

    def __init__(self, engine: Engine, policy: AccessPolicy, *, assets: Path, languages: Path | None = None) -> None:
        self.policy = policy
        self.assets = Assets(assets, {"languages": languages} if languages else None)
        self.app = build_app(engine, self.assets)
        self._last_request = time.monotonic()

    def owns(self, path: str) -> bool:
        """Tell whether a path, without root path, is ours; `/assets` we share with Gradio, file by file."""
        if path.startswith(PREFIX):
            return path[len(PREFIX) :] in self.assets
        return path in ("/api", "/ws") or path.startswith(("/api/", "/ws/"))

    def quiet_for(self) -> float:
        """Return the seconds since the last request, for Gradio's pages or ours, or since the start."""
        return time.monotonic() - self._last_request

    def _note_request(self) -> None:
        self._last_request = time.monotonic()

    def launch_options(self) -> dict[str, Any]:
        """Return the arguments of `demo.launch` that put this site and its guard in front of Gradio's.

        They take effect before the port is open, so there is no moment without them.
        """
        middleware = [
            Middleware(Guard, policy=self.policy, ours=self.owns),
            Middleware(_Handover, site=self.app, ours=self.owns, note=self._note_request),
        ]
        return {
            # A plain function: Gradio asks it for every login.
            "auth": self.policy.password_matches if self.policy.required else None,
            "app_kwargs": {"middleware": middleware},
        }


def build_app(engine: Engine, assets: Assets) -> FastAPI:
    """Return the application with every route of ours, without the guard."""
    app = FastAPI(
        title="Palaestra",
        version=engine.version,
        openapi_url="/api/openapi.json",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.engine = engine
    app.state.assets = assets
    app.state.shared = {}
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, compresslevel=1)
    install_handlers(app)
    for router in ALL_ROUTERS:
        app.include_router(router)
    return app


class _Handover:
    """ASGI middleware that hands our paths to our application and the rest to Gradio's."""

    def __init__(self, app: ASGIApp, site: ASGIApp, ours: Callable[[str], bool], note: Callable[[], None]) -> None:
        self._gradio = app
        self._site = site
        self._ours = ours
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by path."""
        self._note()
        ours = scope["type"] in ("http", "websocket") and self._ours(route_path(scope))
        await (self._site if ours else self._gradio)(scope, receive, send)
