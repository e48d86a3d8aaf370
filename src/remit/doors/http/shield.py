"""The shield: what every request passes before anything of it is read, and what every answer carries."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remit.doors.http.dispatch import Table, respond, told
from remit.doors.http.hosts import Hosts
from remit.doors.http.limits import Gate
from remit.doors.http.metrics import Metrics
from remit.doors.http.problem import Problem
from remit.doors.http.trace import Traces

CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", CSP),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
NO_STORE = (b"cache-control", b"no-store")
STRICT_TLS = (b"strict-transport-security", b"max-age=31536000")


class Shield:
    """Refuses strange hosts, callers that ask too often and bodies that are too large; then it lets requests through,
    counts them and gives each its trace."""

    def __init__(
        self, app: ASGIApp, table: Table, hosts: Hosts, gate: Gate, metrics: Metrics, traces: Traces, *, tls: bool
    ) -> None:
        self._app, self._table = app, table
        self._hosts, self._gate, self._metrics, self._traces = hosts, gate, metrics, traces
        self._headers = [*HEADERS, STRICT_TLS] if tls else HEADERS
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, method = time.perf_counter(), scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        trace, span = self._traces.begin(headers.get(b"traceparent", b""), method)
        scope["remit.trace"] = trace
        answered = _Answered(send, self._headers, trace)
        self._under_way += 1
        self._metrics.under_way.inc()
        try:
            self._check(scope, headers, began)
            bounded = _bounded(receive, self._gate)
            if self._table.matches(scope)[0] is Match.FULL:  # straight to the row: mostly it is one
                await self._table.handle(scope, bounded, answered.send)
            else:
                await self._app(scope, bounded, answered.send)
        except Problem as problem:
            if answered.status:  # what is half said cannot be unsaid: the server closes the connection
                raise
            self._metrics.refused.labels(problem.code).inc()
            await respond(answered.send, told(problem))
        finally:
            self._under_way -= 1
            self._metrics.under_way.dec()
            route = scope.get("remit.route", "other")
            self._metrics.seen(method, route, answered.status or 500, time.perf_counter() - began)
            if span is not None:
                self._traces.end(span, method, route, answered.status or 500)

    def _check(self, scope: Scope, headers: dict[bytes, bytes], now: float) -> None:
        """Return where the request may be read on; Problem."""
        host = headers.get(b"host", b"")
        if not self._hosts.takes(host):
            said = host.decode("latin-1")[:80]
            raise Problem("host_refused", f"this is not {said}", "Use the door's own address, or set public_url")
        if self._under_way > self._gate.limits.under_way:
            raise Problem("busy", "too many requests are under way", "Ask again soon")
        client = scope.get("client")
        authorization, cookie = headers.get(b"authorization", b""), headers.get(b"cookie", b"")
        self._gate.check_rate(client[0] if client else "", authorization, cookie, now)
        target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        self._gate.check_size(headers.get(b"content-length", b""), target)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        scope["remit.trace"] = self._traces.begin(headers.get(b"traceparent", b""), "GET")[0]
        try:
            self._check(scope, headers, time.perf_counter())
        except Problem as problem:
            self._metrics.refused.labels(problem.code).inc()
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
            return
        await self._app(scope, receive, send)


class _Answered:
    """Sends an answer on with the headers that every answer has, and remembers its status."""

    __slots__ = ("status", "_send", "_headers", "_trace")

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]], trace: str) -> None:
        self.status = 0
        self._send, self._headers, self._trace = send, headers, trace

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [*message.get("headers", ())]
            names = {name for name, _ in own}
            if b"cache-control" not in names:
                own.append(NO_STORE)
            own += [header for header in self._headers if header[0] not in names]
            own.append((b"x-trace-id", self._trace.encode()))
            message = {**message, "headers": own}
        await self._send(message)


def _bounded(receive: Receive, gate: Gate) -> Receive:
    """Return a `receive` that ends in a Problem where the body is too long, also one whose length was not announced,
    or is not all there in time."""
    taken, whole = 0, False
    ends_at = asyncio.get_running_loop().time() + gate.limits.body_s

    async def bounded() -> Any:
        nonlocal taken, whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            raise gate.too_slow() from None
        taken += len(message.get("body", b""))
        if taken > gate.limits.body_bytes:
            raise gate.too_large()
        whole = not message.get("more_body", False)
        return message

    return bounded
