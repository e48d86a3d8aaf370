"""A small table that uses every construct of the subset and every relation."""

from __future__ import annotations

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
from remit.kernel.rules.rule import CATEGORY, MARKET, OPENING, REDUCING, VENUE, Deny, Hold, Rule
from remit.kernel.rules.subset import larger, smaller, term
from remit.kernel.rules.unit import BPS, COUNT, MONEY, NAMES, PCT, QUANTITY, RATE, RATIO, SECONDS

DOUBLE = 2


class Facts:
    opening: bool
    by_agent: bool
    urgent: bool
    calm: bool | None
    worth: int
    worst: int
    last: int | None
    confidence: int | None
    side: str
    name: str
    open: frozenset[str]
    at: int
    stops: tuple[str, ...]
    ask: tuple[int, int]
    use: tuple[int, int] | None
    priced: bool
    need: int
    have: int | None


class Inner:
    equity: int


class Sums:
    long: int
    short: int
    loss: int
    count: int
    tat: int
    known: frozenset[str]
    inner: Inner

    @property
    def spread(self) -> int:
        return self.long - self.short


class Change:
    long: int
    short: int


@term
def adverse(direction: int, price: int, reference: int) -> int:
    """How far a price lies on the wrong side."""
    return direction * (price - reference)


@term
def worst_side(of: Sums, change: Change) -> int:
    """The larger side."""
    return larger(of.long + change.long, of.short + change.short)


def order_notional_max(order: Facts, of: Sums, change: Change) -> int:
    """Its worth."""
    return order.worth


def approval_notional_min(order: Facts, of: Sums, change: Change) -> int:
    """Its worth again."""
    return order.worth + 0


def confidence_min(order: Facts, of: Sums, change: Change) -> int | None:
    """What the agent thinks."""
    return order.confidence


def price_collar_bps(order: Facts, of: Sums, change: Change) -> tuple[int, int | None]:
    """The adverse distance."""
    return (adverse(1, order.worst, order.last), order.last) if order.side == "buy" else (-order.worst, order.last)


def slippage_max_bps(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """A pair behind a condition that may be missing."""
    return (order.worth, order.worst) if order.calm else (order.worst, order.worth)


def instruments_allowed(order: Facts, of: Sums, change: Change) -> str:
    """Its name."""
    return order.name


def instruments_blocked(order: Facts, of: Sums, change: Change) -> str:
    """Its name, or its side when it is urgent."""
    return order.name if not order.urgent else order.side


def hours_active(order: Facts, of: Sums, change: Change) -> frozenset[str]:
    """What is open."""
    return order.open


def market_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """The worst side."""
    return worst_side(of, change)


def category_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """Short where it is known and urgent, else long."""
    return of.short + change.short if order.urgent and order.name in of.known else of.long + change.long


def venue_exposure_max(order: Facts, of: Sums, change: Change) -> int:
    """The smaller, doubled, where either thing is so."""
    return DOUBLE * smaller(of.spread, change.long) if order.worth > 3 or order.side != "sell" else -of.short


def concentration_max_pct(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """The worst side against equity."""
    return (worst_side(of, change), of.inner.equity)


def leverage_max(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """One against equity."""
    return (of.long, of.inner.equity)


def daily_loss_max(order: Facts, of: Sums, change: Change) -> int:
    """What was lost."""
    return of.loss


def drawdown_max(order: Facts, of: Sums, change: Change) -> int:
    """What was lost, before and after."""
    return of.loss + change.long - change.short


def market_cooldown(order: Facts, of: Sums, change: Change) -> int:
    """How long ago."""
    return order.at - of.tat


def order_rate_max(order: Facts, of: Sums, change: Change) -> int:
    """How far ahead."""
    return of.tat - order.at


def position_duplicate(order: Facts, of: Sums, change: Change) -> int:
    """How many."""
    return of.count


def locate_required(order: Facts, of: Sums, change: Change) -> tuple[int, int | None]:
    """What is needed of what there is."""
    return (order.need, order.have)


def short_sale_restricted(order: Facts, of: Sums, change: Change) -> bool:
    """Not known, or well priced."""
    return order.name not in of.known or order.priced or order.calm


def positions_max(order: Facts, of: Sums, change: Change) -> int:
    """How many, for a reduction."""
    return of.count + 1


def stops(order: Facts, of: Sums, change: Change) -> tuple[str, ...]:
    """What stops it."""
    return order.stops


def only(order: Facts, of: Sums, change: Change) -> tuple[int, int]:
    """What it says it reduces of what it can."""
    return order.ask


def parent(order: Facts, of: Sums, change: Change) -> tuple[int, int] | None:
    """Children of a parent."""
    return order.use


def priced(order: Facts, of: Sums, change: Change) -> bool:
    """It is priced."""
    return order.priced


RULES: tuple[Rule, ...] = (
    Rule(stops, nothing, standing=True, unit=NAMES),
    Rule(only, fits, standing=True, unit=QUANTITY),
    Rule(parent, fits, standing=True, unit=QUANTITY, lane=OPENING),
    Rule(priced, when_required, standing=True),
    Rule(order_notional_max, at_most, lane=OPENING, unit=MONEY),
    Rule(confidence_min, at_least, lane=OPENING, unit=RATIO, agents_only=True),
    Rule(price_collar_bps, ratio_at_most, unit=BPS),
    Rule(slippage_max_bps, ratio_at_most, unit=BPS),
    Rule(instruments_allowed, within, lane=OPENING, unit=NAMES),
    Rule(instruments_blocked, outside, lane=OPENING, unit=NAMES),
    Rule(hours_active, covers, unit=NAMES),
    Rule(market_exposure_max, at_most, lane=OPENING, per=MARKET, unit=MONEY, worsens=True),
    Rule(category_exposure_max, at_most, lane=OPENING, per=CATEGORY, unit=MONEY, worsens=True),
    Rule(venue_exposure_max, at_most, lane=OPENING, per=VENUE, unit=MONEY),
    Rule(concentration_max_pct, ratio_at_most, lane=OPENING, per=MARKET, unit=PCT, worsens=True),
    Rule(leverage_max, ratio_at_most, lane=OPENING, unit=RATIO, state=True),
    Rule(daily_loss_max, at_most, Deny(halt="loss", cancel=True), lane=OPENING, unit=MONEY, state=True),
    Rule(drawdown_max, at_most, Deny(halt="loss"), unit=MONEY, state=True, worsens=True),
    Rule(market_cooldown, at_least, Deny(retry=True), per=MARKET, unit=SECONDS),
    Rule(order_rate_max, rate_within, Deny(retry=True), unit=RATE),
    Rule(position_duplicate, unless_blocked, lane=OPENING, per=MARKET, unit=COUNT, scopes=("agent",)),
    Rule(locate_required, fits, lane=OPENING, unit=QUANTITY),
    Rule(short_sale_restricted, when_required, lane=OPENING),
    Rule(positions_max, at_most, lane=REDUCING, unit=COUNT, agents_only=True),
    Rule(approval_notional_min, below, Hold(), lane=OPENING, unit=MONEY),
)
