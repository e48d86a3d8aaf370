"""What must hold of exits after every command, told from positions, orders and marks alone."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

from tests.kernel.recount import number

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.exits import closing
from remit.kernel.halt import CANCELS_MAX
from remit.kernel.names import SIGN, Principal

STOPS = ("stop_loss", "trailing_stop")


def stops_of(exit: Any) -> dict[str, Fraction]:
    """Return the level of each stop of an exit that stands."""
    found = {}
    for leg in exit.terms.legs:
        if leg.kind == "stop_loss":
            found[leg.kind] = number(leg.trigger)
        elif leg.kind == "trailing_stop" and exit.active:
            away = number(leg.offset) if leg.offset is not None else number(exit.extreme) * leg.offset_bps / 10_000
            found[leg.kind] = number(exit.extreme) - exit.sign * away
    return found


def held_by(state: Any, of: str, connection: str, instrument: str, side: str) -> int:
    """Return how much a subject holds that an order of this side would close."""
    cell = state.cells.get((of, connection, instrument))
    return 0 if cell is None else max(-SIGN[side] * cell.quantity, 0)


def taken_by(state: Any, of: str, connection: str, instrument: str, side: str, without: str = "") -> int:
    """Return how much orders of a subject on this side reserve already, working, held and unknown."""
    return sum(
        order.reserved
        for order in state.orders.values()
        if (order.connection, order.instrument, order.side) == (connection, instrument, side)
        and of in (f"agent:{order.agent}", f"account:{order.account}")
        and order.id != without
    )


def closable(state: Any, agent: str, connection: str, instrument: str, side: str, without: str = "") -> int:
    """Return how much an order may close: of the agent's, of the connection's and of the venue's position, each less
    everything that works on that side."""
    account = f"account:{state.agents[agent].account}"
    place = (connection, instrument, side)
    free = [
        held_by(state, of, *place) - taken_by(state, of, *place, without=without) for of in (f"agent:{agent}", account)
    ]
    if (connection, instrument) in state.confirmed:
        shown = -SIGN[side] * state.confirmed[(connection, instrument)]
        free.append(shown - taken_by(state, account, *place, without=without))
    return max(min(free), 0)


def closes(state: Any, name: str, exit: Any) -> bool:
    """Whether an order is one that the guard sent to close an exit."""
    order = state.order(name)
    return order is not None and order.intent.id.startswith(f"exit-{exit.id}-")


class ExitWatch:
    """Looks at exits before and after a command."""

    def before(self, state: Any, body: Any, by: Principal) -> None:
        self.exits = {name: copy.copy(exit) for name, exit in state.exits.items()}
        self.marks = dict(state.marks)

    def after(self, state: Any, record: Record) -> None:
        for exit in state.exits.values():
            self._stands(state, exit, len(record.events) >= CANCELS_MAX)
        self._check_indices(state)
        self._check_triggers(state, record)
        for name, old in self.exits.items():
            if name not in state.exits:
                self._ended(state, record, old)
            elif not isinstance(record.command.body, c.Split):
                self._not_loosened(state, record, old, state.exits[name])
        self._check_closing(record)

    def _stands(self, state: Any, exit: Any, full: bool) -> None:
        """No exit outlives its position by a step."""
        held = held_by(state, f"agent:{exit.agent}", exit.connection, exit.instrument, exit.side)
        waits = exit.order in state.orders
        if exit.id in state.exits_due:
            assert full, ("what happened to an exit is told at once", exit)
        elif exit.state == "waiting":
            assert waits and not exit.protects
        elif exit.state == "armed":
            assert 0 < exit.protects <= held, exit
        else:
            assert exit.protects <= held and (exit.protects or waits), exit
        if exit.state != "waiting" and exit.follows:
            assert exit.protects == held
        self._closes(state, exit)

    def _closes(self, state: Any, exit: Any) -> None:
        """A triggered exit yields an order for all that can be closed, and no more."""
        intent = closing(state, exit.id)
        if exit.state != "triggered" or exit.closer in state.orders:
            assert intent is None
            return
        lot = state.instruments[exit.instrument].lot
        free = min(exit.protects, closable(state, exit.agent, exit.connection, exit.instrument, exit.side))
        if state.trading.get(exit.instrument, "trading") != "trading" or not free // lot:
            assert intent is None
            return
        assert intent is not None and intent.quantity == free // lot * lot and intent.side == exit.side

    def _check_indices(self, state: Any) -> None:
        of, at = {}, {}
        for exit in state.exits.values():
            of.setdefault(exit.instrument, []).append(exit.id)
            at.setdefault((exit.agent, exit.connection, exit.instrument), []).append(exit.id)
        assert {key: sorted(rows) for key, rows in state.exits_of.items()} == {key: sorted(of[key]) for key in of}
        assert {key: sorted(rows) for key, rows in state.exits_at.items()} == {key: sorted(at[key]) for key in at}

    def _not_loosened(self, state: Any, record: Record, old: Any, new: Any) -> None:
        """A stop never loosens but by a person's command."""
        body = record.command.body
        if isinstance(body, c.SetExit) and body.id == old.id and record.command.by.is_person:
            return
        if not (isinstance(body, c.SetExit) and body.id == old.id):
            assert new.terms == old.terms
        if old.state == "triggered":
            grows = isinstance(body, c.Filled) and body.order == old.order  # its entry fills on
            grows = grows or isinstance(body, c.Busted) and closes(state, body.order, old)
            assert new.state == "triggered" and (new.protects <= old.protects or grows or new.follows)
            return
        if old.terms.quantity is None:
            assert new.terms.quantity is None or not old.terms.stops
        for leg in old.terms.legs:
            assert leg.kind not in STOPS or new.terms.leg(leg.kind) is not None
        if (old.state, new.state) != ("armed", "armed"):
            return
        after = stops_of(new)
        for kind, level in stops_of(old).items():
            assert new.sign * (after[kind] - level) >= 0, (kind, level, after)
        held = held_by(state, f"agent:{new.agent}", new.connection, new.instrument, new.side)
        taken = isinstance(body, c.Busted) and body.order == old.order
        if old.terms.stops and not taken:
            assert new.protects >= min(old.protects, held)

    def _ended(self, state: Any, record: Record, old: Any) -> None:
        """An exit ends with its position, by a person, or where nothing bounds a loss."""
        body, by = record.command.body, record.command.by
        (why,) = {found.why for found in record.events if isinstance(found, e.ExitEnded) and found.exit == old.id}
        held = held_by(state, f"agent:{old.agent}", old.connection, old.instrument, old.side)
        taken = isinstance(body, c.Busted) and body.order == old.order
        if why == "dropped":
            assert isinstance(body, c.DropExit) and (by.is_person or not old.terms.stops and old.state != "triggered")
        elif why == "closed":
            closed = isinstance(body, c.Filled) and body.quantity >= old.protects
            closed = closed and closes(state, body.order, old)
            assert old.state == "triggered" and (not held or closed or taken or not old.protects), (old, held)
        elif why == "flat":
            assert not held or not old.protects or taken, (old, held)
        elif why == "unfilled":
            assert old.state == "waiting" and not state.order(old.order).filled
        elif why == "remainder":
            assert held < state.instruments[old.instrument].lot or old.protects < state.instruments[old.instrument].lot
        else:
            assert why == "resolved" and state.trading[old.instrument] == "resolved", why

    def _check_triggers(self, state: Any, record: Record) -> None:
        """What a mark touches triggers at once, and nothing else does."""
        triggered = {found.exit: found for found in record.events if isinstance(found, e.ExitTriggered)}
        for name, old in self.exits.items():
            mark, known = state.marks.get(old.instrument), self.marks.get(old.instrument)
            moved = mark is not known and not isinstance(record.command.body, c.Split)
            unfit = state.unfit.get(old.instrument)
            watched = unfit is None or unfit.reason == "jump"  # two sources disagree: the one that goes on counts
            if not moved or not watched or old.state != "armed":
                assert name not in triggered, (name, old)
                continue
            low, high, last = seen(state.instruments[old.instrument], mark)
            if last is None:
                assert name not in triggered
                continue
            worst, best = (low, high) if old.sign > 0 else (high, low)
            if name in triggered:
                price = triggered[name].price
                touched = best - price if triggered[name].leg == "take_profit" else price - worst
                assert old.sign * touched >= 0, (old, mark, triggered[name])
            else:
                target = old.terms.leg("take_profit")
                assert all(old.sign * (number(last) - level) > 0 for level in stops_of(old).values()), (old, mark)
                assert target is None or old.sign * (last - target.trigger) < 0, (old, mark)
        assert triggered.keys() <= self.exits.keys()

    def _check_closing(self, record: Record) -> None:
        """What the guard sends to close never opens anything."""
        body, decision = record.command.body, record.decision
        if isinstance(body, c.Submit) and body.intent.id.startswith(("exit-", "flatten-")) and decision is not None:
            if record.command.by.role == "guard":
                assert decision.verdict == "deny" or decision.reducing == decision.quantity
            else:
                assert decision.verdict == "deny"


def seen(instrument: Any, mark: Any) -> tuple[Any, Any, Any]:
    """Return the lowest, highest and last price that an instrument's exits look at; None where there is none."""
    if instrument.exits_on == "mark":
        return mark.fair, mark.fair, mark.fair
    low = mark.last if mark.low is None else min(mark.low, mark.last)
    return low, mark.last if mark.high is None else max(mark.high, mark.last), mark.last
