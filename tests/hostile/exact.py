"""What every measurement of the rules would be if nothing were ever rounded: counted with fractions, at scale 10^18.

Positions, payments and cash come from a ledger of what was told, exposures from positions, marks and orders alone;
nothing is read from the kernel's own sums but its counters, which are whole numbers.
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from tests.kernel.measures import notional, reserving, sides
from tests.kernel.recount import Ledger, number

from remit.kernel.numbers import SCALE
from remit.kernel.sums import Sums

ROUNDED_SUMS = ("long", "short", "gross", "value", "value_ceil", "buys", "sells", "margin", "capital", "flow", "equity")
"""Sums of amounts; all others count things or instants."""
ROUNDED_CHANGE = ("worth", "long", "short", "gross", "buys", "sells", "margin", "capital", "payout")


class Exact:
    """The exact numbers of a state. `costs` is what was paid for each position, price times quantity, by cell."""

    def __init__(self, state: Any, ledger: Ledger, deposits: dict[str, Fraction], costs: dict[Any, Fraction]) -> None:
        self._state = state
        self._ledger = ledger
        self._deposits = deposits
        self._costs = costs

    def sums(self, subject: str, per: str, group: str) -> SimpleNamespace:
        """Return the sums of a subject in all, or in one of its markets, categories or venues."""
        of = self._state.subjects[subject]
        real = of.total if per == "total" else of.group(per, group)
        found = SimpleNamespace(**{name: getattr(real, name) for name in Sums.__slots__}, spend=real.spend)
        amounts = dict.fromkeys(("long", "short", "gross", "value", "buys", "sells", "margin", "capital"), Fraction(0))
        for stake in self._stakes(subject):
            instrument = self._state.instruments[stake[1]]
            groups = {"market": instrument.market_name, "category": instrument.category, "venue": instrument.venue}
            if per == "total" or groups[per] == group:
                for name, amount in self._stake(subject, stake).items():
                    amounts[name] += amount
        amounts["value_ceil"] = amounts["value"]
        amounts["flow"] = self._ledger.flow[subject]
        for name, amount in amounts.items():
            setattr(found, name, amount * SCALE)
        umbrella = subject if subject == "firm" or subject.startswith("account:") else "account:main"
        equity = self._deposits[umbrella] + self._ledger.profit(self._state, umbrella)
        found.umbrella = SimpleNamespace(equity=equity * SCALE)
        return found

    def margin(self, subject: str) -> Fraction:
        return sum((self._stake(subject, stake)["margin"] for stake in self._stakes(subject)), Fraction(0)) * SCALE

    def cash_free(self, connection: str, currency: str) -> Fraction:
        """Return the cash of a connection less what its orders reserve."""
        needs = (
            self.cash_need(
                order.instrument, order.connection, order.side, order.reserved, order.counted_price, order.opening
            )
            for order in self._state.orders.values()
            if order.reserved and order.connection == connection and order.cash_currency == currency
        )
        return self._ledger.cash[(connection, currency)] * SCALE - sum(needs, Fraction(0))

    def cash_need(self, name: str, connection: str, side: str, quantity: int, price: int, opening: bool) -> Fraction:
        """Return worth times margin with haircut and fee, in the instrument's currency; of a reduction its fee."""
        state = self._state
        instrument = state.instruments[name]
        worth = number(price) * number(quantity) * number(instrument.multiplier)
        fee = worth * Fraction(state.connections[connection].fee_bps, 10_000)
        if not opening:
            return fee * SCALE
        own = side == "buy" and instrument.kind != "perpetual"
        rate = Fraction(1) if own else number(state.margin_rate(instrument) or 0)
        haircuts = [of.version.mandate.haircut_bps for of in state.subjects.values() if of.version is not None]
        return (worth * (rate + Fraction(max(haircuts), 10_000)) + fee) * SCALE

    def unit(self, subject: str, name: str) -> Fraction:
        """Return what one of an instrument at a price of 1 is worth to a subject."""
        state, instrument = self._state, self._state.instruments[name]
        return number(instrument.multiplier) * number(state.rate(instrument.currency, state.subjects[subject].currency))

    def _stakes(self, subject: str) -> set[tuple[str, str]]:
        held = {key[1:] for key, amount in self._ledger.positions.items() if key[0] == subject and amount}
        return held | {(order.connection, order.instrument) for order in reserving(self._state, subject)}

    def _stake(self, subject: str, stake: tuple[str, str]) -> dict[str, Fraction]:
        state, unit = self._state, self.unit(subject, stake[1])
        held, mark = self._ledger.positions[(subject, *stake)], number(state.marks[stake[1]].last)
        orders = [o for o in reserving(state, subject) if (o.connection, o.instrument) == stake]
        long, short = (side * unit for side in sides(held, mark, orders))
        value, cost = held * mark * unit, self._costs.get((subject, *stake), Fraction(0)) * unit
        rate = number(state.margin_rate(state.instruments[stake[1]]) or 0)
        beyond, other = (long - value, short) if held >= 0 else (short + value, long)
        return {
            "long": long, "short": short, "gross": max(long, short), "value": value,
            "buys": notional(orders, "buy") * unit, "sells": notional(orders, "sell") * unit,
            "margin": max(long, short) * rate, "capital": cost + other + max(beyond, Fraction(0)),
        }  # fmt: skip


def changed(before: SimpleNamespace, after: SimpleNamespace, real: Any, worth: Fraction, payout: Fraction) -> Any:
    """Return what an order adds, as the difference of two exact sums; what it counts as is taken from the kernel."""
    found = SimpleNamespace(**{name: getattr(real, name) for name in type(real).__slots__})
    for name in ROUNDED_CHANGE:
        if name not in ("worth", "payout"):
            setattr(found, name, getattr(after, name) - getattr(before, name))
    found.worth, found.payout = worth, payout
    return found
