"""D. Loss and behaviour: what was lost today, how often and how fast an agent acts."""

from __future__ import annotations

from remit.kernel.book import Change
from remit.kernel.rules.facts import Facts
from remit.kernel.sums import Sums

REFUSAL_PAUSE_S = 60
"""Identical refused intents further apart than this are not in a row."""


def daily_loss_max(order: Facts, of: Sums, change: Change) -> int:
    """Realised and unrealised loss with fees since the day began in the mandate's time zone."""
    return of.day_base - of.flow - of.value


def drawdown_max(order: Facts, of: Sums, change: Change) -> int:
    """How far profit has fallen from its highest mark."""
    return of.high_water - of.flow - of.value


def orders_per_day_max(order: Facts, of: Sums, change: Change) -> int:
    """Orders let out today, with this one."""
    return of.orders_today + change.orders


def market_orders_max(order: Facts, of: Sums, change: Change) -> int:
    """Orders let out in this market in all, with this one."""
    return of.orders + change.orders


def market_orders_per_day_max(order: Facts, of: Sums, change: Change) -> int:
    """Orders let out in this market today, with this one."""
    return of.orders_today + change.orders


def market_cooldown(order: Facts, of: Sums, change: Change) -> int:
    """How long ago the last order in this market was let out."""
    return order.at - of.last_order_at


def order_rate_max(order: Facts, of: Sums, change: Change) -> int:
    """How far the bucket of orders is ahead of time."""
    return of.order_tat - order.at


def message_rate_max(order: Facts, of: Sums, change: Change) -> int:
    """How far the bucket of messages (orders, replaces, cancels, exits) is ahead of time."""
    return of.message_tat - order.at


def duplicate_window(order: Facts, of: Sums, change: Change) -> int:
    """How long ago the same agent sent the same side, quantity and price in this instrument."""
    return order.at - order.duplicate_at


def refusals_in_row_max(order: Facts, of: Sums, change: Change) -> int:
    """How many times in a row this same intent was refused: a model that loops."""
    return order.refusals


def repeated_execution_max(order: Facts, of: Sums, change: Change) -> int:
    """Orders let out since a person last enabled the agent, with this one."""
    return of.executions + change.orders


def rejections_in_row_max(order: Facts, of: Sums, change: Change) -> int:
    """Rejections by venues in a row."""
    return of.rejections


def ai_spend_daily_max(order: Facts, of: Sums, change: Change) -> int | None:
    """What calls of models have cost since the day began in the mandate's time zone, and what is reserved for them; a
    call of unknown price is more than any limit."""
    return of.spend


def client_spend_daily_max(order: Facts, of: Sums, change: Change) -> int | None:
    """What calls of models through this client have cost since the day began, and what is reserved for them."""
    return of.spend
