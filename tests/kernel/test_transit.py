"""What is in transit: fills and settlements the venue shows late, fills the book hears late, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, halts, money, ratio, small, verdict
from tests.kernel.test_reconcile import HALT, LATER, found, holder, look, tolerate

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Act
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS


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


def test_a_difference_cannot_hide_for_ever_behind_an_agent_that_trades_on() -> None:
    """Three shares are gone. Each minute five are bought and sold, which would explain any three for ever; after five
    windows nothing opens any more, and with the last window the three are seen."""
    desk = holder()
    alarms: list[str] = []
    rounds = 0
    while verdict(desk.submit("1", "90")) == "allow":
        rounds += 1
        for side in ("buy", "sell"):
            desk.fill(desk.working("5", "100", side=side, by=ANN), "5", "100")
        live = [order.id for order in desk.state.orders.values()]
        record = look(desk, "7", "999000", *live, after_ns=60 * NANOSECONDS)
        assert found(desk) == {"AAPL": "in_transit"}
        alarms += [event.code for event in record.events if isinstance(event, e.Alarm)]
        desk.mark("AAPL", "100")
        desk.mark("AAPL", "100")
    assert (rounds, alarms, halts(desk)) == (11, ["always_in_transit"], [])
    assert verdict(desk.submit("5", "100", side="sell", reduce="only")) == "allow"
    live = [order.id for order in desk.state.orders.values()]
    look(desk, "7", "999000", *live)
    assert (found(desk), halts(desk)) == ({"AAPL": "large"}, HALT)
    desk.agree()


def test_what_was_always_in_transit_opens_with_the_first_round_that_agrees() -> None:
    desk = holder("1")
    for number in range(1, 12):
        desk.hold("1")
        look(desk, str(number), str(1_000_000 - 100 * number), after_ns=60 * NANOSECONDS)
    assert not desk.state.venue_states["paper1"].reconciled and halts(desk) == []
    look(desk, "12", "998800", after_ns=NANOSECONDS)
    assert desk.state.venue_states["paper1"].reconciled


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


@pytest.mark.parametrize(
    ("venue", "usd", "bucket"), [("0", "1000000", ""), ("10", "999000", "in_transit"), ("-10", "1001000", "large")]
)
def test_a_fill_that_was_taken_back_may_still_be_shown_and_explains_nothing_else(
    venue: str, usd: str, bucket: str
) -> None:
    desk = small()
    order = desk.working("10", "100")
    desk.fill(order, "10", "100", fill="f-1")
    desk.took(c.Busted(order=order.id, fill="f-1"), GUARD)
    look(desk, venue, usd, after_ns=NANOSECONDS)
    assert found(desk) == ({"AAPL": bucket, "USD": bucket} if bucket else {})


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


def test_what_nobody_holds_settles_nothing() -> None:
    """Judging an order leaves an empty stake behind, which no record tells of: it must leave no trace here."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("1")))
    assert verdict(desk.submit("1", "100")) == "deny"
    desk.took(c.Split(instrument="AAPL", new=2, old=1))
    assert not desk.state.settled
    desk.agree()
