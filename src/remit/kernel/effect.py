"""Effects: what is to be done in the world, derived from records; nothing of it happens before its record is durable."""

from __future__ import annotations

from typing import Literal, Union

import msgspec


class Act(msgspec.Struct, frozen=True):
    """Send something of an order to its venue: place it, cancel it, replace it, or ask what became of it."""

    do: Literal["place", "cancel", "replace", "query"]
    order: str


class Alert(msgspec.Struct, frozen=True):
    """Tell people, loudly: a halt, an alarm."""

    code: str
    subject: str
    why: str


Effect = Union[Act, Alert]
