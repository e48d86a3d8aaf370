"""Gathering: every fact of one order, prepared once, before any rule is asked."""

from __future__ import annotations

from typing import NamedTuple

from remit.kernel.book import Change
from remit.kernel.event import REDUCING_PASSES
from remit.kernel.exit_terms import fault_of_intent
from remit.kernel.health import fault_of
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.intent import fingerprint, same_key
from remit.kernel.lens import Asked, Lens, good_until
from remit.kernel.names import SIGN, subject
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE, div_ceil, text
from remit.kernel.order import OrderIntent
from remit.kernel.reserve import needed_cash, own_left, reducible_by
from remit.kernel.rules.behaviour import REFUSAL_PAUSE_S
from remit.kernel.rules.facts import Facts
from remit.kernel.state import CLOCK_LEAD_NS, INTENT_LEAD_NS, INTENT_LIFE_NS, State
from remit.kernel.sums import NEVER

MARK_AGE_CEILING_NS = 3600 * NANOSECONDS
"""A mark older than this, beyond its resolution, is no mark; a mandate's `mark_age_max` can only be stricter."""
DRIFT_AGE_NS_MAX = 10 * NANOSECONDS
"""A mark older than this, beyond its resolution, says nothing of how far the market moved while an order was held."""
CLOCK_SKEW_MS_MAX = 5_000
NO_CALENDARS: frozenset[str] = frozenset()
FAR_AWAY_NS = 10**20
"""The resolution distance of what never resolves."""


class Prices(NamedTuple):
    """The numbers an order is counted with: how much, at which worst price, and what a unit counts."""

    sign: int
    quantity: int
    worst: int
    counted: int
    payout: int


def gather(state: State, lens: Lens, asked: Asked) -> tuple[Facts, Prices]:
    """Return every fact of an order but those that need its change to the sums, and the numbers it is counted with."""
    intent, at, instrument = asked.intent, asked.at, lens.instrument
    sign = SIGN[intent.side]
    mark = state.marks.get(instrument.name)
    facts = Facts()
    reducible = reducible_by(state, lens.cells[1], lens.cells[2], sign)
    if asked.client and intent.reduce != "any":
        reducible = min(reducible, own_left(lens.cells[3], sign))
    quantity = int(intent.quantity)
    if intent.reduce == "clip" and 0 < reducible < quantity:
        quantity = reducible // instrument.lot * instrument.lot or quantity
    worst, counted = _prices(lens, intent, mark, sign, asked)
    facts.at, facts.direction, facts.quantity, facts.worst_price = at, sign, quantity, worst
    facts.reducing_quantity = reducing = min(quantity, reducible)
    facts.opening_quantity = quantity - reducing
    facts.opening = quantity > reducing
    facts.by_agent = not asked.by.is_person
    facts.type, facts.side, facts.instrument = intent.type, intent.side, instrument.name
    facts.category, facts.asset_class, facts.venue = instrument.category, instrument.kind, instrument.venue
    facts.confidence = None if intent.confidence is None else int(intent.confidence)
    facts.slippage_bps = (
        0 if intent.type == "limit" else lens.slippage_bps if intent.slippage_bps is None else intent.slippage_bps
    )
    _standing_facts(state, lens, asked, facts)
    _market_facts(state, lens, asked, facts, mark)
    _drift_facts(asked, facts, mark)
    _short_facts(state, lens, facts, mark, sign)
    never_held = instrument.kind in ("spot", "prediction") and sign < 0
    facts.reduce_ask = (quantity, reducible) if intent.reduce != "any" or never_held else (0, 0)
    facts.crossing = _crossing(state, lens, intent.side, worst)
    facts.duplicate_at = NEVER if asked.own is not None else state.same.get(same_key(intent), NEVER)
    facts.refusals = _refusals(state, asked)
    facts.parent_use = (0, 0) if intent.parent is None else _parent_use(state, intent, quantity)
    return facts, Prices(sign, quantity, worst, counted, SCALE if instrument.kind == "prediction" else 0)


def _refusals(state: State, asked: Asked) -> int:
    """Return how many times in a row just now the same was refused; a release is no new asking."""
    refused, count, when = state.refusals.get(asked.intent.agent, ("", 0, 0))
    if not count or asked.at - when >= REFUSAL_PAUSE_S * NANOSECONDS:
        return 0
    return count if refused == (fingerprint(asked.intent) if asked.own is None else asked.said) else 0


