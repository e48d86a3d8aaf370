"""Limits of the simulated firm: those that are always in force, and those that only some seeds have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import Money, Quantity, Ratio, parse


def _money(amount: str) -> Money:
    return parse(Money, amount)


BASE: dict[str, Mandate] = {
    "firm": Mandate(gross_exposure_max=_money("30000"), order_notional_max=_money("2500")),
    "account:desk": Mandate(
        market_exposure_max=_money("5000"), category_exposure_max=_money("9000"), daily_loss_max=_money("900")
    ),
    "account:fund": Mandate(gross_exposure_max=_money("6000"), approval_notional_min=_money("900")),
    "agent:momentum": Mandate(
        market_exposure_max=_money("3000"),
        approval_notional_min=_money("1200"),
        quorum_notional_min=_money("1700"),
        approval_quorum=1,
        approval_expiry_s=20,
    ),
    "agent:value": Mandate(market_exposure_max=_money("2500"), capital_max=_money("6000")),
    "agent:carry": Mandate(net_exposure_max=_money("4000"), approval_notional_min=_money("1500"), approval_expiry_s=5),
    "agent:global": Mandate(order_notional_max=_money("1600"), approval_expiry_s=10),
    "client:claude": Mandate(approval_notional_min=_money("600"), approval_expiry_s=15),
}
"""What is in force in every seed, by subject; a subject that is not named here has no limit of its own."""


class Limit(NamedTuple):
    """One more limit: for whom, which field, which value."""

    subject: str
    field: str
    value: Any


LIMITS: dict[str, Limit] = {
    "firm_open_orders": Limit("firm", "orders_open_max", 40),
    "firm_net": Limit("firm", "net_exposure_max", _money("12000")),
    "desk_positions": Limit("account:desk", "positions_max", 4),
    "desk_venue": Limit("account:desk", "venue_exposure_max", _money("12000")),
    "desk_drawdown": Limit("account:desk", "drawdown_max", _money("700")),
    "desk_collar": Limit("account:desk", "price_collar_bps", 400),
    "desk_slippage": Limit("account:desk", "slippage_max_bps", 300),
    "desk_leverage": Limit("account:desk", "leverage_max", parse(Ratio, "0.08")),
    "desk_concentration": Limit("account:desk", "concentration_max_pct", 5),
    "desk_orders_a_day": Limit("account:desk", "orders_per_day_max", 60),
    "desk_haircut": Limit("account:desk", "haircut_bps", 200),
    "desk_rejections": Limit("account:desk", "rejections_in_row_max", 6),
    "desk_second_person": Limit("account:desk", "second_person", "required"),
    "firm_second_person": Limit("firm", "second_person", "required"),
    "fund_second_person": Limit("account:fund", "second_person", "required"),
    "desk_shorts": Limit("account:desk", "short_allowed", "blocked"),
    "fund_loss": Limit("account:fund", "daily_loss_max", _money("200")),
    "fund_cooldown": Limit("account:fund", "loss_cooldown", 30),
    "momentum_rate": Limit("agent:momentum", "order_rate_max", Rate(count=10, per_s=10)),
    "momentum_duplicate": Limit("agent:momentum", "duplicate_window", 5),
    "momentum_quantity": Limit("agent:momentum", "order_quantity_max", parse(Quantity, "300")),
    "momentum_executions": Limit("agent:momentum", "repeated_execution_max", 25),
    "momentum_quorum": Limit("agent:momentum", "approval_quorum", 2),
    "momentum_drift": Limit("agent:momentum", "approval_drift_max_bps", 15),
    "carry_drift": Limit("agent:carry", "approval_drift_max_bps", 40),
    "firm_bulk": Limit("firm", "bulk_approval_max", _money("1900")),
    "claude_bulk": Limit("client:claude", "bulk_approval_max", _money("1300")),
    "momentum_confidence": Limit("agent:momentum", "confidence_min", parse(Ratio, "0.5")),
    "value_messages": Limit("agent:value", "message_rate_max", Rate(count=20, per_s=20)),
    "value_cooldown": Limit("agent:value", "market_cooldown", 3),
    "value_refusals": Limit("agent:value", "refusals_in_row_max", 3),
    "value_blocked": Limit("agent:value", "sides_allowed", ("buy",)),
    "carry_market_orders": Limit("agent:carry", "market_orders_per_day_max", 15),
    "carry_duplicate": Limit("agent:carry", "position_duplicate", "blocked"),
    "carry_opposing": Limit("agent:carry", "position_opposing", "blocked"),
    "carry_payout": Limit("agent:carry", "payout_max", _money("2000")),
    "claude_budget": Limit("client:claude", "client_spend_daily_max", _money("4")),
    "momentum_budget": Limit("agent:momentum", "ai_spend_daily_max", _money("6")),
    "desk_budget": Limit("account:desk", "ai_spend_daily_max", _money("9")),
    "fund_budget": Limit("account:fund", "ai_spend_daily_max", _money("3")),
    "firm_budget": Limit("firm", "ai_spend_daily_max", _money("14")),
    "claude_types": Limit("client:claude", "order_types_allowed", ("limit",)),
    "claude_spread": Limit("client:claude", "spread_max_bps", 60),
}
"""Every limit that some seeds have, by a name of its own."""


def mandates(names: Iterable[str], zone: str) -> dict[str, Mandate]:
    """Return the mandate of every subject with the named limits in force; the firm's days are those of `zone`."""
    found = {
        subject: {field: getattr(base, field) for field in base.__struct_fields__} for subject, base in BASE.items()
    }
    for name in names:
        limit = LIMITS[name]
        found[limit.subject][limit.field] = limit.value
    for subject in ("firm", "account:desk"):
        found[subject]["zone"] = zone
    return {subject: Mandate(**fields) for subject, fields in found.items()}


ASKING = ("approval_notional_min", "quorum_notional_min", "bulk_approval_max")
"""Amounts that say when people are asked, and bound no risk."""


def tightened(mandate: Mandate, parts: int) -> Mandate:
    """Return a mandate whose every amount is `parts` hundredths of what it was; one without any amount gets one."""
    amounts = {
        field: Money(getattr(mandate, field) * parts // 100)
        for field in mandate.__struct_fields__
        if isinstance(getattr(mandate, field), Money)
        and field not in ("approval_notional_min", "quorum_notional_min", "bulk_approval_max")
    }
    return msgspec.structs.replace(mandate, **(amounts or {"gross_exposure_max": _money("500")}))
