"""Reserving: what a live order takes up in every sum on its path, in cash and in its parent, and how it gives that
back."""

from __future__ import annotations

import bisect

from remit.kernel.book import Cell
from remit.kernel.mandate import Rate
from remit.kernel.names import SIGN
from remit.kernel.numbers import SCALE, div_ceil, notional_ceil
from remit.kernel.order import Order
from remit.kernel.rules.relation import interval_ns
from remit.kernel.state import State, Subject


def reserve(state: State, order: Order, quantity: int, cash: int | None = None) -> None:
    """Let an order that reserves nothing reserve `quantity` in full, at its counted price, in every cell on its path.

    `cash` is what it takes of its connection; left out, it is worked out from today's margin, haircut and fee.
    """
    if not quantity:
        return
    instrument = state.instruments[order.instrument]
    for of in state.path(order.agent, order.client):
        unit = state.unit(instrument, of.currency)
        assert unit is not None
        state.cell(of, order.connection, instrument, unit).reserve(SIGN[order.side], quantity, order.counted_price, 1)
    order.reserved = quantity
    order.cash = cash_need(state, order, quantity) if cash is None else cash
    state.cash_of(order.connection, order.cash_currency).reserved += order.cash
    if order.state != "held":  # a held order is at no venue, so nothing can trade with it; its release is judged anew
        bisect.insort(state.crossings.setdefault(_crossing_key(state, order), []), (order.worst_price, order.id))
    if order.parent is not None:
        state.children[order.parent] = state.children.get(order.parent, 0) + quantity


def unreserve(state: State, order: Order, quantity: int) -> None:
    """Give `quantity` of a reservation back; with all of it the order reserves nothing."""
    if not quantity:
        return
    left = order.reserved - quantity
    for of in state.path(order.agent, order.client):
        cell = state.cells[(of.written, order.connection, order.instrument)]
        cell.reserve(SIGN[order.side], -quantity, order.counted_price, 0 if left else -1)
    cash = div_ceil(order.cash * left, order.reserved)  # what is left to buy never has less than its share
    state.cash_of(order.connection, order.cash_currency).reserved += cash - order.cash
    order.reserved, order.cash = left, cash
    if order.parent is not None:
        state.children[order.parent] -= quantity
    if not left:
        _forget_crossing(state, order)


def _forget_crossing(state: State, order: Order) -> None:
    key, entry = _crossing_key(state, order), (order.worst_price, order.id)
    crossing = state.crossings.get(key, [])
    place = bisect.bisect_left(crossing, entry)
    if crossing[place : place + 1] == [entry]:
        del crossing[place]
        if not crossing:
            del state.crossings[key]


def _crossing_key(state: State, order: Order) -> tuple[str, str, str]:
    return (state.accounts[order.account].owner, order.instrument, order.side)


def cash_need(state: State, order: Order, quantity: int) -> int:
    """Return the cash, in the instrument's currency, that `quantity` of an order still needs at worst."""
    haircut = haircut_of(state.path(order.agent, order.client))
    return needed_cash(
        state, order.connection, order.instrument, order.side, quantity, order.counted_price, order.opening, haircut
    )


def haircut_of(path: tuple[Subject, ...]) -> int:
    """Return the largest haircut that a mandate on the path asks for: nobody's is passed over."""
    return max(0 if of.version is None else of.version.mandate.haircut_bps for of in path)


def needed_cash(
    state: State,
    connection: str,
    instrument: str,
    side: str,
    quantity: int,
    price: int,
    opening: bool,
    haircut_bps: int,
) -> int:
    """Return worth at worst times the margin it needs, with haircut and fee; a proven reduction needs its fee alone."""
    traded = state.instruments[instrument]
    worth = notional_ceil(price, quantity, traded.multiplier * SCALE)
    fee = div_ceil(worth * state.connections[connection].fee_bps, 10_000)
    if not opening:
        return fee
    rate = state.margin_rate(traded) or 0
    if side == "buy" and traded.kind != "perpetual":
        rate = SCALE
    return div_ceil(worth * rate, SCALE) + div_ceil(worth * haircut_bps, 10_000) + fee


def reducible_by(state: State, account: Cell, agent: Cell, sign: int) -> int:
    """Return how much an order of this side is proven to reduce: the smallest of the agent's position, the
    connection's and the venue's as last reconciled, each less what other orders of that side already reserve.
    Connections never net."""
    if sign * account.quantity >= 0:
        return 0
    if sign > 0:
        held, of_agent = -account.quantity, -agent.quantity - agent.buy_quantity
        taken = account.buy_quantity
    else:
        held, of_agent = account.quantity, agent.quantity - agent.sell_quantity
        taken = account.sell_quantity
    confirmed = state.confirmed.get((account.connection, account.instrument))
    if confirmed is not None:
        held = min(held, -sign * confirmed)
    return max(min(held - taken, of_agent), 0)


def own_left(client: Cell | None, sign: int) -> int:
    """Return how much of a client's own position its orders of this side leave: what only reduces takes no more, so
    that no client closes what its agent, or another client of it, holds."""
    if client is None:
        return 0
    left = -client.quantity - client.buy_quantity if sign > 0 else client.quantity - client.sell_quantity
    return max(left, 0)


def count_permit(state: State, order: Order, at: int) -> None:
    """Count an order that is let out, for everyone on its path."""
    instrument = state.instruments[order.instrument]
    for of in state.path(order.agent, order.client):
        total, market = of.total, of.group("market", instrument.market_name)
        for sums in (total, market):
            sums.orders += 1
            sums.orders_today += 1
            sums.last_order_at = at
        total.executions += 1
        mandate = None if of.version is None else of.version.mandate
        if mandate is not None and mandate.order_rate_max is not None:
            total.order_tat = _advance(total.order_tat, mandate.order_rate_max, at)
    count_message(state, order.agent, order.client, at)


def count_message(state: State, agent: str, client: str, at: int) -> None:
    """Count an order, a replace, a cancel or what is said of an exit against the message buckets."""
    for of in state.path(agent, client):
        rate = None if of.version is None else of.version.mandate.message_rate_max
        if rate is not None:
            of.total.message_tat = _advance(of.total.message_tat, rate, at)


def message_wait_ns(of: Subject, at: int) -> int:
    """Return how long until a subject's bucket takes one more message; zero where it does now, or has no limit."""
    rate = None if of.version is None else of.version.mandate.message_rate_max
    return 0 if rate is None else max(of.total.message_tat - at - (rate.count - 1) * interval_ns(rate), 0)


def _advance(tat: int, rate: Rate, at: int) -> int:
    """Return the arrival time after one more; no further ahead than a full bucket, because cancels count and are never
    blocked: one agent's storm of them must not close everybody's bucket for longer than it takes to refill."""
    each = interval_ns(rate)
    return min(max(tat, at) + each, at + rate.count * each)
