"""The book counted again from nothing, with fractions: from orders, fills and payments, not the kernel's own sums."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any, NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import SIGN
from remit.kernel.numbers import SCALE
from remit.kernel.order import Order
from remit.kernel.snapshot import dump, load
from remit.kernel.sums import Sums

ROUNDING = Fraction(200, SCALE)
"""What rounding each cell and each fill once may add up to."""


def number(scaled: int) -> Fraction:
    return Fraction(int(scaled), SCALE)


def subjects_of(order: Order) -> tuple[str, ...]:
    names = ("firm", f"account:{order.account}", f"agent:{order.agent}")
    return (*names, f"client:{order.client}") if order.client else names


class Told(NamedTuple):
    """A fill as it was told; after a split in new shares."""

    instrument: str
    quantity: Fraction
    price: Fraction
    fee: Fraction

    def split(self, new: int, old: int) -> Told:
        return self._replace(quantity=self.quantity * new / old, price=self.price * old / new)


class Ledger:
    """Positions, cash and profit as fills, payments and people's corrections say, one by one."""

    def __init__(self) -> None:
        self.positions: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
        self.cash: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.flow: dict[str, Fraction] = defaultdict(Fraction)
        """What each subject received less what it paid, in its currency."""
        self.fills: dict[tuple[str, str], Told] = {}
        """What was booked, by connection and fill."""

    def deposit(self, connection: str, currency: str, amount: int) -> None:
        self.cash[(connection, currency)] += number(amount)

    def follow(self, state: Any, record: Record, entries: dict[tuple[str, str], Fraction]) -> None:
        """Take over what a record says; `entries` is what open perpetuals cost before it."""
        for event in record.events:
            if isinstance(event, e.Booked):
                order = state.order(event.order)
                told = Told(order.instrument, number(event.quantity), number(event.price), number(event.fee))
                self.fills[(order.connection, event.fill)] = told
                self._fill(state, order, told, 1)
            elif isinstance(event, e.Reversed):
                order = state.order(event.order)
                booked = self.fills.pop((order.connection, event.fill), None)
                if booked is not None:
                    self._fill(state, order, booked, -1)
            elif isinstance(event, e.Corrected):
                self._correct(state, event, entries)
            elif isinstance(event, e.Took):
                self._settle(state, record.command.body)

    def profit(self, state: Any, of: str) -> Fraction:
        """Return realised and unrealised profit less fees of a subject, in its currency."""
        value = sum(
            (held * self._worth(state, of, name) for (whom, _, name), held in self.positions.items() if whom == of),
            Fraction(0),
        )
        return self.flow[of] + value

    def _worth(self, state: Any, of: str, name: str, price: Fraction | None = None) -> Fraction:
        """Return what one of an instrument is worth to a subject, at the mark unless a price is given."""
        instrument = state.instruments[name]
        rate = number(state.rate(instrument.currency, state.subjects[of].currency))
        price = number(state.marks[name].last) if price is None else price
        return price * number(instrument.multiplier) * rate

    def _fill(self, state: Any, order: Order, told: Told, sign: int) -> None:
        instrument = state.instruments[order.instrument]
        signed, price, fee = sign * SIGN[order.side] * told.quantity, told.price, told.fee
        for of in subjects_of(order):
            self.positions[(of, order.connection, order.instrument)] += signed
            rate = number(state.rate(instrument.currency, state.subjects[of].currency))
            self.flow[of] -= signed * self._worth(state, of, order.instrument, price) + sign * fee * rate
        self.cash[(order.connection, instrument.currency)] -= (
            signed * price * number(instrument.multiplier) + sign * fee
        )

    def _correct(self, state: Any, event: e.Corrected, entries: dict[tuple[str, str], Fraction]) -> None:
        change = number(event.change)
        if event.kind == "cash":
            self.cash[(event.connection, event.item)] += change
            return
        for of in ("firm", f"account:{state.agents[event.agent].account}", f"agent:{event.agent}"):
            self.positions[(of, event.connection, event.item)] += change
            self.flow[of] -= change * self._worth(state, of, event.item)
        key = (event.connection, state.instruments[event.item].currency)
        moved = entries_of(state, *key) - entries.get(key, 0)
        self.cash[key] -= moved  # a position that is given or taken in kind moves no cash
        entries[key] = entries.get(key, 0) + moved

    def _settle(self, state: Any, body: Any) -> None:
        if isinstance(body, c.Dividend):
            self._pay(state, body.instrument, number(body.amount))
        elif isinstance(body, c.Funding):
            self._pay(state, body.instrument, -number(body.amount))
        elif isinstance(body, c.Split):
            for key in self.positions:
                if key[2] == body.instrument:
                    self.positions[key] = self.positions[key] * body.new / body.old
            for fill, told in self.fills.items():
                if told.instrument == body.instrument:
                    self.fills[fill] = told.split(body.new, body.old)
        elif isinstance(body, c.Resolve) and body.outcome != "disputed":
            for name in state.markets[body.market]:
                payout = Fraction(int(body.outcome == state.instruments[name].outcome))
                self._pay(state, name, number(body.void_price or 0) if body.outcome == "void" else payout)
                for key in self.positions:
                    if key[2] == name:
                        self.positions[key] = Fraction(0)

    def _pay(self, state: Any, instrument: str, per_unit: Fraction) -> None:
        """Longs receive, shorts owe."""
        terms = state.instruments[instrument]
        for (of, connection, name), held in self.positions.items():
            if name == instrument:
                self.flow[of] += held * self._worth(state, of, name, per_unit)
            if name == instrument and of.startswith("account:"):
                self.cash[(connection, terms.currency)] += held * per_unit * number(terms.multiplier)

    def check(self, state: Any) -> None:
        """Positions, cash and profit of the kernel are those of the ledger."""
        for key in {*self.positions, *state.cells}:
            cell = state.cells.get(key)
            held = number(0 if cell is None else cell.quantity)
            assert abs(held - self.positions[key]) <= ROUNDING, key
        for (connection, currency), cash in state.cash.items():
            expected = self.cash[(connection, currency)] + entries_of(state, connection, currency)
            assert abs(number(cash.amount) - expected) <= ROUNDING * 10, (connection, currency)
        for name, of in state.subjects.items():
            assert abs(number(of.total.pnl) - self.profit(state, name)) <= ROUNDING * 10, name


def entries_of(state: Any, connection: str, currency: str) -> Fraction:
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
