"""How a venue's own account changes the state: what it confirms, what differs, and what a person made of that."""

from __future__ import annotations

import msgspec

from remit.kernel import access, fold_exits
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.book import Cell
from remit.kernel.command import Command
from remit.kernel.drift import Drift, Fill, Kind
from remit.kernel.names import FIRM, SIGN, subject
from remit.kernel.numbers import NANOSECONDS, SCALE, div_ceil, notional_ceil, notional_floor
from remit.kernel.order import Order, fill_key
from remit.kernel.settle import note_settled, settle_fill
from remit.kernel.state import State

TOLERANCE = access.Tolerance()
"""What holds for a connection where nobody said otherwise."""

HANGS_WINDOWS = 5
"""For so many windows an item may be in transit without one round in which book and venue agree; then nothing opens
until they do."""


def tolerance_of(state: State, connection: str) -> access.Tolerance:
    """Return how far a connection's book and venue may differ."""
    return state.tolerances.get(connection, TOLERANCE)


def book_of(state: State, connection: str) -> dict[str, int]:
    """Return what the book holds through a connection: quantity by instrument, nothing where it is flat."""
    account = subject("account", state.connections[connection].account)
    return {
        name: cell.quantity
        for (of, through, name), cell in state.cells.items()
        if of == account and through == connection and cell.quantity
    }


def kept_of(state: State, connection: str, kind: Kind) -> dict[str, int]:
    """Return the differences of a connection that a person kept, by item."""
    return {item: kept for (of, what, item), kept in state.kept.items() if of == connection and what == kind}


def held_of(state: State, connection: str, kind: Kind, item: str) -> int:
    """Return what the book holds of an item, with what a person kept: what a round compares with the venue's side."""
    held = state.kept.get((connection, kind, item), 0)
    if kind == "position":
        account = subject("account", state.connections[connection].account)
        cell = state.cells.get((account, connection, item))
        return held + (0 if cell is None else cell.quantity)
    cash = state.cash.get((connection, item)) if kind == "cash" else None
    return held + (0 if cash is None else cash.amount)


def hangs(state: State, connection: str, drift: Drift) -> bool:
    """Whether a difference was explained anew in every round for so long that it may hide another: an agent that
    trades on and on always leaves something in transit."""
    waits_ns = HANGS_WINDOWS * tolerance_of(state, connection).window_s * NANOSECONDS
    return drift.bucket == "in_transit" and state.at - drift.since >= waits_ns


def whole(state: State, body: c.Reconciled) -> c.Reconciled:
    """Return an account with the parts that came before this one."""
    known = state.gathered.get(body.connection)
    if body.part == 1 or known is None:
        return body
    return msgspec.structs.replace(
        body,
        positions=(*known.positions, *body.positions),
        cash=(*known.cash, *body.cash),
        orders=(*known.orders, *body.orders),
    )


# -- rounds


def fold_reconciled(state: State, command: Command, body: c.Reconciled) -> None:
    """Keep a part until the rest is there; the whole of it, with nothing different, makes the connection ready."""
    shown = whole(state, body)
    if body.part < body.parts:
        state.gathered[body.connection] = shown
    else:
        _take_over(state, shown, ())


def fold_drifted(state: State, command: Command, decision: e.Decision | None, event: e.Drifted) -> None:
    """A round with differences: what the venue shows is noted all the same, and nothing is believed beyond it."""
    body = command.body
    assert isinstance(body, c.Reconciled)
    _take_over(state, whole(state, body), event.drifts)


def fold_silent(state: State, command: Command, decision: e.Decision | None, event: e.Silent) -> None:
    """A round without an account: after enough of them in a row nothing opens."""
    name = event.connection
    state.gathered.pop(name, None)
    state.silent[name] = state.silent.get(name, 0) + 1
    if state.silent[name] >= tolerance_of(state, name).silent_rounds:
        state.venue_states[name] = msgspec.structs.replace(state.venue_states[name], reconciled=False)


def fold_tolerance(state: State, command: Command, body: c.SetTolerance) -> None:
    """From here on this connection may differ so far."""
    state.tolerances[body.connection] = body.tolerance


