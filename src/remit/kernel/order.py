"""Orders: what is proposed, how it lives, and the table of its transitions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.exit import ExitTerms
from remit.kernel.names import At, Digest, Environment, Name, Side
from remit.kernel.numbers import Price, Quantity, Ratio

OrderType = Literal["market", "limit"]
TimeInForce = Literal["day", "gtc", "ioc"]
ReduceMode = Literal["any", "only", "clip"]


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An order somebody proposes. `id` is the proposer's own: the same id never acts twice.

    `reduce`: `any` is an ordinary order; `only` is refused beyond the position; `clip` is cut down to the position.
    `slippage_bps` is the worst price a market order accepts, as a distance from the far touch.
    """

    id: Name
    agent: Name
    connection: Name
    instrument: Name
    side: Side
    quantity: Quantity
    created_at: At
    type: OrderType = "limit"
    limit_price: Price | None = None
    time_in_force: TimeInForce = "day"
    reduce: ReduceMode = "any"
    slippage_bps: Annotated[int, msgspec.Meta(ge=0, lt=10_000)] | None = None
    confidence: Ratio | None = None
    parent: Name | None = None
    environment: Environment | None = None
    thought: Digest | None = None
    """The digest of the free text in the side store; the kernel never reads the text."""
    exit: ExitTerms | None = None
    """A bracket: the exit that protects whatever of this order fills."""

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise ValueError("quantity must be above zero")
        if self.type == "limit" and (self.limit_price is None or self.limit_price <= 0):
            raise ValueError("a limit order needs a limit_price above zero; at the market it is of the type market")
        if self.type == "market" and self.limit_price is not None:
            raise ValueError("a market order takes no limit_price; say slippage_bps to bound its price")
        if self.confidence is not None and not 0 <= self.confidence <= 10**18:
            raise ValueError("confidence must lie between 0 and 1")


OrderState = Literal[
    "denied",
    "held",
    "declined",
    "lapsed",
    "allowed",
    "sent",
    "acked",
    "rejected",
    "unknown",
    "partial",
    "pending_replace",
    "pending_cancel",
    "filled",
    "cancelled",
    "expired",
]
"""`allowed` is reserved and journalled, not yet known to be sent; `lapsed` is a hold nobody answered in time."""

TERMINAL: frozenset[str] = frozenset({"denied", "declined", "lapsed", "rejected", "filled", "cancelled", "expired"})
WORKING: frozenset[str] = frozenset(
    {"allowed", "sent", "acked", "unknown", "partial", "pending_replace", "pending_cancel"}
)
"""States of an order that may still trade; these and `held` reserve in full."""

Signal = Literal[
    "approve",
    "refuse",
    "decline",
    "lapse",
    "send",
    "ack",
    "reject",
    "lose",
    "fill",
    "complete",
    "ask_cancel",
    "refuse_cancel",
    "cancel",
    "expire",
    "ask_replace",
    "replace",
    "refuse_replace",
]

_LIVE_REPORTS: dict[str, str] = {
    "fill": "partial",
    "complete": "filled",
    "cancel": "cancelled",
    "expire": "expired",
    "lose": "unknown",
}
_LATE_FILLS: dict[str, str] = {"fill": "filled", "complete": "filled"}
"""A fill after the end moves the book and raises an alarm; the order then counts as filled as far as it went."""

_LATE_ANSWERS: dict[str, str] = {"replace": "acked", "refuse_replace": "acked"}
"""The answer to a replace may come after its outcome was given up as unknown; it counts while new terms are pending."""

