"""What enters of the world: instruments, days, calendars, facts, marks and settlements."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.command.content import Content
from remit.kernel.instrument import FxMark, Instrument, Mark
from remit.kernel.names import At, Currency, Name, Zone
from remit.kernel.numbers import Money, Price, Quantity, Ratio


class AddInstrument(Content, frozen=True, tag="add_instrument"):
    """A new instrument, or new terms (tick, lot, sizes, calendar) of a known one."""

    instrument: Instrument


class SetSessions(Content, frozen=True, tag="set_sessions"):
    """The UTC instants at which days begin in a time zone; the kernel has no time-zone database."""

    zone: Zone
    starts: tuple[At, ...]


class SetCalendar(Content, frozen=True, tag="set_calendar"):
    """The UTC windows in which a calendar is open; outside the span `begins_at`..`ends_at` it is unknown."""

    calendar: Name
    begins_at: At
    ends_at: At
    windows: tuple[tuple[At, At], ...]


class SetVolume(Content, frozen=True, tag="set_volume"):
    """The average daily volume of an instrument."""

    instrument: Name
    average_daily: Quantity


class SetLocate(Content, frozen=True, tag="set_locate"):
    """Shares located for short sales through a connection, until they expire."""

    connection: Name
    instrument: Name
    quantity: Quantity
    expires_at: At


class SetShortRestriction(Content, frozen=True, tag="set_short_restriction"):
    """Whether an instrument is under a short-sale price restriction."""

    instrument: Name
    restricted: bool


class SetTradingState(Content, frozen=True, tag="set_trading_state"):
    """Whether an instrument trades, is halted or closed."""

    instrument: Name
    state: Literal["trading", "halted", "closed"]


class SetMargin(Content, frozen=True, tag="set_margin"):
    """The initial margin of an instrument as a share of its worth."""

    instrument: Name
    initial: Ratio


class SetBalance(Content, frozen=True, tag="set_balance"):
    """The cash of a connection in one currency, as its venue or a person states it; the difference counts as a
    deposit."""

    connection: Name
    currency: Currency
    amount: Money


class SetVenueState(Content, frozen=True, tag="set_venue_state"):
    """Whether a connection is ready: reconciled since start, link up, clock skew under the limit."""

    connection: Name
    reconciled: bool
    link_up: bool
    clock_skew_ms: Annotated[int, msgspec.Meta(ge=0)] = 0


class Marked(Content, frozen=True, tag="marked"):
    """A batch of marks; they revalue positions and may halt."""

    marks: tuple[Mark, ...] = ()
    fx: tuple[FxMark, ...] = ()


class Quiet(Content, frozen=True, tag="quiet"):
    """No feed has said anything for too long of instruments that are held or ordered."""

    instruments: tuple[Name, ...]


class Resolve(Content, frozen=True, tag="resolve"):
    """A prediction market resolved: YES pays 1 (or 0), a void market pays `void_price` for each contract; `disputed`
    keeps exposure."""

    market: Name
    outcome: Literal["yes", "no", "void", "disputed"]
    void_price: Price | None = None


class Split(Content, frozen=True, tag="split"):
    """A share split: each `old` shares became `new`."""

    instrument: Name
    new: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    old: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Dividend(Content, frozen=True, tag="dividend"):
    """A cash dividend per share: longs receive it, shorts owe it."""

    instrument: Name
    amount: Money


class Funding(Content, frozen=True, tag="funding"):
    """Funding of a perpetual: longs pay `amount` per unit of the base, shorts receive it; negative the other way
    round."""

    instrument: Name
    amount: Money
