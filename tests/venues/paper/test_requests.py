"""Requests and their reports: idempotence, queries, cancels, replaces, refusals, unreadable replies."""

from __future__ import annotations

import pytest
from tests.venues.paper.desk import ABC, desk, mark, money, order, price, quantity, spelt

from remit.kernel.command import (
    Acked,
    Cancelled,
    CancelRefused,
    Filled,
    Lost,
    NoData,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRefused,
    SetTradingState,
)
from remit.venues.seam import Unencodable


def test_an_order_travels_as_its_id_and_terms_and_comes_back_as_acked() -> None:
    trader = desk()
    assert trader.place("a", "buy", "10", "100") == (Acked(order="a", venue_order="P-a"),)


def test_the_same_call_gives_the_same_bytes_and_other_nonces_other_digests() -> None:
    venue = desk().venue
    first, again, other = (venue.place(order("a", "buy", "1", "100"), ABC, 5, nonce) for nonce in (1, 1, 2))
    assert first == again and first.digest != other.digest


def test_a_client_order_id_acts_once() -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "10", "100")
    (report,) = trader.place("a", "buy", "20", "100")
    assert isinstance(report, Lost) and "permit" not in report.why, "never a rejection: the first one stands"
    assert trader.position() == "10"
    assert trader.place("a", "buy", "5", "100", connection="two") == (Acked(order="a", venue_order="P-a"),), (
        "ids are per connection"
    )


def test_a_query_tells_what_became_of_an_order() -> None:
    trader = desk()
    trader.mark(mark("99", "100", sizes="4"))
    trader.place("a", "buy", "10", "100")
    assert [spelt(report) for report in trader.query("a")] == ["a acked", "a 4@100"]
    trader.mark(mark("98", "99", sizes="40"))
    assert [spelt(report) for report in trader.query("a")] == ["a acked", "a 4@100", "a 6@100"]
    trader.place("b", "buy", "50", "99", tif="ioc")
    assert [spelt(report) for report in trader.query("b")] == ["b acked", "b 34@99", "b cancelled"]


def test_a_query_for_an_order_never_seen_is_final() -> None:
    trader = desk()
    assert trader.query("a") == (Rejected(order="a", code="never_seen"),)
    assert trader.place("a", "buy", "1", "100") == (Rejected(order="a", code="closed_by_query"),)
    assert trader.query("a") == (Rejected(order="a", code="never_seen"),)


def test_a_query_settles_a_replace_of_unknown_outcome() -> None:
    trader = desk()
    trader.place("a", "buy", "10", "90")
    assert trader.query("a", asked=("5", "91")) == (
        Acked(order="a", venue_order="P-a"),
        ReplaceRefused(order="a", code="not_replaced"),
    )
    trader.replace("a", "5", "91")
    assert trader.query("a", asked=("5", "91")) == (Acked(order="a", venue_order="P-a"), Replaced(order="a"))


def test_cancels() -> None:
    trader = desk()
    trader.mark(mark("99", "100", sizes="4"))
    trader.place("part", "buy", "10", "100")
    trader.place("resting", "buy", "1", "90")
    assert trader.cancel("resting") == (Cancelled(order="resting"),)
    assert [type(report) for report in trader.cancel("part")] == [Filled, Cancelled], "the fills come before the end"
    assert trader.cancel("part")[-1] == Cancelled(order="part"), "cancelling twice says the same"
    trader.mark(mark("99", "100"))
    trader.place("full", "buy", "1", "100")
    assert [type(report) for report in trader.cancel("full")] == [Filled, CancelRefused]
    (unclear,) = trader.cancel("nothing")
    assert isinstance(unclear, Lost), "it may still be on its way: only a question closes its id"


@pytest.mark.parametrize(
    ("size", "limit", "code"),
    [("4", "100", "below_filled"), ("20", "100.001", "increments"), ("2000000", "100", "insufficient_funds")],
)
def test_a_refused_replace_leaves_the_order_as_it_was(size: str, limit: str, code: str) -> None:
    trader = desk()
    trader.mark(mark("99", "100", sizes="4"))
    trader.place("a", "buy", "10", "100")
    assert trader.replace("a", size, limit) == (ReplaceRefused(order="a", code=code),)
    trader.mark(mark("98", "99"))
    assert trader.told_so_far() == ["a 4@100", "a 6@100"]


