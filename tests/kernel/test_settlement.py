"""What the world does to positions, cash and profit: settlement, exchange rates, reconciliation."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, halts, money, price, quantity, ratio, small, verdict
from tests.kernel.recount import check_sums

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.effect import Act
from remit.kernel.kernel import Kernel, effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS
from remit.kernel.snapshot import dump, load, state_hash

FEED = Principal(name="feed", role="feed")
ROUND_TRIPS: tuple[tuple[list[tuple[str, str, str]], str, str, str], ...] = (
    # fills (side, amount, price); position, realised, unrealised at a mark of 100
    ([("buy", "10", "90")], "10", "0", "100"),
    ([("buy", "10", "90"), ("sell", "4", "100")], "6", "40", "60"),
    ([("buy", "10", "90"), ("buy", "10", "110")], "20", "0", "0"),
    ([("buy", "10", "90"), ("sell", "15", "100")], "-5", "100", "0"),  # through flat
    ([("sell", "10", "110")], "-10", "0", "100"),
    ([("sell", "10", "110"), ("buy", "15", "105")], "5", "50", "-25"),
    ([("buy", "3", "90"), ("sell", "3", "80")], "0", "-30", "0"),
)


@pytest.mark.parametrize(("fills", "held", "realised", "unrealised"), ROUND_TRIPS)
@pytest.mark.parametrize("kind", ["equity", "perpetual"])
def test_profit_by_average_cost(
    fills: list[tuple[str, str, str]], held: str, realised: str, unrealised: str, kind: str
) -> None:
    desk = small()
    desk.instrument("X", "100", kind=kind)
    desk.took(c.SetMargin(instrument="X", initial=ratio("0.5")))
    for side, amount, at in fills:
        desk.hold(amount, at, side=side, instrument="X", by=ANN)
    cell = desk.state.cells[("account:main", "paper1", "X")]
    assert (cell.quantity, cell.realised, cell.unrealised) == (quantity(held), money(realised), money(unrealised))
    total = desk.state.subjects["account:main"].total
    assert total.pnl == money(realised) + money(unrealised)
    paid = sum(money(amount) * money(at) // 10**18 * (1 if side == "buy" else -1) for side, amount, at in fills)
    cash = desk.state.cash[("paper1", "USD")].amount - money("1000000")
    assert cash == (money(realised) if kind == "perpetual" else -paid)
    check_sums(desk.state)
    desk.agree()


def test_a_perpetuals_cash_does_not_depend_on_the_exchange_rate_between_its_fills() -> None:
    desk = small()
    desk.rate("EUR", "USD", "1")
    desk.instrument("PERP", "100", kind="perpetual", currency="EUR")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("1000")))
    desk.hold("10", "100", instrument="PERP")
    desk.rate("EUR", "USD", "2")
    desk.hold("10", "101", instrument="PERP", side="sell")
    assert desk.state.cash[("paper1", "EUR")].amount == money("1010")


def bets() -> Desk:
    desk = small()
    desk.instrument("YES", "0.6", kind="prediction", outcome="yes", market="RAIN")
    desk.instrument("NO", "0.4", kind="prediction", outcome="no", market="RAIN")
    desk.hold("100", "0.6", instrument="YES")
    desk.hold("50", "0.4", instrument="NO")
    return desk


@pytest.mark.parametrize(
    ("outcome", "void", "profit"), [("yes", None, "20"), ("no", None, "-30"), ("void", "0.5", "-5")]
)
def test_a_resolution_pays_and_closes(outcome: Any, void: str | None, profit: str) -> None:
    desk = bets()
    working = desk.working("10", "0.3", instrument="YES")
    record = desk.took(c.Resolve(market="RAIN", outcome=outcome, void_price=None if void is None else price(void)))
    assert [effect.do for effect in effects(record) if isinstance(effect, Act)] == ["cancel"]
    assert working.state == "pending_cancel"
    total = desk.state.subjects["firm"].total
    assert (total.pnl, total.value) == (money(profit), 0)
    assert desk.state.cash[("paper1", "USD")].amount == money("1000000") + money(profit)
    assert verdict(desk.submit("1", "0.6", instrument="YES")) == "deny"
    check_sums(desk.state)
    desk.agree()


def test_between_the_legs_of_a_resolution_there_is_no_high_water() -> None:
    desk = bets()
    desk.took(c.Resolve(market="RAIN", outcome="yes"))
    assert desk.state.subjects["firm"].total.high_water == money("20")
    assert desk.state.subjects["firm"].total.pnl == money("20")


def test_a_dispute_keeps_its_exposure() -> None:
    desk = bets()
    before = desk.state.subjects["firm"].total.gross
    desk.took(c.Resolve(market="RAIN", outcome="disputed"))
    assert desk.state.subjects["firm"].total.gross == before
    assert verdict(desk.submit("1", "0.6", instrument="YES")) == "deny"
    desk.took(c.Resolve(market="RAIN", outcome="yes"))
    assert desk.state.subjects["firm"].total.gross == 0


@pytest.mark.parametrize("void", [None, "-0.1", "1.1"])
def test_a_void_market_names_its_price(void: str | None) -> None:
    desk = bets()
    body = c.Resolve(market="RAIN", outcome="void", void_price=None if void is None else price(void))
    assert desk.refused(body) == "not_possible"


def test_a_split_keeps_worth_and_cost() -> None:
    desk = small()
    desk.hold("10", "90")
    desk.took(c.SetLocate(connection="paper1", instrument="AAPL", quantity=quantity("6"), expires_at=desk.at + DAY_NS))
    order = desk.working("1", "50")
    desk.took(c.Split(instrument="AAPL", new=4, old=1))
    cell = desk.state.cells[("account:main", "paper1", "AAPL")]
    assert (cell.quantity, cell.cost, cell.value, cell.price) == (
        quantity("40"), money("900"), money("1000"), price("25"),
    )  # fmt: skip
    assert desk.state.locates[("paper1", "AAPL")][0] == quantity("24")
    assert order.state == "pending_cancel"
    check_sums(desk.state)
    desk.agree()


def test_a_split_that_leaves_fractions_leaves_accounts_the_sum_of_their_agents() -> None:
    desk = small()
    desk.agent("value", "main", "paper1")
    desk.hold("1")
    desk.hold("1", agent="value")
    desk.took(c.Split(instrument="AAPL", new=1, old=3))
    parts = [desk.state.cells[(f"agent:{name}", "paper1", "AAPL")].quantity for name in ("momentum", "value")]
    assert desk.state.cells[("account:main", "paper1", "AAPL")].quantity == sum(parts)
    for name in ("momentum", "value"):
        assert verdict(desk.submit("1", side="sell", agent=name, reduce="clip")) == "deny"
    desk.agree()


def test_dividends_and_funding_pay_longs_and_charge_shorts() -> None:
    desk = small()
    desk.instrument("PERP", "100", kind="perpetual", multiplier=quantity("2"))
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
    desk.hold("10")
    desk.hold("5", side="sell", instrument="PERP")
    desk.took(c.Dividend(instrument="AAPL", amount=money("0.5")))
    desk.took(c.Funding(instrument="PERP", amount=money("0.1")))
    assert desk.state.subjects["firm"].total.pnl == money("6")
    assert desk.state.cash[("paper1", "USD")].amount == money("999006")
    assert desk.refused(c.Dividend(instrument="AAPL", amount=money("-1"))) == "not_possible"
    desk.agree()


# -- reconciliation


def test_a_new_connection_that_already_holds_something_halts() -> None:
    desk = small()
    new = access.Connection(name="paper2", account="main", venue="paper", environment="training")
    desk.took(c.AddConnection(connection=new))
    record = desk.took(
        c.Reconciled(connection="paper2", positions=(c.Holding("AAPL", quantity("5")),), cash=(), orders=()), GUARD
    )
    assert any(isinstance(event, e.Drifted) for event in record.events)
    assert halts(desk) == [("connection:paper2", "drift", "reconcile")]
    desk.agree()


def test_cash_without_an_exchange_rate_is_a_difference_not_a_fault() -> None:
    """The account counts in euros, the firm in dollars, and nobody said what a euro is worth."""
    desk = Desk().open()
    desk.account("euro", currency="EUR")
    new = access.Connection(name="e1", account="euro", venue="paper", environment="training")
    desk.took(c.AddConnection(connection=new))
    desk.took(c.Reconciled(connection="e1", positions=(), cash=(("EUR", money("5")),), orders=()), GUARD)
    assert halts(desk) == [("connection:e1", "drift", "reconcile")]
    body = c.SetBalance(connection="e1", currency="EUR", amount=money("5"))
    assert desk.refused(body) == "not_possible"


def test_after_a_restart_nothing_opens_before_reconciliation() -> None:
    desk = small()
    desk.hold("10")
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="next"), GUARD)
    assert verdict(desk.submit("1", "100")) == "deny"
    assert verdict(desk.submit("1", "100", side="sell")) == "allow"
    desk.reconcile("paper1")
    assert verdict(desk.submit("1", "99")) == "allow"
    assert desk.state.prefix == "next", "no order id is given twice, whatever was put back before this start"


# -- days


def test_days_that_are_known_only_from_later_on_begin_when_they_come() -> None:
    desk = small()
    tokyo = (desk.at + DAY_NS, desk.at + 2 * DAY_NS, desk.at + 3 * DAY_NS)
    desk.took(c.SetSessions(zone="Asia/Tokyo", starts=tokyo), GUARD)
    desk.mandate("agent:momentum", Mandate(zone="Asia/Tokyo"))
    assert verdict(desk.submit("1", "100")) == "deny"
    assert desk.kernel.next_due() == min(tokyo[0], desk.state.zones["UTC"][2])
    desk.took(c.Tick(), GUARD, after_ns=tokyo[0] - desk.at)
    desk.mark("AAPL", "100")
    assert verdict(desk.submit("1", "100")) == "allow"
    desk.took(c.Tick(), GUARD, after_ns=tokyo[2] - desk.at)
    desk.mark("AAPL", "100")
    assert verdict(desk.submit("1", "99")) == "deny", "beyond the last known start no day is known"
    desk.agree()


def test_a_day_of_23_hours_and_one_of_25() -> None:
    """Summer time: the kernel knows only instants, so counters turn over exactly where the days begin."""
    desk = small()
    first = desk.at + DAY_NS
    starts = (desk.at, first, first + 23 * DAY_NS // 24, first + 48 * DAY_NS // 24)
    desk.took(c.SetSessions(zone="Europe/Berlin", starts=starts), GUARD)
    desk.mandate("agent:momentum", Mandate(zone="Europe/Berlin", orders_per_day_max=1))
    verdicts = []
    for start in starts[1:3]:
        desk.took(c.Tick(), GUARD, after_ns=start - 3_000_000 - desk.at)
        for _ in range(2):  # after a gap two marks make the instrument fit
            desk.mark("AAPL", "100")
        verdicts += [verdict(desk.submit("1", "100", after_ns=after)) for after in (999_999, 1)]
    assert verdicts == ["allow", "allow", "deny", "allow"], "one a day: the last instant of a day is not the next"


# -- snapshots


def test_a_snapshot_behaves_as_the_state_it_was_taken_of() -> None:
    desk = small()
    desk.hold("10")
    desk.working("5", "90")
    spelled = dump(desk.state)
    again = load(spelled)
    assert (dump(again), state_hash(again)) == (spelled, state_hash(desk.state))
    desk.redo = Kernel(again)
    for amount, limit, side in (("3", "99", "buy"), ("11", "101", "sell"), ("2", None, "sell")):
        desk.submit(amount, limit, side=side)
    desk.agree()


def test_judging_leaves_no_trace_in_a_snapshot() -> None:
    desk = small()
    desk.mandate("agent:momentum", Mandate(order_notional_max=money("1")))
    fresh = Kernel(load(dump(desk.state)))
    record = desk.submit("5", "100")
    fresh.fold(record)
    assert dump(fresh.state) == dump(desk.state)
    assert len(fresh.state.cells) < len(desk.state.cells)


@pytest.mark.parametrize("source", [b"", b"{}", b"[]", b'{"format":1}', b"\xff"])
def test_what_is_no_snapshot_is_refused(source: bytes) -> None:
    with pytest.raises(ValueError):
        load(source)


def test_another_format_is_refused_by_name() -> None:
    desk = small()
    with pytest.raises(ValueError, match="format 99"):
        load(dump(desk.state).replace(b'"format":1', b'"format":99'))


@pytest.mark.parametrize(
    ("outcome", "by", "opens"),
    [("yes", FEED, False), ("yes", ANN, False), ("disputed", FEED, False), ("disputed", ANN, True)],
)
def test_no_feed_opens_what_a_resolution_or_a_dispute_closed(outcome: Any, by: Principal, opens: bool) -> None:
    desk = small()
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN")
    desk.took(c.Resolve(market="RAIN", outcome=outcome))
    record = desk.do(c.SetTradingState(instrument="YES", state="trading"), by)
    assert isinstance(record.events[0], e.Took if opens else e.Refused)
    assert (verdict(desk.submit("1", instrument="YES")) == "allow") is opens


def test_fills_of_two_connections_are_never_taken_for_one() -> None:
    desk = small()
    desk.connection("paper1/a", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper1/a", granted=True))
    desk.fill(desk.working("1", "100", connection="paper1/a"), "1", "100", fill="b")
    desk.fill(desk.working("1", "100"), "1", "100", fill="a/b")
    assert desk.position("account:main") == 1000
    assert desk.position("account:main", connection="paper1/a") == 1000


def test_a_resolution_cancels_in_the_same_order_after_a_snapshot() -> None:
    desk = small()
    for outcome in ("yes", "no"):
        desk.instrument(outcome.upper(), "0.5", kind="prediction", market="rain", outcome=outcome)
        desk.working("5", "0.4", instrument=outcome.upper())
    desk.reload()
    desk.took(c.Resolve(market="rain", outcome="yes"))  # the desk compares the records
    desk.agree()


def test_a_resolution_says_the_same_after_a_snapshot() -> None:
    """Outcomes are walked by name, whichever was added first."""
    desk = small()
    for name, outcome in (("YES", "yes"), ("NO", "no")):
        desk.instrument(name, "0.5", kind="prediction", outcome=outcome, market="RAIN", category="weather")
        desk.working("1", "0.4", instrument=name)
    desk.reload()
    record = desk.took(c.Resolve(market="RAIN", outcome="yes"))
    asked = [event.order for event in record.events if isinstance(event, e.CancelAsked)]
    assert [desk.state.orders[order].instrument for order in asked] == ["NO", "YES"]
    desk.agree()
