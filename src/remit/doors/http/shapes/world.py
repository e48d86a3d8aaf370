"""Shapes of the world: the guard's own health, instruments, marks, days, facts, and how book and venues agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from remit.doors.http.shapes.access import ConnectionRow
from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.http.shapes.book import Level
from remit.doors.http.shapes.stops import HaltRow, PauseRow, Reason
from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.instrument import FxMark, Instrument, Mark, UnfitReason
from remit.kernel.names import At, Name
from remit.kernel.numbers import Money, Price, Quantity, Ratio

MARKS_MAX = 1000
"""Marks of one request."""


class Status(Shape, frozen=True):
    """What a person looks at first: whether the guard trades, what stops it, what waits."""

    seq: int
    at: At
    currency: str
    connections: tuple[ConnectionRow, ...]
    halts: tuple[HaltRow, ...]
    pauses: tuple[PauseRow, ...]
    orders: dict[str, int]
    approvals: int
    agents: int
    instruments: int
    unprotected: tuple[Unprotected, ...]
    drifts: tuple[DriftOf, ...]
    unfit: tuple[UnfitRow, ...]
    levels: tuple[Level, ...]
    environment: str = ""
    home: str = ""
    version: str = ""
    started_at: At = 0
    journal: Head | None = None
    permit_key: str = ""
    halt_file: bool = False
    sandbox: tuple[SandboxLayer, ...] = ()
    anchors: Anchored | None = None
    exports: tuple[ExportRow, ...] = ()


class ExportRow(Shape, frozen=True):
    """How far one copy of the journal is: entries and seconds behind, whether that is too late, and what failed."""

    to: str
    size: int
    root: str
    at: At | None
    lag_entries: int
    lag_s: int
    late: bool
    fault: str


class Anchored(Shape, frozen=True):
    """What holds the journal's head out of its reach: how many witnesses must, how far each is, the second folder."""

    needed: int
    witnessed: int
    witnesses: tuple[WitnessRow, ...]
    folder: SecondFolder | None


class WitnessRow(Shape, frozen=True):
    """How far one witness is: `at` is the second of its last cosignature, which `key` checks, `why` what keeps it from
    the next."""

    name: str
    url: str
    key: str
    size: int
    at: int | None
    why: str


class SecondFolder(Shape, frozen=True):
    """The entries under the head that the second folder holds, and why it took no newer one."""

    size: int
    why: str


class SandboxLayer(Shape, frozen=True):
    """One layer around the guard's process, as the kernel says that it is now; `needed` ones must be active."""

    layer: str
    active: bool
    says: str
    fix: str
    needed: bool


class Head(Shape, frozen=True):
    """How many entries the journal has, and the root of the tree over them."""

    size: int
    root: str


class Unprotected(Shape, frozen=True):
    """A position whose exits cannot do now what they were set for, and why."""

    agent: str
    connection: str
    instrument: str
    quantity: Quantity
    why: str


class UnfitRow(Shape, frozen=True):
    """An instrument whose price is not to be trusted now."""

    instrument: str
    reason: UnfitReason
    since: At
    why: str


class DriftRow(Shape, frozen=True):
    """One difference between book and venue: `difference` is how much more the venue shows."""

    item: str
    kind: str
    book: Quantity
    venue: Quantity
    difference: Quantity
    since: At
    rounds: int
    bucket: Literal["in_transit", "small", "large"]
    why: str


class DriftOf(DriftRow, frozen=True, kw_only=True):
    """One difference, and of which connection."""

    connection: str


class Kept(Shape, frozen=True):
    """A difference that a person kept."""

    kind: str
    item: str
    difference: Quantity


class Unanswered(Shape, frozen=True):
    """An order whose outcome is not known."""

    order: str
    since: At
    age_s: int


class Reconciled(Shape, frozen=True):
    """How one connection's book and venue agree. `shown` is the digest that a decision about the differences names."""

    connection: str
    account: str
    venue: str
    ready: bool
    why: str
    clock_skew_ms: int
    reconciled_at: At | None
    age_s: int | None
    silent: int
    shown: str
    drifts: tuple[DriftRow, ...]
    kept: tuple[Kept, ...]
    unknown: tuple[Unanswered, ...]
    halts: tuple[str, ...]
    tolerance: Tolerance


class Decision(Sent, frozen=True):
    """What is true where book and venue differ: `venue` corrects the book, `book` keeps it.

    `shown` is the digest of the differences that were looked at; `agent` says whose a corrected position is where the
    book does not tell.
    """

    truth: Literal["venue", "book"]
    why: Reason
    agent: Name | None = None
    shown: Annotated[str, msgspec.Meta(max_length=64)] = ""


