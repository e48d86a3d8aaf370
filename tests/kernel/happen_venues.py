"""What venues do: reports, fills, busts, their own accounts and the want of them; and what people make of these."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import msgspec
from tests.kernel.desk import ANN, BOB, money, quantity
from tests.kernel.recount import ROUNDING, number, subjects_of
from tests.kernel.stage import AGENTS, CONNECTIONS, LOTS, Stage, connections, happens, instruments

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Tolerance
from remit.kernel.command import Command
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, Money, Price, Quantity
from remit.kernel.order import TERMINAL
from remit.kernel.snapshot import dump, load

shares = st.fractions(min_value=Fraction(1, 4), max_value=Fraction(1))
Place = tuple[str, str, str]


class VenueThings(Stage):
    """Everything that venues do to the book."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets: dict[Place, int] = {}
        """How much more than the book each venue truly holds, by connection, kind and item."""
        self.shown: dict[Place, int] = {}
        """The same when its account counted last."""
        self.strays: dict[str, set[str]] = {}
        """Orders that a venue works and the book does not."""

    @happens(12, when=lambda self: self.live(), data=st.data(), what=st.sampled_from([
        c.Sent, c.Acked, c.Acked, c.Acked, c.Rejected, c.Lost, c.Lost, c.Cancelled, c.Expired, c.CancelRefused,
        c.Replaced, c.ReplaceRefused, c.Withdrawn,
    ]))  # fmt: skip
    def report(self, data: Any, what: Any) -> None:
        order = self.pick(data)
        if order.state == "held":
            return
        more = {"code": "no"} if what in (c.Rejected, c.CancelRefused, c.ReplaceRefused) else {}
        more |= {"why": "no"} if what in (c.Lost, c.Withdrawn) else {}
        reserved = order.reserved
        self.do(what(order=order.id, **more))
        if order.state == "unknown":
            assert order.reserved == reserved, "an unknown order keeps its reservation"

    @happens(
        4, when=lambda self: self.live(), connection=connections, many=st.integers(1, 3), wait=st.sampled_from([0, 90])
    )
    def lose(self, connection: str, many: int, wait: int) -> None:
        """A link breaks: nobody knows what became of the latest requests."""
        live = [order for order in self.live() if order.connection == connection and order.state != "held"]
        for order in live[-many:]:
            self.do(c.Lost(order=order.id, why="timeout"))
        self.do(c.Tick(), after_ns=wait * 10**9)

    @happens(
        12,
        when=lambda self: self.live() or self.desk.state.finished,
        data=st.data(),
        part=shares,
        better=st.integers(0, 5),
        late=st.booleans(),
        over=st.sampled_from([False, False, False, False, True]),
    )
    def fill(self, data: Any, part: Fraction, better: int, late: bool, over: bool) -> None:
        state = self.desk.state
        finished = [order for order in state.finished.values() if order.state not in ("denied", "declined", "lapsed")]
        order = data.draw(st.sampled_from(finished)) if late and finished else self.pick(data) if self.live() else None
        if order is None or (order.state == "held" and not over):
            return
        lot = quantity(LOTS[order.instrument])
        left = max(order.remaining, lot)
        amount = max(int(left * part) // lot * lot, lot) + (lot if over and part == 1 else 0)
        tick = state.instruments[order.instrument].tick
        step = tick * better
        at = max(order.worst_price - step if order.side == "buy" else order.worst_price + step, tick)
        if order.side == "buy" and at < state.marks[order.instrument].last or order.state in TERMINAL or over:
            self.moved.update(subjects_of(order))
        was, asked = order.filled, max(order.quantity, order.pending[0] if order.pending else 0)
        fill = f"f{state.seq}"
        record = self.book_fill(
            c.Filled(order=order.id, fill=fill, quantity=Quantity(amount), price=Price(at), fee=money("0.25"))
        )
        assert order.filled == was + amount
        if order.filled > asked:
            assert any(isinstance(event, e.HaltRaised) and event.cause == "overfill" for event in record.events) or any(
                halt.cause == "overfill" for halt in state.halts.values()
            )

    @happens(2, when=lambda self: self.booked, data=st.data())
    def fill_again(self, data: Any) -> None:
        """E4: a fill that is told twice counts once, also one that was taken back; one of an order long forgotten
        halts, once."""
        self.do(c.Tick())
        body, before = data.draw(st.sampled_from(self.booked)), self.desk.image()
        known = self.desk.state.order(body.order) is not None or body in self.desk.state.strange
        self.do(body, after_ns=0)
        if known:
            assert self.desk.image() == before
        else:
            assert any(halt.rule == "unexpected_fill" for halt in self.desk.state.halts.values())

    @happens(3, when=lambda self: self.booked, data=st.data(), unheard=st.sampled_from([False, False, True]))
    def bust(self, data: Any, unheard: bool) -> None:
        """The venue takes a fill back: halted, told, and neither booked nor taken back again."""
        self.everyone_moved()
        body = data.draw(st.sampled_from(self.booked))
        fill = f"g{self.desk.state.seq}" if unheard else body.fill
        known = self.desk.state.order(body.order)
        record = self.do(c.Busted(order=body.order, fill=fill))
        halted = any(halt.rule == "busted_fill" for halt in self.desk.state.halts.values())
        assert halted or not any(isinstance(event, e.Reversed) for event in record.events)
        if known is not None:
            before = self.desk.image()
            self.do(c.Busted(order=body.order, fill=fill), after_ns=0)
            self.do(msgspec.structs.replace(body, fill=fill), after_ns=0)
            assert self.desk.image() == before

    @happens(3, when=lambda self: self.live(), data=st.data(), part=shares)
    def bust_at_once(self, data: Any, part: Fraction) -> None:
        """A fill that is taken back leaves the book as if it had not been."""
        order = self.pick(data)
        lot = quantity(LOTS[order.instrument])
        amount = Quantity(max(int(max(order.remaining, lot) * part) // lot * lot, lot))
        kernel = Kernel(load(dump(self.desk.state)))
        body = c.Filled(
            order=order.id, fill="brief", quantity=amount, price=Price(order.worst_price), fee=money("0.25")
        )
        before = _book(kernel.state)
        for step in (body, c.Busted(order=order.id, fill="brief")):
            kernel.step(Command(seq=kernel.state.seq + 1, at=self.desk.at, by=GUARD, body=step))
        after = _book(kernel.state)
        for table in ("quantities", "cash", "confirmed"):
            assert before[table] == after[table], (table, before[table], after[table])
        for of, pnl in before["pnl"].items():
            assert abs(number(after["pnl"][of] - pnl)) <= ROUNDING, of

    # -- rounds

    @happens(3, connection=connections)
    def reconcile(self, connection: str) -> None:
        """The venue shows exactly what the book holds."""
        for known in (self.offsets, self.shown):
            for place in [place for place in known if place[0] == connection]:
                del known[place]
        self.strays.pop(connection, None)
        self.desk.reconcile(connection)

    @happens(
        8,
        connection=connections,
        instrument=instruments,
        lots=st.sampled_from([0, 0, 1, -1, 3, -3, 40, -40]),
        cash=st.sampled_from([0, 0, 0, 1, 10**10, SCALE // 2, -3 * SCALE, 5000 * SCALE]),
        stray=st.sampled_from(["", "", "", "", "stray", "over"]),
        parts=st.sampled_from([1, 1, 1, 2, 3]),
        fault=st.sampled_from(["", "", "", "", "omit", "twice", "cut", "order", "stale"]),
    )
    def round(self, connection: str, instrument: str, lots: int, cash: int, stray: str, parts: int, fault: str) -> None:
        """A venue's own account, where something may have moved that the book knows nothing of."""
        state = self.desk.state
        self._shift((connection, "position", instrument), lots * quantity(LOTS[instrument]))
        self._shift((connection, "cash", "USD"), cash)
        if stray:
            over = [order.id for order in state.finished.values() if order.connection == connection]
            name = over[-1] if stray == "over" and over else "stray-1"
            self.strays.setdefault(connection, set()).add(name)
        shown, doubted = self._account(connection, parts, fault), state.doubted.get(connection, 0) > 0
        before = (_book(state), dict(state.drifts), dict(state.reconciled_at))
        for body in shown:
            record = self.do(body)
        silent = any(isinstance(event, e.Silent) for event in record.events)
        bad = fault == "twice" or fault in ("cut", "order") and parts > 1 or fault == "stale" and doubted
        assert silent == bad, "an account counts that is whole and was asked for since it was needed"
        if silent:
            assert (_book(state), dict(state.drifts), dict(state.reconciled_at)) == before, "no data is no account"
        else:
            self.shown = {place: offset for place, offset in self.shown.items() if place[0] != connection}
            self.shown |= {place: offset for place, offset in self.offsets.items() if place[0] == connection}

    def _shift(self, place: Place, by: int) -> None:
        self.offsets[place] = self.offsets.get(place, 0) + by
        if not self.offsets[place]:
            del self.offsets[place]

    def _account(self, connection: str, parts: int, fault: str) -> list[c.Reconciled]:
        """Return what a venue shows, in parts; `fault` says what is wrong with it."""
        state = self.desk.state
        held = {
            name: cell.quantity
            for (of, through, name), cell in state.cells.items()
            if of.startswith("account:") and through == connection
        }
        cash = {currency: held.amount for (of, currency), held in state.cash.items() if of == connection}
        for (of, kind, item), offset in self.offsets.items():
            if of == connection:
                table = held if kind == "position" else cash
                table[item] = table.get(item, 0) + offset
        positions = [c.Holding(name, Quantity(amount)) for name, amount in sorted(held.items()) if amount]
        orders = [
            order.id for order in state.orders.values() if order.connection == connection and order.state != "held"
        ]
        orders = [*orders[int(fault == "omit") :], *sorted(self.strays.get(connection, ()))]
        if fault == "twice":
            positions = [*positions, c.Holding("AAPL", Quantity(SCALE)), c.Holding("AAPL", Quantity(SCALE))]
        bodies = [
            c.Reconciled(
                connection=connection,
                positions=tuple(positions[part::parts]),
                cash=tuple((currency, Money(amount)) for currency, amount in sorted(cash.items())) if not part else (),
                orders=tuple(orders[part::parts]),
                part=part + 1,
                parts=parts,
                asked=0 if fault == "stale" else state.seq,
            )
            for part in range(parts)
        ]
        if fault == "cut" and parts > 1:
            return [*bodies[:-2], bodies[-1]] if parts > 2 else bodies[1:]
        return bodies[::-1][:1] if fault == "order" and parts > 1 else bodies

    @happens(3, connection=connections, rounds=st.integers(1, 3))
    def no_data(self, connection: str, rounds: int) -> None:
        """A round without an account is never a flat one; several in a row close openings."""
        for _ in range(rounds - 1):
            self.do(c.NoData(connection=connection, why="timeout"))
        state = self.desk.state
        before = (_book(state), dict(state.drifts), dict(state.reconciled_at))
        record = self.do(c.NoData(connection=connection, why="timeout"))
        assert (_book(state), dict(state.drifts), dict(state.reconciled_at)) == before
        assert not any(isinstance(event, e.HaltRaised) for event in record.events) or len(record.events) > 2

    @happens(
        6,
        when=lambda self: self.desk.state.drifts,
        data=st.data(),
        truth=st.sampled_from(["venue", "venue", "book"]),
        name=st.sampled_from(["", *sorted(AGENTS)]),
    )
    def adopt(self, data: Any, truth: Any, name: str) -> None:
        """A person decides; what the venue showed is clean afterwards."""
        state = self.desk.state
        connection = data.draw(st.sampled_from(sorted(state.drifts)))
        self.everyone_moved()
        record = self.do(c.Adopt(connection=connection, truth=truth, why="looked", agent=name), ANN)
        decided = []
        for event in record.events:
            if isinstance(event, e.Corrected):
                self._shift((connection, event.kind, event.item), -event.change)
                self.shown[connection, event.kind, event.item] = self.shown.get(
                    (connection, event.kind, event.item), 0
                ) - int(event.change)
            if isinstance(event, e.Corrected | e.Kept):
                decided.append((event.kind, event.item))
        if not decided:
            return
        kernel = Kernel(load(dump(state)))
        for body in self._account(connection, 1, ""):
            kernel.step(Command(seq=kernel.state.seq + 1, at=self.desk.at, by=GUARD, body=body))
        left = {(drift.kind, drift.item) for drift in kernel.state.drifts.get(connection, ())}
        for kind, item in decided:
            place = (connection, kind, item)
            same = kind == "order" or self.offsets.get(place, 0) == self.shown.get(place, 0)
            assert not same or (kind, item) not in left, (place, kernel.state.drifts)

    # -- people and the guard

    @happens(
        1,
        connection=connections,
        tolerance=st.builds(
            Tolerance,
            window_s=st.sampled_from([0, 5, 120]),
            rounds=st.integers(1, 3),
            floor=st.sampled_from([money("0"), money("1"), money("500")]),
            share_bps=st.sampled_from([10, 5000]),
            unknown_count_max=st.integers(0, 3),
            unknown_age_max_s=st.sampled_from([30, 300]),
            silent_rounds=st.integers(1, 3),
        ),
    )
    def set_tolerance(self, connection: str, tolerance: Tolerance) -> None:
        self.do(c.SetTolerance(connection=connection, tolerance=tolerance, why="test"), ANN)

    @happens(1, connection=connections, link_up=st.booleans(), by=st.sampled_from([ANN, BOB]))
    def link(self, connection: str, link_up: bool, by: Any) -> None:
        known = self.desk.state.venue_states[connection]
        self.do(c.SetVenueState(connection=connection, reconciled=known.reconciled, link_up=link_up))
        self.do(c.Ask(connection=connection), by)

    @happens(2, connection=connections, off=st.booleans(), code=st.sampled_from(["", "", "unencodable", "timeout"]))
    def of_a_whole(self, connection: str, off: bool, code: str) -> None:
        """What is said to a venue of a whole connection, and what it answers."""
        self.do(c.Arm(connection=connection, off=off))
        self.do(c.Answered(connection=connection, to="dead_man", code=code))
        killed = connection in _killed(self.desk.state)
        record = self.do(c.CancelAll(connection=connection))
        asked = any(isinstance(event, e.CancelAllAsked) for event in record.events)
        assert killed or not asked
        self.do(c.Answered(connection=connection, to="cancel_all", code=code))
        if killed and code in ("", "unencodable"):
            again = self.do(c.CancelAll(connection=connection))
            assert not any(isinstance(event, e.CancelAllAsked) for event in again.events)


def _killed(state: Any) -> set[str]:
    """Return the connections that a standing kill reaches."""
    found: set[str] = set()
    for halt in state.halts.values():
        scope, _, name = halt.subject.partition(":")
        for connection in state.connections.values() if halt.cause == "kill" else ():
            of = {"firm": "", "account": connection.account, "venue": connection.venue, "connection": connection.name}
            if of.get(scope) == name:
                found.add(connection.name)
    return found


def _book(state: Any) -> dict[str, Any]:
    """Return what the book holds: quantities, cash, what venues confirmed, profits."""
    return {
        "quantities": {key: cell.quantity for key, cell in state.cells.items() if cell.quantity},
        "cash": {key: cash.amount for key, cash in state.cash.items()},
        "confirmed": dict(state.confirmed),
        "pnl": {name: of.total.pnl for name, of in state.subjects.items()},
    }


__all__ = ["CONNECTIONS", "VenueThings"]
