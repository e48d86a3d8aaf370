"""RFC 6962 Merkle tree over SHA-256: an incremental tree, and proofs with their verifiers as pure functions.

The proofs work on the full list of leaf hashes; `Tree` keeps only the frontier, the roots of the complete subtrees
from left to right, so its memory grows with the logarithm of the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one leaf: SHA-256 of 0x00 and the entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 of 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """An append-only tree that can give its root at any time, in memory of one hash per binary digit of its size."""

    __slots__ = ("_frontier", "size")

    def __init__(self) -> None:
        self.size = 0
        self._frontier: list[bytes] = []

    @classmethod
    def from_frontier(cls, size: int, frontier: Sequence[bytes]) -> Tree:
        """The tree that had this size and frontier. ValueError where they cannot belong together."""
        if size < 0 or len(frontier) != size.bit_count() or any(len(peak) != 32 for peak in frontier):
            raise ValueError(f"a tree of size {size} has {max(size, 0).bit_count()} frontier hashes of 32 bytes")
        tree = cls()
        tree.size = size
        tree._frontier = list(frontier)
        return tree

    def add(self, entry: bytes) -> bytes:
        """Append one leaf, given as the entry's bytes, and return its leaf hash."""
        leaf = leaf_hash(entry)
        self.add_leaf(leaf)
        return leaf

    def add_leaf(self, leaf: bytes) -> None:
        """Append one leaf, given as its hash."""
        peak = leaf
        # A new leaf closes one complete subtree for every trailing 1 bit of the size, as a carry does in addition.
        digits = self.size
        while digits & 1:
            peak = node_hash(self._frontier.pop(), peak)
            digits >>= 1
        self._frontier.append(peak)
        self.size += 1

    def frontier(self) -> list[bytes]:
        """The roots of the complete subtrees, widest first: with the size, all that is needed to go on appending."""
        return list(self._frontier)

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far, 32 bytes."""
        if not self._frontier:
            return EMPTY_ROOT
        root = self._frontier[-1]
        for peak in reversed(self._frontier[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a list of leaf hashes, by the definition of RFC 6962 section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path that leaf `index` is in the tree of these leaf hashes (RFC 6962 section 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of size {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root_of(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """The proof that the tree of the first `old_size` leaf hashes is a prefix of this one (RFC 6962 section 2.1.2)."""
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"no tree of size {old_size} inside a tree of size {len(leaves)}")
    if old_size in (0, len(leaves)):
        return []
    return _subproof(leaves, old_size, whole=True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash is leaf `index` of this tree (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, running = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            running = node_hash(sibling, running)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            running = node_hash(running, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and running == root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the new tree only appended to the old one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    # A complete old tree is itself a node of the new one, so its root is left out of the proof.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`, for a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, whole=whole), root_of(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, whole=False), root_of(leaves[:split])]
