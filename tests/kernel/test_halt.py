"""Halts and pauses: separate facts, latched, and what it takes to end one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, BOB, CAT, Desk, agent, halts, money, rules, small, verdict

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Alert
from remit.kernel.halt import stop_of
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS

HOUR = 3600 * NANOSECONDS


def lost(**terms: Any) -> tuple[Desk, str]:
    """A desk whose agent is halted for a loss of 100 against a limit of 50."""
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("50"), **terms))
    desk.mark("AAPL", "90")
    (halt,) = desk.state.halts
    return desk, halt


def code(record: Any) -> str:
    return next((event.code for event in record.events if isinstance(event, e.Refused)), "")


def resume(desk: Desk, halt: str, by: Any = ANN) -> str:
    return code(desk.do(c.Resume(halt=halt, why="go on"), by))


def review(desk: Desk, halt: str) -> None:
    desk.took(c.Review(halt=halt, limit=desk.state.halts[halt].rule, why="looked"))


NEVER_ENDS: tuple[Any, ...] = (
    lambda desk, halt: desk.mandate("agent:momentum", Mandate()),
    lambda desk, halt: desk.took(c.SetPause(subject="agent:momentum", paused=True, why="x"), BOB),
    lambda desk, halt: (
        desk.took(c.SetPause(subject="agent:momentum", paused=True, why="x"), BOB),
        desk.took(c.SetPause(subject="agent:momentum", paused=False, why="x"), BOB),
    ),
    lambda desk, halt: desk.took(c.KernelStarted(version="2", digest="1" * 64, clean=True, prefix="next"), GUARD),
    lambda desk, halt: desk.took(c.Tick(), GUARD, after_ns=100 * HOUR),
    lambda desk, halt: desk.mark("AAPL", "200"),
    lambda desk, halt: desk.reconcile("paper1"),
    lambda desk, halt: resume(desk, halt),
    lambda desk, halt: resume(desk, halt, agent("momentum")),
    lambda desk, halt: resume(desk, halt, BOB),
    lambda desk, halt: resume(desk, "H-0-0"),
)


@pytest.mark.parametrize("act", NEVER_ENDS)
def test_nothing_but_a_reviewed_resume_ends_a_halt(act: Any) -> None:
    desk, halt = lost()
    act(desk, halt)
    assert list(desk.state.halts) == [halt]
    desk.mark("AAPL", "90")
    assert "agent_active" in rules(desk.submit("1", "90")), "it still stops whom it stopped"


@pytest.mark.parametrize("act", NEVER_ENDS)
def test_nothing_but_a_reviewed_resume_ends_what_a_person_halted(act: Any) -> None:
    """No limit stays breached that would raise it again, so what was forgotten stays forgotten."""
    desk = small()
    desk.took(c.Halt(subject="agent:momentum", why="looks odd"), BOB)
    (halt,) = desk.state.halts
    act(desk, halt)
    assert list(desk.state.halts) == [halt]
    assert "agent_active" in rules(desk.submit("1", "100"))


def test_a_resume_waits_for_review_cooldown_and_the_limit() -> None:
    desk, halt = lost(loss_cooldown=3600)
    assert resume(desk, halt) == "not_reviewed"
    review(desk, halt)
    assert resume(desk, halt) == "cooling_down"
    desk.took(c.Tick(), GUARD, after_ns=HOUR)
    assert resume(desk, halt) == "still_breached"
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("200")))
    assert resume(desk, halt) == ""
    assert desk.state.halts == {} and desk.state.halted == {}
    assert verdict(desk.submit("1", "90")) == "deny"
    desk.mark("AAPL", "90")
    assert rules(desk.submit("1", "90")) == ["mark_fresh"], "after an hour's silence a second mark is awaited"
    desk.mark("AAPL", "90")
    assert verdict(desk.submit("1", "90")) == "allow"


@pytest.mark.parametrize(("early_ns", "expected"), [(1, "cooling_down"), (0, "")])
def test_the_cooldown_ends_exactly_on_its_boundary(early_ns: int, expected: str) -> None:
    desk, halt = lost(loss_cooldown=3600)
    review(desk, halt)
    desk.mark("AAPL", "100")
    ends = desk.state.halts[halt].at + HOUR
    assert code(desk.do(c.Resume(halt=halt, why="go"), ANN, ends - desk.at - early_ns)) == expected


def test_a_new_session_frees_a_daily_loss_for_resume() -> None:
    desk, halt = lost()
    review(desk, halt)
    assert resume(desk, halt) == "still_breached"
    desk.took(c.Tick(), GUARD, after_ns=desk.state.zones["UTC"][2] - desk.at)
    assert resume(desk, halt) == ""


def test_a_breach_that_goes_on_halts_again() -> None:
    desk, halt = lost()
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("110")))
    review(desk, halt)
    assert resume(desk, halt) == ""
    desk.mark("AAPL", "88")
    assert halts(desk) == [("agent:momentum", "loss", "daily_loss_max")]


def test_tightening_below_what_is_lost_halts_at_once() -> None:
    desk = small()
    desk.hold("10")
    desk.mark("AAPL", "90")
    desk.mandate("account:main", Mandate(daily_loss_max=money("99")))
    assert halts(desk) == [("account:main", "loss", "daily_loss_max")]


def test_a_halt_twice_is_one_halt_and_two_causes_are_two() -> None:
    desk = small()
    for _ in range(2):
        desk.took(c.Halt(subject="agent:momentum", why="x"), BOB)
    assert halts(desk) == [("agent:momentum", "person", "person")]
    desk.took(c.Halt(subject="agent:momentum", why="x", kill=True), CAT)
    assert len(halts(desk)) == 2
    first, second = desk.state.halts
    review(desk, first)
    assert resume(desk, first) == ""
    assert desk.state.halted == {"agent:momentum": (second,)}


def test_each_halt_is_told_once() -> None:
    desk, _ = lost()
    told = [effect for effect in effects(desk.records[-1]) if isinstance(effect, Alert)]
    assert [(alert.code, alert.subject) for alert in told] == [("halt_loss", "agent:momentum")]
    desk.mark("AAPL", "80")
    assert not [effect for effect in effects(desk.records[-1]) if isinstance(effect, Alert)]


def test_a_kill_is_told_with_the_reason_that_was_given_alone() -> None:
    desk = small()
    desk.took(c.Halt(subject="firm", why="drill", kill=True), BOB)
    assert effects(desk.records[-1])[0] == Alert("halt_kill", "firm", "drill")


def test_a_kill_cancels_everything_and_a_halt_only_what_opens() -> None:
    for kill, expected in ((False, ["pending_cancel", "acked"]), (True, ["pending_cancel", "pending_cancel"])):
        desk = small()
        desk.hold("10")
        orders = [desk.working("1", "90"), desk.working("5", "110", side="sell")]
        desk.took(c.Halt(subject="venue:paper", why="x", kill=kill), BOB)
        assert [order.state for order in orders] == expected


def test_a_long_list_of_cancels_goes_on_with_the_entries_that_follow() -> None:
    desk = small()
    for number in range(450):
        desk.order("1", str(50 + number % 40))
    desk.took(c.Halt(subject="firm", why="x", kill=True), BOB)
    while desk.kernel.next_due() == 0:
        desk.took(c.Tick(), GUARD)
    assert {order.state for order in desk.state.orders.values()} == {"pending_cancel"}
    assert desk.state.sweeps == {}
    desk.agree()


STOPPED: tuple[tuple[Any, bool, bool], ...] = (
    # what comes between the decision and the signature; does it stop an opening order, and a reduction by the agent
    (c.Halt(subject="agent:momentum", why="x"), True, True),
    (c.Halt(subject="connection:paper1", why="x"), True, True),
    (c.Halt(subject="firm", why="x", kill=True), True, True),
    (c.SetPause(subject="account:main", paused=True, why="x"), True, True),
)


@pytest.mark.parametrize(("stop", "opening", "reducing"), STOPPED)
def test_what_stops_an_order_before_it_is_signed(stop: Any, opening: bool, reducing: bool) -> None:
    desk = small()
    desk.hold("10")
    buys, sells = desk.order("1", "100"), desk.order("5", "101", side="sell")
    by_hand = desk.order("5", "102", side="sell", by=ANN)
    assert [stop_of(desk.state, order) for order in (buys, sells, by_hand)] == ["", "", ""]
    desk.took(stop, BOB)
    assert [bool(stop_of(desk.state, order)) for order in (buys, sells, by_hand)] == [opening, reducing, False]


def test_a_loss_does_not_stop_a_reduction_before_it_is_signed() -> None:
    desk = small()
    desk.hold("10")
    sells = desk.order("5", "101", side="sell")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("50")))
    desk.mark("AAPL", "90")
    assert stop_of(desk.state, sells) == ""


@pytest.mark.parametrize("subject", ["agent:nobody", "account:", "nonsense", "connection:gone", "venue:gone", ""])
def test_what_is_not_known_cannot_be_stopped(subject: str) -> None:
    desk = small()
    assert desk.refused(c.Halt(subject=subject, why="x"), BOB) == "unknown_subject"
    assert desk.refused(c.SetPause(subject=subject, paused=True, why="x"), BOB) == "unknown_subject"


def test_a_client_has_no_positions_to_flatten() -> None:
    """They are its agent's: a kill that closed nothing would only look as if it did."""
    desk = small()
    desk.hold("10", client="claude")
    assert desk.refused(c.Halt(subject="client:claude", why="x", kill=True, flatten=True), BOB) == "flatten_needs_agent"
