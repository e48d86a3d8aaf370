"""Exits: stop-loss, take-profit and trailing stop, and the arithmetic of when a mark touches one of them.

The venue never sees an exit: only the order that closes once it triggered. Everything here is a function of the exit
and of journalled marks.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec

from remit.kernel.instrument import Instrument, Mark
from remit.kernel.names import Name, Side
from remit.kernel.numbers import BPS, LARGEST, SCALE, Price, Quantity, div_ceil, text
from remit.kernel.sums import NEVER

LegKind = Literal["stop_loss", "take_profit", "trailing_stop"]
STOPS: frozenset[LegKind] = frozenset({"stop_loss", "trailing_stop"})
EXITS_MAX = 20
"""Exits that one agent may have on one instrument through one connection."""


class Leg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One leg of an exit; the legs of one exit are one-cancels-other.

    `trigger` is the price of a stop-loss or take-profit. A trailing stop follows the best price at a distance: `offset`
    as an amount or `offset_bps` of that price; with `activation` it trails only once that price was reached.
    """

    kind: LegKind
    trigger: Price | None = None
    offset: Price | None = None
    offset_bps: Annotated[int, msgspec.Meta(ge=1, lt=10_000)] | None = None
    activation: Price | None = None

    def __post_init__(self) -> None:
        if any(price is not None and price <= 0 for price in (self.trigger, self.offset, self.activation)):
            raise ValueError(f"the prices of a {self.kind} are above zero")
        if self.kind == "trailing_stop":
            if self.trigger is not None or (self.offset is None) == (self.offset_bps is None):
                raise ValueError("a trailing_stop says offset or offset_bps, one of them, and no trigger")
        elif self.trigger is None or (self.offset, self.offset_bps, self.activation) != (None, None, None):
            raise ValueError(f"a {self.kind} says trigger and nothing else")


class ExitTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an exit does: up to three legs, no two of one kind.

    `quantity` bounds what it closes; without it, all that it protects. `slippage_bps` is the worst price that the
    closing order accepts, as a distance from the far touch.
    """

    legs: tuple[Leg, ...]
    quantity: Quantity | None = None
    slippage_bps: Annotated[int, msgspec.Meta(ge=0, lt=10_000)] | None = None

    def __post_init__(self) -> None:
        kinds = [leg.kind for leg in self.legs]
        if not kinds or len(kinds) > len(set(kinds)):
            raise ValueError("an exit has one to three legs, at most one of each kind")
        if self.quantity is not None and self.quantity <= 0:
            raise ValueError("the quantity of an exit is above zero")

    def leg(self, kind: LegKind) -> Leg | None:
        """Return the leg of a kind, or None where there is none."""
        return next((leg for leg in self.legs if leg.kind == kind), None)

    @property
    def stops(self) -> bool:
        """Whether it bounds a loss."""
        return any(leg.kind in STOPS for leg in self.legs)


ExitState = Literal["waiting", "armed", "triggered"]


class Exit(msgspec.Struct, kw_only=True):
    """One exit of the book: it waits for its entry to fill, is armed while there is something to protect, and once
    triggered it is closed by the guard until nothing of it is left.

    `side` is that of the closing order: `sell` protects a long position. Prices and quantities are at scale 10^-18.
    """

    id: Name
    agent: Name
    client: str
    connection: Name
    instrument: Name
    side: Side
    terms: ExitTerms
    order: str
    """The entry order of a bracket; empty for an exit on a position."""
    at: int
    state: ExitState = "waiting"
    protects: int = 0
    """How much it would close now."""
    extreme: int = 0
    """The best price seen since it was armed, or since its trailing leg was activated."""
    active: bool = False
    """Whether the trailing leg trails already."""
    armed_at: int = 0
    """When it was armed, or its terms changed last: prices from before do not touch what stands now."""
    earlier: tuple[LegKind, int] | None = None
    """The stop that stood until its terms changed, for as long as a mark may still speak of that time."""
    leg: str = ""
    """The leg that was touched; empty while none was."""
    price: int = 0
    """The level at which that leg stood."""
    tries: int = 0
    """Closing orders that the guard has proposed."""
    closer: str = ""
    """The closing order that was let out last."""
    why: str = ""
    """Why it is over; empty while it is not."""

    @property
    def sign(self) -> int:
        """1 where a long position is protected, -1 for a short one."""
        return 1 if self.side == "sell" else -1

    @property
    def follows(self) -> bool:
        """Whether it protects the whole position, whatever moves it."""
        return not self.order and self.terms.quantity is None


EXIT = "X-"
"""How the ids of exits begin: no request for a new one may take such an id."""


def exit_id(order: str) -> str:
    """Return the id of the exit that a bracket's entry order brings."""
    return f"{EXIT}{order}"


