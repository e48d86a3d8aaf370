"""The historian before a guard that goes away, comes back with another journal, or has long to tell."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.history.test_file import STEADY, in_one_go, told
from tests.guard.desk import EVE, MOMENTUM, Desk
from tests.reports.walked import Deed, do, opened, walked

from remit.doors.history import past, run
from remit.doors.history.file import FILE, History
from remit.doors.history.past import Span
from remit.doors.history.run import LOCK, Historian
from remit.guard.wire import GuardGone
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import DAY_NS, Price, parse


class Guard:
    """What the historian knows of a guard, over a real kernel: its views, and its journal as a stream."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.broken = asyncio.Event()
        self.followed: list[int] = []

    async def ask(self, do: str, body: dict[str, Any]) -> Any:
        if self.broken.is_set():
            raise GuardGone("the guard is away", "wait")
        arguments = {name: value for name, value in body.items() if name != "view"}
        return await self.desk.looked(EVE, body["view"], **arguments)

    async def follow(self, body: dict[str, int], kind: Any = None) -> AsyncIterator[bytes]:
        self.followed.append(body["from"])
        at = body["from"] - 1
        while not self.broken.is_set():
            while at < len(self.desk.journal):
                yield self.desk.journal[at]
                at += 1
            await asyncio.sleep(0.005)
        raise GuardGone("the guard is away", "wait")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any time passes between two looks."""
    for name in ("KEEP_NS", "AGAIN_NS", "SOON_NS"):
        monkeypatch.setattr(run, name, 10_000_000)


@contextlib.asynccontextmanager
async def keeping(home: Path, *desks: Desk) -> AsyncIterator[list[tuple[Guard, Historian]]]:
    """A historian for each desk, over one folder, until the end."""
    stop = asyncio.Event()
    pairs = [(guard, Historian(guard, home)) for guard in map(Guard, desks)]  # type: ignore[arg-type]
    running = [asyncio.create_task(historian.run(stop)) for _, historian in pairs]
    try:
        yield pairs
    finally:
        stop.set()
        await asyncio.gather(*running)


async def until(holds: Any, what: str) -> None:
    for _ in range(1_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not within 10 s: {what}")


def kept(home: Path, name: str) -> Any:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(home / FILE)) as base:
        row = base.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return row and row[0]


def prices(home: Path, desk: Desk) -> dict[str, Any]:
    return past.prices(home, "AAPL", Span(None, None, 60, desk.at + 10**12)).of


def bars(home: Path) -> set[Any]:
    """The bars of prices, whatever their series is called; what was sampled aside."""
    rows = told(home)
    names = {id: of for id, kind, of, *_ in rows["series"] if kind == "price"}
    return {(names[series], *rest) for series, *rest in rows["bars"] if series in names}


def wanted(desk: Desk) -> set[Any]:
    rows = in_one_go(desk.journal)
    names = {id: of for id, _, of, *_ in rows["series"]}
    return {(names[series], *rest) for series, *rest in rows["bars"]}


def test_it_follows_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async def play() -> None:
        desk = walked(STEADY[:20])
        for more in (STEADY[20:25], STEADY[25:]):
            async with keeping(tmp_path, desk):
                await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
                for deed in more:
                    do(desk, deed)
                await until(lambda: kept(tmp_path, "position") == len(desk.journal), "what came was read")
        assert bars(tmp_path) == wanted(desk)
        assert kept(tmp_path, "begun") == 20_000 * DAY_NS

    asyncio.run(play())


@pytest.mark.parametrize("shorter", [True, False])
def test_another_journal_is_read_from_its_own_beginning(tmp_path: Path, shorter: bool) -> None:
    async def play() -> None:
        first = walked(STEADY)
        async with keeping(tmp_path, first):
            await until(lambda: kept(tmp_path, "position") == len(first.journal), "it was read")
        other = walked(STEADY[:5] if shorter else [deed._replace(last="80") for deed in [*STEADY, *STEADY]])
        async with keeping(tmp_path, other):
            await until(lambda: kept(tmp_path, "position") == len(other.journal), "the other was read")
            await until(lambda: bars(tmp_path) == wanted(other), "nothing of the first is left")

    asyncio.run(play())


@pytest.mark.parametrize("harm", [b"", b"not a database" * 500])
def test_a_lost_or_corrupt_file_is_made_anew(tmp_path: Path, harm: bytes) -> None:
    async def play() -> None:
        desk = walked(STEADY)
        async with keeping(tmp_path, desk):
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
        (tmp_path / FILE).unlink()
        if harm:
            (tmp_path / FILE).write_bytes(harm)
        async with keeping(tmp_path, desk) as [(_, historian)]:
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was made anew")
            await until(lambda: not historian.fault, "nothing is wrong any more")
        assert bars(tmp_path) == wanted(desk)

    asyncio.run(play())


def test_a_guard_that_is_away_is_said_and_waited_for(tmp_path: Path) -> None:
    async def play() -> None:
        desk = walked(STEADY[:10])
        async with keeping(tmp_path, desk) as [(guard, historian)]:
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
            guard.broken.set()
            await until(lambda: "guard_gone" in historian.fault, "it says what is wrong")
            for deed in STEADY[10:]:
                do(desk, deed)
            guard.broken.clear()
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it caught up")
            assert historian.fault == ""
        assert bars(tmp_path) == wanted(desk)

    asyncio.run(play())


def test_a_file_that_somebody_holds_is_a_fault_until_they_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        desk = walked(STEADY[:10])
        History(tmp_path / FILE).close()
        with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with keeping(tmp_path, desk) as [(_, historian)]:
                await until(lambda: "locked" in historian.fault, "it says what is wrong")
                other.execute("ROLLBACK")
                await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it goes on")
                await until(lambda: not historian.fault, "nothing is wrong any more")

    asyncio.run(play())


def test_of_two_one_writes_and_the_other_takes_over(tmp_path: Path) -> None:
    async def play() -> None:
        desk = walked(STEADY[:10])
        async with keeping(tmp_path, desk) as [(_, first)]:
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
            async with keeping(tmp_path, desk) as [(_, second)]:
                await asyncio.sleep(0.1)
                assert (first._file is not None, second._file, second.fault) == (True, None, "")
        async with keeping(tmp_path, desk, desk) as pairs:
            await until(lambda: sum(one._file is not None for _, one in pairs) == 1, "one of them writes")
            for deed in STEADY[10:]:
                do(desk, deed)
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
        assert bars(tmp_path) == wanted(desk)
        assert (tmp_path / LOCK).stat().st_mode & 0o077 == 0

    asyncio.run(play())


def test_a_new_file_reaches_back_a_week_or_so_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        slow = [Deed("mark", 3_600_000, "AAPL", str(90 + hour % 7), "a") for hour in range(24 * 9)]
        desk = walked(slow)
        async with keeping(tmp_path, desk):
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
        assert desk.at - 7 * DAY_NS <= kept(tmp_path, "begun") <= desk.at - 7 * DAY_NS + 3_600 * 10**9
        found = past.prices(tmp_path, "AAPL", Span(0, None, 3_600, desk.at))
        assert (len(found.of["price"]), found.known_from) == (7 * 24 + 1, kept(tmp_path, "begun"))
        (tmp_path / FILE).unlink()
        monkeypatch.setattr(run, "ENTRIES_MAX", 50)
        async with keeping(tmp_path, desk):
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
        assert len(prices(tmp_path, desk)["price"]) == 50

    asyncio.run(play())


def test_what_is_on_the_disk_is_not_asked_of_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        desk = walked(STEADY)
        sealed = len(desk.journal) - 3
        monkeypatch.setattr(run, "BATCH_MAX", 7)
        monkeypatch.setattr(run, "entries_of", lambda folder, start: iter(desk.journal[start - 1 : sealed]))
        async with keeping(tmp_path, desk) as [(guard, _)]:
            await until(lambda: kept(tmp_path, "position") == len(desk.journal), "it was read")
        assert guard.followed == [sealed + 1]
        assert bars(tmp_path) == wanted(desk)

    asyncio.run(play())


def test_equity_cash_and_exits_are_sampled_from_the_views(tmp_path: Path) -> None:
    async def play() -> None:
        desk = opened()
        terms = ExitTerms(
            legs=(Leg(kind="stop_loss", trigger=parse(Price, "90")), Leg(kind="trailing_stop", offset_bps=500))
        )
        desk.do(MOMENTUM, c.SetExit(id="x1", agent="momentum", connection="paper1", instrument="AAPL", terms=terms))
        span = Span(None, None, 60, desk.at + 10**15)
        async with keeping(tmp_path, desk):
            await until(lambda: len(past.legs(tmp_path, "AAPL", span, lambda leg: True).of) == 2, "exits are sampled")
            before = past.equity(tmp_path, "desk", span).of["equity"][-1]
            do(desk, Deed("mark", 60_000, "AAPL", "110", "a"))
            desk.fill(desk.submit(MOMENTUM, "1", limit="110"), "1", "110")
            await until(
                lambda: past.equity(tmp_path, "desk", span).of["equity"][-1] != before, "a fill is sampled soon"
            )
        [row] = await desk.looked(EVE, "accounts")
        [cash] = (await desk.looked(EVE, "facts"))["balance"]
        found = past.equity(tmp_path, "desk", span).of
        assert [encode(Price(found[kind][-1][1].close)).decode() for kind in ("equity", "cash")] == [
            f'"{row["equity"]}"', f'"{cash["amount"]}"'
        ]  # fmt: skip
        legs = past.legs(tmp_path, "AAPL", span, lambda leg: True)
        levels = {legs.legs[name].kind: bars[-1][1].close for name, bars in legs.of.items()}
        assert levels["stop_loss"] == parse(Price, "90")
        assert levels["trailing_stop"] > parse(Price, "95")

    asyncio.run(play())


def test_a_home_that_nobody_may_write_is_a_fault_and_no_more(tmp_path: Path) -> None:
    async def play() -> None:
        async with keeping(tmp_path / "nowhere", walked(())) as [(_, historian)]:
            await until(lambda: "No such file" in historian.fault, "it says what is wrong")
        assert not os.path.exists(tmp_path / "nowhere")

    asyncio.run(play())
