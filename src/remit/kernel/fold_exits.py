"""Folding exits: how marks, fills, ends of orders and settlements change them.

What this finds to have happened waits in `state.exits_due` until an event tells it: `exits.draw` does that at the end
of each command, as many as one entry holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.command import Command
from remit.kernel.exit import (
    Exit,
    ExitTerms,
    at_once,
    begin,
    closed_by,
    exit_id,
    face,
    seen,
    since_of,
    stop_of,
    terms_text,
)
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.names import subject
from remit.kernel.numbers import LARGEST, Price, Quantity
from remit.kernel.order import Order, OrderIntent
from remit.kernel.reserve import count_message
from remit.kernel.state import Seen, State

DROPPED = "dropped"
REMAINDER = "remainder"
"""Why an exit ended: somebody took it away; what is left is less than the venue's smallest order."""
REVIVES = ("closed", "flat", "unfilled", REMAINDER)
"""Why a bracket ended that arms again where its entry fills late."""

# -- what marks do


def marked(state: State, known: Mark | None, mark: Mark) -> None:
    """Let the armed exits of an instrument see a mark that took effect; `known` is the one it replaced."""
    sight = seen(state.instruments[mark.instrument], mark)
    if sight is None:
        return
    since = since_of(known, mark)
    for name in state.exits_of[mark.instrument]:
        exit = state.exits[name]
        if exit.state == "armed" and not exit.leg and not exit.why and face(exit, since, sight):
            state.exits_due[name] = None


# -- what orders do


def tried(state: State, command: Command, order: str = "") -> None:
    """Note that the guard proposed a closing order, and which order it became."""
    body = command.body
    if command.by.role != "guard" or not isinstance(body, c.Submit):
        return
    exit = state.exits.get(closed_by(body.intent.id))
    if exit is not None:
        exit.tries += 1
        exit.closer = order or exit.closer


def filled(state: State, order: Order, quantity: int, price: int) -> None:
    """Let the exits of a position follow a fill that has just moved it."""
    key = (order.agent, order.connection, order.instrument)
    if order.intent.exit is not None and order.id not in state.orders:
        _revive(state, order)
    for name in list(state.exits_at.get(key, ())):
        exit = state.exits[name]
        if exit.order == order.id:
            _grow(state, exit, order, quantity, price)
        elif closed_by(order.intent.id) == name and order.by_guard:
            exit.protects = max(exit.protects - quantity, 0)
        resize(state, exit)


def _revive(state: State, order: Order) -> None:
    """Bring a bracket back whose entry fills after its end: on the terms it had last, unless it was taken away."""
    past = state.past_exits.get(exit_id(order.id))
    if past is not None and past.why in REVIVES:
        del state.past_exits[past.id]
        add(state, msgspec.structs.replace(past, state="waiting", protects=0, leg="", price=0, why="", closer=""))


def _grow(state: State, exit: Exit, order: Order, quantity: int, price: int) -> None:
    """An entry filled by so much: a bracket protects it, up to the quantity it was set for."""
    most = LARGEST if exit.terms.quantity is None else int(exit.terms.quantity)
    before = min(order.filled - quantity, most)
    exit.protects += max(min(order.filled, most) - before, 0)
    if exit.state == "waiting" and _held(state, exit):
        begin(exit, _unseen(state, exit.instrument), price)
        state.exits_due[exit.id] = None


def _unseen(state: State, instrument: str) -> int:
    """Return now, or just after the known mark where its feed's clock is ahead: no mark has been seen since."""
    known = state.marks.get(instrument)
    return state.at if known is None or known.at <= state.at else known.at + 1


def resize(state: State, exit: Exit) -> None:
    """Protect no more than is held; what shrank stays shrunk, unless the exit follows the whole position."""
    held = _held(state, exit)
    exit.protects = held if exit.follows else min(exit.protects, held)
    if exit.order not in state.orders:
        _end_if_spent(state, exit)
    elif not exit.protects and exit.state == "armed":
        exit.state, exit.leg, exit.price = "waiting", "", 0
        state.exits_due.pop(exit.id, None)


def _end_if_spent(state: State, exit: Exit) -> None:
    """An exit is over when it has nothing left to protect, or to close, that the venue would take."""
    if not exit.protects:
        end(state, exit, "closed" if exit.state == "triggered" else "flat")
    elif exit.state == "triggered" and not at_once(state.instruments[exit.instrument], exit.protects):
        end(state, exit, REMAINDER)


