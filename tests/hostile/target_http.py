"""The HTTP door: whatever is sent becomes a request that the guard can read, or a problem; never a fault."""

from __future__ import annotations

import asyncio
import json
import tempfile
from functools import lru_cache
from typing import Any, cast

import msgspec
from starlette.types import Message
from tests.hostile.target import Target, check_body, chosen, seeded

from remit.doors.http.app import create_app
from remit.doors.http.routes import ROUTES
from remit.doors.http.table import Route
from remit.guard.config import load
from remit.guard.wire import AsyncClient, Failure, GuardRefused
from remit.guard.wire.message import write_request
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body

ROWS = [row for row in ROUTES if row.media == "application/json"]
SENDING = [row for row in ROWS if row.body is not None]
HEADERS = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer remit_x"), (b"content-type", b"application/json")]


class Guard:
    """A guard that reads what it is sent, as the real one does, and refuses it."""

    async def ask(self, do: Any, body: Any, kind: Any = Any, token: str | None = None, **said: str) -> Any:
        write_request(1, token or "", do, body, "http", said.get("act", ""), said.get("trace", ""))
        sent = body["command"] if isinstance(body, dict) and "command" in body else body
        if do in ("command", "preview") and isinstance(sent, msgspec.Struct):
            check_body(decode(Body, encode(sent)))  # type: ignore[arg-type]
        raise GuardRefused(Failure("not_possible", "it is refused", "Leave it"))


@lru_cache(maxsize=1)
def _app() -> Any:
    settings = load({"REMIT_HOME": tempfile.mkdtemp(prefix="remit-hostile-")})
    return create_app(cast(AsyncClient, Guard()), settings)


def answered(method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> list[Message]:
    """What the door answers to a request, as a server would give it."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path.decode("latin-1"), "raw_path": path, "query_string": query,
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8420), "scheme": "http",
        "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    asyncio.run(_app()(scope, receive, send))
    return sent


def check(sent: list[Message]) -> None:
    """An answer is whole, and an error is a problem that says what to do; none is a fault of the door's own."""
    status, headers = sent[0]["status"], dict(sent[0]["headers"])
    assert status < 500 or status == 503, (status, sent)
    assert len(sent) == 2 and headers[b"content-length"] == b"%d" % len(sent[1]["body"])
    if status >= 400:
        assert headers[b"content-type"] == b"application/problem+json"
        told = json.loads(sent[1]["body"])
        assert told["status"] == status and told["code"] and told["detail"] and told["fix"], told


def check_bodies(data: bytes) -> None:
    """Bytes as the body of any row that takes one."""
    way, body = chosen(data, len(SENDING))
    row = SENDING[way]
    check(answered(row.method, row.path.replace("{", "").replace("}", "").encode(), b"", HEADERS, body))


def check_targets(data: bytes) -> None:
    """Bytes as a path and query, or as a parameter of any row, or as the headers that the door reads itself."""
    way, rest = chosen(data, len(ROWS) + 4)
    if way < len(ROWS):
        row = ROWS[way]
        path, _, query = rest.partition(b"?")
        filled = b"/".join(path[:200] if part.startswith(b"{") else part for part in row.path.encode().split(b"/"))
        check(answered(row.method, filled, query, HEADERS, b"{}"))
        return
    name = (b"authorization", b"cookie", b"traceparent", b"host")[way - len(ROWS)]
    headers = [*(header for header in HEADERS if header[0] != name), (name, rest)]
    check(answered("POST", b"/v1/pauses", b"", headers, b'{"subject": "firm", "why": "x"}'))
    check(answered("GET", rest[:200] or b"/", rest[200:400], HEADERS, b""))


def _seed_of(row: Route) -> bytes:
    return json.dumps(row.example if row.example is not None else {}).encode()


def body_seeds() -> list[bytes]:
    return [seeded(way, _seed_of(row)) for way, row in enumerate(SENDING)]


def target_seeds() -> list[bytes]:
    rows = [seeded(way, b"momentum?limit=2&cursor=WyJhIl0&agent=m&from=3") for way in range(len(ROWS))]
    texts = (b"Bearer remit_agent_x", b"a=b; remit_session=remit_x", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")
    return [*rows, *(seeded(len(ROWS) + way, text) for way, text in enumerate((*texts, b"[::1]:8420")))]


WORDS = ("agent:", "%2F", "limit", "cursor", "preview", "Bearer ", "remit_session=", '"mandate"', '"why"', "null")

TARGETS = (
    Target("http_bodies", check_bodies, body_seeds, WORDS, cost=40),
    Target("http_targets", check_targets, target_seeds, WORDS, cost=40),
)
