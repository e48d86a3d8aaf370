"""One end of a virtual link: what a protocol knows as its transport."""

from __future__ import annotations

import asyncio
import errno
import os
import random
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from remit.testing.sim.network import Network

Direction = Literal["to_server", "to_client"]
SOCKET_BYTES = 212_992
"""What the system holds of one direction before its writer has to wait, as Linux does by default."""
HIGH_BYTES, LOW_BYTES = 65_536, 16_384
"""Bytes beyond those at which a writer is told to pause, and to go on."""


class End(asyncio.Transport):
    """One end of a virtual link: the transport of one protocol, which owns the bytes on their way to its peer."""

    peer: End

    def __init__(
        self, network: Network, path: str, direction: Direction, source: random.Random, context: Context
    ) -> None:
        super().__init__()
        self.network, self.path, self.direction, self.context = network, path, direction, context
        self.process = network.loop.process_of(context)
        self.closed = False
        """Nothing more is read or written here."""
        self._source = source
        self._protocol: Any = None
        self._out: deque[tuple[int, bytes]] = deque()  # when each piece arrives; b"" is the end
        self._out_bytes = 0
        self._last_at = 0
        self._out_ended = False
        self._why_ended: Exception | None = None
        self._waking: asyncio.TimerHandle | None = None  # the peer's next look at `_out`
        self._high, self._low = HIGH_BYTES, LOW_BYTES
        self._full = False
        self._reading = True
        self._lost = False
        network.opened(self)

    # What the network does to it

    def open(self, make: Callable[[], asyncio.BaseProtocol]) -> None:
        self._protocol = make()
        self._protocol.connection_made(self)

    def hurry(self) -> None:
        """Let the peer look at what waits for it."""
        if self._out and self._waking is None and self.peer._reading and not self.network.is_cut(self.path):
            at_ns = max(self._out[0][0], self.network.loop.ns)
            self._waking = self.network.loop.enter(at_ns, self.peer.context, self.peer._take, (), self.peer)

    def die(self) -> None:
        """As the system closes the socket of a killed process: what was written arrives, or a part of it."""
        self._forget_some()
        self._shut()
        self._gone()

    def lose(self, fault: Exception) -> None:
        """Break this end now: what it wrote and has not arrived is lost."""
        self._out.clear()
        self._out_bytes = 0
        self._out_ended = True
        self.closed = True
        self._tell_lost(fault)

    # What a protocol asks of a transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "socket":
            return self.network.real_socket()
        return {"sockname": self.path, "peername": self.path}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return self._reading and not self.closed

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading and not self.closed:
            self._reading = True
            self.peer.hurry()

    def write(self, data: Any) -> None:
        if self.closed or not self.process.alive or not data:
            return
        if self._out_ended:
            raise RuntimeError("cannot write after the end was written")
        data = bytes(data)
        if self.network.tap is not None:
            self.network.tap(self.path, self.direction, data)
        if self.peer.closed and not self.network.is_cut(self.path):
            self.lose(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)))
            return
        for piece in self._pieces(data):
            self._put(piece)
        if not self._full and self.get_write_buffer_size() > self._high:
            self._full = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        if not self.closed and not self._out_ended:
            self._out_ended = True
            self._put(b"")

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._shut()
            self._lost_when_flushed()

    def abort(self) -> None:
        if not self.closed:
            self._forget_some()
            self._shut()
        self._tell_lost(None)

    def get_write_buffer_size(self) -> int:
        return max(self._out_bytes - SOCKET_BYTES, 0)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high if high is not None else HIGH_BYTES if low is None else 4 * low
        self._low = low if low is not None else self._high // 4

    # Bytes on their way

    def _pieces(self, data: bytes) -> tuple[bytes, ...]:
        if len(data) > 1 and self._source.random() < self.network.cuts:
            at = 1 + int(self._source.random() * (len(data) - 1))
            return data[:at], data[at:]
        return (data,)

    def _put(self, piece: bytes) -> None:
        """Send one piece on its way, behind all before it; b"" is the end."""
        self._last_at = max(self._last_at, self.network.loop.ns + self.network.draw_latency(self._source))
        self._out.append((self._last_at, piece))
        self._out_bytes += len(piece)
        self.hurry()

    def _take(self) -> None:
        """Read what has arrived from the peer, in one piece, and its end."""
        sender, now = self.peer, self.network.loop.ns
        sender._waking = None
        if self.closed or not self._reading or self.network.is_cut(self.path):
            return
        arrived = []
        while sender._out and sender._out[0][0] <= now and sender._out[0][1]:
            arrived.append(sender._out.popleft()[1])
        if arrived:
            data = arrived[0] if len(arrived) == 1 else b"".join(arrived)
            sender._flushed(len(data))
            try:
                self._protocol.data_received(data)
            except Exception as fault:
                self._shut()
                self._tell_lost(fault)
                raise
        if self._reading and not self.closed and sender._out and sender._out[0] <= (now, b""):
            sender._out.popleft()
            self._ended(sender._why_ended)
        sender.hurry()

    def _ended(self, why: Exception | None) -> None:
        """The peer wrote no more, or broke."""
        if why is not None:
            self.lose(why)
        elif not self._protocol.eof_received():
            self.close()

    def _flushed(self, count: int) -> None:
        """So many bytes arrived: the writer may go on, or is done."""
        self._out_bytes -= count
        if self._full and self.get_write_buffer_size() <= self._low:
            self._full = False
            self.network.loop.enter(None, self.context, self._protocol.resume_writing, (), self)
        if self.closed:
            self._lost_when_flushed()

    # How it ends

    def _shut(self) -> None:
        """Read and write no more, and let the peer hear of it: as an end, or as broken where its bytes lie unread."""
        self.closed = True
        if self.peer._out_bytes and not self.peer._lost:
            self._why_ended = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        if not self._out_ended or self._why_ended is not None:
            self._out_ended = True
            self._put(b"")
        self.peer._out.clear()
        self.peer._out_bytes = 0
        if self.peer.closed:
            self.peer._lost_when_flushed()

    def _forget_some(self) -> None:
        """What the system had not taken over yet is lost: from a drawn place on, or nothing."""
        keep = int(self._source.random() * 2 * (self._out_bytes + 1))
        pieces, self._out, self._out_bytes = self._out, deque(), 0
        for at_ns, piece in pieces:
            if piece and (piece := piece[: max(keep - self._out_bytes, 0)]):
                self._out.append((at_ns, piece))
                self._out_bytes += len(piece)
        self._out_ended = False

    def _lost_when_flushed(self) -> None:
        if self.get_write_buffer_size() == 0:
            self._tell_lost(None)

    def _tell_lost(self, fault: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self.network.loop.enter(None, self.context, self._over, (fault,), self)

    def _over(self, fault: Exception | None) -> None:
        self._protocol.connection_lost(fault)
        self._gone()

    def _gone(self) -> None:
        self._lost, self._full = True, False
        self._protocol = None  # else whoever keeps the other end keeps everything behind this one
        self.network.closed(self)
