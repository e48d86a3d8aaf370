"""D. Loss and behaviour: inside, outside, lane, per subject; what halts, and what says when to come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, agent, client, halts, money, price, quantity, rules, small, verdict
from tests.kernel.rules.case import Case

from remit.kernel import command as c
from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.rules.table import BY_NAME

THROUGH = {"client": "claude"}
MINUTE = 60 * NANOSECONDS


def long_ten(desk: Desk) -> None:
    desk.hold("10", **THROUGH)


def marked(last: str) -> Callable[[Desk], Any]:
    return lambda desk: desk.mark("AAPL", last, close=price("100"))


def orders(count: int, **terms: Any) -> Callable[[Desk], None]:
    """So many orders, each cancelled: those let out count, and leave nothing behind."""

    def does(desk: Desk) -> None:
        for number in range(count):
            record = desk.submit(str(number + 3), "99", **THROUGH, **terms)
            if verdict(record) == "allow":
                desk.took(c.Cancelled(order=record.decision.order), GUARD)

    return does


def rejections(count: int) -> Callable[[Desk], None]:
    def does(desk: Desk) -> None:
        for number in range(count):
            order = desk.order(str(number + 3), "99", **THROUGH)
            desk.took(c.Rejected(order=order.id, code="no"), GUARD)

    return does


def refusals(count: int) -> Callable[[Desk], None]:
    """The same intent, refused so many times just now: half a share, where only whole ones trade."""

    def does(desk: Desk) -> None:
        for _ in range(count):
            assert "increments" in rules(desk.submit("0.5", **THROUGH))

    return does


def reported(cost: str | None) -> Callable[[Desk], Any]:
    """A model call of the client, which counts for everyone on its path."""

    def does(desk: Desk) -> Any:
        call = {"id": f"call-{desk.state.seq}", "provider": "p", "model": "m", "agent": "momentum", "client": "claude"}
        tokens = {"input_tokens": 1, "output_tokens": 1}
        return desk.took(c.ReportSpend(**call, **tokens, cost=None if cost is None else money(cost)), client("claude"))

    return does


def once(desk: Desk) -> None:
    orders(1)(desk)


ONE = {"amount": "1", "limit": "99"}
CASES = (
    Case("daily_loss_max", {"daily_loss_max": "100"}, {}, {}, ("100", "100.1", "USD"), given=long_ten,
         first=marked("90"), then=marked("89.99")),
    Case("drawdown_max", {"drawdown_max": "150"}, {}, {}, ("150", "150.1", "USD"),
         given=lambda desk: (long_ten(desk), marked("105")(desk)), first=marked("90"), then=marked("89.99")),
    Case("orders_per_day_max", {"orders_per_day_max": 2}, ONE, ONE, ("2", "3", "count"), first=orders(1), then=once),
    Case("market_orders_max", {"market_orders_max": 2}, ONE, ONE, ("2", "3", "count"), first=orders(1), then=once),
    Case("market_orders_per_day_max", {"market_orders_per_day_max": 2}, ONE, ONE, ("2", "3", "count"),
         first=orders(1), then=once),
    Case("market_cooldown", {"market_cooldown": 60}, {**ONE, "after_ns": MINUTE - 1_000_000},
         {**ONE, "after_ns": MINUTE - 1_000_001}, ("60", "59.999999999", "seconds"), first=once),
    Case("order_rate_max", {"order_rate_max": {"count": 2, "per_s": 60}}, ONE, ONE,
         ("2 per 60 s", "3 per 60 s", "rate"), first=orders(1), then=once),
    Case("message_rate_max", {"message_rate_max": {"count": 2, "per_s": 60}}, ONE, ONE,
         ("2 per 60 s", "3 per 60 s", "rate"), first=orders(1), then=once),
    Case("duplicate_window", {"duplicate_window": 60}, {"amount": "3", "limit": "99", "after_ns": MINUTE - 1_000_000},
         {"amount": "3", "limit": "99"}, ("60", "0.002", "seconds"), first=once,
         closes={"amount": "50", "limit": "100", "side": "sell"}),
    Case("refusals_in_row_max", {"refusals_in_row_max": 3}, ONE, {"amount": "0.5"}, ("3", "3", "count"),
         first=refusals(2), then=refusals(1)),
    Case("repeated_execution_max", {"repeated_execution_max": 2}, ONE, ONE, ("2", "3", "count"),
         first=orders(1), then=once),
    Case("rejections_in_row_max", {"rejections_in_row_max": 2}, ONE, ONE, ("2", "3", "count"),
         first=rejections(2), then=rejections(1)),
    Case("ai_spend_daily_max", {"ai_spend_daily_max": "5"}, ONE, ONE, ("5", "5.01", "USD"), first=reported("5"),
         then=reported("0.01"), missing=reported(None)),
    Case("client_spend_daily_max", {"client_spend_daily_max": "5"}, ONE, ONE, ("5", "5.01", "USD"),
         first=reported("5"), then=reported("0.01")),
)  # fmt: skip
SHARED_LANES = {
    "duplicate_window", "refusals_in_row_max", "order_rate_max", "message_rate_max"
}  # fmt: skip
"""Rules for every order: what is needed to breach them is told in tests of their own below."""


@pytest.mark.parametrize(("case", "scope"), [(case, scope) for case in CASES for scope in case.scopes], ids=str)
def test_just_inside_passes_and_just_outside_breaches(case: Case, scope: str) -> None:
    case.check(scope)


@pytest.mark.parametrize("case", [case for case in CASES if case.rule not in SHARED_LANES], ids=str)
def test_a_proven_reduction_passes(case: Case) -> None:
    case.check_lane()


def test_every_rule_of_this_part_is_in_the_table() -> None:
    part = {rule.name for rule in BY_NAME.values() if rule.measure.__module__.endswith(".behaviour")}
    assert {case.rule for case in CASES} == part


def limited(**limits: Any) -> Desk:
    """A desk with a position of 50 and these limits for its agent."""
    desk = small()
    desk.hold("50")
    desk.mandate("agent:momentum", build(Mandate, limits))
    return desk


@pytest.mark.parametrize("name", ["order_rate_max", "message_rate_max"])
def test_rates_bind_reductions_too_and_say_when_to_come_back(name: str) -> None:
    desk = limited(**{name: {"count": 2, "per_s": 60}})
    for amount in ("1", "2"):
        assert verdict(desk.submit(amount, "100", side="sell")) == "allow"
    record = desk.submit("3", "100", side="sell")
    assert record.decision is not None
    (finding,) = record.decision.findings
    assert (finding.rule, finding.retry_after_s) == (name, 30)
    assert verdict(desk.submit("3", "100", side="sell", after_ns=30 * NANOSECONDS)) == "allow"


def test_cancels_are_counted_and_never_blocked() -> None:
    desk = limited(message_rate_max={"count": 2, "per_s": 60})
    order = desk.working("1", "90")
    desk.took(c.Cancel(order=order.id))
    desk.took(c.CancelRefused(order=order.id, code="busy"), GUARD)
    desk.took(c.Cancel(order=order.id))
    assert rules(desk.submit("1", "99")) == ["message_rate_max"]


def test_a_duplicate_reduction_is_a_duplicate() -> None:
    desk = limited(duplicate_window=60)
    assert verdict(desk.submit("5", "100", side="sell")) == "allow"
    assert rules(desk.submit("5", "100", side="sell")) == ["duplicate_window"]
    assert verdict(desk.submit("5", "101", side="sell")) == "allow"
    assert verdict(desk.submit("5", "100", side="sell", after_ns=MINUTE)) == "allow"


def test_a_model_that_loops_is_stopped_and_one_that_thinks_again_is_not() -> None:
    desk = limited(refusals_in_row_max=2)
    refused = {"amount": "0.5", "side": "sell"}
    assert [rules(desk.submit(**refused)) for _ in range(2)] == [["increments"], ["increments"]]
    looped = desk.submit(**refused)
    assert rules(looped) == ["increments", "refusals_in_row_max"]
    assert looped.decision is not None and [found.retry_after_s for found in looped.decision.findings] == [None, 60]
    assert verdict(desk.submit("5", side="sell")) == "allow"
    assert rules(desk.submit(**refused)) == ["increments"]


def test_rejections_in_a_row_halt_at_once_and_an_ack_breaks_the_row() -> None:
    desk = limited(rejections_in_row_max=1)
    for _ in range(3):
        order = desk.order("1", "90", after_ns=MINUTE)
        desk.took(c.Rejected(order=order.id, code="no"), GUARD)
        desk.took(c.Cancelled(order=desk.working("2", "90", after_ns=MINUTE).id), GUARD)
    assert halts(desk) == []
    for amount in ("3", "4"):
        desk.took(c.Rejected(order=desk.order(amount, "90").id, code="no"), GUARD)
    assert halts(desk) == [("agent:momentum", "throttle", "rejections_in_row_max")]


def test_a_loss_halts_cancels_what_opens_and_lets_reductions_pass() -> None:
    desk = limited(daily_loss_max="100")
    buying = desk.working("1", "80")
    selling = desk.working("5", "120", side="sell")
    held = desk.state.orders
    marked("97")(desk)
    assert halts(desk) == [("agent:momentum", "loss", "daily_loss_max")]
    assert (held[buying.id].state, held[selling.id].state) == ("pending_cancel", "acked")
    assert "agent_active" in rules(desk.submit("1", "90"))
    assert verdict(desk.submit("10", "96", side="sell")) == "allow"


def test_the_day_begins_where_the_mandate_lives() -> None:
    """What was lost yesterday counts no more from the first instant of the session, and not a nanosecond before."""
    desk = limited(daily_loss_max="100")
    marked("98.5")(desk)
    assert verdict(desk.submit("1", "90")) == "allow"
    until = desk.state.zones["UTC"][2] - desk.at
    desk.took(c.Tick(), GUARD, after_ns=until - 1_000_001)
    marked("97")(desk)
    assert halts(desk) == [("agent:momentum", "loss", "daily_loss_max")]
    desk.took(c.Tick(), GUARD, after_ns=1)
    assert desk.state.subjects["agent:momentum"].total.day_base == desk.state.subjects["agent:momentum"].total.pnl < 0
    assert len(halts(desk)) == 1, "the halt stays until a person ends it"


def test_a_drawdown_is_measured_when_all_marks_of_a_batch_are_in() -> None:
    """Long one, short the other: between two marks of one batch there is no profit to fall from."""
    desk = small()
    desk.instrument("MSFT", "100")
    desk.hold("10")
    desk.hold("10", instrument="MSFT", side="sell")
    desk.mandate("agent:momentum", build(Mandate, {"drawdown_max": "50"}))
    desk.took(c.Marked(marks=(desk.quote("AAPL", "120"), desk.quote("MSFT", "120"))))
    assert halts(desk) == []


def test_a_person_reduces_by_hand_after_too_many_rejections() -> None:
    """The rule stops what opens; that the agent may not even reduce is the halt's doing, and that spares people."""
    desk = limited(rejections_in_row_max=1)
    rejections(2)(desk)
    assert rules(desk.submit("1", "100", side="sell")) == ["agent_active"]
    assert verdict(desk.submit("1", "100", side="sell", by=ANN)) == "allow"


