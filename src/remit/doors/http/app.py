"""The application: the table and what stands before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import msgspec
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from remit.doors.http.aside import Aside
from remit.doors.http.dispatch import Table
from remit.doors.http.hosts import Hosts
from remit.doors.http.limits import Gate, Limits
from remit.doors.http.metrics import Metrics
from remit.doors.http.openapi import openapi
from remit.doors.http.problem import Problem, body_of, headers_of
from remit.doors.http.remembered import FILE, Remembered
from remit.doors.http.routes import ROUTES
from remit.doors.http.routes.journal import REPORTS
from remit.doors.http.shield import Shield, internal
from remit.doors.http.stream import Streams, websocket
from remit.doors.http.table import Route
from remit.doors.http.trace import Traces
from remit.doors.http.turns import Turns
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient

DOOR = "http"
Part = Callable[[FastAPI], AbstractAsyncContextManager[None]]
"""Something that runs as long as the application does: it is entered at the start and left at the end."""


class Options(NamedTuple):
    """How one application differs from another: what it takes, where its spans go, and what runs beside it."""

    limits: Limits = Limits()
    provider: TracerProvider | None = None
    parts: tuple[Part, ...] = ()


PLAIN = Options()


class Application(FastAPI):
    """The application behind its shield, which stands before the framework's own layers too."""

    shield: Shield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.shield.http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.shield.websocket(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def beyond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what neither a row nor a part of its own path is for."""
        await super().__call__(scope, receive, send)


def create_app(
    client: AsyncClient, settings: Settings, rows: Sequence[Route] = ROUTES, options: Options = PLAIN
) -> Application:
    """Return the application over a client of the guard, whose own token is the door's.

    `app.state` holds `client`, `settings`, `metrics`, `limits`, `streams`, `remembered`, `aside` (long work), `reports`
    (whose turn it is), `openapi` (the document's bytes), `parts` (what answers at a path of its own, by that path),
    `stopping`, an event that is set when streams should end, and `tls`: whether browsers come by https, to this door or
    to what stands before it.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for part in options.parts:
                await stack.enter_async_context(part(app))
            yield
            app.state.stopping.set()
        app.state.remembered.close()

    app = Application(title="Remit", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    reach, metrics = settings.reach, Metrics()
    app.state.client, app.state.settings, app.state.metrics = client, settings, metrics
    app.state.tls = bool(reach.tls or reach.public_url.startswith("https:"))
    app.state.limits, app.state.stopping = options.limits, asyncio.Event()
    app.state.streams, app.state.remembered = Streams(app), Remembered(settings.home / FILE)
    app.state.aside, app.state.reports = Aside(settings.home, app.state.stopping), Turns(REPORTS)
    app.state.openapi = msgspec.json.encode(openapi(rows))
    app.state.parts = {}
    table = Table(app, client, rows)
    app.router.routes.append(WebSocketRoute("/v1/stream", websocket))
    app.shield = Shield(
        app.beyond, table, app.state.parts, hosts=Hosts(reach.host, reach.public_url),
        gate=Gate(options.limits, tls=app.state.tls), metrics=metrics, traces=Traces(options.provider), tls=reach.tls,
    )  # fmt: skip
    app.add_exception_handler(404, _not_found)
    app.add_exception_handler(Exception, _internal)
    return app


async def _not_found(request: Request, fault: Exception) -> Response:
    return _response(Problem("not_found", "there is nothing here", "See /v1/openapi.json"))


async def _internal(request: Request, fault: Exception) -> Response:
    """Answer where our own code failed; the server logs the fault, and the caller is told no more than that."""
    return _response(internal())


def _response(problem: Problem) -> Response:
    headers = {name.decode(): value.decode() for name, value in headers_of(problem)}
    return Response(body_of(problem), problem.status, headers)
