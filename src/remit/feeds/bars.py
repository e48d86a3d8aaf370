"""Recorded bars: read from CSV files as they are, checked row by row, merged in time order.

A file begins with the header `ts,instrument,open,high,low,close,volume` (gzip where the name ends in `.gz`). `ts` is
the instant at which the bar begins, ISO in UTC with `Z`; numbers are decimal text; rows are in order of time. A row
whose high, low, close and volume are all empty is a bar that has just opened: only its open is known.
"""

from __future__ import annotations

import csv
import gzip
import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import msgspec

from remit.feeds.errors import Code, FeedError
from remit.kernel.names import NAME_PATTERN
from remit.kernel.numbers import NotDecimal, Price, Quantity, parse

HEADER = ["ts", "instrument", "open", "high", "low", "close", "volume"]
_TS = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_NAME = re.compile(NAME_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ended(msgspec.Struct, frozen=True):
    """What is known of a bar only once it has ended: its extremes, its close and its volume."""

    high: Price
    low: Price
    close: Price
    volume: Quantity


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: from `at` for `resolution_ns`; `ended` is None while only its open is known."""

    instrument: str
    at: int
    resolution_ns: int
    open: Price
    ended: Ended | None


class BarsFile:
    """One file of bars, read as often as asked, never held in memory.

    `resolution_ns` states the length of the bars of every instrument in it; without it, it is the commonest spacing of
    each instrument's rows (the shorter of two equally common), for which the file is read once when it is opened.
    Raises FeedError naming file and line for whatever it cannot read.
    """

    def __init__(self, path: Path, resolution_ns: int | None = None) -> None:
        self.path = path
        if not path.is_file():
            raise FeedError("file_missing", f"there is no file {path}", "Name a CSV file of bars")
        self._stated = resolution_ns
        self._resolutions = {} if resolution_ns else self._infer()

    def resolution_ns(self, instrument: str) -> int:
        """Return how long the bars of an instrument are."""
        return self._stated or self._resolutions[instrument]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments of the file by name; empty where the resolution was stated."""
        return tuple(sorted(self._resolutions))

    def __iter__(self) -> Iterator[Bar]:
        last: dict[str, int] = {}
        newest = 0
        for line, row in self._rows():
            bar = self._bar(line, row)
            if bar.at < newest:
                raise self._wrong("order", line, f"{row[0]} is earlier than the row before")
            if last.get(bar.instrument) == bar.at:
                raise self._wrong("duplicate", line, f"a second bar of {bar.instrument} at {row[0]}")
            newest = last[bar.instrument] = bar.at
            yield bar

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        with (gzip.open if self.path.suffix == ".gz" else open)(
            self.path, "rt", encoding="utf-8", newline=""
        ) as source:
            rows = csv.reader(source)
            try:
                if next(rows, None) != HEADER:
                    raise self._wrong("header", 1, f"the first line is not {','.join(HEADER)}")
                for row in rows:
                    if len(row) != len(HEADER):
                        raise self._wrong("row", rows.line_num, f"{len(row)} fields instead of {len(HEADER)}")
                    if not _NAME.fullmatch(row[1]):
                        raise self._wrong("row", rows.line_num, f"{row[1]!r} is no name of an instrument")
                    yield rows.line_num, row
            except (OSError, EOFError, UnicodeDecodeError, csv.Error) as problem:
                raise self._wrong("row", rows.line_num, f"unreadable: {problem}") from problem

    def _bar(self, line: int, row: list[str]) -> Bar:
        _, instrument, opened, high, low, close, volume = row
        try:
            ended = None
            if high or low or close or volume:
                ended = Ended(parse(Price, high), parse(Price, low), parse(Price, close), parse(Quantity, volume))
            bar = Bar(
                instrument=instrument,
                at=self._at(line, row[0]),
                resolution_ns=self.resolution_ns(instrument),
                open=parse(Price, opened),
                ended=ended,
            )
        except NotDecimal as problem:
            raise self._wrong("row", line, str(problem)) from problem
        if bar.open <= 0 or (ended and not 0 < ended.low <= min(bar.open, ended.close)):
            raise self._wrong("row", line, "prices must be above zero and none below the low")
        if ended and (ended.high < max(bar.open, ended.close) or ended.volume < 0):
            raise self._wrong("row", line, "no price may be above the high and no volume below zero")
        return bar

    def _at(self, line: int, source: str) -> int:
        try:
            return instant(source)
        except ValueError as problem:
            raise self._wrong("row", line, str(problem)) from problem

    def _infer(self) -> dict[str, int]:
        spacings: dict[str, Counter[int]] = {}
        last: dict[str, int] = {}
        for line, row in self._rows():
            at = self._at(line, row[0])
            spacing = spacings.setdefault(row[1], Counter())
            if row[1] in last and at > last[row[1]]:
                spacing[at - last[row[1]]] += 1
            last[row[1]] = at
        whole: Counter[int] = sum(spacings.values(), Counter())
        if spacings and not whole:
            raise FeedError("resolution_unknown", f"no instrument of {self.path} has two bars", "Give it two bars")
        return {instrument: _commonest(spacing or whole) for instrument, spacing in spacings.items()}

    def _wrong(self, code: Code, line: int, what: str) -> FeedError:
        do = "Correct the file; no row is skipped"
        return FeedError(code, f"{self.path}, line {line}: {what}", do)


def instant(source: str) -> int:
    """Return the nanoseconds since the epoch of an ISO instant in UTC with `Z`; raises ValueError for anything else."""
    found = _TS.fullmatch(source)
    if not found:
        raise ValueError(f"{source[:40]!r} is no instant like 2025-10-02T13:30:00Z")
    seconds = (datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    return seconds * 10**9 + int((found[2] or "").ljust(9, "0"))


def merge(files: Sequence[BarsFile]) -> Iterator[Bar]:
    """Yield the bars of several files in order of time; at one time the finest first, then by instrument.

    The same bar in two files comes once; two different bars of one instrument, time and resolution raise FeedError.
    """
    last: dict[tuple[str, int], Bar] = {}
    instants = groupby(heapq.merge(*files, key=lambda bar: bar.at), key=lambda bar: bar.at)
    for _, group in instants:
        for bar in sorted(group, key=lambda bar: (bar.resolution_ns, bar.instrument)):
            key = (bar.instrument, bar.resolution_ns)
            before = last.get(key)
            if before is None or before.at != bar.at:
                last[key] = bar
                yield bar
            elif before != bar:
                what = f"two files say different things of {bar.instrument} at {bar.at}"
                raise FeedError("duplicate", what, "Leave one of the files out")


def open_files(paths: Sequence[Path], resolutions: Mapping[Path, int] | None = None) -> list[BarsFile]:
    """Open several files of bars; `resolutions` states the bar length in nanoseconds for those it names."""
    return [BarsFile(path, (resolutions or {}).get(path)) for path in paths]


def _commonest(spacings: Counter[int]) -> int:
    return min(spacings, key=lambda spacing: (-spacings[spacing], spacing))
