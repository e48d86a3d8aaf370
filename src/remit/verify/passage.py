"""One passage over a journal or an export, from the first entry to the last or to the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import Cosigner
from remit.journal.cosigned import FILE, beside, read
from remit.journal.errors import JournalError, JournalRolledBack, NoteInvalid
from remit.journal.note import Verifier
from remit.journal.snapshot import snapshots
from remit.journal.store import FolderReader
from remit.journal.walk import Walk
from remit.kernel.state import State
from remit.verify.again import Again
from remit.verify.export import Export, is_export
from remit.verify.verdict import CannotVerify, Counts, Difference, Differs, Stretch, Witnessed
from remit.verify.witnesses import Witnesses

Passed = Callable[[int, bytes, State], None] | None
"""Hears each entry that was decided again: its sequence number, its bytes, and the state that it left."""
Watch = Callable[[int], bool]
"""Hears each sequence number when its entry has passed; where it returns True, the passage ends there."""


def _on(seq: int) -> bool:
    return False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What one passage found. `seq` is the last entry that was decided again, `size` the last that was read, `root` the
    tree's over those, in hex. `stretch` is the first entry of the last stretch."""

    seq: int
    size: int
    root: str
    checkpoints: int
    unsealed: int
    torn_bytes: int
    head: str
    extensions: tuple[str, ...]
    fault: str
    difference: Difference | None
    heads: int
    witnessed: tuple[Witnessed, ...]
    kernels: tuple[tuple[int, str], ...] = ()
    stretches: tuple[Stretch, ...] = ()
    stretch: int = 0
    counts: Counts = msgspec.field(default_factory=Counts)
    standing: tuple[str, ...] = ()
    kept: int = 0
    """The size of the largest head kept elsewhere that it has."""
    silent: tuple[str, ...] = ()
    """Known witnesses that cosigned none of its heads."""
    doubt: Difference | None = None


