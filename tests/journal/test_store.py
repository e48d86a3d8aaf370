"""The folder on disk: modes, atomic replace, leftovers; and the disk in memory, held to the same promises."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from remit.journal.store import FileStore, FolderReader, Store
from remit.testing.disk import Crashed, MemoryStore


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return FileStore(tmp_path / "new" / "journal") if request.param == "folder" else MemoryStore()


def test_a_store_keeps_what_it_is_given(store: Store) -> None:
    store.replace("a", b"hello")
    store.replace("b", b"")
    store.write("a", 5, b" world")
    store.write("b", 0, b"other")
    store.write("a", 0, b"J")
    store.sync("a")
    store.truncate("b", 2)
    store.sync("b")
    assert store.names() == ["a", "b"]
    assert (store.read("a", 0, 100), store.read("a", 6, 2), store.size("a")) == (b"Jello world", b"wo", 11)
    assert store.read("b", 0, 100) == b"ot"
    store.replace("a", b"new")
    store.write("a", 3, b"er")
    assert store.read("a", 0, 100) == b"newer"
    store.remove("a")
    assert store.names() == ["b"]
    for refused in (lambda: store.read("a", 0, 1), lambda: store.write("a", 0, b"x"), lambda: store.remove("a")):
        with pytest.raises(FileNotFoundError):
            refused()


def test_a_folder_is_private_and_clears_leftovers(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir(mode=0o755)
    (folder / "half.tmp").write_bytes(b"interrupted")
    store = FileStore(folder)
    store.replace("a", b"x")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(folder)) == ["a", "lock"] and FolderReader(folder).names() == ["a"]
    store.close()
    store.close()
    with pytest.raises(OSError, match="closed"):
        store.write("a", 0, b"x")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden"])
def test_only_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        FolderReader(tmp_path).read(name, 0, 1)


def test_the_disk_in_memory_loses_what_was_not_synced() -> None:
    store = MemoryStore()
    store.replace("a", b"old ")
    store.write("a", 4, b"unsynced")
    assert store.unsynced_bytes() == 8
    assert store.reboot().read("a", 0, 99) == b"old "
    assert store.reboot(keep=2).read("a", 0, 99) == b"old un"
    assert store.reboot(keep=None).reboot().read("a", 0, 99) == b"old "
    store.sync("a")
    assert store.reboot().read("a", 0, 99) == b"old unsynced"


def test_the_disk_in_memory_fails_as_planned() -> None:
    store = MemoryStore(capacity=10)
    store.replace("a", b"")
    store.fail_write(2, keep=1)
    store.write("a", 0, b"12")
    with pytest.raises(OSError, match="planted"):
        store.write("a", 2, b"34")
    assert store.read("a", 0, 9) == b"123"
    with pytest.raises(OSError) as full:
        store.write("a", 3, b"0123456789")
    assert full.value.errno == errno.ENOSPC and store.size("a") == 10
    store.fail_sync()
    with pytest.raises(OSError, match="planted sync"):
        store.sync("a")
    store.sync("a")
    assert store.reboot().read("a", 0, 99) == b"" and store.read("a", 0, 1) == b"1"
    store.crash_sync()
    with pytest.raises(Crashed):
        store.sync("a")
    store.flip("a", 0)
    assert store.read("a", 0, 1) == b"0"
