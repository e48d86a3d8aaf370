"""Drawing facts, sums, changes and mandates at random, with holes in them."""

from __future__ import annotations

import types
import typing
from typing import Any

from hypothesis import strategies as st

from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import NANOSECONDS, SCALE
from remit.kernel.rules.rule import Rule

NAMES = ("AAA", "BBB", "buy", "sell", "limit", "market")
SECOND = NANOSECONDS
numbers = st.one_of(
    st.integers(-4, 12), st.sampled_from((SECOND, 3 * SECOND, 61 * SECOND, SCALE, 5 * SCALE)),
    st.integers(-(10**24), 10**24),
)
HOLE = object()


def value(kind: Any) -> st.SearchStrategy[Any]:
    """Draw a value of a declared kind, leaving out None."""
    if kind is int:
        return numbers
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.sampled_from(("", *NAMES))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return value(next(option for option in arguments if option is not type(None)))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(value(argument) for argument in arguments))
    if origin in (tuple, frozenset):
        drawn = st.lists(st.sampled_from(NAMES), max_size=3, unique=True)
        return drawn.map(tuple) if origin is tuple else drawn.map(frozenset)
    return thing(kind, 0)


@st.composite
def thing(draw: st.DrawFn, kind: type, holes: int) -> Any:
    """Draw an object with the attributes a class declares; up to `holes` of them are None or not there at all."""
    made = types.SimpleNamespace()
    hints = typing.get_type_hints(kind)
    given = {name: draw(value(hint)) for name, hint in hints.items() if hint is not kind}
    for name in draw(st.lists(st.sampled_from(sorted(given)), max_size=holes, unique=True)) if holes else ():
        given[name] = draw(st.sampled_from((None, HOLE)))
    for name, found in given.items():
        if found is not HOLE:
            setattr(made, name, found)
    for name, hint in hints.items():
        if hint is kind:
            setattr(made, name, made)
    for name in vars(kind):
        if isinstance(vars(kind)[name], property):
            getter = vars(kind)[name].fget
            try:
                setattr(made, name, getter(made))
            except (AttributeError, TypeError):
                continue
    return made


def limit(rule: Rule) -> st.SearchStrategy[Any]:
    """Draw a limit of the kind that a rule's relation compares to."""
    field = typing.get_type_hints(Mandate)[rule.name]
    kind = next(option for option in typing.get_args(field) if option is not type(None))
    if rule.relation.name in ("within", "outside", "covers"):
        names = {"sides_allowed": NAMES[2:4], "order_types_allowed": NAMES[4:]}.get(rule.name, NAMES[:3])
        return st.lists(st.sampled_from(names), max_size=3, unique=True).map(lambda drawn: tuple(sorted(drawn)))
    if rule.relation.name == "unless_blocked":
        return st.sampled_from(("blocked", "allowed"))
    if rule.relation.name in ("when_required", "fits"):
        return st.sampled_from(("required", "waived"))
    if rule.relation.name == "rate_within":
        return st.builds(Rate, count=st.integers(1, 9), per_s=st.integers(1, 60))
    return st.one_of(st.integers(0, 12), st.sampled_from((20, 500, SCALE))).map(kind if kind.__class__ is type else int)


@st.composite
def mandate(draw: st.DrawFn, rules: tuple[Rule, ...]) -> Mandate:
    """Draw a mandate that sets some of the limits that these rules read."""
    limits = [rule for rule in rules if not rule.standing]
    chosen = draw(st.lists(st.sampled_from(limits), max_size=8, unique=True)) if limits else []
    fields = {rule.name: draw(limit(rule)) for rule in chosen}
    if "quorum_notional_min" in fields:
        fields["approval_quorum"] = 1
    return Mandate(**fields)
