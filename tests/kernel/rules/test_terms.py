"""B. The order on its own: each rule just inside, just outside, for every subject, in its lane, without its fact."""

from __future__ import annotations

from typing import Any

import pytest
from tests.kernel.desk import ANN, Desk, price, quantity, ratio, rules, small, verdict
from tests.kernel.rules.case import Case

from remit.kernel import command as c
from remit.kernel.codec import build
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.rules.table import BY_NAME

HOUR = 3600 * NANOSECONDS


def another(**terms: Any) -> Any:
    """A second instrument, MSFT, at 100."""
    return lambda desk: desk.instrument("MSFT", "100", **terms)


def other_venue(desk: Desk) -> None:
    desk.connection("away1", "main", venue="away")
    desk.took(c.SetGrant(agent="momentum", connection="away1", granted=True))
    desk.instrument("MSFT", "100", venue="away")


def calendar(desk: Desk) -> None:
    """A calendar that opens in an hour, for an hour."""
    desk.took(
        c.SetCalendar(
            calendar="NYSE",
            begins_at=desk.at - HOUR,
            ends_at=desk.at + 24 * HOUR,
            windows=((desk.at + HOUR, desk.at + 2 * HOUR),),
        )
    )
    desk.at += HOUR
    desk.mark("AAPL", "100")


def bets(desk: Desk) -> None:
    """YES and NO at 0.5; YES resolves in two hours, SOON in one hour, OPEN nobody knows when."""
    desk.instrument("YES", "0.5", kind="prediction", outcome="yes", market="RAIN", resolves_at=desk.at + 2 * HOUR)
    desk.instrument("NO", "0.5", kind="prediction", outcome="no", market="RAIN", resolves_at=desk.at + 2 * HOUR)
    desk.instrument("SOON", "0.5", kind="prediction", outcome="yes", market="SOON", resolves_at=desk.at + HOUR)
    desk.instrument("OPEN", "0.5", kind="prediction", outcome="yes", market="OPEN")


def perpetual(desk: Desk) -> None:
    desk.instrument("PERP", "100", kind="perpetual")
    desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))


def located(desk: Desk) -> None:
    desk.took(
        c.SetLocate(connection="paper1", instrument="AAPL", quantity=quantity("10"), expires_at=desk.at + 24 * HOUR)
    )


def restricted(desk: Desk) -> None:
    desk.took(c.SetShortRestriction(instrument="AAPL", restricted=True))


def volume(desk: Desk) -> None:
    desk.took(c.SetVolume(instrument="AAPL", average_daily=quantity("400")))


