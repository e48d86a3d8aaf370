"""The journal in use: what is on the disk, rotation, clean and unclean stops, poison, rollback, refusals."""

from __future__ import annotations

import errno
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import pytest

from remit.journal import snapshot as snapshots
from remit.journal.errors import (
    EntryRefused,
    JournalClosed,
    JournalDamaged,
    JournalPoisoned,
    JournalRolledBack,
    JournalUnreadable,
    StoreLocked,
)
from remit.journal.frame import checkpoint_line, frame, read_lines, sealed_size, segment_name, segments, unframe
from remit.journal.log import POISON_MARKER, Journal, Resume, read_entries
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.journal.tree import leaf_hash, root_of
from remit.testing.disk import Crashed, MemoryStore

from .cases import ORIGIN, SIGNER, entry, filled, numbered, opened

RESUME = Resume("ana", "disk replaced")


def test_a_segment_can_be_read_by_a_person(tmp_path: Path) -> None:
    journal, recovery = opened(FileStore(tmp_path / "journal"))
    assert recovery.created
    filled(journal, 1, each=2)
    journal.close()
    lines = (tmp_path / "journal" / segment_name(0)).read_text().splitlines()
    assert [line[0] for line in lines] == ["c", "e", "e", "c", "c"]
    assert lines[1].endswith(' {"n":0}')
    assert lines[3].startswith("c ") and f'"{ORIGIN}\\n2\\n' in lines[3]
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "journal").iterdir()} == {0o600}


def test_the_head_is_the_tree_of_the_durable_entries() -> None:
    journal, _ = opened(MemoryStore())
    head = filled(journal, 3)
    journal.append(entry(9))
    assert (journal.size, head.size) == (9, 9)
    assert journal.root == root_of([leaf_hash(entry(number)) for number in range(9)])
    assert list(journal.entries(4)) == numbered(9, 4)
    assert journal.sync().size == 10


def test_a_sync_with_nothing_buffered_writes_nothing() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    head = filled(journal, 1)
    before = store.size(segment_name(0))
    assert journal.sync() == head and store.size(segment_name(0)) == before


def test_entries_may_arrive_while_a_batch_is_written() -> None:
    journal, _ = opened(MemoryStore())
    journal.append(entry(0))
    batch = journal.seal()
    assert journal.append(entry(1)) == 1
    assert journal.commit(batch).size == 1
    assert list(journal.entries()) == numbered(1)
    assert journal.sync().size == 2
    with pytest.raises(ValueError, match="begins at entry 0"):
        journal.commit(batch)


@pytest.mark.parametrize("bad", [b"", b"two\nlines", b"x" * 65_536])
def test_an_entry_that_is_no_line_is_refused_and_harms_nothing(bad: bytes) -> None:
    journal, _ = opened(MemoryStore())
    with pytest.raises(EntryRefused):
        journal.append(bad)
    assert journal.append(b"x" * 65_535) == 0
    assert journal.sync().size == 1


def test_segments_rotate_and_each_opens_with_the_checkpoint_before_it() -> None:
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=1_000)
    filled(journal, 12)
    names = segments(store)
    assert len(names) > 2 and names[0] == segment_name(0)
    for before, name in pairwise(names):
        last = bytes(store.live[before]).splitlines(keepends=True)[-1]
        assert bytes(store.live[name]).startswith(last)
    assert list(journal.entries(17)) == numbered(36, 17)
    assert [index for index, _ in read_entries(store, 30, 33)] == [30, 31, 32]
    journal.close()
    again, recovery = opened(store, segment_bytes=1_000)
    assert recovery.clean_stop and list(again.entries()) == numbered(36)


def test_a_clean_stop_counts_once() -> None:
    store = MemoryStore()
    journal, recovery = opened(store)
    assert not recovery.clean_stop
    filled(journal, 2)
    journal.close()
    journal.close()
    with pytest.raises(JournalClosed):
        journal.append(b"late")
    assert opened(store)[1].clean_stop
    assert not opened(store.reboot())[1].clean_stop


def test_closing_makes_the_buffer_durable() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    journal.append(entry(0))
    journal.close()
    assert list(opened(store.reboot())[0].entries()) == numbered(1)


