"""Flattening: the closing orders that a kill asks the guard to send, once nothing of the subject works any more."""

from __future__ import annotations

from remit.kernel.exit import FLATTENING, at_once
from remit.kernel.halt import killed_connections, orders_of
from remit.kernel.names import split_subject
from remit.kernel.numbers import Quantity
from remit.kernel.order import OrderIntent
from remit.kernel.state import State


def closing(state: State, halt: str) -> tuple[OrderIntent, ...] | None:
    """Return one reducing market order per position of a halted subject; none when it is flat.

    None while the halt does not ask for it, or orders of the subject still work: they could fill meanwhile.
    """
    fact = state.halts.get(halt)
    if fact is None or not fact.flatten or any(True for _ in orders_of(state, fact.subject)):
        return None
    scope, name = split_subject(fact.subject)
    connections = killed_connections(state, fact.subject)
    found: list[OrderIntent] = []
    for (of, connection, instrument), cell in sorted(state.cells.items()):
        cell_scope, agent = split_subject(of)
        quantity = at_once(state.instruments[instrument], abs(cell.quantity))
        reached = agent == name if scope == "agent" else connection in connections
        if cell_scope != "agent" or not quantity or not reached:
            continue
        found.append(
            OrderIntent(
                id=f"{FLATTENING}{halt}-{state.seq}-{len(found)}",
                agent=agent,
                connection=connection,
                instrument=instrument,
                side="sell" if cell.quantity > 0 else "buy",
                quantity=Quantity(quantity),
                created_at=state.at,
                type="market",
                time_in_force="ioc",
                reduce="clip",
            )
        )
    return tuple(found)
