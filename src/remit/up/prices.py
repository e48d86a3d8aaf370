"""`remit feed`: prices for the guard of a data folder, recorded or live; they also drive its paper venue."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from remit.feeds.bars import merge, open_files
from remit.feeds.errors import FeedError
from remit.feeds.live import LiveFeed, connect
from remit.feeds.recorded import Marks, play
from remit.guard.config import paper_socket
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.instrument import Mark
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.printable import printable
from remit.up.teller import Teller, VenueLink

Told = Callable[[int], None]
"""Hears how many marks were told so far."""
STAY_S = 10
"""A market that stands still is told so often: well before it would count as silent."""


def feed_bars(
    home: Path,
    socket: Path,
    token: str,
    files: Sequence[Path],
    *,
    speed: int | None,
    spread_bps: int,
    told: Told,
    stays: Callable[[], None] | None = None,
) -> None:
    """Play bars to a guard as if they were made now, `speed` times as fast as they were. GuardError.

    With `stays` it does not end with the last bar: it calls that, and tells the last prices again until it is stopped.
    """
    with _named():
        marks = play(Marks(spread_bps).of(merge(open_files(files))), speed, stamp=time.time_ns)
        asyncio.run(_tell(home, socket, token, marks if stays is None else _staying(marks, stays), told))


async def _staying(marks: AsyncIterator[Mark], stays: Callable[[], None]) -> AsyncIterator[Mark]:
    """Yield marks, and after the last one the last of each instrument for ever, without extremes: nothing moves."""
    last: dict[str, Mark] = {}
    async for mark in marks:
        last[mark.instrument] = mark
        yield mark
    stays()
    while True:
        await asyncio.sleep(STAY_S)
        for mark in last.values():
            yield msgspec.structs.replace(mark, at=time.time_ns(), low=None, high=None)


def feed_live(
    home: Path, socket: Path, token: str, exchange: str, symbols: Mapping[str, str], *, poll_s: int, told: Told
) -> None:
    """Pass an exchange's public prices on to a guard, until stopped. `symbols`: instrument name to the exchange's own.

    GuardError.
    """
    with _named():
        asyncio.run(_live(home, socket, token, exchange, symbols, poll_s, told))


class FeedFailed(GuardError):
    """A feed could not go on; its code is the feed's own."""

    def __init__(self, fault: FeedError) -> None:
        self.code = fault.code  # type: ignore[misc]  # here the code is the feed's word, not the class's
        super().__init__(fault.what, fault.do)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except FeedError as fault:
        raise FeedFailed(fault) from None


async def _live(
    home: Path, socket: Path, token: str, exchange: str, symbols: Mapping[str, str], poll_s: int, told: Told
) -> None:
    feed = LiveFeed(
        connect(exchange), symbols, source=f"live:{exchange}", trouble=_trouble, poll_ns=poll_s * NANOSECONDS
    )
    await _tell(home, socket, token, feed.marks(), told)


async def _tell(home: Path, socket: Path, token: str, marks: AsyncIterator[Mark], told: Told) -> None:
    key = home / "paper.feed.key"
    async with AsyncClient(socket, token, "feed") as guard:
        venue = VenueLink(paper_socket(socket), key.read_text().strip()) if key.exists() else None
        teller = Teller(guard, venue)
        count = 0
        async for mark in marks:
            await teller.tell((mark,))
            count += 1
            told(count)


def _trouble(fault: FeedError) -> None:
    print(printable(f"feed: {fault}"), file=sys.stderr, flush=True)
