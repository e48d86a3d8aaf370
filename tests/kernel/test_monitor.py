"""The monitor: limits judged with no order, what they tell once per crossing, and what they cancel."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, agent, halts, money, quantity, ratio, small

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import monitor
from remit.kernel.effect import Alert
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel, effects
from remit.kernel.mandate import Mandate
from remit.kernel.monitor import EVENTS_MAX
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS, NANOSECONDS, SCALE
from remit.kernel.snapshot import dump, load


def crossed(record: Record) -> list[tuple[str, str, str, str]]:
    """Return subject, rule, group and level of each crossing."""
    return [
        (event.subject, event.rule, event.group, event.level) for event in record.events if isinstance(event, e.Crossed)
    ]


def told(record: Record) -> list[str]:
    return [effect.code for effect in effects(record) if isinstance(effect, Alert)]


def bar(desk: Desk, last: str) -> Record:
    """Mark at the end of a bar: of what a bar brings no second source is asked."""
    return desk.mark("AAPL", last, resolution_ns=60 * NANOSECONDS)


def cancelled(desk: Desk, orders: list[Any]) -> str:
    """Return which of the orders are being cancelled or are gone, by their letters in the order they were placed."""
    gone = ("pending_cancel", "cancelled")
    return "".join(chr(ord("a") + place) for place, order in enumerate(orders) if order.state in gone)


def placed(desk: Desk, orders: str) -> list[Any]:
    """Let orders work, oldest first: `+5@90 -3@120` buys five at 90 and offers three at 120."""
    made = []
    for written in orders.split():
        amount, at = written[1:].split("@")
        made.append(desk.working(amount, at, side="buy" if written[0] == "+" else "sell"))
    return made


# what a breach cancels: held, orders a b c ... oldest first, then the mandate that is broken by it, which are cancelled
BREACHES: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    ("nothing", "0", "+5@100", {"market_exposure_max": money("500")}, ""),
    ("oldest first", "0", "+5@100 +5@100 +5@100", {"market_exposure_max": money("1000")}, "a"),
    ("until it holds", "0", "+5@100 +5@100 +5@100", {"market_exposure_max": money("999")}, "ab"),
    ("all of them", "0", "+5@100 +5@100 +5@100", {"market_exposure_max": money("1")}, "abc"),
    ("an old small one goes too", "0", "+1@100 +5@100 +5@100", {"market_exposure_max": money("500")}, "ab"),
    ("a sale lessens no long side", "10", "-5@110 +5@100 +5@100", {"market_exposure_max": money("1500")}, "b"),
    ("a position alone breaks it", "10", "-5@110 +5@100 -5@115", {"market_exposure_max": money("900")}, "b"),
    ("two sides", "0", "+5@100 -5@110 +5@100 -5@110", {"market_exposure_max": money("600")}, "ab"),
    ("in a category", "0", "+5@100 +5@100", {"category_exposure_max": money("500")}, "a"),
    ("at a venue", "0", "+5@100 +5@100", {"venue_exposure_max": money("500")}, "a"),
    ("net", "10", "+5@100 -5@110 +1@100", {"net_exposure_max": money("1100")}, "a"),
    ("gross", "0", "+5@100 -4@110", {"gross_exposure_max": money("499")}, "a"),
    ("capital", "5", "+5@100 +5@100", {"capital_max": money("1000")}, "a"),
    ("a count of positions is told alone", "0", "+5@100 +5@100", {"positions_max": 0}, ""),
    ("a count of orders is told alone", "10", "+1@100 -1@110 +1@100 +1@100", {"orders_open_max": 2}, ""),
    ("leverage", "0", "+5@100 +5@100", {"leverage_max": ratio("0.0006")}, "a"),
    ("concentration", "0", "+50@100 +60@100", {"concentration_max_pct": 1}, "a"),
    ("the tighter of two", "0", "+5@100 +5@100", {"gross_exposure_max": money("1"), "capital_max": money("500")}, "ab"),
)


@pytest.mark.parametrize(("held", "orders", "limits", "expected"), [row[1:] for row in BREACHES], ids=[
    row[0] for row in BREACHES])  # fmt: skip
@pytest.mark.parametrize("of", ["agent:momentum", "account:main", "firm"])
def test_what_a_breach_cancels(of: str, held: str, orders: str, limits: dict[str, Any], expected: str) -> None:
    desk = small()
    if held != "0":
        desk.hold(held)
    made = placed(desk, orders)
    desk.mandate(of, Mandate(**limits))
    assert cancelled(desk, made) == expected
    assert desk.state.halts == {}, "exposure halts nobody"
    desk.mark("AAPL", "100")
    assert cancelled(desk, made) == expected, "what is being cancelled counts as gone"
    desk.agree()


def test_orders_that_reduce_cost_nobody_else_an_order() -> None:
    """They pass a full count of orders and then count themselves: that is told, and cancels nothing."""
    desk = small()
    desk.agent("carry", "main", "paper1")
    desk.hold("10")
    other = desk.working("1", "90", agent="carry")
    desk.mandate("firm", Mandate(orders_open_max=1))
    assert told(desk.records[-1]) == ["limit_near"]
    record = desk.submit("1", "110", side="sell")
    assert (crossed(record), told(record)) == ([("firm", "orders_open_max", "", "over")], ["limit_over"])
    for _ in range(3):
        desk.submit("1", "110", side="sell")
    assert [order.state for order in desk.state.orders.values() if order.state == "pending_cancel"] == []
    assert other.state == "acked"
    desk.agree()


@pytest.mark.parametrize("by", [agent("momentum"), ANN, GUARD])
def test_what_is_proven_to_reduce_is_not_cancelled_for_the_exposure_it_uncovers(by: Any) -> None:
    """One sells what it holds; the firm is then as short as another of its agents, and what opens more of it goes."""
    desk = small()
    desk.connection("paper2", "main")
    desk.agent("carry", "main", "paper2")
    desk.hold("10")
    desk.hold("10", agent="carry", connection="paper2", side="sell")
    opens = desk.working("1", "110", agent="carry", connection="paper2", side="sell")
    desk.mandate("firm", Mandate(net_exposure_max=money("500")))
    record = desk.submit("10", "100", side="sell", by=by)
    assert record.decision is not None
    assert (desk.state.orders[record.decision.order].state, opens.state) == ("allowed", "pending_cancel")
    assert crossed(record) == [("firm", "net_exposure_max", "", "over")]


def test_a_mark_cancels_what_it_makes_too_much() -> None:
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("2000")))
    older, newer = placed(desk, "+4@100 +5@100")
    record = bar(desk, "120")
    assert [event.order for event in record.events if isinstance(event, e.CancelAsked)] == [older.id]
    assert (older.state, newer.state) == ("pending_cancel", "acked")
    assert crossed(record) == [("agent:momentum", "market_exposure_max", "AAPL", "over")]
    assert told(record) == ["limit_over"]


def test_a_refused_cancel_is_asked_again_with_the_next_mark_and_not_at_once() -> None:
    """A venue that refuses every cancel is not asked as fast as it answers."""
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("2000")))
    (order,) = placed(desk, "+9@100")
    bar(desk, "120")
    record = desk.took(c.CancelRefused(order=order.id, code="no"), GUARD)
    assert order.state == "acked" and not any(isinstance(event, e.CancelAsked) for event in record.events)
    record = bar(desk, "121")
    assert [event.order for event in record.events if isinstance(event, e.CancelAsked)] == [order.id]


def test_a_fill_at_a_worse_worth_is_judged_on_the_worst_side() -> None:
    """Bought for 10 a share less than the mark: the position counts at the mark, and an older order must go."""
    desk = small()
    older = desk.working("5", "100")
    cheap = desk.working("5", "100")
    bar(desk, "150")
    desk.mandate("account:main", Mandate(market_exposure_max=money("1200")))
    record = desk.fill(cheap, "5", "100")
    assert crossed(record)[-1][-1] == "over"
    assert older.state == "pending_cancel"


def test_a_held_order_is_withdrawn() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("500")))
    held = desk.order("5", "100")
    assert held.state == "held"
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("400")))
    assert held.state == "cancelled"
    assert desk.state.subjects["agent:momentum"].total.working == 0
    assert desk.state.levels == {}, "it is gone at once, and so is what it made too much"
    desk.agree()


def test_a_held_order_that_goes_brings_the_levels_of_others_back() -> None:
    desk = small()
    limits = {"market_exposure_max": money("600")}
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("400"), **limits))
    held = desk.order("5", "100")
    assert set(desk.state.levels.values()) == {80}
    record = desk.mandate("account:main", Mandate(gross_exposure_max=money("499")))
    assert held.state == "cancelled"
    assert crossed(record) == [("agent:momentum", "market_exposure_max", "AAPL", "back")]
    assert desk.state.levels == {}


def test_the_oldest_of_an_account_goes_first_whichever_agent_placed_it() -> None:
    desk = small()
    desk.agent("carry", "main", "paper1")
    orders = [desk.working("5", "100", agent=name) for name in ("momentum", "carry", "momentum", "carry")]
    desk.mandate("account:main", Mandate(gross_exposure_max=money("1000")))
    assert cancelled(desk, orders) == "ab"


def test_an_order_journalled_and_not_sent_is_cancelled_too() -> None:
    desk = small()
    waiting = desk.order("5", "100")
    assert waiting.state == "allowed"
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("400")))
    assert waiting.state == "pending_cancel"


def test_more_cancels_than_an_entry_holds_go_on_with_the_next() -> None:
    desk = small()
    orders = [desk.order("1", "100") for _ in range(2 * EVENTS_MAX + 30)]
    record = desk.mandate("agent:momentum", Mandate(market_exposure_max=money("1000")))
    assert len(record.events) <= EVENTS_MAX + 2
    assert desk.state.look_cut is not None
    while desk.kernel.next_due() == 0:
        assert len(desk.took(c.Tick(), GUARD).events) <= EVENTS_MAX + 3
    assert [order.state for order in orders] == ["pending_cancel"] * (len(orders) - 10) + ["allowed"] * 10
    desk.agree()


# -- levels


WAY: tuple[tuple[str, str], ...] = (
    # the mark of ten shares against a limit of 1,000, and what is told of it
    ("79.99", ""),
    ("80", "near"),
    ("79", ""),
    ("85", ""),
    ("75", ""),
    ("80", ""),
    ("74.99", "back"),
    ("80", "near"),
    ("100", ""),
    ("100.01", "over"),
    ("99", ""),
    ("101", ""),
    ("75", ""),
    ("74", "back"),
    ("130", "over"),
    ("60", "back"),
)


@pytest.mark.parametrize("restarts", ["", "snapshot", "journal"])
def test_a_limit_is_told_once_per_crossing(restarts: str) -> None:
    desk = small()
    desk.hold("10")
    bar(desk, "60")
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("1000")))
    for last, expected in WAY:
        if restarts == "snapshot":
            desk.kernel = Kernel(load(dump(desk.state)))
        elif restarts == "journal":
            desk.kernel, desk.shadow = desk.shadow, desk.kernel
        record = bar(desk, last)
        assert [level for *_, level in crossed(record)] == ([expected] if expected else []), last
        assert told(record) == ([f"limit_{expected}"] if expected in ("near", "over") else [])
        desk.agree()


def test_an_alert_says_which_limit_of_whom_and_how_much() -> None:
    desk = small()
    desk.hold("10")
    desk.mandate("account:main", Mandate(market_exposure_max=money("1200")))
    (alert,) = [effect for effect in effects(desk.records[-1]) if isinstance(effect, Alert)]
    assert (alert.code, alert.subject) == ("limit_near", "account:main")
    assert alert.why == "market_exposure_max of AAPL at 1000 USD, limit 1200"


NEAR: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    # a counter is told when the order is let out that brings it there
    ("orders of the day", {"orders_per_day_max": 5}, "orders_per_day_max", ""),
    ("orders in a market", {"market_orders_max": 5}, "market_orders_max", "AAPL"),
    ("orders in a market today", {"market_orders_per_day_max": 5}, "market_orders_per_day_max", "AAPL"),
    ("executions", {"repeated_execution_max": 5}, "repeated_execution_max", ""),
    ("orders that work", {"orders_open_max": 5}, "orders_open_max", ""),
    ("exposure", {"market_exposure_max": money("500")}, "market_exposure_max", "AAPL"),
    ("capital", {"capital_max": money("500")}, "capital_max", ""),
)


@pytest.mark.parametrize(("limits", "rule", "group"), [row[1:] for row in NEAR], ids=[row[0] for row in NEAR])
def test_the_order_that_brings_a_limit_near_tells_it(limits: dict[str, Any], rule: str, group: str) -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(**limits))
    said = [crossed(desk.submit("1", "100", after_ns=10**9)) for _ in range(5)]
    assert said == [[], [], [], [("agent:momentum", rule, group, "near")], []]


def test_nothing_is_near_of_a_limit_of_nothing_while_there_is_nothing() -> None:
    desk = small()
    record = desk.mandate("account:main", Mandate(market_exposure_max=money("0"), positions_max=0, orders_per_day_max=0,
                                                  leverage_max=ratio("0"), daily_loss_max=money("0")))  # fmt: skip
    assert crossed(record) == []
    assert crossed(desk.mark("AAPL", "101")) == []


def test_an_end_of_an_order_brings_its_level_back() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("1000")))
    order = desk.working("9", "100")
    assert desk.state.levels
    record = desk.took(c.Cancelled(order=order.id), GUARD)
    assert [level for *_, level in crossed(record)] == ["back"] and desk.state.levels == {}


def test_a_halt_says_itself_that_its_limit_is_exceeded() -> None:
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("100")))
    assert told(desk.mark("AAPL", "92")) == ["limit_near"]
    assert told(desk.mark("AAPL", "89")) == ["halt_loss"]
    assert desk.state.levels == {("agent:momentum", "daily_loss_max", "total", ""): 100}


def test_a_new_day_forgets_the_levels_of_the_day_alone() -> None:
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("100"), market_exposure_max=money("1000")))
    desk.mandate("account:main", Mandate(zone="Asia/Tokyo", daily_loss_max=money("100")))
    desk.mark("AAPL", "91")
    standing = {key[:2] for key in desk.state.levels}
    daily, elsewhere = ("agent:momentum", "daily_loss_max"), ("account:main", "daily_loss_max")
    assert standing == {daily, elsewhere, ("agent:momentum", "market_exposure_max")}
    desk.took(c.Tick(), GUARD, after_ns=DAY_NS)
    assert {key[:2] for key in desk.state.levels} == standing - {daily}
    assert desk.state.subjects["agent:momentum"].total.levels == 0
    desk.agree()
    desk.mark("AAPL", "90.5")
    assert (*daily, "", "near") in crossed(desk.mark("AAPL", "83"))


def test_a_limit_that_is_gone_leaves_no_level() -> None:
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("1000"), capital_max=money("1000")))
    assert len(desk.state.levels) == 2
    desk.mandate("agent:momentum", Mandate(capital_max=money("1100")))
    assert set(desk.state.levels) == {("agent:momentum", "capital_max", "total", "")}
    desk.mandate("agent:momentum", Mandate(capital_max=money("2000")))
    assert desk.state.levels == {}
    desk.agree()


def test_money_taken_out_is_judged_against_leverage() -> None:
    desk = small()
    desk.hold("10")
    (order,) = placed(desk, "+5@100")
    desk.mandate("account:main", Mandate(leverage_max=ratio("1")))
    assert desk.state.levels == {}
    record = desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("400")), ANN)
    assert crossed(record) == [("account:main", "leverage_max", "", "over")]
    assert order.state == "pending_cancel"


def test_more_crossings_than_an_entry_holds_go_on_with_the_next() -> None:
    """Everyone is told of, and the halts come in the first entry."""
    desk = small()
    count = EVENTS_MAX + 30
    for number in range(count):
        desk.agent(f"a{number}", "main", "paper1")
        desk.hold("1", agent=f"a{number}")
        desk.mandate(f"agent:a{number}", Mandate(market_exposure_max=money("200")))
    desk.agent("loser", "main", "paper1")
    desk.hold("1", agent="loser")
    desk.mandate("agent:loser", Mandate(daily_loss_max=money("50")))
    desk.mandate("agent:momentum", Mandate(capital_max=money("1")))
    record = bar(desk, "170")
    assert len(record.events) <= EVENTS_MAX + 2 and desk.kernel.next_due() == 0
    record = bar(desk, "40")
    assert halts(desk) == [("agent:loser", "loss", "daily_loss_max")]
    while desk.kernel.next_due() == 0:
        desk.took(c.Tick(), GUARD)
    assert desk.state.levels == {("agent:loser", "daily_loss_max", "total", ""): 100}
    desk.agree()


def test_a_dividend_and_a_split_are_looked_at() -> None:
    desk = small()
    desk.hold("10", side="sell")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("100")))
    record = desk.took(c.Dividend(instrument="AAPL", amount=money("8")))
    assert crossed(record) == [("agent:momentum", "daily_loss_max", "", "near")]
    desk.mandate("agent:momentum", Mandate(order_quantity_max=quantity("1"), market_exposure_max=money("1200")))
    record = desk.took(c.Split(instrument="AAPL", new=2, old=1))
    assert crossed(record) == [] and desk.state.cells[("agent:momentum", "paper1", "AAPL")].quantity == -20 * SCALE


def test_a_rate_moves_exposure_in_the_currency_of_the_limit() -> None:
    desk = small()
    desk.rate("EUR", "USD", "1")
    desk.instrument("SAP", "100", currency="EUR")
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("10000")))
    desk.hold("5", instrument="SAP")
    order = desk.working("5", "100", instrument="SAP")
    desk.mandate("account:main", Mandate(market_exposure_max=money("1300")))
    assert desk.state.levels == {}
    assert told(desk.rate("EUR", "USD", "1.1")) == ["limit_near"]
    assert (told(desk.rate("EUR", "USD", "1.4")), order.state) == (["limit_over"], "pending_cancel")


def test_what_one_limit_cancels_is_gone_to_the_next() -> None:
    """The agent's limit takes the oldest; to the account's it is gone already."""
    desk = small()
    orders = placed(desk, "+5@100 +5@100 +5@100")
    desk.mandate("agent:momentum", Mandate(market_exposure_max=money("1000")))
    record = desk.mandate("account:main", Mandate(market_exposure_max=money("1000"), gross_exposure_max=money("999")))
    asked = [event.order for event in record.events if isinstance(event, e.CancelAsked)]
    assert (cancelled(desk, orders), asked) == ("ab", [orders[1].id])


def test_an_agent_that_holds_nothing_is_not_looked_at() -> None:
    """A mark looks above the stakes it touches and nowhere else."""
    desk = small()
    desk.agent("carry", "main", "paper1")
    desk.hold("10", agent="carry")
    desk.instrument("MSFT", "100")
    desk.hold("10", instrument="MSFT")
    desk.mandate("agent:carry", Mandate(positions_max=5))  # else the two would share what watches them
    looked: list[str] = []
    for name, of in desk.state.subjects.items():
        watch = desk.kernel.judge.watcher(of)
        watch.near = lambda sums, name=name: looked.append(name)
    desk.kernel.step(
        c.Command(seq=desk.state.seq + 1, at=desk.at, by=GUARD, body=c.Marked(marks=(desk.quote("MSFT", "101"),)))
    )
    assert sorted(looked) == ["account:main", "agent:momentum", "firm"]


def test_a_breach_that_stands_looks_at_no_order_in_another_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """A position that has grown beyond a limit is looked at with every mark; what is ordered elsewhere is not."""
    desk = small()
    desk.instrument("MSFT", "100")
    desk.hold("10")
    reducing = desk.working("1", "200", side="sell")
    for _ in range(50):
        desk.order("1", "1", instrument="MSFT")
    desk.mandate("firm", Mandate(market_exposure_max=money("900")))
    monkeypatch.setattr(monitor, "orders_of", lambda *_: pytest.fail("it looked at all orders"))
    desk.mark("AAPL", "101")
    assert desk.state.levels and reducing.state == "acked"