SELL = {"side": "sell"}
CASES = (
    Case("order_notional_max", {"order_notional_max": "1000"}, {"amount": "10", "limit": "100"},
         {"amount": "11", "limit": "100"}, ("1000", "1100", "USD")),
    Case("order_notional_max", {"order_notional_max": "1010"}, {"amount": "10"}, {"amount": "11"},
         ("1010", "1111", "USD")),  # a market order counts at the far touch plus slippage
    Case("order_notional_max", {"order_notional_max": "1000"}, {"amount": "10", "limit": "50", **SELL},
         {"amount": "11", "limit": "50", **SELL}, ("1000", "1100", "USD")),  # a short at no less than the market
    Case("order_quantity_max", {"order_quantity_max": "10"}, {"amount": "10"}, {"amount": "11"},
         ("10", "11", "quantity")),
    Case("approval_notional_min", {"approval_notional_min": "1000"}, {"amount": "9", "limit": "100"},
         {"amount": "10", "limit": "100"}, ("1000", "1000", "USD"), verdict="hold"),
    Case("quorum_notional_min", {"quorum_notional_min": "1000", "approval_quorum": 2}, {"amount": "9", "limit": "100"},
         {"amount": "10", "limit": "100"}, ("1000", "1000", "USD"), verdict="hold"),
    Case("price_collar_bps", {"price_collar_bps": 100}, {"limit": "101"}, {"limit": "101.01"}, ("100", "101", "bps"),
         closes={"amount": "50", "limit": "98.99", **SELL},
         missing=lambda desk: desk.mark("AAPL", "100", close=None)),
    Case("slippage_max_bps", {"slippage_max_bps": 50}, {"slippage_bps": 50}, {"slippage_bps": 51}, ("50", "51", "bps"),
         closes={"amount": "50", "slippage_bps": 51, **SELL}),
    Case("confidence_min", {"confidence_min": "0.6"}, {"confidence": ratio("0.6")}, {"confidence": ratio("0.59")},
         ("0.6", "0.59", "ratio"), missing=lambda desk: None, without={"confidence": None}),
    Case("instruments_allowed", {"instruments_allowed": ["MSFT"]}, {"instrument": "MSFT"}, {},
         ("MSFT", "AAPL", "names"), given=another()),
    Case("instruments_blocked", {"instruments_blocked": ["AAPL"]}, {"instrument": "MSFT"}, {},
         ("AAPL", "AAPL", "names"), given=another()),
    Case("categories_allowed", {"categories_allowed": ["tech"]}, {"instrument": "MSFT"}, {}, ("tech", "us", "names"),
         given=another(category="tech")),
    Case("asset_classes_allowed", {"asset_classes_allowed": ["etf"]}, {"instrument": "MSFT"}, {},
         ("etf", "equity", "names"), given=another(kind="etf")),
    Case("venues_allowed", {"venues_allowed": ["away"]}, {"instrument": "MSFT", "connection": "away1"}, {},
         ("away", "paper", "names"), given=other_venue),
    Case("order_types_allowed", {"order_types_allowed": ["limit"]}, {"limit": "100"}, {}, ("limit", "market", "names")),
    Case("sides_allowed", {"sides_allowed": ["buy"]}, {}, SELL, ("buy", "sell", "names")),
    Case("hours_active", {"hours_active": ["NYSE"]}, {}, {"after_ns": HOUR}, ("NYSE", "none", "names"), given=calendar,
         closes={"amount": "50", "after_ns": HOUR, **SELL}),
    Case("short_allowed", {"short_allowed": "blocked"}, {}, SELL, ("blocked", "1", "quantity")),
    Case("locate_required", {"locate_required": "required"}, {"amount": "10", **SELL}, {"amount": "11", **SELL},
         ("10", "11", "quantity"), given=located,
         missing=lambda desk: desk.took(c.Tick(), GUARD, after_ns=24 * HOUR) and desk.mark("AAPL", "100")),
    Case("short_sale_restricted", {"short_sale_restricted": "required"}, {"limit": "100.01", **SELL},
         {"limit": "100", **SELL}, ("required", "no", "fact"), given=restricted,
         missing=another(), without={"instrument": "MSFT"}),
    Case("leverage_max", {"leverage_max": "2"}, {"amount": "20000", "limit": "100", "instrument": "PERP"},
         {"amount": "20001", "limit": "100", "instrument": "PERP"}, ("2", "2.0001", "ratio"), given=perpetual),
    Case("participation_max_pct", {"participation_max_pct": 10}, {"amount": "40"}, {"amount": "41"},
         ("10", "10.25", "pct"), given=volume,
         missing=another(), without={"instrument": "MSFT"}),
    Case("payout_max", {"payout_max": "100"}, {"amount": "100", "instrument": "YES"},
         {"amount": "101", "instrument": "YES"}, ("100", "101", "USD"), given=bets),
    Case("resolution_distance_min", {"resolution_distance_min": 3600}, {"instrument": "YES"},
         {"instrument": "SOON"}, ("3600", "3599.994", "seconds"), given=bets,
         missing=lambda desk: None, without={"instrument": "OPEN"}),
    Case("mark_age_max", {"mark_age_max": 10}, {"after_ns": 10 * NANOSECONDS - 1_000_000},
         {"after_ns": 10 * NANOSECONDS - 999_999}, ("10", "10.000000001", "seconds"),
         first=lambda desk: desk.mark("AAPL", "100")),
    Case("spread_max_bps", {"spread_max_bps": 100}, {}, {}, ("100", "102", "bps"),
         first=lambda desk: desk.mark("AAPL", "100", bid=price("99.5"), ask=price("100.5")),
         then=lambda desk: desk.mark("AAPL", "100", bid=price("99.49"), ask=price("100.51"))),
)  # fmt: skip


AT_RELEASE = {"approval_drift_max_bps"}
"""Judged only where a held order is released: tests/kernel/test_approval_terms.py tries it inside and outside."""


@pytest.mark.parametrize(("case", "scope"), [(case, scope) for case in CASES for scope in case.scopes], ids=str)
def test_just_inside_passes_and_just_outside_breaches(case: Case, scope: str) -> None:
    case.check(scope)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_lane_is_respected(case: Case) -> None:
    case.check_lane()


@pytest.mark.parametrize("case", [case for case in CASES if case.missing is not None], ids=str)
def test_a_missing_fact_denies(case: Case) -> None:
    case.check_missing()


def test_every_rule_of_this_part_is_in_the_table() -> None:
    part = {rule.name for rule in BY_NAME.values() if rule.measure.__module__.endswith(".terms")}
    assert {case.rule for case in CASES} | AT_RELEASE >= part


def test_people_are_not_asked_for_confidence() -> None:
    desk = small()
    desk.mandate("agent:momentum", build(Mandate, {"confidence_min": "0.6"}))

    assert verdict(desk.submit("1", by=ANN)) == "allow"
    assert rules(desk.submit("1")) == ["confidence_min"]


def test_a_depth_stands_in_for_an_unknown_volume() -> None:
    desk = small()
    desk.mandate("agent:momentum", build(Mandate, {"participation_max_pct": 10}))
    desk.mark("AAPL", "100", ask_size=quantity("100"))
    assert verdict(desk.submit("10")) == "allow"
    assert rules(desk.submit("11")) == ["participation_max_pct"]


@pytest.mark.parametrize("field", ["instruments", "categories", "asset_classes", "venues", "order_types", "sides"])
def test_an_empty_allow_list_allows_nothing(field: str) -> None:
    desk = small()
    desk.mandate("account:main", build(Mandate, {f"{field}_allowed": []}))
    record = desk.submit("1")
    assert record.decision is not None
    (finding,) = record.decision.findings
    assert (finding.rule, finding.limit) == (f"{field}_allowed", "none")
