"""The generated evaluator, the walk and plain Python agree; limits only tighten; what cannot be measured denies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernel.rules import sample
from tests.kernel.rules.drawn import mandate, thing

from remit.kernel.book import Change
from remit.kernel.event import VERDICTS
from remit.kernel.mandate import EMPTY, Mandate, Rate
from remit.kernel.numbers import NANOSECONDS, Money, Ratio
from remit.kernel.rules.compile import Evaluator, Lines, Watch, compile_rules, unread
from remit.kernel.rules.facts import Facts
from remit.kernel.rules.generate import NEAR
from remit.kernel.rules.relation import at_most
from remit.kernel.rules.rule import EVERY, OPENING, PERS, Rule
from remit.kernel.rules.table import RULES
from remit.kernel.rules.walk import Missing, measure
from remit.kernel.sums import Sums

SCOPES = ("firm", "account", "agent", "client")
TABLES = {"sample": (sample.RULES, sample.Facts, sample.Sums, sample.Change), "real": (RULES, Facts, Sums, Change)}
both_tables = pytest.mark.parametrize("table", TABLES)
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large]
slowly = settings(deadline=None, max_examples=30, suppress_health_check=HEALTH)


def draw_case(data: st.DataObject, table: str, holes: int, levels: int = 3) -> tuple[Any, ...]:
    """Draw rules, mandates and what they are judged on: (rules, path, order, sums, changes)."""
    rules, facts, sums, change = TABLES[table]
    chosen = tuple(data.draw(st.lists(st.sampled_from(rules), min_size=1, max_size=14, unique=True)))
    path = [(scope, data.draw(mandate(chosen))) for scope in SCOPES[:levels]]
    order = data.draw(thing(facts, holes))
    of = [data.draw(thing(sums, holes // 2)) for _ in PERS]
    changes = tuple(data.draw(thing(change, holes // 3)) for _ in path)
    return chosen, path, order, tuple(of) * levels, changes


def verdict(evaluator: Evaluator, order: Any, sums: Any, changes: Any) -> str:
    found = evaluator.check(order, sums, changes) or []
    verdicts = (breach.verdict for breach in evaluator.breaches(found, order, sums, changes))
    return max(verdicts, key=VERDICTS.index, default="allow")


@both_tables
@given(st.data())
@slowly
def test_the_generated_function_finds_what_the_walk_finds(table: str, data: st.DataObject) -> None:
    rules, path, order, sums, changes = draw_case(data, table, holes=data.draw(st.sampled_from((0, 1, 3, 9))))
    evaluator = compile_rules(rules, path)
    found = evaluator.check(order, sums, changes)
    assert found == evaluator.walk(order, sums, changes)
    assert len(evaluator.breaches(found or (), order, sums, changes)) == len(found or ())


@both_tables
@given(st.data())
@slowly
def test_with_every_fact_given_both_find_what_plain_python_finds(table: str, data: st.DataObject) -> None:
    rules, path, order, sums, changes = draw_case(data, table, holes=0)
    evaluator = compile_rules(rules, path)
    assert evaluator.check(order, sums, changes) == (plainly(evaluator, order, sums, changes) or None)


def plainly(evaluator: Evaluator, order: Any, sums: Any, changes: Any) -> list[int]:
    """Judge with the measurements as ordinary functions, as somebody would who never heard of trees."""
    rest, found = SimpleNamespace(**dict.fromkeys(vars(changes[0]), 0)), []
    for index, line in enumerate(evaluator.lines):
        rule = line.rule
        of, change = sums[line.level * 4 + PERS.index(rule.per)], changes[line.level]
        if rule.lane != EVERY and order.opening is not (rule.lane == OPENING):
            continue
        if rule.agents_only and not order.by_agent:
            continue
        actual = rule.measure(order, of, change)
        if actual is None:
            found.append(index)
            continue
        worse = not rule.worsens or rule.relation.worse(actual, rule.measure(order, of, rest))  # type: ignore[misc]
        if not rule.relation.holds(actual, line.ready) and worse:
            found.append(index)
    return found


@both_tables
@given(st.data())
@slowly
def test_one_more_level_or_limit_never_loosens(table: str, data: st.DataObject) -> None:
    rules, path, order, sums, changes = draw_case(data, table, holes=data.draw(st.sampled_from((0, 3))))
    fewer = [(scope, data.draw(st.sampled_from((EMPTY, given)))) for scope, given in path]
    more, less = compile_rules(rules, path), compile_rules(rules, fewer)
    shorter = compile_rules(rules, path[:2])
    asked = (order, sums, changes)
    assert VERDICTS.index(verdict(less, *asked)) <= VERDICTS.index(verdict(more, *asked))
    assert VERDICTS.index(verdict(shorter, *asked)) <= VERDICTS.index(verdict(more, *asked))


@both_tables
@given(st.data())
@slowly
def test_the_order_of_the_rules_never_changes_the_verdict(table: str, data: st.DataObject) -> None:
    rules, path, order, sums, changes = draw_case(data, table, holes=data.draw(st.sampled_from((0, 3))))
    shuffled = data.draw(st.permutations(rules))
    asked = (order, sums, changes)
    assert verdict(compile_rules(rules, path), *asked) == verdict(compile_rules(shuffled, path), *asked)


@both_tables
@given(st.data())
@slowly
def test_a_watch_finds_what_its_walk_finds(table: str, data: st.DataObject) -> None:
    rules, _, sums, _ = TABLES[table]
    state = tuple(rule for rule in rules if rule.state)
    watch = Lines(rules).watch("agent", "", data.draw(mandate(state)))
    groups = [data.draw(thing(sums, data.draw(st.sampled_from((0, 2))))) for _ in PERS]
    for of in groups:
        of.levels = 0
    bands = [watch.bands(dimension, of) for dimension, of in enumerate(groups)]
    assert bands == [watch.walk(dimension, of) for dimension, of in enumerate(groups)]
    assert is_near(watch, groups) == any(band >= NEAR for found in bands for band in found)
    if any(watch.lines):
        next(of for of, lines in zip(groups, watch.lines, strict=True) if lines).levels = 1
        assert is_near(watch, groups), "where a level stands it is looked at closely"


def is_near(watch: Watch, groups: Any) -> bool:
    """What makes it raise is near too."""
    try:
        return bool(watch.near(groups))
    except (AttributeError, TypeError):
        return True


@both_tables
@given(st.data())
@slowly
def test_a_tree_measures_what_its_function_measures(table: str, data: st.DataObject) -> None:
    rules, facts, sums, change = TABLES[table]
    order, of, added = data.draw(thing(facts, 0)), data.draw(thing(sums, 0)), data.draw(thing(change, 0))
    for rule in rules:
        expected = rule.measure(order, of, added)
        if expected is None:
            with pytest.raises(Missing):
                measure(rule.tree, order, of, added)
        else:
            assert measure(rule.tree, order, of, added) == expected, rule.name


def good_order(**changed: Any) -> SimpleNamespace:
    given: dict[str, Any] = {
        "opening": True, "by_agent": True, "urgent": False, "calm": True, "worth": 1, "worst": 100, "last": 100,
        "confidence": 10**18, "side": "buy", "name": "AAA", "open": frozenset(), "at": 100 * NANOSECONDS, "stops": (),
        "ask": (0, 0), "use": (0, 0), "priced": True, "need": 0, "have": 0,
    }
    return SimpleNamespace(**{**given, **changed})


def good_sums(**changed: Any) -> SimpleNamespace:
    inner = SimpleNamespace(equity=1000)
    given = {"long": 0, "short": 0, "loss": 0, "count": 0, "tat": 0, "known": frozenset(), "spread": 0, "inner": inner}
    return SimpleNamespace(**{**given, **changed})


def judge(limits: Mandate, order: Any, of: Any, change: Any = None) -> list[tuple[str, ...]]:
    """Return (rule, limit, actual, unit, verdict) of every finding of one agent's order."""
    evaluator = compile_rules(sample.RULES, [("agent", limits)])
    changes = (change or SimpleNamespace(long=0, short=0),)
    found = evaluator.check(order, (of,) * 4, changes) or []
    findings = evaluator.findings(found, order, (of,) * 4, changes, [("agent:a", "USD")])
    return [(f.rule, f.limit, f.actual, f.unit, f.verdict) for f in findings]


