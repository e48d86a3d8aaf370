"""What every shape is made of, and the answers that many endpoints share."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from remit.kernel.names import At

Row = TypeVar("Row")


class Sent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The parent of what is sent: an unknown field is an error."""


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The parent of the parameters in a path and a query: an unknown one is an error."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The parent of what is answered. A later version may add fields."""


class Paged(Given, frozen=True):
    """The parent of the parameters of a list: how many rows, and after which."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200
    cursor: Annotated[str, msgspec.Meta(max_length=600)] | None = None
    """The `next` of the page before."""


class Items(Shape, Generic[Row], frozen=True):
    """A page of a list; `next` is the cursor of the page after it, or null at the end."""

    items: tuple[Row, ...]
    next: str | None


class Entered(Shape, frozen=True):
    """A command entered and took effect: its place in the journal, when, and everything that followed from it."""

    seq: int
    at: At
    events: tuple[dict[str, Any], ...]