def moved(state: State, agent: str, connection: str, instrument: str) -> None:
    """Let the exits of a position follow whatever else moved it: a split, a correction."""
    for name in list(state.exits_at.get((agent, connection, instrument), ())):
        resize(state, state.exits[name])


def taken_back(state: State, order: Order, quantity: int) -> None:
    """Let the exits of a position follow a fill that was taken out of the book again."""
    closes, enters = state.exits.get(closed_by(order.intent.id)), state.exits.get(exit_id(order.id))
    if closes is not None and order.by_guard:
        closes.protects += quantity
    if enters is not None:
        enters.protects = max(enters.protects - quantity, 0)
    moved(state, order.agent, order.connection, order.instrument)


def over(state: State, order: Order) -> None:
    """The entry of a bracket can fill no more: with nothing left to protect its exit is over."""
    exit = state.exits.get(exit_id(order.id))
    if exit is None:
        return
    if exit.state == "waiting" and not order.filled:
        end(state, exit, "unfilled")
    else:
        _end_if_spent(state, exit)


def end(state: State, exit: Exit, why: str) -> None:
    """An exit is over; the first reason stands."""
    exit.why = exit.why or why
    state.exits_due[exit.id] = None


def _held(state: State, exit: Exit) -> int:
    """Return how much the agent holds of what the exit closes."""
    cell = state.cells.get((subject("agent", exit.agent), exit.connection, exit.instrument))
    return 0 if cell is None else max(exit.sign * cell.quantity, 0)


# -- what settlements do


def resolved(state: State, instrument: str, why: str = "resolved") -> None:
    """What is paid out, or expired, has no exits any more."""
    for name in state.exits_of.get(instrument, ()):
        end(state, state.exits[name], why)