def test_entries_that_no_checkpoint_follows_are_cut_and_kept_beside() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    for number in range(3, 6):
        journal.append(entry(number))
    two_lines = frame(b"e", entry(3)) + frame(b"e", entry(4))
    store.crash_write(keep=len(two_lines) + 5)
    with pytest.raises(Crashed):
        journal.sync()
    store = store.reboot(keep=None)
    journal, recovery = opened(store)
    assert (recovery.unsealed, recovery.torn_bytes, recovery.clean_stop) == (range(3, 5), 5, False)
    assert store.read(recovery.kept, 0, store.size(recovery.kept)) == two_lines
    assert list(journal.entries()) == numbered(3) and filled(journal, 1).size == 6
    assert opened(store.reboot())[1].unsealed == range(6, 6)


def test_whoever_has_no_key_adds_no_entry() -> None:
    """Neither behind a head, where a crash could have left entries, nor behind a clean stop, where none could."""
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    name, forged = segment_name(0), frame(b"e", b'{"forged":1}')
    store.write(name, store.size(name), forged)
    store = store.reboot(keep=None)
    journal, recovery = opened(store)
    assert list(journal.entries()) == numbered(3) and recovery.unsealed == range(3, 4)
    journal.close()
    store = store.reboot()
    store.write(name, store.size(name), forged)
    with pytest.raises(JournalDamaged, match="an entry follows a clean stop"):
        opened(store.reboot(keep=None))


def test_a_checkpoint_whose_newline_is_spoilt_is_damage_and_loses_no_entry() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 2)
    store.flip(segment_name(0), store.size(segment_name(0)) * 8 - 1)
    before = store.read(segment_name(0), 0, store.size(segment_name(0)))
    with pytest.raises(JournalDamaged, match="another byte than a newline"):
        opened(store)
    assert store.read(segment_name(0), 0, store.size(segment_name(0))) == before


def test_the_size_that_a_checkpoint_covers_is_read_from_the_end() -> None:
    store = MemoryStore()
    assert sealed_size(store) == 0
    journal, _ = opened(store, segment_bytes=600)
    assert sealed_size(store) == 0
    for number in range(1, 6):
        size = filled(journal, 1).size
        assert sealed_size(store) == size == 3 * number
        name = segments(store)[-1]
        held = store.size(name)
        store.write(name, held, frame(b"e", bytes(1000)) * 200 + b"c 00")
        assert sealed_size(store) == size
        store.truncate(name, held)


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        (b"c %08x " % crc32(b"[" * 5000, crc32(b"c")) + b"[" * 5000 + b"\n", "the checkpoint is malformed"),
        (bytes(1 << 22) + b"\n", "more than 131072 bytes"),
        (frame(b"e", bytes(1 << 17)), "more than 131072 bytes"),
    ],
)
def test_lines_that_nobody_wrote_so_are_damage(tail: bytes, what: str) -> None:
    store = MemoryStore()
    filled(opened(store)[0], 1)
    store.write(segment_name(0), store.size(segment_name(0)), tail)
    with pytest.raises(JournalDamaged, match=what):
        opened(store.reboot(keep=None))


def test_a_zero_where_a_newline_was_to_stand_is_a_torn_line() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 2)
    name = segment_name(0)
    store.write(name, store.size(name) - 1, b"\0")
    journal, recovery = opened(store.reboot(keep=None))
    assert (journal.size, recovery.unsealed, recovery.torn_bytes > 0) == (3, range(3, 6), True)


def test_more_than_a_crash_can_leave_is_damage_and_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("frame", "walk"):
        monkeypatch.setattr(f"remit.journal.{module}.TORN_BYTES", 1 << 20)
    store = MemoryStore()
    filled(opened(store)[0], 1)
    store.write(segment_name(0), store.size(segment_name(0)), bytes(16 << 20))
    store = store.reboot(keep=None)
    read, places = store.read, list[int]()
    monkeypatch.setattr(store, "read", lambda name, at, length: places.append(at) or read(name, at, length))
    with pytest.raises(JournalDamaged, match="16777216 bytes follow that no crash leaves"):
        opened(store)
    assert max(places) < 4 << 20


def test_zeros_that_a_power_loss_left_are_cut_and_held_nowhere() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 1)
    store.write(segment_name(0), store.size(segment_name(0)), bytes(8 << 20))
    store = store.reboot(keep=None)
    assert max(len(line) for _, line in read_lines(store, segment_name(0))) <= 1 << 17
    journal, recovery = opened(store)
    assert (recovery.torn_bytes, journal.size, store.size(segment_name(0)) < 8 << 20) == (8 << 20, 3, True)


