"""The guard's socket: many requests under way, bounded and named in every failure, over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.guard import errors
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack
from remit.guard.wire import AsyncClient, Client, GuardRefused, Peer, Request, Server, server
from remit.guard.wire.message import read_answer, read_request, write_request
from remit.guard.wire.peer import peer_of
from remit.kernel.command import Cancel
from remit.kernel.numbers import Money


class Echo:
    """Answers with what it was asked; some bodies ask for trouble."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.finished: list[bytes] = []
        self.left = 0
        self.gate = asyncio.Event()

    async def handle(self, request: Request, peer: Peer) -> bytes:
        self.peers.append(peer)
        body = bytes(request.body)
        if body == b'"refuse"':
            raise errors.TokenMalformed("no such token", "Get one")
        if body == b'"fail"':
            raise ZeroDivisionError("a secret of the guard")
        if body == b'"wait"':
            await self.gate.wait()
        if body == b'"large"':
            return b'"%b"' % (b"x" * FRAME_BYTES_MAX)
        self.finished.append(body)
        return b'{"do":"%b","token":"%b","body":%b}' % (request.do.encode(), request.token.encode(), body)

    async def follow(self, request: Request, peer: Peer) -> AsyncIterator[bytes]:
        body = msgspec.json.decode(request.body)
        try:
            if body == "refuse":
                yield b"1"
                raise errors.TokenMalformed("no such token", "Get one")
            if body == "endless":
                while True:
                    yield b'"%b"' % (b"x" * 10_000)
            for number in range(body):
                yield b"%d" % number
        finally:
            self.left += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "guard.sock"


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await main()

    asyncio.run(bounded())


