"""The erasable side store: free text, names and raw replies, which the journal names only by a salted hash.

The digest is SHA-256(32-byte salt + text), the salt beside the text. Once both are erased the digest tells nothing, so
a person's text can go while every journalled digest stays.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from pathlib import Path

from remit.journal.errors import SideTextMissing

SALT_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS side (
    digest TEXT PRIMARY KEY,
    kind   TEXT NOT NULL,
    salt   BLOB,  -- salt and text are NULL once erased
    text   BLOB
) STRICT
"""


class Standing(Enum):
    """How a digest stands: its text is there and fits, was erased, does not fit, or was never put."""

    KEPT = "kept"
    ERASED = "erased"
    ALTERED = "altered"
    UNKNOWN = "unknown"


class SideStore:
    """A file of erasable texts, mode 0600, or an open database. `random_bytes(n)` gives n unpredictable bytes; one
    thread uses the store.

    Every method raises sqlite3.Error where the disk fails. An erased text is gone from this file, not from its backups.
    """

    def __init__(self, place: Path | sqlite3.Connection, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._waiting = False
        """Whether texts were put that no sync has made durable yet."""
        self._lost = False
        self._database = place if isinstance(place, sqlite3.Connection) else _connect(place)
        self._database.execute("PRAGMA secure_delete = ON")
        self._database.execute("PRAGMA journal_mode = TRUNCATE")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(_SCHEMA)
        self._database.commit()

    def put(self, kind: str, text: bytes) -> str:
        """Keep a text (UTF-8 or raw bytes) under a kind, and return its digest in hex. Durable after `sync`.

        A disk that refuses one text may take those put before it along: the next `sync` then fails too.
        """
        salt = self._random_bytes(SALT_BYTES)
        if len(salt) != SALT_BYTES:
            raise ValueError(f"the random source gave {len(salt)} bytes instead of {SALT_BYTES}")
        digest = _digest(salt, text)
        try:
            self._database.execute("INSERT INTO side VALUES (?, ?, ?, ?)", (digest, kind, salt, text))
        except sqlite3.Error:
            self._lost = self._lost or (self._waiting and not self._database.in_transaction)
            raise
        self._waiting = True
        return digest

    def sync(self) -> None:
        """Make every text put so far durable. Call it before the journal entry that names the digest is synced."""
        if self._lost:
            raise sqlite3.OperationalError("the disk refused a text, and those put with it are gone")
        self._database.commit()
        self._waiting = False

    def get(self, digest: str) -> bytes:
        """The text of a digest. SideTextMissing where it was erased, altered or never put."""
        row = self._row(digest)
        standing = Standing.UNKNOWN if row is None else _standing(digest, *row)
        if row is None or row[1] is None or standing is not Standing.KEPT:
            raise SideTextMissing(f"the text of {digest} is {standing.value}", _DO[standing])
        return row[1]

    def erase(self, digest: str) -> None:
        """Overwrite salt and text for good, durably; the digest and kind stay. SideTextMissing where never put."""
        if self._row(digest) is None:
            raise SideTextMissing(f"the text of {digest} is unknown", _DO[Standing.UNKNOWN])
        self._database.execute("UPDATE side SET salt = NULL, text = NULL WHERE digest = ?", (digest,))
        self._database.commit()

    def verify(self, digest: str) -> Standing:
        """How the digest stands, with its text hashed again."""
        row = self._row(digest)
        return Standing.UNKNOWN if row is None else _standing(digest, *row)

    def close(self) -> None:
        """Make everything durable and give the file up."""
        self._database.commit()
        self._database.close()

    def _row(self, digest: str) -> tuple[bytes | None, bytes | None] | None:
        row: tuple[bytes | None, bytes | None] | None = self._database.execute(
            "SELECT salt, text FROM side WHERE digest = ?", (digest,)
        ).fetchone()
        return row


_DO = {
    Standing.ERASED: "It was erased on request and cannot be had again",
    Standing.ALTERED: "Keep the file as evidence and restore the side store from a backup",
    Standing.UNKNOWN: "Check the digest, or restore the side store that belongs to this journal",
}


def _connect(path: Path) -> sqlite3.Connection:
    # Made before sqlite opens it, so that it never exists with a wider mode; one that is there is not opened, since
    # closing any descriptor of it would let go of every lock that this process holds on it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return sqlite3.connect(path)


def copy(path: Path, target: Path) -> None:
    """A consistent copy of a side store, also while it is in use, as a new file with mode 0600.

    Texts put but not yet synced are not in it. sqlite3.Error or OSError where a disk fails or the target exists.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    copied = sqlite3.connect(target)
    try:
        copied.execute("PRAGMA synchronous = FULL")
        source.backup(copied)
    finally:
        source.close()
        copied.close()


def altered(path: Path) -> list[str]:
    """The digests whose salt and text do not fit them; empty when all is well. sqlite3.Error where it is none."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT digest, salt, text FROM side")
        return [digest for digest, salt, text in rows if _standing(digest, salt, text) is Standing.ALTERED]
    finally:
        database.close()


def _standing(digest: str, salt: object, text: object) -> Standing:
    if salt is None and text is None:
        return Standing.ERASED
    whole = isinstance(salt, bytes) and isinstance(text, bytes) and _digest(salt, text) == digest
    return Standing.KEPT if whole else Standing.ALTERED


def _digest(salt: bytes, text: bytes) -> str:
    return sha256(salt + text).hexdigest()