def test_every_head_kept_elsewhere_is_compared() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    small, large = filled(journal, 1), filled(journal, 2)
    assert opened(store.reboot(), remembered=[large, small, small])[0].size == 9
    for forged in (replace(small, root=bytes(32)), replace(large, root=bytes(32))):
        with pytest.raises(JournalRolledBack, match="not those of the head"):
            opened(store.reboot(), remembered=[small, large, forged])


def test_more_than_a_batch_may_hold_is_refused_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("log", "walk"):
        monkeypatch.setattr(f"remit.journal.{module}.BATCH_BYTES", 100)
    store = MemoryStore()
    journal, _ = opened(store)
    journal.append(bytes(60))
    with pytest.raises(EntryRefused, match="60 bytes of entries wait"):
        journal.append(bytes(60))
    journal.sync()
    journal.append(bytes(60))
    journal.sync()
    name = segment_name(0)
    store.write(name, store.size(name), frame(b"e", bytes(60)) * 2)
    with pytest.raises(JournalDamaged, match="no checkpoint follows the last 120 bytes"):
        opened(store.reboot(keep=None))


@pytest.mark.parametrize("fault", ["write", "sync"])
def test_the_first_error_poisons_for_good(fault: str) -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    journal.append(entry(3))
    store.fail_write() if fault == "write" else store.fail_sync()
    for _ in range(2):
        with pytest.raises(JournalPoisoned, match="planted"):
            journal.sync()
    with pytest.raises(JournalPoisoned):
        journal.append(entry(4))
    with pytest.raises(JournalPoisoned):
        journal.seal()
    assert journal.poisoned and journal.size == 3
    journal.close()
    with pytest.raises(JournalPoisoned, match="resume it by name"):
        opened(store.reboot(keep=None))


def test_a_person_resumes_and_the_marker_goes_with_the_first_batch() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    journal.append(entry(0))
    store.fail_sync()
    with pytest.raises(JournalPoisoned):
        journal.sync()
    store = store.reboot(keep=None)
    journal, recovery = opened(store, resume_poisoned=RESUME)
    assert recovery.resumed == RESUME and "planted sync fault" in str(recovery.poison)
    assert POISON_MARKER in store.names()
    journal.append(b'{"resume":"ana"}')
    journal.sync()
    assert POISON_MARKER not in store.names()
    assert opened(store.reboot())[1].resumed is None


def test_what_a_failed_sync_left_in_memory_is_durable_once_an_opening_returned() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    journal.append(entry(3))
    store.fail_sync()
    with pytest.raises(JournalPoisoned):
        journal.sync()
    for _ in range(2):  # the opening's own sync fails as well, then a third one works
        store = store.reboot(keep=None)
        store.fail_sync()
        with pytest.raises(JournalPoisoned, match="write test"):
            opened(store, resume_poisoned=RESUME)
    store = store.reboot(keep=None)
    assert opened(store, resume_poisoned=RESUME)[0].size == 4
    assert list(opened(store.reboot(), resume_poisoned=RESUME)[0].entries()) == numbered(4)


def test_a_resume_names_a_person_and_a_reason() -> None:
    with pytest.raises(ValueError, match="person and a reason"):
        Resume("ana", " ")


def test_a_full_disk_poisons_even_where_the_marker_does_not_fit() -> None:
    store = MemoryStore(capacity=900)
    journal, _ = opened(store)
    with pytest.raises(JournalPoisoned, match="marker could not be written"):
        filled(journal, 10)
    size = journal.size
    store = store.reboot()
    with pytest.raises(JournalPoisoned, match="write test at the start failed"):
        opened(store)
    store = store.reboot(keep=None)
    store.capacity = None
    store.live.pop(POISON_MARKER, None)
    journal, recovery = opened(store)
    assert not recovery.clean_stop and journal.size >= size
    assert list(journal.entries()) == numbered(journal.size)


def test_a_head_kept_elsewhere_detects_a_rollback_and_a_fork() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 2)
    old = store.reboot()
    head = filled(journal, 2)
    assert opened(store.reboot(), remembered=[head])[0].size == 12
    with pytest.raises(JournalRolledBack, match="head of size 12"):
        opened(old.reboot(), remembered=[head])
    with pytest.raises(JournalRolledBack, match="head of size 12"):
        opened(MemoryStore(), remembered=[head])
    fork, _ = opened(old)
    for number in range(6):
        fork.append(b'{"forked":%d}' % number)
    fork.close()
    with pytest.raises(JournalRolledBack, match="not those of the head"):
        opened(old, remembered=[head])