def serving(path: Path, test: Callable[[Echo, Server], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        echo = Echo()
        listening = Server(path, echo, **settings)
        await listening.start()
        try:
            await test(echo, listening)
        finally:
            await listening.stop()

    run(main)


@pytest.fixture
def echo(path: Path) -> Iterator[Echo]:
    """A server in a thread of its own, for the client without asyncio."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    handler: list[Echo] = []

    async def start() -> Server:
        handler.append(Echo())
        listening = Server(path, handler[0], idle_s=0.3)
        await listening.start()
        ready.set()
        return listening

    def serve() -> None:
        loop.set_exception_handler(lambda loop, context: None)
        listening = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(listening.stop())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(5)
    yield handler[0]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


# Asking and answering


def test_a_request_carries_token_and_body_and_gets_its_answer(path: Path, echo: Echo) -> None:
    with Client(path, "secret", "cli") as client:
        answer = client.ask("preview", {"amount": Money(15 * 10**17)})
        assert answer == {"do": "preview", "token": "secret", "body": {"amount": "1.5"}}
        assert client.ask("command", Cancel(order="o1"))["body"] == {"kind": "cancel", "order": "o1"}
    assert {peer.uid for peer in echo.peers} == {os.geteuid()}
    assert {peer.pid for peer in echo.peers} == {os.getpid()}


def test_an_answer_is_read_as_the_type_asked_for(path: Path, echo: Echo) -> None:
    class Shape(msgspec.Struct):
        do: str
        token: str
        body: tuple[int, ...]

    with Client(path, "t", "cli") as client:
        assert client.ask("read", [1, 2], Shape) == Shape("read", "t", (1, 2))
        with pytest.raises(errors.RequestMalformed):
            client.ask("read", ["text"], Shape)


def test_a_named_error_arrives_with_code_message_and_fix(path: Path, echo: Echo) -> None:
    with Client(path, "t", "cli") as client:
        with pytest.raises(GuardRefused) as refused:
            client.ask("read", "refuse")
        assert (refused.value.code, refused.value.message, refused.value.fix) == (
            "token_malformed", "no such token", "Get one",
        )  # fmt: skip
        assert client.ask("read", 1)["body"] == 1


def test_a_bug_of_the_guard_tells_the_caller_nothing_of_itself(path: Path, echo: Echo) -> None:
    with Client(path, "t", "cli") as client:
        with pytest.raises(GuardRefused) as refused:
            client.ask("read", "fail")
        assert refused.value.code == "internal"
        assert "secret" not in str(refused.value)
        assert client.ask("read", 1)["body"] == 1


def test_an_answer_too_large_is_an_error_and_not_a_broken_link(path: Path, echo: Echo) -> None:
    with Client(path, "t", "cli") as client:
        with pytest.raises(GuardRefused, match="frame_too_large"):
            client.ask("read", "large")
        with pytest.raises(errors.FrameTooLarge):
            client.ask("read", "x" * FRAME_BYTES_MAX)
        assert client.ask("read", 1)["body"] == 1


def test_many_requests_are_under_way_at_once_and_answers_come_in_any_order(path: Path) -> None:
    async def test(echo: Echo, _: Server) -> None:
        async with AsyncClient(path, "t", "http") as client:
            waiting = [asyncio.ensure_future(client.ask("command", "wait")) for _ in range(50)]
            quick = await asyncio.gather(*(client.ask("read", n, token=f"t{n}") for n in range(500)))
            assert [(answer["body"], answer["token"]) for answer in quick] == [(n, f"t{n}") for n in range(500)]
            assert not any(task.done() for task in waiting)
            echo.gate.set()
            assert len(await asyncio.gather(*waiting)) == 50

    serving(path, test)


def test_more_requests_than_may_be_under_way_are_left_unread_and_lose_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "UNDER_WAY_MAX", 8)

    async def test(echo: Echo, listening: Server) -> None:
        async with AsyncClient(path, "t", "http") as client:
            asked = []
            for _ in range(40):  # one by one, since what one read of the socket brings is taken whole
                asked.append(asyncio.ensure_future(client.ask("command", "wait")))
                await asyncio.sleep(0.002)
            (connection,) = listening.connections
            assert len(connection.tasks) == 8
            echo.gate.set()
            assert len(await asyncio.gather(*asked)) == 40

    serving(path, test)


def test_a_command_goes_on_when_its_caller_goes(path: Path) -> None:
    async def test(echo: Echo, _: Server) -> None:
        client = AsyncClient(path, "t", "http")
        asked = asyncio.ensure_future(client.ask("command", "wait"))
        await asyncio.sleep(0.05)
        client.close()
        with pytest.raises(errors.GuardGone):
            await asked
        echo.gate.set()
        await asyncio.sleep(0.05)
        assert echo.finished == [b'"wait"']

    serving(path, test)


def test_no_answer_in_time_is_an_unknown_outcome(path: Path) -> None:
    async def test(echo: Echo, _: Server) -> None:
        async with AsyncClient(path, "t", "http", timeout_s=0.2) as client:
            with pytest.raises(errors.GuardGone, match="same intent id never acts twice"):
                await client.ask("command", "wait")
            echo.gate.set()
            assert (await client.ask("read", 1))["body"] == 1

    serving(path, test)


# Streams


def test_a_stream_yields_each_item_and_ends(path: Path, echo: Echo) -> None:
    with Client(path, "t", "cli") as client:
        assert list(client.follow(5)) == [0, 1, 2, 3, 4]
        with pytest.raises(GuardRefused, match="no such token"):
            list(client.follow("refuse"))
        assert client.ask("read", 1)["body"] == 1
    assert echo.left == 2


def test_a_stream_waits_for_a_slow_reader_and_ends_when_left(path: Path) -> None:
    async def test(echo: Echo, listening: Server) -> None:
        client = AsyncClient(path, "t", "http")
        assert [item async for item in client.follow(3)] == [0, 1, 2]
        stream = client.follow("endless")
        await anext(stream)
        await asyncio.sleep(0.1)
        (connection,) = listening.connections
        assert connection._transport.get_write_buffer_size() < 1 << 20
        await stream.aclose()
        await asyncio.sleep(0.1)
        assert (echo.left, listening.connections) == (2, set())

    serving(path, test)


# The socket itself


def test_nobody_listens(path: Path) -> None:
    with pytest.raises(errors.GuardNotRunning, match="remit up"):
        Client(path, "t", "cli").ask("read", 1)

    async def main() -> None:
        with pytest.raises(errors.GuardNotRunning, match="remit up"):
            await AsyncClient(path, "t", "cli").ask("read", 1)
        with pytest.raises(errors.GuardNotRunning):
            await anext(AsyncClient(path, "t", "cli").follow(1))

    run(main)


def test_the_socket_is_private_and_goes_when_the_guard_stops(path: Path) -> None:
    async def test(echo: Echo, listening: Server) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    serving(path, test)
    assert not path.exists()


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))

    async def test(echo: Echo, _: Server) -> None:
        with pytest.raises(errors.GuardRunning):
            await Server(path, echo).start()
        async with AsyncClient(path, "t", "http") as client:
            assert (await client.ask("read", 1))["body"] == 1

    serving(path, test)


def test_what_is_no_socket_or_no_place_for_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "file").touch()
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    cases = [
        (tmp_path / "run" / "file", errors.SettingInvalid),
        (tmp_path / "run" / ("x" * 120), errors.SettingInvalid),
        (tmp_path / "open" / "sock", errors.OpenToOthers),
    ]

    async def main() -> None:
        for place, error in cases:
            with pytest.raises(error):
                await Server(place, Echo()).start()

    run(main)
    assert (tmp_path / "run" / "file").exists()


def test_users_that_are_listed_may_reach_the_socket(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o711)

    async def test(echo: Echo, _: Server) -> None:
        assert stat.S_IMODE((tmp_path / "run" / "s").stat().st_mode) == 0o666

    serving(tmp_path / "run" / "s", test, uids={4711})


def test_a_peer_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_of(ours, frozenset()).uid == os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        with pytest.raises(errors.PeerRefused):
            peer_of(ours, {4712})
        assert peer_of(ours, {os.getuid()}).pid == os.getpid()
        monkeypatch.delattr(socket, "SO_PEERCRED")
        with pytest.raises(errors.PeerRefused):
            peer_of(ours, {os.getuid()})


def test_neither_end_talks_to_a_stranger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(echo: Echo, listening: Server) -> None:
        real = os.geteuid()
        link = await asyncio.open_unix_connection(str(path))
        monkeypatch.setattr(os, "geteuid", lambda: real + 1)
        client = AsyncClient(path, "t", "http")
        with pytest.raises(errors.PeerRefused):
            await client.ask("read", 1)
        reader, writer = await asyncio.open_unix_connection(str(path))
        (message,) = Frames().feed(await reader.read())
        assert b'"peer_refused"' in message
        assert echo.peers == []
        writer.close()
        link[1].close()

    serving(path, test)


def test_connections_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)

    async def test(echo: Echo, _: Server) -> None:
        clients = [AsyncClient(path, "t", "http") for _ in range(3)]
        for client in clients[:2]:
            await client.ask("read", 1)
        with pytest.raises((GuardRefused, errors.GuardGone)):
            await clients[2].ask("read", 1)
        clients[0].close()
        await asyncio.sleep(0.05)
        assert (await clients[2].ask("read", 1))["body"] == 1
        for client in clients:
            client.close()

    serving(path, test)


def test_a_resting_connection_is_closed_and_the_next_request_opens_another(path: Path, echo: Echo) -> None:
    with Client(path, "t", "cli") as client:
        client.ask("read", 1)
        first = client._socket
        threading.Event().wait(0.5)
        assert client.ask("read", 2)["body"] == 2
        assert client._socket is not first


def test_half_a_frame_does_not_keep_a_connection_but_work_does(path: Path) -> None:
    async def test(echo: Echo, listening: Server) -> None:
        reader, writer = await asyncio.open_unix_connection(str(path))
        working = asyncio.ensure_future(AsyncClient(path, "t", "http").ask("command", "wait"))
        writer.write(b"\0\0\0\x09half")
        assert await reader.read() == b""
        await asyncio.sleep(0.3)
        assert len(listening.connections) == 1
        echo.gate.set()
        await working
        writer.close()

    serving(path, test, idle_s=0.2)


def test_stopping_answers_what_is_under_way(path: Path) -> None:
    async def main() -> None:
        echo = Echo()
        listening = Server(path, echo)
        await listening.start()
        client = AsyncClient(path, "t", "http")
        asked = asyncio.ensure_future(client.ask("command", "wait"))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.05, echo.gate.set)
        await listening.stop()
        assert (await asked)["body"] == "wait"
        await asyncio.sleep(0.05)
        with pytest.raises(errors.GuardNotRunning):
            await client.ask("read", 1)

    run(main)


# Bytes that are no requests


MALFORMED = [
    (b"", 0),
    (b"[]", 0),
    (b"\xff", 0),
    (b'{"id":0,"token":"t","do":"read"}', 0),
    (b'{"id":1.5,"token":"t","do":"read"}', 0),
    (b'{"id":7,"token":"t","do":"sign"}', 7),
    (b'{"id":7,"do":"read"}', 7),
    (b'{"id":7,"token":"t","do":"read","role":"operator"}', 7),
    (b'{"id":7,"token":"%b","do":"read"}' % (b"x" * 201), 7),
]


@pytest.mark.parametrize(("message", "number"), MALFORMED)
def test_a_malformed_request_is_refused_by_name(path: Path, message: bytes, number: int) -> None:
    async def test(echo: Echo, _: Server) -> None:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(pack(message))
        (answer,) = Frames().feed(await reader.read(65536))
        got = read_answer(answer)
        assert got.error is not msgspec.UNSET
        assert (got.id, got.error.code) == (number, "request_malformed")
        if number == 0:
            assert await reader.read() == b""
        assert echo.peers == []
        writer.close()

    serving(path, test)


def test_a_frame_too_large_is_refused_before_it_is_read(path: Path) -> None:
    async def test(echo: Echo, _: Server) -> None:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
        (answer,) = Frames().feed(await reader.read())
        assert b'"frame_too_large"' in answer
        writer.close()

    serving(path, test)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused_by_name(message: bytes) -> None:
    for read in (read_request, read_answer):
        try:
            read(message)
        except errors.RequestMalformed as refused:
            assert refused.fix


@given(st.integers(1, 2**53 - 1), st.text(max_size=50), st.lists(st.integers(-99, 99) | st.text() | st.none()))
def test_a_request_reads_back_as_it_was_written(number: int, token: str, body: object) -> None:
    request = read_request(write_request(number, token, "command", body, "cli"))
    assert (request.id, request.token, request.do, request.door) == (number, token, "command", "cli")
    assert msgspec.json.decode(request.body) == body
