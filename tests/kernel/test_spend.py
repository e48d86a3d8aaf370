"""Budgets: what a model call may cost is reserved before it is made, reports only add, and what is not known closes."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.desk import ANN, Desk, agent, client, money, rules, small, verdict

from remit.kernel import access, spend
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import build
from remit.kernel.effect import Alert
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Money, text
from remit.kernel.spend import over_budget

KEY = "a" * 64
OTHER = "b" * 64
CLAUDE = client("claude")
MOMENTUM = agent("momentum")
HOUR_NS = 3_600 * NANOSECONDS


def sealed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def meter(name: str, cost_max: str | None, **more: Any) -> c.MeterSpend:
    said = {"provider": "p", "model": "m", "agent": "momentum", "client": "claude", "seal": sealed(KEY), **more}
    return c.MeterSpend(id=name, cost_max=None if cost_max is None else money(cost_max), **said)


def report(name: str, cost: str | None, **more: Any) -> c.ReportSpend:
    said = {"provider": "p", "model": "m", "agent": "momentum", "client": "claude", **more}
    return c.ReportSpend(id=name, input_tokens=7, output_tokens=9, cost=None if cost is None else money(cost), **said)


def settle(name: str, cost: str) -> c.SettleSpend:
    return c.SettleSpend(id=name, agent="momentum", cost=money(cost), why="the bill")


def spent(desk: Desk, subject: str = "client:claude") -> str | None:
    found = desk.state.subjects[subject].total.spend
    return None if found is None else text(found)


def budgeted(desk: Desk | None = None, *, budgets: dict[str, str] | None = None) -> Desk:
    """The small desk with a budget of 5 for its client, or those that are given by subject."""
    desk = desk or small()
    for subject, amount in (budgets or {"client": "5"}).items():
        written = {"client": "client:claude", "agent": "agent:momentum", "account": "account:main", "firm": "firm"}
        field = "client_spend_daily_max" if subject == "client" else "ai_spend_daily_max"
        desk.mandate(written[subject], build(Mandate, {field: amount}))
    return desk


def refusal(record: e.Record) -> e.Refused:
    (event,) = record.events
    assert isinstance(event, e.Refused)
    return event


def test_what_a_call_may_cost_is_reserved_for_everyone_on_its_path() -> None:
    desk = budgeted()
    desk.took(meter("1", "4"), CLAUDE)
    assert [spent(desk, of) for of in ("firm", "account:main", "agent:momentum", "client:claude")] == ["4"] * 4
    desk.agree()


def test_an_agents_own_call_is_not_its_clients() -> None:
    desk = budgeted()
    desk.took(meter("1", "40", client=""), MOMENTUM)
    assert (spent(desk, "agent:momentum"), spent(desk)) == ("40", "0")


@pytest.mark.parametrize(("cost_max", "taken"), [("1", True), ("1.000000000000000001", False)])
@pytest.mark.parametrize("subject", ["client", "agent", "account", "firm"])
def test_a_budget_has_room_up_to_its_limit_and_not_beyond(subject: str, cost_max: str, taken: bool) -> None:
    desk = budgeted(budgets={subject: "5"})
    desk.took(meter("1", "4"), CLAUDE)
    record = desk.do(meter("2", cost_max), CLAUDE)
    assert any(isinstance(event, e.Spent) for event in record.events) == taken
    if not taken:
        refused = refusal(record)
        (finding,) = refused.findings
        assert (refused.code, finding.limit, finding.actual, finding.unit) == (
            "budget_exceeded", "5", "5.000000000000000001", "USD",
        )  # fmt: skip
        assert finding.rule == ("client_spend_daily_max" if subject == "client" else "ai_spend_daily_max")
        assert refused.retry_after_s is not None and 0 < refused.retry_after_s <= 86_400
    desk.agree()


def test_whoever_asks_for_more_than_a_whole_budget_is_not_told_to_come_back() -> None:
    refused = refusal(budgeted().do(meter("1", "5.01"), CLAUDE))
    assert (refused.code, refused.retry_after_s) == ("budget_exceeded", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (meter("1", None), "price_unknown"),
        (meter("1", "-1"), "price_unknown"),
        (meter("1", "1000000.01"), "price_unknown"),
        (meter("1", "1", tool="analyze_market"), "capability_off"),
        (meter("1", "1", agent="other"), "not_yours"),
        (meter("1", "1", client="other"), "not_yours"),
        (report("1", "-1"), "not_possible"),
    ],
    ids=str,
)
def test_what_cannot_be_metered_is_refused_and_changes_nothing(body: Any, code: str) -> None:
    assert budgeted().refused(body, CLAUDE) == code


def test_a_capability_that_is_on_lets_its_tool_be_metered() -> None:
    desk = budgeted()
    desk.took(c.SetCapability(agent="momentum", capability="analyze_market", enabled=True))
    desk.took(meter("1", "1", tool="analyze_market"), CLAUDE)


def test_nothing_is_metered_without_a_mandate() -> None:
    desk = small()
    desk.took(c.AddClient(client=access.Client(name="new", agent="momentum")))
    assert desk.refused(meter("1", "1", client="new"), client("new")) == "mandate_missing"


# Settling


def test_a_settlement_takes_the_place_of_what_was_reserved() -> None:
    desk = budgeted()
    desk.took(meter("1", "4"), CLAUDE)
    desk.took(report("1", "1.5", key=KEY), CLAUDE)
    assert spent(desk) == "1.5"
    desk.agree()


def test_a_caller_that_never_comes_back_leaves_all_that_was_reserved() -> None:
    desk = budgeted()
    desk.took(meter("1", "4"), CLAUDE)
    desk.reload()
    desk.took(c.Tick(), GUARD, HOUR_NS)
    assert spent(desk) == "4"
    assert refusal(desk.do(meter("2", "2"), CLAUDE)).code == "budget_exceeded"


@pytest.mark.parametrize("key", ["", OTHER])
def test_nobody_without_the_key_settles_a_reservation(key: str) -> None:
    desk = budgeted()
    desk.took(meter("1", "4"), CLAUDE)
    assert desk.refused(report("1", "0", key=key), CLAUDE) == "spend_id_used"
    assert desk.refused(report("1", "0", key=key, client=""), MOMENTUM) == "spend_id_used"
    assert spent(desk) == "4"


def test_what_is_said_twice_changes_nothing_and_gets_its_first_answer() -> None:
    desk = budgeted()
    said: list[tuple[Any, Principal]] = [
        (meter("1", "4"), CLAUDE),
        (report("1", "1.5", key=KEY), CLAUDE),
        (report("2", "1"), CLAUDE),
        (report("3", None), CLAUDE),
        (settle("3", "0.5"), ANN),
    ]
    firsts = [desk.took(body, by).command.seq for body, by in said]
    for (body, by), first in zip(said, firsts, strict=True):
        before = desk.image()
        assert desk.do(body, by).events == (e.Repeated(seq=first),)
        assert desk.image() == before
    assert spent(desk) == "3"
    assert desk.refused(report("1", "0", key=KEY), CLAUDE) == "spend_id_used"
    assert desk.refused(report("2", "0"), CLAUDE) == "spend_id_used"
    assert desk.refused(settle("3", "0"), ANN) == "already_settled"
    assert desk.refused(settle("2", "0"), ANN) == "already_settled"
    assert desk.refused(settle("4", "0"), ANN) == "unknown_spend"


def test_a_settlement_above_what_was_reserved_counts_and_is_told() -> None:
    desk = budgeted()
    desk.took(meter("1", "4"), CLAUDE)
    record = desk.took(report("1", "6", key=KEY), CLAUDE)
    assert spent(desk) == "6"
    assert "spend_above_reserved" in alerts(record)


def alerts(record: e.Record) -> list[str]:
    return [effect.code for effect in effects(record) if isinstance(effect, Alert)]


# What is not known


def test_a_call_of_unknown_price_closes_every_budget_until_a_person_says_it() -> None:
    desk = budgeted()
    record = desk.took(report("1", None), CLAUDE)
    assert "price_unknown" in alerts(record)
    assert spent(desk) is None and spent(desk, "firm") is None
    found = over_budget(desk.state, "momentum", "claude")
    assert found is not None and (found.actual, found.retry_after_s) == ("unknown price", None)
    assert refusal(desk.do(meter("2", "0"), CLAUDE)).code == "budget_exceeded"
    assert rules(desk.submit("1", by=CLAUDE, client="claude")) == ["client_spend_daily_max"]
    assert over_budget(desk.state, "momentum", "") is None, "the agent itself has no budget"
    desk.agree()
    desk.took(c.Tick(), GUARD, DAY_NS)
    assert spent(desk) is None, "a night makes no price known"
    desk.took(settle("1", "0.25"))
    assert spent(desk) == "0.25"
    assert over_budget(desk.state, "momentum", "claude") is None
    desk.agree()


def test_only_so_many_calls_wait_for_a_price() -> None:
    desk = budgeted()
    for number in range(100):
        desk.took(report(str(number), None), CLAUDE)
    assert desk.refused(report("100", None), CLAUDE) == "price_unknown"


def test_dollars_are_counted_in_the_accounts_currency_and_a_missing_rate_closes() -> None:
    desk = small()
    desk.account("euro", currency="EUR")
    desk.agent("late", "euro")
    desk.client("chat", "late")
    desk.mandate("client:chat", build(Mandate, {"client_spend_daily_max": "5"}))
    through = {"agent": "late", "client": "chat"}
    assert desk.refused(meter("1", "1", **through), client("chat")) == "price_unknown"
    desk.took(report("0", "1", **through), client("chat"))
    assert spent(desk, "client:chat") is None
    assert desk.refused(c.SettleSpend(id="0", agent="late", cost=money("1"), why="x")) == "price_unknown"
    desk.rate("EUR", "USD", "1.25")
    desk.took(c.SettleSpend(id="0", agent="late", cost=money("1"), why="x"))
    assert (spent(desk, "client:chat"), spent(desk, "firm")) == ("0.8", "1")
    desk.took(meter("1", "5", **through), client("chat"))
    assert (spent(desk, "client:chat"), spent(desk, "firm")) == ("4.8", "6")
    desk.rate("EUR", "USD", "1")
    desk.took(report("1", "2.5", key=KEY, **through), client("chat"))
    assert spent(desk, "client:chat") == "2.8", "settled at the rate that it was reserved at"
    desk.do(c.Tick(), GUARD, 2 * HOUR_NS)
    assert desk.refused(meter("2", "1", **through), client("chat")) == "price_unknown"
    desk.agree()


# The day


def next_day(desk: Desk, after_ns: int = DAY_NS) -> None:
    desk.took(c.Tick(), GUARD, after_ns)


def test_a_day_begins_with_nothing_spent_and_a_late_settlement_gives_nothing_back() -> None:
    desk = budgeted()
    next_day(desk, 20 * HOUR_NS)
    desk.took(meter("1", "4"), CLAUDE)
    desk.took(report("2", "9"), CLAUDE)
    found = over_budget(desk.state, "momentum", "claude")
    assert found is not None and found.retry_after_s == 4 * 3_600
    next_day(desk, 5 * HOUR_NS)
    assert (spent(desk), over_budget(desk.state, "momentum", "claude")) == ("0", None)
    desk.took(meter("3", "5"), CLAUDE)
    desk.took(report("1", "1", key=KEY), CLAUDE)
    assert spent(desk) == "5"
    desk.agree()


def test_what_a_late_settlement_costs_more_counts_on_the_day_it_is_known() -> None:
    desk = budgeted()
    next_day(desk, 20 * HOUR_NS)
    desk.took(meter("1", "4"), CLAUDE)
    next_day(desk, 5 * HOUR_NS)
    desk.took(report("1", "6", key=KEY), CLAUDE)
    assert spent(desk) == "2"
    desk.agree()


def test_the_day_is_that_of_the_mandates_zone() -> None:
    desk = small()
    here = desk.at // DAY_NS * DAY_NS
    starts = tuple(here + day * DAY_NS + 6 * HOUR_NS for day in range(-1, 300))
    desk.took(c.SetSessions(zone="America/Chicago", starts=starts))
    desk.mandate("client:claude", build(Mandate, {"client_spend_daily_max": "5", "zone": "America/Chicago"}))
    desk.took(report("1", "6"), CLAUDE)
    found = over_budget(desk.state, "momentum", "claude")
    assert found is not None and found.retry_after_s is not None and found.retry_after_s <= 6 * 3_600
    next_day(desk, 7 * HOUR_NS)
    assert (spent(desk), spent(desk, "firm")) == ("0", "6")
    desk.agree()


def test_ids_are_forgotten_after_a_day_and_what_has_no_price_is_not() -> None:
    desk = budgeted()
    desk.took(meter("1", "1"), CLAUDE)
    desk.took(report("2", None), CLAUDE)
    next_day(desk, DAY_NS + NANOSECONDS)
    assert list(desk.state.model_calls) == [("momentum", "2")]
    desk.took(settle("2", "1"))
    next_day(desk, DAY_NS + NANOSECONDS)
    assert not desk.state.model_calls and not desk.state.model_calls_at
    desk.agree()


# What an agent may still do


def test_only_so_many_ids_are_remembered_and_what_is_forgotten_stays_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reports without end takes no more memory than that; an id that is forgotten only adds once more."""
    monkeypatch.setattr(spend, "CALLS_MAX", 3)
    desk = budgeted(budgets={"client": "50"})
    desk.do(report("no-price", None), CLAUDE)
    for number in range(10):
        desk.do(report(f"r{number}", "1"), CLAUDE)
    desk.do(settle("no-price", "2"), ANN)
    desk.do(c.Tick())
    assert sorted(name for _, name in desk.state.model_calls) == ["no-price", "r8", "r9"]
    assert spent(desk) == "12"
    desk.do(report("r0", "1"), CLAUDE)
    assert spent(desk) == "13"
    desk.agree()


