"""The tree against the known vectors of RFC 6962 implementations, and its proofs against every alteration."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.journal.tree import (
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The inputs and roots that certificate-transparency implementations share as their test vectors.
ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = """
0  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
1  6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
2  fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
3  aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
4  d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
5  4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
6  76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
7  ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
8  5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
"""
sizes = st.integers(1, 70)


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


@pytest.mark.parametrize("row", ROOTS.strip().splitlines())
def test_roots_of_the_known_vectors(row: str) -> None:
    size, root = row.split()
    tree = Tree()
    for entry in ENTRIES[: int(size)]:
        tree.add(entry)
    assert tree.root().hex() == root
    assert root_of([leaf_hash(entry) for entry in ENTRIES[: int(size)]]).hex() == root


def test_the_known_inclusion_and_consistency_proofs() -> None:
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    assert [step.hex()[:8] for step in inclusion_proof(leaves, 0)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [step.hex()[:8] for step in consistency_proof(leaves[:8], 6)] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_goes_on_from_its_frontier(before: int, after: int) -> None:
    tree = Tree()
    for number in range(before):
        tree.add(b"%d" % number)
    tree = Tree.from_frontier(tree.size, tree.frontier())
    for number in range(before, before + after):
        tree.add(b"%d" % number)
    assert (tree.size, tree.root()) == (before + after, root_of(leaves_of(before + after)))


def test_a_frontier_must_fit_its_size() -> None:
    with pytest.raises(ValueError, match="size 3 has 2"):
        Tree.from_frontier(3, [bytes(32)])
    with pytest.raises(ValueError, match="32 bytes"):
        Tree.from_frontier(1, [b"short"])


@given(sizes, st.data())
def test_inclusion_proofs_hold_and_fail_when_altered(size: int, data: st.DataObject) -> None:
    leaves, index = leaves_of(size), data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, [*proof, bytes(32)], root)
    assert not verify_inclusion(leaves[index], size, size, proof, root)
    if proof:
        assert not verify_inclusion(leaves[index], index ^ 1, size, proof, root)
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], root)
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_inclusion(leaves[index], index, size, [*proof[:at], bytes(32), *proof[at + 1 :]], root)


@given(sizes, st.data())
def test_consistency_proofs_hold_and_fail_when_altered(size: int, data: st.DataObject) -> None:
    leaves, old = leaves_of(size), data.draw(st.integers(0, size))
    proof, old_root, root = consistency_proof(leaves, old), root_of(leaves[:old]), root_of(leaves)
    assert verify_consistency(old, size, old_root, root, proof)
    assert not verify_consistency(old, size, bytes(32), root, proof)
    assert not verify_consistency(old, size, old_root, root, [*proof, bytes(32)])
    assert old == 0 or not verify_consistency(old, size, old_root, bytes(32), proof)
    assert not verify_consistency(size + 1, size, old_root, root, proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_consistency(old, size, old_root, root, [*proof[:at], bytes(32), *proof[at + 1 :]])
        assert not verify_consistency(old, size, old_root, root, proof[:-1])


def test_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(leaves_of(3), 3)
    with pytest.raises(ValueError, match="no tree of size 4"):
        consistency_proof(leaves_of(3), 4)