TRANSITIONS: dict[str, dict[str, str]] = {
    "held": {"approve": "allowed", "refuse": "denied", "decline": "declined", "lapse": "lapsed", "cancel": "cancelled"},
    "allowed": {**_LIVE_REPORTS, "send": "sent", "ack": "acked", "reject": "rejected", "ask_cancel": "pending_cancel"},
    "sent": {**_LIVE_REPORTS, "ack": "acked", "reject": "rejected", "ask_cancel": "pending_cancel"},
    "acked": {
        **_LIVE_REPORTS,
        **_LATE_ANSWERS,
        "ack": "acked",
        "ask_cancel": "pending_cancel",
        "ask_replace": "pending_replace",
    },
    "partial": {
        **_LIVE_REPORTS,
        **_LATE_ANSWERS,
        "ack": "partial",
        "ask_cancel": "pending_cancel",
        "ask_replace": "pending_replace",
    },
    "unknown": {
        **_LIVE_REPORTS,
        **_LATE_ANSWERS,
        "ack": "acked",
        "reject": "rejected",
        "ask_cancel": "pending_cancel",
    },
    "pending_replace": {
        **_LIVE_REPORTS,
        "fill": "pending_replace",
        "ack": "pending_replace",
        **_LATE_ANSWERS,
        "ask_cancel": "pending_cancel",
    },
    "pending_cancel": {
        **_LIVE_REPORTS,
        "fill": "pending_cancel",
        "ack": "pending_cancel",
        "reject": "rejected",
        "refuse_cancel": "acked",
        "ask_cancel": "pending_cancel",
        "lose": "pending_cancel",
        "replace": "pending_cancel",
        "refuse_replace": "pending_cancel",
    },
    "denied": {},
    "declined": {},
    "lapsed": {},
    "rejected": dict(_LATE_FILLS),
    "filled": dict(_LATE_FILLS),
    "cancelled": dict(_LATE_FILLS),
    "expired": dict(_LATE_FILLS),
}


def transition(state: str, signal: Signal) -> str | None:
    """Return the state that follows, or None where the signal changes nothing in this state."""
    return TRANSITIONS[state].get(signal)


def fill_key(connection: str, fill: str) -> str:
    """Return what one fill is known by: a name holds no bar, so no two fills of two connections are one."""
    return f"{connection}|{fill}"


class Order:
    """One order of the book: its terms, its state, and what it still reserves.

    `worst_price` bounds what it may trade at; `counted_price` is what a unit of it counts at, a short no less than the
    market.
    """

    __slots__ = (
        "id",
        "intent",
        "agent",
        "account",
        "client",
        "connection",
        "venue",
        "instrument",
        "side",
        "type",
        "quantity",
        "limit_price",
        "worst_price",
        "counted_price",
        "time_in_force",
        "parent",
        "state",
        "filled",
        "opening",
        "reserved",
        "cash",
        "cash_currency",
        "at",
        "until",
        "quorum",
        "confirm",
        "approvals",
        "asked_by",
        "lineage",
        "digest",
        "mandates",
        "venue_order",
        "pending",
        "paid",
        "fees",
        "changed_at",
        "by_person",
        "by_hand",
        "fills",
        "touch",
    )

    id: str
    intent: OrderIntent
    agent: str
    account: str
    client: str
    connection: str
    venue: str
    instrument: str
    side: str
    type: str
    quantity: int
    limit_price: int | None
    worst_price: int
    counted_price: int
    time_in_force: str
    parent: str | None
    state: str
    filled: int
    opening: bool
    reserved: int
    """Quantity that still reserves."""
    cash: int
    """Cash still reserved, in `cash_currency`."""
    cash_currency: str
    at: int
    until: int
    """When a hold lapses."""
    quorum: int
    """Approvals needed from outside the requester's lineage."""
    confirm: bool
    """Whether any authorised person must confirm."""
    approvals: tuple[str, ...]
    asked_by: str
    lineage: str
    digest: str
    mandates: tuple[str, ...]
    venue_order: str
    pending: tuple[int, int] | None
    """Quantity and limit price asked of the venue and not yet confirmed."""
    paid: int
    fees: int
    changed_at: int
    by_person: bool
    by_hand: bool
    """Whether a person or the guard itself asked: what such an order reduces, no stop keeps back."""
    fills: list[str]
    """Keys of the fills that were booked for it."""
    touch: int
    """The price on the far side of the market when it was proposed: what a drift is measured from. 0 for none."""

    @property
    def by_guard(self) -> bool:
        """Whether the guard itself asked, to close a position."""
        return self.by_hand and not self.by_person

    @property
    def remaining(self) -> int:
        """What may still fill: never below zero, even where the venue filled more than was asked."""
        return max(self.quantity - self.filled, 0)

    @property
    def needed(self) -> int:
        """How many more people must approve it, as it is held; 0 where nobody."""
        outside = sum(person != self.lineage for person in self.approvals)
        return max(self.quorum - outside, int(self.confirm and not self.approvals))

    @property
    def is_terminal(self) -> bool:
        """Whether it is over; a late fill may still come."""
        return self.state in TERMINAL
