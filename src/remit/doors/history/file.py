"""The file of the history: bars of what was, and how far the journal was read for them. One private SQLite file.

The bars that entries make and that those were read become durable in one transaction, so over a kill at any point no
mark is lost and none counts twice. It holds nothing that cannot be lost: prices are made anew from the journal; of
samples the past goes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from remit.doors.history.bars import DAY_S, HOUR_S, KEPT_S, MINUTE_S, Bar, Place, bar_of, begins, joined, one
from remit.doors.history.errors import HistoryDamaged, HistoryUnusable
from remit.kernel.codec import decode, encode, learn
from remit.kernel.instrument import Instrument
from remit.kernel.numbers import NANOSECONDS, Money, parse, text
from remit.private import make_private
from remit.reports.prices import Priced, Prices

FILE = "history.sqlite"
FORM = 1
"""Of the tables; a file of another form is made anew."""
ROWS_MAX = 8_000_000
"""Bars in all, about half a gigabyte. Beyond them the oldest minutes go first."""
PIECE = 20_000
"""Bars that one transaction prunes at most."""
Kind = Literal["price", "equity", "cash", "leg"]
Result = TypeVar("Result")
_TABLES = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (instrument TEXT PRIMARY KEY, priced BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, of TEXT NOT NULL, about BLOB NOT NULL,
    UNIQUE (kind, of, name)
);
CREATE TABLE IF NOT EXISTS bars (
    series INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,
    open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, close TEXT NOT NULL, PRIMARY KEY (series, step, at)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS oldest ON bars (step, at);
"""
_HAPPENED = re.compile(rb'"event":"(?:booked|exit_set|exit_armed|corrected)"')
"""After such an event equity, cash or exits may stand elsewhere: they are sampled soon."""


class Leg(msgspec.Struct, frozen=True):
    """Whose leg of which exit a series is."""

    exit: str
    kind: str
    agent: str
    client: str


class Sample(NamedTuple):
    """One number as it stood: of which kind, `of` which account or instrument, its name there, and more about it."""

    kind: Kind
    of: str
    value: int
    name: str = ""
    about: bytes = b""


class _Command(msgspec.Struct, frozen=True):
    seq: int
    at: int


class _Head(msgspec.Struct, frozen=True):
    command: _Command


_heads = msgspec.json.Decoder(_Head)


