"""Words: numbers, orders, findings and differences as people read them, in one plain sentence each."""

from __future__ import annotations

from datetime import UTC, datetime

from remit.kernel.drift import Drift
from remit.kernel.event import Finding
from remit.kernel.exit_words import terms_words
from remit.kernel.names import split_subject
from remit.kernel.numbers import SCALE, NotDecimal, Quantity, parse, text
from remit.kernel.order import OrderIntent
from remit.kernel.rules.said import finding_says, grouped, numbers_apart, title

PLACES = 2
PLAIN_UNITS = ("count", "quantity", "ratio", "rate")
"""Units that need no word beside the number."""
FACTS = {"self_match": "would trade with our own order {}"}
"""Facts whose measurement is a mere name."""


def shown(number: str) -> str:
    """Return decimal text as people write it: thousands apart, at most two places, rounded towards zero."""
    try:
        value = parse(Quantity, number)
    except NotDecimal:
        return number
    return money(value)


def whole(number: str) -> str:
    """Return decimal text without its places, for where there is no room."""
    return shown(number).partition(".")[0]


def money(value: int) -> str:
    """Return a scaled number as people write it: thousands apart, at most two places, rounded towards zero."""
    step = SCALE // 10**PLACES
    whole, fraction = divmod(abs(value) // step, 10**PLACES)
    sign = "-" if value < 0 and (whole or fraction) else ""
    return f"{sign}{whole:,}" + (f".{fraction:02d}" if fraction else "")


def figure(value: int, places: int = 8) -> str:
    """Return a scaled quantity or price as people write it: thousands apart, all of its places up to so many."""
    return grouped(text(value), places)


def at_words(at: int) -> str:
    """Return nanoseconds since the epoch as a time in UTC, to the second: `2026-11-21 14:05:00 UTC`."""
    try:
        return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(at)


def order_words(intent: OrderIntent) -> str:
    """Return what an intent asks for: `buy 15 AAPL`, with its limit and its exit where it has them."""
    limit = "" if intent.limit_price is None else f" at {figure(intent.limit_price)}"
    bracket = "" if intent.exit is None else f", {terms_words(intent.exit)}"
    return f"{intent.side} {figure(intent.quantity)} {intent.instrument}{limit}{bracket}"


def drift_words(drift: Drift) -> str:
    """Return one difference between book and venue."""
    said = money if drift.kind == "cash" else figure
    return f"{drift.kind} {drift.item}: book {said(drift.book)}, venue {said(drift.venue)} ({title(drift.bucket)})"


def reason(finding: Finding) -> str:
    """Return why a rule did not hold, with its numbers: one short sentence."""
    whose = "" if finding.subject == "order" else f" ({_whose(finding.subject)})"
    if finding.unit == "fact" or finding.limit in ("none", ""):
        return f"{finding.rule}: {FACTS.get(finding.rule, '{}').format(finding.actual)}"
    if finding.unit == "names":
        return f"{finding.rule}: {finding.actual}; limit {finding.limit}{whose}"
    unit = "" if finding.unit in PLAIN_UNITS else f" {finding.unit}"
    bound = "from" if finding.verdict == "hold" else "at least" if finding.rule.endswith("_min") else "limit"
    limit, actual = numbers_apart(finding.limit, finding.actual, PLACES)
    return f"{finding.rule}: {actual}{unit}, {bound} {limit}{whose}"


def limit_words(rule: str, limit: str, actual: str) -> str:
    """Return how a limit stands, where there is little room: `daily_loss_max at 570, limit 500`."""
    limit, actual = numbers_apart(limit, actual, PLACES)
    return f"{rule} at {actual}, limit {limit}"


def _whose(subject: str) -> str:
    scope, name = split_subject(subject)
    return scope if scope == "firm" else f"{scope} {name}"


def reasons(findings: tuple[Finding, ...]) -> str:
    """Return the first reason in full and the names of the other rules that did not hold."""
    if not findings:
        return ""
    others = list(dict.fromkeys(finding.rule for finding in findings[1:] if finding.rule != findings[0].rule))
    return reason(findings[0]) + (f"; also {', '.join(others)}" if others else "")


def denial_words(findings: tuple[Finding, ...]) -> str:
    """Return why an order was denied: the first reason in its sentence, and the names of what else did not hold."""
    if not findings:
        return ""
    others = list(dict.fromkeys(title(finding.rule) for finding in findings[1:] if finding.rule != findings[0].rule))
    return finding_says(findings[0]) + (f". Also against it: {', '.join(others)}" if others else "")
