"""Effects: what is to be done in the world, derived from records; nothing of it happens before its record is
durable."""

from __future__ import annotations

import msgspec

from remit.kernel.permit import Action


class Act(msgspec.Struct, frozen=True):
    """Send something to a venue: place, cancel or replace an order, ask what became of it, ask what a connection holds,
    cancel everything on it, or arm or renew its dead man.

    `connection` is named where there is no order.
    """

    do: Action
    order: str
    connection: str = ""


class Alert(msgspec.Struct, frozen=True):
    """Tell people, loudly: a halt, an alarm."""

    code: str
    subject: str
    why: str


Effect = Act | Alert
