"""One journal, in its folder or as an export, streaming: tree, signatures, heads kept elsewhere, every entry again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from remit.journal.checkpoint import CLEAN_STOP, Checkpoint
from remit.journal.cosign import Cosigner, cosignatures, parse_cosigner
from remit.journal.errors import JournalError, JournalRolledBack, NoteInvalid
from remit.journal.note import Verifier
from remit.journal.snapshot import snapshots
from remit.journal.store import FolderReader
from remit.journal.walk import Walk
from remit.kernel.state import State
from remit.verify.again import Again
from remit.verify.claims import not_proved, proved
from remit.verify.export import Export, is_export
from remit.verify.places import checkpoint_of
from remit.verify.verdict import OTHER_KERNEL, CannotVerify, Difference, Differs, Verdict, Witnessed

Progress = Callable[[int], None] | None
Passed = Callable[[int, bytes, State], None] | None
"""Hears each entry that was decided again: its sequence number, its bytes, and the state that it left."""


def verify(
    folder: Path,
    key: Verifier,
    *,
    heads: Sequence[str] = (),
    witnesses: Sequence[str] = (),
    decide: bool = True,
    progress: Progress = None,
    passed: Passed = None,
) -> Verdict:
    """Verify the journal or the export in a folder, streaming, and return what holds or the first thing that does not.

    `heads` are signed checkpoints kept elsewhere (another folder, a witness, another copy) that the journal must
    contain. `witnesses` are keys as `remit witness key` prints them: who of them cosigned a head is said, and a
    signature of theirs that does not hold is a fault. Without `decide` only tree and signatures are checked. `progress`
    hears the sequence number now and then. A stretch that another kernel decided otherwise is taken as written, and
    named; then the walk begins anew, and `passed` hears all of it again. CannotVerify where the folder cannot be read,
    or is another's.
    """
    kept = sorted((checkpoint_of(head, key) for head in heads), key=lambda head: head.size)
    known = [_cosigner(witness) for witness in witnesses]
    taken: frozenset[int] = frozenset()
    first: Difference | None = None
    while True:
        passage = _Passage(folder, key, kept, known, Again(progress, taken) if decide else None, passed)
        difference = passage.run()
        if difference is None or difference.code != OTHER_KERNEL or passage.again is None:
            break
        first, begins = first or difference, passage.again.stretch
        if begins in taken or not begins:
            break
        taken |= {begins}
    # What contradicts itself in whatever kernel's words weighs more than what only another kernel can decide.
    return passage.verdict(difference if difference is not None and difference.code != OTHER_KERNEL else first)


class _Passage:
    """One passage over a journal's entries, and what it found."""

    def __init__(
        self,
        folder: Path,
        key: Verifier,
        kept: Sequence[Checkpoint],
        known: Sequence[Cosigner],
        again: Again | None,
        passed: Passed = None,
    ) -> None:
        self.folder, self.again = folder, again
        self._passed = passed
        self._known = known
        self._witnessed: tuple[Witnessed, ...] = ()
        self._reader = FolderReader(folder)
        self._kept = list(kept)
        self._met = 0
        self._fault: JournalError | None = None
        sealed = None if again is None else again.checkpoint
        self._walk: Walk | Export = (
            Export(folder, key)
            if is_export(folder)
            else Walk(self._reader, key.name, (key,), every_signature=True, on_checkpoint=sealed)
        )

    def run(self) -> Difference | None:
        """Walk to the end or to the first fault or difference, and return the difference."""
        again = self.again
        try:
            for index, entry in self._walk.entries():
                self._meet(index)
                if again is not None:
                    again.take(index, entry)
                    if self._passed is not None:
                        self._passed(index + 1, entry, again.kernel.state)
            self._meet(self._walk.index)
            self._look_behind()
            self._witnessed = self._ask_witnesses()
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

    def _ask_witnesses(self) -> tuple[Witnessed, ...]:
        """Return the largest head that each known witness cosigned, of the journal's last one and those kept."""
        found: dict[str, Witnessed] = {}
        heads = [head for head in (*self._kept, self._walk.checkpoint) if head is not None and self._known]
        for head in sorted(heads, key=lambda head: head.size):
            for cosigner, at_s in cosignatures(head.note, self._known).items():
                found[cosigner.name] = Witnessed(cosigner.name, head.size, at_s)
        return tuple(found.values())

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
            witnessed=self._witnessed,
            head="" if head is None else head.note,
        )
        if again is None:
            return _said(found)
        return _said(found, again)


def _cosigner(witness: str) -> Cosigner:
    try:
        return parse_cosigner(witness)
    except NoteInvalid as fault:
        raise CannotVerify(fault.what, fault.do) from None


def _said(found: Verdict, again: Again | None = None) -> Verdict:
    if again is not None:
        history = again.history
        found = msgspec.structs.replace(
            found, stretches=again.stretches, counts=history.counts, standing=history.standing
        )
    return msgspec.structs.replace(found, proved=proved(found, again is not None), not_proved=not_proved(found))
