"""Instruments, marks and exchange rates: what is traded and what it is worth now."""

from __future__ import annotations

from typing import Literal

import msgspec

from remit.kernel.names import At, Currency, Name, Text
from remit.kernel.numbers import SCALE, Money, Price, Quantity, Ratio

Kind = Literal["equity", "etf", "spot", "perpetual", "prediction"]
Outcome = Literal["yes", "no"]

ONE = Quantity(SCALE)


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
    market: str = ""
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

    def __post_init__(self) -> None:
        if self.tick <= 0 or self.lot <= 0 or self.multiplier <= 0:
            raise ValueError(f"{self.name}: tick, lot and multiplier must be above zero")
        if (self.outcome is not None) != (self.kind == "prediction"):
            raise ValueError(f"{self.name}: a prediction contract, and only one, names its outcome")
        if self.kind == "prediction" and not self.market:
            raise ValueError(f"{self.name}: a prediction contract names its market")

    @property
    def market_name(self) -> str:
        return self.market or self.name


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an instrument was worth at one instant, as a feed saw it.

    `resolution_ns` is the bar length of a recorded feed (0 for a live quote): freshness is judged against it.
    `low` and `high` are the extremes since the last journalled mark. `close` is the last close of the session before.
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

    def __post_init__(self) -> None:
        if self.bid < 0 or self.ask <= 0 or self.last <= 0 or self.bid > self.ask:
            raise ValueError(f"{self.instrument}: a mark needs 0 <= bid <= ask and a last price above zero")
        if any(extra is not None and extra <= 0 for extra in (self.close, self.low, self.high)):
            raise ValueError(f"{self.instrument}: close, low and high must be above zero")


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
