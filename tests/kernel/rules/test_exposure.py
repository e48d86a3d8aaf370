"""C. Exposure: position, working, held and unknown together on the worst side; inside, outside, lane, per subject."""

from __future__ import annotations

import pytest
from tests.kernel.desk import Desk, money, ratio, rules, small, verdict
from tests.kernel.rules.case import Case

from remit.kernel import command as c
from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.rules.rule import TOTAL
from remit.kernel.rules.table import BY_NAME, RULES
from remit.kernel.rules.tree import paths
from remit.kernel.sums import GROUPED

THROUGH = {"client": "claude"}


def busy(desk: Desk) -> None:
    """Four held, one working, one held for approval, one unknown, two cancelled but not yet confirmed: 9 x 100."""
    desk.instrument("MSFT", "100")
    desk.hold("4", **THROUGH)
    desk.working("1", "100", **THROUGH)
    desk.mandate("firm", build(Mandate, {"approval_notional_min": "1"}))
    desk.order("1", "100", **THROUGH)
    desk.mandate("firm", Mandate())
    lost = desk.order("1", "100", **THROUGH)
    desk.took(c.Lost(order=lost.id, why="timeout"), GUARD)
    leaving = desk.working("2", "100", **THROUGH)
    desk.took(c.Cancel(order=leaving.id))


def second(desk: Desk) -> None:
    """One share held, and a second and a third instrument."""
    desk.instrument("MSFT", "100")
    desk.instrument("IBM", "100")
    desk.hold("1", **THROUGH)


def one_working(desk: Desk) -> None:
    desk.working("1", "100", **THROUGH)


def bets(desk: Desk) -> None:
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN")
    desk.instrument("NO", "0.5", kind="prediction", outcome="no", market="RAIN")


ONE = {"amount": "1", "limit": "100"}
TWO = {"amount": "2", "limit": "100"}
NO = {"amount": "1", "instrument": "NO"}


def capped(rule: str) -> Case:
    return Case(rule, {rule: "1000"}, ONE, TWO, ("1000", "1100", "USD"), given=busy)


CASES = (
    capped("market_exposure_max"),
    capped("category_exposure_max"),
    capped("venue_exposure_max"),
    capped("net_exposure_max"),
    capped("gross_exposure_max"),
    capped("capital_max"),
    Case("category_exposure_max", {"category_exposure_max": "1000"}, {**ONE, "instrument": "MSFT"},
         {**TWO, "instrument": "MSFT"}, ("1000", "1100", "USD"), given=busy),
    Case("gross_exposure_max", {"gross_exposure_max": "1000"}, {**ONE, "instrument": "MSFT", "side": "sell"},
         {**TWO, "instrument": "MSFT", "side": "sell"}, ("1000", "1100", "USD"), given=busy),
    Case("positions_max", {"positions_max": 2}, {"instrument": "MSFT"}, {"instrument": "IBM"}, ("2", "3", "count"),
         given=second, then=lambda desk: desk.working("1", "100", instrument="MSFT", **THROUGH)),
    Case("orders_open_max", {"orders_open_max": 1}, {}, {}, ("1", "2", "count"), then=one_working),
    Case("concentration_max_pct", {"concentration_max_pct": 10}, {"amount": "1000", "limit": "100"},
         {"amount": "1001", "limit": "100"}, ("10", "10.01", "pct")),
    Case("position_duplicate", {"position_duplicate": "blocked"}, {}, {}, ("blocked", "1", "count"),
         then=lambda desk: desk.submit("1", "100", **THROUGH)),
    Case("position_opposing", {"position_opposing": "blocked"}, NO, NO, ("blocked", "1", "count"), given=bets,
         then=lambda desk: desk.working("1", instrument="YES", **THROUGH)),
)  # fmt: skip


@pytest.mark.parametrize(("case", "scope"), [(case, scope) for case in CASES for scope in case.scopes], ids=str)
def test_just_inside_passes_and_just_outside_breaches(case: Case, scope: str) -> None:
    case.check(scope)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_proven_reduction_passes(case: Case) -> None:
    case.check_lane()


