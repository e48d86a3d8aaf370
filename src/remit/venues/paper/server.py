"""The paper venue as its own process: frames on a Unix socket (u32 big-endian length, then JSON), replies in order.

A sealed request is answered by its reply. A `subscribe` frame turns its link into a stream of a connection's messages:
first those after the number it names, so that a guard that was away gets what it missed, then each as it happens. A
`feed` frame carries marks and settlements, proven by the feed's key. The socket has mode 0600; what moves money needs a
permit on top of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from remit.kernel.codec import encode
from remit.kernel.numbers import NANOSECONDS
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import Frame, FromFeed, Heard, Message, Refused, Subscribe, read_frame
from remit.venues.paper.permits import Refusal

FRAME_BYTES_MAX = 1 << 20


class ServerFault(Exception):
    """The server cannot start: what is wrong and what to do."""


class PaperServer:
    """Serves one exchange. `clock` is the venue's time in nanoseconds since the epoch.

    `feed_key` proves a feed; without one no feed is heard. `answer` turns the bytes of a sealed request and its instant
    into the bytes of a reply, and `log` gives a connection's messages after a number: the two places where a faulty
    link or venue can be put in between.
    """

    def __init__(
        self,
        exchange: PaperExchange,
        feed_key: str | None = None,
        *,
        clock: Callable[[], int] = time.time_ns,
        answer: Callable[[bytes, int], bytes] | None = None,
        log: Callable[[str, int], list[Message]] | None = None,
    ) -> None:
        self._exchange = exchange
        self._feed_key = feed_key
        self._clock = clock
        self._answer = answer or exchange.handle
        self._log = log or exchange.log
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._end: asyncio.Future[None]

    async def serve(self, path: Path, ready: Callable[[], None] = lambda: None) -> None:
        """Listen on `path` until cancelled, then end every link and remove the socket. Raises ServerFault."""
        _make_way(path)
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._link, path)
        except OSError as problem:
            raise ServerFault(
                f"cannot listen on {path}: {problem}. Name a shorter path in a folder of yours"
            ) from problem
        finally:
            os.umask(before)
        self._end = asyncio.get_running_loop().create_future()
        self._let_time_pass()
        ready()
        try:
            await self._end
        finally:
            server.close()
            for link in tuple(self._links):
                link.cancel()
            await asyncio.gather(*self._links, return_exceptions=True)
            if self._timer is not None:
                self._timer.cancel()
            path.unlink(missing_ok=True)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._links.add(task)
            task.add_done_callback(self._links.discard)
        try:
            while True:
                frame = await read_frame_bytes(reader)
                if frame is None:
                    return
                said = _read(frame)
                if isinstance(said, Subscribe):
                    await self._stream(said, reader, writer)
                    return
                writer.write(framed(self._reply(frame, said)))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):  # a server that ends cancels this too
                await writer.wait_closed()

    def _reply(self, frame: bytes, said: Frame | None) -> bytes:
        now = self._clock()
        try:
            reply = self._hear(said, now) if isinstance(said, FromFeed) else self._answer(frame, now)
        except sqlite3.Error as problem:
            self._stop(problem)
            raise ConnectionAbortedError from problem
        self._let_time_pass()
        return reply

    def _stop(self, problem: sqlite3.Error) -> None:
        """What happened cannot be remembered: answer nobody, so that nothing is said that a restart forgets."""
        if not self._end.done():
            self._end.set_exception(
                ServerFault(f"the state file failed: {problem}. Make room, then start the venue again")
            )

    def _hear(self, said: FromFeed, now: int) -> bytes:
        """Take what a feed says, all of it or, without the key, nothing."""
        if self._feed_key is None or not hmac.compare_digest(said.key.encode(), self._feed_key.encode()):
            return encode(Refused(order="", code="feed_unproven", why="the frame does not carry the feed's key"))
        try:
            for mark in said.marks:
                self._exchange.mark(mark, now)
            for settlement in said.settlements:
                self._exchange.settle(settlement, now)
        except Refusal as refusal:
            return encode(Refused(order="", code=refusal.code, why=refusal.why))
        if said.session_ended:
            self._exchange.end_session(now)
        return encode(Heard())

    def _let_time_pass(self) -> None:
        """Let the exchange act on what is due, wake the subscribers, and come back when the next order is due."""
        now = self._clock()
        try:
            self._exchange.drain(now)
        except sqlite3.Error as problem:
            self._stop(problem)
            return
        self._news.set()
        self._news = asyncio.Event()
        if self._timer is not None:
            self._timer.cancel()
        due = self._exchange.next_due()
        if due is None:
            self._timer = None
        else:
            wait_s = max(due - now, 0) / NANOSECONDS
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._let_time_pass)

    async def _stream(self, asked: Subscribe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send messages until the other side closes; a slow reader slows only its own stream and loses nothing."""
        after = asked.after
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while not gone.done():
                news = asyncio.ensure_future(self._news.wait())
                for message in self._log(asked.connection, after):
                    writer.write(framed(encode(message)))
                    after = max(after, message.number)
                await writer.drain()
                await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            gone.cancel()


def _read(frame: bytes) -> Frame | None:
    try:
        return read_frame(frame)
    except ValueError:
        return None


def framed(payload: bytes) -> bytes:
    """Return a payload as one frame."""
    return len(payload).to_bytes(4, "big") + payload


async def read_frame_bytes(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next frame's payload; None at the end of the link or for a frame above FRAME_BYTES_MAX."""
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        return await reader.readexactly(length) if length <= FRAME_BYTES_MAX else None
    except asyncio.IncompleteReadError:
        return None


def _make_way(path: Path) -> None:
    """Remove a socket that nobody listens on; raise ServerFault where somebody does, or where it is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise ServerFault(f"{path} is in the way and no socket. Move it, or name another path")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        except OSError as problem:
            raise ServerFault(f"{path} cannot be reached: {problem}. Remove it, or name another path") from problem
        else:
            raise ServerFault(f"a venue listens on {path} already. Stop it first, or name another path")
