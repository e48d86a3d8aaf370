"""Protection: what is shown of a position and its exits is what would happen if the price fell now."""

from __future__ import annotations

from typing import Any

from tests.guard.desk import ANN, MOMENTUM, REVERSION, Desk

from remit.guard.protection import alert_of_start
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, Price, Quantity, parse

STOP = Leg(kind="stop_loss", trigger=parse(Price, "90"))
TARGET = Leg(kind="take_profit", trigger=parse(Price, "120"))


def held(*legs: Leg, quantity: str | None = None) -> Desk:
    """Ten shares at 100 of the agent momentum, with one exit where there are legs."""
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    if legs:
        terms = ExitTerms(legs=legs, quantity=None if quantity is None else parse(Quantity, quantity))
        record = desk.do(MOMENTUM, c.SetExit(
            id="e1", agent="momentum", connection="paper1", instrument="AAPL", terms=terms
        ))  # fmt: skip
        assert type(record.events[0]).__name__ == "ExitSet", record.events
    return desk


def protection(desk: Desk, **arguments: Any) -> list[str]:
    return [row["protection"] for row in desk.see(ANN, "positions", **arguments)["positions"]]


def link(desk: Desk, *, up: bool, reconciled: bool) -> None:
    desk.do(GUARD, c.SetVenueState(connection="paper1", reconciled=reconciled, link_up=up))


def test_none_was_asked_for() -> None:
    assert protection(held()) == ["none"]
    assert protection(held(TARGET)) == ["none"], "a take-profit bounds no loss"


def test_a_stop_that_is_watched_protects_for_every_subject() -> None:
    desk = held(STOP)
    for by in ("firm", "account", "agent"):
        assert protection(desk, by=by) == ["watched"]
    assert desk.see(ANN, "status")["unprotected"] == []


def test_a_stop_for_a_part_leaves_the_rest_unprotected() -> None:
    assert protection(held(STOP, quantity="3")) == ["unprotected: stops cover 3 of 10"]


def test_what_the_feed_or_the_link_cannot_do_is_said() -> None:
    desk = held(STOP)
    link(desk, up=False, reconciled=False)
    assert protection(desk) == ["unprotected: the link of paper1 is down"]
    link(desk, up=True, reconciled=False)
    assert protection(desk) == ["unprotected: paper1 is not reconciled"]
    link(desk, up=True, reconciled=True)
    assert protection(desk) == ["watched"]
    desk.do(GUARD, c.Quiet(instruments=("AAPL",)))
    (said,) = protection(desk)
    assert said.startswith("unprotected: quiet: ")
    desk.mark("100")
    assert protection(desk) == ["watched"]


def test_after_a_sleep_exits_are_unwatched_until_a_mark_made_since() -> None:
    desk = held(STOP)
    desk.do(GUARD, c.Woke(slept_ns=600 * NANOSECONDS))
    link(desk, up=True, reconciled=True)
    (said,) = protection(desk)
    assert said == "unprotected: asleep: the machine slept for 600 s; no mark since it woke"
    (row,) = desk.see(ANN, "status")["unprotected"]
    assert (row["agent"], row["instrument"], row["quantity"]) == ("momentum", "AAPL", "10")
    desk.mark("100")
    assert protection(desk) == ["watched"]
    assert desk.see(ANN, "status")["unprotected"] == []


def test_the_firm_is_as_unprotected_as_its_worst_agent() -> None:
    desk = held(STOP)
    desk.fill(desk.submit(REVERSION, "5"), "5", "100")
    assert protection(desk, by="firm") == ["none"]
    assert sorted(protection(desk, by="agent")) == ["none", "watched"]


def test_the_view_of_exits_says_where_each_leg_stands() -> None:
    desk = held(STOP, TARGET)
    (row,) = desk.see(MOMENTUM, "exits")
    assert (row["side"], row["protects"], row["state"], row["protection"]) == ("sell", "10", "armed", "watched")
    assert [(leg["kind"], leg["level"]) for leg in row["legs"]] == [("stop_loss", "90"), ("take_profit", "120")]
    assert desk.see(REVERSION, "exits") == [], "an agent sees its own"
    assert desk.see(ANN, "exits", agent="reversion") == []
    assert len(desk.see(ANN, "exits", instrument="AAPL")) == 1
    desk.mark("89")
    (row,) = desk.see(ANN, "exits")
    assert (row["triggered"], row["price"], row["protection"]) == ("stop_loss", "90", "closing")


def test_a_bracket_waits_for_its_entry() -> None:
    desk = Desk()
    desk.submit(MOMENTUM, "10", exit=ExitTerms(legs=(STOP,)))
    (row,) = desk.see(ANN, "exits")
    assert (row["state"], row["protection"], row["protects"]) == ("waiting", "waiting", "0")


def test_a_start_says_for_how_long_exits_were_not_watched() -> None:
    desk = held(STOP)
    alert = alert_of_start(desk.kernel.state, desk.at + 3_600 * NANOSECONDS)
    assert alert is not None
    assert (alert.code, alert.why) == ("exits_unwatched", "for 3600 s nobody watched the exits of momentum AAPL")
    assert alert_of_start(held().kernel.state, desk.at + 3_600 * NANOSECONDS) is None
