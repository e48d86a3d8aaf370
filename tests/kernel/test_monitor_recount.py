"""The monitor against a count of its own: after random orders, fills and marks, every level and every cancel is right.

Prices and quantities are whole numbers in one currency, so that what is counted here in fractions is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from tests.kernel.desk import agent, money, small
from tests.kernel.recount import number, subjects_of
from tests.kernel.recount_limits import group_of, measured

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Booked, Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import SIGN
from remit.kernel.numbers import NANOSECONDS, text
from remit.kernel.order import Order
from remit.kernel.snapshot import dump, load

DIMENSIONS = ("total", "market", "category", "venue")
EXPOSURE = {
    "market_exposure_max": "market",
    "category_exposure_max": "category",
    "venue_exposure_max": "venue",
    "net_exposure_max": "total",
    "gross_exposure_max": "total",
    "positions_max": "total",
    "orders_open_max": "total",
}
"""In the order of the table, with what each is counted in."""
COUNTS = ("positions_max", "orders_open_max")
SUBJECTS = ("account:main", "agent:carry", "agent:momentum", "client:claude", "firm")
INSTRUMENTS = ("AAPL", "MSFT", "YES", "NO")


def reduces(state: Any, order: Order) -> bool:
    """Whether an order was let out as a reduction, and all orders of its side together still are one."""
    place = (order.connection, order.instrument, order.side)
    live = [o for o in state.orders.values() if (o.connection, o.instrument, o.side) == place]
    found = not order.opening
    for of in ("account:main", f"agent:{order.agent}"):
        reserved = sum(other.reserved for other in live if of in subjects_of(other))
        found = found and reserved <= -SIGN[order.side] * state.cells[(of, *place[:2])].quantity
    return found


class Limit(NamedTuple):
    """A limit of a subject on one group."""

    subject: str
    rule: str
    dimension: str
    group: str


class Count:
    """A desk, and beside it what its levels and cancels should be."""

    def __init__(self) -> None:
        self.desk = desk = small()
        desk.agent("carry", "main", "paper1")
        desk.instrument("MSFT", "50")
        for name, outcome in (("YES", "yes"), ("NO", "no")):
            desk.instrument(
                name, "0.5", kind="prediction", outcome=outcome, market="RAIN", category="weather", tick="0.1"
            )
        self.flow: dict[str, Fraction] = dict.fromkeys(SUBJECTS, Fraction(0))
        """What fills brought less what they cost."""
        self.levels: dict[Limit, int] = {}

    @property
    def state(self) -> Any:
        return self.desk.state

    def step(self, record: Record | None) -> None:
        """Compare what came of a step with what should have."""
        if record is None:
            return
        for event in record.events:
            if isinstance(event, Booked):
                order = self.state.order(event.order)
                moved = SIGN[order.side] * number(event.quantity) * number(event.price) + number(event.fee)
                for subject in subjects_of(order):
                    self.flow[subject] -= moved
        asked = {event.order for event in record.events if isinstance(event, e.CancelAsked)}
        if isinstance(record.command.body, c.Cancel):
            asked -= {record.command.body.order}
        going = {order.id for order in self.state.orders.values() if order.state == "pending_cancel"} - asked
        self._check_cancels(record, going, asked)
        self._check_levels(record)
        self.desk.agree()

    # -- cancels

    def _check_cancels(self, record: Record, going: set[str], asked: set[str]) -> None:
        """What was asked to be cancelled is what walking from the oldest order on would leave out."""
        live = list(self.state.orders.values())
        gone = set(going)
        expected: set[str] = set()
        for event in record.events:
            if isinstance(event, e.HaltRaised):
                loose = {order.id for order in live if order.opening and event.subject in subjects_of(order)}
                expected |= loose - gone
                gone |= loose
        for limit in self._limits():
            cap = self._cap(limit)
            if limit.rule not in EXPOSURE or limit.rule in COUNTS or measured(self.state, *limit, live) <= cap:
                continue
            found = self._from_the_oldest(limit, cap, [order for order in live if order.id not in gone])
            expected |= found
            gone |= found
        assert asked == expected

    def _from_the_oldest(self, limit: Limit, cap: Fraction, live: Sequence[Order]) -> set[str]:
        """Leave the oldest orders out one after the other, but those that add nothing, until the limit holds."""
        mine = [order for order in live if limit.subject in subjects_of(order)]
        mine = [o for o in mine if group_of(self.state.instruments[o.instrument], limit.dimension) == limit.group]
        may_go = [order for order in mine if not reduces(self.state, order)]
        always = [order for order in mine if order not in may_go]
        for first in range(len(may_go) + 1):
            kept = [*always, *may_go[first:]]
            for order in reversed(may_go[:first]):
                if measured(self.state, *limit, [*kept, order]) <= measured(self.state, *limit, kept):
                    kept.append(order)
            if measured(self.state, *limit, kept) <= cap or first == len(may_go):
                return {order.id for order in may_go if order not in kept}
        raise AssertionError("with nothing left over something is left over")

    # -- levels

    def _check_levels(self, record: Record) -> None:
        """Each limit stands where what it measures puts it, and was told exactly when that changed."""
        live = list(self.state.orders.values())
        told: dict[Limit, str] = {
            Limit(event.subject, event.rule, event.dimension, event.group): event.level
            for event in record.events
            if isinstance(event, e.Crossed) and event.limit != "none"
        }
        expected: dict[Limit, str] = {}
        for limit in self._limits():
            used, cap, stands = self._used(limit, live), self._cap(limit), self.levels.get(limit, 0)
            if used > cap and stands < 100:
                self.levels[limit], expected[limit] = 100, "over"
            elif used > 0 and used >= cap * 4 / 5 and not stands:
                self.levels[limit], expected[limit] = 80, "near"
            elif stands and (used <= 0 or used < cap * 3 / 4):
                del self.levels[limit]
                expected[limit] = "back"
        assert told == expected
        assert {Limit(*key): stands for key, stands in self.state.levels.items()} == self.levels
        for subject in SUBJECTS:
            of = self.state.subjects[subject]
            standing = [limit for limit in self.levels if limit.subject == subject]
            assert of.total.levels == sum(limit.dimension == "total" for limit in standing)

    def _used(self, limit: Limit, live: Sequence[Order]) -> Fraction:
        if limit.rule == "daily_loss_max":
            return -self._profit(limit.subject)
        return measured(self.state, *limit, live)

    def _profit(self, subject: str) -> Fraction:
        worth = Fraction(0)
        for (of, _, name), cell in self.state.cells.items():
            if of == subject:
                worth += number(cell.quantity) * number(self.state.marks[name].last)
        return self.flow[subject] + worth

    def _limits(self) -> list[Limit]:
        """Every limit in force on every group, in the order in which they are judged."""
        found = []
        for subject in SUBJECTS:
            mandate = self.state.subjects[subject].version.mandate
            for dimension in DIMENSIONS:
                for group in sorted({group_of(terms, dimension) for terms in self.state.instruments.values()}):
                    rules = [rule for rule, counted in EXPOSURE.items() if counted == dimension]
                    if dimension == "total":
                        rules.append("daily_loss_max")
                    found += [
                        Limit(subject, rule, dimension, group) for rule in rules if getattr(mandate, rule) is not None
                    ]
        return found

    def _cap(self, limit: Limit) -> Fraction:
        value = getattr(self.state.subjects[limit.subject].version.mandate, limit.rule)
        return Fraction(value) if limit.rule in COUNTS else number(value)

    # -- what happens

    def propose(self, who: str, name: str, side: Any, amount: int, percent: int) -> Record:
        terms, mark = self.state.instruments[name], self.state.marks[name].last
        limit = max(int(mark) * percent // 100 // terms.tick * terms.tick, terms.tick)
        if terms.kind == "prediction":
            limit = min(limit, 9 * terms.tick)
        through = {"client": "claude"} if who == "claude" else {}
        by = "momentum" if through else who
        return self.desk.submit(str(amount), text(limit), agent=by, instrument=name, side=side, **through)

    def fill(self, place: int, part: int) -> Record | None:
        order = self._pick(place)
        if order is None or not order.remaining:
            return None
        amount = max(int(number(order.remaining)) * part // 4, 1)
        return self.desk.fill(order, str(amount), text(order.worst_price))

    def end(self, place: int, asked: bool) -> Record | None:
        order = self._pick(place)
        if order is None:
            return None
        if asked:
            return self.desk.do(c.Cancel(order=order.id), agent(order.agent))
        return self.desk.do(c.Cancelled(order=order.id))

    def limit(self, subject: str, mandate: Mandate) -> None:
        """New limits; a level of one that is gone goes with it."""
        for limit in [known for known in self.levels if known.subject == subject]:
            if getattr(mandate, limit.rule) is None:
                del self.levels[limit]
        self.step(self.desk.mandate(subject, mandate))

    def mark(self, name: str, percent: int) -> Record:
        last = {"AAPL": percent, "MSFT": percent // 2}.get(name, 0)
        return self.desk.mark(name, str(last or max(min(percent // 20, 9), 1) / 10), resolution_ns=60 * NANOSECONDS)

    def _pick(self, place: int) -> Any:
        live = list(self.state.orders.values())
        return live[place % len(live)] if live else None

    def restart(self) -> None:
        """From a snapshot, and from the journal."""
        self.desk.kernel, self.desk.shadow = self.desk.shadow, self.desk.kernel
        self.desk.reload()
        assert load(dump(self.state)).levels == self.state.levels


def amounts(*values: int) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *(money(str(value)) for value in values)])


limits = st.builds(
    Mandate,
    market_exposure_max=amounts(500, 1000, 2000),
    category_exposure_max=amounts(1000, 2500),
    venue_exposure_max=amounts(1500, 3000),
    net_exposure_max=amounts(600, 1800),
    gross_exposure_max=amounts(900, 2200),
    positions_max=st.sampled_from([None, 1, 2, 5]),
    orders_open_max=st.sampled_from([None, 2, 5]),
    daily_loss_max=amounts(60, 200),
)
marks = st.tuples(st.just("mark"), st.sampled_from(INSTRUMENTS), st.integers(60, 180))
acts = st.one_of(
    st.tuples(
        st.just("propose"),
        st.sampled_from(["momentum", "carry", "claude"]),
        st.sampled_from(INSTRUMENTS),
        st.sampled_from(["buy", "buy", "sell"]),
        st.integers(1, 12),
        st.sampled_from([80, 100, 120]),
    ),
    st.tuples(st.just("fill"), st.integers(0, 20), st.integers(1, 4)),
    marks,
    marks,
    st.tuples(st.just("end"), st.integers(0, 20), st.booleans()),
    st.tuples(st.just("limit"), st.sampled_from(SUBJECTS), limits),
    st.tuples(st.just("restart")),
)


@given(first=st.lists(acts, min_size=10, max_size=25), some=st.lists(acts, min_size=5, max_size=25))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_levels_and_cancels_are_what_a_recount_says(first: list[Any], some: list[Any]) -> None:
    count = Count()
    for what, *how in (*first, *some):
        if what == "limit":
            count.limit(*how)
        elif what == "restart":
            count.restart()
        else:
            count.step(getattr(count, what)(*how))
