"""Instrument files: instruments as tables that people and programs can write.

CSV with the fields of an instrument as its first line, or JSON Lines with an object of them on each line. Amounts are
plain decimal text; times (`expires_at`, `resolves_at`) are ISO 8601 in UTC. A file is taken whole or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from remit.doors.fact_file import told, without_repeats
from remit.doors.facts import instant, whole
from remit.kernel.codec import build
from remit.kernel.instrument import Instrument

FIELDS: tuple[str, ...] = Instrument.__struct_fields__


class InstrumentFileRefused(ValueError):
    """Raised for an instrument file that cannot be taken as it stands; `problems` are all of them."""

    code = "instrument_file"

    def __init__(self, path: Path, problems: list[tuple[int, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(told([f"{path}:{line}: {said}" if line else f"{path}: {said}" for line, said in problems]))


def read(path: Path) -> list[Instrument]:
    """Return the instruments of a file in its order; InstrumentFileRefused with every faulty line."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InstrumentFileRefused(path, [(0, f"cannot be read: {fault}")]) from None
    if path.suffix not in (".csv", ".jsonl"):
        raise InstrumentFileRefused(path, [(0, f"ends in {path.suffix or 'nothing'}; name it .csv or .jsonl")])
    problems: list[tuple[int, str]] = []
    found: dict[str, Instrument] = {}
    for line, row in (_csv_rows if path.suffix == ".csv" else _json_rows)(source, problems):
        try:
            one = build(Instrument, _read(row))
        except (msgspec.ValidationError, ValueError) as fault:
            problems.append((line, str(fault)))
            continue
        if one.name in found:
            problems.append((line, f"says {one.name} a second time; keep one"))
        found[one.name] = one
    if not found and not problems:
        problems.append((0, "holds no instrument"))
    if problems:
        raise InstrumentFileRefused(path, problems)
    return list(found.values())


def _csv_rows(source: str, problems: list[tuple[int, str]]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(source.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        strange = [name for name in header if name not in FIELDS] or (
            ["twice"] if len(set(header)) < len(header) else []
        )
        if strange or not header:
            problems.append((1, f"{', '.join(strange) or 'nothing'} is no column; take {', '.join(FIELDS)}"))
            return
        for cells in reader:
            if len(cells) == len(header):
                yield (
                    reader.line_num,
                    {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()},
                )
            elif cells:
                problems.append((reader.line_num, f"has {len(cells)} cells, not {len(header)}"))
    except csv.Error as fault:
        problems.append((reader.line_num, f"is not CSV: {fault}"))


def _json_rows(source: str, problems: list[tuple[int, str]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(source.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=without_repeats)
        except (ValueError, RecursionError) as fault:
            problems.append((number, f"is not JSON: {fault}"))
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            problems.append((number, "must be an object"))


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose times are nanoseconds and whose counts are whole numbers. ValueError for one that is none."""
    return {
        name: READ[name](value) if name in READ and isinstance(value, str) else value for name, value in row.items()
    }


READ: dict[str, Callable[[str], int]] = {"expires_at": instant, "resolves_at": instant, "jump_max_bps": whole}
"""Fields that are no text, and how their text is read."""
