"""The outbox: how far the journal was read, and what of it has not reached its channel yet. One private SQLite file.

What an entry says and that it was read become durable in one transaction. A notice leaves the outbox only after its
channel took it. So over a crash at any point nothing is lost; what was sent and not noted goes out again, under the
same id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from remit.doors.notify.channels import CHANNELS_MAX, Channel
from remit.doors.notify.errors import ChannelExists, ChannelInvalid, ChannelUnknown, OutboxDamaged
from remit.doors.notify.late import FILE, OVERDUE_NS
from remit.doors.notify.notice import Notice, Orders, counts_of, digest_of, ended_in, notices_of, order_of, summary
from remit.kernel.codec import learn
from remit.kernel.event import Record
from remit.kernel.numbers import DAY_NS
from remit.private import make_private
from remit.reports.told import Placed

KEPT_NS = 7 * DAY_NS
"""How long what was delivered is remembered, so that reading the journal again invents nothing."""
ORDER_AGE_MAX = 1_000_000
"""After so many entries it is forgotten whose an order is, wherever it has gone."""
_TABLES = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS channels (name TEXT PRIMARY KEY, made TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (name TEXT PRIMARY KEY, placed TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT NOT NULL, channel TEXT NOT NULL, notice TEXT NOT NULL, urgent INTEGER NOT NULL, at INTEGER NOT NULL,
    due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, fault TEXT NOT NULL DEFAULT '',
    delivered_at INTEGER, PRIMARY KEY (id, channel)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON deliveries (channel, urgent DESC, due_at) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS delivered ON deliveries (delivered_at) WHERE delivered_at IS NOT NULL;
"""


__all__ = ["FILE", "OVERDUE_NS", "Delivery", "Outbox"]


class Delivery(NamedTuple):
    """One notice on its way to one channel, or there. Times in ns; `fault` is why the last attempt failed."""

    channel: str
    notice: Notice
    at: int
    due_at: int
    attempts: int
    fault: str
    delivered_at: int | None


