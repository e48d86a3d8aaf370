"""Settlement: what a fill, a resolution, a split, a dividend or funding does to positions and cash."""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel import fold_exits
from remit.kernel.book import Cell
from remit.kernel.command import Command
from remit.kernel.drift import Kind
from remit.kernel.names import SIGN, split_subject
from remit.kernel.numbers import DAY_NS, SCALE, Price, notional_ceil, notional_floor
from remit.kernel.order import Order
from remit.kernel.state import State


def resolve(state: State, command: Command, body: c.Resolve) -> None:
    """Pay a market's contracts out and close them; a disputed market only stops trading and keeps its exposure."""
    paid: list[Cell] = []
    for name in state.markets[body.market]:
        if body.outcome == "disputed":
            state.trading[name] = "disputed"
            continue
        state.trading[name] = "resolved"
        payout = SCALE if body.outcome == state.instruments[name].outcome else 0
        if body.outcome == "void":
            payout = 0 if body.void_price is None else int(body.void_price)
        for cell in state.cells_of.get(name, ()):
            held = cell.quantity
            if held:
                cell.fill(-1 if held > 0 else 1, abs(held), payout, 0)
                _note_quantity(state, cell, -held)
                _pay_cash(state, cell, payout * held)
                paid.append(cell)
        for key in state.confirmed:
            if key[1] == name:
                state.confirmed[key] = 0
        fold_exits.resolved(state, name)
        for kept in [key for key in state.kept if key[1:] == ("position", name)]:
            del state.kept[kept]
    _raise_high_waters(paid)


def split(state: State, command: Command, body: c.Split) -> None:
    """Multiply positions and divide prices; what a position is worth and has cost stays.

    Each agent's position is cut to what can be expressed; its account and the firm hold exactly the sum of their
    agents.
    """
    mark = state.marks.get(body.instrument)
    if mark is not None:
        scaled = {
            field: Price(max(int(getattr(mark, field)) * body.old // body.new, 1))
            for field in ("bid", "ask", "last", "close", "low", "high", "fair")
            if getattr(mark, field) is not None
        }
        mark = state.marks[body.instrument] = msgspec.structs.replace(mark, **scaled)
    cells = state.cells_of.get(body.instrument, [])
    sums: dict[str, int] = {}
    for cell in cells:
        scope, _ = split_subject(cell.subject)
        if scope in ("agent", "client"):
            cell.quantity = _scaled(cell.quantity, body)
        if scope == "agent":
            sums[cell.connection] = sums.get(cell.connection, 0) + cell.quantity
    for cell in cells:
        if split_subject(cell.subject)[0] in ("firm", "account"):
            _note_quantity(state, cell, sums.get(cell.connection, 0) - cell.quantity)
            cell.quantity = sums.get(cell.connection, 0)
        cell.price = cell.price * body.old // body.new if mark is None else int(mark.last)
        cell.revalue()
    _scale_facts(state, body)
    fold_exits.split(state, body)
    _raise_high_waters(cells)


def _scale_facts(state: State, body: c.Split) -> None:
    """Count what is known in shares in the new ones."""
    name = body.instrument
    for key, quantity in state.confirmed.items():
        if key[1] == name:
            state.confirmed[key] = _scaled(quantity, body)
    for kept, quantity in state.kept.items():
        if kept[1:] == ("position", name):
            state.kept[kept] = _scaled(quantity, body)
    for place, (located, until) in state.locates.items():
        if place[1] == name:
            state.locates[place] = (_scaled(located, body), until)
    volume = state.volumes.get(name)
    if volume is not None:
        state.volumes[name] = _scaled(volume, body)
    for told, fill in state.fills.items():  # one that is taken back yet goes in new shares
        order = state.order(fill.order)
        if order is not None and order.instrument == name:
            price = fill.price * body.old // body.new
            state.fills[told] = msgspec.structs.replace(fill, quantity=_scaled(fill.quantity, body), price=price)


def _scaled(quantity: int, body: c.Split) -> int:
    """Return a quantity in new shares, cut towards zero."""
    new = abs(quantity) * body.new // body.old
    return new if quantity > 0 else -new


def dividend(state: State, command: Command, body: c.Dividend) -> None:
    """Pay longs and charge shorts so much per share."""
    _pay_holders(state, body.instrument, int(body.amount))


def funding(state: State, command: Command, body: c.Funding) -> None:
    """Charge longs and pay shorts so much per unit of the base; negative the other way round."""
    _pay_holders(state, body.instrument, -int(body.amount))


def _pay_holders(state: State, instrument: str, per_unit: int) -> None:
    paid = [cell for cell in state.cells_of.get(instrument, ()) if cell.quantity]
    for cell in paid:
        cell.pay(per_unit * cell.quantity * cell.unit // SCALE**3)
        _pay_cash(state, cell, per_unit * cell.quantity)
    _raise_high_waters(paid)


def settle_fill(
    state: State, order: Order, price: int, quantity: int, fee: int, profit: int, *, back: bool = False
) -> None:
    """Move the connection's cash and the position its venue confirmed by a fill, or `back` where it was taken back.

    What is owned moves cash in full, a perpetual by the `profit` that closes, signed already.
    """
    direction, instrument = -1 if back else 1, state.instruments[order.instrument]
    key = (order.connection, order.instrument)
    if key in state.confirmed:
        state.confirmed[key] += direction * SIGN[order.side] * quantity
    cash = state.cash_of(order.connection, instrument.currency)
    unit = instrument.multiplier * SCALE
    if instrument.kind == "perpetual":
        cash.amount += profit * instrument.multiplier // SCALE**2
    elif order.side == "buy":
        cash.amount -= direction * notional_ceil(price, quantity, unit)
    else:
        cash.amount += direction * notional_floor(price, quantity, unit)
    cash.amount -= direction * fee


def _raise_high_waters(cells: list[Cell]) -> None:
    """Look at profits only when everything has settled: between two legs of one settlement they mean nothing."""
    for cell in cells:
        cell.sums[0].raise_high_water()


def _pay_cash(state: State, cell: Cell, amount: int) -> None:
    """Move the connection's cash once, with its account's stake; `amount` is price times quantity."""
    if split_subject(cell.subject)[0] == "account":
        instrument = state.instruments[cell.instrument]
        change = amount * instrument.multiplier // SCALE**2
        state.cash_of(cell.connection, instrument.currency).amount += change
        note_settled(state, cell.connection, "cash", instrument.currency, change)


def _note_quantity(state: State, cell: Cell, change: int) -> None:
    if split_subject(cell.subject)[0] == "account":
        note_settled(state, cell.connection, "position", cell.instrument, change)


def note_settled(state: State, connection: str, kind: Kind, item: str, change: int) -> None:
    """Remember for a while that the book moved without a fill: a venue may do the same a little later."""
    if not change:
        return  # of an empty stake, which judging makes and a replay does not
    while state.settled and state.settled[0][0] < state.at - DAY_NS:
        state.settled.popleft()
    state.settled.append((state.at, connection, kind, item, change))
