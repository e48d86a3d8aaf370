"""Folding: how each event changes the state. Judging never happens here, so that a restart only repeats what
happened."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import took
from remit.kernel.command import Command
from remit.kernel.mandate import Rate
from remit.kernel.names import SIGN, subject
from remit.kernel.numbers import NANOSECONDS, SCALE, div_ceil, notional_ceil, notional_floor
from remit.kernel.order import TERMINAL, Order, OrderIntent
from remit.kernel.state import HaltFact, Seen, State, Subject


def fold_command(state: State, command: Command) -> None:
    """Note that a command entered: sequence and time move, fresh marks that rode on it take effect."""
    state.seq = command.seq
    state.at = command.at
    state.prune()
    body = command.body
    if isinstance(body, (c.Submit, c.Replace)):
        for mark in body.marks:
            took.set_mark(state, mark)


def fold_event(state: State, command: Command, decision: e.Decision | None, event: e.Event) -> None:
    """Change the state by one event of a record."""
    _EVENTS[type(event)](state, command, decision, event)


# -- orders


def _reserved(state: State, command: Command, decision: e.Decision | None, event: e.Reserved) -> None:
    assert decision is not None
    body = command.body
    assert isinstance(body, c.Submit)
    order = make_order(state, command, body.intent, body.client, decision, event)
    state.orders[order.id] = order
    state.orders_of.setdefault(order.agent, {})[order.id] = None
    key = (body.intent.agent, body.intent.id)
    state.seen[key] = Seen(command.seq, order.id, fingerprint(body.intent))
    state.seen_at.append((command.at, key))
    same = same_key(body.intent)
    state.same[same] = command.at
    state.same_at.append((command.at, same))
    state.refusals.pop(order.agent, None)
    reserve(state, order, order.quantity)
    if order.parent is not None:
        state.children[order.parent] = state.children.get(order.parent, 0) + order.quantity
    if event.state == "held":
        state.holds[order.id] = event.until
    else:
        _count_permit(state, order, command.at)


def make_order(
    state: State, command: Command, intent: OrderIntent, client: str, decision: e.Decision, event: e.Reserved
) -> Order:
    """Return the order that an intent becomes, with the numbers its decision names."""
    order = Order()
    connection = state.connections[intent.connection]
    instrument = state.instruments[intent.instrument]
    order.id, order.intent = event.order, intent
    order.agent, order.account, order.client = intent.agent, state.agents[intent.agent].account, client
    order.connection, order.venue, order.instrument = intent.connection, connection.venue, intent.instrument
    order.side, order.type, order.time_in_force = intent.side, intent.type, intent.time_in_force
    order.quantity, order.filled, order.limit_price = decision.quantity, 0, intent.limit_price
    order.worst_price, order.counted_price = decision.worst_price, decision.counted_price
    order.parent, order.state = intent.parent, event.state
    order.opening = decision.reducing < decision.quantity
    order.rates, order.worths, order.reserved = (), (), 0
    order.cash, order.cash_currency = 0, instrument.currency
    order.at = order.changed_at = command.at
    order.until, order.quorum, order.confirm, order.approvals = event.until, event.quorum, event.confirm, ()
    order.asked_by, order.lineage, order.by_person = command.by.name, command.by.owner, command.by.is_person
    order.digest, order.mandates = event.digest, decision.mandates
    order.venue_order, order.pending, order.paid, order.fees = "", None, 0, 0
    return order


def reserve(state: State, order: Order, quantity: int) -> None:
    """Let an order reserve `quantity` in full, at its counted price and today's exchange rates, in every cell on its
    path."""
    instrument = state.instruments[order.instrument]
    sign = SIGN[order.side]
    rates: list[int] = []
    worths: list[int] = []
    for of in state.path(order.agent, order.client):
        unit = state.unit(instrument, of.currency)
        assert unit is not None
        worth = notional_ceil(order.counted_price, quantity, unit)
        state.cell(of, order.connection, instrument, unit).reserve(sign, quantity, worth, 1)
        rates.append(unit)
        worths.append(worth)
    order.rates, order.worths, order.reserved = tuple(rates), tuple(worths), quantity
    order.cash = cash_need(state, order, quantity)
    state.cash_of(order.connection, order.cash_currency).reserved += order.cash
    owner = state.accounts[order.account].owner
    bisect.insort(state.crossings.setdefault((owner, order.instrument, order.side), []), (order.worst_price, order.id))


def cash_need(state: State, order: Order, quantity: int) -> int:
    """Return the cash, in the instrument's currency, that `quantity` of an order still needs at worst."""
    agent_mandate = state.subjects[subject("account", order.account)].version
    haircut = 0 if agent_mandate is None else agent_mandate.mandate.haircut_bps
    return needed_cash(
        state, order.connection, order.instrument, order.side, quantity, order.counted_price, order.opening, haircut
    )


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


