"""E1 to E5, each broken by hand and kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import BOB, agent, money, price, quantity
from tests.testing.sim.invariants.scene import Scene, changed, scene, without

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Finding, Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import Quantity
from remit.venues.paper.messages import Message


@pytest.fixture
def desk() -> Scene:
    return scene()


def told(desk: Scene, report: Any) -> None:
    """The venue says something unasked, and knows that it did."""
    log = desk.exchange.floor.log.setdefault("paper1", [])
    log.append(Message(number=len(log) + 1, at=desk.at, connection="paper1", report=report))


def filled(desk: Scene, order: str, amount: str, at: str = "100") -> Record:
    """The venue fills so much of an order, and says so."""
    body = c.Filled(order=order, fill=f"v{desk.at}", quantity=quantity(amount), price=price(at))
    told(desk, body)
    return desk.do(body)


def test_trading_within_every_limit_is_well(desk: Scene) -> None:
    caps = Mandate(
        market_exposure_max=money("1000"), gross_exposure_max=money("1000"), net_exposure_max=money("1000"),
        category_exposure_max=money("1000"), venue_exposure_max=money("1000"), capital_max=money("1000"),
        positions_max=2, orders_open_max=3,
    )  # fmt: skip
    desk.mandate("firm", caps)
    desk.mandate("agent:momentum", caps)
    order = desk.working("5", "100")
    filled(desk, order.id, "2")
    desk.submit("6", "100")  # together with the 5 it would be over: denied
    desk.mark("AAPL", "101")
    filled(desk, order.id, "3")
    desk.order("5", "101", side="sell")
    desk.working("2", "99", client="claude")
    desk.is_well()


def test_moving_marks_and_tightened_caps_lift_an_exposure_over_its_cap_and_that_is_well(desk: Scene) -> None:
    desk.mandate("firm", Mandate(gross_exposure_max=money("1000")))
    order = desk.working("9", "100")
    filled(desk, order.id, "9")
    desk.mark("AAPL", "120")
    desk.mandate("firm", Mandate(gross_exposure_max=money("500")))
    desk.submit("1", "120")
    desk.is_well()


@pytest.mark.parametrize(
    ("rule", "cap", "said"),
    [
        (
            "market_exposure_max",
            money("400"),
            "market_exposure_max of firm in AAPL from 0 to 500, the limit is 400",
        ),
        ("category_exposure_max", money("400"), "raise category_exposure_max of firm in us from 0 to 500"),
        ("venue_exposure_max", money("400"), "raise venue_exposure_max of firm in paper from 0 to 500"),
        ("net_exposure_max", money("400"), "raise net_exposure_max of firm from 0 to 500"),
        ("gross_exposure_max", money("400"), "raise gross_exposure_max of firm from 0 to 500"),
        ("capital_max", money("400"), "raise capital_max of firm from 0 to 500"),
        ("positions_max", 0, "raise positions_max of firm from 0 to 1, the limit is 0"),
        ("orders_open_max", 0, "raise orders_open_max of firm from 0 to 1, the limit is 0"),
    ],
)
def test_e1_finds_an_opening_that_is_let_out_beyond_a_limit(desk: Scene, rule: str, cap: Any, said: str) -> None:
    """The kernel knows nothing of the limit, as if its sums had missed the order; the journal does."""
    bound = desk.records[-1]
    desk.forge = lambda record: msgspec.structs.replace(
        record,
        command=msgspec.structs.replace(
            record.command, body=c.SetMandate(subject="firm", mandate=Mandate(**{rule: cap}), why="test")
        ),
    )
    desk.mandate("firm", Mandate())
    desk.wrong()
    desk.order("5", "100")
    desk.finds("E1", f"entry {bound.command.seq + 2}", said)


def test_e1_counts_held_orders_and_what_fills_of_several_agents_together(desk: Scene) -> None:
    desk.mandate("firm", Mandate(gross_exposure_max=money("1000"), approval_notional_min=money("300")))
    desk.agent("value", "main", "paper1")
    desk.order("4", "100")
    desk.order("5", "100", agent="value")
    assert desk.submit("2", "100", agent="value").decision.verdict == "deny"  # type: ignore[union-attr]
    desk.is_well()


def test_e2_finds_an_order_of_unknown_outcome_that_gave_its_reservation_back(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Lost(order=order.id, why="no reply"), GUARD)
    desk.is_well()
    desk.inspector.known.again.state.orders[order.id].reserved = 0
    desk.finds("E2", f"{order.id} (unknown) reserves 0, and 5 of it may still fill")


def test_e2_finds_an_order_that_was_taken_for_rejected_while_its_venue_works_it(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.exchange.floor.touches.clear()
    desk.exchange.floor.book("AAPL").touch = None
    desk.send(order.id)
    desk.do(c.Rejected(order=order.id, code="timeout"))
    desk.finds("E2", f"{order.id} ended as rejected by Rejected in entry", "0 of 5 filled")


def test_e3_finds_an_order_that_is_over_here_and_open_at_its_venue(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.exchange.floor.book("AAPL").touch = None
    desk.send(order.id)
    desk.took(c.Acked(order=order.id), GUARD)
    desk.took(c.Cancel(order=order.id))
    desk.is_well()
    desk.do(c.Cancelled(order=order.id))
    desk.finds("E3", f"{order.id} is cancelled since Cancelled in entry", "its venue works it with 5 left")


def test_e3_finds_a_reservation_that_ends_with_the_request_to_cancel(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Cancel(order=order.id))
    desk.is_well()
    order.reserved = 0
    desk.finds("E3", f"{order.id} reserves 0, and 5 of it may still fill")


def test_e3_finds_a_sum_that_does_not_match_its_orders(desk: Scene) -> None:
    desk.working("5", "100")
    desk.state.subjects["firm"].total.long -= 10**18
    desk.finds("E3", "the sum long of firm is 499, and orders and positions make 500")


def test_e3_finds_a_sum_below_zero(desk: Scene) -> None:
    desk.state.subjects["firm"].total.sells = -(10**18)
    desk.finds("E3", "the sum sells of firm is below zero: -1")


def test_e3_finds_an_order_that_keeps_too_much_of_its_cash(desk: Scene) -> None:
    order = desk.working("4", "100")
    filled(desk, order.id, "1")
    desk.is_well()
    desk.state.cash["paper1", "USD"].reserved += 10**18
    order.cash += 10**18
    desk.finds("E3", f"{order.id} reserves 301 in cash for 3 left, and it reserved 400 for 4")


def test_e3_finds_cash_that_no_order_reserves(desk: Scene) -> None:
    desk.state.cash["paper1", "USD"].reserved += 10**18
    desk.finds("E3", "1 USD of paper1 are reserved, and its orders reserve 0")


def test_e3_finds_an_order_that_left_and_is_told_not_to_have(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.do(c.Withdrawn(order=order.id, why="a stop came first"))
    desk.finds("E3", f"says that {order.id} never left, and it did")


def test_e4_finds_a_fill_that_is_booked_twice(desk: Scene) -> None:
    order = desk.working("5", "100")
    first = filled(desk, order.id, "2")
    desk.is_well()
    booked = next(event for event in first.events if isinstance(event, e.Booked))
    desk.forge = lambda record: msgspec.structs.replace(record, events=(booked,))
    desk.do(first.command.body)
    desk.finds("E4", f"of {order.id} was booked by entry {first.command.seq}, and by {first.command.seq + 1} again")


def test_e4_finds_a_late_fill_that_is_not_booked(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Cancel(order=order.id))
    desk.do(c.Cancelled(order=order.id))
    desk.forge = lambda record: without(record, e.Booked)
    filled(desk, order.id, "2")
    desk.finds("E4", f"reports fill v{desk.at - 1_000_000}", f"of 2 {order.id} and books nothing")


def test_e4_finds_a_fill_that_its_venue_never_made(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.fill(order, "2", "100")
    desk.finds("E4", "of 2 at 100, and the venue never did that")


def test_e4_finds_a_fill_that_is_booked_otherwise_than_told(desk: Scene) -> None:
    order = desk.working("5", "100")

    def larger(record: Record) -> Record:
        booked = record.events[0]
        assert isinstance(booked, e.Booked)
        return msgspec.structs.replace(record, events=(msgspec.structs.replace(booked, quantity=quantity("3")),))

    desk.forge = larger
    filled(desk, order.id, "2")
    desk.finds("E4", "was 2 at 100, fee 0", "books 3 at 100")


def test_e4_finds_more_than_was_permitted_without_a_halt(desk: Scene) -> None:
    order = desk.working("5", "100")
    filled(desk, order.id, "6")
    desk.is_well()  # the overfill halts
    desk.inspector.known.firm.halts.clear()
    desk.forge = lambda record: without(record, e.HaltRaised)
    filled(desk, order.id, "1")
    desk.finds("E4", f"{order.id} filled 7 of 5 permitted, and nothing halted")


def test_e4_finds_a_fill_that_an_agent_made_up(desk: Scene) -> None:
    order = desk.working("5", "100")
    body = c.Filled(order=order.id, fill="f1", quantity=quantity("1"), price=price("100"))
    desk.do(body, agent("momentum"))
    desk.is_well()
    booked = e.Booked(order=order.id, fill="f1", quantity=quantity("1"), price=price("100"))
    desk.forge = lambda record: msgspec.structs.replace(record, events=(booked,))
    desk.do(body, agent("momentum"))
    desk.finds("E4", "books f1, which no venue reported")


def test_e4_leaves_alone_what_comes_twice_and_late(desk: Scene) -> None:
    order = desk.working("5", "100")
    body = filled(desk, order.id, "2").command.body
    desk.do(body)
    desk.took(c.Cancel(order=order.id))
    desk.do(c.Cancelled(order=order.id))
    filled(desk, order.id, "1")
    desk.do(body)
    desk.is_well()


def kept_back(*rules: str) -> Any:
    """Return a forgery that denies for these rules."""
    findings = tuple(Finding(rule=rule, subject="firm", limit="1", actual="2", unit="USD") for rule in rules)

    def forged(record: Record) -> Record:
        assert record.decision is not None
        events = (e.Denied(agent="momentum", fingerprint="x"),)
        return msgspec.structs.replace(changed(record, verdict="deny", findings=findings), events=events)

    return forged


@pytest.mark.parametrize("rule", ["gross_exposure_max", "daily_loss_max", "order_notional_max", "buying_power"])
def test_e5_finds_a_reduction_that_is_kept_back(desk: Scene, rule: str) -> None:
    filled(desk, desk.working("5", "100").id, "5")
    desk.reconcile("paper1")
    desk.forge = kept_back(rule)
    desk.submit("4", "100", side="sell")
    desk.finds("E5", f"keeps back test-{desk.state.seq}, which closes 4 of 5 proven to reduce, for {rule}")


def test_e5_finds_a_reduction_that_a_halt_for_loss_keeps_back(desk: Scene) -> None:
    desk.mandate("firm", Mandate(daily_loss_max=money("10")))
    filled(desk, desk.working("5", "100").id, "5")
    desk.reconcile("paper1")
    desk.mark("AAPL", "90")
    assert [halt.cause for halt in desk.state.halts.values()] == ["loss"]
    desk.is_well()
    desk.submit("1", "90", side="sell")
    desk.is_well()
    desk.forge = kept_back("agent_active")
    desk.submit("1", "90", side="sell")
    desk.finds("E5", "for agent_active", "daily_loss_max")


def test_e5_finds_more_taken_for_a_reduction_than_is_proven(desk: Scene) -> None:
    filled(desk, desk.working("5", "100").id, "5")
    desk.order("3", "110", side="sell")
    desk.forge = lambda record: changed(record, reducing=Quantity(4 * 10**18))
    desk.order("4", "110", side="sell")
    desk.finds("E5", "takes 4 of", "for a reduction, and 2 is proven")


def test_e5_counts_a_clients_own_of_what_it_only_reduces(desk: Scene) -> None:
    filled(desk, desk.working("5", "100").id, "5")
    filled(desk, desk.working("2", "100", client="claude").id, "2")
    desk.submit("3", "110", side="sell", client="claude", reduce="only")
    desk.order("3", "110", side="sell", client="claude", reduce="clip")
    desk.is_well()
    filled(desk, desk.working("3", "100", client="claude").id, "3")
    desk.forge = lambda record: changed(record, reducing=Quantity(4 * 10**18))
    desk.order("3", "111", side="sell", client="claude", reduce="only")
    desk.finds("E5", "takes 4 of", "for a reduction, and 3 is proven")


def test_e5_leaves_alone_what_a_person_halted(desk: Scene) -> None:
    filled(desk, desk.working("5", "100").id, "5")
    desk.took(c.Halt(subject="agent:momentum", why="enough"), BOB)
    desk.submit("4", "100", side="sell")
    desk.is_well()
