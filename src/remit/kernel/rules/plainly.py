"""What each rule means in one plain sentence, and the group that people look for it in.

`{limit}` stands for the limit with its unit. The exact sentence is made from the measurement (`sentence.py`); this one
is for whoever has never read a mandate, and says nothing that the measurement does not.
"""

from __future__ import annotations

from typing import Literal

Group = Literal[
    "Money", "What may be traded", "Prices", "When", "Speed", "Approvals", "Losses", "AI spend", "How it is counted",
    "Always checked",
]  # fmt: skip
FACT: Group = "Always checked"
"""The group of what no mandate can switch off."""

PLAINLY: dict[Group, dict[str, str]] = {
    "Money": {
        "order_notional_max": "One order may open at most {limit}.",
        "order_quantity_max": "One order may open at most {limit}.",
        "capital_max": "All positions and open orders together may have cost at most {limit}.",
        "gross_exposure_max": "At most {limit} may be at stake, with nothing set off against anything else.",
        "net_exposure_max": "At most {limit} may be at stake, with bets that go against each other set off.",
        "market_exposure_max": "At most {limit} may be at stake in any one market.",
        "category_exposure_max": "At most {limit} may be at stake in any one category.",
        "venue_exposure_max": "At most {limit} may be at stake at any one venue.",
        "concentration_max_pct": "Any one market may make up at most {limit} of the account's equity.",
        "leverage_max": "At most {limit} times the account's equity may be at stake.",
        "positions_max": "At most {limit} different instruments may be held or on order.",
        "payout_max": "One order on a prediction may pay out at most {limit} if it wins.",
    },
    "What may be traded": {
        "instruments_allowed": "Only these may be traded: {limit}.",
        "instruments_blocked": "These may never be traded: {limit}.",
        "categories_allowed": "Only these categories may be traded: {limit}.",
        "asset_classes_allowed": "Only these asset classes may be traded: {limit}.",
        "venues_allowed": "Only these venues may be traded at: {limit}.",
        "order_types_allowed": "Only orders of these types: {limit}.",
        "sides_allowed": "Only these sides: {limit}.",
        "short_allowed": "Selling what is not held is {limit}.",
        "locate_required": "Shares that are sold short must be located first: {limit}.",
        "short_sale_restricted": "A short under a short-sale restriction must be priced above the bid: {limit}.",
        "position_duplicate": "A second stake in a market that one is already in is {limit}.",
        "position_opposing": "Stakes in opposing outcomes of one market are {limit}.",
        "confidence_min": "An agent must be at least this sure of an order: {limit}, of 1.",
    },
    "Prices": {
        "price_collar_bps": "The worst price of an order may lie at most {limit} on the wrong side of the market.",
        "slippage_max_bps": "An order may accept at most {limit} of slippage.",
        "spread_max_bps": "Nothing is opened while bid and ask are more than {limit} apart.",
        "mark_age_max": "Nothing is opened on a price older than {limit}.",
        "participation_max_pct": "One order may be at most {limit} of the usual volume.",
    },
    "When": {
        "hours_active": "Positions are opened only while all of these are open: {limit}.",
        "resolution_distance_min": "Nothing is opened in a market that resolves within {limit}.",
    },
    "Speed": {
        "orders_per_day_max": "At most {limit} orders a day.",
        "market_orders_max": "At most {limit} orders in any one market, ever.",
        "market_orders_per_day_max": "At most {limit} orders a day in any one market.",
        "order_rate_max": "Orders come no faster than {limit}.",
        "message_rate_max": "Orders, changes and cancels together come no faster than {limit}.",
        "market_cooldown": "After an order in a market there is none in it for {limit}.",
        "duplicate_window": "The same order is not sent twice within {limit}.",
        "orders_open_max": "At most {limit} orders may be open at a time.",
        "refusals_in_row_max": "The same order is not tried again once it was refused {limit} times in a row.",
        "rejections_in_row_max": "More than {limit} rejections by venues in a row stop trading.",
        "repeated_execution_max": "After {limit} orders a person must enable the agent again.",
    },
    "Approvals": {
        "approval_notional_min": "A person must approve each order that opens {limit} or more.",
        "quorum_notional_min": "Several people must approve each order that opens {limit} or more.",
        "approval_quorum": "So many people must approve where several are asked: {limit}.",
        "approval_drift_max_bps": "An approved order is dropped where the market went against it by more than {limit}.",
        "approval_expiry_s": "An order waits at most {limit} for people.",
        "bulk_approval_max": "Orders of at most {limit} may be approved together with others.",
        "second_person": "Looser limits take effect only when a second person has confirmed them: {limit}.",
    },
    "Losses": {
        "daily_loss_max": "A loss of more than {limit} in a day stops trading.",
        "drawdown_max": "A fall of more than {limit} from the best result so far stops trading.",
        "loss_cooldown": "After a stop for losses nobody can start again before {limit}.",
    },
    "AI spend": {
        "ai_spend_daily_max": "Models may cost at most {limit} a day; beyond it nothing is opened.",
        "client_spend_daily_max": "Models used through this client may cost at most {limit} a day.",
    },
    "How it is counted": {
        "zone": "A day begins at midnight in {limit}.",
        "haircut_bps": "So much of each opening order is kept back from free cash: {limit}.",
    },
}  # fmt: skip
"""Every field of a mandate, once."""
