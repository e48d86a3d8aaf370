"""MCP over HTTP: a stateless endpoint that answers in JSON, for callers with a bearer token of an agent or a client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from remit.doors.http.auth import place_of
from remit.doors.http.call import Answer
from remit.doors.http.dispatch import respond
from remit.doors.mcp.caller import NoTrader, Traders
from remit.doors.mcp.refusing import AGAIN
from remit.doors.mcp.server import build
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient, GuardError

PATH = "/mcp"
DOOR = "mcp"
BODY_BYTES_MAX = 131_072
TOKEN_LENGTH_MAX = 200
BEARER = "bearer "
AGAIN_S = b"2"


@contextlib.asynccontextmanager
async def mount(app: Starlette) -> AsyncIterator[None]:
    """Serve `/mcp` in an application for as long as this is entered. `app.state.settings` says where the guard is."""
    settings: Settings = app.state.settings
    async with AsyncClient(settings.socket, "", DOOR, guard_uids=settings.guard_uids) as client:
        traders = Traders(client)
        server = build(client, traders, secret_of, settings)
        manager = StreamableHTTPSessionManager(
            server,
            json_response=True,
            stateless=True,
            max_request_body_size=BODY_BYTES_MAX,
        )
        serving = Guarded(manager.handle_request, traders, settings.reach.origins)
        app.state.parts.update({PATH: serving, f"{PATH}/": serving})
        try:
            async with manager.run():
                yield
        finally:
            for path in (PATH, f"{PATH}/"):
                del app.state.parts[path]


def secret_of(context: ServerRequestContext[Any, Any]) -> str:
    """Return the bearer token that a request brought."""
    assert context.request is not None
    secret: str = context.request.scope["remit.secret"]  # nothing gets past Guarded without
    return secret


class Guarded:
    """Lets requests through whose token trades: 401 without a token that is worth something, 403 for tokens of people
    and feeds and for pages of other sites, 503 while the guard is not there."""

    def __init__(self, app: ASGIApp, traders: Traders, origins: Collection[str]) -> None:
        self._app, self._traders, self._origins = app, traders, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["remit.route"] = PATH
        refused = await self._refused(scope, scope["remit.headers"])
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await respond(send, refused)

    async def _refused(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Answer | None:
        """Return the answer to who may not pass; None for who may, with the token as `remit.secret` of the scope."""
        if b"origin" in headers and not self._is_own(headers[b"origin"].decode("latin-1"), headers[b"host"]):
            return _refusal(403, "origin_refused", "the request comes from another site")
        given = headers.get(b"authorization", b"").decode("latin-1")
        secret = given[len(BEARER) :]
        if given[: len(BEARER)].lower() != BEARER or len(secret) > TOKEN_LENGTH_MAX or not secret.isascii():
            return _refusal(401, "invalid_token", "a bearer token is required")
        try:
            await self._traders.of(secret, act=f"POST {PATH}")
        except NoTrader:
            return _refusal(403, "insufficient_scope", "the token stands for nobody who may trade")
        except GuardError as error:
            if error.code in AGAIN:
                return _refusal(503, error.code, "the guard cannot be asked now; try again")
            return _refusal(401, "invalid_token", "the token is worth nothing")
        scope["remit.secret"] = secret
        return None

    def _is_own(self, origin: str, host: bytes) -> bool:
        return origin in self._origins or place_of(origin) == host.decode("latin-1")


def _refusal(status: int, code: str, says: str) -> Answer:
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if status == 503:
        headers = ((b"retry-after", AGAIN_S),)
    elif code != "origin_refused":
        headers = ((b"www-authenticate", f'Bearer error="{code}", error_description="{says}"'.encode()),)
    return Answer(msgspec.json.encode({"error": code, "error_description": says}), status, headers)
