"""Shapes of notifications: channels, what went to them, and the callbacks of approval pages."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Sent, Shape
from remit.doors.notify.channels import How
from remit.doors.notify.notice import Kind
from remit.kernel.names import At, Digest, Name, Role

ChannelName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]


class OneChannel(Given, frozen=True):
    """Which channel."""

    channel: ChannelName


class ChannelRow(Shape, frozen=True):
    """A channel, as far as it may be shown: `where` is its host or service."""

    name: str
    how: How
    where: str
    kinds: tuple[Kind, ...]
    dry: bool
    created_at: At


class NewChannel(Sent, frozen=True):
    """A webhook to add. Without `kinds` it takes what people act on; without `secret` it gets a new one."""

    name: ChannelName
    url: Annotated[str, msgspec.Meta(max_length=2_000)]
    kinds: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1, max_length=8)] | None = None
    secret: Annotated[str, msgspec.Meta(max_length=100)] = ""
    dry: bool = False


class ChannelMade(Shape, frozen=True):
    """A new channel, and the secret that its messages are signed with: it is told once."""

    channel: ChannelRow
    secret: str


class Removed(Shape, frozen=True):
    """A channel is gone, with so many notices that waited for it."""

    name: str
    waited: int


class Tested(Shape, frozen=True):
    """Whether a channel took a test; `why` where it did not."""

    delivered: bool
    why: str


class Overdue(Shape, frozen=True):
    """A halt that a channel did not take for too long, and why the last attempt failed."""

    channel: str
    at: At
    text: str
    attempts: int
    fault: str


class Standing(Shape, frozen=True):
    """How notifications stand: the last entry that was read (null before the first start), and what waits."""

    position: int | None
    channels: int
    waiting: int
    overdue: tuple[Overdue, ...]


class DeliveryQuery(Given, frozen=True):
    """Which deliveries: those that wait, those of one channel, and how many."""

    waiting: bool = False
    channel: ChannelName | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100


class DeliveryRow(Shape, frozen=True):
    """One notice to one channel: `delivered_at` is null while it waits, `fault` is why the last attempt failed."""

    id: str
    channel: str
    kind: Kind
    type: str
    seq: int
    at: At
    text: str
    attempts: int
    fault: str
    delivered_at: At | None


class OneCallback(Given, frozen=True):
    """Which callback."""

    callback: Name


class CallbackQuery(Paged, frozen=True):
    """Which callbacks: all of them, page by page."""


class CallbackRow(Shape, frozen=True):
    """The key of an approval page: whom it speaks for and until when."""

    id: str
    person: str
    role: Role
    owner: str
    issued_at: At
    over: bool
    expires_at: At | None = None


class NewCallback(Sent, frozen=True):
    """A callback key for one person, who approves and declines by it. `owner` is the person behind them."""

    person: Name
    role: Literal["operator", "owner", "approver"] = "approver"
    owner: Name | None = None
    expires_at: At | None = None


class CallbackMade(Shape, frozen=True):
    """A new callback, and the secret that its page signs with: it is told once."""

    callback: str
    secret: str
    seq: int
    at: At


class Ending(Sent, frozen=True):
    """Why."""

    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class PageData(Sent, frozen=True):
    """Which order a page answers for, as it was shown."""

    callback: Name
    order: Name
    digest: Digest
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PageAnswer(Sent, frozen=True):
    """What an approval page signs and sends."""

    type: Literal["order.approve", "order.decline"]
    data: PageData
    timestamp: Annotated[str, msgspec.Meta(max_length=64)] = ""
