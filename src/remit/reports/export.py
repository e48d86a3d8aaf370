"""Exports: blotter, rejected orders, violations and approvals over a range of dates, as CSV or Parquet.

Decimals are text in CSV and decimal128(38, 18) in Parquet. Times are told twice: in the zone that was asked for, and as
nanoseconds since the epoch. Nothing in a CSV file is a formula to whoever opens it.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.kernel.numbers import NANOSECONDS, SCALE, NotDecimal, Quantity, parse
from remit.reports.errors import ExportFailed, OutOfReach, ParquetMissing, RangeInvalid, ReportError
from remit.reports.model import Model
from remit.reports.visible import Visible

if TYPE_CHECKING:
    import pyarrow

Format = Literal["csv", "parquet"]
ReportName = Literal["blotter", "rejected", "violations", "approvals"]
REPORTS: tuple[ReportName, ...] = get_args(ReportName)
Kind = Literal["text", "decimal", "time", "whole", "flag"]
ROWS_AT_ONCE = 10_000
INTEGER_DIGITS = 20
"""What decimal128(38, 18) holds before the point."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, full-width signs too."""


class Column(NamedTuple):
    """A column of a report: its name, what it holds, and how it comes from a row of the read model."""

    name: str
    kind: Kind = "text"
    of: str = ""

    def value(self, row: dict[str, Any]) -> Any:
        return row[self.of or self.name]


def _columns(written: str) -> tuple[Column, ...]:
    """Return columns as `name`, `name:kind` or `name:kind:field of the row`."""
    parts = [word.split(":") for word in written.split()]
    return tuple(Column(part[0], *part[1:]) for part in parts)  # type: ignore[arg-type]


COLUMNS: dict[ReportName, tuple[Column, ...]] = {
    "blotter": _columns(
        "at:time entry:whole:seq order fill account agent client connection instrument side quantity:decimal "
        "price:decimal notional:decimal fee:decimal currency late:flag taken_back:flag"
    ),
    "rejected": _columns(
        "at:time entry:whole:id order intent account agent client connection instrument side type quantity:decimal "
        "limit_price:decimal worth:decimal worth_currency state rule reasons asked_by trace"
    ),
    "violations": _columns(
        "at:time entry:whole:seq order account agent client instrument asked rule subject limit:text:bound actual unit "
        "times:whole"
    ),
    "approvals": _columns(
        "at:time entry:whole:seq order account agent client instrument step person rule worth:decimal currency why "
        "until:time digest"
    ),
}
"""Beside each time stands the same in nanoseconds, as `..._ns`."""


class Span(NamedTuple):
    """A span of days in a zone: from the first instant of the first to the last of the last, in ns since the epoch,
    the end not included."""

    since: int
    until: int
    zone: ZoneInfo


def span_of(first: str, last: str, zone: str) -> Span:
    """Return the span of two dates, both included, in a time zone by its name. RangeInvalid."""
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RangeInvalid(f"there is no time zone {zone[:60]!r}", "Write for example UTC or Europe/Berlin") from None
    begin, end = _day(first), _day(last)
    if end < begin:
        raise RangeInvalid(f"{last} is before {first}", "Give the first day and then the last")
    try:
        following = end + timedelta(days=1)
    except OverflowError:
        raise RangeInvalid(f"{last} is too late", "Give an earlier day") from None
    return Span(_instant(begin, where), _instant(following, where), where)


def _day(written: str) -> date:
    try:
        if not _DAY.fullmatch(written):
            raise ValueError
        return date.fromisoformat(written)
    except ValueError:
        raise RangeInvalid(f"{written[:40]!r} is no date", "Write it as 2026-01-31") from None


