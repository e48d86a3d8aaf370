"""Reconciling, round by round: what differs, into which bucket it falls, and what follows.

The desk holds ten shares bought at 100 and 999,000 dollars; `look` lets the venue show what a test says.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, halts, money, quantity, ratio, rules, small, verdict

from remit.guard.parts import parts_of
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
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
    )
    return desk.took(shown, GUARD, after_ns)


def found(desk: Desk, connection: str = "paper1") -> dict[str, str]:
    """Every difference of the last round and its bucket."""
    return {drift.item: drift.bucket for drift in desk.state.drifts.get(connection, ())}


def tolerate(desk: Desk, **terms: Any) -> None:
    desk.took(c.SetTolerance(connection="paper1", tolerance=access.Tolerance(**terms)))


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
    body = c.SetTolerance(connection="paper1", tolerance=access.Tolerance(floor=Money(-1)))
    assert desk.refused(body) == "not_possible"
    assert desk.refused(c.SetTolerance(connection="nowhere", tolerance=TOLERANCE)) == "unknown_connection"
    assert desk.refused(c.SetTolerance(connection="paper1", tolerance=TOLERANCE), GUARD) == "not_authorised"


@pytest.mark.parametrize(("euros", "bucket"), [("1000.90", "small"), ("1000.91", "large"), ("999.10", "small")])
def test_the_floor_is_in_the_currency_of_the_account(euros: str, bucket: str) -> None:
    """A euro is worth 1.1 dollars: 0.90 of them are 0.99, 0.91 are 1.001."""
    desk = small()
    desk.rate("EUR", "USD", "1.1")
    desk.connection("euro1", "main", "1000", "EUR")
    tolerance = access.Tolerance(share_bps=10_000)
    desk.took(c.SetTolerance(connection="euro1", tolerance=tolerance))
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


# -- in transit


@pytest.mark.parametrize(
    ("venue", "usd", "after_ns", "buckets"),
    [
        ("0", "1000000", LATER - 1, {"AAPL": "in_transit", "USD": "in_transit"}),
        ("0", "1000000", LATER, {"AAPL": "large", "USD": "large"}),
        ("4", "999600", LATER - 1, {"AAPL": "in_transit", "USD": "in_transit"}),  # shown in part
        ("-1", "1000000", LATER - 1, {"AAPL": "large", "USD": "in_transit"}),  # more than what was bought
        ("11", "999000", LATER - 1, {"AAPL": "large"}),  # the other way
        ("10", "1000001", LATER - 1, {"USD": "large"}),
    ],
)
def test_a_venue_may_show_a_fill_late(venue: str, usd: str, after_ns: int, buckets: dict[str, str]) -> None:
    desk = holder()
    look(desk, venue, usd, after_ns=after_ns)
    assert found(desk) == buckets
    assert halts(desk) == (HALT if "large" in buckets.values() else [])
    desk.agree()


def test_a_lag_of_every_round_does_not_add_up() -> None:
    """One share is bought each minute, and the venue is always one behind: each is explained by its own fill."""
    desk = holder("1")
    for number in range(1, 8):
        desk.hold("1")
        look(desk, str(number), str(1_000_000 - 100 * number), after_ns=60 * NANOSECONDS)
        assert set(found(desk).values()) == {"in_transit"}, number
    look(desk, "8", "999200", after_ns=60 * NANOSECONDS)
    assert found(desk) == {}


def test_a_fill_in_flight() -> None:
    """The venue has filled five that the book has not heard of: it is asked, and the window bounds the patience."""
    desk = holder()
    order = desk.working("5", "100")
    record = look(desk, "15", "998500")
    assert found(desk) == {"AAPL": "in_transit", "USD": "in_transit"}
    assert Act("query", order.id, "paper1") in effects(record)
    look(desk, "15", "998500", order.id, after_ns=LATER - 1)
    assert found(desk) == {"AAPL": "in_transit", "USD": "in_transit"}
    assert all(drift.rounds == 0 for drift in desk.state.drifts["paper1"])
    desk.fill(order, "5", "100")
    look(desk, "15", "998500", after_ns=1)
    assert found(desk) == {}
    desk.agree()


def test_a_fill_that_never_arrives() -> None:
    desk = holder()
    order = desk.working("5", "100")
    look(desk, "15", "998500", order.id)
    look(desk, "15", "998500", order.id, after_ns=LATER)
    assert set(found(desk).values()) == {"large"}
    assert halts(desk) == HALT


@pytest.mark.parametrize(
    ("side", "venue", "usd", "buckets"),
    [
        ("buy", "15", "998500", {"AAPL": "in_transit", "USD": "in_transit"}),
        ("buy", "16", "998400", {"AAPL": "large", "USD": "large"}),  # beyond what works
        ("buy", "9", "999100", {"AAPL": "large", "USD": "large"}),  # the other way
        ("sell", "5", "999500", {"AAPL": "in_transit", "USD": "in_transit"}),
        ("sell", "5", "999550", {"AAPL": "in_transit", "USD": "in_transit"}),  # a better price
        ("sell", "5", "999551", {"AAPL": "in_transit", "USD": "large"}),  # too good to be it
    ],
)
def test_what_an_order_at_work_explains(side: str, venue: str, usd: str, buckets: dict[str, str]) -> None:
    desk = holder()
    order = desk.working("5", "100", side=side)
    look(desk, venue, usd, order.id)
    assert found(desk) == buckets


def test_an_order_that_was_cancelled_may_still_have_filled() -> None:
    desk = holder()
    order = desk.working("5", "100")
    desk.took(c.Cancelled(order=order.id), GUARD)
    look(desk, "15", "998500", after_ns=LATER - 1)
    assert set(found(desk).values()) == {"in_transit"}
    look(desk, "15", "998500", after_ns=1)
    assert set(found(desk).values()) == {"large"}


def test_transit_does_not_hide_what_is_small_for_long() -> None:
    """Rounds in transit neither count nor forgive."""
    desk = holder()
    tolerate(desk, rounds=2)
    look(desk, usd="999000.50")
    order = desk.working("5", "100")
    look(desk, usd="998900", after_ns=1)
    assert [(drift.bucket, drift.rounds) for drift in desk.state.drifts["paper1"]] == [("in_transit", 1)]
    desk.took(c.Cancelled(order=order.id), GUARD)
    look(desk, usd="999000.50")
    assert found(desk) == {"USD": "large"}


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


# -- no data

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


def test_a_perpetual_at_profit_in_flight() -> None:
    """What closes a perpetual brings its profit alone: the worth of it bounds what may be in transit."""
    desk = small()
    desk.instrument("PERP", "100", kind="perpetual")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
    desk.hold("10", instrument="PERP")
    order = desk.working("10", "120", side="sell", instrument="PERP")
    look(desk, "0", "1000200", order.id, PERP="0")
    assert found(desk) == {"PERP": "in_transit", "USD": "in_transit"}


SETTLED = [
    # what the book heard, the venue before and after it, as shares and dollars
    (c.Dividend(instrument="AAPL", amount=money("2")), ("10", "999000"), ("10", "999020")),
    (c.Split(instrument="AAPL", new=2, old=1), ("10", "999000"), ("20", "999000")),
]


@pytest.mark.parametrize(("fact", "before", "after"), SETTLED)
def test_a_venue_may_settle_late(fact: Any, before: tuple[str, str], after: tuple[str, str]) -> None:
    desk = holder()
    look(desk, *after)
    ahead = found(desk)
    desk.took(fact)
    look(desk, *before, after_ns=LATER - 1)
    assert set(found(desk).values()) == {"in_transit"}
    desk.reload()
    look(desk, *after, after_ns=1)
    assert found(desk) == {}
    look(desk, *before)
    assert set(found(desk).values()) == set(ahead.values()) == {"large"}, "a venue ahead of the book is a difference"
    desk.agree()


def test_a_market_may_pay_out_late() -> None:
    desk = small()
    desk.instrument("YES", "0.5", kind="prediction", market="rain", outcome="yes")
    desk.hold("100", "0.5", instrument="YES")
    desk.took(c.Resolve(market="rain", outcome="yes"), after_ns=LATER)
    look(desk, "0", "999950", after_ns=LATER - 1, YES="100")
    assert found(desk) == {"YES": "in_transit", "USD": "in_transit"}
    look(desk, "0", "1000050", after_ns=1)
    assert found(desk) == {}
    desk.agree()


def test_a_bust_that_the_venue_shows_late() -> None:
    desk = holder()
    order = next(iter(desk.state.finished.values()))
    desk.took(c.Busted(order=order.id, fill=order.fills[0].split("|")[1]), GUARD, LATER)
    look(desk, "10", "999000", after_ns=LATER - 1)
    assert set(found(desk).values()) == {"in_transit"}
    look(desk, "0", "1000000", after_ns=1)
    assert found(desk) == {}
    desk.agree()
