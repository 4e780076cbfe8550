"""Who may pass, decided in one place for pages, API, assets and WebSockets alike.

Invariants:
- without credentials the server is open to this machine alone: a connection must arrive at a loopback address and
  ask for a loopback name, so that neither the network nor a rebound DNS name reaches it;
- with credentials every path asks for them, except the few that Gradio's login page is made of;
- what a browser sends on behalf of another site's page is refused, with credentials or without.

Gradio's `auth` covers only some of Gradio's own routes and none of ours, and its CORS middleware lets every origin
read when the server is not addressed as localhost. Its logins are kept in `App.tokens`, under the value of a cookie
whose name holds `App.cookie_id`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import AccessPolicy
from api.origins import host_name, is_foreign, is_loopback
from api.paths import route_path
from api.responses import JsonResponse, envelope
from api.throttle import Throttle, TooManyAttemptsError

# In the scope of a WebSocket that a login let in: tells whether that login still holds.
STILL_ALLOWED = "palaestra.still_allowed"

# What Gradio's login page is made of, and what its `launch` asks for; none of it shows anything of a run.
_LOGIN_PAGE = frozenset(
    {
        "/",
        "/logout",
        "/theme.css",
        "/favicon.ico",
        "/manifest.json",
        "/robots.txt",
        "/gradio_api/theme.css",
        "/gradio_api/startup-events",
    }
)
_LOGIN_PAGE_FOLDERS = ("/assets/", "/static/", "/svelte/", "/pwa_icon/")
_LOGIN = ("/login", "/login/")


class _RefusedSockets(logging.Filter):
    """Keeps an error out of the log that is none.

    uvicorn says this of every WebSocket that was answered with an HTTP status instead of being accepted, which the
    ASGI extension `websocket.http.response` allows; anybody could fill the log with it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is kept."""
        return record.msg != "ASGI callable returned without completing handshake."


_REFUSED_SOCKETS = _RefusedSockets()


@dataclass(frozen=True)
class _Refusal:
    """The answer to somebody who is not let in."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """ASGI middleware in front of everything, Gradio's own pages included.

    :param ours: tells whether a path, without root path, is answered by our application rather than Gradio's
    """

    def __init__(self, app: ASGIApp, policy: AccessPolicy, ours: Callable[[str], bool]) -> None:
        self._app = app
        self._policy = policy
        self._ours = ours
        self._throttle = Throttle()
        logging.getLogger("uvicorn.error").addFilter(_REFUSED_SOCKETS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a refusal."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self._misdirected(connection) or self._foreign(connection)
        if refusal is None and self._policy.required:
            refusal = await self._unknown(connection)
        if refusal is not None:
            await self._refuse(refusal, scope, receive, send)
        elif self._policy.required and _is_login(scope):
            await self._app(scope, receive, self._watching_login(scope, send))
        else:
            await self._app(scope, receive, _unframed(send))

    def _misdirected(self, connection: HTTPConnection) -> _Refusal | None:
        if self._policy.required:
            return None
        server = connection.scope.get("server")
        if server is None or not is_loopback(server[0]):
            return _Refusal(403, "forbidden", "This server has no password and answers to its own machine only.")
        host = host_name(connection.headers.get("host", ""))
        if is_loopback(host) or host in self._policy.trusted_hosts:
            return None
        message = f"This server has no password and answers only as localhost, not as {host or 'a nameless host'}."
        return _Refusal(403, "forbidden_host", message)

    def _foreign(self, connection: HTTPConnection) -> _Refusal | None:
        method = connection.scope.get("method")
        if not is_foreign(connection.headers, method, self._policy.trusted_hosts):
            return None
        origin = connection.headers.get("origin", "another site")
        return _Refusal(403, "forbidden_origin", f"A page of {origin} may not use this server.")

    async def _unknown(self, connection: HTTPConnection) -> _Refusal | None:
        """Refuse whoever shows neither a login, nor a password, nor a token where one is needed."""
        scope = connection.scope
        if _is_login(scope):
            # Gradio compares; until it has, the attempt counts as a failure, so that many at once gain nothing.
            return await self._attempt(scope, lambda: False)
        gradio, cookies = scope.get("app"), connection.cookies
        if has_login(gradio, cookies):
            scope[STILL_ALLOWED] = lambda: has_login(gradio, cookies)
            return None
        if self._is_login_page(scope):
            return None
        authorization = connection.headers.get("authorization")
        if authorization is None:
            return _unauthorized(connection.headers)
        return await self._attempt(scope, lambda: self._policy.authorization_matches(authorization))

    async def _attempt(self, scope: Scope, succeeds: Callable[[], bool]) -> _Refusal | None:
        """Look at credentials when it is their sender's turn; a failed login is Gradio's to refuse."""
        address = _address(scope)
        try:
            await self._throttle.turn(address)
        except TooManyAttemptsError as error:
            message = f"Too many attempts to log in; try again in {error.retry_after} s."
            return _Refusal(429, "too_many_attempts", message, {"Retry-After": str(error.retry_after)})
        if succeeds():
            return None
        self._throttle.failed(address)
        return None if _is_login(scope) else _unauthorized(Headers(scope=scope))

    def _is_login_page(self, scope: Scope) -> bool:
        path = route_path(scope)
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or self._ours(path):
            return False
        return path in _LOGIN_PAGE or path.startswith(_LOGIN_PAGE_FOLDERS)

    def _watching_login(self, scope: Scope, send: Send) -> Send:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._throttle.take_back(_address(scope))
            await send(message)

        return _unframed(watched)

    async def _refuse(self, refusal: _Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        content = envelope(refusal.code, refusal.message)
        if refusal.status == 401 and not self._ours(route_path(scope)):
            # Gradio's own front end looks here.
            content["detail"] = {"error": "Not authenticated", "auth_message": None}
        await JsonResponse(content, refusal.status, refusal.headers)(scope, receive, send)


def has_login(gradio: Any, cookies: Mapping[str, str]) -> bool:
    """Tell whether these cookies hold a login that Gradio's `auth` gave out and has not taken back."""
    cookie_id = getattr(gradio, "cookie_id", None)
    tokens = getattr(gradio, "tokens", None)
    if not cookie_id or not tokens:
        return False
    names = (f"access-token-{cookie_id}", f"access-token-unsecure-{cookie_id}")
    return any(cookies.get(name) in tokens for name in names if cookies.get(name))


def _unauthorized(headers: Headers) -> _Refusal:
    # A browser would answer a Basic challenge with a dialog of its own, over a page that has its own login.
    in_browser = "mozilla" in headers.get("user-agent", "").lower()
    challenge = 'Bearer realm="Palaestra"' if in_browser else 'Basic realm="Palaestra", charset="UTF-8"'
    message = "Log in at the page, or send the username and password (Basic) or the API token (Bearer)."
    return _Refusal(401, "unauthorized", message, {"WWW-Authenticate": challenge})


def _is_login(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "POST" and route_path(scope) in _LOGIN


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _unframed(send: Send) -> Send:
    """Forbid other sites to show an answer in a frame, where their page could guide somebody's clicks."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("X-Frame-Options", "SAMEORIGIN")
        await send(message)

    return sending
