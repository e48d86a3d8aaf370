"""What enters about calls of models that cost money: what one may cost before it is made, and what it did cost."""

from __future__ import annotations

from typing import Annotated

import msgspec

from remit.kernel.command.called import OptionalDigest
from remit.kernel.command.content import Content
from remit.kernel.names import Digest, Name, OptionalName, Text
from remit.kernel.numbers import Money

Tokens = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class MeterSpend(Content, frozen=True, tag="meter_spend"):
    """Reserve what a model call may cost at most, in US dollars, before it is made; None where its price is unknown.

    `seal` is the SHA-256 of a key that only whoever meters knows: with it alone the reservation is settled for less.
    `tool` is the capability that the call is made for, where it is made for one. The guard fills in who calls where the
    sender left it out.
    """

    id: Name
    provider: Name
    model: Name
    cost_max: Money | None
    seal: Digest
    agent: OptionalName = ""
    client: OptionalName = ""
    tool: OptionalName = ""


class ReportSpend(Content, frozen=True, tag="report_spend"):
    """What a model call did cost, in US dollars; None where its price is unknown.

    With the `key` of a metered call it settles that one; everything else only adds.
    """

    id: Name
    provider: Name
    model: Name
    input_tokens: Tokens
    output_tokens: Tokens
    cost: Money | None
    agent: OptionalName = ""
    client: OptionalName = ""
    key: OptionalDigest = ""


class SettleSpend(Content, frozen=True, tag="settle_spend"):
    """A person says what a model call did cost, in US dollars, whose price was unknown or whose caller never came
    back."""

    id: Name
    agent: Name
    cost: Money
    why: Text
