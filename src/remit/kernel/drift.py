"""Drift: where a venue's own account of a connection differs from the book, and how bad that is."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from remit.kernel.codec import encode
from remit.kernel.names import At, Name
from remit.kernel.numbers import Quantity

Kind = Literal["position", "cash", "order"]
Bucket = Literal["in_transit", "small", "large"]


class Drift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference, as the last round found it.

    `book` is what the book holds with every difference that a person kept, `venue` what the venue shows: a quantity of
    an instrument, an amount of a currency, or of an order 1 where it works and 0 where it does not. `since` is when it
    was first seen, `rounds` how many rounds it was there without anything in transit to explain it.
    """

    item: Name
    kind: Kind
    book: Quantity
    venue: Quantity
    since: At
    rounds: int = 0
    bucket: Bucket
    why: str = ""

    @property
    def difference(self) -> int:
        """How much more the venue shows than the book."""
        return self.venue - self.book

    @property
    def is_decidable(self) -> bool:
        """Whether a person can say who is right; what is in transit arrives, or grows old."""
        return self.bucket != "in_transit"


def digest_of(drifts: tuple[Drift, ...]) -> str:
    """Return what names these differences, as 12 hexadecimal digits: the items and both sides of those that are to be
    decided. Another round that finds the same has the same; empty where nothing is to be decided."""
    decided = sorted((drift.kind, drift.item, drift.book, drift.venue) for drift in drifts if drift.is_decidable)
    return hashlib.sha256(encode(decided)).hexdigest()[:12] if decided else ""


class Fill(msgspec.Struct, frozen=True, array_like=True):
    """A fill that was booked: for which order, how much, at what price and fee, and when the book moved.

    One of quantity zero never moved the book: the venue took it back before it was heard of.
    """

    order: str
    quantity: int
    price: int
    fee: int
    at: int
    busted: bool = False
    profit: int = 0
    """What it closed of its account's stake: price times quantity, at scale 10^-36."""
