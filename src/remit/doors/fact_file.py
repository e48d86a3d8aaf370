"""Fact files: outside facts as tables that people and programs can write.

A file is CSV with the fact's header as its first line, or JSON Lines with an object of those keys on each line. Amounts
are plain decimal numbers, read exactly as they are spelled; times are ISO 8601 in UTC; a cell may be empty (or a key
absent) only where its column says so. A file is taken whole or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from remit.doors.facts import FACTS, Column, Fact, Row, WrongRow
from remit.kernel.printable import printable

SPOKEN_MAX = 100


class Problem(NamedTuple):
    """One thing wrong in a fact file: the line (0 for the file), the column where known, and what to do."""

    line: int
    column: str
    message: str


class FactFileRefused(ValueError):
    """Raised for a fact file that cannot be taken as it stands; `problems` are all that were found."""

    code = "fact_file"

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(told([_spoken(path, problem) for problem in problems]))


def told(problems: list[str]) -> str:
    """Return problems a line each, the first SPOKEN_MAX of them; the rest by number."""
    more = len(problems) - SPOKEN_MAX
    return "\n".join([*map(printable, problems[:SPOKEN_MAX]), *([f"and {more} more"] if more > 0 else [])])


def read(verb: str, path: Path) -> list[Any]:
    """Return the command bodies that a file of facts stands for, in its order.

    Raises FactFileRefused with every faulty line and column; ValueError for a verb that is not in FACTS.
    """
    fact = FACTS.get(verb)
    if fact is None:
        raise ValueError(f"there is no fact {verb!r}; take one of {', '.join(FACTS)}")
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FactFileRefused(path, [Problem(0, "", f"cannot be read: {error}")]) from error
    if path.suffix not in (".csv", ".jsonl"):
        raise FactFileRefused(path, [Problem(0, "", f"ends in {path.suffix or 'nothing'}; name it .csv or .jsonl")])
    problems: list[Problem] = []
    rows = list((_csv_rows if path.suffix == ".csv" else _json_rows)(fact, source, problems))
    problems += _repeats(fact, rows)
    if not rows and not problems:
        problems.append(Problem(0, "", f"holds no row; the columns are {', '.join(fact.header)}"))
    if problems:
        raise FactFileRefused(path, problems)
    try:
        return list(fact.gather(fact, rows))
    except WrongRow as wrong:
        raise FactFileRefused(path, [Problem(wrong.line, wrong.column, str(wrong))]) from wrong


def _csv_rows(fact: Fact, source: str, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(source.splitlines(keepends=True), strict=True)
    try:
        if tuple(cell.strip() for cell in next(reader, [])) != fact.header:
            problems.append(Problem(1, "", f"the first line must be {','.join(fact.header)}"))
            return
        for cells in reader:
            if len(cells) == len(fact.header):
                yield from _row(fact, reader.line_num, dict(zip(fact.header, cells, strict=True)), problems)
            elif cells:
                fault = f"has {len(cells)} cells, not {len(fact.header)}: {','.join(fact.header)}"
                problems.append(Problem(reader.line_num, "", fault))
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "", f"is not CSV: {error}"))


def _json_rows(fact: Fact, source: str, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(source.splitlines(), 1):
        if not line.strip():
            continue
        try:
            cells = json.loads(
                line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=without_repeats
            )
        except (ValueError, RecursionError) as error:
            problems.append(Problem(number, "", f"is not JSON: {error}"))
            continue
        if not isinstance(cells, dict):
            problems.append(Problem(number, "", f"must be an object with {', '.join(fact.header)}"))
        elif strange := [key for key in cells if key not in fact.header]:
            problems.append(Problem(number, strange[0], f"is not a column; take {', '.join(fact.header)}"))
        else:
            yield from _row(fact, number, {name: cells.get(name, "") for name in fact.header}, problems)


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object that JSON spells; ValueError where it says a key twice."""
    cells = dict(pairs)
    if len(cells) != len(pairs):
        raise ValueError("a key is said twice")
    return cells


def _row(fact: Fact, number: int, cells: Row, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    row: Row = {}
    faults: list[Problem] = []
    for column in fact.columns:
        fault = _read_cell(column, cells[column.name], row)
        if fault:
            faults.append(Problem(number, column.name, fault))
    problems += faults
    if not faults:
        yield number, row


def _read_cell(column: Column, cell: object, row: Row) -> str:
    """Put what a cell says into `row`, or return what is wrong with it."""
    if not isinstance(cell, str):
        return f"must be text: {column.holds}"
    if not cell.strip():
        return "" if column.optional else f"is missing: {column.holds}"
    try:
        row[column.name] = column.reads(cell.strip())
    except ValueError as error:
        return f"does not fit: {error}; write {column.holds}"
    return ""


def _repeats(fact: Fact, rows: list[tuple[int, Row]]) -> Iterator[Problem]:
    seen: dict[tuple[Any, ...], int] = {}
    for number, row in rows:
        key = tuple(row[name] for name in fact.key)
        if key in seen:
            yield Problem(number, fact.key[0], f"says the same {' and '.join(fact.key)} as line {seen[key]}; keep one")
        seen.setdefault(key, number)


def _spoken(path: Path, problem: Problem) -> str:
    place = f"{path}:{problem.line}" if problem.line else str(path)
    return f"{place}: {problem.column} {problem.message}" if problem.column else f"{place}: {problem.message}"
