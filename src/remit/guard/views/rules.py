"""The view of rules: every field of a mandate and every fact always checked, in words and with what it takes."""

from __future__ import annotations

import functools
import inspect
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.decide import SLIPPAGE_BPS
from remit.kernel.gather import MARK_AGE_CEILING_NS
from remit.kernel.mandate import EMPTY, Mandate, Rate
from remit.kernel.names import MANDATE_SCOPES, Zone
from remit.kernel.numbers import NANOSECONDS, Money, Quantity, Ratio
from remit.kernel.rules.compile import COMPANIONS
from remit.kernel.rules.plainly import FACT, PLAINLY, UNSET
from remit.kernel.rules.rule import TOTAL, Rule
from remit.kernel.rules.said import with_unit
from remit.kernel.rules.sentence import sentence
from remit.kernel.rules.table import BY_NAME, RULES
from remit.kernel.rules.titles import TITLES
from remit.kernel.rules.told import LANES, TERM_UNITS, breach_of, conditions_of

Rows = list[dict[str, Any]]

NOTHING = "Nothing is bounded by it."
_SLIPPAGE = with_unit(str(SLIPPAGE_BPS), "bps")
BOUNDS = {"slippage": _SLIPPAGE, "mark_age": with_unit(str(MARK_AGE_CEILING_NS // NANOSECONDS), "seconds")}
"""What bounds an order where no mandate does."""
_AMOUNTS: dict[Any, str] = {Money: "money", Quantity: "quantity", Ratio: "ratio", Rate: "rate"}
_HINTS = get_type_hints(Mandate, include_extras=True)


def rules(looking: Looking) -> Rows:
    """Every field of a mandate, grouped as people look for them, and then what no mandate can switch off.

    `plain` is one sentence with `{limit}` for the limit and its unit; `exactly` is what is measured, word by word.
    `input` says what a value is written as: money, quantity, ratio, whole, rate, names (of `choices` where there are
    some), word (one of `choices`), wait (whole seconds, or one of `choices`), zone; none of a fact.
    A field that is not set counts as its `default`, where it has one; else `unset` says what holds then.
    """
    return _all()


@functools.cache
def _all() -> Rows:
    fields = [_field(group, field, says) for group, found in PLAINLY.items() for field, says in found.items()]
    return [*fields, *(_fact(rule) for rule in RULES if rule.standing)]


def _field(group: str, field: str, says: str) -> dict[str, Any]:
    rule = BY_NAME.get(field)
    reader = rule or BY_NAME.get(COMPANIONS.get(field, ""))
    told = {
        "rule": field,
        "title": TITLES[field],
        "kind": "term" if rule is None else "limit",
        "group": group,
        "plain": says,
        "per": TOTAL if rule is None else rule.per,
        "unit": TERM_UNITS.get(field, "text") if rule is None else rule.unit.name,
        "scopes": list(MANDATE_SCOPES if reader is None else reader.scopes),
        "default": plain(getattr(EMPTY, field)),
        "unset": UNSET.get(field, NOTHING if getattr(EMPTY, field) is None else "").format_map(BOUNDS),
        "together": next((pair for one in COMPANIONS.items() if field in one for pair in one if pair != field), ""),
        "doc": f"docs/rules.md#{'terms' if rule is None else field}",
    }
    return {**told, **taken(_HINTS[field]), **_meaning(rule)}


def _fact(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "title": TITLES[rule.name],
        "kind": "fact",
        "group": FACT,
        "plain": " ".join((inspect.getdoc(rule.measure) or "").split()),
        "per": rule.per,
        "unit": rule.unit.name,
        "scopes": [],
        "default": None,
        "unset": "",
        "together": "",
        "doc": f"docs/rules.md#{rule.name}",
        "input": "none",
        "low": None,
        "high": None,
        "choices": [],
        **_meaning(rule),
    }


def _meaning(rule: Rule | None) -> dict[str, Any]:
    """What is measured, when, and what follows; of a term nothing, since it judges no order."""
    if rule is None:
        return {"measures": "", "exactly": "", "asked_of": "", "on_breach": "", "only": []}
    limit = rule.limit if rule.standing else "the limit"
    return {
        "measures": " ".join((inspect.getdoc(rule.measure) or "").split()),
        "exactly": sentence(rule, limit, ""),
        "asked_of": LANES[rule.lane],
        "on_breach": breach_of(rule),
        "only": conditions_of(rule),
    }


def taken(hint: Any) -> dict[str, Any]:
    """Return what a field of a mandate takes: its `input`, the bounds of a whole number, and the words it may be."""
    parts = [part for part in _parts(hint) if part is not type(None)]
    for kind, name in _AMOUNTS.items():
        if any(_base(part) is kind for part in parts):
            return _input(name)
    if hint is Zone:
        return _input("zone")
    words = [str(word) for part in parts if get_origin(part) is not tuple for word in get_args(part)]
    members = next((get_args(part)[0] for part in parts if get_origin(part) is tuple), None)
    if members is not None:
        return _input("names", choices=[str(word) for word in _words(members)])
    whole = next((part for part in parts if _base(part) is int), None)
    if whole is None:
        return _input("word", choices=sorted(words))
    choices = sorted(str(word) for part in parts if part is not whole for word in _words(part))
    return {**_input("wait" if choices else "whole", choices=choices), **_bounds(whole)}


def _input(name: str, choices: list[str] | None = None) -> dict[str, Any]:
    return {"input": name, "low": None, "high": None, "choices": choices or []}


def _parts(hint: Any) -> tuple[Any, ...]:
    """The types that a hint allows; one that stands alone, or is bounded, is its own only part."""
    return (hint,) if hasattr(hint, "__metadata__") or not _is_union(hint) else get_args(hint)


def _is_union(hint: Any) -> bool:
    inside = get_args(hint)
    return type(None) in inside or any(hasattr(part, "__metadata__") for part in inside)


def _base(hint: Any) -> Any:
    return getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint


def _words(hint: Any) -> tuple[Any, ...]:
    """The words of a literal; none of anything else."""
    return tuple(word for word in get_args(hint) if isinstance(word, str)) if not hasattr(hint, "__metadata__") else ()


def _bounds(hint: Any) -> dict[str, Any]:
    meta = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, msgspec.Meta)]
    return {"low": next((one.ge for one in meta), None), "high": next((one.le for one in meta), None)}
