"""One journal in its folder, streaming: tree, signatures, heads kept elsewhere, and every entry decided again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from remit.journal.checkpoint import CLEAN_STOP, Checkpoint
from remit.journal.errors import JournalError, JournalRolledBack
from remit.journal.note import Verifier
from remit.journal.snapshot import snapshots
from remit.journal.store import FolderReader
from remit.journal.walk import Walk
from remit.verify.again import Again
from remit.verify.claims import not_proved, proved
from remit.verify.places import checkpoint_of
from remit.verify.verdict import OTHER_KERNEL, CannotVerify, Difference, Differs, Verdict

Progress = Callable[[int], None] | None


def verify(
    folder: Path,
    key: Verifier,
    *,
    heads: Sequence[str] = (),
    decide: bool = True,
    progress: Progress = None,
) -> Verdict:
    """Verify the journal in a folder, streaming, and return what holds or the first thing that does not.

    `heads` are signed checkpoints kept elsewhere (another folder, a witness, another copy) that the journal must
    contain. Without `decide` only tree and signatures are checked. `progress` hears the sequence number now and then.
    A stretch that another kernel decided otherwise is taken as written, and named; then the walk begins anew.
    CannotVerify where the folder cannot be read, or is another's.
    """
    kept = sorted((checkpoint_of(head, key) for head in heads), key=lambda head: head.size)
    taken: frozenset[int] = frozenset()
    first: Difference | None = None
    while True:
        passage = _Passage(folder, key, kept, Again(progress, taken) if decide else None)
        difference = passage.run()
        if difference is None or difference.code != OTHER_KERNEL or passage.again is None:
            break
        first, begins = first or difference, passage.again.stretch
        if begins in taken or not begins:
            break
        taken |= {begins}
    return passage.verdict(first or difference)


class _Passage:
    """One passage over a journal's entries, and what it found."""

    def __init__(self, folder: Path, key: Verifier, kept: Sequence[Checkpoint], again: Again | None) -> None:
        self.folder, self.again = folder, again
        self._reader = FolderReader(folder)
        self._kept = list(kept)
        self._met = 0
        self._fault: JournalError | None = None
        passed = None if again is None else again.checkpoint
        self._walk = Walk(self._reader, key.name, (key,), every_signature=True, on_checkpoint=passed)

    def run(self) -> Difference | None:
        """Walk to the end or to the first fault or difference, and return the difference."""
        again = self.again
        try:
            for index, entry in self._walk.entries():
                self._meet(index)
                if again is not None:
                    again.take(index, entry)
            self._meet(self._walk.index)
            self._look_behind()
        except Differs as differs:
            return differs.difference
        except JournalError as fault:
            self._fault = fault
        except OSError as fault:
            raise CannotVerify(f"{self.folder} cannot be read ({fault})", "Look at the folder and its disk") from None
        return None

    def _meet(self, index: int) -> None:
        """Compare with the heads kept elsewhere that are of this size or smaller."""
        while self._met < len(self._kept):
            head, tree = self._kept[self._met], self._walk.tree
            if head.size == tree.size and head.root != tree.root():
                raise JournalRolledBack(
                    f"the journal's first {head.size} entries are not those of a head kept elsewhere",
                    "Two journals were signed with this key: keep both as evidence",
                )
            if head.size > tree.size:
                return
            self._met += 1

    def _look_behind(self) -> None:
        """A head or a snapshot of what is not there says that the journal is an old copy, or was cut."""
        ends, known = self._walk.index, ""
        if self._met < len(self._kept):
            known = f"a head of size {self._kept[-1].size} was kept elsewhere"
        newest = [int(name.partition(".")[0]) for name in snapshots(self._reader) if name.partition(".")[0].isdigit()]
        if newest and max(newest) > ends:
            known = known or f"a snapshot of entry {max(newest)} lies beside it"
        if known:
            raise JournalRolledBack(
                f"the journal ends at entry {ends}, but {known}", "It is an old copy or was cut. Restore the newest one"
            )

    def verdict(self, difference: Difference | None) -> Verdict:
        """Return what this passage found, with the first difference of all passages."""
        walk, again = self._walk, self.again
        head = walk.checkpoint
        if walk.index and head is None and self._fault is None and difference is None:
            raise CannotVerify(
                f"{self.folder} has entries and no checkpoint that seals them", "Restore it from a backup"
            )
        stopped = difference is not None and (again is None or again.seq < walk.tree.size)
        found = Verdict(
            folder=str(self.folder),
            count=again.seq if stopped and again is not None else walk.tree.size,
            decisions=0 if again is None else again.history.counts.decisions,
            root="" if stopped else walk.tree.root().hex(),
            checkpoints=walk.checkpoints,
            unsealed=0 if stopped else len(walk.unsealed),
            torn_bytes=walk.torn_bytes,
            clean=not stopped and head is not None and CLEAN_STOP in head.extensions and not walk.unsealed,
            kernels=() if again is None else tuple(again.kernels),
            fault="" if self._fault is None else str(self._fault),
            difference=difference,
            heads=self._met,
        )
        if again is None:
            return _said(found)
        return _said(found, again)


def _said(found: Verdict, again: Again | None = None) -> Verdict:
    if again is not None:
        history = again.history
        found = msgspec.structs.replace(
            found, stretches=again.stretches, counts=history.counts, standing=history.standing
        )
    return msgspec.structs.replace(found, proved=proved(found, again is not None), not_proved=not_proved(found))
