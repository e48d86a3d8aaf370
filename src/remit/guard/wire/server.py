"""The guard's half of the socket: it checks the peer, bounds what a connection has under way, and hands requests on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable, Set
from pathlib import Path
from typing import Protocol, cast

from remit.guard.errors import (
    Busy,
    FrameTooLarge,
    GuardError,
    GuardRunning,
    Internal,
    PeerRefused,
    RequestMalformed,
    SettingInvalid,
)
from remit.guard.frame import Frames, pack
from remit.guard.private import make_private
from remit.guard.wire.message import Request, number_of, read_request, write_error, write_ok
from remit.guard.wire.peer import Peer, peer_of

CONNECTIONS_MAX = 256
UNDER_WAY_MAX = 1024
"""Requests of one connection that wait for their answers; beyond them its bytes are left unread."""
IDLE_S = 300
WAITING_MAX = 1024
"""Callers that the kernel lets wait until they are heard."""
_OTHER = "Set another `socket` in remit.toml"


class Handler(Protocol):
    """What stands behind the socket. A GuardError becomes an error answer; any other exception is our bug."""

    async def handle(self, request: Request, peer: Peer) -> bytes:
        """Return the JSON of the answer to a `command`, `read` or `preview`. It goes on when the caller is gone."""
        ...

    def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        """Yield the JSON of each item of a `follow`; pulled only as fast as the caller reads."""
        ...


class Server:
    """Listens on a private Unix socket (mode 0600) for this user and those of `uids`, and hands requests on.

    A socket file that nobody listens on is replaced; GuardRunning where somebody does. A connection with nothing under
    way is closed after `idle_s`.
    """

    def __init__(self, path: Path, handler: Handler, uids: Set[int] = frozenset(), idle_s: float = IDLE_S) -> None:
        self.path = path
        self.handler = handler
        self.uids = uids
        self.idle_s = idle_s
        self.connections: set[_Connection] = set()
        self._server: asyncio.AbstractServer | None = None
        self._bound: socket.socket | None = None

    def bind(self) -> None:
        """Take the path now: who calls waits until `start`. For a process that may not listen later, once it is
        confined. GuardRunning, OpenToOthers where the socket's folder is not private, OSError."""
        self._bound = _bind(self.path, self.uids)

    async def start(self) -> None:
        """Listen, and answer; what `bind` raises, where that was not called before."""
        self._server = await self._listen(lambda: _Connection(self))

    async def stop(self) -> None:
        """Listen no more, give what is under way a second, close every connection and remove the socket."""
        if self._server is None:
            if self._bound is not None:
                self._bound.close()
                self._bound = None
                self._leave()
            return
        self._server.close()
        tasks = [task for connection in self.connections for task in connection.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        for connection in tuple(self.connections):
            connection.close()
        self._leave()
        self._server = self._bound = None

    async def _listen(self, make: Callable[[], asyncio.Protocol]) -> asyncio.AbstractServer:
        """Listen on the path; each caller gets a protocol of its own. A simulator listens elsewhere."""
        if self._bound is None:
            self.bind()
        return await asyncio.get_running_loop().create_unix_server(make, sock=self._bound)

    def _leave(self) -> None:
        """Leave nothing on the path, but where this process may not change its folder: the next guard does it."""
        with contextlib.suppress(PermissionError):
            self.path.unlink(missing_ok=True)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self.tasks: dict[asyncio.Task[None], Request] = {}
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._out: list[bytes] = []
        self._room = asyncio.Event()
        self._room.set()
        self._reading = True
        self._active_at = self._loop.time()
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # of another loop's own kind under uvloop
        try:
            self._peer = peer_of(transport.get_extra_info("socket"), self._server.uids)
            if len(self._server.connections) >= CONNECTIONS_MAX:
                raise Busy(f"{CONNECTIONS_MAX} connections are open", "Close some, or try again later")
        except (PeerRefused, Busy) as refused:
            self._refuse(0, refused)
            return
        self._server.connections.add(self)
        self._close_idle()

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except FrameTooLarge as refused:
            self._refuse(0, refused)
            return
        if messages:
            self._active_at = self._loop.time()
        for message in messages:
            if self._transport.is_closing():
                break  # what stands behind bytes that nobody can read would be done with nobody to be told
            self._take(message)
        self._read_or_wait()

    def pause_writing(self) -> None:
        self._room.clear()
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._room.set()
        self._read_or_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        self._room.set()
        if self._idle is not None:
            self._idle.cancel()
        for task, request in self.tasks.items():
            # A command that is being judged goes on: only its answer has nobody to read it any more.
            if request.do == "follow":
                task.cancel()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _take(self, message: bytes) -> None:
        try:
            request = read_request(message)
        except RequestMalformed as refused:
            self._refuse(number_of(message), refused)
            return
        task = self._loop.create_task(self._serve(request))
        self.tasks[task] = request
        task.add_done_callback(self._finished)

    async def _serve(self, request: Request) -> None:
        try:
            if request.do == "follow":
                await self._stream(request)
            else:
                self._send(request.id, write_ok(request.id, await self._server.handler.handle(request, self._peer)))
        except GuardError as error:
            self._send(request.id, write_error(request.id, error))

    async def _stream(self, request: Request) -> None:
        async for item in self._server.handler.follow(request, self._peer):
            self._send(request.id, write_ok(request.id, item, more=True))
            await asyncio.sleep(0)  # others have their turn however fast the items come
            await self._room.wait()
        self._send(request.id, write_ok(request.id, b"null"))

    def _finished(self, task: asyncio.Task[None]) -> None:
        request = self.tasks.pop(task)
        self._active_at = self._loop.time()
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            self._loop.call_exception_handler({"message": f"a {request.do} failed", "exception": fault, "task": task})
            error = Internal("the guard failed in itself; what became of the request is not known", "Look at its log")
            self._send(request.id, write_error(request.id, error))
        self._read_or_wait()

    def _send(self, number: int, answer: bytes) -> None:
        if self._transport.is_closing():
            return
        try:
            frame = pack(answer)
        except FrameTooLarge as error:
            frame = pack(write_error(number, error))
        if not self._out:  # all answers of one turn of the loop leave in one write
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _refuse(self, number: int, error: GuardError) -> None:
        self._send(number, write_error(number, error))
        if number == 0:  # nobody can tell what this answers, so nothing more is said here
            self.close()

    def _read_or_wait(self) -> None:
        wanted = len(self.tasks) < UNDER_WAY_MAX and self._room.is_set()
        if wanted != self._reading and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _close_idle(self) -> None:
        left = self._active_at + self._server.idle_s - self._loop.time()
        if left <= 0 and not self.tasks:
            self.close()
            return
        self._idle = self._loop.call_later(left if left > 0 else self._server.idle_s, self._close_idle)


class _Listening(socket.socket):
    """A socket that listens already: a loop that asks for it again has nothing to ask the kernel."""

    def listen(self, backlog: int = 0) -> None:
        """Nothing is left to do."""


def _bind(path: Path, uids: Set[int]) -> socket.socket:
    make_private(path.parent, shared=bool(uids))
    listening = _Listening(socket.AF_UNIX, socket.SOCK_STREAM)
    # The socket has its mode from the first moment on. The peer check tells the users of `uids` apart.
    umask = os.umask(0o111 if uids else 0o177)
    try:
        try:
            listening.bind(str(path))
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE:
                raise SettingInvalid(f"cannot listen on {path}: {fault}", _OTHER) from None
            _remove_stale(path)
            listening.bind(str(path))
        super(_Listening, listening).listen(WAITING_MAX)
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(umask)
    listening.setblocking(False)
    return listening


def _remove_stale(path: Path) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise SettingInvalid(f"{path} exists and is no socket", _OTHER)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        # Where its queue is full somebody listens too.
        if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
            path.unlink()
            return
    raise GuardRunning(f"a guard listens on {path} already", "Stop it first")
