"""Links to venues over real sockets: what is certain is LinkDown, what is not is NoReply, and no reply is mistaken."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from remit.guard.errors import LinkDown, NoReply
from remit.guard.frame import FRAME_BYTES_MAX, Frames, pack
from remit.guard.world import JOURNAL, RealWorld, World
from remit.journal.errors import StoreLocked
from remit.kernel.effect import Alert
from remit.testing.world import START, MemoryWorld

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
ALERT = Alert(code="halt", subject="firm", why="loss")


@asynccontextmanager
async def venue(path: Path, answer: Answer) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        while data := await reader.read(65536):
            for message in frames.feed(data):
                await answer(message, writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()


async def echo(message: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(pack(b"re " + message))


def world_at(path: Path, timeout_s: float = 5) -> RealWorld:
    return RealWorld(path.parent, {"c": path}, reply_timeout_s=timeout_s)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await main()

    asyncio.run(bounded())


def test_many_messages_under_way_each_get_their_own_reply(tmp_path: Path) -> None:
    async def main() -> None:
        world = world_at(tmp_path / "v")
        async with venue(tmp_path / "v", echo):
            replies = await asyncio.gather(*(world.send("c", lambda n=n: b"%d" % n) for n in range(200)))
            assert replies == [b"re %d" % n for n in range(200)]
            world.close()

    run(main)


def test_no_venue_and_no_known_link_are_certain(tmp_path: Path) -> None:
    async def main() -> None:
        world = world_at(tmp_path / "v")
        for connection in ("c", "other"):
            with pytest.raises(LinkDown):
                await world.send(connection, lambda: b"x")
            with pytest.raises(LinkDown):
                await anext(world.listen(connection, b"x"))

    run(main)


async def silent(message: bytes, writer: asyncio.StreamWriter) -> None:
    return


async def hang_up(message: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def too_long(message: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))


@pytest.mark.parametrize("answer", [silent, hang_up, too_long])
def test_a_request_without_a_reply_is_unknown(tmp_path: Path, answer: Answer) -> None:
    async def main() -> None:
        world = world_at(tmp_path / "v", timeout_s=0.2)
        async with venue(tmp_path / "v", answer):
            results = await asyncio.gather(*(world.send("c", lambda: b"x") for _ in range(3)), return_exceptions=True)
            assert [type(result) for result in results] == [NoReply] * 3
            world.close()

    run(main)


def test_a_late_reply_is_never_taken_for_the_next_ones(tmp_path: Path) -> None:
    release = []

    async def slow_once(message: bytes, writer: asyncio.StreamWriter) -> None:
        if message == b"slow":
            release.append(writer)
            return
        for late in release:
            late.write(pack(b"late"))
        await echo(message, writer)

    async def main() -> None:
        world = world_at(tmp_path / "v", timeout_s=0.2)
        async with venue(tmp_path / "v", slow_once):
            with pytest.raises(NoReply):
                await world.send("c", lambda: b"slow")
            assert await world.send("c", lambda: b"next") == b"re next"
            world.close()

    run(main)


def test_a_caller_that_gives_up_does_not_shift_replies(tmp_path: Path) -> None:
    async def main() -> None:
        world = world_at(tmp_path / "v")
        gate = asyncio.Event()

        async def gated(message: bytes, writer: asyncio.StreamWriter) -> None:
            await gate.wait()
            await echo(message, writer)

        async with venue(tmp_path / "v", gated):
            first = asyncio.ensure_future(world.send("c", lambda: b"1"))
            second = asyncio.ensure_future(world.send("c", lambda: b"2"))
            await asyncio.sleep(0.05)
            first.cancel()
            gate.set()
            assert await second == b"re 2"
            world.close()

    run(main)


def test_a_link_opens_again_after_the_venue_came_back(tmp_path: Path) -> None:
    async def main() -> None:
        world = world_at(tmp_path / "v")
        async with venue(tmp_path / "v", hang_up):
            with pytest.raises(NoReply):
                await world.send("c", lambda: b"x")
        (tmp_path / "v").unlink(missing_ok=True)
        async with venue(tmp_path / "v", echo):
            assert await world.send("c", lambda: b"x") == b"re x"
            world.close()

    run(main)


def test_an_unasked_reply_drops_the_link(tmp_path: Path) -> None:
    async def twice(message: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(pack(b"one") + pack(b"two"))

    async def main() -> None:
        world = world_at(tmp_path / "v")
        async with venue(tmp_path / "v", twice):
            assert await world.send("c", lambda: b"x") == b"one"
            assert await world.send("c", lambda: b"y") == b"one"  # on a new link: `two` is gone
            world.close()

    run(main)


def test_a_stream_yields_until_it_ends(tmp_path: Path) -> None:
    async def stream(message: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(pack(b"after " + message) + pack(b"more"))
        writer.close()

    async def main() -> None:
        world, got = world_at(tmp_path / "v"), []
        async with venue(tmp_path / "v", stream):
            with pytest.raises(LinkDown, match="ended the stream"):
                async for message in world.listen("c", b"7"):
                    got.append(message)
        assert got == [b"", b"after 7", b"more"], "nothing first: it is open"

    run(main)


def test_folders_are_one_owners(tmp_path: Path) -> None:
    first, second = RealWorld(tmp_path, {}), RealWorld(tmp_path, {})
    assert first.store(JOURNAL) is first.store(JOURNAL)
    with pytest.raises(StoreLocked):
        second.store(JOURNAL)
    first.close()
    second.store(JOURNAL)
    second.close()


def test_clocks_and_randomness() -> None:
    world = RealWorld(Path(), {})
    before = world.monotonic()
    asyncio.run(world.sleep(2_000_000))
    assert world.monotonic() - before >= 2_000_000
    assert abs(world.now() - time.time_ns()) < 10**9
    assert len({world.random(32) for _ in range(100)}) == 100


def test_an_alert_is_a_line_of_json_and_never_raises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = RealWorld(tmp_path, {})
    world.alert(ALERT)
    world.alert(Alert("limit_near", "firm", "net_exposure_max at 80 USD, limit 100"))
    halt, near = map(json.loads, capsys.readouterr().err.splitlines())
    assert halt["alert"] == {"code": "halt", "subject": "firm", "why": "loss"}
    assert (halt["level"], near["level"]) == ("ERROR", "WARNING")
    assert abs(datetime.fromisoformat(halt["at"]).timestamp() - time.time()) < 60

    def broken(alert: Alert) -> None:
        raise BrokenPipeError

    RealWorld(tmp_path, {}, tell=broken).alert(ALERT)
    world.alert(Alert("guard_failed", "firm", "no such folder: \udcff"))


def test_the_world_in_memory_moves_only_when_told() -> None:
    world: World = MemoryWorld(seed=3)
    assert world.random(8) == MemoryWorld(seed=3).random(8) != MemoryWorld(seed=4).random(8)
    memory = MemoryWorld()
    memory.pass_time(5)
    memory.jump_wall(-3)
    assert (memory.now(), memory.monotonic()) == (START + 2, 5)


def test_sleepers_in_memory_wake_in_the_order_they_fall_due() -> None:
    async def main() -> None:
        world, woken = MemoryWorld(), []

        async def sleeper(duration_ns: int) -> None:
            await world.sleep(duration_ns)
            woken.append(duration_ns)

        tasks = [asyncio.ensure_future(sleeper(duration)) for duration in (30, 10, 20, 0)]
        await asyncio.sleep(0.01)
        assert (woken, world.next_wake()) == ([0], 10)
        world.pass_time(20)
        await asyncio.sleep(0.01)
        assert (woken, world.next_wake()) == ([0, 10, 20], 30)
        world.pass_time(10)
        await asyncio.gather(*tasks)
        assert world.next_wake() is None

    run(main)


def test_venues_in_memory_follow_their_script() -> None:
    def lost(message: bytes) -> bytes:
        raise NoReply("scripted", "ask later")

    async def main() -> None:
        world = MemoryWorld()
        world.venues = {"c": lambda message: message.upper(), "lost": lost}
        assert await world.send("c", lambda: b"x") == b"X"
        with pytest.raises(NoReply):
            await world.send("lost", lambda: b"y")
        with pytest.raises(LinkDown):
            await world.send("none", lambda: b"z")
        assert world.sent == [("c", b"x"), ("lost", b"y")]

        stream = aiter(world.listen("c", b""))
        assert await anext(stream) == b"", "it is open"
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        world.say("c", b"fill")
        assert await first == b"fill"
        world.hang_up("c")
        with pytest.raises(LinkDown):
            await anext(stream)

    run(main)


def test_slow_work_keeps_nobody_waiting(tmp_path: Path) -> None:
    """The job ends only once something else has had its turn, which a job on the loop itself would never let it."""

    async def main() -> None:
        world = RealWorld(tmp_path, {})
        turns: list[int] = []
        begun = threading.Event()

        def job() -> int:
            begun.set()
            while not turns:
                time.sleep(0.001)
            return 7

        working = asyncio.ensure_future(world.work(job))
        while not begun.is_set():
            await asyncio.sleep(0)
        turns.append(1)
        assert await asyncio.wait_for(working, 10) == 7
        world.close()

    asyncio.run(main())
