"""Mandate files: limits as people write them, in TOML or JSON, and back.

A file holds one table per subject. Amounts are text, so that nothing is ever rounded; sets are lists in any
order:

    ["account:desk"]
    order_notional_max = "1000"
    order_rate_max = "10/min"                                 # or { count = 10, per_s = 60 }
    hours_active = ["America/New_York mon-fri 09:30-16:00"]   # or the name of a calendar
    positions_max = 10

    ["agent:*"]                                               # every agent that has no table of its own
    daily_loss_max = "300"

A subject with an empty table gets the empty mandate, which constrains nothing and is not the same as having no mandate.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from remit.kernel.codec import build, plain
from remit.kernel.mandate import SETS, Mandate, Rate
from remit.kernel.names import MANDATE_SCOPES, NAME_PATTERN, split_subject
from remit.kernel.numbers import Money, Quantity, Ratio
from remit.kernel.printable import printable

Form = Literal["toml", "json"]
EVERY = "*"
PROBLEMS_MAX = 100

_HINTS: dict[str, Any] = get_type_hints(Mandate, include_extras=True)
_PERIODS = {"s": 1, "min": 60, "h": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9][0-9]*)\s*/\s*([1-9][0-9]*)?\s*(s|min|h|day)")
_WINDOW = re.compile(
    r"[A-Za-z][A-Za-z0-9_/-]* (?:mon|tue|wed|thu|fri|sat|sun)(?:-(?:mon|tue|wed|thu|fri|sat|sun))? "
    r"[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"
)


class Problem(NamedTuple):
    """One thing wrong in a file: the line (0 where unknown), the subject and field as far as known, and what to do."""

    line: int
    subject: str
    field: str
    message: str


class MandateFileRefused(ValueError):
    """Raised for a file that cannot be taken as it stands; `problems` are the first PROBLEMS_MAX, as the file has
    them."""

    code = "mandate_file"

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(_spoken(path, problem) for problem in self.problems))


def read(path: Path) -> dict[str, Mandate]:
    """Return the mandates of a file by subject, or raise MandateFileRefused naming file, line and field.

    `.toml` and `.json` are read; nothing is guessed, and a field that no mandate has is refused with the nearest one.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MandateFileRefused(path, [Problem(0, "", "", f"cannot be read: {error}")]) from error
    tables = _parsed(path, source)
    faults = ((of, field, fault) for of, table in tables.items() for field, fault in _subject_faults(of, table))
    found = list(islice(faults, PROBLEMS_MAX + 1))  # each is looked for in all lines of the file
    problems = [Problem(_line_of(source, of, field), of, field, fault) for of, field, fault in found[:PROBLEMS_MAX]]
    if len(found) > PROBLEMS_MAX:
        problems.append(Problem(0, "", "", f"has more than {PROBLEMS_MAX} faults; correct these first"))
    if problems:
        raise MandateFileRefused(path, problems)
    return {
        subject: build(Mandate, {field: _shaped(field, value) for field, value in table.items()})
        for subject, table in tables.items()
    }


def render(mandates: Mapping[str, Mandate], form: Form = "toml") -> str:
    """Return the text of a mandate file; `read` of it gives the same mandates."""
    tables = {subject: _written(mandate) for subject, mandate in mandates.items()}
    if form == "json":
        return json.dumps(tables, indent=2) + "\n"
    blocks = [
        "\n".join([f'["{subject}"]', *(f"{field} = {_toml(value)}" for field, value in table.items())])
        for subject, table in tables.items()
    ]
    return "\n\n".join(blocks) + "\n"


def mandate_of(mandates: Mapping[str, Mandate], subject: str) -> Mandate | None:
    """Return what the file says of `subject`: its own table, else the one for every subject of its scope, else None."""
    scope, _, name = subject.partition(":")
    if subject in mandates or not name:
        return mandates.get(subject)
    return mandates.get(f"{scope}:{EVERY}")


def calendar_of(window: str) -> str:
    """Return the calendar name that stands for a window such as `America/New_York mon-fri 09:30-16:00`."""
    return window.replace(" ", "@")


def window_of(calendar: str) -> str | None:
    """Return the window that a calendar's name stands for, or None for a calendar that must be given as a fact."""
    window = calendar.replace("@", " ")
    return window if _WINDOW.fullmatch(window) else None


# Reading


