"""Exports: whatever happens on the way, what stands at the place is the journal up to a signed head, or is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.cases import KEYS, ORIGIN, SIGNER, entry, filled, numbered, opened

from remit.export.errors import ExportConflict, ExportError, ExportRefused, ExportUnreachable
from remit.export.exporter import Exporter
from remit.export.sink import Folder, Sink, conflict
from remit.export.source import Durable, SharedFolder
from remit.journal import checkpoint as checkpoints
from remit.journal.errors import JournalDamaged, JournalPoisoned, JournalRolledBack
from remit.journal.log import Journal
from remit.journal.note import Signer, Verifier
from remit.journal.store import FileStore
from remit.journal.tiles import entries
from remit.journal.tree import Tree

KEY = SIGNER.verifier


class Memory:
    """A place in memory that refuses to write when it is told to."""

    name = "memory"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.refuse_after: int | None = None

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def earlier(self, size: int) -> Iterator[bytes]:
        return iter(())

    def write(self, path: str, data: bytes) -> None:
        self._count()
        if self.files.setdefault(path, data) != data:
            raise conflict(self.name, path)

    def head(self, note: str) -> None:
        self._count()
        self.files["checkpoint"] = note.encode()

    def _count(self) -> None:
        if self.refuse_after is not None:
            self.refuse_after -= 1
            if self.refuse_after < 0:
                raise ExportUnreachable("planted", "wait")


def journal_in(folder: Path, **options: Any) -> Journal:
    return opened(FileStore(folder), **options)[0]


def exporter_of(journal: Path, key: Verifier, sink: Sink) -> Exporter:
    return Exporter(lambda: Durable(SharedFolder(journal)), key, sink)


def check(read: Callable[[str], bytes | None], at_most: int) -> int:
    """Check as a stranger does, with nothing but the key, and return how many entries stand there."""
    note = read("checkpoint")
    if note is None:
        return 0
    head = checkpoints.verify(note.decode(), ORIGIN, KEYS)
    tree, found = Tree(), []

    def there(path: str) -> bytes:
        data = read(path)
        assert data is not None, path
        return data

    for index, one in entries(head.size, there):
        tree.add(one)
        found.append((index, one))
    assert tree.root() == head.root and found == numbered(head.size) and head.size <= at_most
    return head.size


@pytest.fixture(params=["folder", "memory"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Sink:
    return Folder(tmp_path / "out") if request.param == "folder" else Memory()


def test_it_goes_on_where_it_stood(tmp_path: Path, sink: Sink) -> None:
    journal = journal_in(tmp_path / "journal", segment_bytes=5_000)
    exporter = exporter_of(tmp_path / "journal", KEY, sink)
    for batches in (1, 3, 100, 1, 200):
        filled(journal, batches)
        head = exporter.advance()
        assert head is not None and head.size == journal.size == check(sink.read, journal.size)
        assert exporter.advance() == head
    filled(journal, 5)
    again = exporter_of(tmp_path / "journal", KEY, sink)
    assert again.head == head and again.advance() != head
    assert check(sink.read, journal.size) == journal.size
    assert sink.read("verifier.txt") == f"{KEY}\n".encode()


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 12)), min_size=1, max_size=6))
@settings(deadline=None, max_examples=12)
def test_whatever_the_place_refuses_a_head_that_stands_there_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    folder, sink = tmp_path_factory.mktemp("journal"), Memory()
    journal = journal_in(folder)
    exporter = None
    for size, writes in steps:
        filled(journal, 1, size)
        sink.refuse_after = writes
        before = check(sink.read, journal.size)
        try:
            exporter = exporter or exporter_of(folder, KEY, sink)
            exporter.advance()
        except ExportUnreachable:
            exporter = None
        assert before <= check(sink.read, journal.size)
    sink.refuse_after = None
    exporter_of(folder, KEY, sink).advance()
    assert check(sink.read, journal.size) == journal.size
    journal.close()


def test_partial_files_go_when_whole_ones_have_stood_for_one_head(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    out = Folder(tmp_path / "out")
    exporter = exporter_of(tmp_path / "journal", KEY, out)
    for size in (200, 100, 1):
        filled(journal, 1, size)
        exporter.advance()
        assert check(out.read, journal.size) == journal.size
        assert (out.read("tile/0/000.p/200") is None) == (journal.size == 301)
    assert not list((tmp_path / "out").rglob("*.tmp"))


@pytest.mark.parametrize("how", ["shorter", "another", "forked"])
def test_a_journal_that_was_put_back_is_named(tmp_path: Path, sink: Sink, how: str) -> None:
    filled(journal := journal_in(tmp_path / "old"), 20)
    exporter_of(tmp_path / "old", KEY, sink).advance()
    journal.close()
    store = FileStore(tmp_path / "new")
    going, _ = opened(store)
    filled(going, 10)
    if how == "another":
        going.append(b"another entry")
        going.sync()
        filled(going, 20)
    if how == "forked":
        going.append(b"another entry")
        for number in range(31, 60):
            going.append(entry(number))
        going.sync()
    with pytest.raises(JournalRolledBack):
        exporter_of(tmp_path / "new", KEY, sink).advance()
    assert check(sink.read, 60) == 60


def test_what_was_changed_at_the_place_is_named(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "journal")
    filled(journal, 100)
    good = Memory()
    exporter_of(tmp_path / "journal", KEY, good).advance()
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:-2] + bytes([data[-2] ^ 1]) + data[-1:],
    )
    for path in ("checkpoint", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"):
        for files in (
            *({**good.files, path: change(good.files[path])} for change in changes),
            {name: data for name, data in good.files.items() if name != path},
        ):
            if "checkpoint" in files:
                sink = Memory()
                sink.files = files
                with pytest.raises(ExportConflict):
                    exporter_of(tmp_path / "journal", KEY, sink)
    lost = Memory()
    lost.files = {path: data for path, data in good.files.items() if path != "checkpoint"}
    lost.files["tile/entries/000"] = b"\0" + lost.files["tile/entries/000"][1:-1] + b"?"
    with pytest.raises(ExportConflict, match="tile/entries/000"):
        exporter_of(tmp_path / "journal", KEY, lost).advance()


def test_an_unknown_key_is_named(tmp_path: Path, sink: Sink) -> None:
    filled(journal_in(tmp_path / "journal"), 1)
    other = Signer(ORIGIN, bytes(32)).verifier
    with pytest.raises(JournalDamaged, match="not signed by a known key"):
        exporter_of(tmp_path / "journal", other, sink).advance()
    exporter_of(tmp_path / "journal", KEY, sink).advance()
    with pytest.raises(ExportConflict, match="not this journal's"):
        exporter_of(tmp_path / "journal", other, sink)


def test_a_poisoned_journal_is_not_exported(tmp_path: Path, sink: Sink) -> None:
    filled(journal_in(tmp_path / "journal"), 1)
    (tmp_path / "journal" / "poisoned").write_text("the disk failed")
    with pytest.raises(JournalPoisoned):
        exporter_of(tmp_path / "journal", KEY, sink).advance()
    assert sink.read("checkpoint") is None


def test_what_is_not_synced_is_made_so_before_it_goes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_in(tmp_path / "journal")
    filled(journal, 1)
    (segment,) = (tmp_path / "journal").glob("*.journal")

    def refuse(descriptor: int) -> None:
        assert os.fstat(descriptor).st_ino == segment.stat().st_ino
        raise OSError("planted")

    monkeypatch.setattr("remit.export.source.os.fsync", refuse)
    sink = Memory()
    with pytest.raises(OSError, match="planted"):
        exporter_of(tmp_path / "journal", KEY, sink).advance()
    assert sink.files == {}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells open files by /proc")
def test_a_file_that_is_followed_stays_open_until_another_has_its_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    files = SharedFolder(tmp_path)

    def opened_at() -> set[str]:
        return {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and link.exists()}

    for name, stays in (("one", "one"), ("one", "one"), ("two", "two"), ("one", "one")):
        files.sync(name)
        assert {path for path in opened_at() if path.startswith(str(tmp_path))} == {str(tmp_path / stays)}
    (tmp_path / "fresh").write_text("one")
    (tmp_path / "fresh").rename(tmp_path / "one")
    files.sync("one")
    assert str(tmp_path / "one") in opened_at(), "and not the file that was replaced"
    del files
    assert not any(path.startswith(str(tmp_path)) for path in opened_at())


@pytest.mark.parametrize("where", ["checkpoint", "tile", "tile/entries", "tile/0/000.p/3", "verifier.txt"])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, where: str) -> None:
    filled(journal := journal_in(tmp_path / "journal"), 1)
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    (elsewhere / "letter").write_text("dear")
    (out / where).parent.mkdir(parents=True)
    for name, target in ((where, elsewhere), (f"{where}.tmp", elsewhere / "letter")):
        (out / name).symlink_to(target)
        try:
            exporter_of(tmp_path / "journal", KEY, Folder(out)).advance()
            assert check(Folder(out).read, journal.size) == journal.size
        except (ExportUnreachable, ExportRefused):
            assert name == where or name == "tile.tmp"
        assert [path.name for path in elsewhere.iterdir()] == ["letter"]
        assert (elsewhere / "letter").read_text() == "dear"
        (out / name).unlink(missing_ok=True)


@pytest.mark.parametrize("what", ["pipe", "huge"])
def test_what_is_no_plain_file_is_named(tmp_path: Path, what: str) -> None:
    sink = Folder(tmp_path)
    if what == "pipe":
        os.mkfifo(tmp_path / "checkpoint")
    else:
        with (tmp_path / "checkpoint").open("wb") as file:
            file.truncate(1 << 40)
    with pytest.raises(ExportUnreachable, match="no plain file"):
        exporter_of(tmp_path, KEY, sink)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ExportRefused, match="other files"):
        Folder(tmp_path)
    with pytest.raises(ExportRefused, match="cannot be used"):
        Folder(tmp_path / "letters.txt")
    assert isinstance(ExportRefused("", ""), ExportError)


def test_an_old_copy_of_the_place_is_gone_on_from(tmp_path: Path) -> None:
    """Whoever puts it back takes files along that the exporter brought there: no head may stand over their absence."""
    filled(journal := journal_in(tmp_path), 100)
    sink = Memory()
    exporter = exporter_of(tmp_path, KEY, sink)
    exporter.advance()
    old = dict(sink.files)
    filled(journal, 100)
    exporter.advance()
    sink.files = dict(old)
    filled(journal, 10)
    with pytest.raises(ExportUnreachable, match="is not the one that stood there"):
        exporter.advance()
    assert check(sink.read, 630) == 300
    exporter_of(tmp_path, KEY, sink).advance()
    assert check(sink.read, 630) == 630
