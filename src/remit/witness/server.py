"""The witness's HTTP door: `POST /add-checkpoint`, and nothing else. One request after the other on each connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from remit.journal.submission import BYTES_MAX
from remit.witness.ledger import Answer, Ledger

PATH = "/add-checkpoint"
HEAD_BYTES_MAX = 8192
CONNECTIONS_MAX = 256
"""Where there are so many, the one that has asked nothing whole for longest is hung up on for the next: a guard calls
again."""
IDLE_S = 120.0
"""How long a connection may stay silent between two requests."""
REQUEST_S = 10.0
"""How long one request may take to arrive."""


class Server:
    """Answers over plain HTTP/1.1 with keep-alive. What is asked is proven by the journal's own signature, so nobody
    is authenticated; TLS, where it is wanted, is a proxy's."""

    def __init__(self, ledger: Ledger, told: Callable[[Answer], None] = lambda answer: None) -> None:
        """`told` hears of each answer before it is written."""
        self._ledger = ledger
        self._told = told
        self._asking: dict[asyncio.StreamWriter, None] = {}
        """Connections, first the one that was longest without a whole request."""
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen, and return the address; OSError. Port 0 is any free one."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_BYTES_MAX)
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def stop(self) -> None:
        """Listen no more, and hang up."""
        if self._server is not None:
            self._server.close()
            if hasattr(self._server, "close_clients"):  # from Python 3.13 on; before, connections end with the process
                self._server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._asking) >= CONNECTIONS_MAX:
            longest = next(iter(self._asking))
            del self._asking[longest]
            longest.transport.abort()
        self._asking[writer] = None
        try:
            while await self._one(reader, writer):
                continue
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # who asked has gone, or says too much or too slowly: there is nobody to answer
        finally:
            self._asking.pop(writer, None)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and return whether another may follow."""
        async with asyncio.timeout(IDLE_S):
            first = await reader.readexactly(1)
        async with asyncio.timeout(REQUEST_S):
            line, fields = _head(first + await reader.readuntil(b"\r\n\r\n"))
            refused = _refused(line, fields)
            body = b"" if refused else await reader.readexactly(int(fields["content-length"]))
        if self._asking.pop(writer, writer) is None:
            self._asking[writer] = None  # the newest again
        answer = refused or self._ledger.add_checkpoint(body)
        self._told(answer)
        goes_on = refused is None and fields.get("connection", "").lower() != "close"
        reason = HTTPStatus(answer.status).phrase
        head = [
            f"HTTP/1.1 {answer.status} {reason}",
            f"Content-Type: {answer.kind}",
            f"Content-Length: {len(answer.body)}",
            f"Connection: {'keep-alive' if goes_on else 'close'}",
        ]
        writer.write("".join(f"{one}\r\n" for one in [*head, ""]).encode() + answer.body)
        await writer.drain()
        return goes_on


def _head(raw: bytes) -> tuple[str, dict[str, str]]:
    """The first line and the header fields, names in lower case; what is none of both is passed over."""
    line, *rest = raw.decode("latin-1").split("\r\n")
    fields: dict[str, str] = {}
    for one in rest:
        name, colon, value = one.partition(":")
        if colon:
            key = name.strip().lower()
            # Two lengths, or any other field twice, are told apart by being no number and no known word.
            fields[key] = value.strip() if key not in fields else f"{fields[key]},{value.strip()}"
    return line, fields


def _refused(line: str, fields: dict[str, str]) -> Answer | None:
    """What is answered to a request whose body is not even read; None for one that is."""
    words = line.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        return Answer(400, b"this is no request of HTTP/1.1\n")
    if words[1].partition("?")[0] != PATH:
        return Answer(404, f"a witness answers POST {PATH} alone\n".encode())
    if words[0] != "POST":
        return Answer(405, f"a witness answers POST {PATH} alone\n".encode())
    length = fields.get("content-length", "")
    if "transfer-encoding" in fields or not (length.isascii() and length.isdigit()):
        return Answer(411, b"say the length of the body\n")
    if len(length) > 9 or int(length) > BYTES_MAX:
        return Answer(413, f"a request has up to {BYTES_MAX} bytes\n".encode())
    return None