class Outbox:
    """The outbox of a data folder; OutboxDamaged for whatever SQLite refuses. Several processes may have it open."""

    def __init__(self, path: Path) -> None:
        try:
            make_private(path)
            self._base = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level=None)
            self._base.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + _TABLES)
        except (sqlite3.Error, OSError) as fault:
            raise _damaged(fault) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    # Reading the journal

    @property
    def position(self) -> int | None:
        """The last entry that was read; None where none ever was."""
        position: int | None = self._kept("position")
        return position

    @property
    def digest(self) -> str:
        """The digest of the entry at the position; empty where it was not read."""
        return self._kept("digest") or ""

    def begin_at(self, seq: int) -> None:
        """Take everything up to an entry as read: at the very first start."""

        def work() -> None:
            self._keep("position", seq)
            self._keep("digest", "")

        self._do(work)

    def begin_again(self, until: int) -> None:
        """Read the journal from its first entry again: it is another than the one that was read.

        Up to the entry `until`, only what is younger than the outbox remembers is told, to channels that were there:
        so what both journals say goes out once, and what the other alone says is not lost.
        """

        def work() -> None:
            self._keep("position", 0)
            self._keep("digest", "")
            self._keep("again", until)

        self._do(work)

    def take(self, records: Sequence[Record], now: int) -> list[Notice]:
        """Read entries, in their order and each once: what they say waits for each channel that takes it.

        Durable on return, all or nothing. Returns what they said. Entries that were read before say nothing.
        """
        found: list[Notice] = self._do(lambda: self._take(records, now))
        return found

    def _take(self, records: Sequence[Record], now: int) -> list[Notice]:
        position, again, told = self.position or 0, self._kept("again") or 0, []
        channels = self._channels()
        for record in records:
            if record.command.seq <= position:
                continue
            position = record.command.seq
            found = [*self._day(record), *notices_of(record, Orders(self._placed))]
            self._remember(record)
            if position <= again:
                found = [notice for notice in found if notice.at > now - KEPT_NS]
            for notice in found:
                takes = [one for one in channels if position > again or one.created_at <= notice.at]
                self._wait(notice, takes)
            self._keep("digest", digest_of(record))
            told += found
        self._keep("position", position)
        return told

    def _wait(self, notice: Notice, channels: Iterable[Channel]) -> None:
        written = msgspec.json.encode(notice).decode()
        self._base.executemany(
            "INSERT OR IGNORE INTO deliveries (id, channel, notice, urgent, at, due_at) VALUES (?, ?, ?, ?, ?, 0)",
            [
                (notice.id, one.name, written, notice.kind == "halts", notice.at)
                for one in channels
                if notice.kind in one.kinds
            ],
        )

    def _day(self, record: Record) -> list[Notice]:
        """Count an entry into its day; the first of another day tells what the one before brought."""
        today = record.command.at // DAY_NS
        kept = self._kept("day")
        day, counted = msgspec.json.decode(kept, type=tuple[int, dict[str, int]]) if kept else (today, {})
        told = []
        if today > day:
            told, day, counted = [summary(record, day, counted)], today, {}
        for name, count in counts_of(record).items():
            counted[name] = counted.get(name, 0) + count
        self._keep("day", msgspec.json.encode((day, counted)).decode())
        return told

    def _remember(self, record: Record) -> None:
        new = order_of(record)
        if new is not None:
            placed = msgspec.json.encode(new[1]).decode()
            self._base.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?)", (new[0], placed, record.command.seq))
            if record.command.seq % 1_000 == 0:
                self._base.execute("DELETE FROM orders WHERE seq <= ?", (record.command.seq - ORDER_AGE_MAX,))
        self._base.executemany("DELETE FROM orders WHERE name = ?", [(name,) for name in ended_in(record)])

    def _placed(self, order: str) -> Placed | None:
        row = self._base.execute("SELECT placed FROM orders WHERE name = ?", (order,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Placed)

    # Sending

    def due(self, channel: str, now: int, count: int) -> list[Delivery]:
        """Return up to so many notices that a channel should have by now, halts first, then the oldest."""
        return self._rows(
            "SELECT * FROM deliveries WHERE channel = ? AND delivered_at IS NULL AND due_at <= ?"
            " ORDER BY urgent DESC, due_at, at LIMIT ?",
            (channel, now, count),
        )

    def delivered(self, channel: str, ids: Sequence[str], at: int) -> None:
        """Note that a channel took notices; forget those of long ago."""

        def work() -> None:
            self._base.executemany(
                "UPDATE deliveries SET delivered_at = ?, attempts = attempts + 1, fault = ''"
                " WHERE id = ? AND channel = ?",
                [(at, one, channel) for one in ids],
            )
            self._base.execute("DELETE FROM deliveries WHERE delivered_at < ?", (at - KEPT_NS,))

        self._do(work)

    def failed(self, channel: str, ids: Sequence[str], fault: str, due_at: int) -> None:
        """Note that a channel did not take notices, why, and when they are tried again."""
        self._do(
            lambda: self._base.executemany(
                "UPDATE deliveries SET due_at = ?, attempts = attempts + 1, fault = ? WHERE id = ? AND channel = ?",
                [(due_at, fault[:500], one, channel) for one in ids],
            )
        )

    def deliveries(self, *, waiting: bool = False, channel: str = "", count: int = 100) -> list[Delivery]:
        """Return deliveries, the newest first; only those that wait, or of one channel, where that is asked."""
        return self._rows(
            "SELECT * FROM deliveries WHERE (NOT ? OR delivered_at IS NULL) AND (? = '' OR channel = ?)"
            " ORDER BY at DESC, id LIMIT ?",
            (waiting, channel, channel, count),
        )

    def overdue(self, now: int) -> list[Delivery]:
        """Return the halts that have not reached a channel for too long, the oldest first."""
        return self._rows(
            "SELECT * FROM deliveries WHERE urgent AND delivered_at IS NULL AND at <= ? ORDER BY at, id LIMIT 100",
            (now - OVERDUE_NS,),
        )

    def waiting(self) -> int:
        """Return how many notices wait for their channels."""
        return int(self._ask("SELECT count(*) FROM deliveries WHERE delivered_at IS NULL", ())[0][0])

    # Channels

    def channels(self) -> list[Channel]:
        """Return the channels, by name."""
        found: list[Channel] = self._do(self._channels)
        return found

    def channel(self, name: str) -> Channel:
        """Return a channel; ChannelUnknown."""
        for found in self.channels():
            if found.name == name:
                return found
        raise ChannelUnknown(f"there is no channel {name}", "See `remit notify list`")

    def add(self, channel: Channel) -> None:
        """Add a channel: it gets what happens from here on. ChannelExists; ChannelInvalid where there are too many."""

        def work() -> None:
            known = self._channels()
            if any(one.name == channel.name for one in known):
                raise ChannelExists(f"there is a channel {channel.name}", "Take another name, or remove it first")
            if len(known) >= CHANNELS_MAX:
                raise ChannelInvalid(f"there are {CHANNELS_MAX} channels", "Remove one first")
            made = msgspec.json.encode(channel).decode()
            self._base.execute("INSERT INTO channels VALUES (?, ?)", (channel.name, made))

        self._do(work)

    def remove(self, name: str) -> int:
        """Remove a channel and what waits for it; return how much that was. ChannelUnknown."""

        def work() -> int:
            if not self._base.execute("DELETE FROM channels WHERE name = ?", (name,)).rowcount:
                raise ChannelUnknown(f"there is no channel {name}", "See `remit notify list`")
            waited = self._base.execute(
                "SELECT count(*) FROM deliveries WHERE channel = ? AND delivered_at IS NULL", (name,)
            ).fetchone()[0]
            self._base.execute("DELETE FROM deliveries WHERE channel = ?", (name,))
            return int(waited)

        return int(self._do(work))

    def _channels(self) -> list[Channel]:
        rows = self._base.execute("SELECT made FROM channels ORDER BY name").fetchall()
        return [msgspec.json.decode(row[0], type=Channel) for row in rows]

    # The file

    def _do(self, work: Callable[[], Any]) -> Any:
        """Do something as one transaction."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                found = work()
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")
            return found
        except (sqlite3.Error, msgspec.DecodeError) as fault:
            raise _damaged(fault) from None

    def _ask(self, question: str, arguments: tuple[Any, ...]) -> list[Any]:
        try:
            return self._base.execute(question, arguments).fetchall()
        except sqlite3.Error as fault:
            raise _damaged(fault) from None

    def _rows(self, question: str, arguments: tuple[Any, ...]) -> list[Delivery]:
        return [
            Delivery(channel, msgspec.json.decode(notice, type=Notice), at, due_at, attempts, fault, delivered_at)
            for _, channel, notice, _, at, due_at, attempts, fault, delivered_at in self._ask(question, arguments)
        ]

    def _kept(self, name: str) -> Any:
        rows = self._ask("SELECT value FROM kept WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def _keep(self, name: str, value: Any) -> None:
        self._base.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))


def _damaged(fault: Exception) -> OutboxDamaged:
    return OutboxDamaged(f"{FILE} cannot be used: {fault}", "Check the disk; moved away, it begins anew from now on")


learn(Channel, Notice, Placed)
