"""What was found, in words: numbers with their units as people read them, and each finding in one plain sentence.

The one place that makes them, for the API, the page, the command line, notices and reports alike. It rounds for the
eye, away from zero; what is not zero never looks like it; and a limit and a measurement that differ are told with as
many places as it takes to see that (`told_apart`), so that no breach looks like none. Whoever computes takes the
finding itself. No sentence here has its full stop.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from remit.kernel.event import Finding
from remit.kernel.halt_words import stopped_because
from remit.kernel.numbers import NotDecimal, Quantity, div_ceil, parse, text
from remit.kernel.rules.plainly import FOUND, HERE, PLAINLY
from remit.kernel.rules.titles import TITLES
from remit.kernel.rules.unit import BPS, COUNT, FACT, NAMES, PCT, QUANTITY, RATE, RATIO, SECONDS

MONEY_PLACES = 2
PLACES = 8
SIGNIFICANT = 2
"""Digits of a number below one that are told however small it is."""
PLACES_MAX = 18
ONE = 10**18
DAY_S = 86_400
SPANS = ((DAY_S, "d"), (3600, "h"), (60, "min"), (1, "s"))
EACH = {1: "a second", 60: "a minute", 3600: "an hour", DAY_S: "a day"}
PLAIN = (COUNT.name, RATIO.name, NAMES.name, FACT.name, "text", "none", "")
"""Units that need no word beside the number."""
ENDS = ("max", "min", "pct", "bps", "s")
"""What ends of names say that a number with its unit says too."""
_RATE = re.compile(r"(-?[0-9]+) per ([0-9]+) s")
_SUBJECT = re.compile(r"\b(account|agent|client|venue|connection):(?=[^\s,;)])")
_HALT = re.compile(r"\bhalt (\S+) of (\S+) \(([a-z_]+)(?:: ([a-z_]+))?\)")
_PAUSE = re.compile(r"\bpause of ([^\s,]+)")
_FIELDS = {field: says for group in PLAINLY.values() for field, says in group.items()}


def grouped(number: str, places: int = PLACES) -> str:
    """Return decimal text with its thousands apart and at most so many places, or as many as two digits below one take;
    what is no number as it stands."""
    try:
        value = int(parse(Quantity, number))
    except NotDecimal:
        return number
    if 0 < abs(value) < ONE:
        places = max(places, PLACES_MAX - len(str(abs(value))) + SIGNIFICANT)
    step = ONE // 10 ** min(places, PLACES_MAX)
    written = text(div_ceil(abs(value), step) * step)
    whole, _, fraction = written.partition(".")
    return ("-" if value < 0 else "") + f"{int(whole):,}" + (f".{fraction}" if fraction else "")


def with_unit(value: str, unit: str, more: int = 0) -> str:
    """Return a limit or a measurement with its unit: `4,000 USD`, `250 bps (2.5 %)`, `5 min`, `10 a minute`; with so
    many `more` places than are told else."""
    rate = _RATE.fullmatch(value)
    if rate is not None:
        return f"{grouped(rate[1])} {EACH.get(int(rate[2])) or 'in ' + span(int(rate[2]))}"
    try:
        parse(Quantity, value)
    except NotDecimal:
        return "not known" if value == "missing" else value.replace("@", " ")
    if unit == SECONDS.name:
        return f"{grouped(value, more)} s" if more else span_of(value)
    if unit == BPS.name:
        share = grouped(text(int(parse(Quantity, value)) // 100), 2 + more)
        return f"{grouped(value, 2 + more)} bps ({share} %)"
    if unit == PCT.name:
        return f"{grouped(value, 2 + more)} %"
    if unit == QUANTITY.name:
        return f"{grouped(value, PLACES + more)} {'unit' if value == '1' else 'units'}"
    if unit in PLAIN or unit == RATE.name:
        return grouped(value, PLACES + more)
    return f"{grouped(value, MONEY_PLACES + more)} {unit}"


def told_apart(limit: str, actual: str, unit: str) -> tuple[str, str]:
    """Return a limit and a measurement with their unit, each with as many places as it takes to tell them apart."""
    return _apart(limit, actual, lambda value, more: with_unit(value, unit, more))


def numbers_apart(limit: str, actual: str, places: int) -> tuple[str, str]:
    """Return the same as numbers alone, with at least so many places."""
    return _apart(limit, actual, lambda value, more: grouped(value, places + more))


def _apart(limit: str, actual: str, says: Callable[[str, int], str]) -> tuple[str, str]:
    for more in range(PLACES_MAX):
        found = says(limit, more), says(actual, more)
        if found[0] != found[1] or limit == actual:
            break
    return found


def span(seconds: int) -> str:
    """Return a length of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    parts: list[tuple[int, str]] = []
    for length, unit in SPANS:
        count, seconds = divmod(seconds, length)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def span_of(seconds: str) -> str:
    """Return decimal seconds as a length of time; below a second to the thousandth."""
    whole = int(parse(Quantity, seconds)) // ONE
    return f"{grouped(seconds, 3)} s" if whole < 1 else span(whole)


def title(rule: str) -> str:
    """Return the name of a rule or of any field in words: `mark_age_max` as `oldest price`, `sent_at` as `sent at`."""
    if rule in TITLES:
        return TITLES[rule]
    parts = rule.split("_")
    while len(parts) > 1 and parts[-1] in ENDS:
        parts.pop()
    return " ".join("AI" if part == "ai" else part for part in parts)


def subject_words(subject: str) -> str:
    """Return a subject as words: `agent:momentum` as `agent momentum`, `firm` as `the firm`."""
    return "the firm" if subject == "firm" else subject.replace(":", " ", 1)


def plainly(words: str) -> str:
    """Return a text of the kernel's with its subjects, halts and pauses as words."""
    return _SUBJECT.sub(r"\1 ", _PAUSE.sub(_paused, _HALT.sub(_halted, words)))


def _halted(found: re.Match[str]) -> str:
    halt, of, cause, rule = found.groups()
    return f"{subject_words(of)} is halted because {stopped_because(cause, rule or '')} ({halt})"


def _paused(found: re.Match[str]) -> str:
    return f"a person paused {subject_words(found[1])}"


def limit_says(rule: str, limit: str, unit: str) -> str:
    """Return what a limit asks, in its plain sentence: `One order may open at most 4,000 USD`; empty for a fact."""
    return _asks(rule, with_unit(limit, unit))


def _asks(rule: str, limit: str) -> str:
    return _FIELDS.get(rule, "").removesuffix(".").replace("{limit}", limit)


def finding_says(finding: Finding) -> str:
    """Return why a rule did not hold: what it asks, whose limit that is, and what it is here."""
    rule, (limit, actual) = finding.rule, told_apart(finding.limit, finding.actual, finding.unit)
    of = "" if finding.subject == "order" else f" ({subject_words(finding.subject)})"
    own = FOUND.get(rule)
    if own is not None:
        says = own.format(limit=limit, actual=plainly(actual))
        return says if subject_words(finding.subject) in says else says + of
    asks = _asks(rule, limit)
    if not asks:
        return f"{title(rule)}: {plainly(actual)}"
    here = HERE.get(rule, "here it is {actual}") if finding.actual != "missing" else "what it is here is not known"
    return f"{asks}{of}; {here.format(actual=actual)}"
