"""W: what others remember of the journal, and that nothing is let out that they do not remember."""

from __future__ import annotations

from collections.abc import Iterator

from remit.journal.tree import EMPTY_ROOT, Tree
from remit.kernel.command import KernelStarted
from remit.testing.sim.invariants.check import Check, Known
from remit.testing.sim.invariants.permits import read
from remit.testing.sim.observer import Kind, Seen


class CoveredFirst(Check):
    """W1. Looked at is what leaves: by then every witness's answer with a cosignature over the permit's entry had
    reached the guard, and the second folder held a head over it. All the witnesses of a simulation are needed."""

    kinds: tuple[Kind, ...] = ("anchored", "sent")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._held: dict[str, int] = {}

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind == "anchored":
            size, _, is_held = seen.what
            self._held[seen.who] = max(self._held.get(seen.who, 0), size if is_held else 0)
            return
        found = read(seen.what)
        if isinstance(found, str):
            return
        permit = found[1]
        for who, size in self._held.items():
            if size < permit.seq:
                what = f"{permit.action} of {permit.order or permit.connection}"
                yield f"{what} left under a permit of entry {permit.seq}, and {who} held {size} entries"


class NeverBack(Check):
    """W2. Looked at is every journal that was opened, every start that came as far as its first entry, and whatever
    leaves: each head that the second folder holds, and, once it has said so to this guard, each that a witness has
    cosigned, is one of this very journal; and so is the head of an export that the start was shown. The tree is made
    here, from the entries that were told of."""

    kinds: tuple[Kind, ...] = ("anchored", "shown", "booting", "booted", "heard", "joined", "sent")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._tree = Tree()
        self._roots: list[bytes] = [EMPTY_ROOT]
        self._entries: list[bytes] = []
        self._head: dict[str, tuple[int, bytes]] = {}
        """What each holds, as far as the guard that runs now can know."""

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind in ("anchored", "shown"):
            self._head[seen.who] = seen.what[:2]
        elif seen.kind == "booting":
            # A witness speaks for itself at each start, and one that is silent then is not known to know better.
            self._head = {who: head for who, head in self._head.items() if not who.endswith(".sim")}
        elif seen.kind == "booted":
            for who, (size, _) in self._head.items():
                if size > seen.durable:
                    yield f"a journal of {seen.durable} entries was opened, and {who} holds a head of size {size}"
        elif seen.kind in ("heard", "joined"):
            self._entries.append(seen.what[1])
            if seen.kind == "heard" and isinstance(seen.what[0].command.body, KernelStarted):
                yield from self._lacks("a guard started")
        elif not isinstance(read(seen.what), str):
            yield from self._lacks("a request left")

    def _lacks(self, what: str) -> Iterator[str]:
        if not self._head:
            return
        for entry in self._entries[len(self._roots) - 1 :]:
            self._tree.add(entry)
            self._roots.append(self._tree.root())
        for who, (size, root) in self._head.items():
            if size >= len(self._roots):
                yield f"{what}, and {who} holds a head of size {size}, while the journal has {len(self._entries)}"
            elif size and self._roots[size] != root:
                yield f"{what}, and {who} holds another head of size {size}"

    def went_back(self, left: int) -> None:
        del self._entries[left:]
        kept, self._tree, self._roots = self._entries, Tree(), [EMPTY_ROOT]
        for entry in kept if self._head else ():
            self._tree.add(entry)
            self._roots.append(self._tree.root())