def test_a_storm_of_cancels_closes_nobodys_bucket_for_longer_than_it_takes_to_refill() -> None:
    desk = small()
    desk.mandate("firm", build(Mandate, {"message_rate_max": {"count": 10, "per_s": 60}}))
    order = desk.working("1", "100")
    for _ in range(50):
        desk.took(c.Cancel(order=order.id))
    record = desk.submit("2", "100")
    assert record.decision is not None
    (finding,) = record.decision.findings
    assert (finding.rule, finding.actual, finding.retry_after_s) == ("message_rate_max", "11 per 60 s", 6)
    assert verdict(desk.submit("2", "100", after_ns=6 * NANOSECONDS)) == "allow"


def test_a_model_that_loops_over_a_replace_is_stopped_too() -> None:
    desk = small()
    order = desk.working("10", "100")
    desk.mandate("agent:momentum", build(Mandate, {"order_quantity_max": "10", "refusals_in_row_max": 2}))
    found = []
    for number in range(3):
        terms: dict[str, Any] = {"quantity": quantity("20"), "limit_price": price("100")}
        found.append(rules(desk.do(c.Replace(id=f"r{number}", order=order.id, **terms), agent("momentum"))))
    assert found == [["order_quantity_max"]] * 2 + [["order_quantity_max", "refusals_in_row_max"]]
    assert verdict(desk.submit("1", "100")) == "allow"
