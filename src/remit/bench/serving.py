"""`python -m remit.bench.serving echo|doors|prompt FOLDER`: a server to be measured, or what stands behind it.

`echo` and `doors` say their port and the token that they take. `doors` is the HTTP door with the MCP door in it;
`prompt` a socket of the guard's protocol that answers every order at once with the same record. Each ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from remit.doors.http.app import Options, create_app
from remit.doors.http.limits import Limits, Rate
from remit.doors.http.serving import config_of, keep
from remit.doors.mcp.asgi import mount
from remit.guard.config import load
from remit.guard.tokens import mint
from remit.guard.wire import AsyncClient, Peer, Request, RequestMalformed, Server
from remit.kernel import command as c
from remit.kernel.access import TOOLS
from remit.kernel.codec import encode
from remit.kernel.command import Command
from remit.kernel.event import Decision, Record, Reserved
from remit.kernel.names import Principal
from remit.kernel.numbers import Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent

Message = MutableMapping[str, Any]
ENDLESS = Rate(10**9, 10**9)


async def echo(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """Answer with the body that came: the least that a server of this kind can do."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Prompt:
    """Stands behind the guard's socket and answers at once: who asks, and that an order is allowed."""

    def __init__(self) -> None:
        self._self = encode(
            {"name": "caller", "role": "agent", "owner": "ann", "token": "T-1", "agent": "caller", "account": "main",
             "environment": "training", "capabilities": list(TOOLS), "connections": ["paper1"], "at": 1}
        )  # fmt: skip
        self._allowed = encode(_allowed())

    async def handle(self, request: Request, peer: Peer) -> bytes:
        return self._self if request.do == "read" else self._allowed

    def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        raise RequestMalformed("nobody follows what is measured here", "Send an order")


def _allowed() -> Record:
    price, quantity = parse(Price, "99"), parse(Quantity, "10")
    intent = OrderIntent(
        id="once",
        agent="caller",
        connection="paper1",
        instrument="SYM0",
        side="buy",
        quantity=quantity,
        created_at=1,
        limit_price=price,
    )
    by = Principal(name="caller", role="agent", token="T-1", door="http", owner="ann")
    decision = Decision(
        verdict="allow",
        order="r0-1",
        quantity=quantity,
        worst_price=price,
        counted_price=price,
        worth=parse(Money, "990"),
        currency="USD",
        reducing=Quantity(0),
    )
    entered = Command(seq=1, at=1, by=by, body=c.Submit(intent=intent))
    return Record(entered, (Reserved(order="r0-1", state="allowed", digest="0" * 64),), decision)


async def main(what: str, folder: Path) -> None:
    """Serve `what` until SIGTERM."""
    secret = mint("agent", lambda size: bytes(size))
    if what == "prompt":
        await _answer(folder)
        return
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    if what == "echo":
        bare = uvicorn.Config(
            echo, http="httptools", lifespan="off", log_level="warning", access_log=False, server_header=False,
            proxy_headers=False, timeout_keep_alive=75,
        )  # fmt: skip
        await _serve(bare, listening, port, secret)
        return
    settings = load({"REMIT_HOME": str(folder), "REMIT_BIND": f"127.0.0.1:{port}"})
    async with AsyncClient(settings.socket, secret, "http") as client:
        options = Options(limits=Limits(token=ENDLESS, address=ENDLESS), parts=(mount,))
        app = create_app(client, settings, options=options)
        await _serve(config_of(app), listening, port, secret)


async def _answer(folder: Path) -> None:
    server = Server(load({"REMIT_HOME": str(folder)}).socket, Prompt())
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(0, "-", flush=True)
    await stop.wait()
    await server.stop()


async def _serve(config: uvicorn.Config, listening: socket.socket, port: int, secret: str) -> None:
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    keep()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(server, "should_exit", True))
    print(port, secret, flush=True)
    await serving


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
