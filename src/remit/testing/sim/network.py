"""Virtual Unix sockets: links by the text of a path, with latency, cuts at random places and broken ends.

Each link has a source of chance of its own, named by its path and number, so that what happens to one link changes
nothing about another. Bytes keep their order; they come in other pieces than they were written, as on a real socket.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING

from remit.testing.sim.end import Direction, End

if TYPE_CHECKING:
    from remit.testing.sim.loop import VirtualLoop
    from remit.testing.sim.process import Process

PathText = str | os.PathLike[str]


class Network:
    """All virtual sockets of one loop, by path. Settings may change at any time and hold for what comes after."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.latency_ns = (20_000, 500_000)
        """Bounds of how long a piece of bytes, the news of an end, and a connect take."""
        self.cuts = 0.25
        """How likely a write arrives in two pieces."""
        self.tap: Callable[[str, Direction, bytes], None] | None = None
        """Sees every write: path, direction, bytes."""
        self.loop = loop
        self._seed = seed
        self._listeners: dict[str, Listener] = {}
        self._refusing: dict[str, None] = {}  # paths whose process died: the file is there, and nobody listens
        self._links: dict[str, int] = {}
        self._ends: dict[End, None] = {}
        self._cut: dict[str, None] = {}
        self._pair: tuple[socket.socket, socket.socket] | None = None

    def cut(self, path: PathText) -> None:
        """From now on nothing passes on the path: bytes and ends wait for `mend`, and connects are refused."""
        self._cut[os.fspath(path)] = None

    def mend(self, path: PathText) -> None:
        """End a cut; what waited goes on its way."""
        if self.is_cut(path):
            del self._cut[os.fspath(path)]
            for end in self._of(path):
                end.hurry()
                end.peer.hurry()  # which may be closed and gone, and have said something before

    def drop(self, path: PathText) -> None:
        """Break every open link of the path now, at both ends, with what is under way on it."""
        for end in self._of(path):
            end.lose(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def is_cut(self, path: PathText) -> bool:
        """Whether nothing passes on the path."""
        return os.fspath(path) in self._cut

    def links(self, path: PathText) -> int:
        """The number of ends on the path that are open."""
        return len(self._of(path))

    def listen(self, make: Callable[[], asyncio.BaseProtocol], path: PathText, context: Context) -> Listener:
        """Listen on a path; OSError where somebody does."""
        path = os.fspath(path)
        if path in self._listeners:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)
        self._refusing.pop(path, None)
        self._listeners[path] = Listener(self, make, path, context)
        return self._listeners[path]

    async def connect(
        self, make: Callable[[], asyncio.BaseProtocol], path: PathText, context: Context
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Open a link to who listens on the path; FileNotFoundError or ConnectionRefusedError."""
        path = os.fspath(path)
        number = self._links[path] = self._links.get(path, 0) + 1
        source = random.Random(f"{self._seed}/{path}/{number}")
        await asyncio.sleep(self.draw_latency(source) / 10**9)
        listener = self._listeners.get(path)
        if listener is None or path in self._cut:
            code = errno.ECONNREFUSED if path in self._cut or path in self._refusing else errno.ENOENT
            raise OSError(code, os.strerror(code), path)  # which makes it the error of that code
        protocol = make()
        server = End(self, path, "to_client", source, listener.context.copy())
        client = End(self, path, "to_server", source, context)
        server.peer, client.peer = client, server
        self.loop.enter(None, server.context, server.open, (listener.make,), server)
        client.open(lambda: protocol)
        return client, protocol

    def draw_latency(self, source: random.Random) -> int:
        """Return how long the next thing on a link takes, by its own source."""
        low, high = self.latency_ns
        return low + int(source.random() * (high - low + 1))

    def died(self, process: Process) -> None:
        """End what a dead process listened on, and break its links as the system does."""
        for path, listener in tuple(self._listeners.items()):
            if listener.process is process:
                del self._listeners[path]
                self._refusing[path] = None
        for end in tuple(self._ends):
            if end.process is process:
                end.die()

    def close(self) -> None:
        """Close the real sockets that stand for all virtual ones."""
        for one in self._pair or ():
            one.close()
        self._pair = None

    def real_socket(self) -> socket.socket:
        """One end of one real pair of sockets, so that who asks for its peer hears of this real process."""
        if self._pair is None:
            self._pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return self._pair[0]

    def opened(self, end: End) -> None:
        """Count an end among those that are open."""
        self._ends[end] = None

    def closed(self, end: End) -> None:
        """Count it no more."""
        self._ends.pop(end, None)

    def forget(self, listener: Listener) -> None:
        """Let nobody in through a listener any more."""
        if self._listeners.get(listener.path) is listener:
            del self._listeners[listener.path]

    def _of(self, path: PathText) -> list[End]:
        return [end for end in self._ends if end.path == os.fspath(path)]


class Listener(asyncio.AbstractServer):
    """A virtual listening socket. Closing it leaves its open links as they are, and removes the path."""

    def __init__(self, network: Network, make: Callable[[], asyncio.BaseProtocol], path: str, context: Context) -> None:
        self.make = make
        self.path = path
        self.context = context
        self.process = network.loop.process_of(context)
        self.sockets: tuple[socket.socket, ...] = ()
        self._network = network
        self._over = asyncio.Event()

    def close(self) -> None:
        self._network.forget(self)
        self._over.set()

    def close_clients(self) -> None:
        for end in self._network._of(self.path):
            if end.direction == "to_client":
                end.close()

    def abort_clients(self) -> None:
        for end in self._network._of(self.path):
            if end.direction == "to_client":
                end.abort()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._network.loop

    def is_serving(self) -> bool:
        return not self._over.is_set()

    async def start_serving(self) -> None:
        """Nothing: it serves from the start."""

    async def serve_forever(self) -> None:
        try:
            await self._over.wait()
        finally:
            self.close()

    async def wait_closed(self) -> None:
        await self._over.wait()
