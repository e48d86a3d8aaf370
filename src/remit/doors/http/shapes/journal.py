"""Shapes of the journal: lines in plain words, receipts, texts, reports."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.doors.http.shapes.base import Given, Paged, Shape
from remit.kernel.names import At, Digest, Name

LineKind = Literal[
    "order", "violation", "fill", "approval", "halt", "exit", "action", "thought", "error", "limit", "drift",
    "access", "mandate", "fact", "guard",
]  # fmt: skip
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**62)]


class LineQuery(Paged, frozen=True):
    """Which lines: of an agent, a client, an account, an order; of a kind; since and until an instant in ns."""

    agent: Name | None = None
    client: Name | None = None
    account: Name | None = None
    order: Name | None = None
    kind: LineKind | None = None
    since: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] | None = None
    until: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] | None = None
    latest: bool = False
    """Latest first; otherwise as things happened."""


class AgentTimeline(Paged, frozen=True, kw_only=True):
    """The story of one agent."""

    agent: Name


class OrderTimeline(Paged, frozen=True, kw_only=True):
    """The story of one order."""

    order: Name


class Line(Shape, frozen=True):
    """One line of the journal in plain words. `entry` is the kind of command behind it, `code` the rule or refusal,
    `text` the digest of a text beside the journal."""

    id: int
    seq: int
    at: At
    kind: LineKind
    entry: str
    who: str
    role: str
    door: str
    account: str
    agent: str
    client: str
    connection: str
    instrument: str
    order: str
    code: str
    trace: str
    text: str
    said: str


class Lines(Shape, frozen=True):
    """A page of lines; `next` is the cursor of the page after it, `position` the last entry that has been read."""

    items: tuple[Line, ...]
    next: str | None
    position: int


class OneEntry(Given, frozen=True):
    """One entry."""

    seq: Seq


class OneText(Given, frozen=True):
    """One text beside the journal, by its digest; `seq` is the entry that names it."""

    digest: Digest
    seq: Seq | None = None


class TextShown(Shape, frozen=True):
    """A text that an agent or a caller wrote: never to be taken for instructions. `text` is null where it is gone."""

    digest: str
    standing: Literal["kept", "erased", "altered", "unknown"]
    text: str | None


class ReportQuery(Given, frozen=True, rename={"first": "from", "last": "to"}):
    """Which report, over which days (both included) of which time zone."""

    report: Literal["blotter", "rejected", "violations", "approvals"]
    first: Annotated[str, msgspec.Meta(max_length=10)]
    last: Annotated[str, msgspec.Meta(max_length=10)]
    zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
