"""Links to venues: Unix sockets that carry frames, where every message gets exactly one reply, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from remit.guard.errors import FrameTooLarge, LinkDown, NoReply
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack


class Link:
    """One socket to a venue, opened when first used and again after it broke; many messages may be under way.

    A reply belongs to the oldest message without one. So when a reply is late, the whole link is dropped: everything
    under way on it becomes NoReply, and no late reply can ever be taken for another's.
    """

    def __init__(self, path: Path, reply_timeout_s: float) -> None:
        self.path = path
        self._timeout_s = reply_timeout_s
        self._wire: _Wire | None = None
        self._opening = asyncio.Lock()

    async def send(self, make: Callable[[], bytes]) -> bytes:
        """Send the message that `make` gives once the link is open, and return its reply.

        LinkDown, and whatever `make` raises: nothing left. NoReply: the outcome is unknown.
        """
        wire = await self._open()
        reply = wire.ask(pack(make()))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await reply
        except TimeoutError:
            wire.drop(f"no reply from {self.path} within {self._timeout_s} s")
            raise NoReply(f"no reply from {self.path} within {self._timeout_s} s", _ASK_LATER) from None

    def close(self) -> None:
        """Close the socket; what is under way becomes NoReply."""
        if self._wire is not None:
            self._wire.drop("the link was closed")

    async def _open(self) -> _Wire:
        async with self._opening:
            if self._wire is None or self._wire.broken:
                try:
                    _, self._wire = await asyncio.get_running_loop().create_unix_connection(_Wire, str(self.path))
                except OSError as fault:
                    raise LinkDown(f"cannot reach {self.path}: {fault.strerror}", _CHECK_VENUE) from None
            return self._wire


async def listen(path: Path, hello: bytes) -> AsyncGenerator[bytes, None]:
    """Yield an empty message once the stream is open, then those that a venue sends after `hello`; LinkDown when the
    stream cannot open, breaks or ends."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError as fault:
        raise LinkDown(f"cannot reach {path}: {fault.strerror}", _CHECK_VENUE) from None
    frames = Frames()
    try:
        writer.write(pack(hello))
        yield b""
        while data := await reader.read(FRAME_BYTES_MAX):
            for message in frames.feed(data):
                yield message
    except (OSError, FrameTooLarge) as fault:
        raise LinkDown(f"the stream of {path} broke: {fault}", _CHECK_VENUE) from None
    finally:
        writer.close()
    raise LinkDown(f"{path} ended the stream", _CHECK_VENUE)


class _Wire(asyncio.Protocol):
    """One opened socket and the messages under way on it."""

    def __init__(self) -> None:
        self.broken = False
        self._why = "the venue closed the link"
        self._frames = Frames()
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, frame: bytes) -> asyncio.Future[bytes]:
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(reply)
        assert self._transport is not None
        self._transport.write(frame)
        return reply

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except FrameTooLarge as fault:
            self.drop(fault.message)
            return
        for message in messages:
            if not self._waiting:
                self.drop("the venue sent a reply that nothing asked for")
                return
            reply = self._waiting.popleft()
            if not reply.done():  # its asker may have given up
                reply.set_result(message)

    def drop(self, why: str) -> None:
        self._why = why
        self.broken = True
        if self._transport is not None:
            self._transport.abort()
        self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = True
        self._fail()

    def _fail(self) -> None:
        while self._waiting:
            reply = self._waiting.popleft()
            if not reply.done():
                reply.set_exception(NoReply(self._why, _ASK_LATER))


_CHECK_VENUE = "Check that the venue's process runs"
_ASK_LATER = "Ask the venue what became of it, by its client order id; never send it again"
