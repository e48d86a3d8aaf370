"""Snapshots that entries name by their hash: each is made again of state and tree at its place, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.journal.snapshot import digest_of
from remit.journal.store import FolderReader
from remit.journal.walk import Walk
from remit.kernel.command import SnapshotTaken
from remit.kernel.snapshot import dump
from remit.kernel.state import State
from remit.verify.export import Export, is_export
from remit.verify.verdict import Counts

_BEGINS = b'"kind":"snapshot_taken","through":'
_NUMBER_BYTES = 20
PLACES_MAX = 1_000
"""So many snapshots are made again in any journal, and one more for each 1,000 entries: a guard names one in 20,000."""
Fault = tuple[str, str, str, str]


class Snapshots:
    """Makes what is named again, when its place passes, and compares it where it is named. `named` are those places."""

    def __init__(self, named: frozenset[int], counts: Counts) -> None:
        self._named = named
        self._counts = counts
        self._digests: dict[int, str] = {0: digest_of(0, 0, (), dump(State()))} if 0 in named else {}
        self.awaited: set[int] = set()
        """Places that passed, and no entry named them yet."""

    def pass_place(self, seq: int, state: State | None, frontier: Callable[[], Sequence[bytes]]) -> None:
        """Make the snapshot of this place, if it is to be named; with no state, somebody else does."""
        if seq in self._named:
            if state is None:
                self.awaited.add(seq)
            else:
                self._digests[seq] = digest_of(seq, 0, frontier(), dump(state))

    def fault(self, seq: int, body: SnapshotTaken, *, written: bool) -> Fault | None:
        """Return what is wrong with what entry `seq` names. Somebody else compares what is taken as `written`."""
        if written:
            self.awaited.discard(body.through)
            self._digests.setdefault(body.through, body.hash)
            return None
        if body.through >= seq or body.through < 0:
            return _FAULT, "command.body.through", str(body.through), f"an entry before {seq}"
        follows = self._digests.get(body.through)
        if follows is None:  # the journal grew when its snapshots were looked up already, or names too many
            self._counts.snapshots_not_derived += 1
            return None
        if follows != body.hash:
            return _FAULT, "command.body.hash", body.hash, follows
        self._counts.snapshots += 1
        return None


_FAULT = "snapshot_not_as_derived"


def look_over(folder: Path, key: Verifier) -> tuple[frozenset[int], int]:
    """Return the places of the snapshots that a journal's or an export's entries name, and how many entries there are,
    as far as a signed head covers them; no places where it does not hold, for then it is not well whatever they are.
    OSError."""
    walk: Walk | Export = (
        Export(folder, key) if is_export(folder) else Walk(FolderReader(folder), key.name, (key,))
    )
    found: set[int] = set()
    try:
        for index, entry in walk.entries():
            if _BEGINS in entry and len(found) < PLACES_MAX + index // 1_000:
                found.update(place for place in _numbers(entry) if place <= index)
    except JournalError:
        return frozenset(), walk.tree.size
    return frozenset(found), walk.tree.size


def _numbers(held: bytes) -> Iterator[int]:
    at = held.find(_BEGINS)
    while at >= 0:
        at += len(_BEGINS)
        digits = held[at : at + _NUMBER_BYTES].split(b",", 1)[0]
        if digits.isdigit():
            yield int(digits)
        at = held.find(_BEGINS, at)
