"""Virtual Unix sockets: order and latency, flow control, broken ends; and remit's own wires unchanged on them."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.venues.paper.desk import LISTED, PUBLIC_KEY, mark, money
from tests.venues.paper.test_server import FEED_KEY, read_reply_or_heard, sealed_place, sealed_query

from remit.guard.errors import GuardGone, GuardNotRunning, LinkDown, NoReply, TokenMalformed
from remit.guard.link import Link, listen
from remit.guard.wire import AsyncClient, GuardRefused, Peer, Request, Server
from remit.guard.wire.server import _Connection
from remit.kernel.codec import encode
from remit.testing.sim.end import HIGH_BYTES, SOCKET_BYTES
from remit.testing.sim.loop import VirtualLoop
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import FromFeed, Heard, Refused, read_reply
from remit.venues.paper.server import PaperServer

PATH = "/sim/some.sock"
MS = 10**6


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    with VirtualLoop(random.Random(1)) as loop:
        yield loop
    assert loop.faults == []


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say everything again, to the end; then end."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Ear(asyncio.Protocol):
    """What befell one end."""

    def __init__(self) -> None:
        self.data = b""
        self.pieces: list[int] = []
        self.said: list[str] = []
        self.lost: list[BaseException | None] = []
        self.half_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.pieces.append(len(data))

    def eof_received(self) -> bool:
        self.said.append("end")
        return self.half_open

    def pause_writing(self) -> None:
        self.said.append("pause")

    def resume_writing(self) -> None:
        self.said.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


async def pair(loop: VirtualLoop) -> tuple[Ear, Ear]:
    """The two ends of an open link: client, server. Each is in a process of its own."""
    server, client = Ear(), Ear()

    async def serve() -> None:
        await loop.create_unix_server(lambda: server, PATH)

    async def connect() -> None:
        await loop.create_unix_connection(lambda: client, PATH)

    await loop.spawn(loop.process("server"), serve())
    await loop.spawn(loop.process("client"), connect())
    await asyncio.sleep(0)
    return client, server


def test_bytes_keep_their_order_and_come_late_and_in_other_pieces(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        seen: list[tuple[str, str, bytes]] = []
        loop.network.tap = lambda path, direction, data: seen.append((path, direction, data))
        began, written = loop.ns, [os.urandom(50) for _ in range(100)]
        for data in written:
            client.transport.write(data)
            await asyncio.sleep(0.0001)
        assert not server.data or loop.ns - began >= loop.network.latency_ns[0]
        server.transport.write(b"answer")
        await asyncio.sleep(0.01)
        assert server.data == b"".join(written) and client.data == b"answer"
        assert any(size % 50 for size in server.pieces), "cut at random places"
        assert any(size > 50 for size in server.pieces), "and joined where they came together"
        assert seen == [*((PATH, "to_server", data) for data in written), (PATH, "to_client", b"answer")]

    loop.run(main())


def test_the_latency_is_within_its_bounds(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        loop.network.latency_ns, loop.network.cuts = (7 * MS, 9 * MS), 0
        took = []
        for number in range(1, 50):
            began = loop.ns
            client.transport.write(b"x")
            while len(server.data) < number:
                await asyncio.sleep(0.0001)
            took.append(loop.ns - began)
        assert min(took) >= 7 * MS and max(took) <= 9.1 * MS and len({each // 100_000 for each in took}) > 5

    loop.run(main())


def test_a_slow_reader_pauses_the_writer_and_nothing_is_lost(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        server.transport.pause_reading()
        data = os.urandom(SOCKET_BYTES)
        client.transport.write(data)
        assert client.said == [] and client.transport.get_write_buffer_size() == 0
        client.transport.write(bytes(HIGH_BYTES + 1))
        assert client.said == ["pause"]
        await asyncio.sleep(1)
        assert server.data == b"" and client.said == ["pause"]
        server.transport.resume_reading()
        await asyncio.sleep(1)
        assert server.data == data + bytes(HIGH_BYTES + 1) and client.said == ["pause", "resume"]

    loop.run(main())


def test_drain_waits_for_a_reader_of_asyncio_s_own_streams(loop: VirtualLoop) -> None:
    async def main() -> int:
        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)
            await echo(reader, writer)

        await asyncio.start_unix_server(slow, PATH)
        reader, writer = await asyncio.open_unix_connection(PATH)
        sent = os.urandom(2_000_000)

        async def say() -> None:
            for at in range(0, len(sent), 65_536):
                writer.write(sent[at : at + 65_536])
                await writer.drain()
            assert loop.ns > 60_000 * MS
            writer.write_eof()

        said = asyncio.ensure_future(say())
        assert await reader.read() == sent
        await said
        writer.close()
        await writer.wait_closed()
        return loop.network.links(PATH)

    assert loop.run(main()) <= 1


def test_a_closed_end_says_all_it_wrote_and_then_the_end(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        client.transport.write(b"last words")
        client.transport.close()
        client.transport.write(b"too late")
        client.transport.close()
        await asyncio.sleep(1)
        assert server.data == b"last words" and server.said == ["end"]
        assert client.lost == server.lost == [None] and loop.network.links(PATH) == 0

    loop.run(main())


def test_half_an_end_still_hears(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        server.half_open = True
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="end"):
            client.transport.write(b"more")
        await asyncio.sleep(1)
        server.transport.write(b"answer")
        await asyncio.sleep(1)
        assert client.data == b"answer" and client.lost == server.lost == []
        client.transport.close()
        server.transport.write(b"to nobody")
        await asyncio.sleep(1)
        assert client.lost == [None] and [type(fault) for fault in server.lost] == [BrokenPipeError]

    loop.run(main())


def test_who_leaves_bytes_unread_breaks_the_link(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        server.transport.pause_reading()
        client.transport.write(b"never read")
        await asyncio.sleep(1)
        server.transport.close()
        await asyncio.sleep(1)
        assert server.lost == [None] and [type(fault) for fault in client.lost] == [ConnectionResetError]

    loop.run(main())


def test_an_aborted_end_is_over_at_once(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        client.transport.write(bytes(SOCKET_BYTES * 2))
        client.transport.abort()
        await asyncio.sleep(0)
        assert client.lost == [None]
        await asyncio.sleep(1)
        assert set(server.data) <= {0} and server.lost == [None]

    loop.run(main())


def test_a_killed_process_breaks_its_links_and_nobody_listens_any_more(loop: VirtualLoop) -> None:
    async def main() -> None:
        with pytest.raises(FileNotFoundError):
            await asyncio.open_unix_connection(PATH)
        client, server = await pair(loop)
        whole = bytes(range(256)) * 100
        server.transport.write(whole)
        (process,) = [process for process in loop._processes if process.name == "server"]
        loop.kill(process)
        server.transport.write(b"from the grave")
        await asyncio.sleep(1)
        assert whole.startswith(client.data) and client.said == ["end"] and client.lost == [None]
        assert server.lost == [] and loop.network.links(PATH) == 0
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_unix_connection(PATH)
        await pair(loop)

    loop.run(main())


def test_a_cut_path_carries_nothing_until_it_is_mended(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        client.transport.write(b"before")
        loop.network.cut(Path(PATH))
        client.transport.write(b" meanwhile")
        await asyncio.sleep(1)
        assert server.data == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_unix_connection(PATH)
        loop.network.mend(PATH)
        await asyncio.sleep(1)
        assert server.data == b"before meanwhile"
        loop.network.cut(PATH)
        client.transport.close()
        await asyncio.sleep(1)
        server.transport.write(b"to nobody")
        assert server.said == [] and server.lost == []
        loop.network.mend(PATH)
        await asyncio.sleep(1)
        assert server.said == ["end"] and server.lost == [None]

    loop.run(main())


def test_a_dropped_link_is_broken_at_both_ends(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        client.transport.write(b"lost")
        loop.network.drop(PATH)
        await asyncio.sleep(0)
        assert [type(fault) for fault in client.lost + server.lost] == [ConnectionResetError] * 2
        await asyncio.sleep(1)
        assert server.data == b"" and loop.network.links(PATH) == 0
        await asyncio.open_unix_connection(PATH)

    loop.run(main())


def test_a_suspended_process_is_reached_when_it_wakes(loop: VirtualLoop) -> None:
    async def main() -> None:
        client, server = await pair(loop)
        (process,) = [process for process in loop._processes if process.name == "server"]
        loop.suspend(process)
        client.transport.write(b"hello")
        _, other = await asyncio.open_unix_connection(PATH)
        other.write(b"too")
        await asyncio.sleep(60)
        assert server.data == b""
        loop.resume(process)
        await asyncio.sleep(1)
        assert server.data in (b"hellotoo", b"toohello")

    loop.run(main())


def test_a_path_is_listened_on_once_at_a_time(loop: VirtualLoop) -> None:
    async def main() -> None:
        first = await asyncio.start_unix_server(echo, PATH)
        with pytest.raises(OSError, match="in use"):
            await asyncio.start_unix_server(echo, Path(PATH))
        assert first.is_serving()
        first.close()
        await first.wait_closed()
        async with await asyncio.start_unix_server(echo, PATH):
            await asyncio.open_unix_connection(PATH)

    loop.run(main())


# Remit's own wires


async def venue(loop: VirtualLoop, exchange: PaperExchange, path: str) -> asyncio.Task[None]:
    server = PaperServer(exchange, FEED_KEY, clock=lambda: loop.ns)
    ready = asyncio.Event()
    serving = loop.spawn(loop.process("venue"), server.serve(Path(path), ready.set))
    await ready.wait()
    return serving


def test_the_guard_s_link_and_the_paper_venue_run_unchanged(loop: VirtualLoop) -> None:
    exchange = PaperExchange(LISTED, PUBLIC_KEY)
    exchange.open_connection("one", {"USD": money("1000000")})
    heard: list[bytes] = []

    async def follow() -> None:
        async for message in listen(Path(PATH), Paper().subscribe("one", 0)):
            heard.append(message)

    async def main() -> None:
        serving = await venue(loop, exchange, PATH)
        following = asyncio.ensure_future(follow())
        link, feed = Link(Path(PATH), 5), Link(Path(PATH), 5)
        quoted = await feed.send(lambda: encode(FromFeed(key=FEED_KEY, marks=(mark("99", "101"),))))
        assert isinstance(read_reply_or_heard(quoted), Heard)
        replies = await asyncio.gather(*(link.send(lambda n=n: sealed_place(f"order-{n}")) for n in range(50)))  # type: ignore[misc]
        assert all(b"accepted" in reply for reply in replies)
        refused = read_reply(await link.send(lambda: sealed_place("order-7")))
        assert isinstance(refused, Refused) and refused.code == "permit_used"
        await feed.send(lambda: encode(FromFeed(key=FEED_KEY, marks=(mark("99", "100"),))))
        await asyncio.sleep(1)
        assert heard[0] == b"" and len(heard) == 51
        loop.network.cut(PATH)
        with pytest.raises(NoReply, match="within 5 s"):
            await link.send(lambda: sealed_query("order-1")[0])
        with pytest.raises(LinkDown, match="refused"):
            await link.send(lambda: sealed_query("order-1")[0])
        loop.network.mend(PATH)
        serving.cancel()
        with pytest.raises(LinkDown):
            await following
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(LinkDown, match="No such file"):
            await link.send(lambda: b"")

    loop.run(main())


class Answers:
    """Says again what it was asked, after a while."""

    async def handle(self, request: Request, peer: Peer) -> bytes:
        assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
        if bytes(request.body) == b'"refuse"':
            raise TokenMalformed("no such token", "Get one")
        await asyncio.sleep(random.Random(bytes(request.body)).random())
        return bytes(request.body)

    async def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        for number in range(1000):
            yield b'"%0100d"' % number


async def guard(loop: VirtualLoop) -> None:
    server = Server(Path(PATH), Answers())
    await loop.create_unix_server(lambda: _Connection(server), PATH)
    await asyncio.Event().wait()


def test_the_guard_s_server_and_client_run_unchanged(loop: VirtualLoop) -> None:
    async def main() -> None:
        process = loop.process("guard")
        loop.spawn(process, guard(loop))
        await asyncio.sleep(0.1)
        async with AsyncClient(Path(PATH), "token", "test") as client:
            assert await asyncio.gather(*(client.ask("read", n) for n in range(300))) == list(range(300))
            assert [int(item) async for item in client.follow("all")] == list(range(1000))
            with pytest.raises(GuardRefused, match="no such"):
                await client.ask("read", "refuse")
            asked = asyncio.ensure_future(client.ask("read", "the last"))
            await asyncio.sleep(0.001)
            loop.kill(process)
            with pytest.raises(GuardGone):
                await asked
            with pytest.raises(GuardNotRunning):
                await client.ask("read", 1)
            loop.spawn(loop.process("guard"), guard(loop))
            await asyncio.sleep(0.1)
            assert await client.ask("read", "again") == "again"
            client.close()
            await asyncio.sleep(400)
        assert loop.network.links(PATH) == 0, "who says nothing is closed in the end"

    loop.run(main())