def _take_over(state: State, shown: c.Reconciled, drifts: tuple[Drift, ...]) -> None:
    name = shown.connection
    state.gathered.pop(name, None)
    state.silent.pop(name, None)
    if name not in state.reconciled_at:  # what a new connection holds; later nothing comes by itself
        for currency, amount in shown.cash:
            if (name, currency) not in state.cash and has_rates(state, name, currency):
                set_balance(state, name, currency, int(amount))
    state.reconciled_at[name] = state.at
    _forget_kept(state, shown)
    _confirm(state, shown)
    if drifts:
        state.drifts[name] = drifts
    else:
        state.drifts.pop(name, None)
    ready = all(drift.bucket != "large" and not hangs(state, name, drift) for drift in drifts)
    state.venue_states[name] = msgspec.structs.replace(state.venue_states[name], reconciled=ready, link_up=True)
    state.crashed = state.crashed and not all(venue.reconciled for venue in state.venue_states.values())


def _forget_kept(state: State, shown: c.Reconciled) -> None:
    """A kept difference ends when the venue shows what the book holds."""
    connection, book = shown.connection, book_of(state, shown.connection)
    venue = {holding.instrument: int(holding.quantity) for holding in shown.positions}
    for item in kept_of(state, connection, "position"):
        if venue.get(item, 0) == book.get(item, 0):
            del state.kept[(connection, "position", item)]
    cash = dict(shown.cash)
    for item in kept_of(state, connection, "cash"):
        if cash.get(item, 0) == state.cash_of(connection, item).amount:
            del state.kept[(connection, "cash", item)]
    for item in kept_of(state, connection, "order"):
        if item not in shown.orders:
            del state.kept[(connection, "order", item)]


def _confirm(state: State, shown: c.Reconciled) -> None:
    """Note the positions that a venue shows, less what a person kept: what reduces is proven against the smaller of
    book and venue."""
    connection = shown.connection
    venue = dict.fromkeys(book_of(state, connection), 0)
    venue |= {holding.instrument: int(holding.quantity) for holding in shown.positions}
    kept = kept_of(state, connection, "position")
    for key in [key for key in state.confirmed if key[0] == connection]:
        del state.confirmed[key]
    for name, quantity in venue.items():
        state.confirmed[(connection, name)] = quantity - kept.get(name, 0)


def has_rates(state: State, connection: str, currency: str) -> bool:
    """Whether an amount of a currency can be counted for the connection's account and for the firm."""
    account = subject("account", state.connections[connection].account)
    return all(state.rate(currency, state.subjects[of].currency) is not None for of in (account, FIRM))


def set_balance(state: State, connection: str, currency: str, amount: int) -> None:
    """Take a stated balance over; the difference to the book is a deposit (or withdrawal) of the account and the
    firm."""
    cash = state.cash_of(connection, currency)
    difference = amount - cash.amount
    cash.amount = amount
    account = state.subjects[subject("account", state.connections[connection].account)]
    for of in (account, state.subjects[FIRM]):
        rate = state.rate(currency, of.currency)
        assert rate is not None
        of.total.base += difference * rate // SCALE


# -- what a person made of a difference


def fold_corrected(state: State, command: Command, decision: e.Decision | None, event: e.Corrected) -> None:
    """Correct the book to what the venue shows: a deposit in kind at the mark, which is neither profit nor loss."""
    change = int(event.change)
    if event.kind == "cash":
        held = state.cash_of(event.connection, event.item).amount
        set_balance(state, event.connection, event.item, held + change)
    else:
        instrument = state.instruments[event.item]
        for of in state.path(event.agent, ""):
            unit = state.unit(instrument, of.currency)
            assert unit is not None
            cell = state.cell(of, event.connection, instrument, unit)
            before, flow, gained = cell.value, cell.flow, _gained(cell)
            cell.fill(1 if change > 0 else -1, abs(change), cell.price, 0)
            brought = cell.value - before
            cell.pay(-brought - (cell.flow - flow))  # to the last digit, whatever was rounded
            # A perpetual is worth to its holder what it has gained, not what stands behind it.
            of.total.base += _gained(cell) - gained if instrument.kind == "perpetual" else brought
        fold_exits.moved(state, event.agent, event.connection, event.item)
    kept = state.kept.pop((event.connection, event.kind, event.item), 0)  # the venue is right in all of it
    if (event.connection, event.item) in state.confirmed and event.kind == "position":
        state.confirmed[(event.connection, event.item)] += kept
    _settle(state, event.connection, event.kind, event.item)


