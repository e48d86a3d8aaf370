"""An order through the doors, beside a bare ASGI echo of the same bytes, and beside each other.

What stands behind the doors here is a process with a socket that answers at once: what is measured is the door and its
way to the guard, not the guard.
"""

from __future__ import annotations

import importlib.util
import json
import re
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from remit.bench.callers import AnsweredOtherwise
from remit.bench.processes import DidNotStart
from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, in_turns

CALLERS = 16
REQUESTS = 20 * CALLERS
ORDER = {"instrument": "SYM0", "side": "buy", "quantity": "10", "limit_price": "99", "agent": "caller",
         "connection": "paper1"}  # fmt: skip
TODAY, BEFORE = "2026-07-28", "2025-06-18"
"""Versions of MCP: the one of today, in which each request says what it needs, and one that begins with a session."""
_LENGTH = re.compile(rb"content-length: *([0-9]+)\r\n", re.IGNORECASE)


def doors(rounds: int) -> list[Row | Skipped]:
    """The doors and the echo are processes of uvicorn, each kept busy by the same callers over links that stay open: a
    unit takes what the busy process takes, as long as the others fit on the other core."""
    missing = [name for name in ("uvicorn", "fastapi", "mcp") if importlib.util.find_spec(name) is None]
    if missing:
        return [Skipped("doors", f"{', '.join(missing)} is not installed; install the extra: remit[doors]")]
    with TemporaryDirectory(prefix="remit-bench-") as temporary, ExitStack() as stack:
        echo = stack.enter_context(Serving("echo", Path(temporary)))
        stack.enter_context(Serving("prompt", Path(temporary)))
        door = stack.enter_context(Serving("doors", Path(temporary)))
        took = in_turns(
            {
                "echo": _asking(stack, echo, "/v1/orders", ORDER, b'"SYM0"'),
                "http": _asking(stack, door, "/v1/orders", ORDER, b'"verdict"'),
                "mcp": _asking(stack, door, "/mcp", _tool_call(TODAY), b'"verdict"', _named(TODAY)),
                "before": _asking(stack, door, "/mcp", _tool_call(), b'"verdict"', _named(BEFORE)),
            },
            rounds,
        )
    echo_, http, mcp, before = took["echo"], took["http"], took["mcp"], took["before"]
    return [
        Row(group="doors", name="an order over HTTP", ns=http.ns, beside="bare ASGI echo", beside_ns=echo_.ns, reach=3,
            aim=1.5, noise=max(http.noise, echo_.noise), note=f"{CALLERS} callers; behind it what answers at once"),
        Row(group="doors", name="the same over MCP", ns=mcp.ns, beside="HTTP", beside_ns=http.ns, reach=2, aim=1,
            noise=max(mcp.noise, http.noise), note=f"streamable HTTP, stateless, answers in JSON, protocol {TODAY}"),
        Row(group="doors", name="over MCP, previous protocol", ns=before.ns, beside="HTTP", beside_ns=http.ns,
            noise=max(before.noise, http.noise), note=f"{BEFORE}: the package makes a session for each request"),
    ]  # fmt: skip


def _tool_call(version: str = "") -> dict[str, Any]:
    said = {name: value for name, value in ORDER.items() if name not in ("agent", "connection")}
    arguments = {"client_order_id": "once", **said}
    params: dict[str, Any] = {"name": "place_order", "arguments": arguments}
    if version:
        about = {"protocolVersion": version, "clientInfo": {"name": "bench", "version": "1"}, "clientCapabilities": {}}
        params["_meta"] = {f"io.modelcontextprotocol/{name}": said for name, said in about.items()}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _named(version: str) -> str:
    return f"MCP-Protocol-Version: {version}\r\nMCP-Method: tools/call\r\nMCP-Name: place_order\r\n"


def _asking(stack: ExitStack, served: Serving, path: str, body: Any, wanted: bytes, headers: str = "") -> Round:
    callers = stack.enter_context(HttpCallers(served.port, CALLERS))
    request = _request(served, path, json.dumps(body).encode(), headers)
    return Round(lambda: callers.ask([request] * REQUESTS, wanted))


def _request(served: Serving, path: str, body: bytes, headers: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {served.secret}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Serving:
    """A process of `remit.bench.serving`, as long as this is entered: its port, and the token that its door takes."""

    def __init__(self, what: str, folder: Path) -> None:
        self._what, self._folder = what, folder
        self.port, self.secret = 0, ""

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "remit.bench.serving", self._what, str(self._folder)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        if len(ready) != 2:
            self.__exit__(None, None, None)
            raise DidNotStart(f"{self._what} did not start")
        self.port, self.secret = int(ready[0]), ready[1]
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class HttpCallers:
    """So many links to one server that stay open, one request under way on each; they cost next to nothing."""

    def __init__(self, port: int, count: int) -> None:
        self._links = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self._select = selectors.DefaultSelector()
        for link in self._links:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._select.register(link, selectors.EVENT_READ, bytearray())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._select.close()
        for link in self._links:
            link.close()

    def ask(self, requests: Sequence[bytes], wanted: bytes) -> int:
        """Send the requests over all links and return how many were answered, each 200 with these bytes in it."""
        waiting = iter(requests)
        for link, request in zip(self._links, waiting, strict=False):
            link.sendall(request)
        left = len(requests)
        while left:
            for key, _ in self._select.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(1 << 16)
                key.data.extend(data)
                if not data:
                    raise AnsweredOtherwise("the server closed the link")
                if not _is_whole(key.data):
                    continue
                if not key.data.startswith(b"HTTP/1.1 200") or wanted not in key.data:
                    raise AnsweredOtherwise(key.data.decode(errors="replace")[:500])
                key.data.clear()
                left -= 1
                following = next(waiting, None)
                if following is not None:
                    key.fileobj.sendall(following)
        return len(requests)


def _is_whole(answer: bytearray) -> bool:
    head = answer.find(b"\r\n\r\n")
    found = _LENGTH.search(answer, 0, head + 2) if head >= 0 else None
    return found is not None and len(answer) >= head + 4 + int(found[1])
