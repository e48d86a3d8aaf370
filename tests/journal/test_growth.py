"""Growth: from the frontier of any size and the leaves since, the same proofs as from all leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.journal.growth import Growth
from remit.journal.tree import Tree, consistency_proof, leaf_hash, root_of, verify_consistency

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


@given(st.integers(0, 299), st.integers(0, 299), st.integers(0, 299), st.integers(0, 299))
@settings(max_examples=60)
def test_what_is_forgotten_is_not_missed(first: int, second: int, third: int, fourth: int) -> None:
    base, kept, old, new = sorted((first, second, third, fourth))
    growth = grown(base, 299)
    growth.forget(kept)
    assert (growth.base, growth.size) == (kept, 299)
    proof = growth.proof(old, new)
    assert proof == tuple(consistency_proof(LEAVES[:new], old))
    assert verify_consistency(old, new, root_of(LEAVES[:old]), root_of(LEAVES[:new]), proof)


@pytest.mark.parametrize(("old", "new"), [(3, 9), (8, 7), (6, 11)])
def test_nothing_is_proven_from_before_its_base_or_beyond_its_end(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="is not between 5 and 10"):
        grown(5, 10).proof(old, new)


def test_a_base_is_only_moved_ahead() -> None:
    with pytest.raises(ValueError, match="no size 4 between 5 and 10"):
        grown(5, 10).forget(4)
