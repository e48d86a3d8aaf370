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

UNSET: dict[str, str] = {
    "instruments_allowed": "Any instrument may be traded.",
    "instruments_blocked": "No instrument is kept out.",
    "categories_allowed": "Any category may be traded.",
    "asset_classes_allowed": "Any asset class may be traded.",
    "venues_allowed": "Any venue may be traded at.",
    "order_types_allowed": "Orders may be of any type.",
    "sides_allowed": "It may buy and sell.",
    "short_allowed": "Selling what is not held is allowed.",
    "locate_required": "Shares that are sold short need not be located first.",
    "short_sale_restricted": "A short-sale restriction puts no bound on the price of a short.",
    "position_duplicate": "A second stake in the same market is allowed.",
    "position_opposing": "Stakes in opposing outcomes of one market are allowed.",
    "confidence_min": "An agent need not say how sure it is.",
    "hours_active": "Positions are opened whenever the venue trades.",
    "slippage_max_bps": "An order may name any slippage; a market order that names none accepts {slippage}.",
    "mark_age_max": "A price older than {mark_age} counts for nobody all the same.",
    "approval_notional_min": "Nobody is asked because of what an order is worth.",
    "quorum_notional_min": "Several people are never asked.",
    "approval_quorum": "Several people are never asked.",
    "approval_drift_max_bps": "An approved order goes out however far the market moved; whoever approves is told.",
    "bulk_approval_max": "Each order is approved by itself.",
}
"""What holds where a field is not set, beside those that count as a value then; of all others, that nothing is bounded.
`{slippage}` and `{mark_age}` stand for bounds of the kernel's own."""

HERE: dict[str, str] = {
    **dict.fromkeys(
        ("order_notional_max", "order_quantity_max", "approval_notional_min", "quorum_notional_min"),
        "this one opens {actual}",
    ),
    **dict.fromkeys(
        (
            "market_exposure_max", "category_exposure_max", "venue_exposure_max", "net_exposure_max",
            "gross_exposure_max", "capital_max", "leverage_max", "concentration_max_pct",
        ),
        "with this order it is {actual}",
    ),
    **dict.fromkeys(
        (
            "positions_max", "orders_open_max", "orders_per_day_max", "market_orders_max",
            "market_orders_per_day_max", "repeated_execution_max",
        ),
        "with this one there are {actual}",
    ),
    **dict.fromkeys(("order_rate_max", "message_rate_max"), "with this one it is {actual}"),
    **dict.fromkeys(
        (
            "instruments_allowed", "instruments_blocked", "categories_allowed", "asset_classes_allowed",
            "venues_allowed", "order_types_allowed", "sides_allowed",
        ),
        "this is {actual}",
    ),
    "hours_active": "open now: {actual}",
    "payout_max": "this one pays out {actual}",
    "price_collar_bps": "this one lies {actual} off",
    "slippage_max_bps": "this one accepts {actual}",
    "spread_max_bps": "they are {actual} apart",
    "mark_age_max": "this one is {actual} old",
    "participation_max_pct": "this one is {actual} of it",
    "confidence_min": "it says {actual}",
    "resolution_distance_min": "it resolves in {actual}",
    "market_cooldown": "the last one was {actual} ago",
    "duplicate_window": "the last like it was {actual} ago",
    "refusals_in_row_max": "it was refused {actual} times",
    "rejections_in_row_max": "there were {actual}",
    "approval_drift_max_bps": "it went {actual} against it",
    "daily_loss_max": "the loss is {actual}",
    "drawdown_max": "the fall is {actual}",
    "ai_spend_daily_max": "{actual} are spent or reserved",
    "client_spend_daily_max": "{actual} are spent or reserved",
}  # fmt: skip
"""What a measurement is here, after the plain sentence of its limit."""

FOUND: dict[str, str] = {
    "intent_id_unique": "Its id cannot be used: {actual}",
    "environment_match": "Training and live never mix: {actual}",
    "capability_enabled": "It may not do that: {actual}",
    "connection_granted": "The connection is not open to it: {actual}",
    "mandate_present": "Without a mandate in force nothing goes out: {actual}",
    "agent_active": "It is stopped: {actual}",
    "instrument_tradable": "It cannot be traded now: {actual}",
    "increments": "The venue does not take it: {actual}",
    "mark_fresh": "There is no price to go by: {actual}",
    "venue_ready": "The venue is not ready: {actual}",
    "reduce_proof": "Only {limit} are proven to reduce; this one says {actual}",
    "prediction_price": "The price of a prediction lies between 0 and 1: {actual}",
    "exit_terms": "Its exit does not fit: {actual}",
    "buying_power": "It needs {actual} of free cash; there is {limit}",
    "intraday_margin": "It needs {actual} of margin; there is {limit}",
    "self_match": "It would trade with an order of the same owner: {actual}",
    "child_quantity_max": "The parts of its parent order come to {actual}; the parent is {limit}",
    "locate_required": "What is sold short comes to {actual}; located to borrow: {limit}",
    "short_sale_restricted": "A short under a short-sale restriction must be priced above the bid",
    "short_allowed": "Selling what is not held is blocked; this one sells {actual} beyond what is held",
    "position_duplicate": "A second stake in a market that it is already in is blocked",
    "position_opposing": "Stakes in opposing outcomes of one market are blocked",
}
"""What was found where no limit has a number of its own, as a sentence of its own."""
