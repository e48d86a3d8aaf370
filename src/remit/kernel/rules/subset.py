"""The subset of Python a measurement is written in: read once from its source, refused loudly when it is anything else.

    def net_exposure_max(order: Facts, of: Sums, change: Change) -> int:
        \"\"\"What it measures.\"\"\"
        return larger(of.long + change.long, of.short + change.short)

A docstring and one return. Attributes of order, of and change; integer and text constants; + - * and the minus sign;
single comparisons, `in` and `not in`; and, or, not over truths; conditional expressions; a tuple of two as the whole
result; `larger`, `smaller`, and calls of other such functions marked `@term`. A truth is a comparison or an attribute
declared as bool: a number is never one, because `0` and "nobody told us" must not look alike.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from remit.kernel.rules.tree import (
    ROOTS,
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
    Root,
    Tree,
)

Measurement = TypeVar("Measurement", bound=Callable[..., Any])

ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in",
}


class OutsideSubset(TypeError):
    """Raised for a measurement that is not written in the subset; names the function, the line and the construct."""


def larger(a: int, b: int) -> int:
    """Return the larger of two numbers."""
    return a if a > b else b


def smaller(a: int, b: int) -> int:
    """Return the smaller of two numbers."""
    return a if a < b else b


_terms: set[Callable[..., Any]] = set()


def term(function: Measurement) -> Measurement:
    """Mark a function as a part that measurements may call; it is read like one and takes its place in theirs."""
    _terms.add(function)
    return function


def check(function: Callable[..., Any]) -> Tree:
    """Return the syntax tree of a measurement, every term in its place, or raise OutsideSubset.

    The parameters are order, of and change, annotated with the classes whose attributes they have.
    """
    if tuple(inspect.signature(function).parameters) != ROOTS:
        raise OutsideSubset(f"{function.__name__}: a measurement takes exactly (order, of, change)")
    kinds = _annotations(function)
    return _Reader(function, {root: _Rooted(root, kinds[root]) for root in ROOTS}, ()).read()


class _Rooted:
    """One of the three parameters, and the class it is declared as."""

    __slots__ = ("kind", "root")

    def __init__(self, root: Root, kind: Any) -> None:
        self.root = root
        self.kind = kind


class _Reader:
    """Reads one function; `names` says what stands for each of its parameters."""

    def __init__(
        self, function: Callable[..., Any], names: dict[str, Tree | _Rooted], callers: tuple[Callable[..., Any], ...]
    ) -> None:
        self.function = function
        self.names = names
        self.callers = (*callers, function)
        self.globals: dict[str, Any] = getattr(function, "__globals__", {})

    def refuse(self, node: ast.AST, construct: str) -> OutsideSubset:
        first: int = self.function.__code__.co_firstlineno
        line = first + getattr(node, "lineno", 1) - 1
        return OutsideSubset(f"{self.function.__name__}, line {line}: {construct}")

    def read(self) -> Tree:
        """Return the tree of the one expression the function returns."""
        try:
            definition = ast.parse(textwrap.dedent(inspect.getsource(self.function))).body[0]
        except (OSError, TypeError, SyntaxError) as fault:
            raise OutsideSubset(f"{self.function.__name__}: its source cannot be read ({fault})") from fault
        if not isinstance(definition, ast.FunctionDef):
            raise self.refuse(definition, "a measurement is a plain function")
        body = definition.body
        if ast.get_docstring(definition) is None:
            raise self.refuse(body[0], "a measurement begins with a docstring that says what it measures")
        if len(body) != 2 or not isinstance(body[1], ast.Return) or body[1].value is None:
            raise self.refuse(body[-1], "a measurement is a docstring and one return expression")
        return self.result(body[1].value)

    def result(self, node: ast.expr) -> Tree:
        """Read what may be the whole measurement: also a pair, or a choice between pairs."""
        if isinstance(node, ast.Tuple):
            if len(node.elts) != 2:
                raise self.refuse(node, f"a tuple of {len(node.elts)}; a pair has two parts")
            return Pair(self.number(node.elts[0]), self.number(node.elts[1]))
        if isinstance(node, ast.IfExp):
            return Choice(self.truth(node.test), self.result(node.body), self.result(node.orelse))
        return self.expression(node)

    def expression(self, node: ast.expr) -> Tree:
        match node:
            case ast.Attribute():
                return self.path(node)
            case ast.Name():
                return self.name(node)
            case ast.Constant(value=int() | str() as value) if not isinstance(value, bool):
                return Const(value)
            case ast.UnaryOp(op=ast.USub()):
                return Negative(self.number(node.operand))
            case ast.UnaryOp(op=ast.Not()):
                return Not(self.truth(node.operand))
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                return Arithmetic(ARITHMETIC[type(node.op)], self.number(node.left), self.number(node.right))
            case ast.BoolOp():
                parts = tuple(self.truth(part) for part in node.values)
                return Logic("and" if isinstance(node.op, ast.And) else "or", parts)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp():
                return Choice(self.truth(node.test), self.expression(node.body), self.expression(node.orelse))
            case ast.Call():
                return self.call(node)
        construct = type(getattr(node, "op", node)).__name__
        raise self.refuse(node, f"`{ast.unparse(node)}` ({construct}) is outside the subset")

    def number(self, node: ast.expr) -> Tree:
        """Read an operand of arithmetic or of an ordering: never a truth, a pair or a word."""
        tree = self.expression(node)
        if tree.is_truth or tree.is_pair or (isinstance(tree, Const) and isinstance(tree.value, str)):
            raise self.refuse(node, f"`{ast.unparse(node)}` is not a number")
        return tree

    def truth(self, node: ast.expr) -> Tree:
        """Read what is asked for its truth: a comparison, truths joined, or an attribute declared as bool."""
        tree = self.expression(node)
        if not tree.is_truth:
            raise self.refuse(node, f"`{ast.unparse(node)}` is not a truth: compare it, or declare it as bool")
        return tree

    def comparison(self, node: ast.Compare) -> Tree:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            raise self.refuse(node, f"`{ast.unparse(node)}`: one comparison at a time, and none with `is`")
        operator, right = COMPARISONS[type(node.ops[0])], node.comparators[0]
        if operator in ("in", "not in"):
            collection = self.expression(right)
            if not isinstance(collection, Path) or collection.is_truth:
                raise self.refuse(right, f"`{ast.unparse(right)}`: membership is asked of an attribute")
            return Compare(operator, self.member(node.left), collection)
        read = self.member if operator in ("==", "!=") else self.number
        return Compare(operator, read(node.left), read(right))

    def member(self, node: ast.expr) -> Tree:
        """Read a number or a word."""
        tree = self.expression(node)
        if tree.is_truth or tree.is_pair:
            raise self.refuse(node, f"`{ast.unparse(node)}` is neither a number nor a word")
        return tree

    def name(self, node: ast.Name) -> Tree:
        if node.id in self.names:
            known = self.names[node.id]
            if isinstance(known, _Rooted):
                raise self.refuse(node, f"`{node.id}` itself is no measurement; name an attribute")
            return known
        value = self.globals.get(node.id)
        if not node.id.isupper() or type(value) is not int:
            raise self.refuse(node, f"`{node.id}` is not an integer constant of the module")
        return Const(value, node.id)

    def path(self, node: ast.Attribute) -> Tree:
        names: list[str] = []
        start: ast.expr = node
        while isinstance(start, ast.Attribute):
            names.insert(0, start.attr)
            start = start.value
        rooted = self.names.get(start.id) if isinstance(start, ast.Name) else None
        if not isinstance(rooted, _Rooted):
            raise self.refuse(node, f"`{ast.unparse(node)}` does not start at order, of or change")
        kind, may_be_none = rooted.kind, False
        for name in names:
            declared = _attribute(kind, name)
            if declared is None:
                raise self.refuse(node, f"`{ast.unparse(node)}`: {getattr(kind, '__name__', kind)} has no {name}")
            kind, may_be_none = declared
        return Path(rooted.root, tuple(names), kind is bool, may_be_none)

    def call(self, node: ast.Call) -> Tree:
        called = self.globals.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.refuse(node, f"`{ast.unparse(node)}`: arguments are given by position")
        if called is larger or called is smaller:
            if len(node.args) != 2:
                raise self.refuse(node, f"`{ast.unparse(node)}` takes two numbers")
            which: Literal["larger", "smaller"] = "larger" if called is larger else "smaller"
            return Extreme(which, self.number(node.args[0]), self.number(node.args[1]))
        if not isinstance(called, types.FunctionType) or called not in _terms:
            raise self.refuse(node, f"a call of `{ast.unparse(node.func)}`, which is not marked @term")
        if called in self.callers:
            raise self.refuse(node, f"`{called.__name__}` calls itself")
        parameters = tuple(inspect.signature(called).parameters)
        if len(parameters) != len(node.args):
            raise self.refuse(node, f"`{called.__name__}` takes {len(parameters)} arguments")
        given = dict(zip(parameters, (self.argument(argument) for argument in node.args), strict=True))
        return _Reader(called, given, self.callers).read()

    def argument(self, node: ast.expr) -> Tree | _Rooted:
        if isinstance(node, ast.Name) and isinstance(self.names.get(node.id), _Rooted):
            return self.names[node.id]
        return self.expression(node)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        kinds = typing.get_type_hints(function)
    except NameError as unknown:
        raise OutsideSubset(f"{function.__name__}: {unknown}; its annotations must be importable") from unknown
    for root in ROOTS:
        if not isinstance(kinds.get(root), type):
            raise OutsideSubset(f"{function.__name__}: `{root}` must be annotated with the class it is of")
    return kinds


def _attribute(kind: Any, name: str) -> tuple[Any, bool] | None:
    """Return what a class declares an attribute as and whether it may be None; None where it has no such attribute.

    An attribute that is only named in `__slots__` is Any: a number as good as another, but never a truth.
    """
    if kind is Any:
        return Any, False
    if not isinstance(kind, type) or not (name in _hints(kind) or hasattr(kind, name)):
        return None
    declared = _hints(kind).get(name, Any)
    found = getattr(kind, name, None)
    if isinstance(found, property) and found.fget is not None:
        declared = typing.get_type_hints(found.fget).get("return", Any)
    union = typing.get_origin(declared) in (typing.Union, types.UnionType)
    options = typing.get_args(declared) if union else (declared,)
    given = [option for option in options if option is not type(None)]
    return given[0] if len(given) == 1 else declared, len(given) < len(options)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
