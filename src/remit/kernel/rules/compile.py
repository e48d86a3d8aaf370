"""Compiling: from the table and the mandates in force on one path, the one evaluator that judges its orders."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

from remit.kernel.event import Finding, VerdictName
from remit.kernel.level import BACK_PCT, NEAR_PCT
from remit.kernel.mandate import LIMITS, Mandate
from remit.kernel.names import Scope
from remit.kernel.numbers import NANOSECONDS, div_ceil
from remit.kernel.rules.generate import CALM, NEAR, OVER, SETTLING, Line, generate, generate_bands, generate_near
from remit.kernel.rules.rule import EVERY, OPENING, PERS, Deny, Hold, Rule
from remit.kernel.rules.tree import Tree
from remit.kernel.rules.unit import MONEY
from remit.kernel.rules.walk import Missing, measure

KEPT_MAX = 4096
"""Evaluators kept for mandates that may come back; beyond, the oldest is forgotten."""
COMPANIONS = {"approval_quorum": "quorum_notional_min"}
"""Limits that another limit's rule reads."""

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Breach(NamedTuple):
    """A line that does not hold: what was measured, or why nothing could be (`missing`, else empty)."""

    line: Line
    actual: Any
    missing: str

    @property
    def verdict(self) -> VerdictName:
        """A breach holds only where the rule says so and something was measured; else it denies."""
        return "hold" if isinstance(self.line.rule.breach, Hold) and not self.missing else "deny"

    def finding(self, subject: str, currency: str) -> Finding:
        """Return the breach as text."""
        rule, limit = self.line.rule, self.line.limit
        relation, unit = rule.relation, rule.unit
        shown = relation.limit_text(limit, unit)
        if self.missing:
            actual = self.missing
        else:
            actual = relation.actual_text(self.actual, limit, unit)
            if relation.bound_text is not None:
                shown = relation.bound_text(self.actual, unit)
        return Finding(
            rule=rule.name, subject=subject, limit=_short(shown), actual=_short(actual),
            unit=currency if unit is MONEY else unit.name, verdict=self.verdict,
            retry_after_s=self._retry_after_s(),
        )

    def _retry_after_s(self) -> int | None:
        rule = self.line.rule
        if not isinstance(rule.breach, Deny) or self.missing:
            return None
        if not rule.breach.retry or rule.relation.retry_after is None:
            return rule.breach.retry_s
        return max(div_ceil(rule.relation.retry_after(self.actual, self.line.ready), NANOSECONDS), 0)


TEXT_MAX = 240
"""Characters of a limit or a measurement in a finding: an entry has a largest size, and a set may name thousands."""


def _short(written: str) -> str:
    """Return a text as it is, or, where it names too many, the first of them and how many are left out."""
    if len(written) <= TEXT_MAX:
        return written
    kept, _, _ = written[:TEXT_MAX].rpartition(", ")
    if not kept:
        return written[:TEXT_MAX] + "..."
    return f"{kept}, and {written.count(', ') - kept.count(', ')} more"