CLOSING, FLATTENING = "exit-", "flatten-"
RESERVED_IDS = (CLOSING, FLATTENING)
"""How the guard's own intents begin; nobody else may take such an id and so keep an exit from acting."""


def closing_id(name: str, tries: int) -> str:
    """Return the intent id of the closing order number `tries` of an exit."""
    return f"{CLOSING}{name}-{tries}"


def closed_by(intent: str) -> str:
    """Return which exit an intent id of the guard closes; empty where it is no closing order."""
    return intent.removeprefix(CLOSING).rpartition("-")[0] if intent.startswith(CLOSING) else ""


def at_once(instrument: Instrument, quantity: int) -> int:
    """Return how much of a quantity one order closes: whole lots, no more than the venue takes, nothing where that is
    less than it takes; the rest follows."""
    most = LARGEST if instrument.quantity_max is None else int(instrument.quantity_max)
    whole = min(quantity, most) // instrument.lot * instrument.lot
    return 0 if instrument.quantity_min is not None and whole < instrument.quantity_min else whole


def terms_text(terms: ExitTerms) -> str:
    """Return terms on one line: what tells one exit from another."""
    return f"{terms.quantity}|{terms.slippage_bps}|{'|'.join(map(_leg_text, terms.legs))}"


def _leg_text(leg: Leg) -> str:
    return f"{leg.kind}:{leg.trigger}:{leg.offset}:{leg.offset_bps}:{leg.activation}"


# -- when a mark touches


class Sight(NamedTuple):
    """The lowest, highest and last price that a mark shows to the exits of an instrument."""

    low: int
    high: int
    last: int


def seen(instrument: Instrument, mark: Mark) -> Sight | None:
    """Return what a mark shows to the exits of an instrument; None where it shows them nothing."""
    if instrument.exits_on == "mark":
        return None if mark.fair is None else Sight(int(mark.fair), int(mark.fair), int(mark.fair))
    last = int(mark.last)
    low = last if mark.low is None else min(int(mark.low), last)
    high = last if mark.high is None else max(int(mark.high), last)
    return Sight(low, high, last)


def begin(exit: Exit, at: int, price: int) -> None:
    """Arm an exit at a price."""
    exit.state, exit.armed_at, exit.extreme, exit.active, exit.earlier = "armed", at, price, False, None
    _trail(exit, price)


def watch(exit: Exit, instrument: Instrument, known: Mark | None, mark: Mark) -> bool:
    """Let an armed exit see the mark that followed `known`; where a leg is touched, note it and return True."""
    sight = seen(instrument, mark)
    return sight is not None and face(exit, since_of(known, mark), sight)


def since_of(known: Mark | None, mark: Mark) -> int:
    """Return since when the extremes of a mark are: since the one before, and of a bar no later than its begin."""
    return NEVER if known is None else min(known.at, mark.at - mark.resolution_ns)


def face(exit: Exit, since: int, sight: Sight) -> bool:
    """Let an armed exit see a mark whose extremes are `since` the one before; where a leg is touched, note it and
    return True.

    Extremes that may be older than the exit as it stands are not its own: then only the last price counts, and the
    extremes for the stop that stood before: the adverse one touches it, and one that trailed goes on trailing.
    """
    low, high, last = sight
    if exit.armed_at <= since:
        exit.earlier = None
        return look(exit, low, high, last)
    worst, best = (low, high) if exit.sign > 0 else (high, low)
    if exit.earlier is not None and exit.sign * (worst - exit.earlier[1]) <= 0:
        exit.leg, exit.price = exit.earlier
        return True
    if exit.earlier is not None and exit.earlier[0] == "trailing_stop" and exit.active:
        _trail(exit, best)
    return look(exit, last, last, last)


def look(exit: Exit, low: int, high: int, last: int) -> bool:
    """Let an armed exit see one mark; where a leg is touched, note which and at which level, and return True.

    In this order: the stop as it stood against the adverse extreme, the take-profit against the favourable extreme,
    the trail moves, the stop as it stands now against the last price. So where both were touched the stop is taken.
    """
    worst, best = (low, high) if exit.sign > 0 else (high, low)
    if _touched(exit, worst):
        return True
    target = exit.terms.leg("take_profit")
    if target is not None and target.trigger is not None and exit.sign * (best - target.trigger) >= 0:
        exit.leg, exit.price = target.kind, int(target.trigger)
        return True
    _trail(exit, best)
    return _touched(exit, last)