def test_over_its_budget_an_agent_opens_nothing_and_still_gets_out() -> None:
    desk = small()
    desk.hold("10", client="claude", by=CLAUDE)
    order = desk.working("1", "90", client="claude", by=CLAUDE)
    budgeted(desk)
    desk.took(report("1", "5.01"), CLAUDE)
    assert rules(desk.submit("1", by=CLAUDE, client="claude")) == ["client_spend_daily_max"]
    assert verdict(desk.submit("5", side="sell", by=CLAUDE, client="claude")) == "allow"
    desk.took(c.Cancel(order=order.id), CLAUDE)
    record = desk.submit("1", "80", by=ANN, client="claude")
    assert rules(record) == [], "a person's hand costs no model"


def test_a_budget_that_is_nearly_used_up_is_told_once_a_day() -> None:
    desk = budgeted()
    assert "limit_near" in alerts(desk.took(report("1", "4"), CLAUDE))
    assert alerts(desk.took(report("2", "0.5"), CLAUDE)) == []
    assert "limit_over" in alerts(desk.took(report("3", "0.6"), CLAUDE))
    next_day(desk, DAY_NS)
    assert "limit_near" in alerts(desk.took(report("4", "4"), CLAUDE))


# Whatever the order of things

AMOUNTS = st.integers(0, 3 * 10**18).map(lambda amount: text(amount))
STEPS = st.lists(
    st.tuples(st.sampled_from(("meter", "settle", "forge", "day", "again", "rate")), st.integers(0, 5), AMOUNTS),
    max_size=25,
)


