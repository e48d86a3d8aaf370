"""R and L: nothing at a venue stays unknown, and nothing stays open when all is well."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.fold_drift import tolerance_of
from remit.kernel.names import FIRM, subject
from remit.kernel.numbers import DAY_NS, NANOSECONDS, SCALE, text
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.nouns import Counted, Stake
from remit.testing.sim.observer import Seen


class Change(NamedTuple):
    """A position that moved in the book: when by the journal, and by how much."""

    at: int
    stake: Stake
    by: int


class NothingUnknown(Check):
    """R1. At each whole account that a venue shows and that counts, every order in it is one that the book let out and
    has not long ended, and every position is the book's, as far as reports in transit do not explain the difference:
    fills and settlements within the window, and what orders that work, or ended within it, may have filled. What is
    neither must halt the connection, or something above it, with that entry. Differences that a person kept are no
    longer unknown; those worth less than the tolerance's floor may be watched for some rounds.

    At the end, with the faults off, the venues' own books are compared, too, as far as an account was asked for and
    counted since they last changed: nothing is in transit any more, and a round could have seen it.
    """

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._truths: dict[str, tuple[object, int]] = {}
        """By connection: what its venue has, and since when it is known to be so."""
        self._begin()

    def _begin(self) -> None:
        self._asked_ns: dict[str, int] = {}
        """By connection: when the last account that counted was asked for."""
        self._shown: dict[str, list[c.Reconciled]] = defaultdict(list)
        self._kept: dict[tuple[str, str, str], int] = defaultdict(int)
        self._changes: deque[Change] = deque()
        self._ended: deque[tuple[int, Counted]] = deque()
        self._held: dict[tuple[str, Stake], int] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        self._note(record)
        body = record.command.body
        if not isinstance(body, c.Reconciled) or record.command.by.role != "guard":
            return
        if body.part == 1:
            self._shown[body.connection].clear()
        self._shown[body.connection].append(body)
        counts = any(isinstance(event, e.Took | e.Drifted) for event in record.events)
        if body.part == body.parts and counts:
            parts = self._shown.pop(body.connection)
            self._asked_ns[body.connection] = self.known.heard_at[body.asked - 1] if body.asked else 0
            if not self._is_halted(body.connection):
                yield from self._compare(record, body.connection, parts)
            self._forget_kept(body.connection, parts)

    def _note(self, record: Record) -> None:
        """Remember what may still be in transit to the venue's account."""
        at, firm = record.command.at, self.known.firm
        for stake in firm.touched:
            account = self._account(stake[0])
            held = firm.held(account, stake)
            by = held - self._held.get((account, stake), 0)
            if by:
                self._held[account, stake] = held
                self._changes.append(Change(at, stake, by))
        self._note_events(record)

    def _note_events(self, record: Record) -> None:
        """Remember which orders ended, and which differences people kept."""
        for event in record.events:
            order = self.known.firm.orders.get(getattr(event, "order", ""))
            if order is not None and order.is_over and isinstance(event, e.Moved | e.Booked):
                self._ended.append((record.command.at, order))
            if isinstance(event, e.Kept):
                self._kept[event.connection, event.kind, event.item] += int(event.difference)
            elif isinstance(event, e.Corrected):
                self._kept.pop((event.connection, event.kind, event.item), None)

    def _account(self, connection: str) -> str:
        return subject("account", self.known.again.state.connections[connection].account)

    def _is_halted(self, connection: str) -> bool:
        known = self.known.again.state.connections[connection]
        above = (
            FIRM, subject("account", known.account), subject("venue", known.venue), subject("connection", connection),
        )  # fmt: skip
        return bool(self.known.firm.halts_on(above))

    def _compare(self, record: Record, connection: str, parts: list[c.Reconciled]) -> Iterator[str]:
        at, seq = record.command.at, record.command.seq
        window_ns = tolerance_of(self.known.again.state, connection).window_s * NANOSECONDS
        while self._changes and self._changes[0].at <= at - DAY_NS:
            self._changes.popleft()
        while self._ended and self._ended[0][0] <= at - DAY_NS:
            self._ended.popleft()
        recent = {order.id: order for ended, order in self._ended if at - ended < window_ns}
        for part in parts:
            for name in part.orders:
                order = self.known.firm.orders.get(name)
                ours = order is not None and order.connection == connection and order.state != "held"
                fine = ours and order is not None and (not order.is_over or name in recent)
                if not fine and not self._kept.get((connection, "order", name)):
                    state = "never let out" if order is None else order.state
                    yield f"entry {seq} shows the order {name} of {connection}, here it is {state}, and nothing halts"
        there = {holding.instrument: int(holding.quantity) for part in parts for holding in part.positions}
        account = self._account(connection)
        here = {stake[1]: held for stake, held in self.known.firm.positions[account].items() if stake[0] == connection}
        for name in sorted({*there, *here}):
            shown, held = there.get(name, 0), here.get(name, 0)
            kept = self._kept.get((connection, "position", name), 0)
            if shown in (held, held + kept) or self._explained(connection, name, shown - held - kept, at, recent):
                continue
            if self._is_worth_a_halt(connection, name, shown - held - kept):
                yield (
                    f"entry {seq} shows {text(shown)} {name} of {connection}, the book has {text(held)}, nothing in "
                    f"transit explains it, and nothing halts"
                )

    def _explained(self, connection: str, name: str, difference: int, at: int, recent: dict[str, Counted]) -> bool:
        """Whether what moved within the window, and what orders may have filled, can make the difference."""
        stake = (connection, name)
        window_ns = tolerance_of(self.known.again.state, connection).window_s * NANOSECONDS
        moves = [-change.by for change in self._changes if change.stake == stake and at - change.at < window_ns]
        live = self.known.firm.at_stake.get(stake, {}).values()
        moves += [order.sign * order.reserve for order in live if order.state != "held"]
        ended = [order for order in recent.values() if (order.connection, order.instrument) == stake]
        moves += [order.sign * max(order.quantity - order.filled, 0) for order in ended]
        low, high = sum(move for move in moves if move < 0), sum(move for move in moves if move > 0)
        return low <= difference <= high

    def _is_worth_a_halt(self, connection: str, name: str, difference: int) -> bool:
        state, tolerance = self.known.again.state, tolerance_of(self.known.again.state, connection)
        mark = state.marks.get(name)
        if name not in state.instruments or mark is None:
            return True
        unit = self.known.firm.unit(self._account(connection), name)
        return unit == 0 or abs(difference) * int(mark.last) * unit >= tolerance.floor * SCALE**3

    def _forget_kept(self, connection: str, parts: list[c.Reconciled]) -> None:
        """A difference that a person kept is over when the venue shows what the book holds."""
        there = {holding.instrument: int(holding.quantity) for part in parts for holding in part.positions}
        orders = {name for part in parts for name in part.orders}
        held = self.known.firm.positions[self._account(connection)]
        for key in [key for key in self._kept if key[0] == connection]:
            back = key[2] not in orders if key[1] == "order" else there.get(key[2], 0) == held.get((key[0], key[2]), 0)
            if key[1] != "cash" and back:
                del self._kept[key]

    def after_step(self, view: View) -> Iterator[str]:
        for name, exchange in view.market.exchanges.items():
            for connection, held in exchange.floor.accounts.positions.items():
                positions = {instrument: int(position.quantity) for instrument, position in held.items()}
                truth = (tuple(exchange.floor.working.get(connection, ())), positions)
                if connection not in self._truths or self._truths[connection][0] != truth:
                    self._truths[connection] = (truth, view.at_ns)
                if not view.is_calm or self._asked_ns.get(connection, -1) < self._truths[connection][1]:
                    continue
                if connection in self.known.again.state.connections and not self._is_halted(connection):
                    yield from self._truth(name, exchange, connection, held)

    def _truth(self, name: str, exchange: Any, connection: str, held: dict[str, Any]) -> Iterator[str]:
        for order in exchange.floor.working.get(connection, {}):
            known = self.known.firm.live.get(order)
            if (known is None or known.state == "held") and not self._kept.get((connection, "order", order)):
                yield f"{name} works the order {order} of {connection} at the end, which the book does not know"
        account = self._account(connection)
        mine = {stake[1]: own for stake, own in self.known.firm.positions[account].items() if stake[0] == connection}
        for instrument in sorted({*held, *mine}):
            there = int(held[instrument].quantity) if instrument in held else 0
            kept = self._kept.get((connection, "position", instrument), 0)
            difference = there - mine.get(instrument, 0)
            if difference not in (0, kept) and self._is_worth_a_halt(connection, instrument, difference - kept):
                yield (
                    f"{name} has {text(there)} {instrument} of {connection} at the end, the book has "
                    f"{text(there - difference)}, and nothing is halted"
                )

    def went_back(self, left: int) -> None:
        """What was in transit when the copy was made is in transit for the guard that goes on with it."""
        self._begin()
        for record in self.known.records:
            self._note_events(record)
            for event in record.events:
                if isinstance(event, e.Booked) and (order := self.known.firm.orders.get(event.order)) is not None:
                    stake = (order.connection, order.instrument)
                    self._changes.append(Change(record.command.at, stake, order.sign * int(event.quantity)))
        for of, held in self.known.firm.positions.items():
            self._held |= {(of, stake): quantity for stake, quantity in held.items()}


