"""The firm counted again from what the journal says happened: orders, positions, halts, mandates, one by one.

Nothing here is taken from the kernel's sums. Of its state only facts of the world are read: instruments, marks, rates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import HaltRaised, Record
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import SIGN, subject
from remit.kernel.state import State
from remit.testing.sim.invariants.nouns import Counted, Fill, Point, Proposed, Stake

Listener = Callable[[e.Event, Counted, bool], None]


class Firm:
    """Follows records. `state` is the kernel that decides again, which has the record's facts of the world already.

    `admitting` is told of each order that is let out or held, just before (False) and just after it counts (True).
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.admitting: Listener | None = None
        self.orders: dict[str, Counted] = {}
        self.live: dict[str, Counted] = {}
        self.at_stake: dict[Stake, dict[str, Counted]] = defaultdict(dict)
        self.positions: dict[str, dict[Stake, int]] = defaultdict(dict)
        """By subject: what it holds."""
        self.costs: dict[tuple[str, Stake], int] = defaultdict(int)
        """What made the position, in the subject's currency, at scale 10^-72."""
        self.fills: dict[tuple[str, str], Fill] = {}
        self.halts: dict[str, HaltRaised] = {}
        self.pauses: set[str] = set()
        self.mandates: dict[str, tuple[Mandate, int]] = {}
        """By subject: the mandate in force and the entry that published it."""
        self.proposals: dict[str, Proposed] = {}
        """Every change that ever waited for a second person."""
        self.touched: set[Stake] = set()
        """Stakes that the last record changed."""
        self.point: Point | None = None
        """Of the last record: how things stood when it judged an order."""

    # -- looking

    def path(self, agent: str, client: str) -> tuple[str, ...]:
        """Return the subjects that an order is counted for."""
        names = ("firm", subject("account", self.state.agents[agent].account), subject("agent", agent))
        return (*names, subject("client", client)) if client else names

    def mandate(self, of: str) -> Mandate:
        """Return the mandate in force for a subject; one without limits where none was published."""
        return self.mandates.get(of, (EMPTY, 0))[0]

    def held(self, of: str, stake: Stake) -> int:
        """Return what a subject holds."""
        return self.positions[of].get(stake, 0)

    def reserving(self, of: str, stake: Stake, side: str, without: str = "") -> int:
        """Return how much the orders of a subject still reserve on one side of a stake."""
        orders = self.at_stake.get(stake, {}).values()
        return sum(
            order.reserve for order in orders if order.side == side and order.id != without and of in order.subjects
        )

    def proven(self, agent: str, stake: Stake, side: str, without: str = "", client: str = "") -> int:
        """Return how much an order of this side is proven to reduce: the smallest of the agent's position, its
        account's through the connection and the one the venue showed last, less what other orders reserve of it; and
        the `client`'s, where an order through it says that it only reduces."""
        account, sign = subject("account", self.state.agents[agent].account), SIGN[side]
        closes = -sign * self.held(account, stake)
        if closes <= 0:
            return 0
        shown = self.state.confirmed.get(stake)
        if shown is not None:
            closes = min(closes, -sign * shown)
        left = closes - self.reserving(account, stake, side, without)
        holders = [subject("agent", agent), *([subject("client", client)] if client else [])]
        free = [-sign * self.held(of, stake) - self.reserving(of, stake, side, without) for of in holders]
        return max(min(left, *free), 0)

    def halts_on(self, scopes: tuple[str, ...]) -> tuple[HaltRaised, ...]:
        """Return the halts that stand on any of these."""
        return tuple(halt for halt in self.halts.values() if halt.subject in scopes)

    # -- following

    def follow(self, record: Record) -> None:
        """Take over what a record says happened, event by event."""
        self.touched.clear()
        self.point = None
        decision, body = record.decision, record.command.body
        for event in record.events:
            if decision is not None and self.point is None and isinstance(event, _DECIDES.get(type(body), ())):
                self.point = self._judged(record, event)
            handler = _FOLLOWS.get(type(event))
            if handler is not None:
                handler(self, record, event)
            elif isinstance(event, e.Took):
                took = _TAKES.get(type(body))
                if took is not None:
                    took(self, record, body)

    def _judged(self, record: Record, event: e.Event) -> Point | None:
        body, own = record.command.body, ""
        if isinstance(body, c.Submit):
            agent, client, stake = body.intent.agent, body.client, (body.intent.connection, body.intent.instrument)
            side: str = body.intent.side
            only = body.intent.reduce != "any"
        else:
            order = self.orders.get(getattr(body, "order", ""))
            if order is None or getattr(event, "order", order.id) != order.id:
                return None
            agent, client, stake, side = order.agent, order.client, (order.connection, order.instrument), order.side
            own, only = order.id, order.only
        if agent not in self.state.agents or stake[0] not in self.state.connections:
            return None
        if client and client not in self.state.clients:
            return None
        path = self.path(agent, client)
        venue = self.state.connections[stake[0]].venue
        scopes = (*path, subject("venue", venue), subject("connection", stake[0]))
        return Point(
            self.proven(agent, stake, side, own, client if only else ""),
            self.halts_on(scopes),
            tuple(name for name in scopes if name in self.pauses),
            path,
        )

    def _reserved(self, record: Record, event: e.Reserved) -> None:
        body, decision = record.command.body, record.decision
        assert isinstance(body, c.Submit) and decision is not None
        intent, order = body.intent, Counted()
        order.id, order.seq, order.agent, order.client = event.order, record.command.seq, intent.agent, body.client
        order.account, order.connection = self.state.agents[intent.agent].account, intent.connection
        order.venue, order.instrument = self.state.connections[intent.connection].venue, intent.instrument
        order.side, order.sign, order.only = intent.side, SIGN[intent.side], intent.reduce != "any"
        order.quantity, order.filled, order.pending = int(decision.quantity), 0, None
        order.state, order.subjects = event.state, self.path(intent.agent, body.client)
        order.ended_by, order.parent, order.cash, order.of_cash = "", intent.parent, 0, 0
        order.reserve, order.limit = 0, int(intent.limit_price or 0)
        self.orders[order.id] = order
        self._admit(event, order, decision, order.quantity, int(decision.counted_price))

    def _admit(self, event: e.Event, order: Counted, decision: e.Decision, reserve: int, counted: int) -> None:
        """Let an order count in full; what it reserved before does not count beside it."""
        stake = (order.connection, order.instrument)
        self.touched.add(stake)
        order.reserve, order.decision = 0, decision
        self.at_stake[stake].pop(order.id, None)
        if self.admitting is not None:
            self.admitting(event, order, False)
        order.reserve, order.counted = reserve, counted
        order.opening = decision.reducing < decision.quantity
        self.live[order.id] = self.at_stake[stake][order.id] = order
        known = self.state.orders.get(order.id)
        order.cash, order.of_cash = (0, 0) if known is None else (known.cash, known.reserved)
        if self.admitting is not None:
            self.admitting(event, order, True)

    def _released(self, record: Record, event: e.Released) -> None:
        order, decision = self.orders[event.order], record.decision
        assert decision is not None
        order.state, order.quantity = "allowed", int(decision.quantity)
        self._admit(event, order, decision, order.quantity, int(decision.counted_price))

    def _replace_asked(self, record: Record, event: e.ReplaceAsked) -> None:
        order, decision = self.orders[event.order], record.decision
        assert decision is not None
        was_opening, left = order.opening, order.reserve
        order.pending, order.state = (int(event.quantity), int(event.limit_price)), "pending_replace"
        widest = max(left, int(event.quantity) - order.filled)
        self._admit(event, order, decision, widest, max(order.counted, int(decision.counted_price)))
        order.opening = order.opening or was_opening

    def _replace_settled(self, record: Record, event: e.ReplaceSettled) -> None:
        order = self.orders[event.order]
        assert order.pending is not None
        if event.taken:
            order.quantity, order.limit = order.pending
        limit, mark = order.limit, self.state.marks.get(order.instrument)
        order.counted = limit
        if order.side == "sell" and mark is not None:
            order.counted = max(limit, int(mark.last), int(mark.bid))
        order.pending = None
        self._reserve(order, max(order.quantity - order.filled, 0))
        known = self.state.order(order.id)
        order.cash, order.of_cash = (0, 0) if known is None else (known.cash, known.reserved)
        if order.state != "pending_cancel":
            order.state = "acked"

    def _reserve(self, order: Counted, quantity: int) -> None:
        stake = (order.connection, order.instrument)
        self.touched.add(stake)
        order.reserve = quantity
        if order.is_over:
            self.live.pop(order.id, None)
            self.at_stake[stake].pop(order.id, None)

    def _moved(self, record: Record, event: e.Moved) -> None:
        order = self.orders[event.order]
        order.state = event.state
        if order.is_over:
            order.ended_by = f"{type(record.command.body).__name__} in entry {record.command.seq}"
            self._reserve(order, 0)

    def _cancel_asked(self, record: Record, event: e.CancelAsked) -> None:
        self.orders[event.order].state = "pending_cancel"

    def _booked(self, record: Record, event: e.Booked) -> None:
        order, quantity = self.orders[event.order], int(event.quantity)
        fill = Fill(order.id, quantity, int(event.price), int(event.fee))
        self.fills[order.connection, event.fill] = fill
        self._move(order, order.sign * quantity, fill.price)
        asked = max(order.quantity, order.pending[0] if order.pending is not None else 0)
        order.filled += quantity
        if order.state == "held":
            return  # it was never let out: what it reserves stays for people to look at
        if order.filled >= asked or order.is_over:
            order.ended_by = order.ended_by or f"fills up to entry {record.command.seq}"
            order.state = "filled"
            self._reserve(order, 0)
        else:
            order.state = order.state if order.state.startswith("pending_") else "partial"
            self._reserve(order, max(order.reserve - quantity, 0))

    def _reversed(self, record: Record, event: e.Reversed) -> None:
        order = self.orders[event.order]
        key = (order.connection, event.fill)
        known = self.fills.get(key)
        if known is None:
            self.fills[key] = Fill(order.id, 0, 0, 0, True)
        elif not known.is_back:
            self.fills[key] = known._replace(is_back=True)
            self._move(order, -order.sign * known.quantity, known.price)

    def _corrected(self, record: Record, event: e.Corrected) -> None:
        if event.kind == "position":
            mark = self.state.marks[event.item]
            for of in self.path(event.agent, ""):
                self._shift(of, (event.connection, event.item), int(event.change), int(mark.last))

    def _move(self, order: Counted, change: int, price: int) -> None:
        for of in order.subjects:
            self._shift(of, (order.connection, order.instrument), change, price)

    def _shift(self, of: str, stake: Stake, change: int, price: int) -> None:
        """Move a position: what opens adds its price to the cost, what closes takes its share of it away."""
        self.touched.add(stake)
        held, unit = self.held(of, stake), self.unit(of, stake[1])
        opening = abs(change)
        if held * change < 0:
            closing = min(opening, abs(held))
            opening -= closing
            self.costs[of, stake] -= self.costs[of, stake] * closing // abs(held)
        self.costs[of, stake] += price * opening * unit
        self.positions[of][stake] = held + change

    def unit(self, of: str, instrument: str) -> int:
        """Return what one unit at a price of one is worth in a subject's currency, at scale 10^-36."""
        terms = self.state.instruments[instrument]
        unit = self.state.unit(terms, self.state.subjects[of].currency)
        return 0 if unit is None else unit

    def _split(self, record: Record, body: c.Split) -> None:
        for stake in {stake for held in self.positions.values() for stake in held if stake[1] == body.instrument}:
            self.touched.add(stake)
            sums: dict[str, int] = defaultdict(int)
            for of, held in self.positions.items():
                if stake in held and of.startswith(("agent:", "client:")):
                    new = abs(held[stake]) * body.new // body.old
                    held[stake] = new if held[stake] > 0 else -new
                    if of.startswith("agent:"):
                        account = subject("account", self.state.agents[of.partition(":")[2]].account)
                        sums[account] += held[stake]
                        sums["firm"] += held[stake]
            for of, quantity in sums.items():
                self.positions[of][stake] = quantity

    def _resolve(self, record: Record, body: c.Resolve) -> None:
        if body.outcome == "disputed":
            return
        for name in self.state.markets[body.market]:
            for of, held in self.positions.items():
                for stake in held:
                    if stake[1] == name and held[stake]:
                        self.touched.add(stake)
                        held[stake] = 0
                        self.costs[of, stake] = 0

    def _halt_raised(self, record: Record, event: HaltRaised) -> None:
        self.halts[event.halt] = event

    def _resume(self, record: Record, body: c.Resume) -> None:
        self.halts.pop(body.halt, None)

    def _pause(self, record: Record, body: c.SetPause) -> None:
        (self.pauses.add if body.paused else self.pauses.discard)(body.subject)

    def _set_mandate(self, record: Record, body: c.SetMandate) -> None:
        self.mandates[body.subject] = (body.mandate, record.command.seq)

    def _proposed(self, record: Record, event: e.Proposed) -> None:
        assert isinstance(record.command.body, c.SetMandate)
        number = self.mandates.get(record.command.body.subject, (EMPTY, 0))[1]
        self.proposals[event.proposal] = Proposed(record.command.body, record.command.by, number, event.until)

    def _confirmed(self, record: Record, body: c.ConfirmChange) -> None:
        change = self.proposals[body.proposal].body
        self.mandates[change.subject] = (change.mandate, record.command.seq)


_DECIDES: dict[type, tuple[type, ...]] = {
    c.Submit: (e.Denied, e.Reserved),
    c.Replace: (e.Denied, e.ReplaceAsked, e.Refused),
    c.Approve: (e.Released, e.Moved),
}
"""By command: the events that say what was decided; others that time has brought may come before them."""
_FOLLOWS: dict[type, Callable[[Firm, Record, Any], None]] = {
    e.Reserved: Firm._reserved,
    e.Released: Firm._released,
    e.ReplaceAsked: Firm._replace_asked,
    e.ReplaceSettled: Firm._replace_settled,
    e.Moved: Firm._moved,
    e.CancelAsked: Firm._cancel_asked,
    e.Booked: Firm._booked,
    e.Reversed: Firm._reversed,
    e.Corrected: Firm._corrected,
    e.HaltRaised: Firm._halt_raised,
    e.Proposed: Firm._proposed,
}
_TAKES: dict[type, Callable[[Firm, Record, Any], None]] = {
    c.Split: Firm._split,
    c.Resolve: Firm._resolve,
    c.Resume: Firm._resume,
    c.SetPause: Firm._pause,
    c.SetMandate: Firm._set_mandate,
    c.ConfirmChange: Firm._confirmed,
}
