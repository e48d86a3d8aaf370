"""The replay itself: deterministic and without a clock. Journal time is the time of orders and marks.

Marks come before orders of the same instant, and nothing of a bar is known before it happened. Each order goes through
the kernel under its mandates and, in a lane of its own, to the same venue as it was ordered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from remit.feeds.bars import Bar, BarsFile, merge
from remit.feeds.history import History
from remit.feeds.recorded import Marks
from remit.kernel.decide import SLIPPAGE_BPS
from remit.kernel.instrument import Mark
from remit.kernel.names import SIGN
from remit.kernel.numbers import BPS, DAY_NS
from remit.replay.desk import Conduct, Desk
from remit.replay.errors import ReplayRefused
from remit.replay.fills import Fill
from remit.replay.hours import Windows, hours_of_bars
from remit.replay.hours import calendar_of_bars as calendar_of
from remit.replay.journals import JournalFolder, NoEntries
from remit.replay.ledger import Ledgers
from remit.replay.listing import By, Listing, Purse, Seat, list_all
from remit.replay.mandates import Mandates
from remit.replay.ordered import Ordered
from remit.replay.outcome import Header, Outcome
from remit.replay.rows import Orders
from remit.replay.sealing import Sealer
from remit.replay.tally import Key, PriceCheck, Told, keys, lacking, outcome_of


class Settings(NamedTuple):
    """How to replay: under which mandates, whose accounts, with which cash and spread, and what people do."""

    mandates: Mandates
    by: By = "run"
    purse: Purse = Purse()
    spread_bps: int = 0
    conduct: Conduct = Conduct()


def run(
    orders: Orders, bars: Sequence[BarsFile], settings: Settings, *, seed: bytes, journal: JournalFolder | None = None,
    progress: Callable[[int, int], None] = lambda done, all: None, stopping: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Replay a file of orders against bars and return what was found: the same for the same input, byte for byte.

    `seed` is the 32-byte key that signs permits; it leaves no trace in the outcome. `progress(done, all)` counts
    orders. Once `stopping()` is true no further order or instant begins, and the outcome is of what was reached.
    ReplayRefused where it cannot begin; FeedError for a file of bars that cannot be read; GuardError for a mandate's
    zone or hours.
    """
    if not 0 <= settings.spread_bps < BPS:
        raise ReplayRefused("spread_invalid", f"{settings.spread_bps} bps is no spread", f"Say 0 to {BPS - 1}")
    traded = frozenset(name for file in bars for name in file.instruments)
    listing = list_all(orders.rows, traded, settings.by, settings.purse)
    if not orders.rows:
        raise ReplayRefused("no_order", "the file holds no order", "Give a file with one JSON object a line")
    replay = _Replay(listing, bars, settings, seed, journal)
    try:
        replay.play(progress, stopping)
    finally:
        for desk in replay.desks.values():
            desk.stop()
    return outcome_of(listing, replay.told, replay.ledgers, replay.desks, replay.header(orders))


