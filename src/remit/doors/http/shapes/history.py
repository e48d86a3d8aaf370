"""Shapes of the history: what prices, equity and exits were."""

from __future__ import annotations

from typing import Annotated

import msgspec

from remit.doors.http.shapes.base import Given, Shape
from remit.kernel.names import At, Name
from remit.kernel.numbers import Money, Price

Instant = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class SpanQuery(Given, frozen=True, kw_only=True):
    """From an instant to another in ns (a year back, and now, where not said), in steps of at least so many seconds:
    longer ones are taken where there would be too many, or where it is so long ago that shorter ones are not kept."""

    since: Instant | None = None
    until: Instant | None = None
    step_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60


class PastPrices(SpanQuery, frozen=True, kw_only=True):
    """The prices of which instrument."""

    instrument: Name


class PastEquity(SpanQuery, frozen=True, kw_only=True):
    """The equity of which account."""

    account: Name


class Past(Shape, frozen=True):
    """What all answers about the past say: how long a step is, since when anything is known (null where nothing is),
    and what keeps it from being whole, empty where nothing does."""

    step_s: int
    known_from: At | None
    fault: str


class PriceBar(Shape, frozen=True):
    """The first, highest, lowest and last price of one step, which begins at `at`."""

    at: At
    open: Price
    high: Price
    low: Price
    close: Price


class PriceHistory(Past, frozen=True):
    """An instrument's prices, the oldest step first; a step in which no price took effect is left out."""

    instrument: str
    bars: tuple[PriceBar, ...]


class EquityPoint(Shape, frozen=True):
    """An account's equity as it was last sampled in one step, its highest and lowest sample, and the cash in the
    account's own currency."""

    at: At
    equity: Money
    high: Money
    low: Money
    cash: Money | None


class EquityHistory(Past, frozen=True):
    """An account's equity, sampled once a minute and after fills, the oldest step first; a step without a sample is
    left out."""

    account: str
    currency: str
    points: tuple[EquityPoint, ...]


class LevelPoint(Shape, frozen=True):
    """From `at` on a leg stood there."""

    at: At
    level: Price


class LegHistory(Shape, frozen=True):
    """Where one leg of an exit stood, sampled once a minute: the steps in which it moved, and the last."""

    exit: str
    kind: str
    agent: str
    points: tuple[LevelPoint, ...]


class ExitHistory(Past, frozen=True):
    """Where the legs of an instrument's exits stood, the latest exit first; those that are over are among them."""

    instrument: str
    legs: tuple[LegHistory, ...]
