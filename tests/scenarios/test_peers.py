"""Holes measured in the strongest peers, each put to the kernel. Every docstring says who had it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.kernel.desk import ANN, BOB, Desk, agent, halts, money, price, quantity, ratio, rules, small, verdict

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.decide import Asked, Judge
from remit.kernel.effect import Act
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.exits import closing
from remit.kernel.kernel import effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS, NotDecimal, Price, parse
from remit.kernel.order import OrderIntent


def test_a_margin_account_has_its_cap() -> None:
    """nautilus_trader 1.221 forwards an order of a margin account whatever the notional cap says."""
    desk = small()
    desk.instrument("PERP", "100", kind="perpetual")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.01")))
    desk.mandate("account:main", Mandate(order_notional_max=money("1000")))
    assert rules(desk.submit("11", "100", instrument="PERP")) == ["order_notional_max"]


def test_an_unknown_account_trades_nothing() -> None:
    """nautilus_trader 1.221 forwards when it knows no account; vestbridge checks nothing without a mandate file."""
    desk = small()
    desk.account("other", owner="bob")
    new = access.Connection(name="fresh", account="other", venue="paper", environment="training")
    desk.took(c.AddConnection(connection=new))
    desk.took(c.AddAgent(agent=access.Agent(name="new", account="other", owner="bob")))
    desk.took(c.SetGrant(agent="new", connection="fresh", granted=True))
    desk.took(c.SetCapability(agent="new", capability="place_order", enabled=True))
    found = rules(desk.submit("1", "100", agent="new", connection="fresh"))
    assert found == ["mandate_present", "venue_ready", "buying_power", "intraday_margin"]
    assert rules(desk.submit("1", "100", agent="nobody", by=ANN)) == ["capability_enabled"]


def test_a_market_order_without_a_price_is_denied() -> None:
    """nautilus_trader 1.221 forwards a market order where there is no price to value it; vnpy lets market orders skip
    the value cap."""
    desk = small()
    desk.instrument("MSFT")
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("1000")))
    assert "mark_fresh" in rules(desk.submit("1", instrument="MSFT"))
    assert rules(desk.submit("10")) == ["order_notional_max"], "ten at 100 are 1,010 with slippage"


def test_a_quote_of_1970_is_no_quote() -> None:
    """nautilus_trader 1.221 values an order at a quote dated 1970."""
    desk = small()
    desk.instrument("MSFT")
    desk.mark("MSFT", "100", at=0)
    record = desk.submit("1", "100", instrument="MSFT")
    assert rules(record) == ["mark_fresh"]
    assert record.decision is not None and record.decision.findings[0].actual == f"the mark is {desk.at // 10**9} s old"


def test_orders_in_flight_share_one_purse() -> None:
    """nautilus_trader 1.221 forwards ten in-flight buys of 60 M against 10 M of cash; polybot 30 x 900 against a cap
    of 10,000; at Privy concurrent requests can all pass a rolling cap."""
    for shares, passes in (("600000", 0), ("60000", 1)):  # ten of 60 M each, and ten of 60 M in all
        desk = small()
        desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("10000000")))
        verdicts = [verdict(desk.submit(shares, "100", created_at=desk.at)) for _ in range(10)]
        assert verdicts == ["allow"] * passes + ["deny"] * (10 - passes)
    desk = small()
    desk.took(c.SetBalance(connection="paper1", currency="USD", amount=money("10000")))
    verdicts = [verdict(desk.submit("9", "100", created_at=desk.at)) for _ in range(30)]
    assert verdicts == ["allow"] * 11 + ["deny"] * 19
    assert rules(desk.records[-1]) == ["buying_power", "intraday_margin"]
    desk = small()
    desk.mandate("account:main", Mandate(gross_exposure_max=money("10000")))
    assert [verdict(desk.submit("9", "100")) for _ in range(30)].count("allow") == 11
    for order in list(desk.state.orders.values()):
        desk.took(c.Lost(order=order.id, why="timeout"), GUARD)
    assert rules(desk.submit("9", "100")) == ["gross_exposure_max"], "an unknown order keeps its reservation"


def test_a_modify_is_a_new_judgement() -> None:
    """nautilus_trader 1.221 forwards a modify from 50 to 1,000,000 shares."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(order_quantity_max=quantity("100"), market_exposure_max=money("10000")))
    order = desk.working("50", "100")
    body = c.Replace(id="r", order=order.id, quantity=quantity("1000000"), limit_price=price("100"))
    record = desk.do(body, agent("momentum"))
    assert rules(record) == ["buying_power", "intraday_margin", "order_quantity_max", "market_exposure_max"]
    assert effects(record) == () and order.reserved == quantity("50")


