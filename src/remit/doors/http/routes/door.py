"""Rows of the door itself: whether it lives, whether the guard answers, and what this API is."""

from __future__ import annotations

from typing import Any

from remit.doors.http.call import Answer, Call
from remit.doors.http.problem import Problem
from remit.doors.http.shapes.base import Shape
from remit.doors.http.table import TOLD, Do, Look, Route
from remit.guard.wire import GuardError
from remit.kernel.names import At


class Alive(Shape, frozen=True):
    """The door lives."""

    status: str


class Self(Shape, frozen=True):
    """Who the caller's token stands for, and for agents and clients what they act through."""

    name: str
    role: str
    owner: str
    token: str
    agent: str
    account: str
    environment: str
    capabilities: tuple[str, ...]
    connections: tuple[str, ...]
    at: At


async def healthz(call: Call) -> Alive:
    """Say that the door lives; it asks nobody."""
    return Alive(status="ok")


async def readyz(call: Call) -> Alive:
    """Say whether the guard answers."""
    try:
        await call.client.ask("read", {"view": "self"})
    except GuardError as fault:
        raise Problem("guard_not_running", f"the guard does not answer: {fault.code}", "Wait, or look: remit doctor",
                      retry_after_s=1) from None  # fmt: skip
    return Alive(status="ok")


async def document(call: Call) -> Answer:
    """Answer with the OpenAPI document, which is made once."""
    return Answer(call.app.state.openapi, headers=((b"cache-control", b"no-cache"),))


ROUTES = (
    Route(
        "GET", "/healthz", "healthz", "Whether the door lives. It asks nobody.",
        "door", (), Do(healthz), answer=Alive, open=True,
    ),
    Route(
        "GET", "/readyz", "readyz", "Whether the guard answers through this door; 503 where it does not.",
        "door", (), Do(readyz), answer=Alive, open=True,
    ),
    Route(
        "GET", "/v1/openapi.json", "openapi", "This document.",
        "door", (), Do(document), answer=dict[str, Any], open=True,
    ),
    Route(
        "GET", "/v1/self", "self", "Who the token stands for.", "door", (*TOLD, "feed"), Look("self"), answer=Self,
    ),
)  # fmt: skip
