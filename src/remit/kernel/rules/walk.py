"""Measuring by walking the tree: slow, strict, and what the generated evaluator is held against."""

from __future__ import annotations

from typing import Any

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


class Missing(Exception):
    """Raised where a measurement needs a fact that nobody gave; names the fact."""


def measure(tree: Tree, order: Any, of: Any, change: Any) -> Any:
    """Return what a tree measures: a number, a word, a collection, a truth or a pair of these.

    Raises Missing where it reads None, and where a truth is neither true nor false.
    """
    match tree:
        case Const(value):
            return value
        case Path():
            return _fact(tree, {"order": order, "of": of, "change": change}[tree.root])
        case Pair(first, second):
            return measure(first, order, of, change), measure(second, order, of, change)
        case Choice(test, then, otherwise):
            return measure(then if _truth(test, order, of, change) else otherwise, order, of, change)
        case Logic("and", parts):
            return all(_truth(part, order, of, change) for part in parts)
        case Logic(_, parts):
            return any(_truth(part, order, of, change) for part in parts)
        case Not(operand):
            return not _truth(operand, order, of, change)
        case Negative(operand):
            return -measure(operand, order, of, change)
    left, right = measure(tree.left, order, of, change), measure(tree.right, order, of, change)
    match tree:
        case Arithmetic(operator):
            return _calculated(operator, left, right)
        case Extreme(which):
            return left if (left > right if which == "larger" else left < right) else right
        case Compare(operator):
            return _compared(operator, left, right)


def _fact(path: Path, value: Any) -> Any:
    for name in path.names:
        value = getattr(value, name)
        if value is None:
            raise Missing(str(path))
    return value


def _truth(tree: Tree, order: Any, of: Any, change: Any) -> bool:
    found = measure(tree, order, of, change)
    if found is True or found is False:
        return found
    raise Missing(f"{tree} is neither true nor false")


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if operator == "+":
        return left + right
    return left - right if operator == "-" else left * right


def _compared(operator: str, left: Any, right: Any) -> bool:
    match operator:
        case "<":
            found = left < right
        case "<=":
            found = left <= right
        case ">":
            found = left > right
        case ">=":
            found = left >= right
        case "==":
            found = left == right
        case "!=":
            found = left != right
        case "in":
            found = left in right
        case _:
            found = left not in right
    return bool(found)
