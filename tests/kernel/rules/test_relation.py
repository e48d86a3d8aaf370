"""Each relation by example, the spelling it generates, and the view that several limits make together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.kernel.mandate import Rate
from remit.kernel.numbers import NANOSECONDS, SCALE
from remit.kernel.rules.relation import (
    NOTHING,
    RELATIONS,
    at_least,
    at_most,
    below,
    covers,
    interval_ns,
    outside,
    rate_within,
    ratio_at_most,
    within,
)
from remit.kernel.rules.unit import (
    BPS,
    COUNT,
    MONEY,
    NAMES,
    PCT,
    QUANTITY,
    RATE,
    RATIO,
    SECONDS,
    fraction_written,
    written,
)

BY_NAME = {relation.name: relation for relation in RELATIONS}

#   relation          limit                unit     measurement          holds
TABLE = [
    ("at_most", 5, MONEY, 5, True),
    ("at_most", 5, MONEY, 6, False),
    ("at_most", 5, SECONDS, 5 * NANOSECONDS, True),
    ("at_most", 5, SECONDS, 5 * NANOSECONDS + 1, False),
    ("below", 5, MONEY, 4, True),
    ("below", 5, MONEY, 5, False),
    ("at_least", 5, COUNT, 5, True),
    ("at_least", 5, COUNT, 4, False),
    ("within", ("a", "b"), NAMES, "a", True),
    ("within", ("a", "b"), NAMES, "c", False),
    ("within", (), NAMES, "a", False),
    ("outside", ("a",), NAMES, "b", True),
    ("outside", ("a",), NAMES, "a", False),
    ("covers", ("a", "b"), NAMES, frozenset("abc"), True),
    ("covers", ("a", "b"), NAMES, frozenset("ac"), False),
    ("covers", (), NAMES, frozenset(), True),
    ("ratio_at_most", 500, BPS, (5, 100), True),
    ("ratio_at_most", 500, BPS, (51, 1000), False),
    ("ratio_at_most", 20, PCT, (1, 5), True),
    ("ratio_at_most", 20, PCT, (-1, 5), True),
    ("ratio_at_most", 20, PCT, (0, 0), False),
    ("ratio_at_most", 20, PCT, (-9, -1), False),
    ("ratio_at_most", 2 * SCALE, RATIO, (2, 1), True),
    ("ratio_at_most", 2 * SCALE, RATIO, (2 * SCALE + 1, SCALE), False),
    ("rate_within", Rate(count=1, per_s=1), RATE, 0, True),
    ("rate_within", Rate(count=1, per_s=1), RATE, 1, False),
    ("rate_within", Rate(count=3, per_s=3), RATE, 2 * NANOSECONDS, True),
    ("rate_within", Rate(count=3, per_s=3), RATE, 2 * NANOSECONDS + 1, False),
    ("fits", "required", QUANTITY, (3, 3), True),
    ("fits", "required", QUANTITY, (4, 3), False),
    ("nothing", None, NAMES, (), True),
    ("nothing", None, NAMES, "", True),
    ("nothing", None, NAMES, ("halt",), False),
    ("nothing", None, NAMES, "halt", False),
    ("unless_blocked", "blocked", COUNT, 0, True),
    ("unless_blocked", "blocked", COUNT, 1, False),
    ("when_required", "required", COUNT, True, True),
    ("when_required", "required", COUNT, False, False),
    ("when_required", "required", COUNT, 1, False),
]


@pytest.mark.parametrize(("name", "limit", "unit", "actual", "holds"), TABLE)
def test_a_relation_holds_as_it_says(name: str, limit: Any, unit: Any, actual: Any, holds: bool) -> None:
    relation = BY_NAME[name]
    ready = relation.ready(limit, unit)
    assert relation.holds(actual, ready) is holds
    assert bool(evaluated(relation, actual, ready)) is holds


def evaluated(relation: Any, actual: Any, ready: Any) -> Any:
    spelled = ready if isinstance(ready, tuple) else "limit"
    parts = {"n": "actual[0]", "d": "actual[1]"} if relation.wants_pair else {"m": "actual"}
    names = {"actual": actual, "limit": ready, "NOTHING": NOTHING}
    return eval(relation.source.format(**parts, l=spelled), names)


def test_every_relation_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(BY_NAME)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_nothing_measured_never_holds(name: str) -> None:
    relation = BY_NAME[name]
    limit, unit = next((limit, unit) for given, limit, unit, _, _ in TABLE if given == name)
    ready = relation.ready(limit, unit)
    for holds in (relation.holds, lambda actual, given: evaluated(relation, actual, given)):
        try:
            assert not holds(None, ready)
        except TypeError:
            continue


limits = st.lists(st.integers(0, 20), min_size=1, max_size=4)
name_sets = st.lists(st.lists(st.sampled_from("abcd"), max_size=4, unique=True).map(tuple), min_size=1, max_size=3)


@pytest.mark.parametrize("relation", [at_most, below, at_least, ratio_at_most], ids=lambda relation: relation.name)
@given(given_limits=limits, actual=st.integers(0, 25))
def test_the_view_of_numbers_holds_exactly_when_all_hold(relation: Any, given_limits: list[int], actual: int) -> None:
    measured = (actual, 100) if relation.wants_pair else actual

    def holds(limit: int) -> bool:
        return bool(relation.holds(measured, relation.ready(limit, PCT)))

    assert holds(relation.view(given_limits)) is all(holds(limit) for limit in given_limits)


@pytest.mark.parametrize("relation", [within, outside, covers], ids=lambda relation: relation.name)
@given(given_limits=name_sets, drawn=st.data())
def test_the_view_of_names_holds_exactly_when_all_hold(relation: Any, given_limits: Any, drawn: st.DataObject) -> None:
    one = st.sampled_from("abcde")
    measured = drawn.draw(st.frozensets(one) if relation is covers else one)

    def holds(limit: tuple[str, ...]) -> bool:
        return bool(relation.holds(measured, relation.ready(limit, NAMES)))

    assert holds(relation.view(given_limits)) is all(holds(limit) for limit in given_limits)


def test_the_view_of_rates_is_the_slowest_and_of_words_the_strictest() -> None:
    slow, fast = Rate(count=10, per_s=60), Rate(count=1, per_s=1)
    assert rate_within.view([fast, slow]) == slow
    assert BY_NAME["unless_blocked"].view(["allowed", "blocked"]) == "blocked"
    assert BY_NAME["when_required"].view(["waived", "waived"]) == "waived"


@given(rate=st.builds(Rate, count=st.integers(1, 20), per_s=st.integers(1, 60)), gaps=st.lists(st.integers(0, 10**10)))
def test_a_rate_lets_through_its_burst_and_never_more_than_it_refills(rate: Rate, gaps: list[int]) -> None:
    bound, step = rate_within.ready(rate, RATE), interval_ns(rate)
    tat, at, sent = 0, 0, 0
    for gap in [0] * (rate.count + 2) + gaps:
        at += gap
        if rate_within.holds(tat - at, bound):
            tat, sent = max(tat, at) + step, sent + 1
        assert sent * rate.per_s * NANOSECONDS <= rate.count * (rate.per_s * NANOSECONDS + at)
        if at == 0:
            assert sent <= rate.count
    assert sent >= rate.count


def test_what_must_wait_is_told_exactly_how_long() -> None:
    for relation, limit, unit, actual in (
        (at_least, 30, SECONDS, 12 * NANOSECONDS), (rate_within, Rate(count=3, per_s=7), RATE, 9 * NANOSECONDS),
    ):
        ready = relation.ready(limit, unit)
        assert relation.retry_after is not None
        wait = relation.retry_after(actual, ready)
        sooner = -1 if relation is at_least else 1
        later = actual + wait if relation is at_least else actual - wait
        assert relation.holds(later, ready) and not relation.holds(later + sooner, ready)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (written(5 * SCALE // 2, MONEY), "2.5"),
        (written(1_500_000_000, SECONDS), "1.5"),
        (written(7, COUNT), "7"),
        (written(True, COUNT), "yes"),
        (written(("b", "a"), NAMES), "a, b"),
        (written(frozenset({None}), NAMES), "none"),
        (written(None, NAMES), "missing"),
        (fraction_written(1, 3, PCT), "33.34"),
        (fraction_written(-1, 3, PCT), "-33.33"),
        (fraction_written(3, 2, RATIO), "1.5"),
        (fraction_written(SCALE, 0, PCT), "no value: 1 over 0"),
    ],
)
def test_numbers_are_written_for_people(shown: str, text: str) -> None:
    assert shown == text


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30), st.integers(0, 10**4))
def test_a_fraction_above_its_limit_is_shown_above_it(numerator: int, denominator: int, limit: int) -> None:
    if not ratio_at_most.holds((numerator, denominator), ratio_at_most.ready(limit, BPS)):
        whole, _, part = fraction_written(numerator, denominator, BPS).partition(".")
        assert int(whole) * 100 + int(part.ljust(2, "0") or 0) > limit * 100