def test_every_rule_of_this_part_is_in_the_table() -> None:
    part = {rule.name for rule in BY_NAME.values() if rule.measure.__module__.endswith(".exposure")}
    assert {case.rule for case in CASES} | {"leverage_max"} == part


LADDER: tuple[tuple[str, list[tuple[str, str, str]], str, str, str], ...] = (
    # position, orders (side, amount, limit), worst long, worst short, net
    ("0", [("buy", "3", "90"), ("sell", "2", "110")], "270", "220", "270"),
    ("5", [], "500", "0", "500"),
    ("5", [("sell", "5", "110")], "500", "0", "500"),
    ("5", [("sell", "3", "110"), ("sell", "4", "130")], "500", "260", "500"),  # beyond flat: the dearest two
    ("5", [("buy", "2", "90")], "680", "0", "680"),
    ("-5", [("buy", "4", "90")], "0", "500", "500"),
    ("-5", [("buy", "7", "90")], "180", "500", "500"),
    ("-5", [("sell", "1", "120"), ("buy", "5", "90")], "0", "620", "620"),
)


@pytest.mark.parametrize(("held", "orders", "long", "short", "net"), LADDER)
def test_the_worst_sides(held: str, orders: list[tuple[str, str, str]], long: str, short: str, net: str) -> None:
    """Buys never net against sells; what only closes counts nothing."""
    desk = small()
    if held != "0":
        desk.hold(held.lstrip("-"), side="sell" if held.startswith("-") else "buy")
    for side, amount, limit in orders:
        desk.working(amount, limit, side=side)
    total = desk.state.subjects["account:main"].total
    worst_net = max(total.value + total.buys, total.sells - total.value)
    assert [total.long, total.short, worst_net] == [int(ratio(number)) for number in (long, short, net)]


def test_a_foreign_exposure_follows_its_exchange_rate() -> None:
    """Working orders too are worth what the currency is worth now, whichever way round it was quoted."""
    desk = small()
    desk.rate("EUR", "USD", "1.25")
    desk.instrument("SAP", "100", currency="EUR")
    desk.took(c.SetBalance(connection="paper1", currency="EUR", amount=money("10000")))
    order = desk.working("4", "100", instrument="SAP")
    total = desk.state.subjects["firm"].total
    assert total.gross == int(ratio("500"))
    desk.rate("EUR", "USD", "1.5")
    assert total.gross == int(ratio("600"))
    desk.rate("USD", "EUR", "0.5")
    assert total.gross == int(ratio("800"))
    desk.took(c.Cancelled(order=order.id), GUARD)
    assert total.gross == 0
    desk.agree()


def test_tightened_below_what_is_held_only_stops_what_worsens() -> None:
    """A mandate tightened below the exposure: openings stop, what lies elsewhere and what reduces goes on."""
    desk = small()
    desk.instrument("MSFT", "100")
    desk.hold("10")
    desk.mandate("account:main", build(Mandate, {"market_exposure_max": "500"}))
    assert rules(desk.submit("1", "100")) == ["market_exposure_max"]
    assert verdict(desk.submit("5", "100", instrument="MSFT")) == "allow"
    assert verdict(desk.submit("10", "100", side="sell")) == "allow"


@pytest.mark.parametrize(
    ("subject", "expected"), [("firm", "deny"), ("account:main", "deny"), ("agent:other", "allow")]
)
def test_opposing_stakes_are_those_of_the_subject_whichever_agent_has_them(subject: str, expected: str) -> None:
    """Two agents of one account are one account to its own mandate; to its own, an agent is alone."""
    desk = small()
    bets(desk)
    desk.agent("other", "main", "paper1")
    desk.mandate(subject, Mandate(position_opposing="blocked"))
    desk.working("1", "0.4", instrument="YES")
    assert verdict(desk.submit("1", "0.4", instrument="NO", agent="other")) == expected


def test_no_rule_of_a_group_reads_a_sum_that_is_kept_in_all_only() -> None:
    """Such a sum stays zero in a market, a category and a venue: a limit on it would bind nobody."""
    grouped = [rule for rule in RULES if rule.per != TOTAL]
    read = {path.names[0] for rule in grouped for path in paths(rule.tree) if path.root == "of"}
    assert read <= GROUPED and {"long", "short", "positions", "orders", "umbrella"} <= read
