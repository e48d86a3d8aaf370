"""What must hold of what venues show, of marks, and of orders nobody knows of; told from records alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.kernel.recount import ROUNDING, number
from tests.kernel.watch_exits import closable

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Tolerance
from remit.kernel.event import Record
from remit.kernel.names import SIGN, Principal
from remit.kernel.numbers import NANOSECONDS, SCALE


def let_out(record: Record) -> list[str]:
    """Return the orders that a record let out, or gave wider terms."""
    return [
        found.order
        for found in record.events
        if isinstance(found, e.Released | e.ReplaceAsked)
        or (isinstance(found, e.Reserved) and found.state == "allowed")
    ]


class VenueWatch:
    """Remembers what each venue showed last, what people kept, which connections are ready and which orders unknown."""

    def __init__(self, state: Any) -> None:
        self.ready = {name for name, known in state.venue_states.items() if known.reconciled}
        self.confirmed: dict[tuple[str, str], int] = dict(state.confirmed)
        self.kept: dict[tuple[str, str, str], int] = {}
        self.silent: dict[str, int] = {}
        self.parts: dict[str, Shown] = {}
        self.booked: dict[tuple[str, str], int] = {}
        """What each fill moved, by its order and its id."""
        self.unknown: dict[str, int] = {}

    def before(self, state: Any, body: Any, by: Principal) -> None:
        self.pnl = {name: of.total.pnl for name, of in state.subjects.items()}
        self.equity = {name: of.total.equity for name, of in state.subjects.items()}
        self.open_profit = {name: open_profit(state, name) for name in state.subjects}

    def after(self, state: Any, record: Record) -> None:
        self._check_reducing(state, record)
        for event in record.events:
            self._note(state, record.command.body, event)
        for name in let_out(record):
            order = state.order(name)
            assert not order.opening or order.connection in self.ready, "nothing opens before a clean round"
        assert self.confirmed == state.confirmed
        assert self.kept == state.kept
        assert self.ready == {name for name, known in state.venue_states.items() if known.reconciled}
        self._check_corrected(state, record)
        self._check_resumed(state, record)
        self._check_unknown(state)

    # -- following

    def _note(self, state: Any, body: Any, event: Any) -> None:
        if isinstance(event, e.Took | e.Drifted) and isinstance(body, c.Reconciled):
            shown = self.parts.pop(body.connection, Shown()) if body.part > 1 else Shown()
            shown = shown.more(body)
            if body.part < body.parts:
                self.parts[body.connection] = shown
            else:
                self._take(state, body.connection, shown, event)
        elif isinstance(event, e.Took) and isinstance(body, c.KernelStarted | c.Woke):
            self.ready.clear()
        elif isinstance(event, e.Silent):
            self.parts.pop(event.connection, None)
            self.silent[event.connection] = self.silent.get(event.connection, 0) + 1
            if self.silent[event.connection] >= state.tolerances.get(event.connection, Tolerance()).silent_rounds:
                self.ready.discard(event.connection)
        elif isinstance(event, e.Kept):
            key = (event.connection, event.kind, event.item)
            self.kept[key] = self.kept.get(key, 0) + event.difference
            if event.kind == "position":
                self.confirmed[key[0], key[2]] -= event.difference
        elif isinstance(event, e.Corrected):
            kept = self.kept.pop((event.connection, event.kind, event.item), 0)
            if event.kind == "position" and (event.connection, event.item) in self.confirmed:
                self.confirmed[event.connection, event.item] += kept
        elif isinstance(event, e.Booked):
            order = state.order(event.order)
            self.booked[order.id, event.fill] = event.quantity
            self._move(order, event.quantity)
        elif isinstance(event, e.Reversed):
            order = state.order(event.order)
            self._move(order, -self.booked.pop((order.id, event.fill), 0))
        elif isinstance(event, e.Took):
            self._settle(state, body)

    def _take(self, state: Any, connection: str, shown: Shown, event: Any) -> None:
        """An account counts: what differs is told item by item, and what does not makes the connection ready."""
        book = {
            name: cell.quantity
            for (of, through, name), cell in state.cells.items()
            if through == connection and of.startswith("account:") and cell.quantity
        }
        cash = {currency: held.amount for (of, currency), held in state.cash.items() if of == connection}
        for (of, kind, item), _ in list(self.kept.items()):
            there, here = (shown.positions, book) if kind == "position" else (shown.cash, cash)
            back = item not in shown.orders if kind == "order" else there.get(item, 0) == here.get(item, 0)
            if of == connection and back:
                del self.kept[of, kind, item]
        for key in [key for key in self.confirmed if key[0] == connection]:
            del self.confirmed[key]
        for name in {*book, *shown.positions}:
            kept = self.kept.get((connection, "position", name), 0)
            self.confirmed[connection, name] = shown.positions.get(name, 0) - kept
        drifts = event.drifts if isinstance(event, e.Drifted) else ()
        self._check_drifts(state, connection, shown, drifts, book, cash)
        large = [drift for drift in drifts if drift.bucket == "large"]
        window_ns = state.tolerances.get(connection, Tolerance()).window_s * NANOSECONDS
        late = [drift for drift in drifts if drift.bucket == "in_transit" and state.at - drift.since >= 5 * window_ns]
        (self.ready.discard if large or late else self.ready.add)(connection)
        self.silent.pop(connection, None)
        halts = [state.halts[name] for name in state.halted.get(f"connection:{connection}", ())]
        assert not large or any((halt.cause, halt.rule) == ("drift", "reconcile") for halt in halts)

    def _check_drifts(
        self, state: Any, connection: str, shown: Shown, drifts: Any, book: dict[str, int], cash: dict[str, int]
    ) -> None:
        expected = set()
        for kind, there, here in (("position", shown.positions, book), ("cash", shown.cash, cash)):
            slack = 0 if kind == "position" else 10**9
            for item in {*there, *here, *(key[2] for key in self.kept if key[:2] == (connection, kind))}:
                now, held = there.get(item, 0), here.get(item, 0)
                kept = self.kept.get((connection, kind, item), 0)
                if min(abs(now - held), abs(now - held - kept)) > slack:
                    expected.add((kind, item))
        for name in shown.orders:
            live = state.orders.get(name)
            ours = live is not None and live.state != "held" and live.connection == connection
            if not ours and (connection, "order", name) not in self.kept:
                expected.add(("order", name))
        assert {(drift.kind, drift.item) for drift in drifts} == expected, (drifts, expected)

    def _move(self, order: Any, quantity: int) -> None:
        key = (order.connection, order.instrument)
        if key in self.confirmed:
            self.confirmed[key] += SIGN[order.side] * quantity

    def _settle(self, state: Any, body: Any) -> None:
        if isinstance(body, c.SetVenueState):
            (self.ready.add if body.reconciled else self.ready.discard)(body.connection)
        elif isinstance(body, c.Split):
            for key, quantity in self.booked.items():
                order = state.order(key[0])
                if order is not None and order.instrument == body.instrument:
                    self.booked[key] = quantity * body.new // body.old
            for known in (self.confirmed, self.kept):
                for key, quantity in known.items():
                    if key[-1] == body.instrument:
                        known[key] = (1 if quantity > 0 else -1) * (abs(quantity) * body.new // body.old)
        elif isinstance(body, c.Resolve) and body.outcome != "disputed":
            for name in state.markets[body.market]:
                self.confirmed |= {key: 0 for key in self.confirmed if key[1] == name}
                self.kept = {key: kept for key, kept in self.kept.items() if key[1:] != ("position", name)}

    # -- checking

    def _check_reducing(self, state: Any, record: Record) -> None:
        """What passes as a reduction is within the agent's, the book's and the venue's position less what was kept."""
        decision, body = record.decision, record.command.body
        if decision is None or decision.verdict == "deny" or not decision.reducing or isinstance(body, c.Replace):
            return
        order = state.order(decision.order)
        free = closable(state, order.agent, order.connection, order.instrument, order.side, without=order.id)
        assert decision.reducing <= free, (decision.reducing, free)

    def _check_corrected(self, state: Any, record: Record) -> None:
        """Adopting moves no profit; equity moves by what a position given in kind is worth, and by the cash."""
        corrected = [found for found in record.events if isinstance(found, e.Corrected)]
        if not corrected:
            return
        for name, of in state.subjects.items():
            assert of.total.pnl == self.pnl[name], name
            change = number(of.total.equity - self.equity[name]) - (open_profit(state, name) - self.open_profit[name])
            for found in corrected:
                account = f"account:{state.connections[found.connection].account}"
                concerned = name in ("firm", account, *([f"agent:{found.agent}"] if found.kind == "position" else ()))
                currency, worth = found.item, number(found.change)
                if found.kind == "position":
                    instrument = state.instruments[found.item]
                    currency, paid = instrument.currency, instrument.kind != "perpetual"
                    worth *= paid * number(state.marks[found.item].last) * number(instrument.multiplier)
                if concerned:
                    change -= worth * number(state.rate(currency, of.currency))
            assert abs(change) <= ROUNDING, (name, float(change))

    def _check_resumed(self, state: Any, record: Record) -> None:
        """A halt for drift does not end while the last round shows a large difference."""
        body = record.command.body
        if isinstance(body, c.Resume) and any(isinstance(found, e.Took) for found in record.events):
            for name in state.connections:
                large = [drift for drift in state.drifts.get(name, ()) if drift.bucket == "large"]
                halts = [state.halts[halt].cause for halt in state.halted.get(f"connection:{name}", ())]
                assert not large or "drift" in halts

    def _check_unknown(self, state: Any) -> None:
        """Too many orders of unknown outcome, or one for too long, halt their connection."""
        kept = ("unknown", "pending_cancel")
        self.unknown = {
            name: since
            for name, since in self.unknown.items()
            if name in state.orders and state.orders[name].state in kept
        }
        counts: dict[str, int] = {}
        for order in state.orders.values():
            if order.state == "unknown":
                since = self.unknown.setdefault(order.id, state.at)
                counts[order.connection] = counts.get(order.connection, 0) + 1
                age_s = state.tolerances.get(order.connection, Tolerance()).unknown_age_max_s
                if state.at - since >= age_s * NANOSECONDS:
                    assert "unknown_age_max" in _rules(state, order.connection)
        for connection, count in counts.items():
            if count > state.tolerances.get(connection, Tolerance()).unknown_count_max:
                assert "unknown_count_max" in _rules(state, connection)


