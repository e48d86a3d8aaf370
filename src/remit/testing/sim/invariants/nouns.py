"""The nouns of counting again: an order, a fill, and the instant at which an order was judged."""

from __future__ import annotations

from typing import NamedTuple

from remit.kernel.command import SetMandate
from remit.kernel.event import Decision, HaltRaised
from remit.kernel.names import Principal, subject
from remit.kernel.order import TERMINAL

Stake = tuple[str, str]
"""A connection and an instrument."""


class Counted:
    """One order: what may still trade of it, as entries, fills and ends say. `reserve` is what it must reserve."""

    __slots__ = (
        "id", "seq", "agent", "account", "client", "connection", "venue", "instrument", "side", "sign", "quantity",
        "filled", "reserve", "counted", "pending", "state", "opening", "subjects", "decision", "ended_by", "parent",
        "cash", "of_cash", "limit", "only",
    )  # fmt: skip

    id: str
    seq: int
    """The entry that let it out, or held it."""
    agent: str
    account: str
    client: str
    connection: str
    venue: str
    instrument: str
    side: str
    sign: int
    quantity: int
    filled: int
    reserve: int
    counted: int
    pending: tuple[int, int] | None
    state: str
    opening: bool
    subjects: tuple[str, ...]
    decision: Decision
    ended_by: str
    parent: str | None
    cash: int
    """What it reserved of its connection's cash when it reserved `of_cash` last."""
    of_cash: int
    limit: int
    """Its limit price; 0 for a market order."""
    only: bool
    """Whether it says that it only reduces."""

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return everything whose halt stops it."""
        return (*self.subjects, subject("venue", self.venue), subject("connection", self.connection))


class Fill(NamedTuple):
    """A fill that was booked; none of it is left where it was taken back."""

    order: str
    quantity: int
    price: int
    fee: int
    is_back: bool = False


class Proposed(NamedTuple):
    """A change that waits for a second person: who asked, on which entry's mandate, and until when."""

    body: SetMandate
    by: Principal
    number: int
    until: int


class Point(NamedTuple):
    """The instant at which an order was judged: what was proven to reduce, which stops stood, whose limits bound."""

    proven: int
    halts: tuple[HaltRaised, ...]
    pauses: tuple[str, ...]
    path: tuple[str, ...]
