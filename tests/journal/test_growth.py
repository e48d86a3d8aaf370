"""Growth: from the frontier of any size and the leaves since, the same proofs as from all leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.cases import filled, opened

from remit.journal import snapshot as snapshots
from remit.journal.errors import JournalDamaged
from remit.journal.growth import Growth, growth_since
from remit.journal.tree import Tree, consistency_proof, leaf_hash, root_of, verify_consistency
from remit.testing.disk import MemoryStore

LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]


def grown(base: int, size: int) -> Growth:
    """What is known of a tree from `base` on, when it has grown to `size`."""
    tree = Tree()
    for leaf in LEAVES[:base]:
        tree.add_leaf(leaf)
    growth = Growth(tree)
    for leaf in LEAVES[base:size]:
        growth.add(leaf)
    return growth


def test_every_proof_of_a_small_tree_is_that_of_the_definition() -> None:
    for size in range(20):
        for base in range(size + 1):
            growth = grown(base, size)
            for old in range(base, size + 1):
                for new in range(old, size + 1):
                    assert growth.proof(old, new) == tuple(consistency_proof(LEAVES[:new], old)), (base, old, new)
                assert growth.root(old) == root_of(LEAVES[:old])


@given(st.integers(0, 299), st.integers(0, 299), st.integers(0, 299))
@settings(max_examples=60)
def test_every_proof_holds(first: int, second: int, third: int) -> None:
    base, old, new = sorted((first, second, third))
    proof = grown(base, 299).proof(old, new)
    assert proof == tuple(consistency_proof(LEAVES[:new], old))
    assert verify_consistency(old, new, root_of(LEAVES[:old]), root_of(LEAVES[:new]), proof)


@pytest.mark.parametrize(("old", "new"), [(3, 9), (8, 7), (6, 11)])
def test_nothing_is_proven_from_before_its_base_or_beyond_its_end(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="is not between 5 and 10"):
        grown(5, 10).proof(old, new)


@pytest.mark.parametrize("base", [1, 4, 5, 12, 29, 30])
@pytest.mark.parametrize("snapshot", [0, 5, 20])
def test_what_is_read_again_is_what_was_heard(base: int, snapshot: int) -> None:
    """Whether a snapshot stands before the base or not, and also where one that is not the journal's own does."""
    store = MemoryStore()
    journal, _ = opened(store)
    heard = Growth(Tree())
    journal.heard_leaf = heard.add
    while journal.size < 30:
        if journal.size == snapshot:
            seq, frontier = journal.frontier()
            snapshots.write(store, seq, 0, frontier if base != 12 else [bytes(32)] * len(frontier), b"{}")
        filled(journal, 1, 5)
    read = growth_since(store, base, journal.head)
    assert (read.base, read.size) == (base, 30)
    assert read.proof(base, 30) == heard.proof(base, 30)
    journal.append(b"{}")
    other = journal.sync()
    with pytest.raises(JournalDamaged):
        growth_since(store, base, replace(other, size=30))
