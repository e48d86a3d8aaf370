"""E: what agents have at stake stays within its caps, and reservations end only where nothing can trade any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import SCALE, text
from remit.kernel.order import Order
from remit.kernel.rules.table import RULES
from remit.kernel.state import State
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.exposed import COUNTS, GROUPED, WORTH
from remit.testing.sim.invariants.nouns import Counted
from remit.testing.sim.invariants.permits import read
from remit.testing.sim.observer import Kind, Seen
from remit.venues.paper.messages import Message

ROUNDING = WORTH * SCALE // 10**12
"""What rounding each stake and each fill once may add up to: below the smallest unit of any currency."""
NEVER_BLOCKS = {
    rule.name for rule in RULES if rule.name.endswith(("exposure_max", "notional_max", "notional_min", "loss_max"))
} | {"drawdown_max", "capital_max", "leverage_max", "concentration_max_pct", "buying_power", "intraday_margin"}
"""Rules of exposure, loss and notional, none of which may keep a reduction back."""
LOSS_HALTS = ("loss", "clock")
"""Halts that let reductions pass."""


def amount(scaled: int) -> str:
    """Return an amount at scale 10^-72 as text, cut to six digits."""
    return text(scaled // WORTH // 10**12 * 10**12)


class Capped(Check):
    """E1. At each entry that lets an opening order out, or holds it, or asks for wider terms, every limit on exposure
    in force on its path is measured from orders, fills and marks, before and after.

    What no admission does may lift it later: a cap that is tightened below, marks that move, late fills, drift that is
    adopted. An admission may never raise it above the cap. Shares of equity take the equity as the book has it.
    """

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        exposed = self.known.exposed
        for admitted in self.known.admissions:
            for (of, rule), limit in admitted.limits.items():
                before, after = admitted.before[of, rule], admitted.after.get((of, rule), 0)
                bound, is_count = exposed.bound(of, rule, limit), rule in COUNTS
                beyond = after > bound + (0 if is_count else ROUNDING)
                raised = rule == "orders_open_max" or after > before + (0 if is_count else ROUNDING)
                if beyond and raised:
                    said = (str(before), str(after), str(bound)) if is_count else map(amount, (before, after, bound))
                    was, now, cap = said
                    yield (
                        f"entry {record.command.seq} lets {admitted.order} raise {rule} of {of}"
                        f"{self._group(rule, admitted.instrument)} from {was} to {now}, the limit is {cap}"
                    )

    def _group(self, rule: str, instrument: str) -> str:
        group = GROUPED.get(rule)
        return "" if group is None else f" in {getattr(self.known.again.state.instruments[instrument], group)}"


class UnknownCounts(Check):
    """E2. An order of unknown outcome reserves all that may still fill of it, and it ends as rejected only where its
    venue truly never took it."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._rejected: dict[str, Counted] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        for event in record.events:
            if not isinstance(event, e.Moved):
                continue
            order = self.known.firm.orders[event.order]
            if event.state == "unknown":
                yield from reserves(self.known, order, record.command.seq)
            elif event.state == "rejected":
                self._rejected[order.id] = order

    def after_step(self, view: View) -> Iterator[str]:
        orders = {order.id: order for order in self.known.firm.live.values() if order.state == "unknown"}
        for order in orders.values():
            yield from reserves(self.known, order, len(self.known.records))
        for name, order in list(self._rejected.items()):
            for exchange in view.market.exchanges.values():
                there = exchange.floor.orders.get((order.connection, name))
                if there is not None and name not in self.known.gone:
                    del self._rejected[name]
                    yield (
                        f"{name} ended as rejected by {order.ended_by}, and its venue has it as {there.life} "
                        f"with {text(there.filled)} of {text(there.quantity)} filled"
                    )

    def went_back(self, left: int) -> None:
        self._rejected.clear()


def reserves(known: Known, order: Counted, seq: int) -> Iterator[str]:
    """Yield where the kernel reserves another quantity for an order than may still fill of it."""
    there = known.again.state.orders.get(order.id)
    reserved = 0 if there is None else there.reserved
    if reserved != order.reserve:
        yield (
            f"after entry {seq} {order.id} ({order.state}) reserves {text(reserved)}, "
            f"and {text(order.reserve)} of it may still fill"
        )