class History:
    """The history in the file at `path`; HistoryUnusable for whatever SQLite refuses, HistoryDamaged where what stands
    in it is none. After either it is to be closed and opened again. One process writes; others may read beside it."""

    def __init__(self, path: Path) -> None:
        self._rows = 0
        self._latest: dict[tuple[int, int], tuple[int, Bar]] = {}
        self._series: dict[tuple[str, str, str], int] = {}
        try:
            make_private(path)
            self._base = sqlite3.connect(path, timeout=2, check_same_thread=False, isolation_level=None)
        except (sqlite3.Error, OSError) as fault:
            raise unusable(fault) from None
        try:
            self._base.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _TABLES)
            self._do(self._open)
        except (sqlite3.Error, HistoryUnusable) as fault:
            self._base.close()
            raise (fault if isinstance(fault, HistoryUnusable) else unusable(fault)) from None

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _open(self) -> None:
        if self._kept("form") not in (None, FORM):
            raise HistoryDamaged(f"{FILE} is of another form", "It is made anew")
        self._keep("form", FORM)
        rows = self._base.execute("SELECT priced FROM known").fetchall()
        self._prices = Prices(decode(Priced, row[0]) for row in rows)
        self._know_series()
        self._rows = self._kept("rows") or 0

    # How far the journal was read

    @property
    def position(self) -> int | None:
        """The last entry that was read; None where none ever was."""
        position: int | None = self._do(lambda: self._kept("position"))
        return position

    @property
    def digest(self) -> str:
        """The digest of the entry at the position; empty where it was not read."""
        return self._do(lambda: self._kept("digest")) or ""

    def begin(self, start: int, at: int, instruments: Iterable[Instrument]) -> None:
        """Forget everything, samples too, and begin with the entry `start`, of the instant `at`, and the instruments
        as they are known then."""

        def work() -> None:
            for table in ("kept", "known", "series", "bars"):
                self._base.execute(f"DELETE FROM {table}")
            self._series, self._rows, self._latest = {}, 0, {}
            self._keep("form", FORM)
            priced = [Priced(terms) for terms in instruments]
            self._prices = Prices(priced)
            self._know(priced)
            for name, value in (("position", start - 1), ("digest", ""), ("begun", at), ("minutes", at)):
                self._keep(name, value)

        self._do(work)

    def take(self, entries: Sequence[bytes]) -> bool:
        """Read entries, in their order and each once; whether something happened after which a sample is due.

        All or nothing, in one transaction. Entries that were read before say nothing; HistoryUnusable where one is
        missing between.
        """
        return self._do(lambda: self._take(entries))

    def _take(self, entries: Sequence[bytes]) -> bool:
        position = int(self._kept("position") or 0)
        bars: dict[Place, Bar] = {}
        touched: set[str] = set()
        last, happened = b"", False
        for entry in entries:
            head = _heads.decode(entry).command
            if head.seq <= position:
                continue
            if head.seq != position + 1:
                raise HistoryUnusable(f"entry {head.seq} does not follow entry {position}", "It is read again")
            position, last = head.seq, entry
            happened = happened or _HAPPENED.search(entry) is not None
            try:
                marks, changed = self._prices.take(entry)
            except ValueError as fault:
                raise HistoryUnusable(f"entry {head.seq} cannot be read: {fault}", "Start the doors anew") from None
            touched |= changed
            for mark in marks:
                self._note(bars, self._id("price", mark.instrument), mark.at, bar_of(mark))
        if last:
            self._put(bars)
            self._know(self._prices.known(name) for name in touched)
            self._keep("position", position)
            self._keep("digest", digest_of(last))
            self._prune(head.at)
        return happened

    # Samples

    def sample(self, at: int, samples: Iterable[Sample]) -> None:
        """Note how numbers stood at an instant."""

        def work() -> None:
            bars: dict[Place, Bar] = {}
            for found in samples:
                series = self._id(found.kind, found.of, found.name, found.about)
                self._note(bars, series, at, one(found.value))
            self._put(bars)
            if self._kept("sampled") is None:
                self._keep("sampled", at)
            self._prune(at)
            if self._kept("swept") != begins(at, DAY_S):
                self._keep("swept", begins(at, DAY_S))
                self._sweep()

        self._do(work)

    def _sweep(self) -> None:
        """Forget of which exits nothing is kept any more: once a day, for it looks at each."""
        self._base.execute(
            "DELETE FROM series WHERE kind = 'leg' AND NOT EXISTS (SELECT 1 FROM bars WHERE bars.series = series.id)"
        )
        self._know_series()

    def _know_series(self) -> None:
        found = self._base.execute("SELECT kind, of, name, id FROM series").fetchall()
        self._series = {(kind, of, name): id for kind, of, name, id in found}

    # The rows

    def _note(self, bars: dict[Place, Bar], series: int, at: int, bar: Bar) -> None:
        for step_s in KEPT_S:
            place = Place(series, step_s, begins(at, step_s))
            bars[place] = joined(bars.get(place), bar)

    def _put(self, bars: dict[Place, Bar]) -> None:
        """One write for each bar that was touched, whatever else there is; the latest of each are known by heart."""
        rows = []
        for place, bar in bars.items():
            known = self._known(place)
            self._rows += known is None
            whole = joined(known, bar)
            self._latest[place.series, place.step_s] = place.at_s, whole
            rows.append((*place, *map(text, whole)))
        self._base.executemany("INSERT OR REPLACE INTO bars VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._keep("rows", self._rows)

    def _known(self, place: Place) -> Bar | None:
        at_s, bar = self._latest.get((place.series, place.step_s), (None, None))
        if at_s == place.at_s:
            return bar
        question = "SELECT open, high, low, close FROM bars WHERE series = ? AND step = ? AND at = ?"
        found = self._base.execute(question, place).fetchone()
        return None if found is None else read(found)

    def _prune(self, now: int) -> None:
        second = now // NANOSECONDS
        for step_s, kept_s in KEPT_S.items():
            self._forget("step = ? AND at < ?", (step_s, begins(now, step_s) - kept_s))
        if self._rows > ROWS_MAX:
            oldest = self._base.execute("SELECT min(at) FROM bars WHERE step = ?", (MINUTE_S,)).fetchone()[0]
            until = min((oldest or second) + HOUR_S, second)
            self._forget("step = ? AND at < ?", (MINUTE_S, until))
            self._keep("minutes", until * NANOSECONDS)

    def _forget(self, condition: str, values: tuple[int, int]) -> None:
        gone = self._base.execute(
            "DELETE FROM bars WHERE (series, step, at) IN"
            f" (SELECT series, step, at FROM bars WHERE {condition} LIMIT {PIECE})",
            values,
        ).rowcount
        if gone:
            self._rows -= gone
            self._keep("rows", self._rows)

    def _know(self, priced: Iterable[Priced]) -> None:
        rows = [(one.terms.name, encode(one)) for one in priced]
        self._base.executemany("INSERT OR REPLACE INTO known VALUES (?, ?)", rows)

    def _id(self, kind: Kind, of: str, name: str = "", about: bytes = b"") -> int:
        key = (kind, of, name)
        found = self._series.get(key)
        if found is None:
            question = "INSERT INTO series (kind, of, name, about) VALUES (?, ?, ?, ?) RETURNING id"
            found = self._series[key] = int(self._base.execute(question, (kind, of, name, about)).fetchone()[0])
        return found

    def _kept(self, name: str) -> Any:
        row = self._base.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _keep(self, name: str, value: Any) -> None:
        self._base.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def _do(self, work: Callable[[], Result]) -> Result:
        """Do something as one transaction."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                found = work()
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise
            return found
        except (sqlite3.Error, ValueError, TypeError) as fault:
            raise unusable(fault) from None


def read(row: Sequence[str]) -> Bar:
    """Return a bar as the file has it; ValueError where that is none."""
    return Bar(*(int(parse(Money, value)) for value in row))


def digest_of(entry: bytes) -> str:
    """Return what an entry is known by."""
    return sha256(entry).hexdigest()


def unusable(fault: Exception) -> HistoryUnusable:
    """Return what is wrong with the file, by what was raised: it is damaged where its content was refused."""
    if isinstance(fault, HistoryUnusable):
        return fault
    away = isinstance(fault, (sqlite3.OperationalError, sqlite3.ProgrammingError, OSError))
    if isinstance(fault, sqlite3.OperationalError) and "no such" in str(fault):  # another's tables
        away = False
    if away:
        return HistoryUnusable(f"{FILE} cannot be used: {fault}", "Check the disk; it is tried again by itself")
    return HistoryDamaged(f"{FILE} is damaged: {fault}", "It is made anew from the journal")


def remove(path: Path) -> None:
    """Take a damaged file away, with what SQLite keeps beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


learn(Leg)
