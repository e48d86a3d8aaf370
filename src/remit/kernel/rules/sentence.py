"""Sentences: what a rule asks, in plain English, from the tree that judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remit.kernel.rules.glossary import GLOSSARY
from remit.kernel.rules.rule import EVERY, OPENING, REDUCING, TOTAL, Rule
from remit.kernel.rules.tree import (
    Arithmetic,
    Choice,
    Compare,
    Const,
    Extreme,
    Logic,
    Negative,
    Not,
    Pair,
    Path,
    Tree,
)
from remit.kernel.rules.unit import BPS, CASH, MONEY, PCT, QUANTITY, SECONDS

SHOWN = {BPS: "bps", PCT: "percent", SECONDS: "seconds", QUANTITY: "units", CASH: "in the instrument's currency"}
LANES = {EVERY: "an order", OPENING: "an order that increases risk", REDUCING: "a reduction"}
OPERATORS = {"+": "plus", "-": "less", "*": "times"}
COMPARISONS = {
    "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least", "==": "is", "!=": "is not",
    "in": "is among", "not in": "is not among",
}


def sentence(rule: Rule, limit: Any, currency: str, glossary: Mapping[str, str] = GLOSSARY) -> str:
    """Return what a rule asks under `limit`, as one sentence. Raises KeyError for a fact without a phrase."""
    relation = rule.relation
    measured = _pair(rule, glossary) if relation.wants_pair else phrase(rule.tree, glossary)
    asked = relation.phrase.format(l=relation.limit_text(limit, rule.unit))
    if "{l}" in relation.phrase:
        shown = currency if rule.unit is MONEY else SHOWN.get(rule.unit, "")
        asked = f"{asked} {shown}".rstrip()
    of = " of an agent" if rule.agents_only else ""
    where = "" if rule.per == TOTAL else f", counted per {rule.per}"
    worse = ", unless the order does not raise it" if rule.worsens else ""
    return f"For {LANES[rule.lane]}{of}{where}: {measured} {asked}{worse}."


def phrase(tree: Tree, glossary: Mapping[str, str]) -> str:
    """Return a measurement in words. Raises KeyError for a fact that the glossary does not speak of."""
    def words(part: Tree) -> str:
        return phrase(part, glossary)

    match tree:
        case Const(value):
            return str(value)
        case Path():
            return glossary[str(tree)]
        case Arithmetic(operator, left, right):
            return f"{words(left)} {OPERATORS[operator]} {_grouped(right, words(right))}"
        case Negative(operand):
            return f"minus {_grouped(operand, words(operand))}"
        case Extreme(which, left, right):
            return f"the {which} of {words(left)}, and {words(right)},"
        case Compare(operator, left, right):
            return f"{words(left)} {COMPARISONS[operator]} {words(right)}"
        case Logic(operator, parts):
            return f" {operator} ".join(words(part) for part in parts)
        case Not(operand):
            return f"not ({words(operand)})"
        case Choice(test, then, otherwise):
            return f"{words(then)} where {words(test)}, otherwise {words(otherwise)},"
        case Pair(first, second):
            return f"{words(first)} as a share of {words(second)}"


def _grouped(tree: Tree, words: str) -> str:
    return f"({words})" if isinstance(tree, (Arithmetic, Choice)) else words


def _pair(rule: Rule, glossary: Mapping[str, str]) -> str:
    """Return a pair in words: as a share where the relation has a limit of its own, else what must be at most what."""
    if rule.relation.bound_text is None or not isinstance(rule.tree, Pair):
        return phrase(rule.tree, glossary)
    return f"{phrase(rule.tree.first, glossary)}, against {phrase(rule.tree.second, glossary)},"
