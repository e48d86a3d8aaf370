"""`python -m remit.up.feed`: plays recorded prices to the guard and to the paper venue, as if they were made today.

A trading day takes `--day-ms`: its open, its two extremes and its close come one after the other, evenly. The day that
was played last is written to `--day`, and the next start goes on after it. After the last day its prices stand still.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path

import msgspec

from remit.feeds.errors import FeedError
from remit.feeds.recorded import Marks, shrunk
from remit.feeds.sample import AUTUMN_2008, sample_bars
from remit.guard.wire import AsyncClient, GuardError
from remit.kernel.instrument import Mark
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.printable import printable
from remit.up.desk import INSTRUMENTS
from remit.up.teller import Teller, VenueLink

SPREAD_BPS = 4
MOMENTS = 4
"""Open, two extremes, close."""
BEFORE = timedelta(days=7)
"""Read before the first day, so that its marks know the close before."""
END = date(2100, 1, 1)
STAY_S = 3
"""How often prices that stand still are told: well before they would be too old for an order."""
OVER = "feed: the recorded prices are over, the last ones stand still"


def main(given: Sequence[str] | None = None) -> int:
    """Play until it is told to stop (0), or say why it cannot (2)."""
    words = _arguments().parse_args(given)
    try:
        asyncio.run(_until_told(words))
    except (FeedError, GuardError, OSError, ValueError) as fault:
        print(printable(f"feed: {fault}"), file=sys.stderr)
        return 2
    return 0


async def _until_told(words: argparse.Namespace) -> None:
    playing = asyncio.ensure_future(_play(words))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    await asyncio.wait([playing])
    if not playing.cancelled():
        playing.result()


async def _play(words: argparse.Namespace) -> None:
    pause_ns = words.day_ms * 10**6 // MOMENTS
    days = days_to_play(date.fromisoformat(words.begins), words.day)
    marks: tuple[Mark, ...] = ()
    print("feed: ready", flush=True)
    async with AsyncClient(words.socket, words.token.read_text().strip(), "feed") as guard:
        teller = Teller(guard, VenueLink(words.venue, words.venue_key.read_text().strip()))
        due_ns = time.monotonic_ns()
        for day, moments in days:
            print(f"feed: day {day}", flush=True)
            if words.day is not None:
                words.day.write_text(f"{day}\n")
            for marks in moments:
                await teller.tell(stamped(marks, time.time_ns(), words.day_ms * 10**6))
                due_ns += pause_ns
                await asyncio.sleep(max(due_ns - time.monotonic_ns(), 0) / NANOSECONDS)
        print(OVER, flush=True)
        while True:
            still = tuple(msgspec.structs.replace(mark, low=None, high=None) for mark in marks)
            await teller.tell(stamped(still, time.time_ns(), words.day_ms * 10**6))
            await asyncio.sleep(STAY_S)


def days_to_play(begins: date, played: Path | None) -> Iterator[tuple[date, list[tuple[Mark, ...]]]]:
    """Yield the days to play: those after the last that was played, or that one again where it was the very last.

    ValueError where there is none.
    """
    last = None if played is None or not played.exists() else date.fromisoformat(played.read_text().strip())
    after = begins if last is None else max(begins, last + timedelta(days=1))
    for start in (after, last):
        days = moments_by_day(start) if start is not None else iter(())
        if (first := next(days, None)) is not None:
            return chain([first], days)
    raise ValueError(f"no prices are recorded from {after} on; begin earlier")


def moments_by_day(begins: date) -> Iterator[tuple[date, list[tuple[Mark, ...]]]]:
    """Yield each trading day from `begins` on with its moments, each a mark of every instrument of the desk: the sample
    has others, some of which begin late."""
    bars = (bar for bar in sample_bars(begins - BEFORE, END) if bar.instrument in INSTRUMENTS)
    marks = Marks(SPREAD_BPS, source="sample").of(bars)
    for day, of_day in groupby(marks, key=lambda mark: datetime.fromtimestamp(mark.at // NANOSECONDS, UTC).date()):
        moments = [tuple(moment) for _, moment in groupby(of_day, key=lambda mark: mark.at)]
        if day >= begins:
            yield day, moments


def stamped(marks: tuple[Mark, ...], at: int, day_ns: int) -> tuple[Mark, ...]:
    """Return marks as made at `at`, with a resolution that shrinks as the day did."""
    return tuple(
        msgspec.structs.replace(mark, at=at, resolution_ns=shrunk(mark.resolution_ns, day_ns, DAY_NS)) for mark in marks
    )


def _arguments() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m remit.up.feed", description=__doc__)
    words.add_argument("--socket", type=Path, required=True, help="the guard's socket")
    words.add_argument("--token", type=Path, required=True, help="file: the feed's token")
    words.add_argument("--venue", type=Path, required=True, help="the paper venue's socket")
    words.add_argument("--venue-key", type=Path, required=True, help="file: the key that proves the feed to the venue")
    words.add_argument("--begins", default=str(AUTUMN_2008[0]), help="the first day (default 2008-09-01)")
    words.add_argument("--day-ms", type=int, default=1500, help="how long a trading day takes (default 1500)")
    words.add_argument("--day", type=Path, help="file: the last day that was played")
    return words


if __name__ == "__main__":
    sys.exit(main())
