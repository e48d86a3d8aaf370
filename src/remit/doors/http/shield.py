"""The shield: what every request passes before anything of it is read, and what every answer carries."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remit.doors.http.dispatch import Table, respond, told
from remit.doors.http.hosts import Hosts
from remit.doors.http.late import Late
from remit.doors.http.limits import Gate
from remit.doors.http.metrics import Metrics
from remit.doors.http.problem import Problem
from remit.doors.http.trace import Traces

CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'; trusted-types 'none'"
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
log = logging.getLogger("remit.doors")
STRICT_TLS = (b"strict-transport-security", b"max-age=31536000")


class Shield:
    """Refuses strange hosts, callers that ask too often and bodies that are too large; then it lets requests through,
    counts them and gives each its trace. What fails behind it is told as a problem, and left to the server to log.

    `parts` answer at a path of their own, the table at its rows' paths, and `beyond` everywhere else.
    """

    def __init__(
        self, beyond: ASGIApp, table: Table, parts: Mapping[str, ASGIApp], *, hosts: Hosts, gate: Gate,
        metrics: Metrics, traces: Traces, tls: bool,
    ) -> None:  # fmt: skip
        self._beyond, self._table, self._parts = beyond, table, parts
        self._hosts, self._gate, self._metrics, self._traces = hosts, gate, metrics, traces
        self._headers = [NO_STORE, *HEADERS, *([STRICT_TLS] if tls else [])]
        self._late = Late(gate.limits.body_s)
        self._under_way = 0
        metrics.under_way.set_function(lambda: self._under_way)

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        began, method = time.perf_counter(), scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        trace, span = self._traces.begin(headers.get(b"traceparent", b""), method)
        scope["remit.trace"], scope["remit.headers"] = trace, headers
        answered = _Answered(send, self._headers, trace)
        self._under_way += 1
        try:
            self._check(scope, headers, began)
            bounded = _Bounded(receive, self._gate, self._late).receive
            found = self._table.find(scope)
            if found is not None:
                await self._table.handle(found, scope, bounded, answered.send)
            else:
                await self._parts.get(scope["path"], self._beyond)(scope, bounded, answered.send)
        except Problem as problem:
            if answered.status:  # what is half said cannot be unsaid: the server closes the connection
                raise
            self._metrics.refused.labels(problem.code).inc()
            await respond(answered.send, told(problem))
        except Exception:
            if not answered.status:
                await respond(answered.send, told(internal()))
            raise
        finally:
            self._under_way -= 1
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

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through, or close it before it is open."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        scope["remit.trace"] = self._traces.begin(headers.get(b"traceparent", b""), "GET")[0]
        try:
            self._check(scope, headers, time.perf_counter())
        except Problem as problem:
            self._metrics.refused.labels(problem.code).inc()
            log.info("a WebSocket was refused: %s", problem.code)
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
            return
        await self._beyond(scope, receive, send)


def internal() -> Problem:
    """Return what a caller is told where our own code failed; the server logs the fault itself."""
    return Problem("internal", "a fault of the door itself", "Look at its log, and report it")


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
            named = {name for name, _ in own}
            own += [header for header in self._headers if header[0] not in named]
            own.append((b"x-trace-id", self._trace.encode()))
            message = {**message, "headers": own}
        await self._send(message)


class _Bounded:
    """A `receive` that ends in a Problem where the body is too long, also one whose length was not announced, or is not
    all there in time."""

    __slots__ = ("_receive", "_gate", "_late", "_ends_at", "_taken", "_whole")

    def __init__(self, receive: Receive, gate: Gate, late: Late) -> None:
        self._receive, self._gate, self._late = receive, gate, late
        self._ends_at = late.ends_at()
        self._taken, self._whole = 0, False

    async def receive(self) -> Any:
        if self._whole:
            return await self._receive()
        try:
            message = await self._late.until(self._ends_at, self._receive)
        except TimeoutError:
            raise self._gate.too_slow() from None
        self._taken += len(message.get("body", b""))
        if self._taken > self._gate.limits.body_bytes:
            raise self._gate.too_large()
        self._whole = not message.get("more_body", False)
        return message
