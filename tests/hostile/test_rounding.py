"""No rounding in favour of the trader: what the rules measure, beside the same measured exactly.

A measurement is one expression without division, so only the facts and sums that it reads can be rounded. Here every
row of the table is measured on numbers that do not come out even, and again with fractions; where the rounded one
holds, the exact one holds.
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, event, given, settings
from tests.hostile.exact import ROUNDED_CHANGE, ROUNDED_SUMS, Exact, changed
from tests.kernel.desk import ANN, agent, money
from tests.kernel.recount import number
from tests.kernel.stage import WatchedDesk

from remit.kernel import command as c
from remit.kernel.book import changes_of
from remit.kernel.decide import Asked
from remit.kernel.gather import account_facts, complete, gather
from remit.kernel.instrument import Mark
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import SCALE, Money, Price, Quantity, Ratio, div_ceil, notional_ceil, notional_floor
from remit.kernel.order import OrderIntent
from remit.kernel.rules.rule import PERS
from remit.kernel.rules.table import RULES
from remit.kernel.rules.tree import Arithmetic, Tree, roots
from remit.kernel.rules.walk import Missing, measure

ATTO = 1
EXACT_ORDER = frozenset(
    "at opening by_agent direction quantity opening_quantity worst_price type side instrument category asset_class "
    "venue confidence slippage_bps price_fault exit_fault parent_use reduce_ask mark_age_ns mark_fault spread "
    "reference volume drift drift_base "
    "calendars_open resolution_ns tradable off_increment stops capability grant mandates environment venue_state "
    "intent_id short_quantity short_need located short_priced crossing duplicate_at refusals".split()
)
"""Facts of an order that are given, counted, or differences of given numbers: nothing of them is ever rounded."""
ROUNDED_ORDER = ("mid", "cash_need", "cash_free", "margin_need", "margin_have")
EXACT_SUMS = frozenset(
    "positions working orders orders_today last_order_at day_base high_water order_tat message_tat executions "
    "rejections umbrella spend".split()
)
"""Counters and instants, what models did cost as it was entered, and the profits that were written down once: a loss is
what is missing of them since."""
EXACT_CHANGE = frozenset("positions working orders opposing".split())


def paths(tree: Any) -> set[str]:
    """Return every fact that a measurement reads, as `order.mid`."""
    if hasattr(tree, "names"):
        return {f"{tree.root}.{tree.names[0]}"}
    parts = [getattr(tree, name) for name in getattr(tree, "__dataclass_fields__", getattr(tree, "_fields", ()))]
    found: set[str] = set()
    for part in parts:
        for one in part if isinstance(part, tuple) else (part,):
            found |= paths(one)
    return found


def operators(tree: Any) -> set[str]:
    found = {tree.operator} if isinstance(tree, Arithmetic) else set()
    for name in getattr(tree, "__dataclass_fields__", getattr(tree, "_fields", ())):
        part = getattr(tree, name)
        for one in part if isinstance(part, tuple) else (part,):
            found |= operators(one)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_measurement_never_divides_and_reads_only_what_is_known_here(rule: Any) -> None:
    """A fact that a new rule reads must be said here to be exact, or be counted exactly in `exact`."""
    assert operators(rule.tree) <= {"+", "-", "*"}
    known = {f"order.{name}" for name in (*EXACT_ORDER, *ROUNDED_ORDER)}
    known |= {f"of.{name}" for name in (*EXACT_SUMS, *ROUNDED_SUMS)}
    known |= {f"change.{name}" for name in (*EXACT_CHANGE, *ROUNDED_CHANGE)}
    assert paths(rule.tree) and paths(rule.tree) <= known
    assert roots(rule.tree) <= {"order", "of", "change"}


# A desk of numbers that do not come out even

prices = st.integers(10**14, 10**20)
amounts = st.integers(1, 10**19)
rates = st.integers(10**16, 10**19)
KINDS = ("equity", "spot", "perpetual", "prediction")


class Uneven(WatchedDesk):
    """Instruments in two currencies, with ticks and lots of 10^-18, and a ledger beside them."""

    def __init__(self, draw: st.DrawFn) -> None:
        super().__init__()
        self.draw = draw
        self.open()
        self.account("main")
        self.account("other", owner="bob", currency="EUR")
        of, to = draw(st.sampled_from([("EUR", "USD"), ("USD", "EUR")]))
        self.rate(of, to, str(Ratio(draw(rates))))
        self.deposits = {"account:main": Fraction(0), "firm": Fraction(0)}
        self.costs: dict[Any, Fraction] = {}
        self.connection("paper1", "main", "0", "USD", fee_bps=draw(st.integers(0, 99)))
        self.agent("momentum", "main", "paper1")
        for name, kind in zip("ABCD", KINDS, strict=True):
            self._list(name, kind)
        for currency in ("USD", "EUR"):
            amount = Money(10**26 + draw(amounts))
            self.took(c.SetBalance(connection="paper1", currency=currency, amount=amount))
            self.ledger.deposit("paper1", currency, amount)
            for of in self.deposits:
                self.deposits[of] += number(amount) * number(self.state.rate(currency, "USD"))
        self.took(
            c.SetMandate(subject="account:main", mandate=Mandate(haircut_bps=draw(st.integers(0, 99))), why="test")
        )

    def _list(self, name: str, kind: str) -> None:
        draw = self.draw
        more: dict[str, Any] = {
            "kind": kind,
            "currency": draw(st.sampled_from(["USD", "EUR"])),
            "lot": "0.000000000000000001",
        }
        more |= {"spot": {"base": "COIN"}, "prediction": {"outcome": "yes", "market": "RAIN"}}.get(kind, {})
        self.instrument(name, tick="0.000000000000000001", multiplier=Quantity(draw(rates)), jump_max_bps=10**9, **more)
        if kind == "perpetual" or draw(st.booleans()):
            self.took(c.SetMargin(instrument=name, initial=Ratio(draw(st.integers(1, SCALE)))))
        self.quote_now(name)

    def quote_now(self, name: str) -> None:
        top = SCALE - 2 if self.state.instruments[name].kind == "prediction" else 10**20
        last = self.draw(st.integers(10**14, top))
        ask = last + self.draw(st.integers(0, last // 10))
        mark = Mark(
            instrument=name, at=self.at, bid=Price(last), ask=Price(min(ask, top)), last=Price(last), close=Price(last)
        )
        self.took(c.Marked(marks=(mark,)))

    def propose(self, name: str) -> OrderIntent:
        """An order of any size; of a prediction at a price below 1."""
        draw, kind = self.draw, self.state.instruments[name].kind
        self.numbers += 1
        side = draw(st.sampled_from(["buy", "sell"]))
        limit = draw(st.integers(10**14, SCALE - 2 if kind == "prediction" else 10**20))
        market = draw(st.booleans()) and kind != "prediction"
        return OrderIntent(
            id=f"u{self.numbers}", agent="momentum", connection="paper1", instrument=name, side=side,  # type: ignore[arg-type]
            quantity=Quantity(draw(amounts)), created_at=self.at, type="market" if market else "limit",
            limit_price=None if market else Price(limit), slippage_bps=draw(st.integers(0, 999)) if market else None,
        )  # fmt: skip

    def trade(self, name: str) -> None:
        """An order that is filled in full, if it is allowed: a position whose cost is known."""
        cell = self.state.cells.get(("agent:momentum", "paper1", name))
        if cell is not None and cell.quantity:
            return
        record = self.do(c.Submit(intent=self.propose(name)), agent("momentum"))
        assert record.decision is not None
        if record.decision.verdict != "allow":
            return
        order = self.state.orders[record.decision.order]
        price, fee = Price(order.worst_price), Money(self.draw(st.integers(0, 10**18)))
        self.do(c.Filled(order=order.id, fill=f"f{order.id}", quantity=Quantity(order.quantity), price=price, fee=fee))
        for of in ("firm", "account:main", "agent:momentum"):
            self.costs[(of, "paper1", name)] = number(order.quantity) * number(price)

    def work(self, name: str) -> None:
        """An order that goes on working, perhaps after a part of it was filled."""
        self.do(c.Submit(intent=self.propose(name)), agent("momentum"))

    @property
    def exact(self) -> Exact:
        return Exact(self.state, self.ledger, self.deposits, self.costs)


@st.composite
def uneven(draw: st.DrawFn) -> Uneven:
    desk = Uneven(draw)
    for name in draw(st.lists(st.sampled_from("ABCD"), max_size=4, unique=True)):
        desk.trade(name)
    for name in draw(st.lists(st.sampled_from("ABCD"), max_size=4)):
        desk.work(name)
    for name in draw(st.lists(st.sampled_from("ABCD"), max_size=3, unique=True)):
        desk.quote_now(name)
    return desk


@settings(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
@given(desk=uneven(), name=st.sampled_from("ABCD"))
def test_what_holds_as_measured_holds_exactly(desk: Uneven, name: str) -> None:
    """Every row of the table, for everyone on the path: measured as the kernel does it, and with fractions."""
    intent = desk.propose(name)
    asked = Asked(intent, "", agent("momentum"), desk.at)
    judge = desk.kernel.judge
    lens = judge._lens(asked)
    facts, priced = gather(desk.state, lens, asked)  # type: ignore[arg-type]
    changes = changes_of(
        lens.cells, priced.sign, priced.quantity, priced.counted, facts.opening_quantity, priced.payout
    )  # type: ignore[union-attr]
    complete(desk.state, lens, asked, changes)  # type: ignore[arg-type]
    account_facts(desk.state, lens, facts, priced, changes[1], asked)  # type: ignore[arg-type]
    rounded = [_measured(rule, facts, lens.sums, changes) for rule in RULES]  # type: ignore[union-attr]
    subjects = [of.written for of in lens.path]  # type: ignore[union-attr]
    before = [_all_sums(desk, of, name) for of in subjects]
    free, had = (
        desk.exact.cash_free("paper1", desk.state.instruments[name].currency),
        desk.exact.sums("account:main", "total", ""),
    )
    record = desk.do(c.Submit(intent=intent), agent("momentum"))
    assert record.decision is not None
    event(record.decision.verdict + " " + " ".join(f.rule for f in record.decision.findings))
    if record.decision.verdict != "allow":
        return
    order = desk.state.orders[record.decision.order]
    after = [_all_sums(desk, of, name) for of in subjects]
    exact_facts = _exact_facts(desk, facts, order, free, had)
    units = [desk.exact.unit(of, name) for of in subjects]
    opening = number(facts.opening_quantity)
    added = [
        [
            changed(
                was,
                now,
                real,
                number(priced.counted) * opening * unit * SCALE,
                Fraction(priced.payout) * opening * unit,
            )
            for was, now in zip(sums, grown, strict=True)
        ]
        for sums, grown, real, unit in zip(before, after, changes, units, strict=True)
    ]
    for rule, found in zip(RULES, rounded, strict=True):
        place = PERS.index(rule.per)
        for level, measured in enumerate(found):
            exactly = _or_none(rule.tree, exact_facts, before[level][place], added[level][place])
            _never_softer(rule, measured, exactly)


def _measured(rule: Any, facts: Any, sums: Any, changes: Any) -> list[Any]:
    place = PERS.index(rule.per)
    return [_or_none(rule.tree, facts, sums[level * len(PERS) + place], change) for level, change in enumerate(changes)]


def _or_none(tree: Tree, order: Any, of: Any, change: Any) -> Any:
    try:
        return measure(tree, order, of, change)
    except Missing:
        return None


def _all_sums(desk: Uneven, of: str, name: str) -> list[SimpleNamespace]:
    instrument = desk.state.instruments[name]
    groups = {"total": "", "market": instrument.market_name, "category": instrument.category, "venue": instrument.venue}
    return [desk.exact.sums(of, per, groups[per]) for per in PERS]


def _exact_facts(desk: Uneven, facts: Any, order: Any, free: Fraction, had: SimpleNamespace) -> SimpleNamespace:
    found = SimpleNamespace(**{name: getattr(facts, name) for name in type(facts).__slots__ if hasattr(facts, name)})
    mark = desk.state.marks[order.instrument]
    found.mid = Fraction(mark.bid + mark.ask, 2)
    need = desk.exact.cash_need(
        order.instrument, "paper1", order.side, order.reserved, order.counted_price, facts.opening
    )
    found.cash_need, found.cash_free = need, free
    found.margin_need, found.margin_have = desk.exact.margin("account:main"), had.umbrella.equity
    return found


def _never_softer(rule: Any, measured: Any, exactly: Any) -> None:
    """Where the rounded measurement holds, for a limit at the exact one or a hair beside it, the exact one holds."""
    if measured is None:
        return  # a missing fact denies
    if not isinstance(exactly, (Fraction, tuple)) or isinstance(exactly, str):
        assert measured == exactly
        return
    for limit in _limits(rule, exactly):
        ready = limit
        if rule.relation.holds(measured, ready):
            assert rule.relation.holds(exactly, ready), (rule.name, measured, exactly, ready)


def _limits(rule: Any, exactly: Any) -> list[Any]:
    """Limits that can be written down, around the exact measurement."""
    if not isinstance(exactly, tuple):
        floor = exactly.numerator // exactly.denominator
        return [floor - ATTO, floor, floor + ATTO]
    if not rule.relation.name.startswith("ratio"):
        return [None]
    if exactly[1] <= 0:
        return [(1, 1)]
    floor = int(Fraction(exactly[0]) / Fraction(exactly[1]) * rule.unit.scale)
    return [(floor - 1, rule.unit.scale), (floor, rule.unit.scale), (floor + 1, rule.unit.scale)]


# What rounds, by itself

numbers = st.integers(-(10**42), 10**42)


@given(price=st.integers(0, 10**42), quantity=numbers, unit=st.integers(0, 10**54))
def test_a_notional_is_rounded_once_and_as_its_name_says(price: int, quantity: int, unit: int) -> None:
    exact = Fraction(price * quantity * unit, SCALE**3)
    up, down = notional_ceil(price, quantity, unit), notional_floor(price, quantity, unit)
    assert down <= exact <= up and up - exact < 1 and exact - down < 1


@given(numerator=numbers, denominator=st.integers(1, 10**42))
def test_a_quotient_is_rounded_up(numerator: int, denominator: int) -> None:
    assert 0 <= div_ceil(numerator, denominator) - Fraction(numerator, denominator) < 1


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(desk=uneven(), parts=st.lists(st.integers(1, 10**18), min_size=1, max_size=4))
def test_what_is_left_of_a_reservation_covers_what_is_left_of_the_order(desk: Uneven, parts: list[int]) -> None:
    """However an order is filled bit by bit, cash stays reserved for all that is left."""
    record = desk.do(c.Submit(intent=desk.propose("A")), agent("momentum"))
    assert record.decision is not None
    order = desk.state.orders.get(record.decision.order)
    if order is None:
        return
    whole, cash = order.reserved, order.cash
    for number_, part in enumerate(parts):
        if part < order.reserved:
            desk.do(
                c.Filled(order=order.id, fill=f"p{number_}", quantity=Quantity(part), price=Price(order.worst_price))
            )
            assert order.cash >= Fraction(cash * order.reserved, whole)


def test_the_desk_does_not_come_out_even() -> None:
    """Else nothing was tried: a price times a quantity needs more than 18 places."""
    assert money("0.5") and ANN.is_person
    assert Fraction(notional_ceil(10**17 + 1, 10**17 + 1, SCALE**2)) != Fraction((10**17 + 1) ** 2, SCALE)
