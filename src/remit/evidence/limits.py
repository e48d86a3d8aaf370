"""What a mandate says, limit by limit: each as its own plain sentence, and as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import Money, text
from remit.kernel.rules.said import limit_says
from remit.kernel.rules.table import BY_NAME
from remit.kernel.rules.told import TERM_UNITS
from remit.kernel.rules.unit import MONEY

NEEDS = {"review": "a review"}
"""What a cooldown waits for that is no time, as people say it."""


def limits_of(mandate: Mandate) -> Iterator[tuple[str, str, str]]:
    """Yield each field that says something: its name, its sentence, and its value as text with all of its places.

    Money is in the subject's currency, which a mandate does not name.
    """
    for name in mandate.__struct_fields__:
        value = getattr(mandate, name)
        if value == getattr(EMPTY, name):
            continue
        limit, unit = _written(name, value)
        yield name, limit_says(name, NEEDS.get(limit, limit), unit), limit


def _written(name: str, value: Any) -> tuple[str, str]:
    rule = BY_NAME.get(name)
    if rule is not None:
        return rule.relation.limit_text(value, rule.unit), "" if rule.unit is MONEY else rule.unit.name
    if isinstance(value, Money):
        return text(value), ""
    return str(value), TERM_UNITS.get(name, "text")
