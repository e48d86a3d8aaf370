"""Shapes of approvals: what waits for people, what they answer, and what they confirmed ahead of time."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.http.shapes.orders import Explained
from remit.kernel.access import PREAPPROVAL_NAMES_MAX
from remit.kernel.event import Decision
from remit.kernel.names import At, Digest, Environment, Name, Side
from remit.kernel.numbers import Money, Price, Quantity
from remit.kernel.order import OrderState, OrderType

BULK_MAX = 100
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class OneHeld(Given, frozen=True):
    """Which held order."""

    order: Name


class Headroom(Shape, frozen=True):
    """The limit that is used most with the order: what is left of it when the order goes out."""

    subject: str
    rule: str
    of: str
    limit: str
    headroom: str | None
    unit: str
    percent: int


class Drifted(Shape, frozen=True):
    """How far the far side of the market moved against the order since it was proposed.

    `fresh` says whether the mark could release it where `limit_bps` (`approval_drift_max_bps`) bounds that.
    """

    since: Price = msgspec.field(name="from")
    to: Price | None
    bps: str | None
    fresh: bool
    limit_bps: int | None


class Waiting(Shape, frozen=True):
    """A held order, the worst numbers first, and who is needed. An approval names the `digest`.

    `yours_counts` says whether the caller's approval would; `bulk` whether it may be approved with others at once.
    """

    worth: Money
    currency: str
    worst_price: Price
    headroom: Headroom | None
    drift: Drifted
    order: str
    digest: str
    agent: str
    client: str
    account: str
    environment: Environment
    connection: str
    instrument: str
    category: str
    side: Side
    type: OrderType
    quantity: Quantity
    limit_price: Price | None
    exit: str
    thought: str | None
    needed: int
    quorum: int
    confirm: bool
    approved_by: tuple[str, ...]
    asked_by: str
    lineage: str
    yours_counts: bool
    bulk: bool
    age_s: int
    expires_in_s: int
    at: At
    until: At


class WaitingShown(Waiting, frozen=True, kw_only=True):
    """A held order with every rule that asks for people, in words and numbers; `seq` is the entry that proposed it,
    which names its thought."""

    findings: tuple[Explained, ...]
    seq: int


class Standing(Shape, frozen=True):
    """How it stands with the approval of an order; `why` is what was said with the answer."""

    order: str
    state: OrderState
    answer: Literal["not_needed", "waiting", "released", "declined", "lapsed", "denied", "withdrawn"]
    why: str
    needed: int
    quorum: int
    approved: int
    expires_in_s: int | None
    until: At | None


class Shown(Sent, frozen=True):
    """What the approver was shown: the digest of the order as asked, as decided, and of the mandates in force."""

    digest: Digest


class Declining(Sent, frozen=True):
    """Why it is declined, for the journal."""

    why: Why


class Answered(Shape, frozen=True):
    """What an approval led to. `denied` means judged again and denied, and is as good an answer as `released`.

    `waiting`: more people are needed. `over`: a mandate changed, or its time was up. `code` names a refusal of one
    order among several; it is empty everywhere else.
    """

    order: str
    answer: Literal["released", "waiting", "denied", "over", "refused"]
    seq: int | None
    at: At | None
    decision: Decision | None
    code: str = ""
    why: str = ""


class ShownOrder(Sent, frozen=True):
    """One of several orders, and the digest that was shown of it."""

    order: Name
    digest: Digest


class Bulk(Sent, frozen=True):
    """Orders to approve at once; each must be within `bulk_approval_max` of its mandates."""

    orders: Annotated[tuple[ShownOrder, ...], msgspec.Meta(min_length=1, max_length=BULK_MAX)]


class BulkAnswered(Shape, frozen=True):
    """What became of each, in the order in which they were sent; one that is refused keeps no other back."""

    items: tuple[Answered, ...]


# Ahead of time


class PreapprovalQuery(Paged, frozen=True):
    """Which preapprovals; with `all` those that are over, too."""

    agent: Name | None = None
    all: bool = False


Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=PREAPPROVAL_NAMES_MAX)]


class Preapproving(Sent, frozen=True):
    """What an agent, and its clients with it, may do without asking: orders worth at most `notional_max` each, and
    `total_max` together, in any of the instruments or categories, before `ends_at`.

    `id` is your own: the same id never stands for two. Without it the Idempotency-Key is the id, else one is made.
    """

    agent: Name
    notional_max: Money
    ends_at: At
    why: Why
    instruments: Names = ()
    categories: Names = ()
    total_max: Money | None = None
    id: Name | None = None


class Preapproved(Shape, frozen=True):
    """A preapproval is in force."""

    preapproval: str
    seq: int
    at: At


class OnePreapproval(Given, frozen=True):
    """Which preapproval."""

    preapproval: Name


class PreapprovalRow(Shape, frozen=True):
    """A preapproval and what is used of it. `used` counts what went out by it; no end of an order gives any back."""

    preapproval: str
    agent: str
    state: Literal["in_force", "used_up", "ended", "expired"]
    over: bool
    instruments: tuple[str, ...]
    categories: tuple[str, ...]
    notional_max: Money
    total_max: Money | None
    used: Money
    left: Money | None
    currency: str
    uses: int
    by: str
    owner: str
    why: str
    at: At
    ends_at: At
    expires_in_s: int
    ended_at: At | None
    ended_by: str
    ended_why: str
