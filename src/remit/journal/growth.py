"""Growth: what is needed to prove that a journal only grew from a size on, and no more.

From the frontier of the old tree and the leaves since, every proof of consistency from there on follows: the entries
before it are never read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.journal import snapshot as snapshots
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import JournalDamaged, SnapshotDamaged
from remit.journal.log import read_entries
from remit.journal.store import Reader
from remit.journal.tree import EMPTY_ROOT, Tree, leaf_hash, node_hash


class Growth:
    """A tree from size `base` on, which keeps 32 bytes for each later leaf. Begin it with the frontier of that size."""

    __slots__ = ("_leaves", "_peaks", "_tree")

    def __init__(self, tree: Tree) -> None:
        self._tree = Tree.from_frontier(tree.size, tree.frontier())
        self._leaves: list[bytes] = []
        self._peaks = _peaks(self._tree)

    @property
    def base(self) -> int:
        """The smallest size that growth can be proven from."""
        return self._tree.size

    @property
    def size(self) -> int:
        """The size of the tree with everything added."""
        return self._tree.size + len(self._leaves)

    def add(self, leaf: bytes) -> None:
        """Add the next leaf, as its hash."""
        self._leaves.append(leaf)

    def root(self, size: int) -> bytes:
        """The root of the tree when it had this size, which is `base` or more."""
        self._check(size, size)
        return self._node(0, size) if size else EMPTY_ROOT

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the tree of size `new` only appended to that of size `old` (RFC 6962 section 2.1.2)."""
        self._check(old, new)
        if old in (0, new):
            return ()
        return tuple(self._subproof(old, 0, new, whole=True))

    def _check(self, old: int, new: int) -> None:
        if not self.base <= old <= new <= self.size:
            raise ValueError(f"growth from {old} to {new} is not between {self.base} and {self.size}")

    def _subproof(self, old: int, first: int, count: int, *, whole: bool) -> Sequence[bytes]:
        if old == count:
            return [] if whole else [self._node(first, count)]
        split = 1 << ((count - 1).bit_length() - 1)
        if old <= split:
            return [*self._subproof(old, first, split, whole=whole), self._node(first + split, count - split)]
        return [*self._subproof(old - split, first + split, count - split, whole=False), self._node(first, split)]

    def _node(self, first: int, count: int) -> bytes:
        """The root of the `count` leaves from `first` on: a peak of the old tree, a leaf, or made of both."""
        peak = self._peaks.get((first, count))
        if peak is not None:
            return peak
        if count == 1:
            return self._leaves[first - self.base]
        split = 1 << ((count - 1).bit_length() - 1)
        return node_hash(self._node(first, split), self._node(first + split, count - split))


def _peaks(tree: Tree) -> dict[tuple[int, int], bytes]:
    """The roots of a tree's complete subtrees, by their first leaf and their number of leaves."""
    found, first = {}, 0
    for peak in tree.frontier():
        count = 1 << ((tree.size - first).bit_length() - 1)
        found[first, count] = peak
        first += count
    return found


def growth_since(store: Reader, base: int, head: Checkpoint) -> Growth:
    """The growth of a journal from size `base` to a head, read from its store: from the last snapshot before on, or
    else from its first entry.

    JournalDamaged where its entries are not the head's; OSError. Memory: 32 bytes for each entry after `base`.
    """
    for tree in (_snapshot_before(store, base), Tree()):
        growth = _grown(store, tree, base, head.size)
        if growth.root(head.size) == head.root:
            return growth
    raise JournalDamaged("", 0, head.size, "the entries are not those of the journal's head")


def _snapshot_before(store: Reader, base: int) -> Tree:
    """The tree as the last snapshot up to a size has it; the empty one where there is no such snapshot."""
    for name in reversed(snapshots.snapshots(store)):
        try:
            found = snapshots.read(store, name)
        except SnapshotDamaged:
            continue
        if found.seq <= base:
            return Tree.from_frontier(found.seq, found.frontier)
    return Tree()


def _grown(store: Reader, tree: Tree, base: int, size: int) -> Growth:
    growth: Growth | None = None if tree.size < base else Growth(tree)
    for index, entry in read_entries(store, tree.size, size):
        if growth is not None:
            growth.add(leaf_hash(entry))
        else:
            tree.add(entry)
            growth = Growth(tree) if index + 1 == base else None
    return growth or Growth(tree)
