"""The view of kills: how far each has come at every venue that it reaches."""

from __future__ import annotations

from typing import Any

from remit.guard.views.looking import Looking
from remit.kernel.halt import belongs, killed_connections, orders_of
from remit.kernel.names import split_subject, subject
from remit.kernel.order import Order
from remit.kernel.state import CancelAllFact, HaltFact, State

Rows = list[dict[str, Any]]


def kills(looking: Looking) -> Rows:
    """Every kill in force, latest first, one row per connection that it reaches.

    `asked` orders worked or were held when it came; of them so many are `over` and so many still `working`.
    `cancel_all` is what the venue made of being told to cancel everything there: `done`, `waiting`, `not told` (a kill
    of an agent, which shares its connections) or why it failed. With `flatten`, `open` positions are still to close.
    """
    state = looking.state
    found = [fact for fact in state.halts.values() if fact.cause == "kill" and looking.binds(fact.subject)]
    return [
        _row(state, fact, connection)
        for fact in sorted(found, key=lambda fact: (-fact.at, fact.id))
        for connection in _reached(state, fact)
        if looking.sees_connection(connection)
    ]


def _row(state: State, fact: HaltFact, connection: str) -> dict[str, Any]:
    told = state.cancel_alls.get(connection)
    working = [
        order for order in orders_of(state, fact.subject) if order.connection == connection and order.at <= fact.at
    ]
    over = [order for order in state.finished.values() if order.connection == connection and _ended_by(order, fact)]
    everything = connection in killed_connections(state, fact.subject)
    return {
        "halt": fact.id,
        "subject": fact.subject,
        "rule": fact.rule,
        "at": fact.at,
        "connection": connection,
        "venue": state.connections[connection].venue,
        "link_up": state.venue_states[connection].link_up,
        "asked": len(working) + len(over),
        "over": len(over),
        "working": len(working),
        "unknown": sum(1 for order in working if order.state == "unknown"),
        "cancel_all": _answer(told) if everything else "not told",
        "tries": told.tries if everything and told is not None else 0,
        "told_at": told.at if everything and told is not None else None,
        "answered_at": told.answered_at or None if everything and told is not None else None,
        "flatten": fact.flatten,
        "open": _open(state, fact, connection) if fact.flatten else 0,
    }


def _answer(told: CancelAllFact | None) -> str:
    if told is None or told.code is None:
        return "waiting"
    if told.code == "unencodable":
        return "the venue has no such request; each order is cancelled by itself"
    return f"failed: {told.code}; it is told again" if told.code else "done"


def _reached(state: State, fact: HaltFact) -> list[str]:
    """Return the connections a kill reaches: of an agent or client those it may use, or has orders on."""
    scope, name = split_subject(fact.subject)
    if scope not in ("agent", "client"):
        return killed_connections(state, fact.subject)
    agent = state.clients[name].agent if scope == "client" else name
    granted = {connection for who, connection in state.grants if who == agent}
    return sorted(granted | {order.connection for order in orders_of(state, fact.subject)})


def _ended_by(order: Order, fact: HaltFact) -> bool:
    """Whether a finished order was one that the kill found at work."""
    return order.at <= fact.at <= order.changed_at and belongs(order, *split_subject(fact.subject))


def _open(state: State, fact: HaltFact, connection: str) -> int:
    """Return how many positions the kill has still to close there."""
    scope, name = split_subject(fact.subject)
    return sum(
        1
        for (of, through, _), cell in state.cells.items()
        if through == connection and cell.quantity and split_subject(of)[0] == "agent"
        if scope not in ("agent", "client") or of == subject("agent", name)
    )
