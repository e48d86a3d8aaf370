"""Crashes at any byte and bits turned anywhere: what was acknowledged stays, and what is damaged is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remit.journal import snapshot as snapshots
from remit.journal.errors import JournalError, JournalPoisoned
from remit.journal.frame import segment_name, segments
from remit.journal.log import POISON_MARKER, Journal, Resume
from remit.journal.verify import verify
from remit.testing.disk import Crashed, MemoryStore

from .cases import KEYS, ORIGIN, entry, filled, numbered, opened

RESUME = Resume("ana", "the disk was replaced")


class CrashingJournal(RuleBasedStateMachine):
    """A journal on a failing disk beside a list of what was given to it."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.given: list[bytes] = []
        self.acknowledged = 0
        self.serial = 0
        self.alive = False
        self.journal: Journal
        self.start()

    def start(self) -> None:
        """Open, and hold what is found against what was acknowledged. A planted fault may hit the opening itself."""
        snapshot, warnings = snapshots.latest_valid(self.store)
        assert not warnings
        resume = RESUME if POISON_MARKER in self.store.names() else None
        try:
            self.journal, _ = opened(self.store, snapshot=snapshot, resume_poisoned=resume, segment_bytes=700)
        except (JournalPoisoned, Crashed):
            self.alive = False
            return
        self.alive = True
        assert self.acknowledged <= self.journal.size <= len(self.given)
        assert [kept for _, kept in self.journal.entries()] == self.given[: self.journal.size]
        del self.given[self.journal.size :]
        self.acknowledged = self.journal.size

    @precondition(lambda self: self.alive)
    @rule(length=st.integers(0, 200))
    def append(self, length: int) -> None:
        self.serial += 1
        given_entry = b"%d " % self.serial + b"x" * length
        assert self.journal.append(given_entry) == len(self.given)
        self.given.append(given_entry)

    @precondition(lambda self: self.alive)
    @rule()
    def sync(self) -> None:
        try:
            assert self.journal.sync().size == len(self.given)
            self.acknowledged = len(self.given)
        except (JournalPoisoned, Crashed):
            self.alive = False

    @precondition(lambda self: self.alive and self.journal.size == len(self.given))
    @rule()
    def take_snapshot(self) -> None:
        size, frontier = self.journal.frontier()
        try:
            snapshots.write(self.store, size, 0, frontier, b"state of %d" % size)
        except OSError:
            pass  # a snapshot that fails harms nothing, which the next opening shows
        except Crashed:
            self.alive = False

    @precondition(lambda self: self.alive)
    @rule()
    def close(self) -> None:
        try:
            self.journal.close()
            self.acknowledged = len(self.given)
        except (JournalPoisoned, Crashed):
            pass
        self.alive = False

    @rule(nth=st.integers(1, 2), keep=st.integers(0, 900), crash=st.booleans())
    def plant_write_fault(self, nth: int, keep: int, crash: bool) -> None:
        self.store.crash_write(nth, keep) if crash else self.store.fail_write(nth, keep)

    @rule(nth=st.integers(1, 2), crash=st.booleans())
    def plant_sync_fault(self, nth: int, crash: bool) -> None:
        self.store.crash_sync(nth) if crash else self.store.fail_sync(nth)

    @rule(keep=st.none() | st.integers(0, 1_500))
    def die_and_start(self, keep: int | None) -> None:
        self.store = self.store.reboot(keep)
        self.start()

    @rule(keep=st.none() | st.integers(0, 300), at=st.integers(1, 3))
    def die_and_die_again_while_starting(self, keep: int | None, at: int) -> None:
        self.store = self.store.reboot(keep)
        self.store.crash_sync() if at == 1 else self.store.crash_write(1, at * 40)
        self.start()

    @invariant()
    def everything_on_the_disk_verifies(self) -> None:
        found = verify(self.store, ORIGIN, KEYS)
        assert found.fault is None, found.fault


CrashingJournal.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_a_crashing_journal_loses_nothing = CrashingJournal.TestCase


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2_000), st.integers(0, 60))
def test_a_crash_at_any_byte_keeps_what_was_acknowledged_and_recovery_is_idempotent(keep: int, second: int) -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 2)
    for number in range(6, 16):
        journal.append(entry(number))
    store.crash_sync()
    with pytest.raises(Crashed):
        journal.sync()
    once, twice = store.reboot(keep), store.reboot(keep)
    twice.crash_write(1, second)
    with pytest.raises(Crashed):
        opened(twice)
    first, recovery = opened(once)
    again, _ = opened(twice.reboot(keep=None))
    assert first.size in (6, 16) and list(first.entries()) == numbered(first.size)
    assert recovery.unsealed.start == first.size
    assert (again.size, again.root) == (first.size, first.root)


def sealed_disk() -> tuple[MemoryStore, int]:
    """A journal of two segments, and how many of its last segment's bytes come before its last checkpoint."""
    store = MemoryStore()
    filled(opened(store, segment_bytes=900)[0], 6, each=2)
    last = bytes(store.live[segments(store)[-1]])
    assert len(segments(store)) == 2
    return store, last.rindex(b"\nc ") + 1


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_a_bit_turned_before_the_last_checkpoint_is_caught(data: st.DataObject) -> None:
    store, tail = sealed_disk()
    name = data.draw(st.sampled_from(segments(store)))
    end = tail if name == segments(store)[-1] else store.size(name)
    store.flip(name, data.draw(st.integers(0, end * 8 - 1)))
    assert verify(store, ORIGIN, KEYS).fault is not None
    with pytest.raises(JournalError) as damage:
        opened(store)
    assert damage.value.code == "journal_damaged"


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_bit_turned_in_the_last_checkpoint_never_loses_an_entry(data: st.DataObject) -> None:
    store, tail = sealed_disk()
    name = segments(store)[-1]
    store.flip(name, data.draw(st.integers(tail * 8, store.size(name) * 8 - 1)))
    try:
        journal, _ = opened(store)
    except JournalError as refused:
        assert refused.code == "journal_damaged"
    else:
        assert list(journal.entries()) == numbered(12)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_cut_tail_is_detected_against_a_remembered_head(data: st.DataObject) -> None:
    store = MemoryStore()
    head = filled(opened(store)[0], 5)
    name = segment_name(0)
    data_bytes = bytes(store.live[name])
    cut = data.draw(st.integers(0, data_bytes.rindex(b"\ne ") + 4))
    store.replace(name, data_bytes[:cut])
    with pytest.raises(JournalError) as refused:
        opened(store, remembered=[head])
    assert refused.value.code in ("journal_rolled_back", "journal_damaged")


def test_a_clean_stop_whose_sync_failed_is_written_again() -> None:
    """The stop is readable from memory but never reached the disk, so the next opening makes it durable."""
    store = MemoryStore()
    opened(store)[0].close()
    store = store.reboot(None)
    journal, _ = opened(store)
    store.fail_sync(1)
    with pytest.raises(JournalPoisoned):
        journal.close()
    store = store.reboot(None)
    _, recovery = opened(store, resume_poisoned=RESUME)
    assert not recovery.clean_stop
    again, _ = opened(store.reboot(0), resume_poisoned=RESUME)
    assert again.size == 0