class Reserved(Check):
    """E3. Each order reserves what may still fill of it, and what it reserved of cash shrinks with that; it ends with
    the venue's word, so no order that is over here may be open there; and every running sum is what orders, positions
    and marks give from scratch.
    """

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._sent: set[str] = set()

    kinds: tuple[Kind, ...] = ("sent",)

    def saw(self, seen: Seen) -> Iterable[str]:
        found = read(seen.what)
        if not isinstance(found, str) and found[1].action == "place":
            self._sent.add(found[1].order)
        return ()

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        firm, body, seq = self.known.firm, record.command.body, record.command.seq
        for event in record.events:
            name = getattr(event, "order", "")
            order = firm.orders.get(name) if name else None
            if order is None or isinstance(event, e.Asked | e.Approved):
                continue
            yield from reserves(self.known, order, seq)
            if isinstance(event, e.Moved) and isinstance(body, c.Withdrawn | c.Unencodable) and body.order == name:
                if name in self._sent and name not in self.known.gone:
                    yield f"entry {seq} says that {name} never left, and it did"

    def after_step(self, view: View) -> Iterator[str]:
        yield from self._at_venues(view)
        state = view.state
        if state is not None and state.seq == len(self.known.records):
            yield from self._orders(state)
            yield from self._sums(state)

    def _at_venues(self, view: View) -> Iterator[str]:
        for exchange in view.market.exchanges.values():
            for orders in exchange.floor.working.values():
                for name, there in orders.items():
                    order = self.known.firm.orders.get(name)
                    if order is None or not order.is_over or name in self.known.gone or not there.is_open:
                        continue
                    if (there.instrument, there.side) != (order.instrument, order.side):
                        continue  # somebody else's, under the same id
                    yield (
                        f"{name} is {order.state} since {order.ended_by} and reserves nothing, "
                        f"and its venue works it with {text(there.remaining)} left"
                    )

    def _orders(self, state: State) -> Iterator[str]:
        live = self.known.firm.live
        if state.orders.keys() != live.keys():
            more, less = sorted(state.orders.keys() - live.keys()), sorted(live.keys() - state.orders.keys())
            yield f"orders that reserve: the book has {more} more and {less} less than entries leave open"
            return
        used: dict[str, int] = {}
        reserved: dict[tuple[str, str], int] = {}
        for name, order in live.items():
            there = state.orders[name]
            if there.reserved != order.reserve:
                yield f"{name} reserves {text(there.reserved)}, and {text(order.reserve)} of it may still fill"
            yield from _cash(order, there)
            key = (there.connection, there.cash_currency)
            reserved[key] = reserved.get(key, 0) + there.cash
            if order.parent is not None:
                used[order.parent] = used.get(order.parent, 0) + order.reserve
        for key, cash in state.cash.items():
            if cash.reserved != reserved.get(key, 0):
                due = text(reserved.get(key, 0))
                yield f"{text(cash.reserved)} {key[1]} of {key[0]} are reserved, and its orders reserve {due}"
        for parent, quantity in used.items():
            if state.children[parent] < quantity:
                yield f"children of {parent} reserve {text(quantity)}, and only {text(state.children[parent])} count"

    def _sums(self, state: State) -> Iterator[str]:
        exposed = self.known.exposed
        for name, of in state.subjects.items():
            stakes = exposed.stakes(name)
            total = of.total
            for what, mine, theirs in (
                ("long", sum(worth.long for _, worth in stakes), total.long),
                ("short", sum(worth.short for _, worth in stakes), total.short),
                ("gross", sum(worth.gross for _, worth in stakes), total.gross),
                ("buys", sum(worth.buys for _, worth in stakes), total.buys),
                ("sells", sum(worth.sells for _, worth in stakes), total.sells),
                ("value", sum(worth.value for _, worth in stakes), total.value),
            ):
                if abs(theirs * WORTH - mine) > ROUNDING:
                    yield f"the sum {what} of {name} is {text(theirs)}, and orders and positions make {amount(mine)}"
                if theirs < 0 and what != "value":
                    yield f"the sum {what} of {name} is below zero: {text(theirs)}"
            working = sum(name in order.subjects for order in self.known.firm.live.values())
            if total.working != working:
                yield f"{total.working} orders of {name} count as open, and {working} are"


def _cash(order: Counted, there: Order) -> Iterator[str]:
    """Yield where an order keeps another share of the cash it reserved than of its quantity."""
    if order.of_cash <= 0:
        return
    due = Fraction(order.cash * there.reserved, order.of_cash)
    if abs(there.cash - due) > 1_000:
        yield (
            f"{order.id} reserves {text(there.cash)} in cash for {text(there.reserved)} left, "
            f"and it reserved {text(order.cash)} for {text(order.of_cash)}"
        )


