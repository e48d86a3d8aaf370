"""Growth: what is needed to prove that a journal only grew from a size on, and no more.

From the frontier of the old tree and the leaves since, every proof of consistency from there on follows: the entries
before it are never read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from remit.journal.tree import EMPTY_ROOT, Tree, node_hash


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

    def forget(self, base: int) -> None:
        """Prove nothing from before this size any more; the memory for it is given back."""
        count = base - self.base
        if not 0 <= count <= len(self._leaves):
            raise ValueError(f"no size {base} between {self.base} and {self.size}")
        for leaf in self._leaves[:count]:
            self._tree.add_leaf(leaf)
        del self._leaves[:count]
        self._peaks = _peaks(self._tree)

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
