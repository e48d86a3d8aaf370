"""What each tool answers. Every number is text; whatever others wrote is `Untrusted`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.mcp.words import Decimal, Mode, Named, Seconds, Time, Untrusted, Whole

Verdict = Annotated[
    Literal["allow", "hold", "deny"],
    msgspec.Meta(description="allow: it goes out. hold: people must approve first. deny: nothing happens."),
]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer."""


class Finding(Row, frozen=True, kw_only=True):
    """One rule that did not hold: whose limit, how much, against what was measured."""

    rule: str
    subject: str
    verdict: Verdict
    limit: str
    actual: str
    unit: str
    retry_after_s: Seconds | None
    says: str


class Refusal(Row, frozen=True, kw_only=True):
    """Why a call did nothing, and what helps."""

    code: str
    message: str
    findings: tuple[Finding, ...]
    retryable: Annotated[bool, msgspec.Meta(description="Whether the same call may succeed later, unchanged.")]
    retry_after_s: Annotated[Seconds | None, msgspec.Meta(description="How long to wait first, where time helps.")]
    fix: str


class Answer(Row, frozen=True, kw_only=True):
    """What every answer says: in which mode, and for which agent."""

    mode: Mode
    agent: Named


class Refused(Answer, frozen=True, kw_only=True):
    """A call that did nothing."""

    refused: Refusal


class Connection(Row, frozen=True, kw_only=True):
    """One way to a venue."""

    connection: Named
    venue: Named
    ready: bool
    why: Untrusted


class Stop(Row, frozen=True, kw_only=True):
    """What keeps the agent from trading: a pause is a person's, a halt the guard's own."""

    kind: Literal["pause", "halt"]
    subject: str
    id: str
    rule: str
    at: Time
    why: Untrusted


class Account(Answer, frozen=True, kw_only=True):
    """How the agent stands."""

    account: Named
    client: Annotated[str, msgspec.Meta(description="The client it is asked through; empty for the agent itself.")]
    currency: str
    stops: tuple[Stop, ...]
    connections: tuple[Connection, ...]
    tools: tuple[str, ...]
    orders_live: Whole
    orders_today: Whole
    positions: Whole
    pnl: Decimal
    pnl_today: Decimal


class Position(Row, frozen=True, kw_only=True):
    """One position."""

    connection: Named
    instrument: Named
    quantity: Decimal
    currency: str
    cost_average: Decimal | None
    mark: Decimal | None
    value: Decimal
    unrealised: Decimal
    realised: Decimal
    buying: Decimal
    selling: Decimal


class Positions(Answer, frozen=True, kw_only=True):
    """Positions of the agent, or of the client it is asked through."""

    positions: tuple[Position, ...]


class Gauge(Row, frozen=True, kw_only=True):
    """How much of one limit is used."""

    subject: str
    rule: str
    per: str
    of: str
    limit: str
    used: str | None
    reserved: str | None
    headroom: str | None
    percent: Whole | None
    unit: str
    holds: bool
    missing: str


class PerOrder(Row, frozen=True, kw_only=True):
    """A limit that judges one order."""

    subject: str
    rule: str
    limit: str
    unit: str
    says: str


class Exposure(Answer, frozen=True, kw_only=True):
    """Limits in use, the fullest first."""

    gauges: tuple[Gauge, ...]
    per_order: tuple[PerOrder, ...]
    left_out: Whole


class Limit(Row, frozen=True, kw_only=True):
    """One limit that binds, and what decides it."""

    limit: str
    effective: str | None
    unit: str
    per: str
    decided_by: tuple[str, ...]


class Limits(Answer, frozen=True, kw_only=True):
    """What binds the agent's orders."""

    path: tuple[str, ...]
    missing: Annotated[tuple[str, ...], msgspec.Meta(description="Subjects without a mandate, which denies all.")]
    limits: tuple[Limit, ...]


class Quote(Answer, frozen=True, kw_only=True):
    """The last price that the guard knows."""

    instrument: Named
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    at: Time | None
    age_s: Seconds | None
    fit: Annotated[bool, msgspec.Meta(description="Whether orders may be judged by it.")]
    unfit: Untrusted


class Market(Row, frozen=True, kw_only=True):
    """One thing that can be traded."""

    instrument: Named
    kind: str
    venue: Named
    market: str
    category: str
    currency: str
    tick: Decimal
    lot: Decimal
    trading: str
    last: Decimal | None


class Markets(Answer, frozen=True, kw_only=True):
    """What was found."""

    markets: tuple[Market, ...]
    left_out: Whole


class Order(Row, frozen=True, kw_only=True):
    """One order."""

    order: Named
    client_order_id: Named
    connection: Named
    instrument: Named
    side: Literal["buy", "sell"]
    type: Literal["market", "limit"]
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None
    paid_average: Decimal | None
    time_in_force: str
    state: str
    exit: str
    at: Time
    changed_at: Time


class Orders(Answer, frozen=True, kw_only=True):
    """Orders, the latest first."""

    orders: tuple[Order, ...]


class OneOrder(Answer, frozen=True, kw_only=True):
    """One order as it is now."""

    order: Order


class Judged(Answer, frozen=True, kw_only=True):
    """How an order is, or would be, decided."""

    verdict: Verdict
    code: Annotated[str, msgspec.Meta(description="ok, needs_approval, or the first rule that did not hold.")]
    findings: tuple[Finding, ...]
    worth: Decimal
    currency: str
    quantity: Decimal
    worst_price: Decimal
    retryable: Annotated[bool, msgspec.Meta(description="Whether the same order may be allowed later, unchanged.")]
    retry_after_s: Seconds | None
    fix: str


class Placed(Judged, frozen=True, kw_only=True):
    """What became of an order that was placed."""

    order: Named
    client_order_id: Named
    repeated: Annotated[bool, msgspec.Meta(description="This id was decided before; that answer stands.")]
    approval_url: Annotated[str, msgspec.Meta(description="Where a person approves a held order; else empty.")]
    poll_with: Annotated[str, msgspec.Meta(description="Ask get_approval with `order` from time to time.")]
    expires_in_s: Seconds | None


class Cancelled(Answer, frozen=True, kw_only=True):
    """What became of a cancel."""

    order: Named
    state: str
    says: str


class Step(Row, frozen=True, kw_only=True):
    """One thing that happened to an order."""

    at: Time
    by: str
    event: str
    state: str
    why: Untrusted


class Explained(Answer, frozen=True, kw_only=True):
    """Why an order was decided as it was, and what happened to it since."""

    order: Named
    state: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    worth: Decimal
    currency: str
    life: tuple[Step, ...]
    complete: bool


class Approval(Answer, frozen=True, kw_only=True):
    """How it stands with the approval of one order."""

    order: Named
    state: str
    answer: Annotated[
        Literal["not_needed", "waiting", "released", "declined", "lapsed", "denied", "withdrawn"],
        msgspec.Meta(description="waiting: ask again later. All others are final."),
    ]
    needed: Whole
    approved: Whole
    expires_in_s: Seconds | None
    ask_again_in_s: Seconds | None
    approval_url: str
    why: Untrusted


class Noted(Answer, frozen=True, kw_only=True):
    """A thought was kept."""

    kept: bool


class Analysis(Answer, frozen=True, kw_only=True):
    """What a model said of a market, and what it did cost."""

    instrument: Named
    model: str
    text: Untrusted
    cost_usd: Decimal
    settled: Annotated[bool, msgspec.Meta(description="False: what was used is not known, and all reserved counts.")]
