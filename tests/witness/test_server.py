"""The witness over real sockets: what it answers to requests, and to whatever else is said to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tests.witness.test_ledger import FORK, HISTORY, JOURNAL, WITNESS, head, ledger

from remit.journal.cosign import cosigned
from remit.journal.submission import BYTES_MAX, Submission
from remit.journal.tree import consistency_proof
from remit.testing.disk import MemoryStore
from remit.witness import server as server_module
from remit.witness.server import PATH, Server

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def request(body: bytes, *more: str, line: str = f"POST {PATH} HTTP/1.1") -> bytes:
    """An HTTP request with this body."""
    return "\r\n".join([line, "Host: w", f"Content-Length: {len(body)}", *more, "", ""]).encode() + body


def submission(old: int, new: int, leaves: list[Any] = HISTORY) -> bytes:
    """The body that asks for a cosignature of this growth."""
    return Submission(old, tuple(consistency_proof(leaves[:new], old)), head(leaves, new)).write()


async def answered(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read one answer: status, fields, body."""
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    named = {name.lower(): value for name, value in (one.split(": ") for one in fields)}
    return int(line.split(" ")[1]), named, await reader.readexactly(int(named["content-length"]))


def talk(store: MemoryStore, *conversations: Talk) -> None:
    """Serve over a real socket while each conversation has a connection of its own, all at once."""

    async def run() -> None:
        server = Server(ledger(store))
        host, port = await server.start("127.0.0.1", 0)
        links = [await asyncio.open_connection(host, port) for _ in conversations]
        try:
            async with asyncio.timeout(20):
                await asyncio.gather(*(one(*link) for one, link in zip(conversations, links, strict=True)))
        finally:
            for _, writer in links:
                writer.close()
            await server.stop()

    asyncio.run(run())


def test_growth_is_cosigned_over_one_connection() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for old, new in ((0, 3), (3, 3), (3, 9)):
            writer.write(request(submission(old, new)))
            status, fields, body = await answered(reader)
            assert (status, fields["connection"]) == (200, "keep-alive")
            assert cosigned(head(HISTORY, new), body.decode(), WITNESS.cosigner)
        writer.write(request(submission(3, 9)))
        assert await answered(reader) == (409, {
            "content-type": "text/x.tlog.size", "content-length": "2", "connection": "keep-alive"
        }, b"9\n")  # fmt: skip
        writer.write(request(submission(9, 12, FORK), "Connection: close"))
        assert (await answered(reader))[0] == 422
        assert await reader.read() == b""

    talk(MemoryStore(), conversation)


def test_of_two_histories_asked_for_at_once_one_is_cosigned() -> None:
    told: list[tuple[int, str]] = []

    def asking(leaves: list[Any], name: str) -> Talk:
        async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for old, new in ((0, 6), (6, 9), (9, 20)):
                writer.write(request(submission(old, new, leaves)))
                told.append(((await answered(reader))[0], name))

        return conversation

    talk(MemoryStore(), *(asking(*one) for one in [(HISTORY, "one"), (FORK, "other")] * 3))
    assert len({name for status, name in told if status == 200}) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (request(b"", line=f"GET {PATH} HTTP/1.1"), 405),
        (request(b"", line="POST /other HTTP/1.1"), 404),
        (request(b"", line="POST /add-checkpoint"), 400),
        (request(b"old 0\n", line=f"POST {PATH} SPDY/9"), 400),
        (request(b"no submission"), 400),
        (f"POST {PATH} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode(), 411),
        (f"POST {PATH} HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 9\r\n\r\n".encode(), 411),
        (f"POST {PATH} HTTP/1.1\r\nContent-Length: -1\r\n\r\n".encode(), 411),
        (f"POST {PATH} HTTP/1.1\r\nContent-Length: {BYTES_MAX + 1}\r\n\r\n".encode(), 413),
        (f"POST {PATH} HTTP/1.1\r\nContent-Length: {'9' * 400}\r\n\r\n".encode(), 413),
    ],
)
def test_what_is_no_request_is_named(said: bytes, status: int) -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        assert (await answered(reader))[0] == status

    talk(MemoryStore(), conversation)


def test_too_long_a_head_and_half_a_request_end_their_connection_alone() -> None:
    async def long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST " + b"x" * 40_000)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(request(submission(0, 3))[:-20])
        writer.write_eof()
        assert await reader.read() == b""

    async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(request(submission(0, 3)))
        assert (await answered(reader))[0] == 200

    talk(MemoryStore(), long, half, good)


def test_a_failed_disk_is_an_answer_without_a_cosignature() -> None:
    store = MemoryStore()
    store.fail_write()

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            writer.write(request(submission(0, 3)))
            status, _, body = await answered(reader)
            assert (status, b"\xe2\x80\x94" in body) == (500, False)

    talk(store, conversation)
    assert JOURNAL.verifier and not store.names()


@pytest.mark.parametrize("said", [b"", b"P"])
def test_who_asks_nothing_whole_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(server_module, "CONNECTIONS_MAX", 4)

    async def run() -> None:
        server = Server(ledger(MemoryStore()))
        host, port = await server.start("127.0.0.1", 0)
        silent = []
        for _ in range(12):
            silent.append(await asyncio.open_connection(host, port))
            silent[-1][1].write(said)
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request(submission(0, 3)))
        async with asyncio.timeout(10):
            assert (await answered(reader))[0] == 200
            assert await silent[0][0].read() == b"", "the longest silence was ended"
        for _, one in [*silent, (reader, writer)]:
            one.close()
        await server.stop()

    asyncio.run(run())
