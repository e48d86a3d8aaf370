"""The notifier beside a real guard: what people must hear of reaches a real receiver, signed, once or with one id."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from tests.doors.notify.receiver import Got, Receiver, hang, receiving, status
from tests.guard.processes import Processes, trading

from remit.doors.notify import run
from remit.doors.notify.channels import Channel, channel
from remit.doors.notify.notice import Notice
from remit.doors.notify.outbox import FILE, OVERDUE_NS, Outbox
from remit.doors.notify.run import BACKOFF_MAX_NS, Machine, Notifier, backoff
from remit.doors.notify.safe import Sender, networks
from remit.guard.wire import AsyncClient
from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import Money, Price, parse

LIMITS = Mandate(order_notional_max=parse(Money, "5000"), approval_notional_min=parse(Money, "1000"))
CALLBACK = "https://remit.example/cb"
LISTED = networks(["127.0.0.1"])


@pytest.fixture(scope="module", name="running")
def running_guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A trading guard with a token of the doors, which sees everything and changes nothing."""
    for processes in trading(Path(tmp_path_factory.mktemp("notify")), LIMITS):
        asked = {"kind": "new_token", "role": "auditor", "name": "doors", "owner": "doors"}
        processes.secrets["doors"] = processes.say(asked)["secret"]
        yield processes


@pytest.fixture(name="guard")
def unhalted(running: Processes) -> Iterator[Processes]:
    """The running guard; what a test halts is ended however that test ends."""
    yield running
    for row in running.read("halts"):
        running.say(c.Review(halt=row["id"], limit=row["rule"], why="a test"))
        running.say(c.Resume(halt=row["id"], why="a test"))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any time passes between two looks, and between two attempts."""
    monkeypatch.setattr(run, "LOOK_NS", 20_000_000)
    monkeypatch.setattr(run, "BACKOFF_NS", 50_000_000)


class Ahead(Machine):
    """This machine, so much later as it is set."""

    ahead_ns = 0

    def now(self) -> int:
        return super().now() + self.ahead_ns


@contextlib.asynccontextmanager
async def notifying(guard: Processes, home: Path, around: Machine | None = None) -> AsyncIterator[Notifier]:
    """A notifier at work, from the moment on that it follows the journal."""
    async with AsyncClient(guard.home / "guard.sock", guard.secrets["doors"], "http") as client:
        sender = Sender(LISTED, total_s=0.5)
        notifier = Notifier(client, home, callback=CALLBACK, sender=sender, around=around)
        stop = asyncio.Event()
        running = asyncio.create_task(notifier.run(stop))
        while not running.done() and (notifier._outbox is None or notifier.outbox.position is None):
            await asyncio.sleep(0.01)
        try:
            yield notifier
        finally:
            stop.set()
            await running


def hook(receiver: Receiver, *kinds: str, name: str = "hook") -> Channel:
    url = f"http://127.0.0.1:{receiver.port}/in"
    return channel(name, url, 0, os.urandom, kinds=kinds or ("all",))


def add(home: Path, made: Channel) -> None:
    """Add a channel as another process does."""
    with Outbox(home / FILE) as box:
        box.add(made)


def order(guard: Processes, quantity: str) -> dict[str, Any]:
    """Propose to buy so many of AAPL at a limit of 100."""
    return guard.submit(quantity, type="limit", limit_price=parse(Price, "100.01"))


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come about"
        await asyncio.sleep(0.02)


def read(got: Got, made: Channel) -> dict[str, Any]:
    """What a message says, once the official package has verified it."""
    found = standardwebhooks.Webhook(made.secret).verify(got.body, got.headers)
    assert isinstance(found, dict)
    return found


def told(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await main()

    asyncio.run(bounded())


def test_a_day_reaches_a_receiver_signed(guard: Processes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with receiving() as receiver, notifying(guard, tmp_path) as notifier:
            made = hook(receiver)
            add(tmp_path, made)

            def types() -> set[str]:
                return {read(got, made)["type"] for got in receiver.got}

            held, *_ = [await asyncio.to_thread(order, guard, quantity) for quantity in ("20", "100", "2")]
            (row,) = await asyncio.to_thread(guard.read, "approvals")
            with caplog.at_level(logging.ERROR, "remit.notify"):
                await asyncio.to_thread(guard.say, c.Halt(subject="agent:momentum", why="looks odd @here"))
                await until(
                    lambda: {"order.filled", "halt.raised"} <= {read(got, made)["type"] for got in receiver.got}
                )
            found = {message["type"]: message["data"] for message in (read(got, made) for got in receiver.got)}
            asked = found["order.held"]
            assert (asked["order"], asked["digest"]) == (held["decision"]["order"], row["digest"])
            assert (asked["quantity"], asked["limit_price"], asked["worth"]) == ("20", "100.01", "2000.2")
            assert asked["callback"] == CALLBACK and asked["expires_at"].endswith("Z")
            assert asked["findings"][0]["rule"] == "approval_notional_min"
            assert found["order.denied"]["findings"][0]["rule"] == "order_notional_max"
            assert "bought 2 AAPL" in found["order.filled"]["text"]
            assert found["halt.raised"]["why"] == "looks odd @here"
            assert any(
                "HALT of agent momentum" in entry.message for entry in caplog.records if entry.levelname == "ERROR"
            )
            ids = [got.headers["webhook-id"] for got in receiver.got]
            assert len(set(ids)) == len(ids)
            health = notifier.health()
            assert (health["fault"], health["overdue"], health["channels"]) == ("", [], 1)

    told(main)


def test_what_fails_is_tried_again_under_the_same_id_with_a_new_time(guard: Processes, tmp_path: Path) -> None:
    async def main() -> None:
        async with receiving() as receiver, notifying(guard, tmp_path) as notifier:
            receiver.script = [status(500), hang, status(302, "/"), status(307, "http://10.0.0.1/"), status(200)]
            made = hook(receiver, "halts")
            add(tmp_path, made)
            await asyncio.to_thread(guard.say, c.Halt(subject="firm", why="a drill"))
            await until(lambda: notifier.outbox.waiting() == 0 and len(receiver.got) == 5)
            assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
            assert len({got.body for got in receiver.got}) == 1
            assert len({got.headers["webhook-timestamp"] for got in receiver.got}) > 1
            (delivery,) = notifier.outbox.deliveries()
            assert (delivery.attempts, delivery.fault) == (5, "") and delivery.delivered_at

    told(main)


def test_what_happens_while_the_notifier_is_away_is_told_when_it_is_back(guard: Processes, tmp_path: Path) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            made = hook(receiver, "halts")
            async with notifying(guard, tmp_path):
                add(tmp_path, made)
            await asyncio.to_thread(guard.say, c.Halt(subject="firm", why="nobody is there"))
            assert receiver.got == []
            async with notifying(guard, tmp_path) as notifier:
                await until(lambda: len(receiver.got) == 1 and notifier.outbox.waiting() == 0)
            assert read(receiver.got[0], made)["data"]["why"] == "nobody is there"
            async with notifying(guard, tmp_path):  # and not again
                await asyncio.sleep(0.5)
            assert len(receiver.got) == 1

    told(main)


def test_a_halt_that_nobody_hears_of_is_shown_and_logged(
    guard: Processes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        around = Ahead()
        async with receiving() as receiver:
            gone = hook(receiver, "halts")
        async with notifying(guard, tmp_path, around) as notifier:
            add(tmp_path, gone)
            await asyncio.to_thread(guard.say, c.Halt(subject="firm", why="a drill"))
            await until(lambda: notifier.outbox.waiting() == 1)
            around.ahead_ns += OVERDUE_NS
            with caplog.at_level(logging.ERROR, "remit.notify"):
                await until(lambda: any("NOT DELIVERED to hook" in entry.message for entry in caplog.records))
            (late,) = notifier.health()["overdue"]  # type: ignore[misc]
            assert late["channel"] == "hook" and late["fault"]
            assert "HALT of the firm: a person halted it" in late["text"]

    told(main)


def test_the_guard_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Its own guard: the journal is followed again where it was left."""

    async def main(guard: Processes) -> None:
        async with receiving() as receiver, notifying(guard, tmp_path) as notifier:
            made = hook(receiver, "halts")
            add(tmp_path, made)
            await asyncio.to_thread(guard.say, c.Halt(subject="firm", why="before"))
            await asyncio.to_thread(guard.kill_guard)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(guard.start_guard)
            await asyncio.to_thread(guard.say, c.Halt(subject="agent:momentum", why="after"))
            await until(lambda: len(receiver.got) == 2)
            assert {read(got, made)["data"]["why"] for got in receiver.got} == {"before", "after"}
            assert notifier.health()["fault"] == ""

    for guard in trading(tmp_path / "home", LIMITS):
        asked = {"kind": "new_token", "role": "auditor", "name": "doors", "owner": "doors"}
        guard.secrets["doors"] = guard.say(asked)["secret"]
        told(lambda: main(guard))  # noqa: B023  run at once