def usd(amount: str) -> Money:
    return Money(int(amount) * 10**18)


@pytest.mark.parametrize(
    ("limits", "order", "sums", "finding"),
    [
        ({"order_notional_max": usd("500")}, {"worth": usd("501")}, {},
         ("order_notional_max", "500", "501", "USD", "deny")),
        ({"approval_notional_min": usd("5")}, {"worth": usd("5")}, {},
         ("approval_notional_min", "5", "5", "USD", "hold")),
        ({"confidence_min": Ratio(6 * 10**17)}, {"confidence": None}, {},
         ("confidence_min", "0.6", "missing: order.confidence", "ratio", "deny")),
        ({"price_collar_bps": 300}, {"worst": 104}, {}, ("price_collar_bps", "300", "400", "bps", "deny")),
        ({"price_collar_bps": 300}, {"last": 0}, {},
         ("price_collar_bps", "300", "no value: 0.0000000000000001 over 0", "bps", "deny")),
        ({"price_collar_bps": 300}, {"side": None}, {},
         ("price_collar_bps", "300", "missing: order.side", "bps", "deny")),
        ({"instruments_allowed": ("BBB", "CCC")}, {}, {}, ("instruments_allowed", "BBB, CCC", "AAA", "names", "deny")),
        ({"instruments_allowed": ()}, {}, {}, ("instruments_allowed", "none", "AAA", "names", "deny")),
        ({"instruments_blocked": ("AAA",)}, {}, {}, ("instruments_blocked", "AAA", "AAA", "names", "deny")),
        ({"instruments_blocked": ()}, {"name": None}, {},
         ("instruments_blocked", "none", "missing: order.name", "names", "deny")),
        ({"hours_active": ("nyse",)}, {"open": frozenset({"xetra"})}, {},
         ("hours_active", "nyse", "xetra", "names", "deny")),
        ({"daily_loss_max": usd("5")}, {}, {"loss": usd("6")}, ("daily_loss_max", "5", "6", "USD", "deny")),
        ({"market_cooldown": 30}, {}, {"tat": 80 * NANOSECONDS}, ("market_cooldown", "30", "20", "seconds", "deny")),
        ({"order_rate_max": Rate(count=2, per_s=10)}, {}, {"tat": 110 * NANOSECONDS},
         ("order_rate_max", "2 per 10 s", "3 per 10 s", "rate", "deny")),
        ({"position_duplicate": "blocked"}, {}, {"count": 1}, ("position_duplicate", "blocked", "1", "count", "deny")),
        ({"locate_required": "required"}, {"need": usd("2"), "have": usd("1")}, {},
         ("locate_required", "1", "2", "quantity", "deny")),
        ({}, {"stops": ("kill", "halt")}, {}, ("stops", "none", "halt, kill", "names", "deny")),
        ({}, {"ask": (usd("9"), usd("4"))}, {}, ("only", "4", "9", "quantity", "deny")),
        ({}, {"use": None}, {}, ("parent", "none", "missing: order.use", "quantity", "deny")),
        ({"order_notional_max": usd("5")}, {"opening": None}, {},
         ("order_notional_max", "5", "missing: order.opening", "USD", "deny")),
    ],
)
def test_a_breach_says_rule_limit_actual_and_unit(limits: Any, order: Any, sums: Any, finding: tuple[str, ...]) -> None:
    assert finding in judge(Mandate(**limits), good_order(**order), good_sums(**sums))


