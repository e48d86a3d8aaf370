"""Comparing: a venue's own account of a connection beside the book, item by item. Pure measurement; nothing follows
here."""

from __future__ import annotations

from collections import defaultdict

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.drift import Bucket, Drift, Kind
from remit.kernel.fold_drift import book_of, has_rates, kept_of, tolerance_of
from remit.kernel.names import SIGN, subject
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE, Quantity, div_ceil, notional_ceil
from remit.kernel.order import Order
from remit.kernel.state import State

ROUNDING = SCALE // 10**9
"""Cash that differs by less differs by what rounding each fill leaves: below the smallest unit of any currency."""
BETTER_BPS = 1_000
"""How much better than it counts a sale in flight may have traded."""
OUT_OF_BOOK = ("cancelled", "expired", "filled", "rejected")
"""Orders that are over and were at the venue: what they did last may still be in transit."""


class Transit:
    """What reports on their way could explain, per item: the least and the most that a venue may show beyond the book.

    `heard` is of fills and settlements that the book heard of within the window and the venue may not show yet;
    `orders` of what orders may have done that the book has not heard of yet.
    """

    def __init__(self, state: State, connection: str, at: int) -> None:
        self._state, self._connection = state, connection
        self._window_ns = tolerance_of(state, connection).window_s * NANOSECONDS
        self._at = at
        self.heard: dict[tuple[Kind, str], list[int]] = defaultdict(lambda: [0, 0])
        self.orders: dict[tuple[Kind, str], list[int]] = defaultdict(lambda: [0, 0])
        self._add_fills()
        self._add_settled()
        self._add_orders()

    def explains(self, kind: Kind, item: str, difference: int, since: int) -> bool:
        """Whether a difference that was first seen at `since` fits what is in transit.

        Fills leave the window by themselves; an order may work for ever, so what it may have done explains only what
        has not stood for the window.
        """
        low, high = self.heard[kind, item]
        if low <= difference <= high:
            return True
        if self._at - since >= self._window_ns:
            return False
        more_low, more_high = self.orders[kind, item]
        return low + more_low <= difference <= high + more_high

    def is_recent(self, order: Order) -> bool:
        """Whether an order changed within the window."""
        return self._at - order.changed_at < self._window_ns

    def _add_fills(self) -> None:
        for fill in reversed(self._state.fills.values()):
            if self._at - fill.at >= self._window_ns:
                return  # they stand in the order in which they were heard
            order = self._state.order(fill.order)
            if order is None or order.connection != self._connection or fill.busted:
                continue
            instrument = self._state.instruments[order.instrument]
            worth = notional_ceil(fill.price, fill.quantity, instrument.multiplier * SCALE)
            _widen(self.heard["position", order.instrument], -SIGN[order.side] * fill.quantity)
            _widen(self.heard["cash", instrument.currency], SIGN[order.side] * worth)
            _widen(self.heard["cash", instrument.currency], fill.fee)

    def _add_settled(self) -> None:
        """Resolutions, splits, dividends, funding and fills taken back, which the venue may not show yet."""
        for at, connection, kind, item, change in reversed(self._state.settled):
            if self._at - at >= self._window_ns:
                return
            if connection == self._connection:
                _widen(self.heard[kind, item], -change)

    def _add_orders(self) -> None:
        state = self._state
        for order in state.orders.values():
            if order.connection == self._connection and order.state != "held":
                self._add_order(order, order.reserved)
        for _, name in reversed(state.finished_at):
            order = state.finished[name]
            if not self.is_recent(order):
                return
            if order.connection == self._connection and order.state in OUT_OF_BOOK:
                self._add_order(order, order.remaining)

    def _add_order(self, order: Order, quantity: int) -> None:
        if not quantity:
            return
        instrument, sign = self._state.instruments[order.instrument], SIGN[order.side]
        worth = notional_ceil(order.counted_price, quantity, instrument.multiplier * SCALE)
        fee = div_ceil(worth * self._state.connections[self._connection].fee_bps, BPS)
        cash = self.orders["cash", instrument.currency]
        _widen(self.orders["position", order.instrument], sign * quantity)
        _widen(cash, -worth - fee if sign > 0 else div_ceil(worth * (BPS + BETTER_BPS), BPS))
        if instrument.kind == "perpetual":  # what closes may gain or lose either way
            _widen(cash, worth if sign > 0 else -worth - fee)


def _widen(bounds: list[int], by: int) -> None:
    bounds[0 if by < 0 else 1] += by


