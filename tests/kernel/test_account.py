"""Accounts of venues: what is one, what is none, and what comes in parts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import halts, money, quantity, rules, small, verdict
from tests.kernel.test_reconcile import HALT, LATER, found, holder, look

from remit.guard.parts import parts_of
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.effect import Act
from remit.kernel.kernel import effects
from remit.kernel.names import GUARD
from remit.kernel.reconcile import ASKS_MAX

EMPTY = [
    # holds shares, positions shown, cash shown, is an account
    (False, False, False, False),  # the book has cash, the venue shows none
    (False, False, True, True),
    (True, False, False, False),
    (True, True, False, False),
    (True, False, True, True),  # an account with cash alone: a large difference, never a flat book
]


@pytest.mark.parametrize(("holds", "positions", "cash", "counts"), EMPTY)
def test_an_empty_account_is_none_where_the_book_holds_something(
    holds: bool, positions: bool, cash: bool, counts: bool
) -> None:
    desk = holder() if holds else small()
    shown = c.Reconciled(
        connection="paper1",
        positions=(c.Holding("AAPL", quantity("10")),) if positions else (),
        cash=(("USD", money("999000" if holds else "1000000")),) if cash else (),
        orders=(),
    )
    before = desk.state.reconciled_at["paper1"]
    record = desk.took(shown, GUARD, LATER)
    assert any(isinstance(event, e.Silent) for event in record.events) != counts
    assert (desk.state.reconciled_at["paper1"] > before) == counts
    assert desk.position("account:main") == (10_000 if holds else 0)
    desk.agree()


def test_a_new_connection_may_be_empty() -> None:
    desk = small()
    new = access.Connection(name="paper2", account="main", venue="paper", environment="training")
    desk.took(c.AddConnection(connection=new))
    desk.took(c.Reconciled(connection="paper2", positions=(), cash=(), orders=()), GUARD)
    assert desk.state.venue_states["paper2"].reconciled


def test_rounds_without_an_account_close_openings_and_never_the_book() -> None:
    desk = holder()
    alarms = []
    for _ in range(4):
        record = desk.took(c.NoData(connection="paper1", why="page 2 of 3 timed out"), GUARD)
        alarms.append([event.code for event in record.events if isinstance(event, e.Alarm)])
    assert alarms == [[], [], ["venue_silent"], []]
    assert rules(desk.submit("1", "90")) == ["venue_ready"]
    assert verdict(desk.submit("10", "100", side="sell", reduce="only")) == "allow"
    look(desk)
    assert desk.state.silent == {} and rules(desk.submit("1", "90")) == []
    assert desk.refused(c.NoData(connection="nowhere", why="x"), GUARD) == "unknown_connection"
    desk.agree()


def test_the_round_that_closes_openings_is_told_also_after_the_limit_was_lowered() -> None:
    desk = holder()
    for limit, told in ((6, []), (6, []), (6, []), (6, []), (2, ["venue_silent"]), (2, [])):
        desk.took(c.SetTolerance(connection="paper1", tolerance=access.Tolerance(silent_rounds=limit), why="test"))
        record = desk.took(c.NoData(connection="paper1", why="timeout"), GUARD)
        assert [event.code for event in record.events if isinstance(event, e.Alarm)] == told
        assert desk.state.venue_states["paper1"].reconciled == (limit == 6)


def test_a_currency_that_appears_later_is_no_deposit() -> None:
    """What a new connection holds is taken over; after that a venue moves nobody's capital by what it shows."""
    desk = small()
    desk.rate("EUR", "USD", "1.1")
    equity = desk.state.subjects["firm"].total.equity
    cash = (("EUR", money("1000000")), ("USD", money("1000000")))
    desk.took(c.Reconciled(connection="paper1", positions=(), cash=cash, orders=()), GUARD, LATER)
    assert desk.state.subjects["firm"].total.equity == equity
    assert (found(desk), halts(desk)) == ({"EUR": "large"}, HALT)
    desk.took(c.Adopt(connection="paper1", truth="venue", why="a transfer"))
    assert desk.state.subjects["firm"].total.equity == equity + money("1100000")
    desk.took(c.Reconciled(connection="paper1", positions=(), cash=cash, orders=()), GUARD)
    assert found(desk) == {}
    desk.agree()


