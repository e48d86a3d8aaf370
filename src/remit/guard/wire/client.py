"""The callers' half of the socket: one plain client, and one for asyncio that has many requests under way."""

from __future__ import annotations

import asyncio
import itertools
import select
import socket
from collections.abc import AsyncIterator, Iterator, Set
from pathlib import Path
from typing import Any, Self, cast

from remit.guard.errors import FrameTooLarge, GuardError, GuardGone, GuardNotRunning, PeerRefused
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack
from remit.guard.wire.message import Answer, Do, read_answer, result_of, write_request
from remit.guard.wire.peer import guard_at

TIMEOUT_S = 30
_AGAIN = "Ask what became of it; the same intent id never acts twice"


class Client:
    """A caller of the guard at the socket `path`, for programs without asyncio: one request at a time.

    The link opens when first used. The guard must run as this user or one of `guard_uids`. Every method may raise
    GuardNotRunning, PeerRefused, GuardGone (no answer within `timeout_s`, or the link broke: the outcome is not known)
    and GuardRefused (a named error of the guard).
    """

    def __init__(
        self, path: Path, token: str, door: str, timeout_s: float = TIMEOUT_S, guard_uids: Set[int] = frozenset()
    ) -> None:
        self._path, self._token, self._door = path, token, door
        self._timeout_s, self._guard_uids = timeout_s, guard_uids
        self._numbers = itertools.count(1)
        self._socket: socket.socket | None = None
        self._frames = Frames()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, do: Do, body: object, kind: Any = Any, *, act: str = "", trace: str = "") -> Any:
        """Send one request and return its answer as a `kind`: plain dicts, lists and text unless a type is named.

        `act` is what the door calls it, `trace` the trace that it belongs to: notes for the journal.
        """
        if self._socket is None or _ended(self._socket):
            self.close()
            self._socket, self._frames = self._connect(), Frames()
        number = next(self._numbers)
        try:
            self._socket.sendall(pack(write_request(number, self._token, do, body, self._door, act, trace)))
            for answer in _answers(self._socket, self._frames):
                if answer.id == 0:
                    self.close()
                if answer.id in (0, number):
                    return result_of(answer, kind)
            raise GuardGone("the guard closed the link before it answered", _AGAIN)
        except TimeoutError:
            self.close()
            raise GuardGone(f"no answer within {self._timeout_s} s", _AGAIN) from None
        except (OSError, GuardGone, FrameTooLarge) as fault:
            self.close()
            raise _gone(fault) from None

    def follow(self, body: object, kind: Any = Any) -> Iterator[Any]:
        """Yield the items of a stream as they come, over a link of its own, until it ends or is left."""
        with self._connect() as link:
            link.settimeout(None)
            try:
                link.sendall(pack(write_request(1, self._token, "follow", body, self._door)))
                for answer in _answers(link, Frames()):
                    item = result_of(answer, kind if answer.more else Any)
                    if not answer.more:
                        return
                    yield item
            except (OSError, FrameTooLarge) as fault:
                raise _gone(fault) from None
        raise GuardGone("the guard ended the stream", "Follow again from the last item")

    def close(self) -> None:
        """Close the link; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(self._timeout_s)
            link.connect(str(self._path))
            guard_at(link, self._guard_uids)
        except OSError as fault:
            link.close()
            raise _unreachable(self._path, fault) from None
        except PeerRefused:
            link.close()
            raise
        return link


class AsyncClient:
    """A caller of the guard at the socket `path`, for asyncio: many requests under way on one link.

    The link opens when first used. The guard must run as this user or one of `guard_uids`. Every method may raise
    GuardNotRunning, PeerRefused, GuardGone (no answer within `timeout_s`, or the link broke: the outcome is not known)
    and GuardRefused (a named error of the guard). A request may bring another `token`, for doors that carry many.
    """

    def __init__(
        self, path: Path, token: str, door: str, timeout_s: float = TIMEOUT_S, guard_uids: Set[int] = frozenset()
    ) -> None:
        self._path, self._token, self._door = path, token, door
        self._timeout_s, self._guard_uids = timeout_s, guard_uids
        self._numbers = itertools.count(1)
        self._link: _Caller | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def ask(
        self, do: Do, body: object, kind: Any = Any, token: str | None = None, *, act: str = "", trace: str = ""
    ) -> Any:
        """Send one request and return its answer as a `kind`: plain dicts, lists and text unless a type is named.

        `act` is what the door calls it, `trace` the trace that it belongs to: notes for the journal.
        """
        number = next(self._numbers)
        secret = self._token if token is None else token
        frame = pack(write_request(number, secret, do, body, self._door, act, trace))
        link = self._link if self._link is not None and not self._link.broken else await self._open()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await link.ask(number, frame)
        except TimeoutError:
            raise GuardGone(f"no answer within {self._timeout_s} s", _AGAIN) from None
        finally:
            link.forget(number)
        return result_of(answer, kind)

    async def follow(
        self, body: object, kind: Any = Any, token: str | None = None, *, act: str = "", trace: str = ""
    ) -> AsyncIterator[Any]:
        """Yield the items of a stream as they come, over a link of its own, until it ends or is left."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self._path))
        except OSError as fault:
            raise _unreachable(self._path, fault) from None
        frames = Frames()
        try:
            guard_at(writer.get_extra_info("socket"), self._guard_uids)
            secret = self._token if token is None else token
            writer.write(pack(write_request(1, secret, "follow", body, self._door, act, trace)))
            while data := await reader.read(FRAME_BYTES_MAX):
                for message in frames.feed(data):
                    answer = read_answer(message)
                    item = result_of(answer, kind if answer.more else Any)
                    if not answer.more:
                        return
                    yield item
        except (OSError, FrameTooLarge) as fault:
            raise _gone(fault) from None
        finally:
            writer.close()
        raise GuardGone("the guard ended the stream", "Follow again from the last item")

    def close(self) -> None:
        """Close the link; what is under way becomes GuardGone, and the next request opens another link."""
        if self._link is not None:
            self._link.drop(GuardGone("the link was closed here", _AGAIN))
            self._link = None

    async def _open(self) -> _Caller:
        async with self._opening:
            if self._link is None or self._link.broken:
                loop = asyncio.get_running_loop()
                try:
                    transport, link = await loop.create_unix_connection(_Caller, str(self._path))
                except OSError as fault:
                    raise _unreachable(self._path, fault) from None
                try:
                    guard_at(transport.get_extra_info("socket"), self._guard_uids)
                except PeerRefused:
                    transport.abort()
                    raise
                self._link = link
            return self._link


