"""B. The order on its own: size, price, quality, and the sets it must belong to."""

from __future__ import annotations

from remit.kernel.book import Change
from remit.kernel.rules.facts import Facts
from remit.kernel.sums import Sums


def order_notional_max(order: Facts, of: Sums, change: Change) -> int:
    """What this one order is worth at its worst price, for the part that opens."""
    return change.worth


def order_quantity_max(order: Facts, of: Sums, change: Change) -> int:
    """How many units the order opens."""
    return order.opening_quantity


def approval_notional_min(order: Facts, of: Sums, change: Change) -> int:
    """At or above this worth an authorised person confirms, the agent's owner included."""
    return change.worth


def quorum_notional_min(order: Facts, of: Sums, change: Change) -> int:
    """At or above this worth `approval_quorum` distinct approvers outside the requester's lineage agree."""
    return change.worth


def price_collar_bps(order: Facts, of: Sums, change: Change) -> tuple[int, int | None]:
    """How far the worst price lies on the adverse side of both references: the current mark and the last close."""
    return (order.direction * (order.worst_price - order.reference), order.reference)  # type: ignore[operator]


def approval_drift_max_bps(order: Facts, of: Sums, change: Change) -> tuple[int | None, int]:
    """How far the far side of the market moved against a held order, from its proposal to its release."""
    return (order.drift, order.drift_base)


def slippage_max_bps(order: Facts, of: Sums, change: Change) -> int:
    """The worst price a market order accepts, as a distance from the far touch."""
    return order.slippage_bps


def confidence_min(order: Facts, of: Sums, change: Change) -> int | None:
    """The agent's own confidence: a hint of quality, asked of agents only."""
    return order.confidence


def instruments_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The instrument is on the allow-list."""
    return order.instrument


def instruments_blocked(order: Facts, of: Sums, change: Change) -> str:
    """The instrument is not on the block-list."""
    return order.instrument


def categories_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The instrument's category is on the allow-list."""
    return order.category


def asset_classes_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The instrument's kind (equity, etf, spot, perpetual, prediction) is on the allow-list."""
    return order.asset_class


def venues_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The venue is on the allow-list."""
    return order.venue


def order_types_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The type of order is on the allow-list."""
    return order.type


def sides_allowed(order: Facts, of: Sums, change: Change) -> str:
    """The side is on the allow-list."""
    return order.side


def hours_active(order: Facts, of: Sums, change: Change) -> frozenset[str]:
    """Every calendar named by the mandate is open."""
    return order.calendars_open


def short_allowed(order: Facts, of: Sums, change: Change) -> int:
    """How many units the order would sell beyond the position, where short sales are blocked."""
    return order.short_quantity


def locate_required(order: Facts, of: Sums, change: Change) -> tuple[int, int | None]:
    """Shares sold short, with those already reserved, are covered by a locate."""
    return (order.short_need, order.located)


def short_sale_restricted(order: Facts, of: Sums, change: Change) -> bool | None:
    """While a short-sale restriction is on, a short is priced above the bid."""
    return order.short_priced


def participation_max_pct(order: Facts, of: Sums, change: Change) -> tuple[int, int | None]:
    """The quantity against the average daily volume, or the visible depth where no volume is known."""
    return (order.quantity, order.volume)


def payout_max(order: Facts, of: Sums, change: Change) -> int:
    """What the opening part of a prediction order can pay out at most."""
    return change.payout


def resolution_distance_min(order: Facts, of: Sums, change: Change) -> int | None:
    """How long it is until the market resolves."""
    return order.resolution_ns


def mark_age_max(order: Facts, of: Sums, change: Change) -> int | None:
    """How old the mark, or the exchange rate where one is needed, is beyond the resolution that its feed states."""
    return order.mark_age_ns


def spread_max_bps(order: Facts, of: Sums, change: Change) -> tuple[int | None, int | None]:
    """The distance between bid and ask against their middle."""
    return (order.spread, order.mid)