def reducing() -> Desk:
    """A desk long ten whose agent is halted for a loss: only reductions pass."""
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("1")))
    desk.mark("AAPL", "99")
    assert halts(desk) == [("agent:momentum", "loss", "daily_loss_max")]
    return desk


def test_reducing_does_not_open_when_flat() -> None:
    """nautilus_trader 1.221 opens in its REDUCING state when flat."""
    desk = reducing()
    desk.hold("10", "99", side="sell")
    for side in ("buy", "sell"):
        assert "agent_active" in rules(desk.submit("1", "99", side=side))


def test_reducing_does_not_flip() -> None:
    """nautilus_trader 1.221 in REDUCING flips a long of ten with SELL 90."""
    desk = reducing()
    assert "agent_active" in rules(desk.submit("90", "99", side="sell"))
    assert verdict(desk.submit("90", "99", side="sell", reduce="clip")) == "allow"
    assert desk.state.orders[desk.records[-1].decision.order].quantity == quantity("10")  # type: ignore[union-attr]


def test_reducing_counts_what_is_under_way() -> None:
    """nautilus_trader 1.221 in REDUCING passes ten SELL 10 against a long of ten."""
    desk = reducing()
    verdicts = [verdict(desk.submit("10", str(99 + number), side="sell")) for number in range(10)]
    assert verdicts == ["allow"] + ["deny"] * 9


def test_a_restart_clears_no_halt() -> None:
    """nautilus_trader 1.221 clears HALTED when it restarts."""
    desk = reducing()
    desk.kernel, desk.shadow = desk.shadow, desk.kernel
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="next"), GUARD)
    desk.reconcile("paper1")
    assert "agent_active" in rules(desk.submit("1", "99"))


def test_no_order_sleeps_past_a_halt() -> None:
    """nautilus_trader 1.221 triggers a stop order that a halt should have kept. Here there is no order that wakes up by
    itself: what is not market or limit does not decode, and what is reserved is asked to be cancelled at the halt."""
    spelled = {"id": "1", "agent": "a", "connection": "c", "instrument": "i", "side": "buy", "quantity": "1"}
    with pytest.raises(ValueError, match="stop"):
        decode(OrderIntent, _json(spelled | {"created_at": 0, "type": "stop", "limit_price": "1"}))
    desk = small()
    order = desk.order("1", "90")
    desk.took(c.Halt(subject="firm", why="x"), BOB)
    assert order.state == "pending_cancel"


HALTS: tuple[dict[str, Any], ...] = (
    {"subject": "firm", "why": "x"},
    {"subject": "agent:momentum", "why": "x", "kill": True},
    {"subject": "connection:paper1", "why": "x", "kill": True},
)


@pytest.mark.parametrize("halt", HALTS)
def test_a_trigger_under_a_halt_only_ever_reduces(halt: dict[str, Any]) -> None:
    """nautilus_trader 1.221 triggers a stop order whose trigger bypasses the halt. Here what triggers is no order: the
    guard proposes one, and under a halt it passes as a proven reduction or not at all."""
    desk = small()
    desk.hold("10")
    stop = ExitTerms(legs=(Leg(kind="stop_loss", trigger=price("95")),))
    bracket = desk.working("20", "99", exit=stop)
    body = c.SetExit(id="s", agent="momentum", connection="paper1", instrument="AAPL", terms=stop)
    desk.took(body, agent("momentum"))
    desk.took(c.Halt(**halt), BOB)
    assert bracket.state == "pending_cancel", "no entry is left to fill"
    (name,) = (exit.id for exit in desk.state.exits.values() if not exit.order)
    desk.mark("AAPL", "94")
    intent = closing(desk.state, name, desk.at)
    assert intent is not None
    record = desk.do(c.Submit(intent=intent), GUARD)
    assert record.decision is not None and verdict(record) == "allow"
    assert record.decision.reducing == record.decision.quantity == quantity("10")
    assert "agent_active" in rules(desk.do(c.Submit(intent=desk.intent("10", "94", side="sell")), GUARD)), (
        "no second one"
    )
    desk.fill(record.decision.order, "10", "94")
    assert desk.position("agent:momentum") == 0 and name not in desk.state.exits
    assert closing(desk.state, f"X-{bracket.id}", desk.at) is None, "a bracket that filled nothing closes nothing"
    desk.took(c.Cancelled(order=bracket.id), GUARD)
    assert desk.state.exits == {}
    desk.agree()


@pytest.mark.parametrize("spelled", ["NaN", "Infinity", "-1", "1e3", "0x10", "1.", ".5", "", "1_000", " 1", "１"])
def test_only_plain_numbers_above_zero_are_numbers(spelled: str) -> None:
    """polybot approves a price of NaN and a negative size."""
    for field in ("quantity", "limit_price"):
        terms = {"id": "1", "agent": "a", "connection": "c", "instrument": "i", "side": "buy", "created_at": 0}
        with pytest.raises(ValueError):
            decode(OrderIntent, _json(terms | {"quantity": "1", "limit_price": "1"} | {field: spelled}))
    if spelled != "-1":
        with pytest.raises(NotDecimal):
            parse(Price, spelled)


