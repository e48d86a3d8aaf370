"""What enters from venues: reports of orders and of what a connection holds, and the questions to them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.command.content import Content
from remit.kernel.names import Currency, Name, Text
from remit.kernel.numbers import Money, Price, Quantity

PARTS_MAX = 1_000
"""Parts that one account of a connection may come in."""


class Ask(Content, frozen=True, tag="ask"):
    """Ask a venue: what became of an order, or, without one, everything that a connection holds."""

    connection: Name
    order: str = ""


class Sent(Content, frozen=True, tag="sent"):
    """The request of an order left the guard."""

    order: Name


class Unencodable(Content, frozen=True, tag="unencodable"):
    """The venue's codec could not express the order: a definitive refusal before anything was sent."""

    order: Name
    why: Text


class Withdrawn(Content, frozen=True, tag="withdrawn"):
    """The request of an order never left the guard: a stop came first."""

    order: Name
    why: Text


class Acked(Content, frozen=True, tag="acked"):
    """The venue works the order."""

    order: Name
    venue_order: str = ""


class Rejected(Content, frozen=True, tag="rejected"):
    """The venue refused definitively: the order never worked and never will."""

    order: Name
    code: Text


class Lost(Content, frozen=True, tag="lost"):
    """The outcome of a request is not known: timeout, broken link, a reply that makes no sense."""

    order: Name
    why: Text


class Filled(Content, frozen=True, tag="filled"):
    """The venue executed part of an order. `fill` is the venue's own id: the same one counts once."""

    order: Name
    fill: Name
    quantity: Quantity
    price: Price
    fee: Money = Money(0)


class Cancelled(Content, frozen=True, tag="cancelled"):
    """The venue says the order is over with no further fill."""

    order: Name


class Expired(Content, frozen=True, tag="expired"):
    """The venue says the order ran out."""

    order: Name


class CancelRefused(Content, frozen=True, tag="cancel_refused"):
    """The venue did not cancel; the order goes on."""

    order: Name
    code: Text


class Replaced(Content, frozen=True, tag="replaced"):
    """The venue works the order on its new terms."""

    order: Name


class ReplaceRefused(Content, frozen=True, tag="replace_refused"):
    """The venue kept the old terms."""

    order: Name
    code: Text


class External(Content, frozen=True, tag="external"):
    """A venue shows an order or a fill that this guard never made."""

    connection: Name
    what: Text


class Holding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One position as a venue shows it."""

    instrument: Name
    quantity: Quantity


class Reconciled(Content, frozen=True, tag="reconciled"):
    """What a connection's venue holds: every position, cash by currency, and the ids of the orders it works.

    An account too large for one entry comes in `parts`, one after the other, and counts with the last. `asked` is the
    sequence number of the entry that asked for it: one asked for before its connection came into doubt is none.
    """

    connection: Name
    positions: tuple[Holding, ...]
    cash: tuple[tuple[Currency, Money], ...]
    orders: tuple[Name, ...]
    part: Annotated[int, msgspec.Meta(ge=1, le=PARTS_MAX)] = 1
    parts: Annotated[int, msgspec.Meta(ge=1, le=PARTS_MAX)] = 1
    asked: Annotated[int, msgspec.Meta(ge=0)] = 0


class NoData(Content, frozen=True, tag="no_data"):
    """A venue's own account of a connection was not to be had, or only in part: nothing follows from that, least of
    all that the connection holds nothing."""

    connection: Name
    why: Text


class Busted(Content, frozen=True, tag="busted"):
    """The venue took a fill back."""

    order: Name
    fill: Name


class Adopt(Content, frozen=True, tag="adopt"):
    """A person decides what is true where book and venue differ.

    `venue`: the book is corrected to what the venue shows. `book`: the book stays, and the difference is remembered as
    kept. `agent` says whose a corrected position is where the book does not tell. `shown` is the digest of the
    differences that the person looked at (`drift.digest_of`): other ones are not decided by it. Empty stands for those
    of the last round.
    """

    connection: Name
    truth: Literal["venue", "book"]
    why: Text
    agent: str = ""
    shown: Annotated[str, msgspec.Meta(max_length=64)] = ""