class Books:
    """The desk, a double-entry of what each subject was told it spent, and the keys that only the meter knows."""

    def __init__(self) -> None:
        self.desk = small()
        self.desk.account("euro", currency="EUR")
        self.desk.agent("late", "euro")
        self.desk.client("chat", "late")
        self.desk.rate("EUR", "USD", "1.25", resolution_ns=10**18)
        self.desk.mandate("client:chat", build(Mandate, {"client_spend_daily_max": "5"}))
        self.desk.mandate("firm", build(Mandate, {"ai_spend_daily_max": "7"}))
        self.reserved: dict[str, Money] = {}
        self.said: list[Any] = []

    def spent(self) -> tuple[int, int]:
        return tuple(self.desk.state.subjects[name].total.spent for name in ("client:chat", "firm"))

    def do(self, what: str, number: int, amount: str) -> None:
        through, name = {"agent": "late", "client": "chat"}, f"call-{number}"
        if what == "meter":
            body: Any = meter(name, amount, **through)
        elif what == "settle":
            least = min(money(amount), self.reserved.get(name, money("0")))
            body = report(name, text(least), key=KEY, **through) if name in self.reserved else None
        elif what == "forge":
            body = report(name, "0", key=OTHER, **through) if name in self.reserved else None
        elif what == "again":
            body = self.said[number % len(self.said)] if self.said else None
        else:
            body = None
            if what == "day":
                self.desk.do(c.Tick(), GUARD, DAY_NS // 3)
            else:
                self.desk.rate("EUR", "USD", text(money(amount) + 10**17), resolution_ns=10**18)
        if body is not None:
            record = self.desk.do(body, client("chat"))
            if what == "meter" and isinstance(record.events[0], e.Spent):
                self.reserved[name] = money(amount)
            self.said.append(body)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_metered_calls_never_exceed_a_budget_whatever_the_interleaving(steps: list[tuple[str, int, str]]) -> None:
    books = Books()
    for what, number, amount in steps:
        books.do(what, number, amount)
        of_client, of_firm = books.spent()
        assert 0 <= of_client <= money("5") and 0 <= of_firm <= money("7")
    books.desk.agree()


@given(STEPS, st.lists(st.tuples(st.integers(0, 12), AMOUNTS | st.none(), st.sampled_from(("", OTHER))), max_size=8))
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_reported_lowers_anything(
    steps: list[tuple[str, int, str]], reports: list[tuple[int, str | None, str]]
) -> None:
    books = Books()
    for what, number, amount in steps:
        books.do(what, number, amount)
    for number, cost, key in reports:
        before, unpriced = books.spent(), books.desk.state.subjects["client:chat"].total.unpriced
        body = report(f"call-{number}", cost, key=key, agent="late", client="chat")
        books.desk.do(body, client("chat"))
        after = books.spent()
        assert all(now >= then for now, then in zip(after, before, strict=True))
        assert books.desk.state.subjects["client:chat"].total.unpriced >= unpriced
    books.desk.agree()
