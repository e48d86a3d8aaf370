"""The application: the table and what stands before it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from remit.doors.http.dispatch import Table
from remit.doors.http.openapi import openapi
from remit.doors.http.problem import Problem, body_of, headers_of
from remit.doors.http.routes import ROUTES
from remit.doors.http.table import Route
from remit.guard.config import Settings
from remit.guard.wire import AsyncClient

DOOR = "http"
Part = Callable[[FastAPI], AbstractAsyncContextManager[None]]
"""Something that runs as long as the application does: it is entered at the start and left at the end."""


def create_app(
    client: AsyncClient, settings: Settings, rows: Sequence[Route] = ROUTES, parts: Sequence[Part] = ()
) -> FastAPI:
    """Return the application over a client of the guard, whose own token is the door's.

    `app.state` holds `client`, `settings` and the OpenAPI document; `parts` run beside it.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            for part in parts:
                await stack.enter_async_context(part(app))
            yield

    app = FastAPI(title="Remit", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.client, app.state.settings = client, settings
    app.state.openapi = msgspec.json.encode(openapi(rows))
    app.router.routes.append(Table(app, client, rows))
    app.add_exception_handler(404, _not_found)
    return app


async def _not_found(request: Request, fault: Exception) -> Response:
    problem = Problem("not_found", "there is nothing here", "See /v1/openapi.json")
    headers = {name.decode(): value.decode() for name, value in headers_of(problem)}
    return Response(body_of(problem), 404, headers)
