"""The view of limits: how much of each is used, how much is reserved, and how much is left.

The numbers come from the evaluator that judges orders, asked about no order at all: once with everything the subject
has reserved, and once with its positions alone; the difference is what is reserved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.guard.views.looking import Looking
from remit.kernel.book import NOTHING, Cell
from remit.kernel.mandate import Mandate, digest
from remit.kernel.names import subject
from remit.kernel.numbers import text
from remit.kernel.rules.compile import Breach, Evaluator, Lines
from remit.kernel.rules.facts import Facts
from remit.kernel.rules.generate import Line
from remit.kernel.rules.rule import PERS, TOTAL
from remit.kernel.rules.said import limit_says
from remit.kernel.rules.sentence import sentence
from remit.kernel.rules.table import RULES
from remit.kernel.rules.tree import roots
from remit.kernel.rules.unit import MONEY, Unit
from remit.kernel.state import Subject
from remit.kernel.sums import Sums

_COPIED = (
    "orders",
    "orders_today",
    "last_order_at",
    "flow",
    "fees",
    "base",
    "day_base",
    "high_water",
    "order_tat",
    "message_tat",
    "executions",
    "rejections",
)


GAUGES_MAX = 2_000
"""Gauges in one answer, which must fit into a frame; the fullest are told."""


def exposure(looking: Looking) -> dict[str, Any]:
    """Each limit in force of one subject or of all that may be seen.

    `gauges` has used, reserved and headroom, per market, category or venue where a limit is counted so; `per_order` has
    the limits that judge one order and use nothing up: to a client those of its agent too, whose gauges would tell of
    others' orders.
    """
    gauges: list[dict[str, Any]] = []
    per_order: list[dict[str, Any]] = []
    missing = []
    lines = Lines(RULES)
    asked = looking.word("subject")
    for of in looking.subjects(asked):
        if of.version is None:
            missing.append(of.written)
            continue
        gauges += gauges_of(looking, lines, of)
        per_order += _per_order(lines, of)
    of_agent = looking.state.subjects.get(subject("agent", looking.own_agent)) if looking.by.role == "client" else None
    if of_agent is not None and asked is None:
        per_order += _per_order(lines, of_agent)
    gauges.sort(key=lambda row: (row["holds"], -(row["percent"] or 0), row["rule"], row["subject"], row["of"]))
    return {
        "gauges": gauges[:GAUGES_MAX],
        "left_out": max(len(gauges) - GAUGES_MAX, 0),
        "per_order": per_order,
        "without_mandate": missing,
    }


def gauges_of(
    looking: Looking, lines: Lines, of: Subject, rule: str = "", draft: Mandate | None = None
) -> list[dict[str, Any]]:
    """Each limit of one subject that something uses up, or that of one rule: used, reserved and left, one row for each
    group that it is counted for; none where no mandate is in force. By a draft in place of that, where one is given."""
    mandate = draft or (None if of.version is None else of.version.mandate)
    if mandate is None:
        return []
    facts = Facts()
    facts.at, facts.opening, facts.by_agent = looking.at, True, True
    evaluator = lines.evaluator([(of.scope, digest(mandate), mandate)])
    cells: dict[int, list[Cell]] = {}
    for (written, _, _), cell in looking.state.cells.items():
        for sums in cell.sums if written == of.written else ():
            cells.setdefault(id(sums), []).append(cell)
    found: list[dict[str, Any]] = []
    for index, line in enumerate(evaluator.lines):
        if not line.rule.standing and "of" in roots(line.rule.resting) and rule in ("", line.rule.name):
            found += _gauges(of, cells, evaluator, index, facts)
    return found


def _per_order(lines: Lines, of: Subject) -> list[dict[str, Any]]:
    """Each limit of one subject that judges an order by itself; none where no mandate is in force."""
    if of.version is None:
        return []
    return [
        {
            "subject": of.written,
            "rule": line.rule.name,
            "limit": (limit := line.rule.relation.limit_text(line.limit, line.rule.unit)),
            "unit": _unit(line.rule.unit, of),
            "plain": f"{limit_says(line.rule.name, limit, _unit(line.rule.unit, of))}.",
            "sentence": sentence(line.rule, line.limit, of.currency),
        }
        for line in lines.evaluator([(of.scope, of.version.digest, of.version.mandate)]).lines
        if not line.rule.standing and "of" not in roots(line.rule.resting)
    ]


def _gauges(
    of: Subject, cells: dict[int, list[Cell]], evaluator: Evaluator, index: int, facts: Facts
) -> Iterator[dict[str, Any]]:
    """Yield one line of the gauge, or one for each group the limit is counted for."""
    line = evaluator.lines[index]
    per = line.rule.per
    groups = sorted(name for dimension, name in of.groups if dimension == per)
    if per != TOTAL and not groups:
        yield _gauge(of, "", evaluator, index, facts, Sums(of.total.umbrella), Sums(of.total.umbrella))
    for name in groups if per != TOTAL else [""]:
        full = of.groups[(per, name)] if per != TOTAL else of.total
        yield _gauge(of, name, evaluator, index, facts, full, bare(full, cells.get(id(full), [])))


def bare(full: Sums, cells: list[Cell]) -> Sums:
    """Return the sums as they were with no order working, held or unknown: the positions alone."""
    sums = Sums(None if full.umbrella is full else full.umbrella)
    for name in _COPIED:
        setattr(sums, name, getattr(full, name))
    for cell in cells:
        sums.value += cell.value
        sums.long += max(cell.value, 0)
        sums.short += max(-cell.value, 0)
        sums.gross += abs(cell.value)
        sums.margin += -(-abs(cell.value) * cell.margin_rate // 10**18)
        sums.capital += cell.cost
        sums.positions += 1 if cell.quantity else 0
    return sums


def _gauge(
    of: Subject, group: str, evaluator: Evaluator, index: int, facts: Facts, full: Sums, positions: Sums
) -> dict[str, Any]:
    line = evaluator.lines[index]
    rule, relation = line.rule, line.rule.relation
    measured = evaluator.gauge(index, facts, (full,) * len(PERS), (NOTHING,))
    held = evaluator.gauge(index, facts, (positions,) * len(PERS), (NOTHING,))
    shown: dict[str, Any] = {
        "subject": of.written,
        "rule": rule.name,
        "per": rule.per,
        "of": group,
        "limit": relation.limit_text(line.limit, rule.unit),
        "unit": _unit(rule.unit, of),
        "used": None,
        "reserved": None,
        "headroom": None,
        "percent": None,
        "holds": False,
        "missing": measured.missing or held.missing,
    }
    if shown["missing"]:
        return shown
    shown["holds"] = bool(relation.holds(measured.actual, line.ready))
    if relation.name in ("at_most", "below"):
        _fill(shown, rule.unit, line.ready, held.actual, measured.actual)
    elif relation.name == "ratio_at_most":
        _fill_ratio(shown, line, measured, held)
    else:
        shown["used"] = relation.actual_text(measured.actual, line.limit, rule.unit)
        if relation.retry_after is not None:
            shown["ready_in_s"] = max(-(-relation.retry_after(measured.actual, line.ready) // 10**9), 0)
    return shown


def _fill(shown: dict[str, Any], unit: Unit, limit: int, used: int, measured: int) -> None:
    shown["used"], shown["reserved"] = _text(used, unit), _text(measured - used, unit)
    shown["headroom"] = _text(limit - measured, unit)
    shown["percent"] = _percent(measured, limit)


def _fill_ratio(shown: dict[str, Any], line: Line, measured: Breach, held: Breach) -> None:
    """Ratios are shown in their unit; the headroom is the money that still fits under the limit."""
    relation, unit = line.rule.relation, line.rule.unit
    shown["used"] = relation.actual_text(held.actual, line.limit, unit)
    numerator, denominator = measured.actual
    if denominator <= 0:
        shown["percent"] = 0 if not numerator else None
        shown["holds"] = not numerator
        return
    limit, scale = line.ready
    reserved = (numerator - held.actual[0], denominator)
    shown["reserved"] = relation.actual_text(reserved, line.limit, unit)
    shown["headroom_money"] = text(denominator * limit // scale - numerator)
    shown["headroom"] = relation.actual_text((denominator * limit // scale - numerator, denominator), line.limit, unit)
    shown["percent"] = _percent(numerator * scale, denominator * limit)


def _percent(used: int, limit: int) -> int | None:
    """Return used as a whole percentage of limit, rounded up, not below zero; None where the limit is zero."""
    return max(-(-used * 100 // limit), 0) if limit > 0 else None


def _text(value: int, unit: Unit) -> str:
    return text(value * 10 ** (18 - unit.decimals))


def _unit(unit: Unit, of: Subject) -> str:
    return of.currency if unit is MONEY else unit.name