class Evaluator:
    """Judges orders on one path. `lines` are the limits in force, in order of precedence; `source` is what runs.

    `sums` is a flat tuple, for each level its sums in total, in the market, in the category and at the venue; `changes`
    has one Change per level.
    """

    __slots__ = ("_generated", "lines", "source")

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self._generated, self.source = generate(lines)

    def check(self, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> list[int] | None:
        """Return the indices of the lines that do not hold, in order, or None when all hold. Never raises."""
        try:
            found: list[int] | None = self._generated(order, sums, changes)
        except Exception:  # noqa: BLE001  whatever went wrong, the walk names the line it went wrong in
            return self.walk(order, sums, changes)
        return found

    def walk(self, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> list[int] | None:
        """Return the same by judging each line on its own; one that cannot be measured does not hold."""
        judged = ((index, self._breach(line, order, sums, changes)) for index, line in enumerate(self.lines))
        found = [index for index, breach in judged if breach is not None]
        return found or None

    def breaches(self, found: Sequence[int], order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> list[Breach]:
        """Return what was measured in each of the lines found by `check` of the same arguments."""
        judged = (self._breach(self.lines[index], order, sums, changes) for index in found)
        return [breach for breach in judged if breach is not None]

    def findings(
        self, found: Sequence[int], order: Any, sums: Sequence[Any], changes: Sequence[Any],
        subjects: Sequence[tuple[str, str]],
    ) -> tuple[Finding, ...]:
        """Return the lines found by `check` as text; `subjects` has (subject, currency) of each level."""
        return tuple(
            breach.finding(*subjects[breach.line.level]) for breach in self.breaches(found, order, sums, changes)
        )

    def gauge(self, index: int, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> Breach:
        """Return what a line measures, whether it holds or not."""
        line = self.lines[index]
        return _measured(line, line.rule.tree, order, *_of(line, sums, changes))

    def _breach(self, line: Line, order: Any, sums: Sequence[Any], changes: Sequence[Any]) -> Breach | None:
        asked = _asked(line.rule, order)
        if asked is not True:
            return Breach(line, None, asked) if asked else None
        return _judged(line, line.rule.tree, order, *_of(line, sums, changes), worsens=line.rule.worsens)


class Watch:
    """Judges the sums of one subject with no order: in total, and in each of its markets, categories and venues.

    `lines` are the limits in force per dimension, as in PERS. `near` is asked first, of the four sums above one stake:
    whether any limit on them is near, or its level stands. What makes it raise is near too.
    """

    __slots__ = ("_bands", "lines", "near", "sources")

    def __init__(self, lines: tuple[tuple[Line, ...], ...]) -> None:
        self.lines = lines
        self.near, near_source = generate_near(lines)
        generated = [generate_bands(group) for group in lines]
        self._bands = tuple(made.check for made in generated)
        self.sources = (near_source, *(made.source for made in generated))

    def bands(self, dimension: int, of: Any) -> tuple[int, ...]:
        """Return the band of each line of a dimension. Never raises."""
        try:
            found: tuple[int, ...] = self._bands[dimension](of)
        except Exception:  # noqa: BLE001  as above
            return self.walk(dimension, of)
        return found

    def walk(self, dimension: int, of: Any) -> tuple[int, ...]:
        """Return the same by judging each line on its own; one that cannot be measured is over."""
        return tuple(_band(line, self.gauge(line, of)) for line in self.lines[dimension])

    def gauge(self, line: Line, of: Any) -> Breach:
        """Return what a line measures, whether it holds or not."""
        return _measured(line, line.rule.resting, None, of, None)


class Lines:
    """The table, and the evaluators made from it, kept by the digests of the mandates they were made for."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._evaluators: dict[tuple[tuple[str, str], ...], Evaluator] = {}
        self._watches: dict[tuple[str, str], Watch] = {}

    def evaluator(self, path: Sequence[tuple[str, str, Mandate | None]]) -> Evaluator:
        """Return the evaluator of a path of (scope, digest, mandate), from the firm down.

        A level without a mandate adds no limit here: that it lacks one is for a standing rule to deny.
        """
        key = tuple((scope, known) for scope, known, _ in path)
        return _kept(self._evaluators, key, lambda: Evaluator(_path_lines(self.rules, path)))

    def watch(self, scope: str, known: str, mandate: Mandate) -> Watch:
        """Return what watches one subject's sums."""
        return _kept(self._watches, (scope, known), lambda: Watch(_watch_lines(self.rules, scope, mandate)))


def compile_rules(rules: Sequence[Rule], mandates: Sequence[tuple[str, Mandate]]) -> Evaluator:
    """Return the evaluator of the mandates in force on one path, from the firm down: (scope, mandate) per level."""
    return Evaluator(_path_lines(rules, [(scope, "", mandate) for scope, mandate in mandates]))


def unread(rules: Sequence[Rule], scope: Scope, mandate: Mandate) -> tuple[str, ...]:
    """Return the limits of a mandate that no rule reads at this scope; they would bind nothing, so refuse them."""
    read = {rule.name for rule in rules if scope in rule.scopes and not rule.standing}
    unread_names = (name for name in LIMITS if COMPANIONS.get(name, name) not in read)
    return tuple(name for name in unread_names if getattr(mandate, name) is not None)


def _kept(kept: dict[Key, Made], key: Key, make: Callable[[], Made]) -> Made:
    found = kept.get(key)
    if found is None:
        if len(kept) >= KEPT_MAX:
            del kept[next(iter(kept))]
        found = kept[key] = make()
    return found


def _path_lines(rules: Sequence[Rule], path: Sequence[tuple[str, str, Mandate | None]]) -> tuple[Line, ...]:
    scopes = [scope for scope, _, _ in path]
    agent = scopes.index("agent") if "agent" in scopes else len(scopes) - 1
    lines: list[Line] = []
    for rule in rules:
        if rule.standing:
            lines.append(Line(rule, agent, rule.limit, _ready(rule, rule.limit)))
            continue
        for level, (scope, _, mandate) in enumerate(path):
            lines += _limit_lines(rule, level, scope, mandate)
    return tuple(lines)


def _watch_lines(rules: Sequence[Rule], scope: str, mandate: Mandate) -> tuple[tuple[Line, ...], ...]:
    return tuple(
        tuple(
            line for rule in rules if rule.state and rule.per == per for line in _limit_lines(rule, 0, scope, mandate)
        )
        for per in PERS
    )


def _limit_lines(rule: Rule, level: int, scope: str, mandate: Mandate | None) -> list[Line]:
    limit = None if mandate is None else getattr(mandate, rule.name)
    if limit is None or scope not in rule.scopes or not rule.relation.binds(limit):
        return []
    return [Line(rule, level, limit, _ready(rule, limit))]


def _ready(rule: Rule, limit: Any) -> Any:
    return None if limit is None else rule.relation.ready(limit, rule.unit)


def _of(line: Line, sums: Sequence[Any], changes: Sequence[Any]) -> tuple[Any, Any]:
    """Return the sums and the change of a line's level; a standing rule measures neither."""
    if line.rule.standing:
        return None, None
    return sums[line.level * len(PERS) + PERS.index(line.rule.per)], changes[line.level]


def _asked(rule: Rule, order: Any) -> bool | str:
    """Return whether a rule is asked of this order, or which fact is missing to tell."""
    for needed, fact, wanted in (
        (rule.lane != EVERY, "opening", rule.lane == OPENING), (rule.agents_only, "by_agent", True),
    ):
        if needed:
            known = getattr(order, fact, None)
            if not isinstance(known, bool):
                return f"missing: order.{fact}"
            if known is not wanted:
                return False
    return True


def _measured(line: Line, tree: Tree, order: Any, of: Any, change: Any) -> Breach:
    try:
        return Breach(line, measure(tree, order, of, change), "")
    except Missing as missing:
        return Breach(line, None, f"missing: {missing}")
    except Exception as fault:  # noqa: BLE001  a measurement that raises denies, by its name
        return Breach(line, None, f"cannot be measured: {type(fault).__name__}")


def _band(line: Line, measured: Breach) -> int:
    """Return how a measurement with no order stands to its limit; one that could not be made is over it."""
    relation = line.rule.relation
    if measured.missing or relation.reached is None or relation.exceeded is None:
        return OVER
    try:
        if relation.exceeded(measured.actual, line.ready):
            return OVER
        if relation.reached(measured.actual, line.ready, NEAR_PCT):
            return NEAR
        return SETTLING if relation.reached(measured.actual, line.ready, BACK_PCT) else CALM
    except Exception:  # noqa: BLE001  what cannot be compared does not hold
        return OVER


def _judged(line: Line, tree: Tree, order: Any, of: Any, change: Any, worsens: bool) -> Breach | None:
    """Return the breach of one line, or None when it holds."""
    after = _measured(line, tree, order, of, change)
    if after.missing:
        return after
    relation = line.rule.relation
    try:
        if relation.holds(after.actual, line.ready):
            return None
        if worsens and relation.worse is not None:
            before = measure(line.rule.resting, order, of, change)
            return after if relation.worse(after.actual, before) else None
    except Exception as fault:  # noqa: BLE001  what cannot be compared does not hold
        return Breach(line, None, f"cannot be compared: {type(fault).__name__}")
    return after