class Comparison:
    """One round of one connection: `drifts` is every difference, the large ones first."""

    def __init__(self, state: State, shown: c.Reconciled, at: int) -> None:
        self._state, self._at, self._connection = state, at, shown.connection
        self._tolerance: access.Tolerance = tolerance_of(state, shown.connection)
        self._account = state.subjects[subject("account", state.connections[shown.connection].account)]
        self._before = {(drift.kind, drift.item): drift for drift in state.drifts.get(shown.connection, ())}
        self._transit = Transit(state, shown.connection, at)
        self._found: list[Drift] = []
        self._positions(shown)
        self._cash(shown)
        self._orders(shown)
        order = {"large": 0, "small": 1, "in_transit": 2}
        self.drifts = tuple(sorted(self._found, key=lambda drift: (order[drift.bucket], drift.kind, drift.item)))

    def _positions(self, shown: c.Reconciled) -> None:
        book, kept = book_of(self._state, self._connection), kept_of(self._state, self._connection, "position")
        venue = {holding.instrument: int(holding.quantity) for holding in shown.positions}
        for name in sorted({*venue, *book, *kept}):
            held, there = book.get(name, 0) + kept.get(name, 0), venue.get(name, 0)
            if held == there or there == book.get(name, 0):
                continue
            instrument = self._state.instruments.get(name)
            if instrument is None:
                self._add("position", name, held, there, None, "this instrument is not known here")
                continue
            unit = self._state.unit(instrument, self._account.currency)
            mark = self._state.marks.get(name)
            if unit is None or mark is None:
                self._add("position", name, held, there, None, "there is no mark or no exchange rate to value it")
                continue
            self._add("position", name, held, there, mark.last * unit)

    def _cash(self, shown: c.Reconciled) -> None:
        state, name = self._state, self._connection
        book = {currency: cash.amount for (of, currency), cash in state.cash.items() if of == name}
        venue = {currency: int(amount) for currency, amount in shown.cash}
        kept = kept_of(state, name, "cash")
        for currency in sorted({*venue, *book, *kept}):
            there = venue.get(currency, 0)
            counts = has_rates(state, name, currency)
            if counts and currency not in book and name not in state.reconciled_at:
                continue  # what a new connection holds is taken over
            alone = book.get(currency, 0)
            held = alone + kept.get(currency, 0)
            if min(abs(there - held), abs(there - alone)) <= ROUNDING:
                continue
            rate = state.rate(currency, self._account.currency) if counts else None
            why = "" if rate is not None else "there is no exchange rate to count it"
            self._add("cash", currency, held, there, None if rate is None else rate * SCALE * SCALE, why)

    def _orders(self, shown: c.Reconciled) -> None:
        kept = kept_of(self._state, self._connection, "order")
        for name in sorted(set(shown.orders) - kept.keys()):
            live, over = self._state.orders.get(name), self._state.finished.get(name)
            if live is not None and live.state != "held" and live.connection == self._connection:
                continue
            if over is not None and over.connection == self._connection and over.state in OUT_OF_BOOK:
                in_transit = self._transit.is_recent(over)
                self._put("order", name, 0, SCALE, "in_transit" if in_transit else "large", "the book has it as over")
            else:
                self._put("order", name, 0, SCALE, "large", "this guard never let it out")

    def _add(self, kind: Kind, item: str, held: int, there: int, unit: int | None, why: str = "") -> None:
        """Put a difference into its bucket; `unit` is what one is worth in the account's currency, at scale 10^-54;
        what cannot be valued is large."""
        before = self._before.get((kind, item))
        since = self._at if before is None else before.since
        if unit is None:
            self._put(kind, item, held, there, "large", why)
        elif self._transit.explains(kind, item, there - held, since):
            self._put(kind, item, held, there, "in_transit", why)
        else:
            small = self._is_small(abs(there - held) * unit, max(abs(held), abs(there)) * unit)
            lasts = (0 if before is None else before.rounds) + 1 >= self._tolerance.rounds
            self._put(kind, item, held, there, "small" if small and not lasts else "large", why)

    def _is_small(self, difference: int, larger: int) -> bool:
        below_share = difference * BPS < larger * self._tolerance.share_bps
        return below_share and difference < self._tolerance.floor * SCALE**3

    def _put(self, kind: Kind, item: str, held: int, there: int, bucket: Bucket, why: str) -> None:
        before = self._before.get((kind, item))
        self._found.append(
            Drift(
                item=item,
                kind=kind,
                book=Quantity(held),
                venue=Quantity(there),
                since=self._at if before is None else before.since,
                rounds=(0 if before is None else before.rounds) + (bucket != "in_transit"),
                bucket=bucket,
                why=why,
            )
        )
