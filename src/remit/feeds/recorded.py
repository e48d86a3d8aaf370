"""Bars as marks along the path inside a bar, played at a chosen speed.

Nothing of a bar but its open is known before its end: the open is a mark at the bar's beginning; the two extremes and
the close are marks in the last nanoseconds before its end, in this order. Which extreme comes first must not tell what
the bar will do, so it follows from the past alone: a bar that opens at or above the price before goes to its high
first, any other to its low first.

A bar ends `resolution_ns` after it began, but a daily bar that begins at any time other than midnight UTC is a bar of
one trading session and ends `session_ns` (6 h 30 min) after it began.

Where bars of several lengths cover one instrument, the finest wins for marks at its times: a mark of a coarser bar is
left out when a finer bar covers that instant.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from remit.feeds.bars import Bar
from remit.kernel.instrument import AGGREGATE_NS, Mark
from remit.kernel.numbers import BPS, DAY_NS, NANOSECONDS, Price, Quantity, div_ceil

SESSION_NS = 23_400 * NANOSECONDS


class _Point(NamedTuple):
    """One instant of a bar; sorted by time, then finest first, then as pushed."""

    at: int
    resolution_ns: int
    turn: int
    bar: Bar
    price: Price
    part: Literal["open", "extreme", "close"]


class _Past:
    """What is known of one instrument so far."""

    def __init__(self) -> None:
        self.last: Price | None = None
        self.day = -1
        self.close: Price | None = None
        self.close_before: Price | None = None
        self.volume: dict[int, Quantity] = {}
        self.covered: dict[int, int] = {}
        """Until when the last bar of each resolution reaches."""


class Marks:
    """Turns bars, in order of time, into marks in order of time.

    `spread_bps` is the assumed distance from bid to ask; 0 puts both at the price. `depth_pct` makes that share of the
    volume of the bar before the size at the touch; None leaves the size out. `day` tells which session an instant
    belongs to (default: the UTC date); a mark's `close` is its instrument's last close in the session before.
    """

    def __init__(
        self,
        spread_bps: int = 0,
        *,
        depth_pct: int | None = None,
        session_ns: int = SESSION_NS,
        day: Callable[[int], int] = lambda at: at // DAY_NS,
        source: str = "recorded",
    ) -> None:
        if not 0 <= spread_bps < 2 * BPS:
            raise ValueError(f"a spread lies between 0 and {2 * BPS - 1} bps, not {spread_bps}")
        self._spread_bps = spread_bps
        self._depth_pct = depth_pct
        self._session_ns = session_ns
        self._day = day
        self._source = source
        self._pasts: dict[str, _Past] = {}
        self._waiting: list[_Point] = []
        self._turn = 0

    def of(self, bars: Iterable[Bar]) -> Iterator[Mark]:
        """Yield the marks of `bars` as the file of bars is read: nothing is held but the bars that have not ended."""
        for bar in bars:
            while self._waiting and self._waiting[0].at < bar.at:
                yield from self._mark(heapq.heappop(self._waiting))
            past = self._pasts.setdefault(bar.instrument, _Past())
            past.covered[bar.resolution_ns] = bar.at + bar.resolution_ns
            self._push(bar.at, bar, bar.open, "open")
        while self._waiting:
            yield from self._mark(heapq.heappop(self._waiting))

    def _push(self, at: int, bar: Bar, price: Price, part: Literal["open", "extreme", "close"]) -> None:
        self._turn += 1
        heapq.heappush(self._waiting, _Point(at, bar.resolution_ns, self._turn, bar, price, part))

    def _push_path(self, bar: Bar, before: Price | None) -> None:
        """Push what becomes known at the end of a bar."""
        if bar.ended is None:
            return
        is_session = bar.resolution_ns == DAY_NS and bar.at % DAY_NS != 0
        end = bar.at + (min(self._session_ns, DAY_NS) if is_session else bar.resolution_ns)
        first, second = bar.ended.low, bar.ended.high
        if before is not None and bar.open >= before:
            first, second = second, first
        self._push(end - 3, bar, first, "extreme")
        self._push(end - 2, bar, second, "extreme")
        self._push(end - 1, bar, bar.ended.close, "close")

    def _mark(self, point: _Point) -> Iterator[Mark]:
        bar = point.bar
        past = self._pasts[bar.instrument]
        if point.part == "open":
            self._push_path(bar, past.last)
        if any(until > point.at for resolution, until in past.covered.items() if resolution < bar.resolution_ns):
            return
        day = self._day(bar.at)
        if day != past.day:
            past.day, past.close_before = day, past.close
        yield self._quote(point, past)
        past.last = point.price
        if point.part == "close" and bar.ended is not None:
            past.close = point.price
            past.volume[bar.resolution_ns] = bar.ended.volume

    def _quote(self, point: _Point, past: _Past) -> Mark:
        around = point.price if past.last is None else past.last
        size = None
        if self._depth_pct is not None and point.resolution_ns in past.volume:
            size = Quantity(past.volume[point.resolution_ns] * self._depth_pct // 100)
        return Mark(
            instrument=point.bar.instrument,
            at=point.at,
            last=point.price,
            bid=Price(point.price * (2 * BPS - self._spread_bps) // (2 * BPS)),
            ask=Price(div_ceil(point.price * (2 * BPS + self._spread_bps), 2 * BPS)),
            close=past.close_before,
            resolution_ns=point.resolution_ns,
            source=self._source,
            bid_size=size,
            ask_size=size,
            low=None if point.part == "open" else min(around, point.price),
            high=None if point.part == "open" else max(around, point.price),
        )


def shrunk(resolution_ns: int, by: int, of: int) -> int:
    """Return `by / of` of a resolution; what is of a bar stays so, since its prices go as far as in the whole bar."""
    return max(resolution_ns * by // of, min(resolution_ns, AGGREGATE_NS))


async def sleep_ns(duration_ns: int) -> None:
    """Sleep on the machine's own clock."""
    await asyncio.sleep(duration_ns / NANOSECONDS)


async def play(
    marks: Iterable[Mark],
    speed: int | None,
    *,
    stamp: Callable[[], int] | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[int], Awaitable[None]] = sleep_ns,
) -> AsyncIterator[Mark]:
    """Yield `marks` at `speed` times the pace at which they happened (60: an hour in a minute), or at once with None.

    `clock` (nanoseconds, never back) and `sleep` (nanoseconds) are the player's only time. A player that falls behind
    catches up; no mark is left out. With `stamp` (nanoseconds since the epoch) each mark is given that instant as its
    own, and its resolution shrinks by `speed` (to no less than a bar's): a recorded day then passes for today.
    """
    if speed is not None and speed < 1:
        raise ValueError(f"a speed is 1 or more, or None for as fast as possible, not {speed}")
    began_at, first_at = clock(), None
    for mark in marks:
        first_at = mark.at if first_at is None else first_at
        if speed is not None:
            wait_ns = began_at + (mark.at - first_at) // speed - clock()
            if wait_ns > 0:
                await sleep(wait_ns)
        if stamp is not None:
            mark = msgspec.structs.replace(mark, at=stamp(), resolution_ns=shrunk(mark.resolution_ns, 1, speed or 1))
        yield mark
