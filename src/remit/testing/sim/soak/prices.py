"""What a thousand instruments are worth: one walk, which the venues trade at and the feed tells the guard."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from remit.guard.errors import LinkDown, NoReply
from remit.guard.link import Link
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import BPS, SCALE, Price, Quantity
from remit.testing.sim.firm import Caller
from remit.venues.paper.messages import FromFeed

TICK = Price(SCALE // 100)
EVERY_S = 1
ROUND = 10
"""Each instrument moves once in so many turns."""
STEP_BPS = 15


class Prices:
    """The walk of every instrument. Same seed, same walk."""

    def __init__(self, count: int, seed: int, exchanges: tuple[str, ...], now: Callable[[], int]) -> None:
        self._chance = random.Random(f"{seed}/prices")
        self.now = now
        self.instruments = {
            name: Instrument(
                name=name, kind="equity", venue="paper", currency="USD", category=f"c{number % 10}", tick=TICK,
                lot=Quantity(SCALE),
            )
            for number, name in enumerate(f"X{number:04}" for number in range(count))
        }  # fmt: skip
        self.of = {name: self._chance.randint(1_000, 30_000) * int(TICK) for name in self.instruments}
        """What one of each is worth now, at scale."""
        self._close = {name: Price(price) for name, price in self.of.items()}
        self.exchange_of = {name: exchanges[number % len(exchanges)] for number, name in enumerate(self.instruments)}
        self._turns = 0

    def near(self, name: str, bps: int) -> Price:
        """Return a price so many basis points above what an instrument is worth, in whole ticks."""
        price = self.of[name] * (BPS + bps) // BPS
        return Price(max(price - price % TICK, int(TICK)))

    def step(self) -> list[Mark]:
        """Let the next tenth of the instruments move, and return their marks."""
        names = list(self.of)[self._turns % ROUND :: ROUND]
        self._turns += 1
        for name in names:
            moved = self.of[name] * (BPS + self._chance.randint(-STEP_BPS, STEP_BPS)) // BPS
            self.of[name] = max(moved - moved % TICK, 100 * int(TICK))
        return [self.mark(name) for name in names]

    def mark(self, name: str) -> Mark:
        """Return the mark of an instrument now: a spread of two ticks."""
        price = self.of[name]
        bid, ask, last = (Price(price + away) for away in (-TICK, TICK, 0))
        return Mark(instrument=name, at=self.now(), bid=bid, ask=ask, last=last, close=self._close[name])


async def feed(prices: Prices, guard: Caller, venues: dict[str, Path], key: str, stop: asyncio.Event) -> None:
    """Move the prices and tell them: first to the venues, then to the guard, whether they hear it or not."""
    links = {name: Link(path, 5) for name, path in venues.items()}
    marks = [prices.mark(name) for name in prices.of]
    while not stop.is_set():
        for name, link in links.items():
            listed = tuple(mark for mark in marks if prices.exchange_of[mark.instrument] == name)
            try:
                await link.send(lambda listed=listed: encode(FromFeed(key=key, marks=listed)))  # type: ignore[misc]
            except (LinkDown, NoReply):
                continue
        for start in range(0, len(marks), 100):
            await guard.ask("command", c.Marked(marks=tuple(marks[start : start + 100])))
        await asyncio.sleep(EVERY_S)
        marks = prices.step()
    for link in links.values():
        link.close()
