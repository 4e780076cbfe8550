"""WebSockets: what GET would answer, at once and then twice a second.

Invariants:
- a socket owns nothing: it reads the same engine as everything else, and ends without a trace;
- however many sockets show the same thing, it is worked out once a tick;
- a socket that a login let in ends when that login does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.errors import error_body, status_of
from api.guard import STILL_ALLOWED
from api.requests import EngineOf
from api.responses import JsonResponse, encode
from api.routers.history import LARGEST, logs_json, metrics_json
from trainer.engine import Engine
from trainer.errors import PalaestraError

router = APIRouter()

INTERVAL = 0.5
# A socket of ours that ends by itself says why with 4000 and the HTTP status.
CLOSE_CODE = 4000
_LINES_AT_FIRST = 200

Produce = Callable[[], dict[str, Any]]
Source = Callable[[], Awaitable[dict[str, Any]]]


class Shared:
    """One answer for all sockets that ask for the same within a tick.

    :param produce: works the answer out; called in a thread
    """

    def __init__(self, produce: Produce, fresh_for: float = INTERVAL / 2) -> None:
        self._produce = produce
        self._fresh_for = fresh_for
        self._lock = asyncio.Lock()
        self._made_at = float("-inf")
        self._latest: dict[str, Any] = {}

    async def get(self) -> dict[str, Any]:
        """Return the answer, worked out anew if it is older than half a tick."""
        async with self._lock:
            if time.monotonic() - self._made_at >= self._fresh_for:
                self._latest = await run_in_threadpool(self._produce)
                self._made_at = time.monotonic()
            return self._latest


class RunFeed:
    """What changed of one run since the last time: the run itself, its series and its log."""

    def __init__(self, engine: Engine, run_id: str, since: int, max_points: int) -> None:
        self._engine = engine
        self._run_id = run_id
        self._since = since
        self._max_points = max_points
        self._after: int | None = None

    def __call__(self) -> dict[str, Any]:
        """Return the run with what is new; a client that follows every answer has everything.

        :raises NotFoundError: there is no such run, or no more
        """
        engine, run_id = self._engine, self._run_id
        run = engine.run_json(engine.manager.get(run_id))
        metrics = metrics_json(engine.store.metrics(run_id, None, self._since, self._max_points))
        if self._after is None:
            log = logs_json(engine.store.logs(run_id, tail=_LINES_AT_FIRST), after=0)
        else:
            log = logs_json(engine.store.logs(run_id, after=self._after), after=self._after)
        self._since, self._after = metrics["cursor"], log["cursor"]
        return {"run": run, "metrics": metrics, "logs": log}


@router.websocket("/ws")
async def state_socket(socket: WebSocket, engine: EngineOf) -> None:
    """Send the body of `GET /api/state` again and again."""
    await _stream(socket, _shared(socket, "state", engine.snapshot))


@router.websocket("/ws/resources")
async def resources_socket(socket: WebSocket, engine: EngineOf) -> None:
    """Send the machine's load again and again."""
    await _stream(socket, _shared(socket, "system", lambda: {"system": engine.monitor.sample()}))


@router.websocket("/ws/runs/{run_id}")
async def run_socket(
    socket: WebSocket,
    engine: EngineOf,
    run_id: str,
    since: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    max_points: Annotated[int, Query(ge=4, le=20_000)] = 2000,
) -> None:
    """Send a run with its series and log: whole at first, then what is new."""
    feed = RunFeed(engine, run_id, since, max_points)
    await _stream(socket, lambda: run_in_threadpool(feed))


def _shared(socket: WebSocket, name: str, produce: Produce) -> Source:
    """Return where all sockets of this application that show `name` get it from."""
    kept: dict[str, Shared] = socket.app.state.shared
    return kept.setdefault(name, Shared(produce)).get


async def _stream(socket: WebSocket, produce: Source) -> None:
    try:
        content = await produce()
    except PalaestraError as error:
        # Before it is accepted, a socket can be refused like any request.
        await JsonResponse(error_body(error), status_of(error))(socket.scope, socket.receive, socket.send)
        return
    await socket.accept()
    closed = asyncio.create_task(_until_closed(socket))
    try:
        await _send_updates(socket, closed, content, produce)
    except (WebSocketDisconnect, OSError):
        pass  # the other side has gone, which is how most sockets end
    except PalaestraError as error:
        await _end(socket, CLOSE_CODE + status_of(error), error_body(error))
    finally:
        closed.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await closed


async def _send_updates(
    socket: WebSocket, closed: asyncio.Task[None], content: dict[str, Any], produce: Source
) -> None:
    still_allowed: Callable[[], bool] = socket.scope.get(STILL_ALLOWED, lambda: True)
    kind = "init"
    while True:
        await socket.send_text(encode({"type": kind, **content}).decode())
        await asyncio.wait({closed}, timeout=INTERVAL)
        if closed.done():
            return
        if not still_allowed():
            await socket.close(CLOSE_CODE + 401, "logged out")
            return
        kind, content = "update", await produce()


async def _until_closed(socket: WebSocket) -> None:
    """Read until the other side ends; what it says is not asked for."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _end(socket: WebSocket, code: int, content: dict[str, Any]) -> None:
    if socket.application_state is not WebSocketState.CONNECTED:
        return
    with contextlib.suppress(WebSocketDisconnect, OSError, RuntimeError):
        await socket.send_text(encode({"type": "error", **content}).decode())
        await socket.close(code)
