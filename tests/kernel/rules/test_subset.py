"""What a measurement may be written in, and how everything else is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from remit.kernel.rules.subset import OutsideSubset, check, larger, smaller, term
from remit.kernel.rules.tree import Arithmetic, Compare, Const, Extreme, Path

DOUBLE = 2
NOT_A_NUMBER = "two"
Half = 5


class Facts:
    """Declares what the measurements below read."""

    __slots__ = ("bare", "count", "flag", "maybe", "name", "names")

    count: int
    flag: bool
    maybe: int | None
    name: str
    names: frozenset[str]


class Sums:
    total: int


class Change:
    total: int


def _double(value: int) -> int:
    """Not marked as a term."""
    return value * 2


@term
def doubled(value: int) -> int:
    """Twice a value."""
    return value * DOUBLE


@term
def endless(order: Facts) -> int:
    """Calls itself."""
    return endless(order)


def accepted(function: Callable[..., Any]) -> Callable[..., Any]:
    ACCEPTED.append(function)
    return function


def refused(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        REFUSED.append((function, words))
        return function

    return mark


ACCEPTED: list[Callable[..., Any]] = []
REFUSED: list[tuple[Callable[..., Any], str]] = []


@accepted
def arithmetic(order: Facts, of: Sums, change: Change):
    """Plus, minus, times, negative."""
    return -order.count + of.total * DOUBLE - change.total


@accepted
def extremes(order: Facts, of: Sums, change: Change):
    """Larger and smaller."""
    return larger(order.count, smaller(of.total, 3))


@accepted
def choice(order: Facts, of: Sums, change: Change):
    """A condition over truths."""
    return order.count if order.flag and not order.count < 3 or order.name == "x" else order.maybe


@accepted
def membership(order: Facts, of: Sums, change: Change):
    """In and not in."""
    return order.name in order.names and order.name not in order.names


@accepted
def pair(order: Facts, of: Sums, change: Change):
    """Two parts."""
    return (order.count, of.total) if order.flag else (doubled(order.count), 1)


@accepted
def undeclared(order: Facts, of: Sums, change: Change):
    """A slot without a declaration is a number like any other."""
    return order.bare + 1


@refused("`order.count` is not a truth")
def number_as_truth(order: Facts, of: Sums, change: Change):
    """The trap."""
    return order.count or 0


@refused("`order.bare` is not a truth")
def undeclared_as_truth(order: Facts, of: Sums, change: Change):
    """Nobody says it is a bool."""
    return 1 if order.bare else 2


@refused("`order.count` is not a truth")
def not_of_a_number(order: Facts, of: Sums, change: Change):
    """Another trap."""
    return 1 if not order.count else 2


@refused("`None`")
def equals_none(order: Facts, of: Sums, change: Change):
    """Missing is not asked for."""
    return order.maybe == None  # noqa: E711


@refused("none with `is`")
def is_none(order: Facts, of: Sums, change: Change):
    """Missing is not asked for."""
    return order.maybe is None


@refused("FloorDiv")
def floor_division(order: Facts, of: Sums, change: Change):
    """Rounds silently."""
    return order.count // 2


@refused("Div")
def division(order: Facts, of: Sums, change: Change):
    """Makes a float."""
    return order.count / 2


@refused("`1.5`")
def floating(order: Facts, of: Sums, change: Change):
    """A float."""
    return order.count * 1.5


@refused("`True`")
def constant_truth(order: Facts, of: Sums, change: Change):
    """Always."""
    return order.flag and True


@refused("one comparison at a time")
def chained(order: Facts, of: Sums, change: Change):
    """Two comparisons."""
    return 1 < order.count < 3


@refused("is not a number")
def truth_as_number(order: Facts, of: Sums, change: Change):
    """A truth is not one."""
    return order.flag + 1


@refused("`(order.count, 2)` (Tuple)")
def pair_as_number(order: Facts, of: Sums, change: Change):
    """A pair only stands alone."""
    return 1 + (order.count, 2)


@refused("`'x'` is not a number")
def word_as_number(order: Facts, of: Sums, change: Change):
    """Words do not add up."""
    return order.name + "x"


@refused("a pair has two parts")
def triple(order: Facts, of: Sums, change: Change):
    """Three."""
    return (order.count, 1, 2)


@refused("`NOT_A_NUMBER`")
def word_constant(order: Facts, of: Sums, change: Change):
    """Not an integer."""
    return order.count + NOT_A_NUMBER


@refused("`Half`")
def variable(order: Facts, of: Sums, change: Change):
    """Not a constant by its name."""
    return order.count + Half


@refused("Facts has no typo")
def misspelt(order: Facts, of: Sums, change: Change):
    """No such fact."""
    return order.typo


@refused("`order` itself is no measurement")
def bare_root(order: Facts, of: Sums, change: Change):
    """Everything."""
    return order


@refused("does not start at order, of or change")
def other_root(order: Facts, of: Sums, change: Change):
    """A module."""
    return math.pi


@refused("a call of `_double`")
def unmarked_call(order: Facts, of: Sums, change: Change):
    """Not a term."""
    return _double(order.count)


@refused("a call of `order.names.copy`")
def method(order: Facts, of: Sums, change: Change):
    """Anything might happen in there."""
    return order.names.copy()


@refused("by position")
def keyword(order: Facts, of: Sums, change: Change):
    """Named arguments."""
    return doubled(value=order.count)


@refused("`endless` calls itself")
def recursive(order: Facts, of: Sums, change: Change):
    """No end."""
    return endless(order)


@refused("one return expression")
def statements(order: Facts, of: Sums, change: Change):
    """More than one step."""
    count = order.count
    return count  # noqa: RET504


@refused("begins with a docstring")
def silent(order: Facts, of: Sums, change: Change):
    return order.count


@refused("exactly (order, of, change)")
def other_parameters(order: Facts, of: Sums):
    """One too few."""
    return order.count


@refused("must be annotated")
def unannotated(order, of: Sums, change: Change):
    """Of what class?"""
    return order.count


@refused("Subscript")
def subscript(order: Facts, of: Sums, change: Change):
    """A look-up."""
    return order.names[0]


@refused("membership is asked of an attribute")
def members_spelt_out(order: Facts, of: Sums, change: Change):
    """A set of its own."""
    return order.name in "abc"


@pytest.mark.parametrize("function", ACCEPTED, ids=lambda function: function.__name__)
def test_the_subset_is_read(function: Callable[..., Any]) -> None:
    assert check(function) == check(function)


@pytest.mark.parametrize(("function", "words"), REFUSED, ids=lambda given: getattr(given, "__name__", ""))
def test_everything_else_is_refused_by_name(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(OutsideSubset) as refusal:
        check(function)
    assert function.__name__ in str(refusal.value) or "endless" in str(refusal.value)
    assert words in str(refusal.value)


def test_a_refusal_names_the_line() -> None:
    line = floor_division.__code__.co_firstlineno + 3
    with pytest.raises(OutsideSubset, match=rf"^floor_division, line {line}: "):
        check(floor_division)


def test_a_function_without_source_is_refused() -> None:
    made: dict[str, Any] = {"Facts": Facts, "Sums": Sums, "Change": Change}
    exec('def lost(order: Facts, of: Sums, change: Change):\n "Lost."\n return order.count', made)
    with pytest.raises(OutsideSubset, match="its source cannot be read"):
        check(made["lost"])


def test_a_tree_is_what_was_written() -> None:
    count, total = Path("order", ("count",)), Path("of", ("total",))
    assert check(extremes) == Extreme("larger", count, Extreme("smaller", total, Const(3)))
    assert check(membership).parts[0] == Compare("in", Path("order", ("name",)), Path("order", ("names",)))  # type: ignore[union-attr]
    assert check(pair).otherwise.first == Arithmetic("*", count, Const(2, "DOUBLE"))  # type: ignore[union-attr]
    assert check(choice).otherwise == Path("order", ("maybe",), is_optional=True)  # type: ignore[union-attr]
