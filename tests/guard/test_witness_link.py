"""The link to a witness over real sockets: kept open, opened again, and never longer than its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from remit.guard.errors import LinkDown
from remit.guard.witness_link import WitnessLink

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read one request: its first line and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    return head.split("\r\n")[0], await reader.readexactly(length)


def answer(body: bytes, *more: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *more, "", ""]).encode() + body


def linked(serve: Serve, ask: Callable[[WitnessLink], Awaitable[None]], timeout_s: float = 5.0) -> int:
    """Let a link ask a server, and return how many connections it opened."""
    opened = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(counted, "127.0.0.1", 0)
        link = WitnessLink(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/prefix", timeout_s)
        try:
            await ask(link)
        finally:
            link.close()
            server.close()

    asyncio.run(run())
    return opened


def test_one_connection_carries_many_requests() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, body = await request(reader)
            assert line == "POST /prefix/add-checkpoint HTTP/1.1"
            writer.write(answer(body * 2))

    async def ask(link: WitnessLink) -> None:
        for said in (b"a", b"bc"):
            assert await link.submit(said) == (200, said * 2)

    assert linked(serve, ask) == 1


def test_a_connection_that_went_meanwhile_is_opened_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await request(reader)
        writer.write(answer(body))

    async def ask(link: WitnessLink) -> None:
        for said in (b"a", b"b", b"c"):
            assert await link.submit(said) == (200, said)

    assert linked(serve, ask) == 3


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", answer(b"x" * 99_999), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_what_is_no_answer_is_a_link_that_is_down(said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(said)

    async def ask(link: WitnessLink) -> None:
        with pytest.raises(LinkDown):
            await link.submit(b"a")

    assert linked(serve, ask) == 1


def test_a_witness_that_says_nothing_is_given_up_in_time() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 20)
        await asyncio.sleep(1)

    async def ask(link: WitnessLink) -> None:
        with pytest.raises(LinkDown, match="timed out"):
            await link.submit(b"a")

    assert linked(serve, ask, timeout_s=0.1) == 1


def test_nobody_there_is_a_link_that_is_down() -> None:
    async def ask() -> None:
        link = WitnessLink("http://127.0.0.1:1")
        with pytest.raises(LinkDown, match="127.0.0.1:1"):
            await link.submit(b"a")
        link.close()

    asyncio.run(ask())


def test_one_that_answers_byte_by_byte_is_hung_up_on() -> None:
    dripped = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dripped
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        while dripped < 100:
            dripped += 1
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def ask(link: WitnessLink) -> None:
        with pytest.raises(LinkDown):
            await link.submit(b"a")
        seen = dripped
        await asyncio.sleep(0.3)
        assert dripped <= seen + 3, "the connection is gone, and with it the thread's wait"

    assert linked(serve, ask, timeout_s=0.3) == 1 and dripped < 30
