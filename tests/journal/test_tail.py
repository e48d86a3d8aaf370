"""Following a journal: everything sealed comes out once, in order, and what is not this journal's is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.cases import KEYS, ORIGIN, SIGNER, entry, filled, numbered, opened

from remit.journal import tail as tails
from remit.journal.errors import JournalDamaged, JournalRolledBack
from remit.journal.note import Signer
from remit.journal.tail import Tail
from remit.journal.tree import Tree
from remit.testing.disk import MemoryStore


def tree_of(count: int, start: str = "") -> Tree:
    tree = Tree()
    for number in range(count):
        tree.add(start.encode() + entry(number))
    return tree


def read(tail: Tail, store: MemoryStore) -> list[tuple[int, bytes]]:
    """Everything that comes next, with its index."""
    found = []
    while (stretch := tail.next(store)) is not None:
        first = stretch.checkpoint.size - len(stretch.entries)
        found += list(enumerate(stretch.entries, first))
        assert stretch.checkpoint.root == tail.tree.root() and stretch.checkpoint.size == tail.tree.size
    return found


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.data(), st.integers(1, 400))
@settings(deadline=None)
def test_all_that_is_sealed_comes_out_once(batches: list[int], data: Any, stretch_bytes: int) -> None:
    store = MemoryStore()
    journal, _ = opened(store, segment_bytes=300)
    known = 0
    tail = Tail(ORIGIN, KEYS, Tree())
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tails, "STRETCH_BYTES", stretch_bytes)
        for size in batches:
            filled(journal, 1, size)
            if data.draw(st.booleans()):
                seen += read(tail, store)
                known = journal.size
            if data.draw(st.booleans()):
                journal.append(b"not sealed")
                journal.sync()
                journal.close()
                journal, _ = opened(store, segment_bytes=300)
        seen += read(tail, store)
        entries = list(journal.entries())
        assert seen == entries
        start = data.draw(st.integers(0, known))
        tree = Tree()
        for _, one in entries[:start]:
            tree.add(one)
        assert read(Tail(ORIGIN, KEYS, tree), store) == entries[start:]


def test_what_is_not_sealed_is_not_given() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 2)
    tail = Tail(ORIGIN, KEYS, Tree())
    assert read(tail, store) == numbered(6)
    journal.append(entry(6))
    batch = journal.seal()
    (name,) = (one for one in store.names() if one.endswith(".journal"))
    at = store.size(name)
    store.write(name, at, batch.data[: batch.data.index(b"\n") + 4])
    assert tail.next(store) is None
    store.write(name, at, batch.data)
    assert read(tail, store) == [(6, entry(6))]


def test_a_journal_that_was_put_back_is_named() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 3)
    for known in (tree_of(10), tree_of(9, " "), tree_of(7, " ")):
        with pytest.raises(JournalRolledBack):
            read(Tail(ORIGIN, KEYS, known), store)
    with pytest.raises(JournalRolledBack):
        Tail(ORIGIN, KEYS, tree_of(1)).next(MemoryStore())
    tail = Tail(ORIGIN, KEYS, Tree())
    read(tail, store)
    (name,) = (one for one in store.names() if one.endswith(".journal"))
    store.truncate(name, store.size(name) - 10)
    with pytest.raises(JournalRolledBack):
        tail.next(store)


def test_what_another_key_signed_and_what_was_changed_is_named() -> None:
    store = MemoryStore()
    journal, _ = opened(store)
    filled(journal, 3)
    with pytest.raises(JournalDamaged, match="not signed by a known key"):
        Tail(ORIGIN, [Signer(SIGNER.name, bytes(32)).verifier], Tree()).next(store)
    with pytest.raises(JournalDamaged, match="not signed by a known key"):
        Tail("another", KEYS, Tree()).next(store)
    (name,) = (one for one in store.names() if one.endswith(".journal"))
    store.flip(name, 8 * (store.size(name) // 2))
    with pytest.raises(JournalDamaged):
        read(Tail(ORIGIN, KEYS, Tree()), store)