class Passage:
    """Reads, and decides again where `again` is given. `kept` are heads kept elsewhere, smallest first; the head that
    witnesses cosigned is looked for beside the journal. CannotVerify where that file is none."""

    def __init__(
        self,
        folder: Path,
        key: Verifier,
        kept: Sequence[Checkpoint],
        known: Sequence[Cosigner],
        again: Again | None,
        passed: Passed = None,
        *,
        every_signature: bool = True,
    ) -> None:
        self.folder, self.again = folder, again
        self._passed = passed
        self._reader = FolderReader(folder)
        self._kept = list(kept)
        # What lies beside is listed before the journal is read, which may grow meanwhile.
        self._newest = _newest_snapshot(self._reader)
        self._beside = _cosigned(folder, key)
        if self._beside is not None:
            self._kept = sorted([*kept, self._beside], key=lambda head: head.size)
        self._witnesses = Witnesses(known)
        self._met = 0
        self._fault: JournalError | None = None
        self._difference: Difference | None = None
        self._entry = self._sealed = b""
        """The entry that passed last, and the last of those that the newest checkpoint covers."""
        self._walk: Walk | Export = (
            Export(folder, key)
            if is_export(folder)
            else Walk(self._reader, key.name, (key,), every_signature=every_signature, on_checkpoint=self._seal)
        )
        if again is not None:
            again.frontier = self._walk.tree.frontier

    @property
    def root(self) -> str:
        """The tree's root over the entries read so far, in hex."""
        return self._walk.tree.root().hex()

    def verify_every_signature(self) -> None:
        """From here on verify the signature of each head that stands between the entries."""
        if isinstance(self._walk, Walk):
            self._walk.every_signature = True

    def run(self, watch: Watch = _on) -> Found | None:
        """Walk to the end or to the first fault or difference, and return what was found; None where `watch` ended it.
        CannotVerify where a file cannot be read."""
        try:
            if not self._pass(watch):
                return None
            self._look_behind()
            self._witnesses.check()
        except Differs as differs:
            self._difference = differs.difference
        except JournalError as fault:
            self._fault = fault
        except OSError as fault:
            raise CannotVerify(f"{self.folder} cannot be read ({fault})", "Look at the folder and its disk") from None
        return self.found()

    def _pass(self, watch: Watch) -> bool:
        again = self.again
        self._meet()
        for index, entry in self._walk.entries():
            self._entry = entry
            self._meet()
            if again is not None:
                again.take(index, entry)
                if self._passed is not None:
                    self._passed(index + 1, entry, again.kernel.state)
            if watch(index + 1):
                return False
        if self._walk.checkpoint is not None:
            self._witnesses.hear(self._walk.checkpoint, self._sealed if isinstance(self._walk, Walk) else self._entry)
        return True

    def _seal(self, checkpoint: Checkpoint) -> None:
        self._sealed = self._entry
        if self.again is not None:
            self.again.checkpoint(checkpoint)

    def _meet(self) -> None:
        """Compare with the heads kept elsewhere that are of this size or smaller."""
        while self._met < len(self._kept):
            head, tree = self._kept[self._met], self._walk.tree
            if head.size == tree.size and head.root != tree.root():
                kept = "the head that witnesses cosigned" if head is self._beside else "a head kept elsewhere"
                raise JournalRolledBack(
                    f"the journal's first {head.size} entries are not those of {kept}",
                    "Two journals were signed with this key: keep both as evidence",
                )
            if head.size > tree.size:
                return
            self._witnesses.hear(head, self._entry)
            self._met += 1

    def _look_behind(self) -> None:
        """A head or a snapshot of what is not there says that the journal is an old copy, or was cut."""
        ends, known = self._walk.tree.size, ""
        if self._met < len(self._kept):
            head = self._kept[-1]
            kept = f"lies in {FILE}" if head is self._beside else "was kept elsewhere"
            known = f"a head of size {head.size} {kept}"
        if self._newest > ends:
            known = known or f"a snapshot of entry {self._newest} lies beside it"
        if known:
            raise JournalRolledBack(
                f"the journal ends at entry {ends}, but {known}", "It is an old copy or was cut. Restore the newest one"
            )

    def found(self) -> Found:
        """Return what was found so far."""
        walk, again, head = self._walk, self.again, self._walk.checkpoint
        found = Found(
            seq=0 if again is None else again.seq,
            size=walk.tree.size,
            root=self.root,
            checkpoints=walk.checkpoints,
            unsealed=len(walk.unsealed),
            torn_bytes=walk.torn_bytes,
            head="" if head is None else head.note,
            extensions=() if head is None else head.extensions,
            fault="" if self._fault is None else str(self._fault),
            difference=self._difference,
            heads=sum(head is not self._beside for head in self._kept[: self._met]),
            witnessed=self._witnesses.said,
            kept=max((head.size for head in self._kept[: self._met] if head is not self._beside), default=0),
            silent=self._witnesses.silent,
        )
        if again is None:
            return found
        history = again.history
        return msgspec.structs.replace(
            found,
            kernels=tuple(again.kernels),
            stretches=again.stretches,
            stretch=again.stretch,
            counts=history.counts,
            standing=history.standing,
            doubt=again.doubt,
        )


def _newest_snapshot(reader: FolderReader) -> int:
    """The entry of the newest snapshot that lies beside a journal; 0 where none does. CannotVerify."""
    try:
        stems = [name.partition(".")[0] for name in snapshots(reader)]
    except OSError as fault:
        raise CannotVerify(f"{reader.folder} cannot be read ({fault})", "Look at the folder and its disk") from None
    return max((int(stem) for stem in stems if stem.isascii() and stem.isdecimal()), default=0)


def _cosigned(folder: Path, key: Verifier) -> Checkpoint | None:
    """The head that witnesses cosigned, where one is kept beside a journal. Read before the journal, which grows."""
    try:
        source = beside(folder)
        return None if source is None else read(source, key)
    except OSError as fault:
        raise CannotVerify(f"{FILE} beside {folder} cannot be read ({fault})", "Look at the folder") from None
    except NoteInvalid as fault:
        raise CannotVerify(f"{FILE} beside {folder}: {fault.what}", "Take it away, and keep it as evidence") from None