def test_only_a_working_limit_order_is_replaced() -> None:
    trader = desk()
    trader.place("m", "buy", "1", worst="100")
    assert trader.replace("m", "1", "101") == (ReplaceRefused(order="m", code="not_replaceable"),)
    trader.cancel("m")
    assert trader.replace("m", "1", "101") == (ReplaceRefused(order="m", code="order_over"),)
    assert trader.replace("n", "1", "101") == (ReplaceRefused(order="n", code="never_seen"),)


REFUSED = {
    "tick": (("a", "buy", "1", "100.001"), {}, "increments"),
    "lot": (("a", "buy", "1.5", "100"), {}, "increments"),
    "a certain prediction": (("a", "buy", "1", "1"), {"instrument": "RAIN-YES"}, "increments"),
    "funds": (("a", "buy", "10001", "100"), {}, "insufficient_funds"),
    "funds at the worst price": (("a", "buy", "10000"), {"worst": "100.01"}, "insufficient_funds"),
    "spot is never short": (("a", "sell", "1", "100"), {"instrument": "COIN"}, "insufficient_position"),
    "a prediction is never short": (("a", "sell", "1", "0.5"), {"instrument": "RAIN-NO"}, "insufficient_position"),
    "unknown connection": (("a", "buy", "1", "1"), {"connection": "three"}, "unknown_connection"),
}


@pytest.mark.parametrize(("terms", "more", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_orders(terms: tuple[str, ...], more: dict[str, str], code: str) -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    assert trader.place(*terms, **more) == (Rejected(order="a", code=code),)
    assert trader.told_so_far() == [] and trader.cash() == "1000000"


def test_an_instrument_that_is_halted_takes_and_fills_nothing_until_it_trades_again() -> None:
    trader = desk()
    trader.place("a", "buy", "1", "100")
    trader.settle(SetTradingState(instrument="ABC", state="halted"))
    assert trader.place("b", "buy", "1", "100") == (Rejected(order="b", code="not_trading"),)
    trader.mark(mark("97", "98"))
    assert trader.told_so_far() == []
    trader.settle(SetTradingState(instrument="ABC", state="trading"))
    trader.mark(mark("97", "98"))
    assert trader.told_so_far() == ["a 1@100"]


def test_a_snapshot_shows_positions_cash_and_working_orders() -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    trader.place("a", "buy", "10", "100")
    trader.place("b", "buy", "10", "90")
    fill, report = trader.snapshot()
    assert spelt(fill) == "a 10@100"
    assert isinstance(report, Reconciled)
    assert [(held.instrument, held.quantity) for held in report.positions] == [("ABC", quantity("10"))]
    assert report.cash == (("USD", money("999000")),) and report.orders == ("b",)


@pytest.mark.parametrize(
    "reply", [b"", b"{}", b"null", b'{"reply":"accepted","order":"other","venue_order":"x"}', b"\xff"]
)
def test_a_reply_without_sense_is_lost_and_never_an_empty_account(reply: bytes) -> None:
    venue = desk().venue
    (report,) = venue.read(venue.place(order("a", "buy", "1", "1"), ABC, 0, 0), "a", reply)
    assert isinstance(report, Lost)
    for request in (venue.snapshot("one", 0, 0), venue.cancel_all("one", 0, 0), venue.dead_man("one", 9, 0, 0)):
        (report,) = venue.read(request, "", reply)
        assert isinstance(report, NoData)


def test_a_reply_to_another_question_is_lost() -> None:
    trader = desk()
    request = trader.venue.cancel(order("a", "buy", "1", "1"), ABC, 0, 0)
    (report,) = trader.venue.read(request, "a", b'{"reply":"accepted","order":"a","venue_order":"x"}')
    assert isinstance(report, Lost)


def test_what_the_protocol_has_no_words_for() -> None:
    venue = desk().venue
    unbounded = order("a", "buy", "1", worst="1")
    unbounded.worst_price = price("0")
    odd = order("a", "buy", "1", "1")
    odd.time_in_force = "fok"
    for made in (unbounded, odd):
        with pytest.raises(Unencodable):
            venue.place(made, ABC, 0, 0)
    with pytest.raises(Unencodable):
        venue.replace(order("a", "buy", "1", "1"), ABC, 0, 0)


def test_messages_are_numbered_without_a_gap_for_each_connection() -> None:
    trader = desk()
    trader.mark(mark("99", "100"))
    for number, connection in enumerate(["one", "two", "one", "one", "two"]):
        trader.place(f"o{number}", "buy", "1", "100", connection=connection)
    assert [message.number for message in trader.exchange.log("one", 0)] == [1, 2, 3]
    assert [spelt(message.report) for message in trader.exchange.log("two", 1)] == ["o4 1@100"]
