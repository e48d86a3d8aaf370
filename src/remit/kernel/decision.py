"""Decisions: what was decided of an order, and by which numbers."""

from __future__ import annotations

from typing import Literal

import msgspec

from remit.kernel.names import At
from remit.kernel.numbers import Money, Price, Quantity

VerdictName = Literal["allow", "hold", "deny"]
ALLOW, HOLD, DENY = 0, 1, 2
VERDICTS: tuple[VerdictName, ...] = ("allow", "hold", "deny")
"""In order of tightness: of several verdicts the tightest is the largest."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule that did not hold: for whom, against which limit, at which measurement, in which unit; all as text."""

    rule: str
    subject: str
    limit: str
    actual: str
    unit: str
    verdict: VerdictName = "deny"
    retry_after_s: int | None = None


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the kernel decided of an order, and everything needed to decide it again.

    `worst_price` bounds what it may trade at, `counted_price` is what a unit counts at; `worth` is the worst-case
    worth of the part that opens, in the account's currency; `reducing` is the part proven to reduce. `marks`:
    instrument, bid, ask, last, and when.
    """

    verdict: VerdictName
    order: str
    quantity: Quantity
    worst_price: Price
    counted_price: Price
    worth: Money
    currency: str
    reducing: Quantity
    findings: tuple[Finding, ...] = ()
    mandates: tuple[str, ...] = ()
    marks: tuple[tuple[str, Price, Price, Price, At], ...] = ()