def _prices(lens: Lens, intent: OrderIntent, mark: Mark | None, sign: int, asked: Asked) -> tuple[int, int]:
    """Return the worst price an order may trade at and what a unit of it counts: a short counts no less than the
    market."""
    if intent.limit_price is not None:
        worst = int(intent.limit_price)
    elif mark is None:
        worst = 0
    else:
        slippage = lens.slippage_bps if intent.slippage_bps is None else intent.slippage_bps
        tick = int(lens.instrument.tick)
        if sign > 0:
            worst = div_ceil(mark.ask * (BPS + slippage), BPS * tick) * tick
            if lens.instrument.kind == "prediction":
                worst = min(worst, SCALE - tick)
        else:
            worst = max(mark.bid * (BPS - slippage) // (BPS * tick) * tick, tick)
    counted = worst if sign > 0 or mark is None else max(worst, int(mark.last), int(mark.bid))
    if asked.own is not None and asked.capability == "replace_order":
        counted = max(counted, asked.own.counted_price)  # the old terms may still trade
    return worst, counted


def _standing_facts(state: State, lens: Lens, asked: Asked, facts: Facts) -> None:
    intent, at, by = asked.intent, asked.at, asked.by
    by_hand = not facts.opening and (by.is_person or by.role == "guard")
    facts.stops = () if by_hand or not (state.pauses or state.halted) else _stops(state, lens, asked, facts.opening)
    facts.capability = (
        ""
        if by_hand or (intent.agent, asked.capability) in state.capabilities
        else f"{asked.capability} is switched off"
    )
    facts.grant = ""
    if lens.connection.account != lens.account.name:
        facts.grant = f"{intent.connection} belongs to account {lens.connection.account}, not to {lens.account.name}"
    elif not by_hand and (intent.agent, intent.connection) not in state.grants:
        facts.grant = f"{intent.connection} is not granted to {intent.agent}"
    facts.mandates = () if by_hand or at < lens.good_until else _mandates_missing(state, lens, at)
    facts.environment = _environment(lens, intent)
    facts.intent_id = _intent_id(state, asked, facts.opening)
    facts.venue_state = _venue_state(state, intent.connection)
    facts.tradable = tradable(state, lens.instrument, at)
    facts.off_increment = off_increment(lens.instrument, facts.quantity, intent)
    facts.exit_fault = ""
    if intent.exit is not None or state.exits_at:
        facts.exit_fault = fault_of_intent(state, asked, lens.path, facts.opening)
    facts.price_fault = ""
    if lens.instrument.kind == "prediction" and not 0 < facts.worst_price < SCALE:
        facts.price_fault = f"{text(facts.worst_price)} is not between 0 and 1"


def _stops(state: State, lens: Lens, asked: Asked, opening: bool) -> tuple[str, ...]:
    intent = asked.intent
    names = [of.written for of in lens.path]
    names += [subject("venue", lens.instrument.venue), subject("connection", intent.connection)]
    stops = [f"pause of {name}" for name in names if name in state.pauses]
    for name in names:
        for halt in state.halted.get(name, ()):
            fact = state.halts[halt]
            if opening or fact.cause not in REDUCING_PASSES:
                cause = fact.cause if fact.cause == fact.rule else f"{fact.cause}: {fact.rule}"
                stops.append(f"halt {halt} of {name} ({cause})")
    return tuple(stops)


def _mandates_missing(state: State, lens: Lens, at: int) -> tuple[str, ...]:
    missing = []
    for of in lens.path:
        if of.version is None:
            missing.append(f"{of.written} has no mandate")
        elif of.version.expires_at is not None and at >= of.version.expires_at:
            missing.append(f"{of.written}: the mandate expired")
        elif at >= good_until(state, of):
            missing.append(f"{of.written}: no sessions are known for {of.version.mandate.zone}")
    return tuple(missing)


def _environment(lens: Lens, intent: OrderIntent) -> str:
    if lens.connection.environment != lens.account.environment:
        return f"connection is {lens.connection.environment}, account is {lens.account.environment}"
    if intent.environment is not None and intent.environment != lens.account.environment:
        return f"order says {intent.environment}, account is {lens.account.environment}"
    return ""


def _intent_id(state: State, asked: Asked, opening: bool) -> str:
    intent, at = asked.intent, asked.at
    if asked.own is not None:
        return ""
    if (intent.agent, intent.id) in state.seen:
        return f"{intent.id} was used for a different order"
    if intent.created_at < at - INTENT_LIFE_NS:
        return (
            f"created {(at - intent.created_at) // NANOSECONDS} s ago; ids are kept {INTENT_LIFE_NS // NANOSECONDS} s"
        )
    if intent.created_at > at + (CLOCK_LEAD_NS if opening else INTENT_LEAD_NS):
        return f"created {(intent.created_at - at) // NANOSECONDS} s in the future"
    return ""


def _venue_state(state: State, connection: str) -> str:
    known = state.venue_states[connection]
    if not known.reconciled:
        return f"{connection} is not reconciled"
    if not known.link_up:
        return f"the link of {connection} is down"
    if known.clock_skew_ms > CLOCK_SKEW_MS_MAX:
        return f"the clock of {connection} is off by {known.clock_skew_ms} ms"
    return ""


def tradable(state: State, instrument: Instrument, at: int) -> str:
    """Return what keeps an instrument from trading; empty where nothing does."""
    trading = state.trading.get(instrument.name, "trading")
    if trading != "trading":
        return trading
    if instrument.expires_at is not None and at >= instrument.expires_at:
        return "expired"
    if instrument.calendar is not None:
        calendar = state.calendars.get(instrument.calendar)
        if calendar is None or not calendar.begins_at <= at < calendar.ends_at:
            return f"calendar {instrument.calendar} says nothing of this time"
        if not calendar.is_open(at):
            return "session closed"
    return ""


def off_increment(instrument: Instrument, quantity: int, intent: OrderIntent) -> str:
    """Return what of an order breaks the tick, the lot or the venue's sizes; empty where nothing does."""
    if quantity % instrument.lot:
        return f"quantity {text(quantity)} is no multiple of the lot {instrument.lot}"
    if intent.limit_price is not None and intent.limit_price % instrument.tick:
        return f"price {intent.limit_price} is no multiple of the tick {instrument.tick}"
    if instrument.quantity_min is not None and quantity < instrument.quantity_min:
        return f"quantity {text(quantity)} is below the venue's {instrument.quantity_min}"
    if instrument.quantity_max is not None and quantity > instrument.quantity_max:
        return f"quantity {text(quantity)} is above the venue's {instrument.quantity_max}"
    if instrument.notional_min is not None and intent.limit_price is not None:
        worth = intent.limit_price * quantity * instrument.multiplier // SCALE**2
        if worth < instrument.notional_min:
            return f"worth {text(worth)} is below the venue's {instrument.notional_min}"
    return ""


def _market_facts(state: State, lens: Lens, asked: Asked, facts: Facts, mark: Mark | None) -> None:
    at, instrument = asked.at, lens.instrument
    facts.calendars_open = _open_now(state, lens, at) if lens.calendars else NO_CALENDARS
    facts.volume = state.volumes.get(instrument.name)
    facts.resolution_ns = FAR_AWAY_NS if instrument.kind != "prediction" else None
    if instrument.resolves_at is not None:
        facts.resolution_ns = instrument.resolves_at - at
    facts.mark_fault = fault_of(state, instrument.name)
    if mark is None:
        facts.mark_fault = facts.mark_fault or "no mark"
        facts.mark_age_ns = facts.spread = facts.mid = facts.reference = None
        return
    age = max(at - mark.at - mark.resolution_ns, 0)
    if not facts.mark_fault and age > MARK_AGE_CEILING_NS:
        facts.mark_fault = f"the mark is {age // NANOSECONDS} s old"
    if not facts.mark_fault and lens.currencies:
        facts.mark_fault, rate_age = _rate_facts(state, lens, at)
        age = max(age, rate_age)
    facts.mark_age_ns = age
    facts.spread, facts.mid = mark.ask - mark.bid, (mark.ask + mark.bid) // 2
    facts.reference = None
    if mark.close is not None:
        facts.reference = int(min(mark.last, mark.close) if facts.direction > 0 else max(mark.last, mark.close))
    if facts.volume is None:
        depth = mark.ask_size if facts.direction > 0 else mark.bid_size
        facts.volume = None if depth is None else int(depth)


def _drift_facts(asked: Asked, facts: Facts, mark: Mark | None) -> None:
    facts.drift, facts.drift_base = 0, 1
    own = asked.own
    if own is None or asked.capability != "place_order":  # only a release has a past to move away from
        return
    facts.drift, facts.drift_base = None, own.touch
    if mark is None or facts.mark_fault or facts.mark_age_ns is None or facts.mark_age_ns > DRIFT_AGE_NS_MAX:
        return
    facts.drift = facts.direction * (int(mark.ask if facts.direction > 0 else mark.bid) - own.touch)


def _open_now(state: State, lens: Lens, at: int) -> frozenset[str]:
    calendars = state.calendars
    return frozenset(name for name in lens.calendars if name in calendars and calendars[name].is_open(at))


def _rate_facts(state: State, lens: Lens, at: int) -> tuple[str, int]:
    """Return why there is no exchange rate to judge by, empty where there is one, and the age of the oldest."""
    oldest = 0
    for currency in lens.currencies:
        pair = (lens.instrument.currency, currency)
        mark = state.fx.get(pair) or state.fx.get((pair[1], pair[0]))
        if mark is None:
            return f"no exchange rate from {pair[0]} to {pair[1]}", oldest
        if mark.at > at + CLOCK_LEAD_NS:
            return f"the exchange rate from {pair[0]} to {pair[1]} is from the future", oldest
        age = at - mark.at - mark.resolution_ns
        if age > MARK_AGE_CEILING_NS:
            return f"the exchange rate from {pair[0]} to {pair[1]} is {age // NANOSECONDS} s old", age
        oldest = max(oldest, age)
    return "", oldest


def _short_facts(state: State, lens: Lens, facts: Facts, mark: Mark | None, sign: int) -> None:
    facts.short_quantity = facts.opening_quantity if sign < 0 else 0
    facts.located, facts.short_priced, facts.short_need = 0, True, 0
    if not facts.short_quantity or lens.instrument.kind not in ("equity", "etf"):
        return
    account = lens.cells[1]
    facts.short_need = max(account.sell_quantity + facts.quantity - account.quantity, 0)
    locate = state.locates.get((lens.connection.name, lens.instrument.name))
    facts.located = None if locate is None or facts.at >= locate[1] else locate[0]
    restricted = state.restricted.get(lens.instrument.name)
    facts.short_priced = None
    if restricted is not None and mark is not None:
        facts.short_priced = not restricted or facts.worst_price > mark.bid


def _crossing(state: State, lens: Lens, side: str, worst: int) -> str:
    buys, owner, instrument = side == "buy", lens.account.owner, lens.instrument
    working = state.crossings.get((owner, instrument.name, "sell" if buys else "buy"))
    if working:
        price, order = working[0] if buys else working[-1]
        if price <= worst if buys else price >= worst:
            return order
    if instrument.kind != "prediction":
        return ""
    for name in state.markets[instrument.market_name]:
        other = state.instruments[name]
        if other.outcome == instrument.outcome or other.venue != instrument.venue:
            continue
        working = state.crossings.get((owner, name, side))  # buying NO at q is selling YES at 1 - q
        if working:
            price, order = working[-1] if buys else working[0]
            if price + worst >= SCALE if buys else price + worst <= SCALE:
                return order
    return ""


def _parent_use(state: State, intent: OrderIntent, quantity: int) -> tuple[int, int] | None:
    if intent.parent is None:
        return (0, 0)
    parent = state.parents.get(intent.parent)
    if parent is None or (parent.agent, parent.instrument, parent.side) != (
        intent.agent,
        intent.instrument,
        intent.side,
    ):
        return None
    return (state.children.get(intent.parent, 0) + quantity, int(parent.quantity))


def complete(state: State, lens: Lens, asked: Asked, changes: tuple[Change, ...]) -> None:
    """Fill in what no single cell tells of a change: that new terms are no new order, and how many stakes the subject
    has, through any agent, in other outcomes of the same market."""
    if asked.capability == "replace_order":
        for change in changes:
            change.orders = 0
    if lens.instrument.kind != "prediction":
        return
    stakes = [
        cell.subject
        for name in state.markets[lens.instrument.market_name]
        if name != lens.instrument.name
        for cell in state.cells_of.get(name, ())
        if cell.active
    ]
    for of, change in zip(lens.path, changes, strict=True):
        change.opposing = stakes.count(of.written)


def account_facts(state: State, lens: Lens, facts: Facts, prices: Prices, change: Change, asked: Asked) -> None:
    """Fill in what needs the order's change to the account: cash and margin."""
    instrument = lens.instrument
    cash = state.cash.get((lens.connection.name, instrument.currency))
    facts.cash_free = 0 if cash is None else cash.amount - cash.reserved
    account = lens.path[1]
    facts.margin_have = account.total.equity
    if instrument.kind == "perpetual" and instrument.name not in state.margins:
        facts.cash_need = facts.margin_need = None
        return
    facts.cash_need = needed_cash(
        state,
        lens.connection.name,
        instrument.name,
        asked.intent.side,
        prices.quantity,
        prices.counted,
        facts.opening,
        lens.haircut_bps,
    )
    facts.margin_need = account.total.margin + change.margin