def fold_kept(state: State, command: Command, decision: e.Decision | None, event: e.Kept) -> None:
    """The book stays as it is: the venue is expected to differ by so much from here on."""
    key = (event.connection, event.kind, event.item)
    state.kept[key] = state.kept.get(key, 0) + int(event.difference)
    if (event.connection, event.item) in state.confirmed and event.kind == "position":
        state.confirmed[(event.connection, event.item)] -= int(event.difference)
    _settle(state, *key)


def _settle(state: State, connection: str, kind: Kind, item: str) -> None:
    """A difference that a person decided stands no more."""
    left = tuple(drift for drift in state.drifts[connection] if (drift.kind, drift.item) != (kind, item))
    if left:
        state.drifts[connection] = left
    else:
        del state.drifts[connection]


# -- fills that were taken back, and orders nobody knows of


def fold_reversed(state: State, command: Command, decision: e.Decision | None, event: e.Reversed) -> None:
    """Take a fill back out of the book; its id stays known, so that it is neither booked nor taken back again."""
    order = state.order(event.order)
    assert order is not None
    key = fill_key(order.connection, event.fill)
    fill = state.fills.get(key)
    if fill is None:
        state.fills[key] = Fill(order.id, 0, 0, 0, state.at, True)
        order.fills.append(key)
        return
    state.fills[key] = msgspec.structs.replace(fill, busted=True)
    currency = state.instruments[order.instrument].currency
    held = state.cash_of(order.connection, currency).amount
    _move_back(state, order, fill)
    fold_exits.taken_back(state, order, int(fill.quantity))
    note_settled(state, order.connection, "position", order.instrument, -SIGN[order.side] * fill.quantity)
    note_settled(state, order.connection, "cash", currency, state.cash_of(order.connection, currency).amount - held)


def _move_back(state: State, order: Order, fill: Fill) -> None:
    instrument = state.instruments[order.instrument]
    sign, profit = -SIGN[order.side], 0
    for of in state.path(order.agent, order.client):
        unit = state.unit(instrument, of.currency)
        assert unit is not None
        fee = div_ceil(fill.fee * (unit // instrument.multiplier), SCALE)
        cell = state.cell(of, order.connection, instrument, unit)
        entry = _entry(cell)
        cell.fill(sign, fill.quantity, fill.price, -fee)
        # What was rounded against us once is not rounded against us again.
        cell.pay(notional_ceil(fill.price, fill.quantity, unit) - notional_floor(fill.price, fill.quantity, unit))
        of.total.raise_high_water()
        if of.scope == "account":
            profit = _restore_entry(cell, entry + sign * fill.price * fill.quantity - fill.profit) - fill.profit
    settle_fill(state, order, fill.price, fill.quantity, fill.fee, profit, back=True)


def _restore_entry(cell: Cell, entry: int) -> int:
    """Let a stake have cost what it would have without a fill; return the profit that this leaves over, where later
    fills closed against the one that is gone."""
    if entry * cell.quantity > 0:
        cell.entry = abs(entry)
    return _entry(cell) - entry


def _entry(cell: Cell) -> int:
    """Return what a stake has cost, below zero for a short one: price times quantity, at scale 10^-36."""
    return cell.entry if cell.quantity > 0 else -cell.entry


def _gained(cell: Cell) -> int:
    """Return what a stake is worth above what it cost, in its subject's currency."""
    return (cell.price * cell.quantity - _entry(cell)) * cell.unit // SCALE**3


def note_unknown(state: State, order: Order) -> None:
    """Remember since when nobody knows what became of an order; a cancel that nobody answered leaves it so."""
    known = state.unknown.get(order.connection, {})
    if order.state == "unknown":
        state.unknown.setdefault(order.connection, known).setdefault(order.id, state.at)
    elif order.id in known and order.state != "pending_cancel":
        del known[order.id]
        if not known:
            del state.unknown[order.connection]
