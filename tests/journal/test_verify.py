"""Verification of a whole journal: what holds is counted, the first fault is a value with its place."""

from __future__ import annotations

from remit.journal.frame import checkpoint_line, frame, segment_name, segments
from remit.journal.note import Signer
from remit.journal.tree import leaf_hash, root_of
from remit.journal.verify import verify
from remit.testing.disk import MemoryStore

from .cases import KEYS, ORIGIN, entry, filled, numbered, opened


def test_a_sound_journal_is_counted_and_every_entry_seen() -> None:
    store = MemoryStore()
    head = filled(opened(store, segment_bytes=900)[0], 8)
    seen: list[tuple[int, bytes]] = []
    found = verify(store, ORIGIN, KEYS, remembered=head, on_entry=lambda index, entry: seen.append((index, entry)))
    assert found.fault is None and seen == numbered(24)
    assert (found.count, found.root) == (24, root_of([leaf_hash(entry(number)) for number in range(24)]))
    assert found.checkpoint == head and found.checkpoints == 1 + 8 + len(segments(store)) - 1


def test_an_empty_folder_has_nothing_and_no_fault() -> None:
    found = verify(MemoryStore(), ORIGIN, KEYS)
    assert (found.count, found.checkpoint, found.fault) == (0, None, None)


def test_a_live_tail_is_no_fault() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 1)
    store.write(segment_name(0), store.size(segment_name(0)), frame(b"e", entry(3)) + b"e 00")
    found = verify(store, ORIGIN, KEYS)
    assert (found.fault, found.count, found.unsealed, found.torn_bytes) == (None, 3, range(3, 4), 4)


def test_the_first_fault_names_its_place() -> None:
    store = MemoryStore()
    filled(opened(store)[0], 2)
    at = bytes(store.live[segment_name(0)]).index(frame(b"e", entry(4)))
    store.flip(segment_name(0), (at + 12) * 8)
    found = verify(store, ORIGIN, KEYS)
    assert (found.count, str(found.fault).split(":")[0]) == (3, "journal_damaged")  # up to the last good head
    assert f"segment {segment_name(0)}, byte {at}, entry 4" in str(found.fault)


def test_every_signature_is_verified_not_only_the_last() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    head = filled(journal, 1)
    filled(journal, 1)
    forged = Signer(ORIGIN, bytes(32)).sign(head.note.split("\n\n")[0] + "\n")
    whole = bytes(store.live[segment_name(0)])
    store.replace(segment_name(0), whole.replace(checkpoint_line(head.note), checkpoint_line(forged)))
    assert "not signed by a known key" in str(verify(store, ORIGIN, KEYS).fault)


def test_a_rolled_back_journal_is_a_fault_against_a_remembered_head() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 1)
    old = store.reboot()
    head = filled(journal, 1)
    found = verify(old, ORIGIN, KEYS, remembered=head)
    assert found.fault is not None and found.fault.code == "journal_rolled_back"
