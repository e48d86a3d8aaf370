"""A fill of an order that is not in the book halts the firm; the same one, shown again, is told once and no more."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import Desk, halts, money, price, quantity, small

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS
from remit.kernel.report import STRANGE_MAX
from remit.kernel.state import INTENT_LIFE_NS

HALTED = [("firm", "drift", "unexpected_fill")]


def filled(order: str = "stray-1", fill: str = "f-1", amount: str = "1", at: str = "100", fee: str = "0") -> c.Filled:
    return c.Filled(order=order, fill=fill, quantity=quantity(amount), price=price(at), fee=money(fee))


FILL, BUST = filled(), c.Busted(order="stray-1", fill="f-1")


def shown(desk: Desk, body: Any) -> list[str]:
    """The kinds of events that a report leads to."""
    return [type(event).__name__ for event in desk.took(body, GUARD).events]


def review(desk: Desk) -> None:
    for halt in list(desk.state.halts.values()):
        desk.took(c.Review(halt=halt.id, limit=halt.rule, why="somebody else's order"))


def resume(desk: Desk) -> None:
    review(desk)
    for name in list(desk.state.halts):
        desk.took(c.Resume(halt=name, why="the venue was asked"))
    assert halts(desk) == []


@pytest.mark.parametrize(("body", "rule"), [(FILL, "unexpected_fill"), (BUST, "busted_fill")])
def test_it_halts_once_and_not_again_after_a_review(body: Any, rule: str) -> None:
    desk = small()
    assert shown(desk, body) == ["Alarm", "HaltRaised", "Strange"]
    assert shown(desk, body) == [] and halts(desk) == [("firm", "drift", rule)], "a halt that stands still stands"
    resume(desk)
    desk.reload()
    before = desk.image()
    assert shown(desk, body) == [] and desk.image() == before
    desk.agree()


@pytest.mark.parametrize(
    "other",
    [filled(fill="f-2"), filled(order="stray-2"), filled(amount="2"), filled(at="101"), filled(fee="1"), BUST],
    ids=["fill", "order", "quantity", "price", "fee", "taken-back"],
)
def test_another_one_is_told_whatever_was_told_before(other: Any) -> None:
    desk = small()
    shown(desk, FILL)
    resume(desk)
    assert shown(desk, other) == ["Alarm", "HaltRaised", "Strange"]
    resume(desk)
    assert [shown(desk, body) for body in (FILL, other)] == [[], []]
    desk.agree()


def test_another_one_beside_a_halt_that_stands_is_told_in_full() -> None:
    """Whoever reviews the halt reads of both: the second has no halt of its own."""
    desk = small()
    shown(desk, FILL)
    record = desk.took(filled(fill="f-2", amount="3", at="99.5"), GUARD)
    (alarm,) = [event for event in record.events if isinstance(event, e.Alarm)]
    assert alarm.code == "unexpected_report" and "f-2" in alarm.why and "3 at 99.5" in alarm.why
    resume(desk)
    assert shown(desk, filled(fill="f-2", amount="3", at="99.5")) == [] and halts(desk) == []


@pytest.mark.parametrize(
    ("first", "second"), [(FILL, filled(fill="f-2")), (BUST, c.Busted(order="stray-2", fill="f-1"))]
)
def test_one_that_comes_after_the_review_halts_again(first: Any, second: Any) -> None:
    """Nobody has looked at it: the halt that was reviewed spoke of another one."""
    desk = small()
    shown(desk, first)
    review(desk)
    assert shown(desk, second) == ["Alarm"]
    resume(desk)
    assert shown(desk, second) == ["Alarm", "HaltRaised", "Strange"]
    resume(desk)
    assert shown(desk, second) == []
    desk.agree()


def test_it_is_forgotten_by_journal_time() -> None:
    desk = small()
    shown(desk, FILL)
    resume(desk)
    desk.took(c.Tick(), GUARD, INTENT_LIFE_NS - DAY_NS)
    shown(desk, filled(fill="f-2"))
    resume(desk)
    desk.took(c.Tick(), GUARD, DAY_NS)
    assert [strange.fill for strange in desk.state.strange] == ["f-2"]
    assert shown(desk, FILL) == ["Alarm", "HaltRaised", "Strange"]
    desk.agree()


def test_beyond_the_bound_each_is_told_again() -> None:
    desk = small()
    for number in range(STRANGE_MAX):
        desk.took(filled(fill=f"f-{number}"), GUARD)
    desk.agree()
    resume(desk)
    one_more = filled(fill="one-more")
    for _ in range(2):
        assert shown(desk, one_more) == ["Alarm", "HaltRaised"] and halts(desk) == HALTED
        resume(desk)
    assert shown(desk, filled(fill="f-1")) == [], "what is remembered stays remembered"
    assert len(desk.state.strange) == STRANGE_MAX