class FilledOnce(Check):
    """E4. Every fill that is reported is booked once and as it was told, whatever comes twice, late or out of turn; a
    fill beyond what was permitted halts; and what is booked is what the venue says it did.
    """

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._booked: dict[tuple[str, str], int] = {}
        self._told: dict[tuple[str, str], c.Filled] = {}
        self._read: dict[str, int] = {}
        self._waiting: dict[tuple[str, str], tuple[e.Booked, int]] = {}

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        body, seq = record.command.body, record.command.seq
        booked = [event for event in record.events if isinstance(event, e.Booked)]
        for event in record.events:
            if isinstance(event, e.Reversed):
                self._booked.setdefault((self.known.firm.orders[event.order].connection, event.fill), seq)
        if not isinstance(body, c.Filled) or record.command.by.role != GUARD.role:
            if booked:  # somebody else may well say that an order filled
                yield f"entry {seq} books {booked[0].fill}, which no venue reported"
            return
        order = self.known.firm.orders.get(body.order)
        if order is None:
            return
        key = (order.connection, body.fill)
        if key in self._booked:
            if booked:
                yield f"fill {body.fill} of {body.order} was booked by entry {self._booked[key]}, and by {seq} again"
            return
        if body.quantity <= 0 or body.price < 0 or body.fee < 0:
            return
        if not booked:
            yield f"entry {seq} reports fill {body.fill} of {text(body.quantity)} {body.order} and books nothing"
            return
        self._booked[key] = seq
        yield from self._same(body, booked[0], order, record)
        self._waiting[key] = (booked[0], seq)

    def _same(self, body: c.Filled, booked: e.Booked, order: Counted, record: Record) -> Iterator[str]:
        seq = record.command.seq
        if (booked.quantity, booked.price, booked.fee) != (body.quantity, body.price, body.fee):
            yield (
                f"fill {body.fill} of {body.order} was {body.quantity} at {body.price}, fee {body.fee}, and entry "
                f"{seq} books {booked.quantity} at {booked.price}, fee {booked.fee}"
            )
        permitted = max(order.quantity, order.pending[0] if order.pending is not None else 0)
        halts = self.known.firm.halts_on(order.scopes)
        if order.filled > permitted and not any(halt.rule == "overfill" for halt in halts):
            yield f"{order.id} filled {text(order.filled)} of {text(permitted)} permitted, and nothing halted"
        there = self.known.again.state.order(order.id)
        if there is not None and there.filled != order.filled:
            yield f"{order.id} counts {text(there.filled)} as filled, and its fills are {text(order.filled)}"

    def after_step(self, view: View) -> Iterator[str]:
        for exchange in view.market.exchanges.values():
            for connection, log in exchange.floor.log.items():
                for message in log[self._read.get(connection, 0) :]:
                    self._note(connection, message)
                self._read[connection] = len(log)
        for key, (booked, seq) in list(self._waiting.items()):
            told = self._told.get(key)
            del self._waiting[key]
            said = None if told is None else (told.quantity, told.price, told.fee)
            if said != (booked.quantity, booked.price, booked.fee):
                what = "never did that" if told is None else f"did {told.quantity} at {told.price}, fee {told.fee}"
                yield f"entry {seq} books fill {key[1]} of {booked.quantity} at {booked.price}, and the venue {what}"

    def _note(self, connection: str, message: Message) -> None:
        if isinstance(message.report, c.Filled):
            self._told[connection, message.report.fill] = message.report

    def went_back(self, left: int) -> None:
        self._booked = {key: seq for key, seq in self._booked.items() if seq <= left}
        self._waiting.clear()


class ReductionPasses(Check):
    """E5. What is proven to reduce is counted here: the smallest of the agent's, the connection's and the position that
    the venue showed last, less what other orders reserve of it; of a client's order that says it only reduces, the
    client's own as well."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        decision, point = record.decision, self.known.firm.point
        if decision is None or point is None or not decision.quantity:
            return
        seq = record.command.seq
        if decision.reducing > point.proven:
            yield (
                f"entry {seq} takes {text(decision.reducing)} of {decision.order} for a reduction, "
                f"and {text(point.proven)} is proven"
            )
        if decision.quantity > point.proven:
            return
        blocked = sorted(finding.rule for finding in decision.findings if finding.rule in NEVER_BLOCKS)
        stops = [halt for halt in point.halts if halt.cause not in LOSS_HALTS]
        if not stops and not point.pauses and any(finding.rule == "agent_active" for finding in decision.findings):
            blocked.append(f"agent_active ({', '.join(f'{halt.halt}: {halt.rule}' for halt in point.halts)})")
        if blocked:
            yield (
                f"entry {seq} keeps back {decision.order}, which closes {text(decision.quantity)} of "
                f"{text(point.proven)} proven to reduce, for {', '.join(blocked)}"
            )