class Shown:
    """One account of a venue, as far as its parts have come."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self.cash: dict[str, int] = {}
        self.orders: set[str] = set()

    def more(self, body: c.Reconciled) -> Shown:
        self.positions |= {holding.instrument: int(holding.quantity) for holding in body.positions}
        self.cash |= {currency: int(amount) for currency, amount in body.cash}
        self.orders |= set(body.orders)
        return self


def open_profit(state: Any, of: str) -> Fraction:
    """Return what open perpetuals have gained: all that they are worth to their holder."""
    total = Fraction(0)
    for (whom, _, name), cell in state.cells.items():
        instrument = state.instruments[name]
        if whom == of and instrument.kind == "perpetual" and cell.quantity:
            entry = (1 if cell.quantity > 0 else -1) * Fraction(cell.entry, SCALE**2)
            gained = number(state.marks[name].last) * number(cell.quantity) - entry
            rate = number(state.rate(instrument.currency, state.subjects[of].currency))
            total += gained * number(instrument.multiplier) * rate
    return total


def _rules(state: Any, connection: str) -> list[str]:
    return [state.halts[name].rule for name in state.halted.get(f"connection:{connection}", ())]


class MarkWatch:
    """A mark that is held back changes no sum, and nothing opens where the price is not to be trusted."""

    def __init__(self) -> None:
        self.strange: dict[str, bool] = {}

    def before(self, state: Any, body: Any, by: Principal) -> None:
        self.marks = dict(state.marks)
        self.worth = {
            key: (cell.price, cell.value, cell.long, cell.short, cell.flow)
            for key, cell in state.cells.items()
            if isinstance(body, c.Marked) and not body.fx
        }

    def after(self, state: Any, record: Record) -> None:
        body = record.command.body
        for name in let_out(record):
            order = state.order(name)
            fit = order.instrument in state.marks and order.instrument not in state.unfit
            assert not order.opening or fit, "unfit instruments open nothing"
        if not isinstance(body, c.Marked):
            return
        for key, worth in self.worth.items():
            cell = state.cells[key]
            if state.marks.get(key[2]) is self.marks.get(key[2]):
                assert (cell.price, cell.value, cell.flow) == (worth[0], worth[1], worth[4])
        for mark in body.marks:
            taken = state.marks.get(mark.instrument) is not self.marks.get(mark.instrument)
            known = self.marks.get(mark.instrument)
            assert not (taken and (mark.bid > mark.ask or mark.last <= 0))
            if taken and known is not None and not mark.resolution_ns:
                whole = SCALE if state.instruments[mark.instrument].kind == "prediction" else known.last
                far = abs(mark.last - known.last) * 10 > whole * 2
                assert not far or self.strange.get(mark.instrument), "a jump is never believed at once"
            assert taken or state.unfit.get(mark.instrument) is not None or known is None or mark.at <= known.at
        self.strange = {name: unfit.reason == "jump" for name, unfit in state.unfit.items()}
