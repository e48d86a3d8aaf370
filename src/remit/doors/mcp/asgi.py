"""MCP over HTTP: a stateless endpoint that answers in JSON, for callers with a bearer token of an agent or a client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.authentication import AuthenticationError
from starlette.datastructures import Headers
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from remit.doors.http.auth import place_of
from remit.doors.http.hosts import Hosts
from remit.doors.mcp.caller import NoTrader, Traders
from remit.doors.mcp.refusing import AGAIN
from remit.doors.mcp.server import build
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient, GuardError

PATH = "/mcp"
DOOR = "mcp"
BODY_BYTES_MAX = 131_072
TOKEN_LENGTH_MAX = 200
TRADES = "trade"
"""The one scope: the token stands for somebody who trades."""


class Verifier:
    """Finds whom a bearer token stands for, by asking the guard."""

    def __init__(self, traders: Traders) -> None:
        self._traders = traders

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token with the scope `trade`, or with none where it is a person's; None where it is worth nothing.

        AuthenticationError while the guard cannot be asked.
        """
        if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
            return None
        try:
            trader = await self._traders.of(token, act=f"POST {PATH}")
        except NoTrader:
            return AccessToken(token=token, client_id="nobody", scopes=[])
        except GuardError as error:
            if error.code in AGAIN:
                raise AuthenticationError(error.code) from None
            return None
        return AccessToken(token=token, client_id=f"{trader.role}:{trader.name}", scopes=[TRADES])


@contextlib.asynccontextmanager
async def mount(app: Starlette) -> AsyncIterator[None]:
    """Serve `/mcp` in an application for as long as this is entered. `app.state.settings` says where the guard is."""
    settings: Settings = app.state.settings
    async with AsyncClient(settings.socket, "", DOOR) as client:
        traders = Traders(client)
        server = build(client, traders, secret_of, settings)
        manager = StreamableHTTPSessionManager(
            server,
            json_response=True,
            stateless=True,
            max_request_body_size=BODY_BYTES_MAX,
        )
        serving = SameSite(guarded(manager, traders), settings)
        app.state.parts.update({PATH: serving, f"{PATH}/": serving})
        try:
            async with manager.run():
                yield
        finally:
            for path in (PATH, f"{PATH}/"):
                del app.state.parts[path]


def guarded(manager: StreamableHTTPSessionManager, traders: Traders) -> ASGIApp:
    """Return the endpoint behind its authentication: 401 without a valid token, 403 for who does not trade, 503 while
    the guard is not there."""
    inner = RequireAuthMiddleware(StreamableHTTPASGIApp(manager), [TRADES])
    return AuthenticationMiddleware(inner, backend=BearerAuthBackend(Verifier(traders)), on_error=_unavailable)


def secret_of(context: ServerRequestContext[Any, Any]) -> str:
    """Return the bearer token that a request brought."""
    user = context.request.scope["user"] if context.request is not None else None
    assert isinstance(user, AuthenticatedUser)  # nothing gets past RequireAuthMiddleware without
    return user.access_token.token


class SameSite:
    """Lets requests through that name this door, and come from no page or from a page of its own: against pages that
    point a name of theirs at this machine."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = Hosts(settings.reach.host, settings.reach.public_url)
        self._origins = settings.reach.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        scope["remit.route"] = PATH
        if not self._hosts.takes(host.encode("latin-1")):
            await _error(421, "host_refused", "this is another host's name")(scope, receive, send)
        elif origin is not None and origin not in self._origins and place_of(origin) != host:
            await _error(403, "origin_refused", "the request comes from another site")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _unavailable(connection: HTTPConnection, error: AuthenticationError) -> Response:
    answer = _error(503, str(error), "the guard cannot be asked now; try again")
    answer.headers["retry-after"] = "2"
    return answer


def _error(status: int, code: str, says: str) -> Response:
    return JSONResponse({"error": code, "error_description": says}, status_code=status)