class AllEnds(Check):
    """L1. At the end of the phase in which the faults are off a guard runs, no order is live, held or of unknown
    outcome, nothing is reserved, nothing waits to be taken, sent, cancelled or asked about again."""

    def after_step(self, view: View) -> Iterator[str]:
        if not view.is_calm:
            return
        state, guard = view.state, view.observer.guard
        if state is None or guard is None:
            yield "no guard runs at the end, although the faults are off"
            return
        for order in self.known.firm.live.values():
            yield f"{order.id} is {order.state} at the end, and reserves {text(order.reserve)}"
        for name in sorted(state.orders.keys() - self.known.firm.live.keys()):
            yield f"{name} is {state.orders[name].state} at the end, and over by its entries"
        for key, cash in state.cash.items():
            if cash.reserved:
                yield f"{text(cash.reserved)} {key[1]} of {key[0]} are reserved at the end"
        for written, of in state.subjects.items():
            if of.total.working or of.total.buys or of.total.sells:
                worth = text(of.total.buys + of.total.sells)
                yield f"{of.total.working} orders of {written} reserve {worth} at the end"
        waiting = {
            "orders of unknown outcome": sum(map(len, state.unknown.values())),
            "held orders": sum(1 for _ in state.holds.items()),
            "subjects whose orders are being cancelled": len(state.sweeps),
            "exits of which something is untold": len(state.exits_due),
            "commands not taken yet": len(guard.loop._inbox),
            "requests on their way": len(guard.courier._tails),
            "requests to be repeated": len(guard.courier._resting),
        }
        for what, count in waiting.items():
            if count:
                yield f"{count} {what} at the end"