@pytest.mark.parametrize(
    ("limits", "order", "sums"),
    [
        ({}, {}, {}),
        ({"order_notional_max": usd("5")}, {"worth": usd("5")}, {}),
        ({"order_notional_max": usd("5")}, {"worth": usd("9"), "opening": False}, {}),
        ({"confidence_min": Ratio(10**18)}, {"confidence": None, "by_agent": False}, {}),
        ({"position_duplicate": "allowed"}, {}, {"count": 4}),
        ({"locate_required": "waived"}, {"have": None}, {}),
        ({"order_rate_max": Rate(count=2, per_s=10)}, {}, {"tat": 105 * NANOSECONDS}),
        ({"market_exposure_max": Money(10)}, {}, {"long": 50}),
    ],
)
def test_what_holds_is_not_found(limits: Any, order: Any, sums: Any) -> None:
    assert judge(Mandate(**limits), good_order(**order), good_sums(**sums)) == []


@pytest.mark.parametrize(
    ("held", "added", "breached"), [(50, 1, True), (50, 0, False), (50, -1, False), (9, 1, False), (9, 2, True)]
)
def test_an_exposure_already_above_its_limit_only_stops_what_raises_it(held: int, added: int, breached: bool) -> None:
    found = judge(
        Mandate(market_exposure_max=Money(10)), good_order(), good_sums(long=held), SimpleNamespace(long=added, short=0)
    )
    assert bool(found) is breached


