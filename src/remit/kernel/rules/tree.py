"""The syntax tree of a measurement: the few shapes that the evaluator, the prover and the sentence all read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Root = Literal["order", "of", "change"]
ROOTS: tuple[Root, ...] = ("order", "of", "change")


@dataclass(frozen=True, slots=True)
class Const:
    """An integer or a word; `name` is the constant it was written as, empty for a literal."""

    value: int | str
    name: str = ""

    is_truth = is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Path:
    """A fact: attributes from one of the roots on.

    `is_truth` when it is declared as a bool, `is_optional` when it is declared as possibly None. Any fact may turn out
    to be missing; the declaration only says which ones are worth expecting.
    """

    root: Root
    names: tuple[str, ...]
    is_truth: bool = False
    is_optional: bool = False

    is_pair = False
    may_be_pair = True

    def __str__(self) -> str:
        return ".".join((self.root, *self.names))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """left `operator` right, with + - or *."""

    operator: str
    left: Tree
    right: Tree

    is_truth = is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with its sign turned."""

    operand: Tree

    is_truth = is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Extreme:
    """The larger or the smaller of two."""

    which: Literal["larger", "smaller"]
    left: Tree
    right: Tree

    is_truth = is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Compare:
    """left `operator` right, with < <= > >= == != in or not in."""

    operator: str
    left: Tree
    right: Tree

    is_truth = True
    is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Logic:
    """Truths joined by `and` or by `or`, read from the left and no further than needed."""

    operator: Literal["and", "or"]
    parts: tuple[Tree, ...]

    is_truth = True
    is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth."""

    operand: Tree

    is_truth = True
    is_pair = may_be_pair = False


@dataclass(frozen=True, slots=True)
class Choice:
    """`then` where `test` is true, else `otherwise`; only the one that is chosen is measured."""

    test: Tree
    then: Tree
    otherwise: Tree

    @property
    def is_truth(self) -> bool:
        return self.then.is_truth and self.otherwise.is_truth

    @property
    def is_pair(self) -> bool:
        return self.then.is_pair or self.otherwise.is_pair

    @property
    def may_be_pair(self) -> bool:
        return self.then.may_be_pair and self.otherwise.may_be_pair


@dataclass(frozen=True, slots=True)
class Pair:
    """Two measurements that only mean something together: a fraction, or what is asked of what there is."""

    first: Tree
    second: Tree

    is_truth = False
    is_pair = may_be_pair = True


Tree = Const | Path | Arithmetic | Negative | Extreme | Compare | Logic | Not | Choice | Pair


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the parts of a tree, in the order they are written."""
    match tree:
        case Arithmetic() | Extreme() | Compare():
            return (tree.left, tree.right)
        case Negative() | Not():
            return (tree.operand,)
        case Logic():
            return tree.parts
        case Choice():
            return (tree.test, tree.then, tree.otherwise)
        case Pair():
            return (tree.first, tree.second)
        case _:
            return ()


def paths(tree: Tree) -> Iterator[Path]:
    """Yield every fact a tree reads, as often as it is written."""
    if isinstance(tree, Path):
        yield tree
    for child in children(tree):
        yield from paths(child)


def needed(tree: Tree) -> Iterator[Path]:
    """Yield the facts a tree reads whatever the others are: not those behind a condition."""
    match tree:
        case Path():
            yield tree
        case Choice(test):
            yield from needed(test)
        case Logic(parts=parts):
            yield from needed(parts[0])
        case _:
            for child in children(tree):
                yield from needed(child)


def roots(tree: Tree) -> set[str]:
    """Return which of order, of and change a tree reads."""
    return {path.root for path in paths(tree)}


def without_order(tree: Tree) -> Tree:
    """Return the tree with every number of the change replaced by zero."""
    match tree:
        case Path(root="change", is_truth=False):
            return Const(0)
        case Arithmetic(operator, left, right):
            return _plain_sum(operator, without_order(left), without_order(right))
        case Extreme(which, left, right):
            return Extreme(which, without_order(left), without_order(right))
        case Compare(operator, left, right):
            return Compare(operator, without_order(left), without_order(right))
        case Negative(operand):
            return Negative(without_order(operand))
        case Not(operand):
            return Not(without_order(operand))
        case Logic(operator, parts):
            return Logic(operator, tuple(without_order(part) for part in parts))
        case Choice(test, then, otherwise):
            return Choice(without_order(test), without_order(then), without_order(otherwise))
        case Pair(first, second):
            return Pair(without_order(first), without_order(second))
        case _:
            return tree


_ZERO = Const(0)


def _plain_sum(operator: str, left: Tree, right: Tree) -> Tree:
    """Leave out the zeros, so that a measurement at rest costs no more than it must."""
    if operator in "+-" and right == _ZERO:
        return left
    if operator == "+" and left == _ZERO:
        return right
    return Arithmetic(operator, left, right)
