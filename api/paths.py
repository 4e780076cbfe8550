"""Paths as they are when the server is published under a root path, `--root-path /lab`, behind a proxy.

Some proxies pass the root path on and some take it off; both must do. Addresses in our answers are without it: they
are relative to wherever the page or the API was found.
"""

from __future__ import annotations

from starlette.types import Scope


def route_path(scope: Scope) -> str:
    """Return the path that routes are matched with, without the root path."""
    path = str(scope["path"])
    root = str(scope.get("root_path", ""))
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :]
    return path
