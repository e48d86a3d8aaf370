"""The book counted again from nothing, with fractions: from orders, fills and payments, not the kernel's own sums."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from remit.kernel.book import Sums
from remit.kernel.event import Booked
from remit.kernel.names import SIGN
from remit.kernel.numbers import SCALE
from remit.kernel.order import Order
from remit.kernel.snapshot import dump, load

ROUNDING = Fraction(200, SCALE)
"""What rounding each cell and each fill once may add up to."""


def number(scaled: int) -> Fraction:
    return Fraction(int(scaled), SCALE)


def subjects_of(order: Order) -> tuple[str, ...]:
    names = ("firm", f"account:{order.account}", f"agent:{order.agent}")
    return (*names, f"client:{order.client}") if order.client else names


class Ledger:
    """Positions and cash as fills and payments say, order by order."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        self.cash: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.filled: dict[str, Fraction] = defaultdict(Fraction)

    def deposit(self, connection: str, currency: str, amount: int) -> None:
        self.cash[(connection, currency)] += number(amount)

    def fill(self, state: Any, event: Booked) -> None:
        order = state.order(event.order)
        instrument = state.instruments[order.instrument]
        signed = SIGN[order.side] * number(event.quantity)
        for of in subjects_of(order):
            self.positions[(of, order.connection, order.instrument)] += signed
        self.cash[(order.connection, instrument.currency)] -= (
            signed * number(event.price) * number(instrument.multiplier) + number(event.fee)
        )
        self.filled[order.id] += number(event.quantity)

    def pay(self, state: Any, instrument: str, per_unit: Fraction) -> None:
        """Longs receive, shorts owe."""
        terms = state.instruments[instrument]
        for (of, connection, name), held in self.positions.items():
            if name == instrument and of.startswith("account:"):
                self.cash[(connection, terms.currency)] += held * per_unit * number(terms.multiplier)

    def close(self, state: Any, instrument: str, payout: Fraction) -> None:
        self.pay(state, instrument, payout)
        for key in self.positions:
            if key[2] == instrument:
                self.positions[key] = Fraction(0)

    def split(self, instrument: str, new: int, old: int) -> None:
        for key in self.positions:
            if key[2] == instrument:
                self.positions[key] = self.positions[key] * new / old

    def check(self, state: Any) -> None:
        """Positions and cash of the kernel are those of the ledger."""
        for key in {*self.positions, *state.cells}:
            cell = state.cells.get(key)
            held = number(0 if cell is None else cell.quantity)
            assert abs(held - self.positions[key]) <= ROUNDING, key
        for (connection, currency), cash in state.cash.items():
            expected = self.cash[(connection, currency)] + _entries(state, connection, currency)
            assert abs(number(cash.amount) - expected) <= ROUNDING * 10, (connection, currency)


def _entries(state: Any, connection: str, currency: str) -> Fraction:
    """What open perpetuals cost: no cash left for it, only their profit moves cash."""
    total = Fraction(0)
    for (of, through, name), cell in state.cells.items():
        terms = state.instruments[name]
        perpetual = terms.kind == "perpetual" and terms.currency == currency
        if of.startswith("account:") and through == connection and perpetual:
            sign = 1 if cell.quantity > 0 else -1
            total += sign * Fraction(cell.entry, SCALE**2) * number(terms.multiplier)
    return total


def check_sums(state: Any) -> None:
    """Running sums are what the same primary facts give from scratch, and nothing reserved is below zero."""
    fresh = load(dump(state))
    for name, of in state.subjects.items():
        assert _values(of.total) == _values(fresh.subjects[name].total), name
        empty = Sums()
        for key in {*of.groups, *fresh.subjects[name].groups}:
            left = of.groups.get(key, empty)
            right = fresh.subjects[name].groups.get(key, empty)
            assert _values(left) == _values(right), (name, key)
        assert min(of.total.long, of.total.short, of.total.gross, of.total.buys, of.total.sells, of.total.working) >= 0
        stakes = [cell for key, cell in state.cells.items() if key[0] == name]
        assert sum(cell.realised + cell.unrealised for cell in stakes) == of.total.flow + of.total.value == of.total.pnl
        assert sum(cell.fees for cell in stakes) == of.total.fees
    assert {key: cash.reserved for key, cash in state.cash.items() if cash.reserved} == {
        key: cash.reserved for key, cash in fresh.cash.items() if cash.reserved
    }
    assert all(cash.reserved >= 0 for cash in state.cash.values())
    assert state.crossings == fresh.crossings and state.holds == fresh.holds and state.fills == fresh.fills
    for parent in state.parents:
        orders = (*state.orders.values(), *state.finished.values())
        used = sum(order.filled + order.reserved for order in orders if order.parent == parent)
        assert state.children[parent] >= used


def _values(sums: Sums) -> tuple[int, ...]:
    return tuple(getattr(sums, field) for field in Sums.__slots__ if field != "umbrella")


def worst_sides(state: Any, subject: str, instrument: str, connection: str) -> tuple[Fraction, Fraction]:
    """Worst long and worst short in one instrument through one connection, from its orders alone, in the
    instrument's currency: what closes is the cheapest, what is left beyond flat is the dearest."""
    cell = state.cells.get((subject, connection, instrument))
    held = number(0 if cell is None else cell.quantity)
    mark = number(state.marks[instrument].last) if instrument in state.marks else Fraction(0)
    multiplier = number(state.instruments[instrument].multiplier)
    found = []
    for side in ("buy", "sell"):
        direction = SIGN[side]
        orders = sorted(
            (number(order.counted_price), number(order.reserved))
            for order in state.orders.values()
            if order.instrument == instrument
            and order.connection == connection
            and order.side == side
            and subject in subjects_of(order)
        )
        closing = max(-direction * held, Fraction(0))
        total = max(direction * held, Fraction(0)) * mark
        for at, quantity in orders:
            closed = min(closing, quantity)
            closing -= closed
            total += (quantity - closed) * at
        found.append(total * multiplier)
    return found[0], found[1]


def exposure(state: Any, subject: str, market: str = "") -> Fraction:
    """The worst side of a subject: in one market (all longs or all shorts), or gross over everything."""
    currency = state.subjects[subject].currency
    longs = shorts = gross = Fraction(0)
    for of, connection, name in state.cells:
        if of != subject or (market and state.instruments[name].market_name != market):
            continue
        long, short = worst_sides(state, subject, name, connection)
        rate = number(state.rate(state.instruments[name].currency, currency))
        longs, shorts = longs + long * rate, shorts + short * rate
        gross += max(long, short) * rate
    return max(longs, shorts) if market else gross
