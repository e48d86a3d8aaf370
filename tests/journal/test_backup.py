"""Backups: taken while the owner writes, checked in full, restored only into nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.journal import snapshot as snapshots
from remit.journal.backup import backup, check, restore
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import BackupRefused
from remit.journal.frame import frame, segment_name, segments
from remit.journal.log import Journal
from remit.journal.side import SideStore
from remit.journal.store import FileStore, FolderReader

from .cases import KEYS, ORIGIN, entry, filled, numbered, opened


class House:
    """A running journal with a snapshot and a side store, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.side_path = folder / "side.sqlite"
        self.journal: Journal = opened(FileStore(folder / "journal"), segment_bytes=2_000)[0]
        self.store = FolderReader(folder / "journal")
        self.side = SideStore(self.side_path, os.urandom)
        filled(self.journal, 8)
        size, frontier = self.journal.frontier()
        snapshots.write(self.journal._store, size, 1, frontier, b"state")
        filled(self.journal, 8)
        self.digest = self.side.put("note", b"a free text")
        self.side.sync()

    def backup(self, target: Path) -> Checkpoint:
        return backup(self.store, self.side_path, target, ORIGIN, KEYS)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.side.close()
    made.journal.close()


def test_a_backup_of_a_running_journal_restores_whole(house: House, tmp_path: Path) -> None:
    assert len(segments(house.store)) > 1
    head = house.backup(tmp_path / "backup")
    assert head == house.journal.head
    filled(house.journal, 2)
    restored = tmp_path / "restored"
    assert restore(tmp_path / "backup", restored, tmp_path / "side2.sqlite", ORIGIN, KEYS, remembered=head) == head
    snapshot, _ = snapshots.latest_valid(FolderReader(restored))
    assert snapshot is not None and snapshot.seq == 24
    journal, recovery = opened(FileStore(restored), snapshot=snapshot, remembered=[head])
    assert not recovery.clean_stop and list(journal.entries()) == numbered(48)
    journal.close()
    side = SideStore(tmp_path / "side2.sqlite", os.urandom)
    assert side.get(house.digest) == b"a free text"
    side.close()
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "backup").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_a_backup_ends_at_a_checkpoint_while_a_batch_is_half_written(house: House, tmp_path: Path) -> None:
    last = tmp_path / "journal" / segments(house.store)[-1]
    with open(last, "ab") as file:
        file.write(frame(b"e", entry(48)) + b"e 0123")
    assert house.backup(tmp_path / "backup").size == 48
    copied = (tmp_path / "backup" / "journal" / last.name).read_bytes()
    assert last.read_bytes().startswith(copied) and copied.splitlines()[-1].startswith(b"c ")
    with open(last, "ab") as file:
        file.truncate(len(copied))


def test_nothing_is_overwritten(house: House, tmp_path: Path) -> None:
    house.backup(tmp_path / "backup")
    with pytest.raises(BackupRefused, match="not an empty folder"):
        house.backup(tmp_path / "backup")
    with pytest.raises(BackupRefused, match="not an empty folder"):
        restore(tmp_path / "backup", tmp_path / "journal", None, ORIGIN, KEYS)
    with pytest.raises(BackupRefused, match="exists"):
        restore(tmp_path / "backup", tmp_path / "new", house.side_path, ORIGIN, KEYS)


def test_a_damaged_backup_is_refused(house: House, tmp_path: Path) -> None:
    house.backup(tmp_path / "backup")
    for file in sorted(path for path in (tmp_path / "backup" / "journal").iterdir() if path.name != "lock"):
        whole = file.read_bytes()
        file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:] if len(whole) > 200 else whole[:-1])
        with pytest.raises(BackupRefused):
            check(tmp_path / "backup", ORIGIN, KEYS)
        file.write_bytes(whole)
    assert check(tmp_path / "backup", ORIGIN, KEYS).size == 48
    side = tmp_path / "backup" / "side.sqlite"
    side.write_bytes(side.read_bytes().replace(b"a free text", b"another one"))
    with pytest.raises(BackupRefused, match="1 side texts are altered"):
        check(tmp_path / "backup", ORIGIN, KEYS)


def test_an_old_backup_and_no_backup_are_refused(house: House, tmp_path: Path) -> None:
    house.backup(tmp_path / "backup")
    head = filled(house.journal, 1)
    with pytest.raises(BackupRefused, match="head of size 51"):
        check(tmp_path / "backup", ORIGIN, KEYS, remembered=head)
    with pytest.raises(BackupRefused, match="cannot be read"):
        check(tmp_path / "nothing", ORIGIN, KEYS)
    (tmp_path / "empty" / "journal").mkdir(parents=True)
    with pytest.raises(BackupRefused, match="does not end in a checkpoint"):
        check(tmp_path / "empty", ORIGIN, KEYS)


def test_a_damaged_journal_gives_no_backup(house: House, tmp_path: Path) -> None:
    first = tmp_path / "journal" / segment_name(0)
    whole = first.read_bytes()
    first.write_bytes(whole.replace(b'{"n":1}', b'{"n":2}'))
    with pytest.raises(BackupRefused, match="checksum"):
        house.backup(tmp_path / "backup")
    first.write_bytes(whole)