def unreserve(state: State, order: Order, quantity: int) -> None:
    """Give back the reservation of `quantity`; of all of it, exactly what was taken."""
    if not order.reserved:
        return
    instrument = state.instruments[order.instrument]
    sign = SIGN[order.side]
    left = order.reserved - quantity
    worths = []
    for of, unit, worth in zip(state.path(order.agent, order.client), order.rates, order.worths, strict=True):
        keep = notional_ceil(order.counted_price, left, unit) if left else 0
        state.cell(of, order.connection, instrument, unit).reserve(sign, -quantity, keep - worth, 0 if left else -1)
        worths.append(keep)
    order.worths, order.reserved = tuple(worths), left
    cash = order.cash * left // (left + quantity)
    state.cash_of(order.connection, order.cash_currency).reserved += cash - order.cash
    order.cash = cash
    if not left:
        key = (state.accounts[order.account].owner, order.instrument, order.side)
        crossing = state.crossings[key]
        del crossing[bisect.bisect_left(crossing, (order.worst_price, order.id))]
        if not crossing:
            del state.crossings[key]


def _count_permit(state: State, order: Order, at: int) -> None:
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
    """Count an order, a replace or a cancel against the message buckets."""
    for of in state.path(agent, client):
        rate = None if of.version is None else of.version.mandate.message_rate_max
        if rate is not None:
            of.total.message_tat = _advance(of.total.message_tat, rate, at)


def _advance(tat: int, rate: Rate, at: int) -> int:
    return max(tat, at) + div_ceil(rate.per_s * NANOSECONDS, rate.count)


def _denied(state: State, command: Command, decision: e.Decision | None, event: e.Denied) -> None:
    last, count, _ = state.refusals.get(event.agent, ("", 0, 0))
    state.refusals[event.agent] = (event.fingerprint, count + 1 if last == event.fingerprint else 1, command.at)
    body = command.body
    if isinstance(body, c.Submit) and decision is not None:
        key = (body.intent.agent, body.intent.id)
        if key not in state.seen:
            state.seen[key] = Seen(command.seq, decision.order, fingerprint(body.intent))
            state.seen_at.append((command.at, key))


def _approved(state: State, command: Command, decision: e.Decision | None, event: e.Approved) -> None:
    order = state.orders[event.order]
    order.approvals = tuple(sorted({*order.approvals, event.person}))


def _released(state: State, command: Command, decision: e.Decision | None, event: e.Released) -> None:
    assert decision is not None
    order = state.orders[event.order]
    unreserve(state, order, order.reserved)
    del state.holds[order.id]
    order.state, order.changed_at = "allowed", command.at
    order.worst_price, order.counted_price = decision.worst_price, decision.counted_price
    order.opening = decision.reducing < decision.quantity
    reserve(state, order, order.quantity)
    _count_permit(state, order, command.at)


def _moved(state: State, command: Command, decision: e.Decision | None, event: e.Moved) -> None:
    order = state.order(event.order)
    assert order is not None
    order.state, order.changed_at = event.state, command.at
    body = command.body
    if isinstance(body, c.Acked) and body.venue_order:
        order.venue_order = body.venue_order
    if isinstance(body, c.Rejected):
        for of in state.path(order.agent, order.client):
            of.total.rejections += 1
    elif event.state == "acked":
        for of in state.path(order.agent, order.client):
            of.total.rejections = 0
    if event.state in TERMINAL:
        finish(state, order)


def finish(state: State, order: Order) -> None:
    """An order is over: its reservation ends and it leaves the live orders."""
    unreserve(state, order, order.reserved)
    order.pending = None
    state.holds.pop(order.id, None)
    if order.parent is not None and order.parent in state.parents:
        state.children[order.parent] -= order.remaining
    if state.orders.pop(order.id, None) is not None:
        del state.orders_of[order.agent][order.id]
        state.finished[order.id] = order
        state.finished_at.append((state.at, order.id))


def _cancel_asked(state: State, command: Command, decision: e.Decision | None, event: e.CancelAsked) -> None:
    order = state.orders[event.order]
    order.state, order.changed_at = "pending_cancel", command.at
    count_message(state, order.agent, order.client, command.at)


def _replace_asked(state: State, command: Command, decision: e.Decision | None, event: e.ReplaceAsked) -> None:
    assert decision is not None
    order = state.orders[event.order]
    unreserve(state, order, order.reserved)
    order.state, order.changed_at, order.pending = "pending_replace", command.at, (event.quantity, event.limit_price)
    order.counted_price = decision.counted_price
    order.worst_price = decision.worst_price
    order.opening = order.opening or decision.reducing < decision.quantity
    reserve(state, order, decision.quantity)
    count_message(state, order.agent, order.client, command.at)


def _replace_settled(state: State, command: Command, decision: e.Decision | None, event: e.ReplaceSettled) -> None:
    order = state.orders[event.order]
    assert order.pending is not None
    unreserve(state, order, order.reserved)
    if event.taken:
        order.quantity, order.limit_price = order.pending
    assert order.limit_price is not None
    order.worst_price = order.limit_price
    order.counted_price = order.limit_price
    if order.side == "sell":
        order.counted_price = max(order.limit_price, state.marks[order.instrument].last)
    order.pending, order.changed_at = None, command.at
    order.state = "partial" if order.filled else "acked"
    reserve(state, order, order.remaining)


