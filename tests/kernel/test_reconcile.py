"""Reconciling, round by round: what differs, into which bucket it falls, and what follows.

The desk holds ten shares bought at 100 and 999,000 dollars; `look` lets the venue show what a test says.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, halts, money, quantity, small, verdict

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Act
from remit.kernel.event import Record
from remit.kernel.fold_drift import TOLERANCE
from remit.kernel.kernel import effects
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, Money

HALT = [("connection:paper1", "drift", "reconcile")]
LATER = TOLERANCE.window_s * NANOSECONDS
"""When nothing of what happened before is in transit any more."""


def holder(amount: str = "10") -> Desk:
    desk = small()
    desk.hold(amount)
    return desk


def look(desk: Desk, aapl: str = "10", usd: str = "999000", *orders: str, after_ns: int = LATER, **more: str) -> Record:
    """One round: the venue shows these shares, these dollars, these orders and whatever else is named."""
    held = {"AAPL": aapl, **more}
    shown = c.Reconciled(
        connection="paper1",
        positions=tuple(c.Holding(name, quantity(amount)) for name, amount in held.items() if amount != "0"),
        cash=(("USD", money(usd)),),
        orders=orders,
        asked=desk.state.seq,
    )
    return desk.took(shown, GUARD, after_ns)


def found(desk: Desk, connection: str = "paper1") -> dict[str, str]:
    """Every difference of the last round and its bucket."""
    return {drift.item: drift.bucket for drift in desk.state.drifts.get(connection, ())}


def tolerate(desk: Desk, **terms: Any) -> None:
    desk.took(c.SetTolerance(connection="paper1", tolerance=access.Tolerance(**terms), why="test"))


# -- buckets

SHARES = [
    # book    venue       difference, worth, and what it is compared with
    ("10000", "10000", ""),
    ("10000", "10000.0099", "small"),  # 0.99, below the floor of 1
    ("10000", "10000.01", "large"),  # 1.00, the floor itself
    ("10000", "9999.9901", "small"),
    ("10000", "9999.99", "large"),
    ("5", "4.9951", "small"),  # 0.49, below 0.1 % of 500
    ("5", "4.995", "large"),  # 0.50, exactly 0.1 % of the larger side
    ("5", "5.005", "small"),  # 0.50, below 0.1 % of 500.50, the larger side
    ("5", "0", "large"),
    ("5", "-5", "large"),
]


@pytest.mark.parametrize(("book", "venue", "bucket"), SHARES)
def test_a_difference_in_shares(book: str, venue: str, bucket: str) -> None:
    desk = holder(book)
    look(desk, venue, str(1_000_000 - 100 * int(book)))
    assert found(desk) == ({"AAPL": bucket} if bucket else {})
    assert halts(desk) == (HALT if bucket == "large" else [])
    assert desk.state.venue_states["paper1"].reconciled == (bucket != "large")
    desk.agree()


CASH = [
    ("999000", ""),
    ("999000.000000001", ""),  # what rounding may leave
    ("999000.000000002", "small"),
    ("999000.99", "small"),
    ("998999.01", "small"),
    ("999001", "large"),
    ("998999", "large"),
    ("-999000", "large"),
]


@pytest.mark.parametrize(("venue", "bucket"), CASH)
def test_a_difference_in_cash(venue: str, bucket: str) -> None:
    desk = holder()
    look(desk, usd=venue)
    assert found(desk) == ({"USD": bucket} if bucket else {})
    assert halts(desk) == (HALT if bucket == "large" else [])
    desk.agree()


@pytest.mark.parametrize(
    ("terms", "bucket"),
    [
        ({}, "small"),
        ({"floor": money("0.5")}, "large"),
        ({"floor": money("0.51")}, "small"),
        ({"share_bps": 0}, "large"),
        ({"floor": money("0")}, "large"),
        ({"rounds": 1}, "large"),
    ],
)
def test_the_tolerance_moves_the_boundaries(terms: dict[str, Any], bucket: str) -> None:
    desk = holder("10000")
    tolerate(desk, **terms)
    look(desk, "10000.005", "0")
    assert found(desk)["AAPL"] == bucket
    desk.agree()


def test_who_sets_a_tolerance() -> None:
    desk = small()
    body = c.SetTolerance(connection="paper1", tolerance=access.Tolerance(floor=Money(-1)), why="test")
    assert desk.refused(body) == "not_possible"
    assert desk.refused(c.SetTolerance(connection="paper1", tolerance=TOLERANCE, why=" ")) == "no_reason"
    assert desk.refused(c.SetTolerance(connection="nowhere", tolerance=TOLERANCE, why="test")) == "unknown_connection"
    assert desk.refused(c.SetTolerance(connection="paper1", tolerance=TOLERANCE, why="test"), GUARD) == "not_authorised"


@pytest.mark.parametrize(("euros", "bucket"), [("1000.90", "small"), ("1000.91", "large"), ("999.10", "small")])
def test_the_floor_is_in_the_currency_of_the_account(euros: str, bucket: str) -> None:
    """A euro is worth 1.1 dollars: 0.90 of them are 0.99, 0.91 are 1.001."""
    desk = small()
    desk.rate("EUR", "USD", "1.1")
    desk.connection("euro1", "main", "1000", "EUR")
    tolerance = access.Tolerance(share_bps=10_000)
    desk.took(c.SetTolerance(connection="euro1", tolerance=tolerance, why="test"))
    desk.took(c.Reconciled(connection="euro1", positions=(), cash=(("EUR", money(euros)),), orders=()), GUARD)
    assert found(desk, "euro1") == {"EUR": bucket}


def test_what_cannot_be_valued_is_large() -> None:
    desk = holder()
    desk.instrument("NEW")
    record = look(desk, NEW="0.000001", GHOST="0.000001")
    assert found(desk) == {"NEW": "large", "GHOST": "large"}
    (told,) = [event for event in record.events if isinstance(event, e.Alarm)]
    assert "GHOST: book 0, venue 0.000001 (this instrument is not known here)" in told.why
    assert "NEW: book 0, venue 0.000001 (there is no mark" in told.why


def test_a_position_nobody_made_is_large_however_small() -> None:
    desk = holder()
    desk.instrument("MSFT", "100")
    look(desk, MSFT="0.0001")
    assert (found(desk), halts(desk)) == ({"MSFT": "large"}, HALT)


# -- rounds


def test_a_small_difference_that_lasts_halts_in_the_third_round() -> None:
    desk = holder()
    seen = []
    for _ in range(3):
        look(desk, usd="999000.50", after_ns=LATER)
        (drift,) = desk.state.drifts["paper1"]
        seen.append((drift.rounds, drift.bucket, len(halts(desk))))
    assert seen == [(1, "small", 0), (2, "small", 0), (3, "large", 1)]
    assert desk.at - desk.state.drifts["paper1"][0].since == 2 * LATER
    desk.agree()


def test_a_small_difference_that_goes_away_is_forgotten() -> None:
    desk = holder()
    for usd in ("999000.50", "999000.50", "999000", "999000.50", "999000.50"):
        look(desk, usd=usd)
    assert (found(desk), halts(desk)) == ({"USD": "small"}, [])


def test_a_large_difference_alarms_once_and_halts_once() -> None:
    desk = holder()
    alarms = [
        sum(isinstance(event, e.Alarm) for event in look(desk, aapl).events) for aapl in ("7", "7", "6", "10", "6")
    ]
    assert alarms == [1, 0, 0, 0, 1]
    assert halts(desk) == HALT


# -- orders


def test_orders_that_the_venue_works() -> None:
    desk = holder()
    desk.connection("paper2", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper2", granted=True))
    own, elsewhere = desk.working("1", "90"), desk.working("1", "90", connection="paper2")
    over = desk.working("1", "91")
    desk.took(c.Cancelled(order=over.id), GUARD)
    look(desk, "10", "999000", own.id, over.id, after_ns=LATER - 1)
    assert (found(desk), halts(desk)) == ({over.id: "in_transit"}, [])
    look(desk, "10", "999000", own.id, over.id, after_ns=1)
    assert (found(desk), halts(desk)) == ({over.id: "large"}, HALT)
    look(desk, "10", "999000", own.id, elsewhere.id, "stranger-1")
    assert found(desk) == {elsewhere.id: "large", "stranger-1": "large"}
    desk.agree()


def test_an_order_that_the_venue_does_not_show_is_asked_about() -> None:
    desk = holder()
    shown, hidden = desk.working("1", "90"), desk.working("1", "91")
    late = desk.order("1", "92")
    asked = [
        effect.order for effect in effects(look(desk, "10", "999000", shown.id, after_ns=1)) if type(effect) is Act
    ]
    assert asked == [hidden.id]
    asked = [effect.order for effect in effects(look(desk, "10", "999000", shown.id)) if type(effect) is Act]
    assert asked == [hidden.id, late.id], "one that was let out so long ago should be shown by now"
    assert late.reserved and hidden.reserved and found(desk) == {}


# -- what is proven, and what ends


@pytest.mark.parametrize(("venue", "kept", "proven"), [("4", False, "4"), ("14", False, "10"), ("4", True, "10")])
def test_the_smaller_of_book_and_venue_is_proven_unless_it_was_kept(venue: str, kept: bool, proven: str) -> None:
    desk = holder()
    look(desk, venue)
    if kept:
        desk.took(c.Adopt(connection="paper1", truth="book", why="their page lags"))
    one_more = str(int(proven) + 1)
    assert verdict(desk.submit(one_more, "100", side="sell", reduce="only", by=ANN)) == "deny"
    assert verdict(desk.submit(proven, "100", side="sell", reduce="only", by=ANN)) == "allow"
    desk.agree()


@pytest.mark.parametrize(("venue", "proven"), [("4", "10"), ("3", "9")])
def test_what_a_round_proves_is_counted_without_what_was_kept(venue: str, proven: str) -> None:
    """The venue was said to show six too few: with four of them it proves ten, with three only nine."""
    desk = holder()
    look(desk, "4")
    desk.took(c.Adopt(connection="paper1", truth="book", why="their page lags"))
    look(desk, venue)
    one_more = str(int(proven) + 1)
    assert verdict(desk.submit(one_more, "100", side="sell", reduce="only", by=ANN)) == "deny"
    assert verdict(desk.submit(proven, "100", side="sell", reduce="only", by=ANN)) == "allow"


def test_a_fill_that_is_taken_back_is_proven_no_more() -> None:
    desk = holder()
    look(desk)
    order = desk.working("5", "100")
    desk.fill(order, "5", "100", fill="f-1")
    desk.took(c.Busted(order=order.id, fill="f-1"), GUARD)
    assert desk.state.confirmed[("paper1", "AAPL")] == quantity("10")


def test_a_halt_for_drift_does_not_end_while_the_drift_stands() -> None:
    desk = holder()
    look(desk, "7")
    (halt,) = desk.state.halts
    assert desk.refused(c.Resume(halt=halt, why="now")) == "not_reviewed"
    desk.took(c.Review(halt=halt, limit="reconcile", why="looked"))
    assert desk.refused(c.Resume(halt=halt, why="now")) == "still_drifting"
    look(desk)
    desk.took(c.Resume(halt=halt, why="the venue agrees again"))
    assert halts(desk) == []


def test_a_restart_forgets_no_difference() -> None:
    desk = holder()
    look(desk, usd="999000.50")
    desk.reload()
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="test"), GUARD)
    look(desk, usd="999000.50")
    look(desk, usd="999000.50")
    assert halts(desk) == HALT
    desk.agree()