class Check(Shape, frozen=True):
    """One thing that must be well for trading, and what to do where it is not."""

    check: str
    well: bool
    says: str
    fix: str


class Health(Shape, frozen=True):
    """Every check of the guard; `about` tells of its process."""

    about: dict[str, Any]
    seq: int
    at: At
    checks: tuple[Check, ...]


class InstrumentQuery(Paged, frozen=True):
    """Of which venue."""

    venue: Name | None = None


class OneInstrument(Given, frozen=True):
    """Which instrument; a slash in its name is written %2F."""

    instrument: Name


class InstrumentRow(Shape, frozen=True):
    """One instrument with its terms and what is known of it now."""

    name: str
    kind: str
    venue: str
    currency: str
    category: str
    tick: Price
    lot: Quantity
    market: str
    trading: str
    last: Price | None
    unfit: str
    outcome: str | None = None
    base: str | None = None
    multiplier: Quantity | None = None
    quantity_min: Quantity | None = None
    quantity_max: Quantity | None = None
    notional_min: Money | None = None
    calendar: str | None = None
    expires_at: At | None = None
    resolves_at: At | None = None
    jump_max_bps: int | None = None
    exits_on: str | None = None


class NewInstrument(Sent, frozen=True):
    """A new instrument, or new terms of a known one."""

    instrument: Instrument


class MarkRow(Shape, frozen=True):
    """The last journalled mark of an instrument, its age, and why it is not to be trusted (empty where it is)."""

    instrument: str
    at: At
    bid: Price
    ask: Price
    last: Price
    age_s: int
    unfit: str
    close: Price | None = None
    low: Price | None = None
    high: Price | None = None
    bid_size: Quantity | None = None
    ask_size: Quantity | None = None
    resolution_ns: int | None = None
    source: str = ""
    fair: Price | None = None


class Marks(Sent, frozen=True):
    """Marks of a feed, as it saw them."""

    marks: Annotated[tuple[Mark, ...], msgspec.Meta(max_length=MARKS_MAX)] = ()
    fx: Annotated[tuple[FxMark, ...], msgspec.Meta(max_length=MARKS_MAX)] = ()


class Taken(Shape, frozen=True):
    """The marks are on the guard's board; they enter the journal when they matter."""

    taken: bool


class Feed(Shape, frozen=True):
    """What one source of prices says: of how many instruments, how long ago at the latest, and how many of them are not
    to be trusted."""

    source: str
    instruments: int
    age_s: int
    oldest_s: int
    unfit: int


class Session(Shape, frozen=True):
    """The days of one time zone: when this one began, when the next begins, and how far they are known."""

    zone: str
    current: At | None
    next: At | None
    known_until: At | None


class VolumeFact(Shape, frozen=True):
    instrument: str
    average_daily: Quantity


class LocateFact(Shape, frozen=True):
    connection: str
    instrument: str
    quantity: Quantity
    expires_at: At


class RestrictionFact(Shape, frozen=True):
    instrument: str
    restricted: bool


class TradingFact(Shape, frozen=True):
    instrument: str
    state: str


class CalendarFact(Shape, frozen=True):
    calendar: str
    begins_at: At
    ends_at: At
    windows: int
    open: bool


class MarginFact(Shape, frozen=True):
    instrument: str
    initial: Ratio


class BalanceFact(Shape, frozen=True):
    connection: str
    currency: str
    amount: Money


class RateFact(Shape, frozen=True):
    of: str
    to: str
    at: At
    rate: Ratio
    resolution_ns: int | None = None


class Facts(Shape, frozen=True):
    """The outside facts that rules read."""

    volume: tuple[VolumeFact, ...]
    locate: tuple[LocateFact, ...]
    restriction: tuple[RestrictionFact, ...]
    trading: tuple[TradingFact, ...]
    calendar: tuple[CalendarFact, ...]
    margin: tuple[MarginFact, ...]
    balance: tuple[BalanceFact, ...]
    fx: tuple[RateFact, ...]


class NewFact(Sent, frozen=True):
    """One outside fact, as the guard's own command; `kind` says which."""

    fact: (
        c.SetVolume
        | c.SetLocate
        | c.SetShortRestriction
        | c.SetTradingState
        | c.SetMargin
        | c.SetBalance
        | c.SetCalendar
        | c.Resolve
        | c.Split
        | c.Dividend
        | c.Funding
    )