def test_a_dry_channel_sends_nothing(guard: Processes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with receiving() as receiver, notifying(guard, tmp_path) as notifier:
            url = f"http://127.0.0.1:{receiver.port}/in"
            add(tmp_path, channel("dry", url, 0, os.urandom, kinds=["halts"], dry=True))
            with caplog.at_level(logging.INFO, "remit.notify"):
                await asyncio.to_thread(guard.say, c.Halt(subject="firm", why="a drill"))
                await until(lambda: any("dry run: dry would get" in entry.message for entry in caplog.records))
            await until(lambda: notifier.outbox.waiting() == 0)
            assert receiver.connections == 0

    told(main)


def test_waiting_grows_up_to_an_hour_and_never_at_one_instant() -> None:
    waits = [backoff(attempts, lambda count: b"\0" * count) for attempts in range(16)]
    assert waits[:3] == [run.BACKOFF_NS, 3 * run.BACKOFF_NS, 9 * run.BACKOFF_NS] and waits[-1] == BACKOFF_MAX_NS
    assert waits == sorted(waits)
    most = [backoff(attempts, lambda count: b"\xff" * count) for attempts in range(16)]
    assert all(least // 2 <= less < least for less, least in zip(most, waits, strict=True))
    assert backoff(10**9, os.urandom) <= BACKOFF_MAX_NS


def test_a_notice_says_the_same_after_it_was_kept() -> None:
    notice = Notice("msg_1", "halts", "halt.raised", 7, 8, "HALT", {"why": "x"}, True)
    assert json.loads(json.dumps(notice.data)) == notice.data


def test_no_other_file_is_left(guard: Processes, tmp_path: Path) -> None:
    async def main() -> None:
        async with notifying(guard, tmp_path):
            pass

    told(main)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    with Outbox(tmp_path / FILE) as box:
        assert box.position is not None