def _booked(state: State, command: Command, decision: e.Decision | None, event: e.Booked) -> None:
    order = state.order(event.order)
    assert order is not None
    instrument = state.instruments[order.instrument]
    sign = SIGN[order.side]
    key = f"{order.connection}/{event.fill}"
    state.fills[key] = order.id
    state.fills_at.append((command.at, key))
    closed = (0, 0)
    for of, reserved_unit in zip(state.path(order.agent, order.client), order.rates, strict=True):
        unit = state.unit(instrument, of.currency) or reserved_unit
        rate = unit // instrument.multiplier
        cell = state.cell(of, order.connection, instrument, unit)
        closing, cost = cell.fill(sign, event.quantity, event.price, div_ceil(event.fee * rate, SCALE))
        if of.scope == "account":
            closed = (closing, cost * SCALE // rate)
        of.total.raise_high_water()
    _pay_for_fill(state, order, event, sign, closed)
    order.filled += event.quantity
    order.paid += notional_ceil(event.price, event.quantity, instrument.multiplier * SCALE)
    order.fees += event.fee
    if order.id in state.orders:
        unreserve(state, order, min(event.quantity, order.reserved))
        if order.state not in ("pending_cancel", "pending_replace"):
            order.state = "partial"
        order.changed_at = command.at
        if event.complete:
            order.state = "filled"
            finish(state, order)
    elif order.parent is not None and order.parent in state.parents:
        state.children[order.parent] += event.quantity


def _pay_for_fill(state: State, order: Order, event: e.Booked, sign: int, closed: tuple[int, int]) -> None:
    """Move cash: in full for what is owned, by the profit that closes for a perpetual; the fee always.

    `closed` is the quantity that this fill closed and what it had cost, in the instrument's currency.
    """
    instrument = state.instruments[order.instrument]
    cash = state.cash_of(order.connection, instrument.currency)
    unit = instrument.multiplier * SCALE
    if instrument.kind == "perpetual":
        closing, cost = closed
        cash.amount -= sign * (notional_ceil(event.price, closing, unit) - cost)
    elif sign > 0:
        cash.amount -= notional_ceil(event.price, event.quantity, unit)
    else:
        cash.amount += notional_floor(event.price, event.quantity, unit)
    cash.amount -= event.fee


def fingerprint(intent: OrderIntent) -> str:
    """Return what an intent asks for, apart from its id and the time it was made."""
    parts = (
        intent.instrument,
        intent.side,
        str(int(intent.quantity)),
        intent.type,
        str(intent.limit_price),
        intent.connection,
        intent.time_in_force,
        intent.reduce,
        str(intent.slippage_bps),
        str(intent.confidence),
        str(intent.parent),
        str(intent.environment),
    )
    return "|".join(parts)


def same_key(intent: OrderIntent) -> tuple[str, str, str, int, int]:
    """Return what makes two orders duplicates: agent, instrument, side, quantity and price (-1 for a market order)."""
    return (
        intent.agent,
        intent.instrument,
        intent.side,
        int(intent.quantity),
        -1 if intent.limit_price is None else int(intent.limit_price),
    )


# -- stops


def _halt_raised(state: State, command: Command, decision: e.Decision | None, event: e.HaltRaised) -> None:
    of: Subject | None = state.subjects.get(event.subject)
    baseline = of.version.digest if of is not None and of.version is not None else ""
    session = state.sessions.get(of.version.mandate.zone, 0) if of is not None and of.version is not None else 0
    state.halts[event.halt] = HaltFact(
        id=event.halt,
        subject=event.subject,
        cause=event.cause,
        rule=event.rule,
        limit=event.limit,
        actual=event.actual,
        why=event.why,
        at=command.at,
        baseline=baseline,
        session=session,
    )
    state.halted[event.subject] = (*state.halted.get(event.subject, ()), event.halt)


def _session_rolled(state: State, command: Command, decision: e.Decision | None, event: e.SessionRolled) -> None:
    state.sessions[event.zone] = event.start
    for of in state.subjects.values():
        if of.version is not None and of.version.mandate.zone == event.zone:
            took.start_day(of)


def _nothing(state: State, command: Command, decision: e.Decision | None, event: e.Event) -> None:
    """An event that is told to people and changes nothing else."""


def _took(state: State, command: Command, decision: e.Decision | None, event: e.Took) -> None:
    took.TOOK[type(command.body)](state, command, command.body)


_EVENTS: dict[type, Callable[[State, Command, e.Decision | None, Any], None]] = {
    e.Took: _took,
    e.Refused: _nothing,
    e.Repeated: _nothing,
    e.Denied: _denied,
    e.Reserved: _reserved,
    e.Approved: _approved,
    e.Released: _released,
    e.Moved: _moved,
    e.CancelAsked: _cancel_asked,
    e.Asked: _nothing,
    e.ReplaceAsked: _replace_asked,
    e.ReplaceSettled: _replace_settled,
    e.Booked: _booked,
    e.HaltRaised: _halt_raised,
    e.SessionRolled: _session_rolled,
    e.Alarm: _nothing,
}
