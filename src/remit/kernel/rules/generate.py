"""Generating: one straight Python function from many measurements, for as long as their mandates are in force.

What it finds is what the walk finds. Where a fact is missing in a way it does not expect, it raises: the walk decides.
The source is built from checked trees, from integers and from names made here: nothing a user wrote ever enters it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple, NoReturn

from remit.kernel.level import BACK_PCT, NEAR_PCT
from remit.kernel.rules.relation import NOTHING
from remit.kernel.rules.rule import EVERY, OPENING, PERS, Rule
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
    needed,
    paths,
)
from remit.kernel.rules.walk import Missing


class Line(NamedTuple):
    """One limit in force: the rule, the level on the path it binds, the limit as the mandate has it and as compared."""

    rule: Rule
    level: int
    limit: Any
    ready: Any


class Generated(NamedTuple):
    """A function made from lines, and its source for whoever wants to read it."""

    check: Callable[..., Any]
    source: str


class _Slot(NamedTuple):
    """Where one line is judged: its number, and what the sums and the change of its level are called."""

    number: int
    line: Line
    of: str
    change: str


def generate(lines: Sequence[Line]) -> Generated:
    """Return `check(order, sums, changes)`: the indices of lines that do not hold, in order, or None when all hold."""
    slots = [
        _Slot(index, line, f"of_{line.level * len(PERS) + PERS.index(line.rule.per)}", f"change_{line.level}")
        for index, line in enumerate(lines)
    ]
    blocks = [(block, tuple(group)) for block, group in groupby(sorted(slots, key=_block), key=_block)]
    writer = _Writer(path_text(path, slot) for slot in slots for path in _read(slot.line.rule))
    writer.head("def check(order, sums, changes):")
    for name, asked in (("opening", any(block[0] for block, _ in blocks)), ("by_agent", any(b[1] for b, _ in blocks))):
        if asked:
            writer.write(1, f"{name} = order.{name}", f"if {name} is not True and {name} is not False: unclear()")
    for block, group in blocks:
        writer.block(block, group)
    return writer.made("sorted(out) if out else None")


CALM, SETTLING, NEAR, OVER = 0, 1, 2, 3
"""The band of a limit with no order: below 75 %, from there on, from 80 % on, and beyond the limit."""


def generate_near(groups: Sequence[Sequence[Line]]) -> Generated:
    """Return `check(sums)`: whether any limit on these sums (in total, in the market, category and at the venue) is
    near, or was when it was last looked at. Asked at every mark, so it asks no more than that."""
    writer = _Writer(iter(()))
    writer.write(0, "def check(sums):")
    for number, lines in enumerate(groups):
        if lines:
            of = PERS[number]
            writer.write(1, f"{of} = sums[{number}]", f"if {of}.levels: return True")
            for line in lines:
                parts = writer.resting_parts(_Slot(0, line, of, ""))
                writer.write(1, f"if {_reached(line, NEAR_PCT).format(**parts)}: return True")
    return writer.made("False")


def generate_bands(lines: Sequence[Line]) -> Generated:
    """Return `check(of)`: the band of each line, of one subject's sums with no order."""
    writer = _Writer(iter(()))
    writer.write(0, "def check(of):")
    bands = []
    for index, line in enumerate(lines):
        slot = _Slot(index, line, "of", "")
        parts = writer.resting_parts(slot)
        over = line.rule.relation.exceeded_source.format(**parts, l=line.ready)
        near, settling = (_reached(line, percent).format(**parts) for percent in (NEAR_PCT, BACK_PCT))
        bands.append(f"{OVER} if {over} else {NEAR} if {near} else {SETTLING} if {settling} else {CALM}")
    return writer.made(f"({''.join(band + ', ' for band in bands)})")


def _reached(line: Line, percent: int) -> str:
    source = line.rule.relation.reached_source
    assert source is not None, "a rule that is judged with no order has levels"
    return source(line.ready, percent)


def _read(rule: Rule) -> Iterator[Path]:
    """Yield the facts that judging a rule reads, as often as it does: a relation of pairs asks for the second twice."""
    yield from paths(rule.tree)
    if isinstance(rule.tree, Pair):
        yield from paths(rule.tree.second)


