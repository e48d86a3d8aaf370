"""What the paper venue remembers, and where: plain records in memory, and in a SQLite file when it was given one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from remit.kernel.codec import encode
from remit.kernel.instrument import Mark
from remit.kernel.names import At, Name, Side
from remit.kernel.numbers import Money, Price, Quantity
from remit.kernel.order import OrderType, TimeInForce
from remit.venues.paper.messages import Execution

Life = Literal["pending", "working", "filled", "cancelled", "expired"]
Kind = Literal[
    "order", "closed", "cash", "position", "permit", "touch", "trading", "message", "clock", "dead_man", "key"
]  # fmt: skip


class PaperOrder(msgspec.Struct, kw_only=True):
    """An order at the venue. `price` is its limit, or the protection price of a market order; `arrived` is its turn."""

    id: Name
    connection: Name
    instrument: Name
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Quantity
    price: Price
    arrived: int = 0
    active_at: At = 0
    life: Life = "pending"
    """`pending` is on its way: it works once `active_at` has come."""
    filled: Quantity = Quantity(0)
    opening: Quantity = Quantity(0)
    """How much of what remains opens a position and so holds cash."""
    held: Money = Money(0)
    fills: tuple[Execution, ...] = ()
    fill_count: int = 0
    """How many fills there ever were: a fill that was taken back leaves its number used."""
    asked: int = 0
    """The nonce of the last question about it: a replace from before that is refused, so that the answer is final."""

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled

    @property
    def venue_order(self) -> str:
        return f"P-{self.id}"

    @property
    def is_open(self) -> bool:
        return self.life in ("pending", "working")


class Position(msgspec.Struct, kw_only=True):
    """A holding: below zero is short. `cost` is what was paid for it (received: below zero), at average."""

    quantity: Quantity = Quantity(0)
    cost: Money = Money(0)


class Touch(msgspec.Struct, kw_only=True):
    """The outside market of one instrument: its last mark and the size still there; None is without limit."""

    mark: Mark
    bid_left: Quantity | None
    ask_left: Quantity | None


class Clock(msgspec.Struct, kw_only=True):
    """The venue's time, which never goes back, and the number of the last order that arrived."""

    at: At = 0
    arrived: int = 0


class Store(Protocol):
    """Where records go. Nothing is durable before `commit`."""

    def load(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield every record as kind, key, canonical JSON."""

    def put(self, kind: Kind, key: str, record: object) -> None:
        """Write a record; None removes it."""

    def commit(self) -> None:
        """Make everything since the last commit durable, all or nothing."""


class NoStore:
    """Remembers nothing beyond the process: for replays."""

    def load(self) -> Iterator[tuple[str, str, bytes]]:
        return iter(())

    def put(self, kind: Kind, key: str, record: object) -> None:
        pass

    def commit(self) -> None:
        pass


_SET_UP = (
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "CREATE TABLE IF NOT EXISTS record (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)


class StateFile:
    """A SQLite file (write-ahead log): what was committed survives `kill -9` of the process.

    It is not flushed to the disk at each commit, so a power cut may lose the last moments; the file stays consistent.
    One process at a time. Raises ValueError for a file that is in use or is none of its own.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.chmod(0o600)
        try:
            self._database = sqlite3.connect(path, isolation_level=None, timeout=0)
            for line in _SET_UP:
                self._database.execute(line)
        except sqlite3.Error as problem:
            do = "Stop the venue that uses it, or name another file"
            raise ValueError(f"the state file {path} cannot be used: {problem}. {do}") from problem
        self._waiting: dict[tuple[str, str], object] = {}

    def load(self) -> Iterator[tuple[str, str, bytes]]:
        return iter(self._database.execute("SELECT kind, key, value FROM record ORDER BY kind, key").fetchall())

    def put(self, kind: Kind, key: str, record: object) -> None:
        self._waiting[kind, key] = record

    def commit(self) -> None:
        if not self._waiting:
            return
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(
            "DELETE FROM record WHERE kind = ? AND key = ?",
            [at for at, record in self._waiting.items() if record is None],
        )
        self._database.executemany(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
            [(*at, encode(record)) for at, record in self._waiting.items() if record is not None],
        )
        self._database.execute("COMMIT")
        self._waiting.clear()

    def close(self) -> None:
        """Close the file; what was not committed is lost."""
        self._database.close()
