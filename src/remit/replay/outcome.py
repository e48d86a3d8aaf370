"""What a replay found: plain data, complete in itself; `show` renders it and nothing here does."""

from __future__ import annotations

import msgspec

from remit.kernel.event import Finding
from remit.kernel.numbers import Money

ALLOWED = "(allowed)"
"""Stands for a rule where no rule had anything to say."""
NO_ACCOUNT = "(no account)"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one row: one line of the output.

    `state` is where its order ended; `state` and `order_id` are None for a row that is no order.
    """

    index: int
    verdict: str
    findings: tuple[Finding, ...]
    order_id: str | None
    state: str | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders got which first verdict; they add up to `orders`."""

    orders: int
    allowed: int
    held: int
    denied: int
    invalid: int
    halts: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Profit at the last marks, and the deepest fall from its highest mark on the way, in both lanes."""

    pnl_ordered: Money
    pnl_mandate: Money
    drawdown_ordered: Money
    drawdown_mandate: Money


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `cash_needed` is the most that its orders, as ordered, ever spent beyond what they brought in."""

    name: str
    agents: tuple[str, ...]
    currency: str
    cash: Money
    cash_needed: Money
    counts: Counts
    result: Result


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rule in one currency. `found` counts every order that it did not hold for; the counts and the result are of
    those orders for which it came first, so that they add up to the total."""

    rule: str
    currency: str
    found: int
    counts: Counts
    result: Result


class TotalLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one currency together."""

    currency: str
    counts: Counts
    result: Result


class Unmet(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that could not be measured, for want of a fact, for so many orders; they were denied.

    `lift` is empty where the rule is no limit and cannot be lifted.
    """

    rule: str
    fact: str
    orders: int
    lift: str


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """How the price that the agents saw compares with the price they are judged and filled at.

    `equal` and `different` are orders at whose instant a bar opens; `between` came while none opened and meet the last
    known price; `unpriced` came before any. `unseen` of all these carry no price.
    """

    equal: int = 0
    different: int = 0
    between: int = 0
    between_equal: int = 0
    unpriced: int = 0
    unseen: int = 0


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What was replayed, and everything that was assumed."""

    orders: int
    replayed: int
    by: str
    mandates: str
    lifted: tuple[str, ...]
    holds: str
    resume: str
    resumed: int
    resumes_refused: int
    bars: tuple[str, ...]
    resolutions: tuple[tuple[str, int, int], ...]
    """(currency, bar length in nanoseconds, instruments that have such bars)."""
    spread_bps: int
    slippage_bps: int
    last_at: int
    lacking: tuple[tuple[str, int], ...]
    """(field, how many proposed orders do not carry it)."""
    unread: tuple[tuple[str, int], ...]
    """(field of the file that nothing reads, rows that carry it)."""
    prices: Prices
    unlisted: tuple[str, ...]
    """Instruments that were ordered and have no bars."""
    refused: tuple[tuple[str, int], ...]
    """(code, orders that the venue refused as ordered)."""
    rejected: tuple[tuple[str, int], ...]
    """(code, orders that the mandate allowed and the venue refused)."""
    calendars: tuple[str, ...]
    """Calendars that were derived from the bars."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a replay found."""

    header: Header
    accounts: tuple[AccountLine, ...]
    rules: tuple[RuleLine, ...]
    totals: tuple[TotalLine, ...]
    unmet: tuple[Unmet, ...]
    verdicts: tuple[Verdict, ...]
    """In the order of the file; only of rows that were reached."""