def _block(slot: _Slot) -> tuple[str, bool]:
    """Return what must be true for a line to be judged at all: the condition of its lane, and whether an agent asks."""
    lane = slot.line.rule.lane
    condition = "" if lane == EVERY else "opening is True" if lane == OPENING else "opening is False"
    return condition, slot.line.rule.agents_only


def path_text(path: Path, slot: _Slot) -> str:
    """Return how a fact is read in the generated function."""
    root = {"order": "order", "of": slot.of, "change": slot.change}[path.root]
    return ".".join((root, *path.names))


def unclear() -> NoReturn:
    """Refuse to go on where a truth is neither true nor false, or a comparison lacks a side."""
    raise Missing("a fact")


class _Writer:
    """Writes the lines of one function; `uses` counts how often each fact is read."""

    def __init__(self, reads: Iterator[str]) -> None:
        self.uses = Counter(reads)
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"NOTHING": NOTHING, "unclear": unclear}
        self.everywhere: dict[str, str] = {}
        """What was loaded for good: a fact and the local name that holds it."""
        self.loaded: dict[str, str] = {}
        self.temporaries = 0

    def write(self, depth: int, *statements: str) -> None:
        self.lines.extend(" " * depth + statement for statement in statements)

    def head(self, definition: str) -> None:
        self.write(0, definition)
        self.write(1, "out = ()")

    def made(self, result: str) -> Generated:
        self.write(1, f"return {result}")
        source = "\n".join(self.lines) + "\n"
        exec(compile(source, "<generated from the rules>", "exec"), self.names)
        return Generated(self.names["check"], source)

    def block(self, block: tuple[str, bool], slots: Sequence[_Slot]) -> None:
        """Write the lines that share a condition; what several of them read is read once."""
        lane, agents_only = block
        conditions = [*([lane] if lane else []), *(["by_agent is True"] if agents_only else [])]
        depth = 2 if conditions else 1
        if conditions:
            self.write(1, f"if {' and '.join(conditions)}:")
        self.loaded = dict(self.everywhere)
        self._load(depth, slots)
        if not conditions:
            self.everywhere = self.loaded
        for slot in slots:
            rule = slot.line.rule
            self.judge(depth, slot, rule.tree, rule.resting if rule.worsens else None)

    def _load(self, depth: int, slots: Sequence[_Slot]) -> None:
        read = [(path, slot) for slot in slots for path in paths(slot.line.rule.tree)]
        for root in dict.fromkeys(path_text(path, slot).partition(".")[0] for path, slot in read):
            if root != "order" and root not in self.loaded:
                kind, _, index = root.partition("_")
                self.write(depth, f"{root} = {'sums' if kind == 'of' else 'changes'}[{index}]")
                self.loaded[root] = root
        for text, path in {path_text(path, slot): path for path, slot in read}.items():
            if text not in self.loaded and (self.uses[text] > 1 or path.is_optional or path.is_truth):
                self.loaded[text] = f"{self._temporary()}_{text.replace('.', '_')}"
                self.write(depth, f"{self.loaded[text]} = {text}")

    def judge(self, depth: int, slot: _Slot, tree: Tree, before: Tree | None) -> None:
        """Write one line: when it does not hold (and is worse than before, where that matters), its index is found."""
        rule, found = slot.line.rule, f"out += ({slot.number},)"
        limit = self._limit(slot)
        given = [f"{text} is not None" for text in dict.fromkeys(
            self.fact(path, slot) for path in needed(tree) if path.is_optional
        )]
        parts = self._parts(depth, tree, slot) if not given else self._lazy_parts(tree, slot)
        holds = " and ".join([*given, rule.relation.source.format(**parts, l=limit)])
        if before is None:
            self.write(depth, f"if not ({holds}): {found}")
            return
        self.write(depth, f"if not ({holds}):")
        rest = self._parts(depth + 1, before, slot)
        worse = rule.relation.worse_source.format(**parts, b=rest.get("m"), bn=rest.get("n"), bd=rest.get("d"))
        missing = [text.replace("is not None", "is None") for text in given]
        self.write(depth + 1, f"if {' or '.join([*missing, worse])}: {found}")

    def _parts(self, depth: int, tree: Tree, slot: _Slot) -> dict[str, str]:
        """Return how a relation's measurement is spelled: `m`, or for a pair its parts `n` and `d`."""
        if not slot.line.rule.relation.wants_pair:
            return {"m": self.spell(tree, slot)}
        if isinstance(tree, Pair):
            return {"n": self.spell(tree.first, slot), "d": self.spell(tree.second, slot)}
        name = self._temporary()
        self.write(depth, f"{name} = {self.spell(tree, slot)}")
        return {"n": f"{name}[0]", "d": f"{name}[1]"}

    def resting_parts(self, slot: _Slot) -> dict[str, str]:
        """Return how the measurement with no order is spelled, each part worked out once."""
        found = {}
        for part, spelled in self._parts(1, slot.line.rule.resting, slot).items():
            if not spelled.isidentifier():
                name = self._temporary()
                self.write(1, f"{name} = {spelled}")
                spelled = name
            found[part] = spelled
        return found

    def _lazy_parts(self, tree: Tree, slot: _Slot) -> dict[str, str]:
        """Return the same where a fact may be None: nothing may be calculated ahead of asking for it."""
        if not slot.line.rule.relation.wants_pair or isinstance(tree, Pair):
            return self._parts(0, tree, slot)
        whole = self.spell(tree, slot)
        return {"n": f"{whole}[0]", "d": f"{whole}[1]"}

    def _limit(self, slot: _Slot) -> Any:
        ready = slot.line.ready
        if isinstance(ready, int):
            return int(ready)
        if isinstance(ready, frozenset):
            name = f"limit_{slot.number}"
            self.names[name] = ready
            return name
        return ready

    def _temporary(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries}"

    def fact(self, path: Path, slot: _Slot) -> str:
        text = path_text(path, slot)
        return self.loaded.get(text, text)

    def spell(self, tree: Tree, slot: _Slot) -> str:
        """Return the source of a measurement."""
        match tree:
            case Const(value):
                return repr(value)
            case Path():
                return self.fact(tree, slot)
            case Arithmetic(operator, left, right):
                return f"({self.spell(left, slot)} {operator} {self.spell(right, slot)})"
            case Negative(operand):
                return f"(-{self.spell(operand, slot)})"
            case Extreme(which, left, right):
                first, second, sign = self._temporary(), self._temporary(), ">" if which == "larger" else "<"
                test = f"({first} := {self.spell(left, slot)}) {sign} ({second} := {self.spell(right, slot)})"
                return f"({first} if {test} else {second})"
            case Compare():
                return self._compare(tree, slot)
            case Logic(operator, parts):
                return f"({f' {operator} '.join(self.truth(part, slot) for part in parts)})"
            case Not(operand):
                return f"(not {self.truth(operand, slot)})"
            case Choice(test, then, otherwise):
                chosen, other = self.spell(then, slot), self.spell(otherwise, slot)
                return f"({chosen} if {self.truth(test, slot)} else {other})"
            case Pair(first, second):
                return f"({self.spell(first, slot)}, {self.spell(second, slot)})"

    def truth(self, tree: Tree, slot: _Slot) -> str:
        """Return the source of a truth that raises when it is neither true nor false."""
        if isinstance(tree, (Compare, Logic, Not)):
            return self.spell(tree, slot)
        name = self._temporary()
        return f"(({name} := {self.spell(tree, slot)}) is True or ({name} is not False and unclear()))"

    def _compare(self, tree: Compare, slot: _Slot) -> str:
        """Return the source of a comparison; those that None would pass through silently ask for it first."""
        left, right = self.spell(tree.left, slot), self.spell(tree.right, slot)
        if tree.operator in ("<", "<=", ">", ">="):
            return f"({left} {tree.operator} {right})"
        asked, sides = [], []
        for side, text in ((tree.left, left), (tree.right, right)):
            if isinstance(side, (Path, Choice)):
                name = self._temporary()
                asked.append(f"({name} := {text}) is not None")
                text = name
            sides.append(text)
        compared = f"({sides[0]} {tree.operator} {sides[1]})"
        return f"({compared} if {' and '.join(asked)} else unclear())" if asked else compared
