"""Limits measured again with no order, from positions, orders and payments alone, with fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from typing import Any

from tests.kernel.recount import Ledger, number, subjects_of

GROUPED = {"market_exposure_max": "market", "category_exposure_max": "category", "venue_exposure_max": "venue"}
"""Limits that are counted per group, and in what."""
COUNTS = frozenset({"positions_max", "orders_open_max"})
EXPOSURES = (*GROUPED, "net_exposure_max", "gross_exposure_max", *sorted(COUNTS))
LOSSES = ("daily_loss_max", "drawdown_max")


def group_of(instrument: Any, rule: str) -> str:
    """Return the group that an instrument is in for a limit; empty where everything counts together."""
    found = {"market": instrument.market_name, "category": instrument.category, "venue": instrument.venue}
    return found[GROUPED[rule]] if rule in GROUPED else ""


def reserving(state: Any, of: str, without: Collection[str] = ()) -> list[Any]:
    """Return the orders of a subject that reserve something, but for those that are left out."""
    return [
        order
        for order in state.orders.values()
        if order.reserved and order.id not in without and of in subjects_of(order)
    ]


def exposure_of(state: Any, rule: str, of: str, group: str = "", without: Collection[str] = ()) -> Fraction:
    """Return what a limit on exposure measures of a subject (in one group), in the subject's currency."""
    orders = defaultdict(list)
    for order in reserving(state, of, without):
        orders[(order.connection, order.instrument)].append(order)
    if rule == "orders_open_max":
        return Fraction(sum(map(len, orders.values())))
    held = {key[1:]: cell.quantity for key, cell in state.cells.items() if key[0] == of and cell.quantity}
    if rule == "positions_max":
        return Fraction(len({*held, *orders}))
    longs = shorts = gross = value = buys = sells = Fraction(0)
    for key in {*held, *orders}:
        instrument = state.instruments[key[1]]
        if group_of(instrument, rule) != group:
            continue
        rate = number(state.rate(instrument.currency, state.subjects[of].currency)) * number(instrument.multiplier)
        mark = number(state.marks[key[1]].last)
        long, short = sides(number(held.get(key, 0)), mark, orders[key])
        longs, shorts, gross = longs + long * rate, shorts + short * rate, gross + max(long, short) * rate
        value += number(held.get(key, 0)) * mark * rate
        buys += notional(orders[key], "buy") * rate
        sells += notional(orders[key], "sell") * rate
    if rule == "gross_exposure_max":
        return gross
    return max(value + buys, sells - value) if rule == "net_exposure_max" else max(longs, shorts)


def notional(orders: list[Any], side: str) -> Fraction:
    return sum((number(o.counted_price) * number(o.reserved) for o in orders if o.side == side), Fraction(0))


def sides(held: Fraction, mark: Fraction, orders: list[Any]) -> tuple[Fraction, Fraction]:
    """Return the worst long and the worst short side: what only closes counts nothing, what is left beyond flat counts
    at the dearest price, a short at no less than the mark."""
    quantity, dearest = {}, {}
    for side in ("buy", "sell"):
        quantity[side] = sum((number(order.reserved) for order in orders if order.side == side), Fraction(0))
        dearest[side] = max(
            (number(order.counted_price) for order in orders if order.side == side), default=Fraction(0)
        )
    found = []
    for side, sign in (("buy", 1), ("sell", -1)):
        position, worth = max(sign * held, Fraction(0)) * mark, notional(orders, side)
        beyond = quantity[side] - max(-sign * held, Fraction(0))
        if beyond <= 0:
            found.append(position)
            continue
        if sign * held < 0:
            worth = min(worth, beyond * dearest[side])
        found.append(position + (max(worth, beyond * mark) if side == "sell" else worth))
    return found[0], found[1]


def loss_of(state: Any, ledger: Ledger, rule: str, of: str) -> Fraction:
    """Return what a limit on loss measures: against the profit of the day's begin, or the highest profit."""
    total = state.subjects[of].total
    since = total.day_base if rule == "daily_loss_max" else total.high_water
    return number(since) - ledger.profit(state, of)
