"""The sample that needs no network: daily prices of US stocks, 2000 to 2013, from the extra `bokeh_sampledata`."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

from remit.feeds.bars import Bar, Ended
from remit.feeds.errors import FeedError
from remit.kernel.numbers import DAY_NS, NANOSECONDS, NotDecimal, Price, Quantity, parse

AUTUMN_2008 = (date(2008, 9, 1), date(2008, 12, 1))
_NEW_YORK = ZoneInfo("America/New_York")
_INSTALL = "Install the sample: pip install 'remit[demo]'"


def sample_bars(begins: date = AUTUMN_2008[0], ends: date = AUTUMN_2008[1]) -> Iterator[Bar]:
    """Yield the daily bars from `begins` until before `ends` (default: the autumn of 2008), in order of time.

    A bar begins when New York opens, 09:30 there. Prices are as they were traded, not adjusted. Raises FeedError where
    the extra is missing or its file is not the one known.
    """
    path = _sample_file()
    days: dict[date, list[Bar]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as source:
        rows = csv.DictReader(source)
        for row in rows:
            try:
                day = date.fromisoformat(row["Date"])
                if begins <= day < ends:
                    days[day].append(_bar(day, row))
            except (KeyError, ValueError, NotDecimal) as problem:
                where = f"{path}, line {rows.line_num}: {problem}"
                raise FeedError("row", where, "Install the version of the sample that Remit names") from problem
    for day in sorted(days):
        yield from sorted(days[day], key=lambda bar: bar.instrument)


def _sample_file() -> Path:
    found = find_spec("bokeh_sampledata")
    if found is None or not found.submodule_search_locations:
        raise FeedError("extra_missing", "the sample prices are not installed", _INSTALL)
    path = Path(next(iter(found.submodule_search_locations))) / "_data" / "stocks.csv.gz"
    if not path.is_file():
        raise FeedError("extra_missing", f"the installed sample has no {path.name}", _INSTALL)
    return path


def _bar(day: date, row: dict[str, str]) -> Bar:
    opened_at = datetime.combine(day, time(9, 30), tzinfo=_NEW_YORK)
    ended = Ended(
        parse(Price, row["High"]), parse(Price, row["Low"]), parse(Price, row["Close"]), parse(Quantity, row["Volume"])
    )
    return Bar(
        instrument=row["Ticker"],
        at=int(opened_at.timestamp()) * NANOSECONDS,
        resolution_ns=DAY_NS,
        open=parse(Price, row["Open"]),
        ended=ended,
    )
