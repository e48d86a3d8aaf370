"""Shapes of the book: positions, cash, limits with their headroom, exits."""

from __future__ import annotations

from typing import Literal

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.kernel.exit import ExitTerms
from remit.kernel.names import At, Name, Side
from remit.kernel.numbers import Money, Price, Quantity

Subject = str
"""`firm`, `account:NAME`, `agent:NAME` or `client:NAME`."""


class PositionQuery(Given, frozen=True):
    """Whose positions: one subject's, or all, counted `by` account (where not said), agent, client or firm."""

    subject: Subject | None = None
    by: Literal["firm", "account", "agent", "client"] | None = None


class Position(Shape, frozen=True):
    """A stake of one subject in one instrument through one connection, in the subject's currency."""

    subject: Subject
    connection: str
    instrument: str
    market: str
    quantity: Quantity
    currency: str
    cost: Money
    cost_average: Price | None
    mark: Price | None
    value: Money
    unrealised: Money
    realised: Money
    fees: Money
    buying: Quantity
    selling: Quantity
    orders: int
    confirmed: Quantity | None
    protection: str
    """`none` where no stop was asked for, `watched`, or `unprotected: why`."""


class Cash(Shape, frozen=True):
    """The cash of one connection in one currency."""

    connection: str
    currency: str
    amount: Money
    reserved: Money
    free: Money


class Total(Shape, frozen=True):
    """What one subject comes to; equity is an account's or the firm's."""

    subject: Subject
    currency: str
    value: Money
    pnl: Money
    pnl_today: Money
    drawdown: Money
    fees: Money
    gross: Money
    positions: int
    equity: Money | None = None


class Positions(Shape, frozen=True):
    """Positions, cash and totals."""

    positions: tuple[Position, ...]
    cash: tuple[Cash, ...]
    totals: tuple[Total, ...]


class SubjectQuery(Given, frozen=True):
    """Whose: one subject's, or all that the caller may see."""

    subject: Subject | None = None


class Gauge(Shape, frozen=True):
    """One limit in force: how much is used, how much is reserved, how much is left, in `unit`.

    `of` names the market, category or venue that it is counted for. `missing` says which fact is not known.
    """

    subject: Subject
    rule: str
    per: Literal["total", "market", "category", "venue"]
    of: str
    limit: str
    unit: str
    used: str | None
    reserved: str | None
    headroom: str | None
    percent: int | None
    holds: bool
    missing: str
    headroom_money: Money | None = None
    ready_in_s: int | None = None


class PerOrder(Shape, frozen=True):
    """A limit that judges one order and uses nothing up."""

    subject: Subject
    rule: str
    limit: str
    unit: str
    plain: str
    sentence: str


class Exposure(Shape, frozen=True):
    """Every limit with its headroom, the fullest first; `left_out` gauges did not fit."""

    gauges: tuple[Gauge, ...]
    left_out: int
    per_order: tuple[PerOrder, ...]
    without_mandate: tuple[Subject, ...]


class Level(Shape, frozen=True):
    """A limit that is near (from 80 %) or exceeded."""

    subject: Subject
    rule: str
    per: str
    of: str
    level: str


class ExitQuery(Paged, frozen=True):
    """Whose exits, and in what."""

    agent: Name | None = None
    instrument: Name | None = None


class OneExit(Given, frozen=True):
    """Which exit."""

    exit: Name


class NewExit(Sent, frozen=True):
    """An exit on an agent's position; `id` is your own, else the Idempotency-Key is it, else one is made."""

    agent: Name
    connection: Name
    instrument: Name
    terms: ExitTerms
    id: Name | None = None


class LegShown(Shape, frozen=True):
    """One leg of an exit, and the price at which it triggers now."""

    kind: str
    says: str
    level: Price | None
    trigger: Price | None = None
    offset: Price | None = None
    offset_bps: int | None = None
    activation: Price | None = None


class ExitRow(Shape, frozen=True):
    """One exit: what it closes, where its legs stand, and whether it is watched now."""

    exit: str
    agent: str
    client: str
    connection: str
    instrument: str
    side: Side
    order: str
    state: str
    protection: str
    protects: Quantity
    terms: ExitTerms
    says: str
    legs: tuple[LegShown, ...]
    best: Price | None
    last: Price | None
    triggered: str
    price: Price | None
    tries: int
    at: At


class NewTerms(Sent, frozen=True):
    """New terms of an exit."""

    terms: ExitTerms