def test_a_lost_segment_is_damage() -> None:
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=600)
    filled(journal, 12)
    for name in segments(store)[:-1]:
        broken = store.reboot()
        broken.remove(name)
        with pytest.raises(JournalDamaged, match="is missing"):
            opened(broken)


def test_the_wrong_key_and_the_wrong_origin_are_refused_and_an_earlier_key_is_taken() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    journal.close()
    other = Signer(ORIGIN, bytes(32))
    with pytest.raises(JournalDamaged, match="not signed by a known key"):
        Journal.open(store.reboot(), other)
    with pytest.raises(JournalDamaged, match="not of 'elsewhere'"):
        Journal.open(store.reboot(), SIGNER, origin="elsewhere")
    journal, recovery = Journal.open(store, other, earlier_keys=[SIGNER.verifier])
    assert recovery.clean_stop and journal.size == 3


def test_a_rewritten_entry_with_a_right_checksum_is_damage() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 2)
    forged = bytes(store.live[segment_name(0)]).replace(frame(b"e", entry(4)), frame(b"e", b'{"n":9}'))
    store.replace(segment_name(0), forged)
    with pytest.raises(JournalDamaged, match="does not fit the entries") as damage:
        opened(store)
    assert (damage.value.segment, damage.value.index, damage.value.code) == (segment_name(0), 6, "journal_damaged")


def test_a_forged_checkpoint_is_damage() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    head = filled(journal, 1)
    forged = replace(head, note=Signer(ORIGIN, bytes(32)).sign(head.note.split("\n\n")[0] + "\n"))
    line, other = checkpoint_line(head.note), checkpoint_line(forged.note)
    store.replace(segment_name(0), bytes(store.live[segment_name(0)]).replace(line, other))
    with pytest.raises(JournalDamaged, match="not signed"):
        opened(store)


def test_from_a_snapshot_no_earlier_segment_is_read() -> None:
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=800)
    filled(journal, 10)
    size, frontier = journal.frontier()
    snapshots.write(store, size, 1, frontier, b"state")
    filled(journal, 5)
    for name in segments(store):
        if name < segments(store, size)[0]:
            store.replace(name, b"not read")
    snapshot, _ = snapshots.latest_valid(store)
    assert snapshot is not None
    journal, recovery = opened(store, snapshot=snapshot, segment_bytes=800)
    assert not recovery.clean_stop
    assert list(journal.entries(snapshot.seq)) == numbered(45, snapshot.seq)
    filled(journal, 3)
    assert opened(store.reboot(), snapshot=snapshot)[0].root == root_of([leaf_hash(entry(n)) for n in range(54)])
    with pytest.raises(JournalDamaged):
        opened(store)


def test_a_snapshot_of_another_or_a_longer_journal_is_refused() -> None:
    store, other = MemoryStore(), MemoryStore()
    journal, _ = opened(store)
    filled(journal, 2)
    size, frontier = journal.frontier()
    snapshots.write(other, size, 1, frontier, b"")
    snapshot, _ = snapshots.latest_valid(other)
    assert snapshot is not None
    with pytest.raises(JournalRolledBack, match="snapshot of entry 6"):
        opened(MemoryStore(), snapshot=snapshot)
    shorter = MemoryStore()
    filled(opened(shorter)[0], 1)
    with pytest.raises(JournalRolledBack, match="snapshot of entry 6"):
        opened(shorter, snapshot=snapshot)
    with pytest.raises(JournalDamaged, match="does not fit"):
        opened(store, snapshot=replace(snapshot, frontier=(bytes(32), bytes(32))))


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    journal, _ = opened(FileStore(tmp_path))
    with pytest.raises(StoreLocked, match="in use"):
        FileStore(tmp_path)
    journal.close()
    assert opened(FileStore(tmp_path))[1].clean_stop


def test_a_disk_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    filled(opened(store)[0], 1)

    def refuse(name: str, offset: int, length: int) -> bytes:
        raise OSError(errno.EIO, "planted read fault")

    monkeypatch.setattr(store, "read", refuse)
    with pytest.raises(JournalUnreadable, match="planted"):
        opened(store)