def test_a_loss_is_booked_once_and_the_closing_sell_passes() -> None:
    """polybot books one loss twice and then refuses the sell that would close the position."""
    desk = small()
    desk.hold("10")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("150")))
    desk.mark("AAPL", "90")
    assert halts(desk) == [], "a loss of 100 is a loss of 100"
    order = desk.working("10", "90", side="sell")
    desk.fill(order, "10", "90", fill="F1")
    desk.fill(order, "10", "90", fill="F1")
    total = desk.state.subjects["agent:momentum"].total
    assert (total.pnl, total.flow, total.value) == (money("-100"), money("-100"), 0)
    assert halts(desk) == []


def test_no_agent_can_approve() -> None:
    """polybot's agent has a tool that approves its own trade."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(approval_notional_min=money("1")))
    order = desk.order("1", "100")
    for by in (agent("momentum"), agent("other", "bob"), GUARD):
        assert desk.refused(c.Approve(order=order.id, digest=order.digest), by) == "not_authorised"


def test_nothing_is_done_that_is_not_in_a_record() -> None:
    """Vibe-Trading writes its audit after the broker call. Here an order is placed because of a record."""
    desk = small()
    record = desk.submit("1", "100")
    assert effects(record) == (Act("place", record.decision.order),)  # type: ignore[union-attr]
    assert effects(desk.submit("1", "99.999")) == ()


def test_an_order_that_leads_nowhere_is_denied() -> None:
    """OpenAlgo executes at once when its routing fails."""
    desk = small()
    desk.instrument("BTC", "100", venue="away")
    assert rules(desk.submit("1", "100", instrument="BTC")) == ["instrument_tradable"]
    assert rules(desk.submit("1", "100", connection="gone")) == ["connection_granted"]


@pytest.mark.parametrize("word", ["paper", "PAPER", "true", "", "Live", "prod"])
def test_an_environment_is_one_of_two_words(word: str) -> None:
    """With Alpaca's MCP server ALPACA_PAPER_TRADE=paper selects live."""
    for kind, terms in (
        (access.Account, {"name": "a", "owner": "o", "currency": "USD"}),
        (access.Connection, {"name": "c", "account": "a", "venue": "v"}),
        (OrderIntent, {"id": "1", "agent": "a", "connection": "c", "instrument": "i", "side": "buy", "quantity": "1",
                       "created_at": 0, "limit_price": "1"}),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            decode(kind, _json(terms | {"environment": word}))


def test_no_scope_overrides_another() -> None:
    """At Coinbase CDP a project's accept overrides an account's reject."""
    rejecting = Mandate(instruments_allowed=("MSFT",))
    accepting = Mandate(instruments_allowed=("AAPL",))
    for refuses in ("firm", "account:main", "agent:momentum", "client:claude"):
        desk = small()
        for of in ("firm", "account:main", "agent:momentum", "client:claude"):
            desk.mandate(of, rejecting if of == refuses else accepting)
        record = desk.submit("1", "100", client="claude")
        assert record.decision is not None
        assert [(finding.rule, finding.subject) for finding in record.decision.findings] == [
            ("instruments_allowed", refuses)
        ]


def test_a_rule_that_raises_denies() -> None:
    """Cedar skips a forbid whose evaluation fails."""
    desk = small()
    desk.mandate("agent:momentum", Mandate(gross_exposure_max=money("1000000")))

    class Broken:
        """A sum that cannot be read."""

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("the rule is broken")

    judge = Judge(desk.state)
    lens_of = judge._make_lens

    def broken(asked: Any) -> Any:
        lens = lens_of(asked)
        lens.sums = tuple(Broken() for _ in lens.sums)  # type: ignore[union-attr]
        return lens

    judge._make_lens = broken  # type: ignore[method-assign]
    intent = desk.intent("1", "100")
    decision, _ = judge.judge(Asked(intent, "", agent("momentum"), desk.at), "x")
    assert decision.verdict == "deny"
    assert [(finding.rule, finding.actual) for finding in decision.findings] == [
        ("gross_exposure_max", "cannot be measured: RuntimeError")
    ]


def test_a_clock_that_jumped_closes_openings_only() -> None:
    """A fault of time is a halt of its own: exits stay open."""
    desk = small()
    desk.hold("10")
    desk.took(c.ClockFault(jump_ns=3600 * NANOSECONDS), GUARD)
    assert "agent_active" in rules(desk.submit("1", "100"))
    assert verdict(desk.submit("10", "100", side="sell")) == "allow"


def _json(terms: dict[str, Any]) -> bytes:
    return json.dumps(terms).encode()
