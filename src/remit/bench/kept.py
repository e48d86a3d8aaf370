"""What a mark costs that the history keeps, beside what SQLite takes for one row of a bar."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.doors.history.file import FILE, History
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.command import Command
from remit.kernel.event import Record
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS, NANOSECONDS, SCALE, Price, Quantity, parse, text

ENTRIES = 40
"""Entries of one round, a second apart; at work two or so are written together."""
FEW, MANY = 50, 5_000
"""Instruments that the file knows; the same few move."""


def kept(rounds: int) -> list[Row | Skipped]:
    """A mark from its entry into the file, all of a batch in one transaction, and the same among many instruments."""
    with TemporaryDirectory() as folder:
        few, many = _Kept(Path(folder) / "few", FEW), _Kept(Path(folder) / "many", MANY)
        raw = _Raw(Path(folder) / "raw.sqlite")
        took = in_turns({"few": few.round(), "many": many.round(), "raw": raw.round()}, rounds, CPU)
        few.close()
        many.close()
        raw.close()
    noise = max(one.noise for one in took.values())
    return [
        Row(
            group="kept",
            name="a mark of the history",
            ns=took["few"].ns,
            beside="a raw insert of one bar each",
            beside_ns=took["raw"].ns,
            noise=noise,
        ),
        Row(
            group="kept",
            name=f"among {MANY:,} instruments",
            ns=took["many"].ns,
            beside=f"among {FEW}",
            beside_ns=took["few"].ns,
            reach=1.2,
            aim=1.0,
            noise=noise,
            note="the same fifty move",
        ),
    ]


class _Kept:
    """A file that knows so many instruments, and the next entries, each with a mark of the first fifty."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir()
        self._names = [f"I{number}" for number in range(count)]
        self._history = History(folder / FILE)
        self._history.begin(1, 0, [_instrument(name) for name in self._names])
        self._seq, self._entries = 0, [b""]
        self._entries = [self._next(self._names[start : start + FEW]) for start in range(0, count, FEW)]
        self._history.take(self._entries)

    def round(self) -> Round:
        return Round(self._take, self._prepare)

    def close(self) -> None:
        self._history.close()

    def _prepare(self) -> None:
        self._entries = [self._next(self._names[:FEW]) for _ in range(ENTRIES)]

    def _take(self) -> int:
        self._history.take(self._entries)
        return ENTRIES * FEW

    def _next(self, names: list[str]) -> bytes:
        self._seq += 1
        at = DAY_NS + self._seq * NANOSECONDS
        price = Price(100 * SCALE + self._seq % 7 * SCALE // 100)
        marks = tuple(Mark(instrument=name, at=at, bid=price, ask=price, last=price) for name in names)
        body = c.Marked(marks=marks)
        return encode(Record(Command(seq=self._seq, at=at, by=GUARD, body=body), (e.Took(),)))


class _Raw:
    """The least that SQLite does for as many: one row of text each, in one transaction."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None)
        self._base.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE bars (series INTEGER, at INTEGER,"
            " open TEXT, high TEXT, low TEXT, close TEXT, PRIMARY KEY (series, at)) WITHOUT ROWID"
        )
        self._at = 0

    def round(self) -> Round:
        return Round(self._insert)

    def close(self) -> None:
        with closing(self._base):
            pass

    def _insert(self) -> int:
        self._at += ENTRIES
        price = text(100 * SCALE)
        rows = [(number, self._at + at, price, price, price, price) for at in range(ENTRIES) for number in range(FEW)]
        self._base.execute("BEGIN IMMEDIATE")
        self._base.executemany("INSERT OR REPLACE INTO bars VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._base.execute("COMMIT")
        return ENTRIES * FEW


def _instrument(name: str) -> Instrument:
    return Instrument(
        name=name, kind="equity", venue="paper", currency="USD", category="us_equity", tick=parse(Price, "0.01"),
        lot=parse(Quantity, "1"),
    )  # fmt: skip
