"""What the client answers with: frozen records with exact decimals, read from the guard's plain JSON.

A number is a `decimal.Decimal`, a time whole nanoseconds since the epoch in UTC. What the guard says beyond these
fields is left out; `ask` of a client gives all of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

Verdict = Literal["allow", "hold", "deny"]


class Noun(msgspec.Struct, frozen=True):
    """One thing as it was answered."""


class Finding(Noun, frozen=True):
    """One rule that did not hold: for whom, against which limit, at which measurement; `sentence` where it was
    asked for."""

    rule: str
    subject: str
    limit: str
    actual: str
    unit: str
    verdict: Verdict = "deny"
    retry_after_s: int | None = None
    sentence: str = ""

    def __str__(self) -> str:
        if self.unit == "fact" or self.limit in ("", "none"):
            return f"{self.rule} of {self.subject}: {self.actual}"
        return f"{self.rule} of {self.subject}: {self.actual} against {self.limit} {self.unit}".rstrip()


class Decision(Noun, frozen=True):
    """What was decided of an order: `verdict`, and every rule that did not hold.

    `quantity` may be less than was asked for where the order said to be cut down. `worth` is the worst case of what
    opens, in `currency`. `repeated` says that this intent was decided before, and that this is that answer.
    """

    verdict: Verdict
    order: str
    quantity: Decimal
    worst_price: Decimal
    worth: Decimal
    currency: str
    reducing: Decimal
    findings: tuple[Finding, ...] = ()
    intent: str = ""
    repeated: bool = False

    @property
    def is_allowed(self) -> bool:
        return self.verdict == "allow"

    @property
    def retry_after_s(self) -> int | None:
        """How long to wait where time alone may help, else None: the same order again would be denied again."""
        denials = [finding.retry_after_s for finding in self.findings if finding.verdict == "deny"]
        waits = [wait for wait in denials if wait is not None]
        return max(waits) if waits and len(waits) == len(denials) else None

    @property
    def why(self) -> str:
        """Every rule that did not hold, in one line; empty for what was allowed."""
        return "; ".join(str(finding) for finding in self.findings)


class Approval(Noun, frozen=True):
    """How an order stands with its approval. `answer` is not_needed, waiting, released, declined, lapsed, denied
    (judged again at release) or withdrawn; `why` is what was said with it."""

    order: str
    state: str
    answer: str
    why: str = ""
    needed: int = 0
    expires_in_s: int | None = None

    @property
    def waits(self) -> bool:
        return self.answer == "waiting"


class Account(Noun, frozen=True):
    """Who a token stands for and what it acts through."""

    name: str
    role: str
    owner: str = ""
    agent: str = ""
    account: str = ""
    environment: str = ""
    connections: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


class Order(Noun, frozen=True):
    """One order: its terms, its state, how far it has filled. An order that was denied has `state` denied."""

    order: str
    intent: str
    agent: str
    connection: str
    instrument: str
    side: Literal["buy", "sell"]
    type: str
    quantity: Decimal
    filled: Decimal
    state: str
    worst_price: Decimal
    worth: Decimal
    currency: str
    at: int
    changed_at: int
    client: str = ""
    limit_price: Decimal | None = None
    paid_average: Decimal | None = None
    exit: str = ""
    time_in_force: str = "day"


class Explanation(Order, frozen=True, kw_only=True):
    """One order with why it was so decided: each finding with the sentence of its rule."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


class Position(Noun, frozen=True):
    """What is held of one instrument through one connection; `buying` and `selling` are under way."""

    subject: str
    connection: str
    instrument: str
    quantity: Decimal
    currency: str
    value: Decimal
    unrealised: Decimal
    realised: Decimal
    buying: Decimal
    selling: Decimal
    mark: Decimal | None = None
    cost_average: Decimal | None = None
    protection: str = ""


class Gauge(Noun, frozen=True):
    """One limit with how much of it is used and reserved, and how much is left."""

    rule: str
    subject: str
    limit: str
    used: str
    unit: str
    of: str = ""
    reserved: str | None = None
    headroom: str | None = None
    percent: int | None = None
    holds: bool = True
    sentence: str = ""


class Limit(Noun, frozen=True):
    """One limit that binds an agent's orders: the effective value and whose it is."""

    limit: str
    effective: str | list[str] | dict[str, Any] | None
    unit: str
    per: str
    decides: tuple[str, ...] = ()


class Quote(Noun, frozen=True):
    """The last price of an instrument that the guard judges by. `unfit` says why it is not to be trusted now."""

    instrument: str
    last: Decimal
    at: int
    bid: Decimal | None = None
    ask: Decimal | None = None
    age_s: int = 0
    unfit: str = ""


class Market(Noun, frozen=True):
    """One instrument that the guard knows."""

    name: str
    kind: str
    venue: str
    currency: str
    tick: Decimal
    lot: Decimal
    category: str = ""
    market: str = ""


# Threads that share a client may read a noun at the same time, each for the first time: msgspec must know it by then.
for _noun in Noun.__subclasses__():
    msgspec.json.Decoder(_noun)
