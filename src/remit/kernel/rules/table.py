"""The table of all controls, in order of precedence: the first breach is the primary one, all are reported."""

from __future__ import annotations

from remit.kernel.rules import behaviour as d
from remit.kernel.rules import exposure as x
from remit.kernel.rules import standing as a
from remit.kernel.rules import terms as b
from remit.kernel.rules.relation import (
    at_least,
    at_most,
    below,
    covers,
    fits,
    nothing,
    outside,
    rate_within,
    ratio_at_most,
    unless_blocked,
    when_required,
    within,
)
from remit.kernel.rules.rule import CATEGORY, EVERY, MARKET, OPENING, VENUE, Deny, Hold, Rule
from remit.kernel.rules.unit import BPS, COUNT, MONEY, NAMES, PCT, QUANTITY, RATE, RATIO, SECONDS

RETRY = Deny(retry=True)
EXPOSURE = Deny(cancel=True)
"""Not for a mere count: what reduces adds to it unasked, and must not cost others their orders."""
LOSS = Deny(halt="loss", cancel=True)
THROTTLE = Deny(halt="throttle")

RULES: tuple[Rule, ...] = (
    # A. standing
    Rule(a.intent_id_unique, nothing, standing=True),
    Rule(a.environment_match, nothing, standing=True),
    Rule(a.capability_enabled, nothing, standing=True),
    Rule(a.connection_granted, nothing, standing=True),
    Rule(a.mandate_present, nothing, standing=True, unit=NAMES),
    Rule(a.agent_active, nothing, standing=True, unit=NAMES),
    Rule(a.instrument_tradable, nothing, standing=True),
    Rule(a.increments, nothing, standing=True),
    Rule(a.mark_fresh, nothing, standing=True, lane=OPENING),
    Rule(a.venue_ready, nothing, standing=True, lane=OPENING),
    Rule(a.reduce_proof, fits, standing=True, unit=QUANTITY),
    Rule(a.prediction_price, nothing, standing=True),
    Rule(a.exit_terms, nothing, standing=True),
    Rule(a.buying_power, fits, standing=True, lane=OPENING, unit=MONEY),
    Rule(a.intraday_margin, fits, standing=True, lane=OPENING, unit=MONEY),
    Rule(a.self_match, nothing, standing=True),
    Rule(a.child_quantity_max, fits, Deny(halt="throttle"), standing=True, unit=QUANTITY),
    # B. the order
    Rule(b.order_notional_max, at_most, lane=OPENING, unit=MONEY),
    Rule(b.order_quantity_max, at_most, lane=OPENING, unit=QUANTITY),
    Rule(b.price_collar_bps, ratio_at_most, unit=BPS),
    Rule(b.approval_drift_max_bps, ratio_at_most, lane=OPENING, unit=BPS),
    Rule(b.slippage_max_bps, at_most, unit=BPS),
    Rule(b.confidence_min, at_least, lane=OPENING, unit=RATIO, agents_only=True),
    Rule(b.instruments_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.instruments_blocked, outside, lane=OPENING, unit=NAMES),
    Rule(b.categories_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.asset_classes_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.venues_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.order_types_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.sides_allowed, within, lane=OPENING, unit=NAMES),
    Rule(b.hours_active, covers, lane=OPENING, unit=NAMES),
    Rule(b.short_allowed, unless_blocked, lane=OPENING, unit=QUANTITY),
    Rule(b.locate_required, fits, lane=OPENING, unit=QUANTITY),
    Rule(b.short_sale_restricted, when_required, lane=OPENING),
    Rule(x.leverage_max, ratio_at_most, EXPOSURE, lane=OPENING, unit=RATIO, worsens=True, state=True),
    Rule(b.participation_max_pct, ratio_at_most, unit=PCT),
    Rule(b.payout_max, at_most, lane=OPENING, unit=MONEY),
    Rule(b.resolution_distance_min, at_least, lane=OPENING, unit=SECONDS),
    Rule(b.mark_age_max, at_most, lane=OPENING, unit=SECONDS),
    Rule(b.spread_max_bps, ratio_at_most, lane=OPENING, unit=BPS),
    # C. exposure
    Rule(x.market_exposure_max, at_most, EXPOSURE, lane=OPENING, per=MARKET, unit=MONEY, worsens=True, state=True),
    Rule(x.category_exposure_max, at_most, EXPOSURE, lane=OPENING, per=CATEGORY, unit=MONEY, worsens=True, state=True),
    Rule(x.venue_exposure_max, at_most, EXPOSURE, lane=OPENING, per=VENUE, unit=MONEY, worsens=True, state=True),
    Rule(x.net_exposure_max, at_most, EXPOSURE, lane=OPENING, unit=MONEY, worsens=True, state=True),
    Rule(x.gross_exposure_max, at_most, EXPOSURE, lane=OPENING, unit=MONEY, worsens=True, state=True),
    Rule(x.capital_max, at_most, EXPOSURE, lane=OPENING, unit=MONEY, worsens=True, state=True),
    Rule(x.positions_max, at_most, lane=OPENING, unit=COUNT, worsens=True, state=True),
    Rule(x.orders_open_max, at_most, lane=OPENING, unit=COUNT, state=True),
    Rule(
        x.concentration_max_pct, ratio_at_most, EXPOSURE, lane=OPENING, per=MARKET, unit=PCT, worsens=True, state=True
    ),
    Rule(x.position_duplicate, unless_blocked, lane=OPENING, per=MARKET, unit=COUNT, scopes=("agent", "client")),
    Rule(x.position_opposing, unless_blocked, lane=OPENING, unit=COUNT),
    # D. loss and behaviour
    Rule(d.daily_loss_max, at_most, LOSS, lane=OPENING, unit=MONEY, state=True),
    Rule(d.drawdown_max, at_most, LOSS, lane=OPENING, unit=MONEY, state=True),
    Rule(d.orders_per_day_max, at_most, lane=OPENING, unit=COUNT, state=True),
    Rule(d.market_orders_max, at_most, lane=OPENING, per=MARKET, unit=COUNT, state=True),
    Rule(d.market_orders_per_day_max, at_most, lane=OPENING, per=MARKET, unit=COUNT, state=True),
    Rule(d.market_cooldown, at_least, RETRY, lane=OPENING, per=MARKET, unit=SECONDS),
    Rule(d.order_rate_max, rate_within, RETRY, lane=EVERY, unit=RATE),
    Rule(d.message_rate_max, rate_within, RETRY, lane=EVERY, unit=RATE),
    Rule(d.duplicate_window, at_least, unit=SECONDS),
    Rule(d.refusals_in_row_max, below, Deny(retry_s=d.REFUSAL_PAUSE_S), unit=COUNT),
    Rule(d.repeated_execution_max, at_most, THROTTLE, lane=OPENING, unit=COUNT, state=True),
    Rule(d.rejections_in_row_max, at_most, THROTTLE, lane=OPENING, unit=COUNT, state=True),
    Rule(
        d.ai_spend_daily_max,
        at_most,
        lane=OPENING,
        unit=MONEY,
        agents_only=True,
        state=True,
        scopes=("firm", "account", "agent"),
    ),
    Rule(d.client_spend_daily_max, at_most, lane=OPENING, unit=MONEY, agents_only=True, state=True, scopes=("client",)),
    # what asks people comes last: a denial makes it moot
    Rule(b.approval_notional_min, below, Hold(), lane=OPENING, unit=MONEY),
    Rule(b.quorum_notional_min, below, Hold(), lane=OPENING, unit=MONEY),
)
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
