"""The faulty paper venue: each fault does what it says, by the caller's plan alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from tests.venues.paper.desk import ABC, LISTED, PUBLIC_KEY, Desk, mark, order, spelt

from remit.guard.errors import LinkDown, NoReply
from remit.kernel.command import Body
from remit.testing.faults import MEANING, Drawn, Fault, FaultyPaper, Listed, MessageFault, fits
from remit.venues.paper.exchange import PaperExchange


class FaultyDesk(Desk):
    """A desk whose requests go through a plan; no reply reads as `none`."""

    def __init__(self, requests: Any = None, told: Any = ()) -> None:
        exchange = PaperExchange(LISTED, PUBLIC_KEY)
        self.faulty = FaultyPaper(exchange, Listed(requests, told))
        super().__init__(exchange)
        self.mark(mark("99", "100"))

    def send(self, request: Any, about: str) -> Sequence[Body]:
        try:
            reply = self.faulty.answer(self.seal(request, about), self.at)
        except ConnectionAbortedError:
            return ()
        return self.venue.read(request, about, reply)

    def words(self, reports: Sequence[Body]) -> list[str]:
        return [spelt(report) if hasattr(report, "order") else type(report).__name__.lower() for report in reports]

    def numbers(self, after: int = 0) -> list[int]:
        return [message.number for message in self.faulty.log("one", after)]


def test_every_fault_has_its_meaning() -> None:
    assert set(MEANING) == {*get_args(Fault), *get_args(MessageFault)}


PLACED: list[tuple[str, list[str], list[str]]] = [
    # fault, what a resting order of 4 at 90 is answered, what a question then tells
    ("lost_request", [], ["a rejected"]),
    ("lost_reply", [], ["a acked"]),
    ("error_after", ["a lost"], ["a acked"]),
    ("error_body", ["a lost"], ["a rejected"]),
    ("too_many", ["a rejected"], ["a rejected"]),
    ("garbage", ["a lost"], ["a acked"]),
    ("twice", ["a acked"], ["a acked"]),
    ("late_request", [], ["a rejected"]),
    ("partial_fill", ["a acked"], ["a acked", "a 2@90"]),
    ("taken_id", ["a lost"], ["external", "a acked"]),
    ("stray_order", ["a acked"], ["a acked"]),
]


@pytest.mark.parametrize(("fault", "answered", "asked"), PLACED, ids=[row[0] for row in PLACED])
def test_what_befalls_an_order(fault: Fault, answered: list[str], asked: list[str]) -> None:
    trader = FaultyDesk({"place": [fault]})
    assert trader.words(trader.place("a", "buy", "4", "90")) == answered
    assert trader.words(trader.query("a")) == asked
    assert trader.faulty.befell == [fault]


CANCELLED: list[tuple[str, list[str], list[str]]] = [
    ("lost_request", [], ["a acked"]),
    ("lost_reply", [], ["a acked", "a cancelled"]),
    ("filled_first", ["a 4@90", "a cancelrefused"], ["a acked", "a 4@90"]),
    ("filled_after", ["a cancelled"], ["a acked", "a 4@90"]),
    ("late_request", [], ["a acked"]),
]


@pytest.mark.parametrize(("fault", "answered", "asked"), CANCELLED, ids=[row[0] for row in CANCELLED])
def test_what_befalls_a_cancel(fault: Fault, answered: list[str], asked: list[str]) -> None:
    trader = FaultyDesk({"cancel": [fault]})
    trader.place("a", "buy", "4", "90")
    assert trader.words(trader.cancel("a")) == answered
    assert trader.words(trader.query("a")) == asked


@pytest.mark.parametrize("fault", ["partial_page", "empty_page", "error_after", "too_many", "garbage"])
def test_an_account_that_is_not_whole_is_no_data(fault: Fault) -> None:
    trader = FaultyDesk({"snapshot": [fault]})
    assert trader.words(trader.snapshot()) == ["nodata"]
    assert trader.words(trader.snapshot()) == ["reconciled"]


def test_holdings_drift_and_fills_are_taken_back() -> None:
    trader = FaultyDesk({"query": ["position_drift", "cash_drift", "busted"]})
    trader.place("a", "buy", "4", "100")
    held, cash = trader.position(), trader.cash()
    trader.query("a")
    assert (held, trader.position()) == ("4", "11")
    trader.query("a")
    assert int(trader.cash()) < int(cash)
    trader.query("a")
    assert trader.position() == "7"


def test_a_late_request_arrives_after_the_next_one_about_the_same() -> None:
    trader = FaultyDesk({"cancel": ["late_request"]})
    trader.place("a", "buy", "4", "90")
    trader.cancel("a")
    trader.snapshot()
    assert trader.exchange.holdings("one").orders == ("a",)
    trader.query("a")
    assert trader.exchange.holdings("one").orders == ()


MESSAGES: list[tuple[list[MessageFault | None], list[int]]] = [
    ([None, None, None], [1, 2, 3]),
    (["dropped"], [2, 3]),
    ([None, "doubled"], [1, 2, 2, 3]),
    (["swapped"], [2, 1, 3]),
    ([None, None, "swapped"], [1, 2]),
    (["swapped", "swapped"], [2, 1, 3]),
]


@pytest.mark.parametrize(("told", "heard"), MESSAGES)
def test_what_befalls_messages(told: list[MessageFault | None], heard: list[int]) -> None:
    trader = FaultyDesk(told=told)
    for id in ("a", "b", "c"):
        trader.place(id, "buy", "1", "100")
    assert trader.numbers() == trader.numbers() == heard
    trader.faulty.stop()
    assert trader.numbers() == [1, 2, 3]


def test_what_waits_for_the_next_message_comes_after_it() -> None:
    trader = FaultyDesk(told=["swapped"])
    trader.place("a", "buy", "1", "100")
    assert trader.numbers() == []
    trader.place("b", "buy", "1", "100")
    assert trader.numbers() == [2, 1]


def test_an_outage_and_a_lost_reply_in_memory() -> None:
    trader = FaultyDesk({"query": ["lost_reply"]})
    request = trader.venue.query(order("a", "buy", "1", "1"), ABC, 0, 0)
    reply = trader.faulty.script(lambda: 0)
    with pytest.raises(NoReply):
        reply(trader.seal(request, "a"))
    trader.faulty.is_away = True
    with pytest.raises(LinkDown):
        reply(trader.seal(request, "a"))
    trader.faulty.stop()
    assert b"never_seen" in reply(trader.seal(request, "a"))


def test_a_venue_whose_clock_is_ahead_takes_permits_for_expired() -> None:
    trader = FaultyDesk()
    trader.faulty.skew_ns = 3600 * 10**9
    request = trader.venue.snapshot("one", 0, 0)
    assert b"permit_expired" in trader.faulty.script(lambda: 0)(trader.seal(request, ""))
    assert trader.faulty.clock(lambda: 5)() == 3600 * 10**9 + 5


def test_the_same_seed_draws_the_same_faults() -> None:
    chances = {"lost_reply": 2000, "filled_after": 3000, "swapped": 5000}

    def drawn(seed: int) -> list[object]:
        plan = Drawn(random.Random(seed), chances)
        return [(plan.of_request(action), plan.of_message()) for action in ("place", "cancel") for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert {fault for fault, _ in drawn(1)} == {None, "lost_reply", "filled_after"}


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault of a place"):
        Listed({"place": ["empty_page"]})
    for chances in ({"gremlins": 1}, {"twice": 10_001}, {"twice": -1}):
        with pytest.raises(ValueError):
            Drawn(random.Random(1), chances)


def test_a_fault_befalls_only_what_it_fits() -> None:
    assert fits("empty_page", "snapshot") and not fits("empty_page", "place") and fits("twice", "cancel_all")