class _Caller(asyncio.Protocol):
    """One link and the requests under way on it."""

    def __init__(self) -> None:
        self.broken = False
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._out: list[bytes] = []
        self._fault: GuardError = GuardGone("the guard closed the link before it answered", _AGAIN)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # of another loop's own kind under uvloop

    def ask(self, number: int, frame: bytes) -> asyncio.Future[Answer]:
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting[number] = answer
        if not self._out:  # all requests of one turn of the loop leave in one write
            self._loop.call_soon(self._flush)
        self._out.append(frame)
        return answer

    def forget(self, number: int) -> None:
        self._waiting.pop(number, None)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data):
                answer = read_answer(message)
                if answer.id == 0:
                    result_of(answer, Any)
                waiting = self._waiting.pop(answer.id, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except GuardError as fault:  # about the link as a whole
            self.drop(fault)

    def drop(self, fault: GuardError) -> None:
        self._fault = fault
        self._transport.abort()
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = True
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(self._fault)

    def _flush(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()


def _answers(link: socket.socket, frames: Frames) -> Iterator[Answer]:
    while data := link.recv(1 << 16):
        for message in frames.feed(data):
            yield read_answer(message)


def _ended(link: socket.socket) -> bool:
    """Whether the guard closed a link that rested: found before sending, so that nothing is left in doubt."""
    waiting = select.poll()
    waiting.register(link, select.POLLIN)
    return bool(waiting.poll(0))  # between requests the guard says nothing, unless it is to leave


def _unreachable(path: Path, fault: OSError) -> GuardError:
    if isinstance(fault, PermissionError):
        return PeerRefused(f"this user may not use {path}", "Run as the guard's user, or be listed in its `peers`")
    return GuardNotRunning(f"no guard listens on {path} ({fault.strerror or fault})", "Start it with `remit up`")


def _gone(fault: Exception) -> GuardError:
    return fault if isinstance(fault, GuardError) else GuardGone(f"the link to the guard broke: {fault}", _AGAIN)