class _Replay:
    """One replay under way: the lanes, the last marks, and what was told of each order so far."""

    def __init__(
        self, listing: Listing, bars: Sequence[BarsFile], settings: Settings, seed: bytes, journal: JournalFolder | None
    ) -> None:
        self.listing = listing
        self.bars = bars
        self.settings = settings
        self.ledgers = Ledgers()
        self.history = History()
        self.latest: dict[str, Mark] = {}
        self.last_at = 0
        self.resolutions: dict[tuple[str, int], set[str]] = {}
        self.told: dict[int, Told] = {}
        self.prices = PriceCheck()
        sealer = Sealer(seed)
        self.ordered = Ordered(listing.instruments, listing.accounts.values(), sealer)
        self.hours: dict[str, Windows] = {}
        if settings.mandates.needs_calendar:
            found = hours_of_bars(merge(bars), listing.instruments)
            self.hours = {calendar_of(currency): windows for currency, windows in found.items()}
        self.desks = {
            currency: self._desk(currency, settings, sealer, journal)
            for currency in sorted({account.currency for account in listing.accounts.values()})
        }
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._next_day = min((desk.at for desk in self.desks.values()), default=0) // DAY_NS * DAY_NS + DAY_NS

    def _desk(self, currency: str, settings: Settings, sealer: Sealer, journal: JournalFolder | None) -> Desk:
        accounts = [account for account in self.listing.accounts.values() if account.currency == currency]
        names = {account.name for account in accounts}
        first = min(seat.row.at for seat in self.listing.seats if seat.account in names)
        return Desk(
            currency,
            {name: one for name, one in self.listing.instruments.items() if one.currency == currency},
            accounts, settings.mandates, settings.conduct, sealer=sealer,
            entries=NoEntries() if journal is None else journal.open(currency), hours=self.hours,
            begins_at=first // DAY_NS * DAY_NS, volume=self.history.average_daily_volume,
        )

    # Time

    def play(self, progress: Callable[[int, int], None], stopping: Callable[[], bool]) -> None:
        """Go through every instant of the bars and the orders, in order."""
        waiting = sorted(self.listing.seats, key=lambda seat: (seat.row.at, seat.row.index))
        done, total = 0, len(waiting)
        for at, group in groupby(self._marks(), key=lambda mark: mark.at):
            while done < total and waiting[done].row.at < at:
                if stopping():
                    return
                self._order(waiting[done])
                done += 1
            if stopping():
                return
            progress(done, total)
            self._mark(at, list(group))
        for seat in waiting[done:]:
            if stopping():
                return
            self._order(seat)
        progress(total, total)

    def _marks(self) -> Iterator[Mark]:
        return Marks(self.settings.spread_bps).of(self._remembered(merge(self.bars)))

    def _remembered(self, bars: Iterable[Bar]) -> Iterator[Bar]:
        for bar in bars:
            if bar.instrument in self.listing.instruments:
                self.history.add(bar)
                yield bar

    def _mark(self, at: int, marks: list[Mark]) -> None:
        self._pass_days(at)
        self.last_at = at
        by_currency: dict[str, list[Mark]] = {}
        for mark in marks:
            self.latest[mark.instrument] = mark
            currency = self.listing.instruments[mark.instrument].currency
            by_currency.setdefault(currency, []).append(mark)
            self.resolutions.setdefault((currency, mark.resolution_ns), set()).add(mark.instrument)
        self.ordered.mark(marks)
        for currency, of_currency in by_currency.items():
            self.desks[currency].mark(at, of_currency)
        self._book()
        self.ledgers.mark(marks)

    def _pass_days(self, at: int) -> None:
        while self._next_day <= at:
            self.ordered.end_day(self._next_day)
            self._next_day += DAY_NS

    # Orders

    def _order(self, seat: Seat) -> None:
        row = seat.row
        self._pass_days(row.at)
        mark = self.latest.get(row.instrument)
        self.prices.look(seat, mark)
        currency = self.listing.accounts[seat.account].currency
        closes = self._closes(seat)
        self.told[row.index] = told = Told(*self.desks[currency].submit(seat, mark, closes=closes))
        self._keys[told.order] = keys("mandate", seat.account, currency, told.first)
        self._keys[self.ordered.place(seat, mark)] = keys("ordered", seat.account, currency, told.first)
        self._book()

    def _closes(self, seat: Seat) -> bool:
        """Whether the order, as ordered, did no more than close what its account held."""
        held = self.ledgers.of(("ordered", "account", seat.account)).held.get(seat.row.instrument, 0)
        return held * SIGN[seat.row.side] < 0 and seat.row.quantity <= abs(held)

    def _book(self) -> None:
        fills: list[Fill] = [fill for desk in self.desks.values() for fill in desk.take_fills()]
        for fill in (*fills, *self.ordered.take_fills()):
            self.ledgers.fill(self._keys[fill.order], fill.instrument, fill.signed, fill.price, fill.fee)

    # What was assumed

    def header(self, orders: Orders) -> Header:
        """Return what was replayed and how, as far as it went."""
        settings, seats = self.settings, self.listing.seats
        ordered = {seat.row.instrument for seat in seats}
        rejected: Counter[str] = Counter()
        for desk in self.desks.values():
            rejected.update(desk.rejected)
        return Header(
            orders=len(orders.rows), replayed=len(self.told) + len(self.listing.bad), by=settings.by,
            mandates=settings.mandates.label, lifted=settings.mandates.lifted, holds=settings.conduct.holds,
            resume=settings.conduct.resume, resumed=sum(desk.resumed for desk in self.desks.values()),
            resumes_refused=sum(desk.resumes_refused for desk in self.desks.values()),
            bars=tuple(file.path.name for file in self.bars),
            resolutions=tuple((*key, len(names)) for key, names in sorted(self.resolutions.items())),
            spread_bps=settings.spread_bps, slippage_bps=SLIPPAGE_BPS, last_at=self.last_at, lacking=lacking(seats),
            unread=tuple(orders.unread.items()), prices=self.prices.prices,
            unlisted=tuple(sorted(ordered - self.listing.instruments.keys())),
            refused=tuple(sorted(self.ordered.refused.items())),
            rejected=tuple(sorted(rejected.items())),
            calendars=tuple(sorted(self.hours)),
        )