def _parsed(path: Path, source: str) -> dict[str, Any]:
    try:
        if path.suffix == ".toml":
            return tomllib.loads(source, parse_float=Decimal)
        if path.suffix == ".json":
            parsed = json.loads(source, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
            if isinstance(parsed, dict):
                return parsed
            raise MandateFileRefused(path, [Problem(1, "", "", "write one object with a table for each subject")])
    except json.JSONDecodeError as error:
        raise MandateFileRefused(path, [Problem(error.lineno, "", "", f"is not JSON: {error.msg}")]) from error
    except _Repeated as error:
        raise MandateFileRefused(
            path, [Problem(_last_line_of(source, str(error)), "", str(error), "is said twice")]
        ) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        if isinstance(error, MandateFileRefused):
            raise
        line = re.search(r"line (\d+)", str(error))
        raise MandateFileRefused(
            path, [Problem(int(line[1]) if line else 0, "", "", f"is not valid: {error}")]
        ) from error
    raise MandateFileRefused(path, [Problem(0, "", "", f"ends in {path.suffix or 'nothing'}; name it .toml or .json")])


class _Repeated(ValueError):
    """A key that a JSON object says twice."""


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _Repeated(next(key for key in keys if keys.count(key) > 1))
    return table


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number a limit can have")


def _subject_faults(subject: str, table: object) -> Iterator[tuple[str, str]]:
    """Yield (field, fault) of one table; an empty field is a fault of the table itself."""
    if subject in Mandate.__struct_fields__:
        yield (
            "",
            f'stands outside a table; put it under its subject, for example ["account:NAME"] or ["account:{EVERY}"]',
        )
        return
    fault = _subject_fault(subject)
    if fault:
        yield "", fault
        return
    if not isinstance(table, dict):
        yield "", "must be a table of limits"
        return
    faults = [(field, fault) for field, value in table.items() if (fault := _field_fault(field, value))]
    yield from faults
    if faults:
        return
    try:
        build(Mandate, {field: _shaped(field, value) for field, value in table.items()})
    except ValueError as error:
        words = str(error).split()
        yield next((word for word in words if word in table), ""), str(error)


def _subject_fault(subject: str) -> str:
    try:
        scope, name = split_subject(subject)
        known = scope in MANDATE_SCOPES and (not name or name == EVERY or re.fullmatch(NAME_PATTERN, name) is not None)
    except ValueError:
        known = False
    if known:
        return ""
    said = subject.partition(":")[0]
    near = [scope for scope in get_close_matches(said, MANDATE_SCOPES, 1) if scope != said]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f'is not a subject of a mandate: write firm, "account:NAME", "agent:NAME" or "client:NAME"{hint}'


def _field_fault(field: str, value: object) -> str:
    if field not in _HINTS:
        near = get_close_matches(field, Mandate.__struct_fields__, 1, 0.5)
        return f"is not a field of a mandate; did you mean {near[0]}?" if near else "is not a field of a mandate"
    if value is None:
        return "is null; leave it out where there is no limit"
    if _is_exact(field) and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f'is a bare number; write it as text: "{value}"'
    try:
        build(_HINTS[field], _shaped(field, value))
    except (msgspec.ValidationError, ValueError) as error:
        return _plainly(field, value, str(error))
    return ""


def _plainly(field: str, value: object, fault: str) -> str:
    if _holds(field, Rate):
        return f'is {value!r}; write a rate such as "10/min", "100/s" or {{ count = 10, per_s = 60 }}'
    if field == "hours_active":
        return f'is {value!r}; list calendars or windows such as "America/New_York mon-fri 09:30-16:00"'
    words = [repr(word) for part in get_args(_HINTS[field]) for word in get_args(part) if isinstance(word, str)]
    if words and isinstance(value, str):
        return f"is {value!r}; write one of {', '.join(words)}" + (
            " or a number of seconds" if "int" in str(_HINTS[field]) else ""
        )
    return f"is {value!r}: {fault}"


def _shaped(field: str, value: Any) -> Any:
    """Return what a person wrote in the shape of a record; the record refuses what is not recognised here."""
    if field == "hours_active" and isinstance(value, list):
        value = [calendar_of(name) if isinstance(name, str) and _WINDOW.fullmatch(name) else name for name in value]
    if field in SETS and isinstance(value, list) and all(isinstance(name, str) for name in value):
        return sorted(set(value))
    if _holds(field, Rate) and isinstance(value, str):
        rate = _RATE.fullmatch(value.strip())
        return {"count": int(rate[1]), "per_s": int(rate[2] or 1) * _PERIODS[rate[3]]} if rate else value
    if not _is_exact(field) and isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,17}", value):
        return int(value)
    return value


def _holds(field: str, kind: type) -> bool:
    return kind in get_args(_HINTS[field])


def _is_exact(field: str) -> bool:
    return any(_holds(field, kind) for kind in (Money, Quantity, Ratio))


# Where it stands


def _line_of(source: str, subject: str, field: str) -> int:
    """Return the line of a field below its subject; of the subject where the field is not found; 0 where neither is."""
    lines = ["" if line.lstrip().startswith("#") else line for line in source.splitlines()]
    start = next((number for number, line in enumerate(lines) if _says(line, subject)), None)
    if start is None:
        return 0
    below = (number for number, line in enumerate(lines) if number >= start and field and _says(line, field))
    return next(below, start) + 1


def _last_line_of(source: str, key: str) -> int:
    return max((number for number, line in enumerate(source.splitlines(), 1) if _says(line, key)), default=0)


def _says(line: str, key: str) -> bool:
    return re.search(rf"(?<![\w:]){re.escape(key)}(?![\w:])[\"']?\s*[\]=:.]", line) is not None


def _spoken(path: Path, problem: Problem) -> str:
    place = f"{path}:{problem.line}" if problem.line else str(path)
    what = " ".join(word for word in (problem.subject, problem.field) if word)
    return printable(f"{place}: {what} {problem.message}" if what else f"{place}: {problem.message}")


# Writing


def _written(mandate: Mandate) -> dict[str, Any]:
    table: dict[str, Any] = plain(mandate)
    for field, value in table.items():
        if isinstance(value, dict):
            table[field] = _rate_text(value["count"], value["per_s"])
    if "hours_active" in table:
        table["hours_active"] = [window_of(name) or name for name in table["hours_active"]]
    return table


def _rate_text(count: int, per_s: int) -> str:
    for unit, seconds in _PERIODS.items():
        if per_s == seconds:
            return f"{count}/{unit}"
    return f"{count}/{per_s}s"


def _toml(value: Any) -> str:
    """Names, numbers and windows hold no quote and no backslash, so TOML's text and JSON's are the same."""
    return json.dumps(value)
