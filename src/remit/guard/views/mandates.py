"""Views of mandates: what is in force, what was before, and what holds for one path in sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.guard.views.looking import Looking, Unknown
from remit.kernel.codec import plain
from remit.kernel.loosening import EXPIRY
from remit.kernel.mandate import EMPTY, LIMITS, TERMS, MandateVersion
from remit.kernel.numbers import Money
from remit.kernel.rules.compile import COMPANIONS
from remit.kernel.rules.table import BY_NAME
from remit.kernel.rules.told import TERM_UNITS
from remit.kernel.rules.unit import COUNT, MONEY, limit_written
from remit.kernel.state import Subject

Rows = list[dict[str, Any]]


def mandates(looking: Looking) -> Rows:
    """The mandate in force of each subject, or that it has none, which denies."""
    return [_shown(of, looking.at) for of in _readable(looking)]


def history(looking: Looking) -> Rows:
    """Every version of the subjects' mandates, oldest first, each with what it changed."""
    rows = []
    for of in _readable(looking):
        before: dict[str, Any] = {}
        for version in looking.state.history.get(of.written, ()):
            after = plain(version.mandate) | ({} if version.expires_at is None else {EXPIRY: version.expires_at})
            changed = {
                field: [before.get(field), after.get(field)]
                for field in sorted({*before, *after})
                if before.get(field) != after.get(field)
            }
            rows.append({**_version(version), "changed": changed})
            before = after
    return rows


def _readable(looking: Looking) -> list[Subject]:
    """Return the subjects whose mandates may be read: traders and owners read those that bind them."""
    written = looking.word("subject")
    if looking.sees_all:
        return looking.subjects(written)
    bound = [looking.state.subjects["firm"], *looking.subjects(None)] if looking.owner else list(looking.path())
    chosen = [of for of in bound if written in (None, of.written)]
    if not chosen:
        raise Unknown(f"{written} is not known", "See `remit mandate show`")
    return chosen


def _shown(of: Subject, at: int) -> dict[str, Any]:
    version = of.version
    if version is None:
        return {"subject": of.written, "number": None, "mandate": None, "in_force": False, "currency": of.currency}
    return {**_version(version), "in_force": version.expires_at is None or at < version.expires_at}


def _version(version: MandateVersion) -> dict[str, Any]:
    return {"expires_at": None, "preset": "", "currency": "USD", **plain(version)}


def effective(looking: Looking) -> dict[str, Any]:
    """What binds the orders of an agent (through a client): each limit with every value on its path, and the effective.

    Every value is judged on its own subject's measurement; the effective one is a summary for people, and None where
    amounts are of different currencies. `terms` say how things are counted, what nobody set by its default.
    """
    path = looking.path(looking.word("agent") or "", looking.word("client") or "")
    return {
        "path": [of.written for of in path],
        "missing": [of.written for of in path if of.version is None],
        "limits": [row for field in LIMITS if (row := _limit(path, field)) is not None],
        "terms": [_term(path, field) for field in TERMS],
    }


def _term(path: tuple[Subject, ...], field: str) -> dict[str, Any]:
    """Return how something is counted on a path: a mandate that does not say it counts as the default."""
    default, sum_up = getattr(EMPTY, field), SUMMED.get(field)
    found = [(of, getattr(of.version.mandate, field)) for of in path if of.version is not None]
    spoken = [value for _, value in found if value is not None]
    comparable = not isinstance(next(iter(spoken), None), Money) or len({of.currency for of, _ in found}) == 1
    bound = sum_up(spoken) if sum_up is not None and spoken and comparable else None
    unit = TERM_UNITS.get(field, "text")
    return {
        "term": field,
        "effective": plain(bound),
        "unit": path[0].currency if unit == "money" and comparable else unit,
        "together": sum_up is not None,
        "from": [{"subject": of.written, "value": plain(value), "is_set": value != default} for of, value in found],
        "decides": [of.written for of, value in found if bound is not None and value == bound],
    }


def _strictest(words: list[str]) -> str:
    return "required" if "required" in words else "waived"


SUMMED: dict[str, Callable[[Any], Any]] = {
    "haircut_bps": max, "approval_expiry_s": min, "bulk_approval_max": min, "second_person": _strictest,
}  # fmt: skip
"""Terms that a path has one of in sum; a day and a cooldown are each subject's own."""


def _limit(path: tuple[Subject, ...], field: str) -> dict[str, Any] | None:
    rule = BY_NAME[COMPANIONS.get(field, field)]
    companion = field in COMPANIONS
    found: list[tuple[Subject, Any]] = []
    for of in path:
        value = None if of.version is None else getattr(of.version.mandate, field)
        if value is not None and of.scope in rule.scopes and (companion or rule.relation.binds(value)):
            found.append((of, value))
    if not found:
        return None
    values = [value for _, value in found]
    comparable = not isinstance(values[0], Money) or len({of.currency for of, _ in found}) == 1
    bound = (max(values) if companion else rule.relation.view(values)) if comparable else None
    unit = COUNT if companion else rule.unit
    return {
        "limit": field,
        "effective": None if bound is None else limit_written(bound, unit),
        "unit": found[0][0].currency if unit is MONEY and comparable else unit.name,
        "per": "total" if companion else rule.per,
        "from": [{"subject": of.written, "value": limit_written(value, unit)} for of, value in found],
        "decides": [of.written for of, value in found if value == bound],
    }
