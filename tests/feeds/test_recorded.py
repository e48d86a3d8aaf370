"""Marks from bars: the path inside a bar, no look-ahead, overlap, speed."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.feeds.bars import Bar, Ended, instant
from remit.feeds.history import History
from remit.feeds.recorded import Marks, play
from remit.kernel.instrument import Mark
from remit.kernel.numbers import DAY_NS, Price, Quantity, parse, text

HOUR = 3600 * 10**9
NINE = instant("2025-01-02T09:00:00Z")


def bar(at: int, prices: str, *, of: str = "ABC", length: int = HOUR, volume: str = "100") -> Bar:
    """`prices` are open, high, low, close; only an open for a bar that has not ended."""
    opened, *rest = (parse(Price, price) for price in prices.split())
    ended = Ended(rest[0], rest[1], rest[2], parse(Quantity, volume)) if rest else None
    return Bar(instrument=of, at=at, resolution_ns=length, open=opened, ended=ended)


def told(*bars: Bar, **terms: Any) -> list[str]:
    """What the marks of `bars` say: hours since nine (`-` for just before) and price."""
    return [spelt(mark) for mark in Marks(**terms).of(bars)]


def spelt(mark: Mark) -> str:
    hours = -(-(mark.at - NINE) // HOUR)
    before = "-" if (mark.at - NINE) % HOUR else ""
    return f"{before}{hours} {text(mark.last)}"


TABLE = {
    "low first without a past": ([bar(NINE, "10 12 9 11")], ["0 10", "-1 9", "-1 12", "-1 11"]),
    "high first after an open above": (
        [bar(NINE, "10 12 9 11"), bar(NINE + HOUR, "11.5 13 8 9")],
        ["0 10", "-1 9", "-1 12", "-1 11", "1 11.5", "-2 13", "-2 8", "-2 9"],
    ),
    "low first after an open below": (
        [bar(NINE, "10 12 9 11"), bar(NINE + HOUR, "10.5 13 8 9")],
        ["0 10", "-1 9", "-1 12", "-1 11", "1 10.5", "-2 8", "-2 13", "-2 9"],
    ),
    "only the open of a bar that has not ended": ([bar(NINE, "10")], ["0 10"]),
    "the finest wins for marks at its times": (
        [bar(NINE, "10 19 1 11", length=3 * HOUR), bar(NINE + HOUR, "10.5 13 8 9"), bar(NINE + 2 * HOUR, "9 9 9 9")],
        ["0 10", "1 10.5", "-2 13", "-2 8", "-2 9", "2 9", "-3 9", "-3 9", "-3 9"],
    ),
    "a coarse bar beyond the fine ones still ends": (
        [bar(NINE, "10 19 1 11", length=3 * HOUR), bar(NINE + HOUR, "10.5 13 8 9")],
        ["0 10", "1 10.5", "-2 13", "-2 8", "-2 9", "-3 1", "-3 19", "-3 11"],
    ),
    "a daily bar at an odd hour ends with its session": (
        [bar(NINE, "10 12 9 11", length=DAY_NS)],
        ["0 10", "-7 9", "-7 12", "-7 11"],
    ),
    "a daily bar at midnight ends at midnight": (
        [bar(NINE - 9 * HOUR, "10 12 9 11", length=DAY_NS)],
        ["-9 10", "-15 9", "-15 12", "-15 11"],
    ),
}


@pytest.mark.parametrize(("bars", "marks"), TABLE.values(), ids=TABLE.keys())
def test_the_path_inside_a_bar(bars: list[Bar], marks: list[str]) -> None:
    assert told(*bars) == marks


def test_spread_resolution_and_the_close_of_the_session_before() -> None:
    days = [bar(NINE + day * DAY_NS, f"1{day}0 1{day}9 1{day}0 1{day}5", length=DAY_NS) for day in range(3)]
    opens = [mark for mark in Marks(spread_bps=20).of(days) if mark.low is None]
    assert [(text(mark.bid), text(mark.last), text(mark.ask)) for mark in opens] == [
        ("99.9", "100", "100.1"),
        ("109.89", "110", "110.11"),
        ("119.88", "120", "120.12"),
    ]
    assert [mark.close and text(mark.close) for mark in opens] == [None, "105", "115"]
    assert {mark.resolution_ns for mark in opens} == {DAY_NS}


def test_inside_a_session_the_close_stays_that_of_the_session_before() -> None:
    hours = [
        bar(NINE, "10 10 10 10"),
        bar(NINE + HOUR, "11 11 11 11"),
        bar(NINE + DAY_NS, "12 12 12 12"),
        bar(NINE + DAY_NS + HOUR, "13 13 13 13"),
    ]
    closes = [mark.close and text(mark.close) for mark in Marks().of(hours) if mark.low is None]
    assert closes == [None, None, "11", "11"]


def test_size_is_a_share_of_the_volume_of_the_bar_before() -> None:
    marks = Marks(depth_pct=5).of(
        [bar(NINE, "10 10 10 10", volume="1000"), bar(NINE + HOUR, "10 10 10 10", volume="9999")]
    )
    sizes = [mark.ask_size and text(mark.ask_size) for mark in marks]
    assert sizes == [None, None, None, None, "50", "50", "50", "50"]


BARS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["ABC", "DEF"]),
        st.sampled_from([1, 4]),
        st.tuples(*[st.integers(1, 50)] * 4),
    ),
    max_size=25,
    unique_by=lambda row: row[:3],
)


def made(rows: list[tuple[int, str, int, tuple[int, ...]]]) -> list[Bar]:
    bars = [
        bar(NINE + hour * HOUR, f"{p[0]} {max(p)} {min(p)} {p[3]}", of=of, length=length * HOUR)
        for hour, of, length, p in rows
    ]
    return sorted(bars, key=lambda one: (one.at, one.resolution_ns, one.instrument))


@given(BARS)
def test_marks_come_in_order_and_inside_what_the_bars_say(rows: list[tuple[int, str, int, tuple[int, ...]]]) -> None:
    marks = list(Marks(spread_bps=7).of(made(rows)))
    assert all(before.at <= after.at for before, after in pairwise(marks))
    assert all(mark.bid <= mark.last <= mark.ask for mark in marks)


@given(BARS, st.integers(0, 45))
def test_nothing_is_known_before_its_time(rows: list[tuple[int, str, int, tuple[int, ...]]], hour: int) -> None:
    """Whatever happens from an instant on, the marks before it are the same, their order and sizes too."""
    until = NINE + hour * HOUR
    past = [one for one in made(rows) if one.at < until]
    future = [
        bar(one.at, text(one.open), of=one.instrument, length=one.resolution_ns)
        if one.at + one.resolution_ns > until
        else one
        for one in past
    ]
    known = [mark for mark in Marks(depth_pct=3).of(made(rows)) if mark.at < until]
    assert [mark for mark in Marks(depth_pct=3).of(future) if mark.at < until] == known


def test_history_answers_only_from_the_past() -> None:
    history = History()
    for day in range(5):
        history.add(bar(NINE + day * DAY_NS, f"1{day} 1{day} 1{day} 1{day}", length=DAY_NS, volume=str(day * 100)))
        history.add(bar(NINE + day * DAY_NS, f"2{day} 2{day} 2{day} 2{day}", volume="7"))
    history.add(bar(NINE + 5 * DAY_NS, "99"))
    fourth = NINE + 3 * DAY_NS
    assert [history.average_daily_volume("ABC", fourth, days) for days in (1, 2, 9)] == [
        Quantity(200 * 10**18),
        Quantity(150 * 10**18),
        Quantity(100 * 10**18),
    ]
    assert history.average_daily_volume("ABC", NINE) is None and history.average_daily_volume("DEF", fourth) is None


class Time:
    """A clock that moves only when somebody sleeps, a little too long each time."""

    def __init__(self) -> None:
        self.now = 0
        self.slept: list[int] = []

    def clock(self) -> int:
        return self.now

    async def sleep(self, duration_ns: int) -> None:
        self.slept.append(duration_ns)
        self.now += duration_ns + 10


async def played(speed: int | None, time: Time, **more: Any) -> list[Mark]:
    bars = [bar(NINE + hour * HOUR, "10") for hour in range(4)]
    return [mark async for mark in play(Marks().of(bars), speed, clock=time.clock, sleep=time.sleep, **more)]


def test_playing_at_a_speed_keeps_pace_without_drift() -> None:
    time = Time()
    assert len(asyncio.run(played(60, time))) == 4
    assert time.slept == [HOUR // 60, HOUR // 60 - 10, HOUR // 60 - 10]


def test_playing_at_once_never_sleeps() -> None:
    time = Time()
    assert len(asyncio.run(played(None, time))) == 4 and time.slept == []


def test_stamped_marks_are_of_now() -> None:
    marks = asyncio.run(played(60, Time(), stamp=lambda: 77))
    assert {(mark.at, mark.resolution_ns) for mark in marks} == {(77, HOUR // 60)}


def test_a_speed_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="speed"):
        asyncio.run(played(0, Time()))
