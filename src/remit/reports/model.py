"""The read model: a SQLite file of what the journal says, for questions. Disposable: rebuilt from the journal alone.

It takes entries in order, each once, and resumes where it stopped. The last entry that it took is kept by its hash, so
that another journal, or this one after a rollback, is noticed: it then begins anew. Each version of what reads the
journal has a file of its own, so that two at once, as during an update, do not take it from one another.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self

from remit.digest import sources
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.private import make_private
from remit.reports.errors import AnotherJournal, ModelUnusable, OutOfStep
from remit.reports.story import tell
from remit.reports.tables import SCHEMA, Tables
from remit.reports.visible import EVERYTHING, Visible

LEFT_S = 7 * 86_400
"""What another version wrote last so long ago is removed."""
PAGE_MAX = 1_000
BATCH = 1_000
"""Entries that are taken together."""
_DECIDED = {
    "allow": " AND kind = 'order' AND entry IN ('submit', 'replace') AND code = ''",
    "hold": " AND kind = 'approval' AND entry IN ('submit', 'replace') AND said LIKE '%: held for people%'",
    "deny": " AND kind = 'violation' AND entry IN ('submit', 'replace', 'approve') AND ord <> ''",
}
"""Which lines say each verdict; a refusal decides nothing, and is of no order."""
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
_MARKED, _ONLY_MARKS = b'"kind":"marked"', b'"events":[{"event":"took"}]}'
"""Most entries are prices from which nothing followed: those are counted and not read."""


def path_in(home: Path) -> Path:
    """Return where the read model of a data folder is, for this version of what reads its journal."""
    return home / f"read-{reader()[:16]}.sqlite"


class Page(NamedTuple):
    """Rows, and where to ask on: the id of the last row, or None at the end. What is appended later comes after it."""

    rows: list[dict[str, Any]]
    next: int | None


class Model:
    """The rows of one journal in the file at `path` (`:memory:` for none). One thread uses it; other processes may
    read and take beside it."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._database = _opened(path)
        self._place = _place(path)
        self._tables = Tables(self._database)
        self._database.row_factory = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file up."""
        self._database.close()

    # Taking entries

    @property
    def position(self) -> int:
        """The sequence number of the last entry taken; 0 where there is none."""
        return int(self._meta("position") or 0)

    @property
    def last_hash(self) -> str:
        """SHA-256 of the last entry taken, in hex; empty where there is none."""
        return self._meta("last")

    def take(self, seq: int, entry: bytes) -> None:
        """Take the next entry. OutOfStep where it is not the next one; ModelUnusable where the file refuses it."""
        self.take_all([(seq, entry)])

    def take_all(self, entries: Iterable[tuple[int, bytes]]) -> int:
        """Take entries (sequence number, bytes) in order, all or none, and return how many were new. Those that another
        process took meanwhile are passed over."""
        taken = 0
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._check_place()
                position, last = self.position, b""
                for seq, entry in entries:
                    if seq <= position:
                        continue
                    if seq != position + 1:
                        raise OutOfStep(f"entry {seq} does not follow entry {position}", "Give the entries in order")
                    self._read(entry)
                    position, last, taken = seq, entry, taken + 1
                if taken:
                    self._put_meta("position", str(position))
                    self._put_meta("last", sha256(last).hexdigest())
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as fault:
            raise _unusable(self._path, fault) from None
        return taken

    def check(self, seq: int, entry: bytes) -> None:
        """Return where an entry is the last one taken; AnotherJournal otherwise."""
        if seq == self.position and sha256(entry).hexdigest() != self.last_hash:
            raise AnotherJournal(f"entry {seq} is not the one that was read", "Begin anew from the first entry")

    def begin_anew(self) -> None:
        """Forget everything: the next entry to take is the first."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for (name,) in self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                self._database.execute(f"DELETE FROM {name}")
            self._put_meta("reader", reader())
            self._database.execute("COMMIT")
        except sqlite3.Error as fault:
            raise _unusable(self._path, fault) from None

    def _read(self, entry: bytes) -> None:
        if _MARKED in entry and entry.endswith(_ONLY_MARKS):
            return
        record = decode(Record, entry)
        self._tables.know(record)
        lines = tell(record, self._tables)
        self._tables.tell(record, lines)
        self._tables.count(record, lines)

    def _check_place(self) -> None:
        """Return where the file is the one that was opened: what is written into one that was removed, nobody reads."""
        if _place(self._path) != self._place:
            raise ModelUnusable(f"{self._path} was removed or replaced while it was read", "Open it again")

    def _meta(self, name: str) -> str:
        try:
            row = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as fault:
            raise _unusable(self._path, fault) from None
        return "" if row is None else str(row[0])

    def _put_meta(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    # Asking

    def lines(
        self,
        visible: Visible,
        *,
        agent: str = "",
        client: str = "",
        order: str = "",
        account: str = "",
        instrument: str = "",
        kind: str = "",
        verdict: str = "",
        since: int | None = None,
        until: int | None = None,
        after: int | None = None,
        limit: int = 100,
        latest: bool = False,
        trading: bool = False,
        looks: bool = True,
    ) -> Page:
        """Return lines of the journal in words, oldest first, or `latest` first; `after` goes on from a page's `next`.

        `since` and `until` are times in ns, the first included, the last not. `verdict` keeps what was decided so: an
        order, new terms, or one that was judged again. `trading` leaves out what people and the guard do beside it, and
        without `looks` what was only read or previewed is left out, where it was answered.
        """
        wanted = {"agent": agent, "client": client, "ord": order, "account": account, "kind": kind}
        wanted["instrument"] = instrument
        more = "" if looks else " AND NOT (kind = 'action' AND code = '')"
        more += " AND kind NOT IN ('guard', 'access', 'fact', 'mandate')" if trading else ""
        more += _DECIDED[verdict] if verdict else ""
        return self._page("lines", visible, wanted, since, until, after, limit, latest=latest, more=more)

    def timeline(self, of: str, visible: Visible, *, after: int | None = None, limit: int = 200) -> Page:
        """Return everything about one agent, or one order, oldest first."""
        column = "agent" if self.knows_agent(of, visible) else "order"
        return self.lines(visible, after=after, limit=limit, **{column: of})  # type: ignore[arg-type]

    def knows_agent(self, name: str, visible: Visible) -> bool:
        """Whether there is an agent of that name that may be seen."""
        row = self._database.execute("SELECT account FROM agents WHERE name = ?", (name,)).fetchone()
        return row is not None and (visible.sees(row[0], name, "") or bool(visible.clients))

    def orders(
        self,
        visible: Visible,
        *,
        agent: str = "",
        client: str = "",
        state: str = "",
        instrument: str = "",
        after: int | None = None,
        limit: int = 100,
    ) -> Page:
        """Return proposals that were decided, latest first, the denied ones too."""
        wanted = {"agent": agent, "client": client, "state": state, "instrument": instrument}
        return self._page("orders", visible, wanted, None, None, after, limit, latest=True)

    def rejected(self, visible: Visible, since: int, until: int) -> Iterator[dict[str, Any]]:
        """Yield orders that were denied here or rejected by their venue, asked for in a span of time."""
        return self._span("orders", visible, since, until, "AND state IN ('denied', 'rejected')")

    def blotter(self, visible: Visible, since: int, until: int) -> Iterator[dict[str, Any]]:
        """Yield fills of a span of time, those that a venue took back too, with their orders."""
        return self._span("fills", visible, since, until)

    def violations(self, visible: Visible, since: int, until: int) -> Iterator[dict[str, Any]]:
        """Yield each rule that an order broke, and each refusal of an agent or its client."""
        return self._span("violations", visible, since, until)

    def approvals(self, visible: Visible, since: int, until: int) -> Iterator[dict[str, Any]]:
        """Yield each step of each hold."""
        return self._span("approvals", visible, since, until)

    def _page(
        self, table: str, visible: Visible, wanted: Mapping[str, str], since: int | None, until: int | None,
        after: int | None, limit: int, *, latest: bool, more: str = "",
    ) -> Page:  # fmt: skip
        condition, values = visible.where()
        condition += more
        asked: list[Any] = [*values]
        for column, value in wanted.items():
            if value:
                condition += f" AND {column} = ?"
                asked.append(value)
        for test, bound in (("at >= ?", since), ("at < ?", until), (f"id {'<' if latest else '>'} ?", after)):
            if bound is not None:
                condition += f" AND {test}"
                asked.append(bound)
        size = min(max(limit, 1), PAGE_MAX)
        order = "DESC" if latest else "ASC"
        found = list(
            self._rows(f"SELECT * FROM {table} WHERE {condition} ORDER BY id {order} LIMIT ?", [*asked, size + 1])
        )
        return Page(found[:size], found[size - 1]["id"] if len(found) > size else None)

    def _span(self, table: str, visible: Visible, since: int, until: int, more: str = "") -> Iterator[dict[str, Any]]:
        """Yield rows in order, a page at a time, so that memory stays flat and a writer waits for nobody."""
        condition, values = visible.where()
        last = -1
        question = (
            f"SELECT * FROM {table} WHERE {condition} AND at >= ? AND at < ? {more} AND id > ? ORDER BY id LIMIT ?"
        )
        while True:
            found = list(self._rows(question, [*values, since, until, last, PAGE_MAX]))
            yield from found
            if len(found) < PAGE_MAX:
                return
            last = found[-1]["id"]

    def _rows(self, question: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        try:
            asked = self._database.execute(question, values)
            names = ["order" if column[0] == "ord" else column[0] for column in asked.description]
            yield from (dict(zip(names, row, strict=True)) for row in asked.fetchall())
        except sqlite3.Error as fault:
            raise _unusable(self._path, fault) from None


def _opened(path: Path | str) -> sqlite3.Connection:
    """Open the file with the tables of this version in it; one that is none, or of another version, is made anew."""
    try:
        database = _connected(path)
        if _reader_of(database) == reader():
            return database
        database.close()
    except (OSError, sqlite3.Error) as fault:
        # Only what is no database is made anew: one that is busy or out of reach is somebody's.
        if getattr(fault, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF not in _DAMAGED:
            raise _unusable(path, fault) from None
    try:
        if path != ":memory:":
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        database = _connected(path)
        database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        database.execute("INSERT INTO meta VALUES ('reader', ?)", (reader(),))
        _remove_left(path)
        return database
    except (OSError, sqlite3.Error) as fault:
        raise _unusable(path, fault) from None


def _remove_left(path: Path | str) -> None:
    """Remove the files of other versions beside a new one that nobody wrote for long."""
    if path == ":memory:":
        return
    for other in Path(path).parent.glob("read*.sqlite"):
        with contextlib.suppress(OSError):
            if other != Path(path) and time.time() - _written_at(other) > LEFT_S:
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{other}{suffix}").unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    """Return when a file or what is still to be put into it was written last."""
    return max(part.stat().st_mtime for part in (path, Path(f"{path}-wal")) if part.exists())


def _place(path: Path | str) -> tuple[int, int] | None:
    """Return which file stands at a path; None where there is none."""
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _connected(path: Path | str) -> sqlite3.Connection:
    if path != ":memory:":
        make_private(Path(path))
    database = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")  # what a power cut damages is made anew
    return database


def _reader_of(database: sqlite3.Connection) -> str:
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return ""
    row = database.execute("SELECT value FROM meta WHERE name = 'reader'").fetchone()
    return "" if row is None else str(row[0])


def _unusable(path: Path | str, fault: Exception) -> ModelUnusable:
    return ModelUnusable(f"{path} cannot be used: {fault}", "Remove it: it is rebuilt from the journal")


@cache
def reader() -> str:
    """Return the SHA-256 over the sources that read entries and tell of them: which version made the rows."""
    state = hash_of("remit.kernel"), hash_of("remit.reports")
    return sha256("".join(state).encode()).hexdigest()


def hash_of(package: str) -> str:
    """Return the SHA-256 over a package's own Python files."""
    state = sha256()
    for source in sources(package):
        state.update(source)
    return state.hexdigest()


__all__ = ["EVERYTHING", "Model", "Page", "Visible"]
