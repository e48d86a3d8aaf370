"""Settlement: what a resolution, a split, a dividend or funding does to positions and cash."""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel.book import Cell
from remit.kernel.command import Command
from remit.kernel.names import split_subject
from remit.kernel.numbers import SCALE, Price
from remit.kernel.state import State


def resolve(state: State, command: Command, body: c.Resolve) -> None:
    """Pay a market's contracts out and close them; a disputed market only stops trading and keeps its exposure."""
    for name in state.markets.get(body.market, ()):
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
                _pay_cash(state, cell, payout * held)
                cell.sums[0].raise_high_water()


def split(state: State, command: Command, body: c.Split) -> None:
    """Multiply positions and divide prices; what a position is worth and has cost stays."""
    mark = state.marks.get(body.instrument)
    if mark is not None:
        scaled = {
            field: Price(max(int(getattr(mark, field)) * body.old // body.new, 1))
            for field in ("bid", "ask", "last", "close", "low", "high")
            if getattr(mark, field) is not None
        }
        state.marks[body.instrument] = msgspec.structs.replace(mark, **scaled)
    for cell in state.cells_of.get(body.instrument, ()):
        cell.quantity = cell.quantity * body.new // body.old
        if cell.confirmed is not None:
            cell.confirmed = cell.confirmed * body.new // body.old
        cell.price = cell.price * body.old // body.new
        cell.revalue()
    volume = state.volumes.get(body.instrument)
    if volume is not None:
        state.volumes[body.instrument] = volume * body.new // body.old


def dividend(state: State, command: Command, body: c.Dividend) -> None:
    """Pay longs and charge shorts so much per share."""
    _pay_holders(state, body.instrument, int(body.amount))


def funding(state: State, command: Command, body: c.Funding) -> None:
    """Charge longs and pay shorts so much per unit of the base; negative the other way round."""
    _pay_holders(state, body.instrument, -int(body.amount))


def _pay_holders(state: State, instrument: str, per_unit: int) -> None:
    for cell in state.cells_of.get(instrument, ()):
        if cell.quantity:
            cell.pay(per_unit * cell.quantity * cell.unit // SCALE**3)
            _pay_cash(state, cell, per_unit * cell.quantity)
            cell.sums[0].raise_high_water()


def _pay_cash(state: State, cell: Cell, amount: int) -> None:
    """Move the connection's cash once, with its account's stake; `amount` is price times quantity."""
    if split_subject(cell.subject)[0] == "account":
        instrument = state.instruments[cell.instrument]
        state.cash_of(cell.connection, instrument.currency).amount += amount * instrument.multiplier // SCALE**2
