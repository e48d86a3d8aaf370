"""Instruments, marks and exchange rates: what is traded and what it is worth now."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.names import At, Currency, Name, OptionalName, Text
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE, Money, Price, Quantity, Ratio

Kind = Literal["equity", "etf", "spot", "perpetual", "prediction"]
Outcome = Literal["yes", "no"]
UnfitReason = Literal["crossed", "future", "jump", "gap", "quiet", "asleep"]

ONE = Quantity(SCALE)
AGGREGATE_NS = 5 * NANOSECONDS
"""From this resolution on a mark is of a bar: between two of them a price may go anywhere."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that can be traded at one venue.

    `market` groups instruments that are one bet: YES and NO of a prediction market share it; elsewhere it is the name.
    """

    name: Name
    kind: Kind
    venue: Name
    currency: Currency
    category: Name
    tick: Price
    lot: Quantity
    market: OptionalName = ""
    outcome: Outcome | None = None
    base: Currency | None = None
    """Spot only: the currency that is received when buying."""
    multiplier: Quantity = ONE
    quantity_min: Quantity | None = None
    quantity_max: Quantity | None = None
    notional_min: Money | None = None
    calendar: Name | None = None
    """The name of the journalled calendar of its sessions; none means it trades around the clock."""
    expires_at: At | None = None
    resolves_at: At | None = None
    jump_max_bps: Annotated[int, msgspec.Meta(ge=1)] = 2000
    """A live price further than this from the last one, and by more than a tick, waits for a second source or time."""
    exits_on: Literal["last", "mark"] = "last"
    """Which price triggers exits: the last trade, or the venue's own mark price (`Mark.fair`)."""

    def __post_init__(self) -> None:
        if self.tick <= 0 or self.lot <= 0 or self.multiplier <= 0:
            raise ValueError(f"{self.name}: tick, lot and multiplier must be above zero")
        if (self.outcome is not None) != (self.kind == "prediction"):
            raise ValueError(f"{self.name}: a prediction contract, and only one, names its outcome")
        if self.kind == "prediction" and not self.market:
            raise ValueError(f"{self.name}: a prediction contract names its market")

    @property
    def market_name(self) -> str:
        """The market it is counted in; its own name where none is said."""
        return self.market or self.name

    def is_far(self, price: int, known: int) -> bool:
        """Whether a price lies further from a known one than this instrument jumps; a contract is measured by its
        payout of 1, since it may well double from a few cents."""
        if price == known:
            return False
        away = price - known if price > known else known - price
        if away * BPS <= (SCALE if self.kind == "prediction" else known) * self.jump_max_bps:
            return False
        return away > self.tick


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an instrument was worth at one instant, as a feed saw it.

    `resolution_ns` is the bar length of a recorded feed (0 for a live quote): freshness is judged against it.
    `low` and `high` are the extremes since the last journalled mark. `close` is the last close of the session before.
    `fair` is the venue's own mark price of a perpetual. `source` names who saw it: two of them are two witnesses.

    What a feed says may be nonsense; then `fault` says so and nothing is valued or judged by it.
    """

    instrument: Name
    at: At
    bid: Price
    ask: Price
    last: Price
    close: Price | None = None
    low: Price | None = None
    high: Price | None = None
    bid_size: Quantity | None = None
    ask_size: Quantity | None = None
    resolution_ns: At = 0
    source: Text = ""
    fair: Price | None = None

    @property
    def fault(self) -> str:
        """What makes these numbers no price; empty where nothing does."""
        low, high, close, fair = self.low, self.high, self.close, self.fair
        if (
            0 <= self.bid <= self.ask > 0 < self.last
            and (low is None or low > 0)
            and (high is None or high > 0 and (low is None or low <= high))
            and (close is None or close > 0)
            and (fair is None or fair > 0)
        ):
            return ""
        return self._fault()

    def _fault(self) -> str:
        if self.bid > self.ask:
            return f"bid {self.bid} is above ask {self.ask}"
        if self.bid < 0 or self.ask <= 0 or self.last <= 0:
            return f"bid {self.bid}, ask {self.ask}, last {self.last}: a price is above zero"
        for name, extra in (("close", self.close), ("low", self.low), ("high", self.high), ("fair", self.fair)):
            if extra is not None and extra <= 0:
                return f"{name} {extra}: a price is above zero"
        return f"low {self.low} is above high {self.high}"


class Unfit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an instrument's price is not to be trusted now, since when (by the marks' own times), and in words.

    `crossed`: the numbers of its mark are no price. `future`: its mark is stamped ahead. `jump`: its mark is too far
    from the last one. These marks are held back (`mark`). `gap`: the first mark after a silence is taken, the second
    makes it fit. `quiet`: no mark comes. `asleep`: no mark since the machine woke.
    """

    reason: UnfitReason
    since: At
    why: str
    mark: Mark | None = None


class FxMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much of `to` one unit of `of` is worth at one instant."""

    of: Currency
    to: Currency
    at: At
    rate: Ratio
    resolution_ns: At = 0

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.of == self.to:
            raise ValueError("an exchange rate is above zero and between two currencies")
