"""The count at the end: all orders of the guard, and the venues' own truth, by hand and from nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from remit.kernel.names import SIGN
from remit.kernel.order import TERMINAL
from remit.kernel.state import State
from remit.kernel.sums import Sums
from remit.venues.paper.exchange import PaperExchange

RESERVING = ("working", "buys", "sells")
"""Sums that only reservations make."""
FORGOTTEN = ("finished", "finished_at", "fills", "seen", "seen_at", "same", "same_at", "past_exits", "strange")
"""Tables that are empty once what is over is old enough."""


def leaks(state: State, venues: Mapping[str, PaperExchange]) -> Iterator[str]:
    """Yield every reservation that is left although nothing works, and every difference from what the venues hold.

    `venues` is the exchange of each connection.
    """
    yield from _left(state)
    yield from _orders(state, venues)
    yield from _holdings(state, venues)


def _left(state: State) -> Iterator[str]:
    for order in state.orders.values():
        yield f"order {order.id} is {order.state} and reserves {order.reserved}"
    for (connection, currency), cash in state.cash.items():
        if cash.reserved:
            yield f"{cash.reserved} {currency} of {connection} are reserved for nothing"
    for name, subject in state.subjects.items():
        for where, sums in [("in all", subject.total), *((str(key), one) for key, one in subject.groups.items())]:
            yield from (f"{name} {where}: {field} is {value}, and nothing works" for field, value in _reserved(sums))
    for key, cell in state.cells.items():
        left = (cell.buy_quantity, cell.buy_notional, cell.sell_quantity, cell.sell_notional, cell.orders)
        if any(left):
            yield f"the cell {key} reserves {left}, and nothing works"
    for table in ("unknown", "orders_of", "crossings"):
        for key, held in getattr(state, table).items():
            if held:
                yield f"{table} of {key} has {len(held)} left"


def _reserved(sums: Sums) -> Iterator[tuple[str, int]]:
    return ((field, value) for field in RESERVING if (value := getattr(sums, field)))


def _orders(state: State, venues: Mapping[str, PaperExchange]) -> Iterator[str]:
    """Every order at a venue is over, was permitted, and filled as far as the book says."""
    known = {(order.connection, order.id): order for order in state.finished.values()}
    for order in state.finished.values():
        if order.state not in TERMINAL:
            yield f"order {order.id} counts as finished and is {order.state}"
    for exchange in dict.fromkeys(venues.values()):
        for (connection, name), there in exchange.floor.orders.items():
            here = known.get((connection, name))
            if there.is_open:
                yield f"{connection}: order {name} works at the venue"
            if here is None:
                yield f"{connection}: the venue has an order {name} that the guard does not know"
            elif here.filled != there.filled:
                yield f"{connection}: order {name} filled {there.filled} at the venue, {here.filled} in the book"
    for (connection, name), here in known.items():
        if here.filled and (connection, name) not in venues[connection].floor.orders:
            yield f"{connection}: order {name} filled {here.filled}, and its venue never saw it"


def _holdings(state: State, venues: Mapping[str, PaperExchange]) -> Iterator[str]:
    """Positions, added up from the orders alone, and cash are what the venues hold."""
    counted: dict[tuple[str, str], int] = defaultdict(int)
    booked: dict[tuple[str, str], int] = defaultdict(int)
    for order in state.finished.values():
        counted[order.connection, order.instrument] += SIGN[order.side] * order.filled
    for (of, connection, instrument), cell in state.cells.items():
        if of.startswith("agent:"):
            booked[connection, instrument] += cell.quantity
    for connection, exchange in venues.items():
        for instrument in state.instruments:
            there = exchange.floor.accounts.position(connection, instrument)
            here = (counted[connection, instrument], booked[connection, instrument])
            if here != (there, there):
                yield f"{connection} holds {there} {instrument}; orders add up to {here[0]}, agents hold {here[1]}"
        for currency, amount in exchange.floor.accounts.cash[connection].items():
            if (cash := state.cash.get((connection, currency))) is None or cash.amount != amount:
                yield f"{connection} has {amount} {currency}, the book says {None if cash is None else cash.amount}"