DOUBTS = [
    c.Woke(slept_ns=3600 * 10**9),
    c.SetVenueState(connection="paper1", reconciled=False, link_up=True),  # messages were missed
    c.SetVenueState(connection="paper1", reconciled=False, link_up=False),
    c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="test"),
]


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("parts", [1, 2])
def test_an_account_that_was_asked_for_before_a_doubt_does_not_end_it(doubt: Any, parts: int) -> None:
    """It was on its way when the machine slept, the link went down or messages were missed."""
    desk = holder()
    asked = desk.took(c.Ask(connection="paper1"), GUARD).command.seq
    rows: Any = {"positions": (c.Holding("AAPL", quantity("10")),), "cash": (("USD", money("999000")),), "orders": ()}
    shown = c.Reconciled(connection="paper1", parts=parts, asked=asked, **rows)
    if parts == 2:
        desk.took(shown, GUARD)
        shown = c.Reconciled(connection="paper1", positions=(), cash=(), orders=(), part=2, parts=2, asked=asked)
    desk.took(doubt, GUARD)
    desk.took(shown, GUARD)
    assert not desk.state.venue_states["paper1"].reconciled and desk.state.gathered == {}
    desk.reload()
    asked = desk.took(c.Ask(connection="paper1"), GUARD).command.seq
    desk.took(c.Reconciled(connection="paper1", asked=asked, **rows), GUARD)
    assert desk.state.venue_states["paper1"] == c.SetVenueState(connection="paper1", reconciled=True, link_up=True)
    desk.agree()


def test_parts_of_two_questions_are_no_account() -> None:
    desk = holder()
    for number in (1, 2):
        body = c.Reconciled(connection="paper1", positions=(), cash=(), orders=(), part=number, parts=2, asked=number)
        record = desk.took(body, GUARD)
    assert [type(event) for event in record.events] == [e.Silent]


# -- parts


def large_account(count: int, of: str = "1") -> c.Reconciled:
    names = [f"A-RATHER-LONG-NAME-OF-ONE-INSTRUMENT-{'X' * 80}-{number:05}" for number in range(count)]
    return c.Reconciled(
        connection="paper1",
        positions=tuple(c.Holding(name, quantity(of)) for name in names),
        cash=(("USD", money("1000000")),),
        orders=tuple(f"stranger-{number}" for number in range(count)),
    )


def test_an_account_of_many_positions_comes_in_parts() -> None:
    desk = small()
    whole = large_account(1500)
    parts = parts_of(whole)
    assert len(parts) > 10 and all(len(encode(part)) < 16_000 for part in parts)
    for part in parts[:-1]:
        desk.took(part, GUARD)
        assert found(desk) == {}, "nothing counts before the last part"
        desk.reload()
    record = desk.took(parts[-1], GUARD)
    (drifted,) = [event for event in record.events if isinstance(event, e.Drifted)]
    assert len(drifted.drifts) + drifted.more == 3000
    assert len(encode(record)) < ENTRY_BYTES_MAX
    assert (halts(desk), desk.state.gathered) == (HALT, {})
    desk.agree()


def test_parts_say_what_the_whole_says() -> None:
    whole = large_account(700)
    parts = parts_of(whole)
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    for field in ("positions", "cash", "orders"):
        assert tuple(row for part in parts for row in getattr(part, field)) == getattr(whole, field)
    empty = c.Reconciled(connection="paper1", positions=(), cash=(), orders=())
    assert (parts_of(empty), parts_of(large_account(1))) == ((empty,), (large_account(1),))


@pytest.mark.parametrize("order", [(2,), (1, 3), (1, 1, 3), (1, 2, 2), (1, 2, 3, 3)])
def test_parts_out_of_order_are_no_account(order: tuple[int, ...]) -> None:
    desk = holder()
    rows = {1: {"positions": (c.Holding("AAPL", quantity("10")),)}, 2: {}, 3: {"cash": (("USD", money("999000")),)}}
    for number in order:
        terms: dict[str, Any] = {"positions": (), "cash": (), "orders": (), **rows[number]}
        record = desk.took(c.Reconciled(connection="paper1", part=number, parts=3, **terms), GUARD)
    assert any(isinstance(event, e.Silent) for event in record.events)
    assert desk.state.silent["paper1"] >= 1 and halts(desk) == []
    assert "paper1" not in desk.state.gathered
    desk.agree()


def test_what_is_said_twice_is_no_account() -> None:
    desk = holder()
    twice = (c.Holding("AAPL", quantity("5")), c.Holding("AAPL", quantity("5")))
    cash = (("USD", money("999000")),)
    record = desk.took(c.Reconciled(connection="paper1", positions=twice, cash=cash, orders=()), GUARD)
    assert [event.why for event in record.events if isinstance(event, e.Silent)] == [
        "the venue shows the position AAPL twice"
    ]


def test_an_entry_holds_a_round_in_which_everything_differs() -> None:
    """Positions and orders with the longest names, none of them known, and every order of the book missing."""
    desk = small()
    for number in range(150):
        desk.working("1", str(50 + number % 40))
    for part in parts_of(large_account(300)):
        record = desk.took(part, GUARD, LATER // 8)
        acts = [effect for effect in effects(record) if isinstance(effect, Act)]
        planned = tuple(e.Planned(act.do, act.order, "0" * 64) for act in acts)
        assert len(encode(msgspec.structs.replace(record, requests=planned))) < ENTRY_BYTES_MAX
    assert len(acts) == ASKS_MAX and halts(desk) == HALT