def split(state: State, body: c.Split) -> None:
    """Count the exits of a share in new shares and new prices; extremes from before it are not theirs any more."""
    for name in list(state.exits_of.get(body.instrument, ())):
        exit = state.exits[name]
        exit.terms = _scaled(exit.terms, body)
        exit.extreme = max(exit.extreme * body.old // body.new, 1) if exit.extreme else 0
        exit.price = exit.price * body.old // body.new
        exit.earlier = None
        if exit.state == "armed":
            exit.armed_at = _unseen(state, body.instrument)
        exit.protects = exit.protects * body.new // body.old
        resize(state, exit)


def _scaled(terms: ExitTerms, body: c.Split) -> ExitTerms:
    legs = tuple(
        msgspec.structs.replace(
            leg,
            trigger=_price(leg.trigger, body),
            offset=_price(leg.offset, body),
            activation=_price(leg.activation, body),
        )
        for leg in terms.legs
    )
    quantity = terms.quantity
    if quantity is not None:
        quantity = Quantity(max(quantity * body.new // body.old, 1))
    return msgspec.structs.replace(terms, legs=legs, quantity=quantity)


def _price(price: Price | None, body: c.Split) -> Price | None:
    return None if price is None else Price(max(price * body.old // body.new, 1))


# -- events


def exit_set(state: State, command: Command, decision: e.Decision | None, event: e.ExitSet) -> None:
    """An exit entered the book, or an exit of the book has new terms."""
    body = command.body
    if isinstance(body, c.Submit):
        assert body.intent.exit is not None
        add(state, _made(event.exit, body.intent, body.intent.exit, body.client, command.at, order=event.order))
        return
    assert isinstance(body, c.SetExit)
    known = state.exits.get(event.exit)
    if known is not None:
        count_message(state, known.agent, known.client, command.at)
        _changed(state, known, body.terms)
        return
    count_message(state, body.agent, body.client, command.at)
    key = (body.agent, body.id)
    state.seen[key] = Seen(command.seq, event.exit, said(body))
    state.seen_at.append((command.at, key))
    exit = _made(event.exit, body, body.terms, body.client, command.at)
    add(state, exit)
    _settle(state, exit)


def _made(name: str, of: OrderIntent | c.SetExit, terms: ExitTerms, client: str, at: int, order: str = "") -> Exit:
    buys = isinstance(of, OrderIntent) and of.side == "sell"
    return Exit(
        id=name,
        agent=of.agent,
        client=client,
        connection=of.connection,
        instrument=of.instrument,
        side="buy" if buys else "sell",
        terms=terms,
        order=order,
        at=at,
    )


def _settle(state: State, exit: Exit) -> None:
    """Put an exit on a position as it stands: its side, its quantity, and the price from which it watches."""
    cell = state.cells[(subject("agent", exit.agent), exit.connection, exit.instrument)]
    exit.side = "sell" if cell.quantity > 0 else "buy"
    most = LARGEST if exit.terms.quantity is None else int(exit.terms.quantity)
    exit.protects = min(abs(cell.quantity), most)
    price = price_of(state, state.instruments[exit.instrument])
    assert price is not None
    begin(exit, _unseen(state, exit.instrument), price)


def _changed(state: State, exit: Exit, terms: ExitTerms) -> None:
    """Take new terms over; what trails already goes on from its best price."""
    held, old, exit.terms = _held(state, exit), exit.terms, terms
    if not exit.order:
        exit.protects = held if terms.quantity is None else min(held, int(terms.quantity))
    else:
        more = _covered(state, exit, terms) - _covered(state, exit, old)
        most = LARGEST if terms.quantity is None else int(terms.quantity)
        exit.protects = min(exit.protects + max(more, 0), held, most)
    if exit.state != "armed":
        return
    exit.terms = old
    stood, extreme = stop_of(exit), exit.extreme if exit.active else None
    known = state.marks.get(exit.instrument)
    earlier = stood if known is not None and exit.armed_at <= known.at else exit.earlier
    exit.terms = terms
    price = price_of(state, state.instruments[exit.instrument])
    assert price is not None
    begin(exit, _unseen(state, exit.instrument), price)
    exit.earlier = earlier
    if extreme is not None and terms.leg("trailing_stop") is not None:
        exit.active, exit.extreme = True, extreme


def _covered(state: State, exit: Exit, terms: ExitTerms) -> int:
    """Return how much of what its entry has filled a bracket covers on such terms; 0 where the entry is forgotten."""
    order = state.order(exit.order)
    filled = 0 if order is None else order.filled
    return filled if terms.quantity is None else min(filled, int(terms.quantity))


def price_of(state: State, instrument: Instrument) -> int | None:
    """Return the price that exits of an instrument look at, as last journalled; None where there is none."""
    mark = state.marks.get(instrument.name)
    sight = None if mark is None else seen(instrument, mark)
    return None if sight is None else sight.last


def exit_armed(state: State, command: Command, decision: e.Decision | None, event: e.ExitArmed) -> None:
    """The fill that armed it has done so already."""
    del state.exits_due[event.exit]


def exit_triggered(state: State, command: Command, decision: e.Decision | None, event: e.ExitTriggered) -> None:
    """From here on the guard closes it; what no venue takes in one order cannot be closed."""
    exit = state.exits[event.exit]
    exit.state = "triggered"
    del state.exits_due[event.exit]
    resize(state, exit)


def exit_ended(state: State, command: Command, decision: e.Decision | None, event: e.ExitEnded) -> None:
    """An exit leaves the book; a bracket is remembered for as long as its entry, which may still fill late."""
    state.exits_due.pop(event.exit, None)
    exit = state.exits.pop(event.exit)
    exit.why = event.why
    if isinstance(command.body, c.DropExit) and event.why == DROPPED:
        count_message(state, exit.agent, exit.client, command.at)
    for index, key in ((state.exits_of, exit.instrument), (state.exits_at, _place(exit))):
        rows: dict[Any, dict[str, None]] = index
        del rows[key][exit.id]
        if not rows[key]:
            del rows[key]
    if exit.instrument not in state.exits_of:
        state.expiries.pop(exit.instrument, None)
    if exit.order and state.order(exit.order) is not None:
        state.past_exits[exit.id] = exit


def add(state: State, exit: Exit) -> None:
    """Put an exit into the book and where marks and fills find it."""
    state.exits[exit.id] = exit
    state.exits_of.setdefault(exit.instrument, {})[exit.id] = None
    state.exits_at.setdefault(_place(exit), {})[exit.id] = None
    listed(state, exit.instrument)


def listed(state: State, instrument: str) -> None:
    """Note when the exits of an instrument end with it."""
    expires_at = state.instruments[instrument].expires_at
    if expires_at is not None and instrument in state.exits_of:
        state.expiries[instrument] = expires_at
    else:
        state.expiries.pop(instrument, None)


def _place(exit: Exit) -> tuple[str, str, str]:
    return (exit.agent, exit.connection, exit.instrument)


def said(body: c.SetExit) -> str:
    """Return what a new exit asks for, apart from its id."""
    return f"exit|{body.connection}|{body.instrument}|{body.client}|{terms_text(body.terms)}"
