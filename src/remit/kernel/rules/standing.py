"""A. Standing rules: facts that no mandate can switch off. Each is judged once per order."""

from __future__ import annotations

from remit.kernel.book import Change
from remit.kernel.rules.facts import Facts
from remit.kernel.sums import Sums


def intent_id_unique(order: Facts, of: Sums, change: Change) -> str:
    """An intent id acts once: a repeat gets the first answer, the same id with other content or too old an id is
    refused."""
    return order.intent_id


def environment_match(order: Facts, of: Sums, change: Change) -> str:
    """Training and live never mix: account, connection and the order's own word agree."""
    return order.environment


def capability_enabled(order: Facts, of: Sums, change: Change) -> str:
    """The capability that is used is switched on for this agent."""
    return order.capability


def connection_granted(order: Facts, of: Sums, change: Change) -> str:
    """The connection is granted to this agent and belongs to its account."""
    return order.grant


def mandate_present(order: Facts, of: Sums, change: Change) -> tuple[str, ...]:
    """Each scope on the path has a mandate in force whose day is known."""
    return order.mandates


def agent_active(order: Facts, of: Sums, change: Change) -> tuple[str, ...]:
    """No pause and no halt stops the agent, its account, the connection, the venue or the firm."""
    return order.stops


def instrument_tradable(order: Facts, of: Sums, change: Change) -> str:
    """The instrument is known, trades, is neither expired nor resolved, and its session is open."""
    return order.tradable


def increments(order: Facts, of: Sums, change: Change) -> str:
    """Price a multiple of the tick, quantity of the lot, inside the venue's smallest and largest sizes."""
    return order.off_increment


def mark_fresh(order: Facts, of: Sums, change: Change) -> str:
    """There is a mark, and an exchange rate where one is needed; neither is older than an hour beyond its resolution,
    and nothing speaks against the mark: no crossed or far price held back, no gap, no silence."""
    return order.mark_fault


def venue_ready(order: Facts, of: Sums, change: Change) -> str:
    """The connection is reconciled, its link is up and its clock agrees."""
    return order.venue_state


def reduce_proof(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """An order that says it only reduces is no larger than what is proven: position less all other reductions."""
    return order.reduce_ask


def prediction_price(order: Facts, of: Sums, change: Change) -> str:
    """The price of a prediction contract lies between 0 and 1."""
    return order.price_fault


def exit_terms(order: Facts, of: Sums, change: Change) -> str:
    """The exit that comes with an order stands on the right side of its price, on tick and in whole lots; and no exit
    of the agent is just closing what the order would sell or buy back."""
    return order.exit_fault


def buying_power(order: Facts, of: Sums, change: Change) -> tuple[int | None, int]:
    """Cost with fees and haircut fits into the free cash of the connection, in the instrument's currency."""
    return (order.cash_need, order.cash_free)


def intraday_margin(order: Facts, of: Sums, change: Change) -> tuple[int | None, int]:
    """The initial margin of the account after the order fits into its equity."""
    return (order.margin_need, order.margin_have)


def self_match(order: Facts, of: Sums, change: Change) -> str:
    """The order would not trade with a working order of the same beneficial owner."""
    return order.crossing


def child_quantity_max(order: Facts, of: Sums, change: Change) -> tuple[int, int] | None:
    """The children of a parent order sum to no more than the parent."""
    return order.parent_use