def test_a_measurement_that_raises_denies_by_name() -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(name)

    found = judge(Mandate(daily_loss_max=Money(5), approval_notional_min=Money(5)), good_order(worth=1), Broken())
    assert found == [("daily_loss_max", "0.000000000000000005", "cannot be measured: ZeroDivisionError", "USD", "deny")]


def test_a_hold_that_cannot_be_measured_denies() -> None:
    found = judge(Mandate(approval_notional_min=Money(5)), good_order(worth=None), good_sums())
    assert [(rule, given) for rule, _, _, _, given in found] == [("approval_notional_min", "deny")]


@pytest.mark.parametrize(("tat_s", "after_s"), [(80, 10), (99, 29)])
def test_a_finding_says_when_to_try_again(tat_s: int, after_s: int) -> None:
    limits = Mandate(market_cooldown=30)
    evaluator = compile_rules(sample.RULES, [("agent", limits)])
    of, changes = good_sums(tat=tat_s * NANOSECONDS), (None,)
    found = evaluator.check(good_order(), (of,) * 4, changes) or []
    (finding,) = evaluator.findings(found, good_order(), (of,) * 4, changes, [("agent:a", "USD")])
    assert finding.retry_after_s == after_s


def test_each_level_is_judged_on_its_own_sums_and_named() -> None:
    limits = Mandate(daily_loss_max=Money(10))
    evaluator = compile_rules(sample.RULES, [("firm", limits), ("account", EMPTY), ("agent", limits)])
    sums = (*[good_sums(loss=11)] * 4, *[good_sums(loss=99)] * 4, *[good_sums(loss=10)] * 4)
    found = evaluator.check(good_order(), sums, (None,) * 3) or []
    names = [("firm", "EUR"), ("account:x", "USD"), ("agent:y", "USD")]
    findings = evaluator.findings(found, good_order(), sums, (None,) * 3, names)
    assert [(f.rule, f.subject, f.unit) for f in findings] == [("daily_loss_max", "firm", "EUR")]


def test_evaluators_are_kept_by_the_digests_of_their_mandates() -> None:
    lines = Lines(sample.RULES)
    first = lines.evaluator([("firm", "a", EMPTY), ("agent", "b", None)])
    assert lines.evaluator([("firm", "a", EMPTY), ("agent", "b", None)]) is first
    assert lines.evaluator([("firm", "a", EMPTY), ("agent", "c", EMPTY)]) is not first


def test_limits_that_no_rule_reads_are_named() -> None:
    limits = Mandate(position_duplicate="blocked", capital_max=Money(5), daily_loss_max=Money(5))
    assert unread(sample.RULES, "account", limits) == ("capital_max", "position_duplicate")
    assert unread(RULES, "agent", Mandate(quorum_notional_min=Money(5), approval_quorum=1)) == ()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (lambda: Rule(sample.stops, at_most), "named as the mandate's field"),
        (lambda: Rule(sample.daily_loss_max, at_most, standing=True), "no field of a mandate"),
        (lambda: Rule(sample.leverage_max, at_most), "does not compare a pair"),
        (lambda: Rule(sample.order_notional_max, at_most, state=True), "measures sums alone"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(row: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        row()
