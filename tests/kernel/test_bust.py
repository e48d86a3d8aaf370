"""Fills that a venue takes back leave the book as if they had never been in it, and halt their connection."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.kernel.desk import Desk, halts, money, price, quantity, ratio, small
from tests.kernel.recount import check_sums

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.names import GUARD
from remit.kernel.numbers import Quantity


def pnl(desk: Desk) -> dict[str, int]:
    return {name: of.total.pnl for name, of in desk.state.subjects.items()}


def bust(desk: Desk, order: str, fill: str) -> Any:
    return desk.took(c.Busted(order=order, fill=fill), GUARD)


def test_a_fill_that_the_venue_takes_back() -> None:
    desk = small()
    order = desk.working("10", "100")
    desk.fill(order, "10", "100", fee="1.5", fill="f-1")
    desk.mark("AAPL", "130")
    record = bust(desk, order.id, "f-1")
    assert [event.code for event in record.events if isinstance(event, e.Alarm)] == ["busted_fill"]
    assert halts(desk) == [("connection:paper1", "drift", "busted_fill")]
    assert desk.position("account:main") == 0
    assert desk.state.cash[("paper1", "USD")].amount == money("1000000")
    assert set(pnl(desk).values()) == {0}
    check_sums(desk.state)
    again = bust(desk, order.id, "f-1")
    assert again.events == (), "it is taken back once"
    desk.fill(order, "10", "100", fee="1.5", fill="f-1")
    assert desk.position("account:main") == 0, "and is not booked again"
    desk.agree()


@pytest.mark.parametrize("kind", ["equity", "perpetual"])
@pytest.mark.parametrize(("held", "amount"), [("10", "4"), ("10", "10"), ("10", "15"), ("-10", "4"), ("-10", "15")])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_fill_that_is_taken_back_at_once_leaves_no_trace(kind: str, held: str, amount: str, side: str) -> None:
    """Whatever it opened, closed or crossed."""
    desk = small()
    desk.instrument("X", "50", kind=kind)
    desk.took(c.SetMargin(instrument="X", initial=ratio("0.1")))
    desk.hold(held.lstrip("-"), "50", instrument="X", side="sell" if held.startswith("-") else "buy")
    order = desk.working(amount, "70" if side == "buy" else "60", instrument="X", side=side)
    before = book(desk)
    desk.fill(order, amount, "66.6", fee="0.25", fill="f-1")
    bust(desk, order.id, "f-1")
    assert book(desk) == before
    check_sums(desk.state)
    desk.agree()


def test_a_fill_that_is_taken_back_before_it_is_heard_of() -> None:
    desk = small()
    order = desk.working("10", "100")
    bust(desk, order.id, "f-1")
    desk.fill(order, "10", "100", fill="f-1")
    assert (desk.position("account:main"), order.filled) == (0, 0)
    desk.agree()


def test_a_fill_of_nobody_that_is_taken_back_halts_the_firm() -> None:
    desk = small()
    bust(desk, "stranger", "f-1")
    assert halts(desk) == [("firm", "drift", "busted_fill")]


executions = st.tuples(st.integers(1, 10**19), st.integers(1, 10**21), st.integers(0, 10**18))
"""Quantity, price and fee."""


@settings(max_examples=30, deadline=None)
@given(
    fills=st.lists(executions, min_size=1, max_size=5),
    which=st.integers(0, 4),
    side=st.sampled_from(["buy", "sell"]),
    kind=st.sampled_from(["equity", "perpetual"]),
)
def test_a_book_without_a_fill_is_the_book_that_never_had_it(
    fills: list[tuple[int, int, int]], which: int, side: str, kind: str
) -> None:
    """Position, profit at the mark, fees and cash."""
    books = []
    for skipped in (None, which % len(fills)):
        desk = small()
        desk.instrument("X", "100", kind=kind)
        desk.took(c.SetMargin(instrument="X", initial=ratio("0.1")))
        order = desk.working("100", "100", instrument="X", side=side)
        for number, (amount, at, fee) in enumerate(fills):
            if number != skipped:
                desk.fill(order, str(Quantity(amount)), str(Quantity(at)), str(Quantity(fee)), fill=f"f-{number}")
        if skipped is None:
            bust(desk, order.id, f"f-{which % len(fills)}")
        check_sums(desk.state)
        desk.agree()
        books.append(book(desk))
    busted, never = books
    assert abs(busted["pnl"] - never["pnl"]) <= 10
    assert (busted["fees"], busted["held"]) == (never["fees"], never["held"])
    assert busted["cash"] == never["cash"]


def book(desk: Desk) -> dict[str, int]:
    total, held = desk.state.subjects["account:main"].total, desk.state.cells.get(("account:main", "paper1", "X"))
    return {
        "pnl": total.pnl,
        "fees": total.fees,
        "held": 0 if held is None else held.quantity,
        "cash": desk.state.cash[("paper1", "USD")].amount,
    }


def test_an_exit_is_over_with_the_fill_that_was_taken_back() -> None:
    desk = small()
    order = desk.working("10", "100", exit=ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("90")),)))
    desk.fill(order, "10", "100", fill="f-1")
    assert [exit.protects for exit in desk.state.exits.values()] == [quantity("10")]
    bust(desk, order.id, "f-1")
    desk.took(c.Tick(), GUARD)
    assert desk.state.exits == {}
    desk.agree()
