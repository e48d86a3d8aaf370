"""Folding: how each event changes the state. Judging never happens here, so that a restart only repeats what
happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.kernel import callback, fold_drift, fold_exits, fold_people, fold_wide, level, preapproval, spend, took
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.command import Command
from remit.kernel.drift import Fill
from remit.kernel.intent import fingerprint, replace_fingerprint, same_key
from remit.kernel.names import SIGN
from remit.kernel.numbers import SCALE, div_ceil, notional_ceil
from remit.kernel.order import TERMINAL, Order, OrderIntent, Signal, fill_key, transition
from remit.kernel.reserve import count_message, count_permit, reserve, unreserve
from remit.kernel.settle import settle_fill
from remit.kernel.state import HaltFact, Seen, State


def fold_command(state: State, command: Command) -> None:
    """Note that a command entered: sequence and time move, and what is too old to matter is forgotten."""
    state.seq = command.seq
    state.at = command.at
    state.prune()
    spend.prune(state)


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
    _remember(state, command, order.agent, order.id)
    same = same_key(body.intent)
    state.same[same] = command.at
    state.same_at.append((command.at, same))
    state.refusals.pop(order.agent, None)
    reserve(state, order, order.quantity)
    fold_exits.tried(state, command, order.id)
    if event.state == "held":
        state.holds[order.id] = event.until
    else:
        count_permit(state, order, command.at)


def make_order(
    state: State, command: Command, intent: OrderIntent, client: str, decision: e.Decision, event: e.Reserved
) -> Order:
    """Return the order that an intent becomes, with the numbers its decision names; it reserves nothing yet."""
    order = Order()
    order.id, order.intent = event.order, intent
    order.agent, order.account, order.client = intent.agent, state.agents[intent.agent].account, client
    order.connection, order.venue = intent.connection, state.connections[intent.connection].venue
    order.instrument, order.cash_currency = intent.instrument, state.instruments[intent.instrument].currency
    order.side, order.type, order.time_in_force = intent.side, intent.type, intent.time_in_force
    order.quantity, order.filled = int(decision.quantity), 0
    order.limit_price = None if intent.limit_price is None else int(intent.limit_price)
    order.worst_price, order.counted_price = int(decision.worst_price), int(decision.counted_price)
    order.parent, order.state = intent.parent, event.state
    order.opening = decision.reducing < decision.quantity
    order.reserved = order.cash = order.paid = order.fees = 0
    order.at = order.changed_at = command.at
    order.until, order.quorum, order.confirm, order.approvals = event.until, event.quorum, event.confirm, ()
    order.asked_by, order.by_person = command.by.name, command.by.is_person
    order.by_hand = command.by.is_person or command.by.role == "guard"
    order.lineage = command.by.lineage
    order.digest, order.mandates = event.digest, decision.mandates
    order.venue_order, order.pending, order.fills = "", None, []
    order.touch = 0 if not decision.marks else int(decision.marks[0][2 if intent.side == "buy" else 1])
    return order


def _denied(state: State, command: Command, decision: e.Decision | None, event: e.Denied) -> None:
    last, count, _ = state.refusals.get(event.agent, ("", 0, 0))
    state.refusals[event.agent] = (event.fingerprint, count + 1 if last == event.fingerprint else 1, command.at)
    if decision is not None:
        _remember(state, command, event.agent, decision.order)
    fold_exits.tried(state, command)


def _remember(state: State, command: Command, agent: str, order: str) -> None:
    """Remember which entry decided the id of an intent or a replace; the first one stands."""
    body = command.body
    if isinstance(body, c.Submit):
        key, said = (agent, body.intent.id), fingerprint(body.intent)
    elif isinstance(body, c.Replace):
        key, said = (agent, body.id), replace_fingerprint(body)
    else:
        return
    if key not in state.seen:
        state.seen[key] = Seen(command.seq, order, said)
        state.seen_at.append((command.at, key))


def _approved(state: State, command: Command, decision: e.Decision | None, event: e.Approved) -> None:
    order = state.orders[event.order]
    order.approvals = tuple(sorted({*order.approvals, event.person}))


def _released(state: State, command: Command, decision: e.Decision | None, event: e.Released) -> None:
    assert decision is not None
    order = state.orders[event.order]
    unreserve(state, order, order.reserved)
    del state.holds[order.id]
    order.state, order.changed_at, order.quantity = "allowed", command.at, int(decision.quantity)
    order.worst_price, order.counted_price = int(decision.worst_price), int(decision.counted_price)
    order.opening = decision.reducing < decision.quantity
    reserve(state, order, order.quantity)
    count_permit(state, order, command.at)


def _moved(state: State, command: Command, decision: e.Decision | None, event: e.Moved) -> None:
    order = state.order(event.order)
    assert order is not None
    order.state, order.changed_at = event.state, command.at
    body = command.body
    # Time may have moved other orders in the same entry: a report speaks of its own order only.
    if isinstance(body, c.Acked) and body.order == order.id and body.venue_order:
        order.venue_order = body.venue_order
    if isinstance(body, c.Rejected) and body.order == order.id:
        for of in state.path(order.agent, order.client):
            of.total.rejections += 1
    elif event.state in ("acked", "partial"):
        for of in state.path(order.agent, order.client):
            of.total.rejections = 0
    fold_drift.note_unknown(state, order)
    if event.state in TERMINAL:
        finish(state, order)


def finish(state: State, order: Order) -> None:
    """An order is over: its reservation ends and it leaves the live orders."""
    unreserve(state, order, order.reserved)
    order.pending = None
    state.holds.pop(order.id, None)
    if state.orders.pop(order.id, None) is not None:
        del state.orders_of[order.agent][order.id]
        state.finished[order.id] = order
        state.finished_at.append((state.at, order.id))
        fold_exits.over(state, order)


def _cancel_asked(state: State, command: Command, decision: e.Decision | None, event: e.CancelAsked) -> None:
    order = state.orders[event.order]
    order.state, order.changed_at = "pending_cancel", command.at
    count_message(state, order.agent, order.client, command.at)


def _replace_asked(state: State, command: Command, decision: e.Decision | None, event: e.ReplaceAsked) -> None:
    assert decision is not None
    order = state.orders[event.order]
    _remember(state, command, order.agent, order.id)
    unreserve(state, order, order.reserved)
    order.pending = (int(event.quantity), int(event.limit_price))
    order.state, order.changed_at = "pending_replace", command.at
    order.worst_price, order.counted_price = int(decision.worst_price), int(decision.counted_price)
    order.opening = order.opening or decision.reducing < decision.quantity
    reserve(state, order, int(decision.quantity))
    count_message(state, order.agent, order.client, command.at)


def _replace_settled(state: State, command: Command, decision: e.Decision | None, event: e.ReplaceSettled) -> None:
    order = state.orders[event.order]
    assert order.pending is not None
    unreserve(state, order, order.reserved)
    if event.taken:
        order.quantity, order.limit_price = order.pending
    assert order.limit_price is not None
    order.worst_price = order.counted_price = order.limit_price
    mark = state.marks.get(order.instrument)
    if order.side == "sell" and mark is not None:
        order.counted_price = max(order.limit_price, int(mark.last), int(mark.bid))
    order.pending, order.changed_at = None, command.at
    following = transition(order.state, "replace" if event.taken else "refuse_replace")
    assert following is not None
    order.state = "partial" if following == "acked" and order.filled else following
    fold_drift.note_unknown(state, order)
    reserve(state, order, order.remaining)


def _booked(state: State, command: Command, decision: e.Decision | None, event: e.Booked) -> None:
    order = state.order(event.order)
    assert order is not None
    profit = _move_book(state, order, event)
    key = fill_key(order.connection, event.fill)
    state.fills[key] = Fill(order.id, int(event.quantity), int(event.price), int(event.fee), command.at, profit=profit)
    order.fills.append(key)
    order.filled += event.quantity
    fold_exits.filled(state, order, int(event.quantity), int(event.price))
    order.paid += notional_ceil(event.price, event.quantity, state.instruments[order.instrument].multiplier * SCALE)
    order.fees += event.fee
    if order.parent is not None:
        state.children[order.parent] = state.children.get(order.parent, 0) + event.quantity
    signal: Signal = "complete" if event.complete else "fill"
    following = transition(order.state, signal)
    if following is None:
        return  # it was never let out: the book moves, and what it reserves stays for people to look at
    order.state, order.changed_at = following, command.at
    fold_drift.note_unknown(state, order)
    if order.id in state.orders:
        unreserve(state, order, min(int(event.quantity), order.reserved))
        if order.state in TERMINAL:
            finish(state, order)


def _move_book(state: State, order: Order, event: e.Booked) -> int:
    """Move position, profit and cash: in full for what is owned, by the profit that closes for a perpetual; return
    what the fill closed of the account's stake."""
    instrument = state.instruments[order.instrument]
    sign, profit = SIGN[order.side], 0
    for of in state.path(order.agent, order.client):
        unit = state.unit(instrument, of.currency)
        assert unit is not None
        fee = div_ceil(event.fee * (unit // instrument.multiplier), SCALE)
        closed = state.cell(of, order.connection, instrument, unit).fill(
            sign, int(event.quantity), int(event.price), fee
        )
        profit = closed if of.scope == "account" else profit
        of.total.raise_high_water()
    settle_fill(state, order, int(event.price), int(event.quantity), int(event.fee), profit)
    return profit


# -- stops and facts


def _halt_raised(state: State, command: Command, decision: e.Decision | None, event: e.HaltRaised) -> None:
    state.halts[event.halt] = HaltFact(
        id=event.halt,
        subject=event.subject,
        cause=event.cause,
        rule=event.rule,
        limit=event.limit,
        actual=event.actual,
        why=event.why,
        at=command.at,
        flatten=event.flatten,
        by_owner=fold_people.owner_behind(command, event.cause),
    )
    state.halted[event.subject] = (*state.halted.get(event.subject, ()), event.halt)


def _strange(state: State, command: Command, decision: e.Decision | None, event: e.Strange) -> None:
    assert isinstance(command.body, c.Filled | c.Busted)
    state.strange[command.body] = command.at


def _sweep(state: State, command: Command, decision: e.Decision | None, event: e.Sweep) -> None:
    if event.left:
        state.sweeps[event.subject] = event.every
    else:
        state.sweeps.pop(event.subject, None)


def _look_cut(state: State, command: Command, decision: e.Decision | None, event: e.LookCut) -> None:
    state.look_cut = event.begin if event.left else None


def _session_rolled(state: State, command: Command, decision: e.Decision | None, event: e.SessionRolled) -> None:
    state.sessions[event.zone] = event.start
    for of in state.subjects.values():
        if of.version is not None and of.version.mandate.zone == event.zone:
            took.start_day(of)
    level.start_day(state, event.zone)
    spend.start_day(state, event.zone, command.seq)


def _quoted(state: State, command: Command, decision: e.Decision | None, event: e.Quoted) -> None:
    body = command.body
    assert isinstance(body, (c.Submit, c.Replace, c.Approve))
    took.set_marks(state, body.marks, ())


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
    e.PreapprovalUsed: preapproval.fold_used,
    e.Proposed: fold_people.fold_proposed,
    e.CallbackUsed: callback.fold_used,
    e.Released: _released,
    e.Moved: _moved,
    e.CancelAsked: _cancel_asked,
    e.Asked: _nothing,
    e.CancelAllAsked: fold_wide.fold_cancel_all,
    e.Armed: fold_wide.fold_armed,
    e.ReplaceAsked: _replace_asked,
    e.ReplaceSettled: _replace_settled,
    e.Booked: _booked,
    e.ExitSet: fold_exits.exit_set,
    e.ExitArmed: fold_exits.exit_armed,
    e.ExitTriggered: fold_exits.exit_triggered,
    e.ExitEnded: fold_exits.exit_ended,
    e.HaltRaised: _halt_raised,
    e.Sweep: _sweep,
    e.Crossed: level.fold_crossed,
    e.LookCut: _look_cut,
    e.SessionRolled: _session_rolled,
    e.Quoted: _quoted,
    e.Drifted: fold_drift.fold_drifted,
    e.Silent: fold_drift.fold_silent,
    e.Corrected: fold_drift.fold_corrected,
    e.Kept: fold_drift.fold_kept,
    e.Reversed: fold_drift.fold_reversed,
    e.Spent: spend.fold_spent,
    e.Strange: _strange,
    e.Alarm: _nothing,
}