def test_a_segment_that_is_not_the_last_must_close_with_a_checkpoint() -> None:
    store = MemoryStore()
    filled(opened(store, segment_bytes=900)[0], 8)
    first = segment_name(0)
    for extra in (b"e 00", frame(b"e", b"slipped in")):
        broken = store.reboot()
        broken.replace(first, bytes(store.live[first]) + extra)
        with pytest.raises(JournalDamaged, match="does not close with a checkpoint"):
            opened(broken)


def test_a_segment_must_open_with_a_checkpoint() -> None:
    store = MemoryStore()
    filled(opened(store, segment_bytes=900)[0], 8)
    last = segments(store)[-1]
    for content in (b"", b"c 00", frame(b"e", b"{}")):
        broken = store.reboot()
        broken.replace(last, content)
        with pytest.raises(JournalDamaged, match="does not open with a checkpoint"):
            opened(broken)


def test_a_remembered_head_is_compared_where_the_snapshot_stands() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    head = filled(journal, 2)
    snapshots.write(store, *_at(journal), b"")
    snapshot, _ = snapshots.latest_valid(store)
    assert opened(store.reboot(), snapshot=snapshot, remembered=[head])[0].size == 6
    with pytest.raises(JournalRolledBack, match="not those of the head"):
        opened(store, snapshot=snapshot, remembered=[replace(head, root=bytes(32))])


def test_a_snapshot_that_no_checkpoint_proves_is_refused() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 2)
    snapshots.write(store, *_at(journal), b"")
    snapshot, _ = snapshots.latest_valid(store)
    whole = bytes(store.live[segment_name(0)])
    store.replace(segment_name(0), whole[: whole.rindex(b"\nc ") + 1])
    with pytest.raises(JournalDamaged, match="no checkpoint proves the snapshot"):
        opened(store, snapshot=snapshot)


def test_bytes_after_a_clean_stop_make_it_unclean() -> None:
    store = MemoryStore()
    opened(store)[0].close()
    store.replace(segment_name(0), bytes(store.live[segment_name(0)]) + b"e 00")
    assert not opened(store)[1].clean_stop


def test_a_segment_without_entries_is_never_begun_again() -> None:
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=1)
    for _ in range(3):
        journal.commit(journal.seal())
    assert bytes(store.live[segment_name(0)]).count(b"\n") == 4
    filled(journal, 3, each=1)
    assert segments(store) == [segment_name(0), segment_name(1), segment_name(2)]


def test_the_checksum_covers_the_kind_of_a_line() -> None:
    with pytest.raises(ValueError, match="checksum"):
        unframe(b"c" + frame(b"e", b"{}")[1:])


def _at(journal: Journal) -> tuple[int, int, list[bytes]]:
    size, frontier = journal.frontier()
    return size, 0, frontier


@pytest.mark.parametrize("each", [1, 7, 400])
def test_an_entry_far_in_is_read_without_what_stands_before(each: int) -> None:
    """Whatever the batches and however long the entries, from any index on the same entries come, and few bytes are
    read for the last."""
    store = MemoryStore()
    journal, _ = opened(store)
    written = []
    for number in range(1200):
        written.append(b'{"n":%d,"c \\"e":"%s"}' % (number, b"c " * (number * 37 % 900)))
        journal.append(written[-1])
        if number % each == each - 1:
            journal.sync()
    journal.sync()
    for start in (0, 1, 6, 7, 8, 399, 400, 777, 1198, 1199):
        assert list(journal.entries(start)) == list(enumerate(written))[start:]
    assert list(journal.entries(1200)) == []
    read, whole = 0, store.size(segment_name(0))
    plain_read = store.read

    def counted(name: str, offset: int, length: int) -> bytes:
        nonlocal read
        data = plain_read(name, offset, length)
        read += len(data)
        return data

    store.read = counted  # type: ignore[method-assign]
    assert next(iter(journal.entries(1190)))[0] == 1190
    assert whole > 1_000_000 and read < whole


def test_damage_is_found_from_where_reading_begins() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    for number in range(3000):
        journal.append(b'{"n":%d,"%s":0}' % (number, b"x" * 100))
        journal.sync()
    store.flip(segment_name(0), 8 * (store.size(segment_name(0)) // 2))
    assert next(iter(journal.entries(2900)))[0] == 2900
    with pytest.raises(JournalDamaged):
        list(journal.entries(100))
