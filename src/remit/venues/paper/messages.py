"""What travels to and from the paper venue: request bodies, replies, unsolicited messages and the frames around them.

Everything is canonical JSON with exact numbers as decimal text. A request body is complete in itself, so that the
digest in its permit covers all of it: connection, client order id and terms.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

import msgspec

from remit.kernel.codec import decode
from remit.kernel.command import (
    Busted,
    Cancelled,
    Dividend,
    Expired,
    Filled,
    Funding,
    Holding,
    Resolve,
    SetTradingState,
    Split,
)
from remit.kernel.instrument import Mark
from remit.kernel.names import At, Currency, Name, Side
from remit.kernel.numbers import Money, Price, Quantity
from remit.kernel.order import OrderType, TimeInForce

DEAD_MAN_MAX_S = 86_400
"""A dead man that waits longer than a day guards nothing."""
Code = Literal[
    "malformed",
    "permit_unsigned",
    "permit_other_request",
    "permit_mismatch",
    "permit_expired",
    "permit_used",
    "unknown_connection",
    "unknown_instrument",
    "not_trading",
    "increments",
    "duplicate",
    "closed_by_query",
    "insufficient_funds",
    "insufficient_position",
    "never_seen",
    "order_over",
    "not_replaceable",
    "below_filled",
    "overtaken",
    "too_many_requests",
    "feed_unproven",
]
"""Why the venue refused; nothing happened at the venue."""

Said = Annotated[str, msgspec.Meta(max_length=128)]
"""A word of the venue's own that goes on into a report: a longer one would make an entry that nobody can read back."""
Status = Literal["never_seen", "working", "filled", "cancelled", "expired"]


class _Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"
):
    """One request; `at` and `nonce` come from the journal and make its bytes its own."""

    connection: Name
    at: At
    nonce: At


class Place(_Request, frozen=True, tag="place"):
    """A new order. `price` is the limit of a limit order and the protection price of a market order."""

    order: Name
    instrument: Name
    side: Side
    quantity: Quantity
    type: OrderType
    price: Price
    time_in_force: TimeInForce


class Cancel(_Request, frozen=True, tag="cancel"):
    """Take an order out of the book."""

    order: Name


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Quantity and limit price."""

    quantity: Quantity
    price: Price


class Replace(_Request, frozen=True, tag="replace"):
    """New terms of a working limit order; the quantity is the whole one, what was filled included."""

    order: Name
    terms: Terms


class Query(_Request, frozen=True, tag="query"):
    """What became of an order. The rest is for the reader of the reply: what the order is known by, and in `asked` the
    terms of a replace of unknown outcome.
    """

    order: Name
    instrument: str = ""
    side: Side | None = None
    terms: Terms | None = None
    asked: Terms | None = None


class TakeSnapshot(_Request, frozen=True, tag="snapshot"):
    """Everything the connection holds."""


class CancelAll(_Request, frozen=True, tag="cancel_all"):
    """Take every order of the connection out of the books, whoever placed it."""


class DeadMan(_Request, frozen=True, tag="dead_man"):
    """Cancel every order of the connection unless this comes again within `after_s` seconds; 0 disarms."""

    after_s: Annotated[int, msgspec.Meta(ge=0, le=DEAD_MAN_MAX_S)]


Body = Place | Cancel | Replace | Query | TakeSnapshot | CancelAll | DeadMan


# Replies


class _Reply(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="reply"
):
    """One answer to one request."""


class Accepted(_Reply, frozen=True, tag="accepted"):
    """The venue took the order; its fills come as messages."""

    order: Name
    venue_order: Said


class Refused(_Reply, frozen=True, tag="refused"):
    """The venue refused the request. `known` says whether an order of this id exists all the same."""

    order: str
    code: Code
    why: str
    known: bool = False


class Execution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fill of an order: its id, size, price, fee and instant."""

    fill: Name
    quantity: Quantity
    price: Price
    fee: Money
    at: At


class Shown(_Reply, frozen=True, tag="shown"):
    """An order as the venue knows it, with every fill."""

    order: Name
    status: Status
    venue_order: Said = ""
    instrument: Said = ""
    side: Side | None = None
    quantity: Quantity = Quantity(0)
    price: Price = Price(0)
    fills: tuple[Execution, ...] = ()


class Holdings(_Reply, frozen=True, tag="holdings"):
    """Everything a connection holds; cash includes what working orders hold. `fills` are those of the last minutes.

    This venue shows everything on one page; a page that says there are others is partial.
    """

    connection: Name
    positions: tuple[Holding, ...]
    cash: tuple[tuple[Currency, Money], ...]
    orders: tuple[Name, ...]
    fills: tuple[Filled, ...] = ()
    pages: Annotated[int, msgspec.Meta(ge=1, lt=2**31)] = 1


class Done(_Reply, frozen=True, tag="done"):
    """A request about a whole connection took effect; the orders that it ended come as messages."""

    connection: Name


Reply = Accepted | Refused | Shown | Holdings | Done


# Messages


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened without being asked for; numbered from 1 without a gap for each connection."""

    number: int
    at: At
    connection: Name
    report: Filled | Cancelled | Expired | Busted


# Frames


class _Frame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="frame"
):
    """One frame of the socket."""


class Sealed(_Frame, frozen=True, tag="sealed"):
    """A request with its permit and the guard's signature over the permit's exact bytes."""

    method: str
    path: str
    body: bytes
    permit: bytes
    signature: bytes


class Subscribe(_Frame, frozen=True, tag="subscribe"):
    """Send this connection's messages after number `after`, those of the past first, until the link ends."""

    connection: Name
    after: At = 0


Settlement = Resolve | Split | Dividend | Funding | SetTradingState


class FromFeed(_Frame, frozen=True, tag="feed"):
    """What only a feed may say, proven by its key: marks, settlements, the end of a session. Answered by `Heard`."""

    key: str
    marks: tuple[Mark, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    session_ended: bool = False


class Heard(_Frame, frozen=True, tag="heard"):
    """The feed's frame took effect."""


Frame = Sealed | Subscribe | FromFeed


def read_body(source: bytes) -> Body:
    """Return the request body that `source` spells, or raise ValueError."""
    return cast(Body, decode(cast(type, Body), source))


def read_reply(source: bytes) -> Reply:
    """Return the reply that `source` spells, or raise ValueError."""
    return cast(Reply, decode(cast(type, Reply), source))


def read_frame(source: bytes) -> Frame:
    """Return the frame that `source` spells, or raise ValueError."""
    return cast(Frame, decode(cast(type, Frame), source))