def _instant(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a day in a zone; whole seconds, so that no float is needed."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    epoch = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    gone = begins - epoch
    return (gone.days * 86_400 + gone.seconds) * NANOSECONDS


def rows_of(model: Model, report: ReportName, visible: Visible, span: Span) -> Iterator[dict[str, Any]]:
    """Return the rows of a report, oldest first."""
    asked: dict[ReportName, Callable[[Visible, int, int], Iterator[dict[str, Any]]]] = {
        "blotter": model.blotter,
        "rejected": model.rejected,
        "violations": model.violations,
        "approvals": model.approvals,
    }
    return asked[report](visible, span.since, span.until)


# CSV


def csv_lines(report: ReportName, rows: Iterable[dict[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    """Yield a report as the lines of a CSV file, its head first, each with its line end."""
    line = _Line()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(_heads(report))
    yield line.taken()
    for row in rows:
        writer.writerow([cell for column in COLUMNS[report] for cell in _cells(column, row, zone)])
        yield line.taken()


class _Line:
    """Keeps what a writer of CSV wrote last."""

    def __init__(self) -> None:
        self._written = ""

    def write(self, part: str) -> int:
        self._written += part
        return len(part)

    def taken(self) -> str:
        written, self._written = self._written, ""
        return written


def _heads(report: ReportName) -> list[str]:
    return [
        name
        for column in COLUMNS[report]
        for name in ((column.name, f"{column.name}_ns") if column.kind == "time" else (column.name,))
    ]


def _cells(column: Column, row: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    value = column.value(row)
    if column.kind == "time":
        yield when(value, zone) if value else ""
        yield str(value) if value else ""
    elif column.kind == "flag":
        yield "yes" if value else "no"
    else:
        yield harmless("" if value is None else str(value), number=column.kind in ("decimal", "whole"))


def harmless(cell: str, *, number: bool = False) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what might be one. A plain
    number in a column of numbers stays as it is."""
    if cell.lstrip(" ").startswith(_FORMULA) and not (number and _NUMBER.fullmatch(cell)):
        return f"'{cell}"
    return cell


def when(at: int, zone: ZoneInfo) -> str:
    """Return a time in ns since the epoch in a zone, with its offset: 2026-01-31T09:30:00.123456789+01:00."""
    whole, rest = divmod(at, NANOSECONDS)
    said = datetime.fromtimestamp(whole, zone).isoformat()
    return f"{said[:19]}.{rest:09d}{said[19:]}"


# Parquet


def write_parquet(report: ReportName, rows: Iterable[dict[str, Any]], zone: ZoneInfo, to: IO[bytes]) -> int:
    """Write a report as a Parquet file and return its rows. ParquetMissing; OutOfReach for a number of more than 20
    digits before the point."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ParquetMissing(
            "pyarrow is not installed", "Install it: pip install 'remit[parquet]', or take CSV"
        ) from None
    schema = _schema(report, zone, pyarrow)
    written, left = 0, iter(rows)
    with parquet.ParquetWriter(to, schema) as writer:
        while batch := list(islice(left, ROWS_AT_ONCE)):
            held: dict[str, list[Any]] = {name: [] for name in schema.names}
            for row in batch:
                for column in COLUMNS[report]:
                    _put(held, column, row)
            writer.write_table(pyarrow.table(held, schema=schema))
            written += len(batch)
    return written


def _schema(report: ReportName, zone: ZoneInfo, arrow: Any) -> pyarrow.Schema:
    types = {
        "text": arrow.string(),
        "decimal": arrow.decimal128(38, 18),
        "time": arrow.timestamp("ns", tz=zone.key),
        "whole": arrow.int64(),
        "flag": arrow.bool_(),
    }
    fields = []
    for column in COLUMNS[report]:
        fields.append(arrow.field(column.name, types[column.kind]))
        if column.kind == "time":
            fields.append(arrow.field(f"{column.name}_ns", arrow.int64()))
    return arrow.schema(fields)


def _put(held: dict[str, list[Any]], column: Column, row: dict[str, Any]) -> None:
    value = column.value(row)
    if column.kind == "time":
        held[column.name].append(value or None)
        held[f"{column.name}_ns"].append(value or None)
    elif column.kind == "decimal":
        held[column.name].append(_decimal(column.name, value))
    elif column.kind == "flag":
        held[column.name].append(bool(value))
    else:
        held[column.name].append(value)


def _decimal(name: str, written: str | None) -> Decimal | None:
    if not written:
        return None
    try:
        scaled = int(parse(Quantity, written))
    except NotDecimal:
        raise OutOfReach(f"{name} {written[:40]!r} is no decimal", "Take CSV, which holds it as text") from None
    if abs(scaled) >= 10**INTEGER_DIGITS * SCALE:
        what = f"{name} {written} has more than {INTEGER_DIGITS} digits before the point"
        raise OutOfReach(what, "Take CSV, which holds it as text")
    return Decimal(written)


# Files


def write(model: Model, report: ReportName, visible: Visible, span: Span, format: Format, to: IO[bytes]) -> int:
    """Write a report to an open file and return how many rows it has. ReportError, OSError."""
    rows = rows_of(model, report, visible, span)
    if format == "parquet":
        return write_parquet(report, rows, span.zone, to)
    written = -1
    for line in csv_lines(report, rows, span.zone):
        to.write(line.encode())
        written += 1
    return written


def write_file(model: Model, report: ReportName, visible: Visible, span: Span, format: Format, path: Path) -> int:
    """Write a report to a new private file, whole or not at all, and return how many rows it has. ExportFailed and the
    other named errors; a file that stands there is never overwritten."""
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise ExportFailed(f"{path} exists", "Name another file; nothing is overwritten")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            rows = write(model, report, visible, span, format, file)
        part.rename(path)
    except (ReportError, OSError) as fault:
        part.unlink(missing_ok=True)
        if isinstance(fault, ReportError):
            raise
        raise ExportFailed(f"{path} cannot be written: {fault.strerror or fault}", "Name another place") from None
    return rows
