"""What limits measure, counted again with fractions: from positions, marks and orders, not the kernel's own sums."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any

from tests.kernel.recount import number, subjects_of

from remit.kernel.names import SIGN
from remit.kernel.order import Order


def group_of(instrument: Any, dimension: str) -> str:
    """The name of the group that an instrument is counted in."""
    names = {"total": "", "market": instrument.market_name, "category": instrument.category, "venue": instrument.venue}
    return names[dimension]


def counted_sides(
    state: Any, subject: str, stake: tuple[str, str], orders: Collection[Order]
) -> tuple[Fraction, Fraction]:
    """Worst long and worst short of one stake as they count, with only these orders, in the instrument's currency:
    beyond flat at the dearest price reserved, a short at no less than the mark."""
    held, mark = number(state.cells[(subject, *stake)].quantity), number(state.marks[stake[1]].last)
    found = []
    for side in ("buy", "sell"):
        mine = [(number(o.counted_price), number(o.reserved)) for o in orders if o.side == side
                and (o.connection, o.instrument) == stake]  # fmt: skip
        own, closing = max(SIGN[side] * held, Fraction(0)), max(-SIGN[side] * held, Fraction(0))
        beyond = max(sum((quantity for _, quantity in mine), Fraction(0)) - closing, Fraction(0))
        worth = sum((price * quantity for price, quantity in mine), Fraction(0))
        if closing:
            worth = min(worth, beyond * max((price for price, _ in mine), default=Fraction(0)))
        if side == "sell":
            worth = max(worth, beyond * mark)
        found.append(own * mark + worth)
    return found[0], found[1]


def measured(state: Any, subject: str, rule: str, dimension: str, group: str, orders: Collection[Order]) -> Fraction:
    """What an exposure limit measures of one group, with only these orders; in one currency, from positions, marks
    and orders alone."""
    mine = [order for order in orders if subject in subjects_of(order)]
    within = [order for order in mine if group_of(state.instruments[order.instrument], dimension) == group]
    stakes = {(through, name) for of, through, name in state.cells if of == subject}
    stakes = {(through, name) for through, name in stakes if group_of(state.instruments[name], dimension) == group}
    if rule == "orders_open_max":
        return Fraction(len(within))
    held = {stake: number(state.cells[(subject, *stake)].quantity) for stake in stakes}
    if rule == "positions_max":
        return Fraction(
            sum(1 for stake in stakes if held[stake] or stake in {(o.connection, o.instrument) for o in mine})
        )
    if rule == "net_exposure_max":
        value = sum((held[stake] * number(state.marks[stake[1]].last) for stake in stakes), Fraction(0))
        sides = {"buy": Fraction(0), "sell": Fraction(0)}
        for order in within:
            sides[order.side] += number(order.counted_price) * number(order.reserved)
        return max(value + sides["buy"], sides["sell"] - value)
    both = [counted_sides(state, subject, stake, within) for stake in stakes]
    if rule in ("gross_exposure_max", "leverage_max"):
        return sum((max(pair) for pair in both), Fraction(0))
    return max(sum((long for long, _ in both), Fraction(0)), sum((short for _, short in both), Fraction(0)))
