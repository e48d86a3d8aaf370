"""One walk over the lines of a journal that checks everything it passes. Opening and verifying are both this walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import CLEAN_STOP, OPENED, Checkpoint
from remit.journal.errors import JournalDamaged, JournalRolledBack, NoteInvalid
from remit.journal.frame import BATCH_BYTES, ENTRY, TORN_BYTES, first_index, note_in, read_lines, segments, unframe
from remit.journal.note import Verifier
from remit.journal.snapshot import Snapshot
from remit.journal.store import Reader
from remit.journal.tree import Tree


class Walk:
    """Reads segments in order and holds what it learned: read `entries()` to its end, then look at the fields.

    From a snapshot it begins in the segment that holds the snapshot's entry, and only counts the entries before that.
    `remembered` are heads that must be met on the way, each that is no smaller than the snapshot. With
    `every_signature` each checkpoint's signature is verified; otherwise the first of each segment and the last, which
    proves all entries before it, while every root is compared. `on_checkpoint` hears each one that fits its entries,
    between them.
    """

    def __init__(
        self,
        store: Reader,
        origin: str,
        verifiers: Sequence[Verifier],
        *,
        snapshot: Snapshot | None = None,
        remembered: Iterable[Checkpoint] = (),
        every_signature: bool = False,
        on_checkpoint: Callable[[Checkpoint], None] | None = None,
    ) -> None:
        self._store = store
        self._origin = origin
        self._verifiers = verifiers
        self._remembered = sorted(remembered, key=lambda head: head.size, reverse=True)  # what is yet to be met
        self.every_signature = every_signature
        self._on_checkpoint = on_checkpoint
        self._checkpoint_at = 0  # where the last checkpoint stands in its segment
        self._proven = False  # whether its signature was verified
        self._unsealed: list[bytes] = []  # whole entries behind it
        self._unsealed_bytes = 0
        self.tree = Tree.from_frontier(snapshot.seq, snapshot.frontier) if snapshot else Tree()
        self.start = self.tree.size
        self.index = 0  # the index of the entry that the next line would be
        self.segment = ""  # the file being read, at the end the last one
        self.end = 0  # bytes of it that are whole lines
        self.torn_bytes = 0  # bytes after them, in the last segment only
        self.sealed_end = 0  # where its last checkpoint ends
        self.batch_start = 0  # from here on, what it holds was perhaps never synced
        self.checkpoint: Checkpoint | None = None
        self.checkpoints = 0

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Each entry from the start that a checkpoint follows, with its index, checked against its line's checksum as
        it passes, against the tree by that checkpoint. What no checkpoint follows anybody could have written: it is
        counted alone. JournalDamaged at the first fault; JournalRolledBack where a known head is missing."""
        self._meet_remembered()
        names = segments(self._store, self.start)
        for name, following in pairwise(names):
            yield from self._segment(name)
            if self.torn_bytes or self.end != self.sealed_end:
                raise self._damage(self.sealed_end, f"the segment does not close with a checkpoint before {following}")
        if names:
            yield from self._segment(names[-1])
        self._finish()

    @property
    def unsealed(self) -> range:
        """The indices of complete entries that no checkpoint covers."""
        return range(self.index - len(self._unsealed), self.index)

    def _segment(self, name: str) -> Iterator[tuple[int, bytes]]:
        if not self.segment and first_index(name) <= self.start:
            self.index = first_index(name)
        self.segment, self.end, self.sealed_end, self.batch_start = name, 0, 0, 0
        if first_index(name) != self.index:
            raise self._damage(0, f"the segment begins at entry {first_index(name)}, entry {self.index} is missing")
        for offset, line in read_lines(self._store, name):
            if not line.endswith(b"\n"):
                self.torn_bytes = self._store.size(name) - offset
                if self.torn_bytes > TORN_BYTES:
                    raise self._damage(offset, f"{self.torn_bytes} bytes follow that no crash leaves")
                self._check_torn(offset, line)
                break
            try:
                kind, payload = unframe(line)
            except ValueError as fault:
                raise self._damage(offset, str(fault)) from None
            self.end = offset + len(line)
            if kind == ENTRY:
                self._hold(offset, payload)
            else:
                yield from self._held()
                self._seal(offset, payload)
        if not self.sealed_end:
            raise self._damage(0, "the segment does not open with a checkpoint")

    def _check_torn(self, offset: int, line: bytes) -> None:
        """JournalDamaged where the incomplete line at the end is none that a crash leaves."""
        try:
            unframe(line[:-1] + b"\n")
        except ValueError:
            return
        if line.endswith(b"\0"):
            return  # a file system that lets a file grow before its data leaves zeros
        # No crash writes another byte where the newline was to stand, and this line's entries may be acknowledged.
        raise self._damage(offset, "the last line ends in another byte than a newline")

    def _hold(self, offset: int, entry: bytes) -> None:
        """Keep an entry until a checkpoint follows it."""
        if not offset:
            raise self._damage(0, "the segment does not open with a checkpoint")
        if self.checkpoint is not None and CLEAN_STOP in self.checkpoint.extensions:
            raise self._damage(offset, "an entry follows a clean stop, and no start between them")
        if self.index >= self.tree.size:
            self._unsealed.append(entry)
            self._unsealed_bytes += len(entry)
            if self._unsealed_bytes > BATCH_BYTES:
                raise self._damage(offset, f"no checkpoint follows the last {self._unsealed_bytes} bytes of entries")
        self.index += 1

    def _held(self) -> Iterator[tuple[int, bytes]]:
        """Take what stands before a checkpoint into the tree, entry by entry."""
        held, self._unsealed, self._unsealed_bytes = self._unsealed, [], 0
        for entry in held:
            self.tree.add(entry)
            self._meet_remembered()
            yield self.tree.size - 1, entry

    def _seal(self, offset: int, payload: bytes) -> None:
        if self.index < self.start:
            # A snapshot is written after a sync, so everything before its entry is durable.
            self.batch_start = self.sealed_end = self.end
            return
        try:
            checkpoint = checkpoints.parse(note_in(payload))
        except (ValueError, NoteInvalid):
            raise self._damage(offset, "the checkpoint is malformed") from None
        if checkpoint.size != self.tree.size or checkpoint.root != self.tree.root():
            raise self._damage(offset, f"the checkpoint of size {checkpoint.size} does not fit the entries before it")
        if checkpoint.origin != self._origin:
            raise self._damage(offset, f"the checkpoint is of {checkpoint.origin!r}, not of {self._origin!r}")
        after = self.checkpoint
        if after is not None and CLEAN_STOP in after.extensions and OPENED not in checkpoint.extensions:
            raise self._damage(offset, "what follows a clean stop is no start")
        if OPENED not in checkpoint.extensions:
            # Only what was synced is followed by another batch. An opening may have failed at its own sync, though.
            self.batch_start = self.sealed_end
        self.sealed_end = self.end
        self.checkpoint, self._checkpoint_at, self._proven = checkpoint, offset, False
        self.checkpoints += 1
        if offset == 0 or self.every_signature:
            self._prove(checkpoint, offset)
        if self._on_checkpoint is not None:
            self._on_checkpoint(checkpoint)

    def _prove(self, checkpoint: Checkpoint, offset: int) -> None:
        try:
            checkpoints.verify(checkpoint.note, self._origin, self._verifiers)
        except NoteInvalid as invalid:
            raise self._damage(offset, f"the checkpoint is not signed by a known key: {invalid.what}") from None
        self._proven = True

    def _finish(self) -> None:
        if self.index - len(self._unsealed) < self.start:
            raise self._rolled_back(f"a snapshot of entry {self.start}")
        if self._remembered:
            raise self._rolled_back(f"a head of size {self._remembered[0].size}")
        if self.segment and self.checkpoint is None:
            raise self._damage(self.end, f"no checkpoint proves the snapshot of entry {self.start}")
        if self.checkpoint is not None and not self._proven:
            self._prove(self.checkpoint, self._checkpoint_at)

    def _meet_remembered(self) -> None:
        """Compare with the heads of just this many entries."""
        while self._remembered and self._remembered[-1].size <= self.tree.size:
            head = self._remembered.pop()
            if head.size == self.tree.size and head.root != self.tree.root():
                raise JournalRolledBack(
                    f"the journal's first {head.size} entries are not those of the head that is remembered",
                    "Keep this folder as evidence and restore the journal from the newest backup",
                )

    def _rolled_back(self, known: str) -> JournalRolledBack:
        return JournalRolledBack(
            f"the journal ends at entry {self.tree.size}, but {known} is known",
            "It is an old copy or was cut. Restore the newest one",
        )

    def _damage(self, offset: int, fault: str) -> JournalDamaged:
        return JournalDamaged(self.segment, offset, self.index, fault)
