"""Shapes of orders: what is proposed, what was decided, and how an order lives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.kernel.event import Decision, VerdictName
from remit.kernel.exit import ExitTerms
from remit.kernel.names import At, Environment, Name, Principal, Side
from remit.kernel.numbers import Money, Price, Quantity, Ratio
from remit.kernel.order import OrderState, OrderType, ReduceMode, TimeInForce

Thought = Annotated[str, msgspec.Meta(max_length=16_000)]


class PlaceOrder(Sent, frozen=True):
    """An order to propose.

    `id` is your own: the same id never acts twice; without it the Idempotency-Key is the id, else one is made. An
    agent's or client's token need not say the `agent`, and nobody the `connection` where the agent has only one.
    Without a `limit_price` it is a market order, as through every other door; a `type` that is said must fit.
    `thought` is free text, kept erasable beside the journal.
    """

    instrument: Name
    side: Side
    quantity: Quantity
    type: OrderType | None = None
    limit_price: Price | None = None
    time_in_force: TimeInForce = "day"
    reduce: ReduceMode = "any"
    slippage_bps: Annotated[int, msgspec.Meta(ge=0, lt=10_000)] | None = None
    confidence: Ratio | None = None
    parent: Name | None = None
    environment: Environment | None = None
    exit: ExitTerms | None = None
    id: Name | None = None
    agent: Name | None = None
    connection: Name | None = None
    created_at: At | None = None
    thought: Thought = ""


class Previewing(Given, frozen=True):
    """Whether to say only what would be decided: `?preview=true`, or `?preview` alone."""

    preview: Literal["", "true", "false"] = "false"


class OneOrder(Given, frozen=True):
    """Which order."""

    order: Name


class Terms(Sent, frozen=True):
    """New terms of a working order: the new quantity in all, what has filled included, and the new limit price."""

    quantity: Quantity
    limit_price: Price
    id: Name | None = None


class CancelMany(Sent, frozen=True):
    """Which orders to cancel: all live ones that the caller may see, or those of an agent or in an instrument."""

    agent: Name | None = None
    instrument: Name | None = None


class Cancelled(Shape, frozen=True):
    """What became of each: `asked` orders are cancelled or being cancelled at their venues, the others were over."""

    asked: tuple[str, ...]
    refused: tuple[CancelRefused, ...]


class CancelRefused(Shape, frozen=True):
    """An order that was not cancelled, and why."""

    order: str
    code: str
    why: str


class Decided(Shape, frozen=True):
    """What was decided of an order; `deny` is as good an answer as `allow`. `seq` is the journal's entry.

    `repeated` says that this intent was decided before: this is the first answer, and nothing acted twice. A hold
    waits for people until `until`. `order` is null in a preview, which changes nothing and has no entry.
    """

    verdict: VerdictName
    order: str | None
    seq: int | None
    at: At | None
    repeated: bool
    preview: bool
    until: At | None
    decision: Decision


class OrderQuery(Paged, frozen=True):
    """Which orders; denied ones are in the journal alone, and `state=denied` reads its latest stretch."""

    agent: Name | None = None
    client: Name | None = None
    instrument: Name | None = None
    state: OrderState | None = None
    live: bool | None = None


class OrderRow(Shape, frozen=True):
    """One order: its terms, its state, and what is left of it in its account's currency."""

    order: str
    intent: str
    agent: str
    client: str
    connection: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Quantity
    filled: Quantity
    limit_price: Price | None
    worst_price: Price
    paid_average: Price | None
    time_in_force: TimeInForce
    exit: str
    state: OrderState
    opening: bool
    worth: Money
    currency: str
    at: At
    changed_at: At
    rule: str = ""


class Explained(Shape, frozen=True):
    """One rule that did not hold, in words and numbers: `plain` is one sentence for anybody, `sentence` what the rule
    asks word by word."""

    rule: str
    subject: str
    limit: str
    actual: str
    unit: str
    verdict: VerdictName
    retry_after_s: int | None
    plain: str
    sentence: str
    doc: str = ""


class Moment(Shape, frozen=True):
    """One entry of the journal that moved an order."""

    seq: int
    at: At
    by: str
    kind: str
    event: str
    state: str
    details: dict[str, Any] = {}


class OrderShown(OrderRow, frozen=True, kw_only=True):
    """One order from its proposal on. The reasons are left out where the caller's agent may not ask for them."""

    by: Principal
    closes: str
    thought: str | None
    verdict: VerdictName
    decision: Decision | None = None
    findings: tuple[Explained, ...] = ()
    life: tuple[Moment, ...] = ()
    complete: bool = True
