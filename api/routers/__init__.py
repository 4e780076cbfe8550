"""Our routes, one module for each resource."""

from __future__ import annotations

from api.routers import (
    about,
    assets,
    config,
    environments,
    history,
    live,
    presets,
    resources,
    runs,
    settings,
    state,
    tools,
    videos,
)

ALL_ROUTERS = (
    state.router,
    config.router,
    presets.router,
    environments.router,
    runs.router,
    history.router,
    videos.router,
    tools.router,
    resources.router,
    settings.router,
    live.router,
    about.router,
    assets.router,
)
