"""The lane of what was ordered: every order that can be spelt goes to the venue, with no mandate before it."""

from __future__ import annotations

from collections.abc import Iterable

from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.decide import SLIPPAGE_BPS
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import BPS, SCALE, Money, div_ceil
from remit.kernel.order import Order
from remit.replay.fills import Fill, fill_of
from remit.replay.listing import Account, Seat
from remit.replay.sealing import Sealer
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import Message
from remit.venues.seam import Unencodable

CREDIT = Money(10**15 * SCALE)
"""Lent to every account of this lane, so that its cash refuses nothing; profit does not depend on it."""
PREFIX = "ordered"
NO_PRICE = "no_price"


class Ordered:
    """Places the orders of a file as they stand on a paper exchange of their own, and keeps the fills."""

    def __init__(self, instruments: dict[str, Instrument], accounts: Iterable[Account], sealer: Sealer) -> None:
        self._instruments = instruments
        self._sealer = sealer
        self._venue = Paper()
        self._exchange = PaperExchange(instruments.values(), sealer.public_key)
        self._placed: dict[str, Order] = {}
        self._fills: list[Fill] = []
        self.refused: dict[str, int] = {}
        """How many orders the venue would not take even so, by its code."""
        for account in accounts:
            self._exchange.open_connection(account.name, {account.currency: CREDIT})

    def place(self, seat: Seat, mark: Mark | None) -> str:
        """Send one order and return its id in this lane, by which its fills are known; empty where nothing was sent."""
        row = seat.row
        instrument = self._instruments.get(row.instrument)
        if instrument is None or (mark is None and row.limit_price is None):
            self._refuse("unknown_instrument" if instrument is None else NO_PRICE)
            return ""
        order = _order(seat, mark, instrument)
        try:
            request = self._venue.place(order, instrument, row.at, row.index)
        except Unencodable:
            self._refuse("unencodable")
            return ""
        self._placed[order.id] = order
        sealed = self._sealer.seal(self._venue, request, prefix=PREFIX, seq=row.index, order=order.id, at=row.at)
        for report in self._venue.read(request, order.id, self._exchange.handle(sealed, row.at)):
            if isinstance(report, c.Rejected):
                self._refuse(report.code)
        self._hear(self._exchange.drain(row.at))
        return order.id

    def mark(self, marks: Iterable[Mark]) -> None:
        """Let the venue see marks; what rests may trade."""
        for mark in marks:
            self._hear(self._exchange.mark(mark))

    def end_day(self, at: int) -> None:
        """End a day: what still rests expires."""
        self._exchange.end_session(at)

    def take_fills(self) -> list[Fill]:
        """Return every fill that was not returned before, in order."""
        fills, self._fills = self._fills, []
        return fills

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            for report in self._venue.listen(encode(message)):
                if isinstance(report, c.Filled):
                    order = self._placed[report.order]
                    self._fills.append(fill_of(report, order.instrument, order.side))

    def _refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1


def _order(seat: Seat, mark: Mark | None, instrument: Instrument) -> Order:
    """The row as the venue's codec wants it; a market order is bounded as the guard would bound one."""
    row = seat.row
    order = Order()
    order.id, order.connection, order.instrument = f"{PREFIX}-{row.index}", seat.account, row.instrument
    order.side, order.type, order.quantity = row.side, row.type, int(row.quantity)
    order.limit_price = None if row.limit_price is None else int(row.limit_price)
    order.time_in_force = "day"
    order.worst_price = 0 if order.limit_price is None else order.limit_price
    if mark is not None and order.limit_price is None:
        tick = int(instrument.tick)
        if row.side == "buy":
            order.worst_price = div_ceil(mark.ask * (BPS + SLIPPAGE_BPS), BPS * tick) * tick
        else:
            order.worst_price = max(mark.bid * (BPS - SLIPPAGE_BPS) // (BPS * tick) * tick, tick)
    return order
