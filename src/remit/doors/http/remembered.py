"""What was answered under an Idempotency-Key: kept per token, durably, so that a repeat after a broken link never acts
twice. Orders need none of this: their key is the intent's id, and the guard itself remembers it.

A refusal is not kept: nothing changed by it, so the same key may try again. Where the outcome is not known, the key
says so until a person has looked.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from remit.doors.http.problem import Problem
from remit.private import make_private

FILE = "http.sqlite"
KEPT_S = 7 * 86_400
PER_TOKEN_MAX = 10_000
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    token BLOB NOT NULL, key TEXT NOT NULL, asked BLOB NOT NULL, status INTEGER, body BLOB, at INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) WITHOUT ROWID
"""
Result = TypeVar("Result")


class Known(NamedTuple):
    """An answer that was given before."""

    status: int
    body: bytes


class Remembered:
    """The answers of one data folder. One thread writes, and nothing is told before the disk has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="remembered")
        self._database: sqlite3.Connection | None = None
        self._under_way: set[tuple[bytes, str]] = set()

    async def once(
        self, secret: str, key: str, asked: bytes, do: Callable[[], Awaitable[Known]], is_unknown: Callable[..., bool]
    ) -> tuple[Known, bool]:
        """Return the answer of `do`, or the one that it gave before under this key, and whether it is that one.

        `asked` is what the request says, `is_unknown(fault)` whether a fault leaves it open what happened. Problem:
        `key_reused` for another request, `key_under_way`, `outcome_unknown`, `key_not_kept`.
        """
        token = hashlib.sha256(secret.encode()).digest()
        place = (token, key)
        if place in self._under_way:
            raise Problem("key_under_way", "the first request with this key is under way", "Ask again soon")
        self._under_way.add(place)
        try:
            known = await self._kept(lambda: self._begin(token, key, hashlib.sha256(asked).digest()))
            if known is not None:
                return known, True
            try:
                answer = await do()
            except Exception as fault:
                if not is_unknown(fault):
                    await self._kept(lambda: self._forget(token, key))
                raise
            await self._kept(lambda: self._finish(token, key, answer))
            return answer, False
        finally:
            self._under_way.discard(place)

    def close(self) -> None:
        """Close the file; nothing is asked of it any more."""
        self._writer.submit(lambda: None if self._database is None else self._database.close()).result()
        self._writer.shutdown()

    async def _kept(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writer, work)
        except (sqlite3.Error, OSError) as fault:
            raise Problem("key_not_kept", f"the disk refused to keep the key: {fault}", "Check the disk") from None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            make_private(self._path)
            found = sqlite3.connect(self._path, isolation_level=None)
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=FULL")
            found.execute(_TABLE)
            found.execute("DELETE FROM answers WHERE at < ?", (int(time.time()) - KEPT_S,))
            self._database = found
        return self._database

    def _begin(self, token: bytes, key: str, asked: bytes) -> Known | None:
        database = self._opened()
        row = database.execute(
            "SELECT asked, status, body FROM answers WHERE token = ? AND key = ?", (token, key)
        ).fetchone()
        if row is None:
            self._make_room(database, token)
            now = int(time.time())
            database.execute("INSERT INTO answers VALUES (?, ?, ?, NULL, NULL, ?)", (token, key, asked, now))
            return None
        if row[0] != asked:
            raise Problem("key_reused", "this key was sent with another request", "Take a new key for a new request")
        if row[1] is None:
            raise Problem(
                "outcome_unknown", "whether the first request with this key took effect is not known",
                "Look whether it did; then take a new key, or leave it",
            )  # fmt: skip
        return Known(row[1], row[2])

    def _make_room(self, database: sqlite3.Connection, token: bytes) -> None:
        count = database.execute("SELECT COUNT(*) FROM answers WHERE token = ?", (token,)).fetchone()[0]
        if count >= PER_TOKEN_MAX:
            oldest = "SELECT key FROM answers WHERE token = ? ORDER BY at LIMIT ?"
            most = PER_TOKEN_MAX // 10
            database.execute(f"DELETE FROM answers WHERE token = ? AND key IN ({oldest})", (token, token, most))

    def _finish(self, token: bytes, key: str, answer: Known) -> None:
        self._opened().execute(
            "UPDATE answers SET status = ?, body = ? WHERE token = ? AND key = ?", (*answer, token, key)
        )

    def _forget(self, token: bytes, key: str) -> None:
        self._opened().execute("DELETE FROM answers WHERE token = ? AND key = ?", (token, key))
