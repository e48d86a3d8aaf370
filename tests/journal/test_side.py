"""The side store: digests are salted, erased text is gone from every byte of the file, alteration is seen."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from remit.journal import side
from remit.journal.errors import SideTextMissing
from remit.journal.side import SideStore, Standing

TEXT = "Dear desk, please sell. – Ana María".encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SideStore]:
    opened = SideStore(tmp_path / "side.sqlite", os.urandom)
    yield opened
    opened.close()


def test_a_text_is_kept_under_its_salted_digest(tmp_path: Path) -> None:
    store = SideStore(tmp_path / "side.sqlite", lambda count: b"s" * count)
    digest = store.put("note", TEXT)
    store.close()
    assert digest == sha256(b"s" * 32 + TEXT).hexdigest()
    again = SideStore(tmp_path / "side.sqlite", os.urandom)
    assert (again.get(digest), again.verify(digest)) == (TEXT, Standing.KEPT)
    assert (tmp_path / "side.sqlite").stat().st_mode & 0o777 == 0o600
    again.close()


def test_the_same_text_twice_has_two_digests(store: SideStore) -> None:
    assert store.put("note", TEXT) != store.put("note", TEXT)


def test_erased_text_is_really_gone(store: SideStore, tmp_path: Path) -> None:
    marker = b"a-name-that-must-go"
    digest = store.put("name", marker * 500)
    other = store.put("name", b"a-name-that-stays")
    store.sync()
    assert marker in (tmp_path / "side.sqlite").read_bytes()
    store.erase(digest)
    assert all(marker not in file.read_bytes() for file in tmp_path.iterdir())
    assert (store.verify(digest), store.verify(other)) == (Standing.ERASED, Standing.KEPT)
    with pytest.raises(SideTextMissing, match="erased"):
        store.get(digest)
    store.erase(digest)


def test_what_was_never_put_is_unknown(store: SideStore) -> None:
    assert store.verify("00" * 32) is Standing.UNKNOWN
    for use in (store.get, store.erase):
        with pytest.raises(SideTextMissing, match="unknown"):
            use("00" * 32)


@pytest.mark.parametrize("change", ["text = x'00'", "text = NULL", "salt = NULL"])
def test_altered_text_is_seen_and_not_given_out(store: SideStore, tmp_path: Path, change: str) -> None:
    digest, kept = store.put("note", TEXT), store.put("note", b"")
    store.sync()
    with sqlite3.connect(tmp_path / "side.sqlite") as database:
        database.execute(f"UPDATE side SET {change} WHERE digest = ?", (digest,))
    assert store.verify(digest) is Standing.ALTERED and store.get(kept) == b""
    with pytest.raises(SideTextMissing, match="altered"):
        store.get(digest)
    assert side.altered(tmp_path / "side.sqlite") == [digest]


def test_a_short_salt_is_refused(tmp_path: Path) -> None:
    store = SideStore(tmp_path / "side.sqlite", lambda count: b"short")
    with pytest.raises(ValueError, match="5 bytes"):
        store.put("note", TEXT)
    store.close()


def test_a_disk_that_refuses_one_text_never_loses_another_in_silence(tmp_path: Path) -> None:
    """sqlite gives up everything since the last sync when the disk is full: then no entry that names it may follow."""
    store = SideStore(tmp_path / "side.db", os.urandom)
    kept = store.put("thought", b"before")
    store.sync()
    with sqlite3.connect(tmp_path / "side.db") as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.Error):
        store.put("thought", b"x" * 100_000)
    store.sync()  # alone it takes nothing along

    store.put("thought", b"of somebody else")
    with pytest.raises(sqlite3.Error):
        store.put("thought", b"x" * 100_000)
    with pytest.raises(sqlite3.Error, match="gone"):
        store.sync()
    assert store.get(kept) == b"before"