def stop_of(exit: Exit) -> tuple[LegKind, int] | None:
    """Return the stop leg nearest to the market, and its level; None where no stop stands now."""
    stood: list[tuple[int, LegKind, int]] = []
    for leg in exit.terms.legs:
        level = level_of(leg, exit)
        if leg.kind in STOPS and level is not None:
            stood.append((exit.sign * level, leg.kind, level))
    return max(stood)[1:] if stood else None


def level_of(leg: Leg, exit: Exit) -> int | None:
    """Return the price at which a leg stands now; None for a trailing stop that does not trail yet."""
    if leg.trigger is not None:
        return int(leg.trigger)
    if not exit.active:
        return None
    if leg.offset is not None:
        return exit.extreme - exit.sign * int(leg.offset)
    assert leg.offset_bps is not None
    if exit.sign > 0:
        return div_ceil(exit.extreme * (BPS - leg.offset_bps), BPS)
    return exit.extreme * (BPS + leg.offset_bps) // BPS


def _touched(exit: Exit, price: int) -> bool:
    stop = stop_of(exit)
    if stop is None or exit.sign * (price - stop[1]) > 0:
        return False
    exit.leg, exit.price = stop
    return True


def _trail(exit: Exit, best: int) -> None:
    """Move the best price; the trailing leg begins to trail from the first one that reached its activation."""
    trailing = exit.terms.leg("trailing_stop")
    if trailing is not None and not exit.active:
        if trailing.activation is None or exit.sign * (best - trailing.activation) >= 0:
            exit.active, exit.extreme = True, best
    elif exit.sign * (best - exit.extreme) > 0:
        exit.extreme = best


# -- what terms may say


def fault_of(instrument: Instrument, terms: ExitTerms, side: str, price: int) -> str:
    """Return what is wrong with terms that `side` closes while the price is `price`; empty where nothing is."""
    sign = 1 if side == "sell" else -1
    if terms.quantity is not None and terms.quantity % instrument.lot:
        return f"exit quantity {terms.quantity} is no multiple of the lot {instrument.lot}"
    for leg in terms.legs:
        for said in (leg.trigger, leg.offset, leg.activation):
            if said is not None and said % instrument.tick:
                return f"{leg.kind} {said} is no multiple of the tick {instrument.tick}"
            if said is not None and instrument.kind == "prediction" and said >= SCALE:
                return f"{leg.kind} {said} is not below 1"
        if leg.kind == "stop_loss" and leg.trigger is not None and sign * (price - leg.trigger) <= 0:
            return f"stop_loss {leg.trigger} is not {_beyond(-sign)} the price {text(price)}"
        if leg.kind == "take_profit" and leg.trigger is not None and sign * (leg.trigger - price) <= 0:
            return f"take_profit {leg.trigger} is not {_beyond(sign)} the price {text(price)}"
        if leg.offset is not None and leg.offset >= price:
            return f"trailing_stop offset {leg.offset} is not below the price {text(price)}"
    return ""


def _beyond(sign: int) -> str:
    return "above" if sign > 0 else "below"


def widened(known: Exit, terms: ExitTerms) -> str:
    """Return what new terms would loosen of the stop of an exit; empty where they only tighten.

    Judged leg by leg: every stop that stands must stay and be as tight, on no less quantity, at the same slippage.
    Take-profits and stops that are added are free.
    """
    old = known.terms
    if not old.stops:
        return ""
    for leg in old.legs:
        new = terms.leg(leg.kind)
        if leg.kind not in STOPS:
            continue
        if new is None:
            return f"the {leg.kind} would go"
        if leg.trigger is not None and new.trigger is not None and known.sign * (new.trigger - leg.trigger) < 0:
            return f"stop_loss would move from {leg.trigger} to {new.trigger}"
        if leg.kind == "trailing_stop" and _trails_further(known, leg, new):
            return "the trailing_stop would trail further away, later, or another way"
    if old.slippage_bps != terms.slippage_bps:
        return "the slippage of the closing order would change"
    if terms.quantity is not None and (old.quantity is None or terms.quantity < old.quantity):
        return "it would protect less"
    return ""


def _trails_further(known: Exit, old: Leg, new: Leg) -> bool:
    if (old.offset is None) != (new.offset is None):
        return True  # an amount and a share of the price are tighter than each other at different prices
    if old.offset is not None and new.offset is not None and new.offset > old.offset:
        return True
    if old.offset_bps is not None and new.offset_bps is not None and new.offset_bps > old.offset_bps:
        return True
    if new.activation is None or known.active and not known.order:
        return False  # what trails goes on; but a bracket begins anew with a fill after its position was gone
    return old.activation is None or known.sign * (new.activation - old.activation) > 0
