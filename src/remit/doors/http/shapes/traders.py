"""Shapes of what only an agent or its client asks: what there is to close, and its own log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Sent, Shape
from remit.kernel.names import Name, Side
from remit.kernel.numbers import Quantity


class ClosingQuery(Given, frozen=True):
    """Which instrument, and the `id` that the closing order will have, to be told what it did if it has acted."""

    instrument: Name | None = None
    intent: Name | None = None


class Open(Shape, frozen=True):
    """An open position: the side and quantity of the order that closes it."""

    connection: str
    instrument: str
    side: Side
    quantity: Quantity


class Closing(Shape, frozen=True):
    """What there is to close; `first` is the record of the order that had this id before."""

    positions: tuple[Open, ...]
    first: dict[str, Any] | None


class Note(Sent, frozen=True):
    """What an agent adds to its own log: a thought, or an error of its own; about an order where it names one."""

    note: Literal["thought", "error"]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=16_000)]
    order: Name | None = None
