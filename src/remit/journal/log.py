"""The journal itself: buffer entries, make batches durable under a signed checkpoint, recover after a crash.

The one rule that everything else leans on: an entry is acknowledged when `sync` (or `commit`) has returned, and an
acknowledged entry is never lost, changed or renumbered without the next opening saying so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import CLEAN_STOP, OPENED, Checkpoint
from remit.journal.errors import (
    EntryRefused,
    JournalClosed,
    JournalDamaged,
    JournalPoisoned,
    JournalUnreadable,
    NoteInvalid,
)
from remit.journal.frame import (
    BATCH_BYTES,
    CHECKPOINT,
    ENTRY,
    UNSIGNED,
    check_entry,
    checkpoint_line,
    first_index,
    frame,
    note_in,
    place_before,
    read_lines,
    segments,
    unframe,
)
from remit.journal.frame import segment_name as name_of
from remit.journal.note import Signer, Verifier
from remit.journal.snapshot import Snapshot
from remit.journal.store import Reader, Store
from remit.journal.tree import Tree
from remit.journal.walk import Walk

SEGMENT_BYTES = 64 << 20
POISON_MARKER = "poisoned"


@dataclass(frozen=True, slots=True)
class Resume:
    """Who lets a poisoned journal go on, and why. The caller journals it as its first entry."""

    person: str
    reason: str

    def __post_init__(self) -> None:
        if not self.person.strip() or not self.reason.strip():
            raise ValueError("a resume names a person and a reason")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What an opening found and did.

    `clean_stop`: the journal was closed, nothing is in doubt. `unsealed`: indices of complete entries that no
    checkpoint covered, so that they were never acknowledged and anybody could have written them; they were cut, and
    lie beside in the file `kept`. `torn_bytes`: incomplete bytes that were cut. `poison`: what the poison marker said,
    where `resumed` lifted it; the marker goes with the first batch, which should record the resume.
    """

    created: bool
    clean_stop: bool
    unsealed: range
    kept: str
    torn_bytes: int
    poison: str | None
    resumed: Resume | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries from index `first` and the checkpoint that seals them, as the bytes of one write."""

    first: int
    data: bytes
    checkpoint: Checkpoint


class Journal:
    """An append-only sequence of entries in a store, owned by one process. Open it with `Journal.open`.

    One thread appends and seals; `commit` may run in another meanwhile, one batch at a time and in order.
    """

    def __init__(self, store: Store, signer: Signer, origin: str, tree: Tree, segment_bytes: int) -> None:
        self._store = store
        self._signer = signer
        self._origin = origin
        self._tree = tree  # everything sealed; may be ahead of the head by the batch in commit
        self._segment_bytes = segment_bytes
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._segment = ""
        self._offset = 0
        self._head: Checkpoint | None = None
        self._poison: str | None = None
        self._marker_to_clear = False
        self._closed = False
        self.heard_leaf: Callable[[bytes], None] = lambda leaf: None
        """Told of each entry's leaf hash when it is sealed, in order; whoever wants to prove growth sets it."""

    @classmethod
    def open(
        cls,
        store: Store,
        signer: Signer,
        *,
        origin: str | None = None,
        earlier_keys: Sequence[Verifier] = (),
        snapshot: Snapshot | None = None,
        remembered: Iterable[Checkpoint] = (),
        resume_poisoned: Resume | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        passed: Callable[[int, bytes], None] = lambda index, entry: None,
    ) -> tuple[Journal, Recovery]:
        """Check and recover the journal in the store, or begin one, and test that it can be written.

        `origin` is its name in checkpoints (default: the signer's). `snapshot` spares reading earlier segments.
        `remembered` are heads kept elsewhere: each is compared where the walk passes its size, so a snapshot must not
        be newer than the smallest. `passed` hears each entry from the snapshot on: once this returns, the last signed
        head has proven them. What is read again later has only its checksums.
        JournalDamaged, JournalRolledBack, JournalPoisoned, JournalUnreadable: nothing is acknowledged then, and only
        a JournalPoisoned of the write test may have changed a byte.
        """
        name = origin or signer.name
        walk = Walk(store, name, (signer.verifier, *earlier_keys), snapshot=snapshot, remembered=remembered)
        try:
            poison = _poison_of(store)
            if poison is not None and resume_poisoned is None:
                raise JournalPoisoned(poison, "Check the disk, then resume it by name and with a reason")
            for index, entry in walk.entries():
                passed(index, entry)
        except OSError as error:
            raise JournalUnreadable(f"the disk refused a read ({error})", "Check the disk") from error
        journal = cls(store, signer, name, walk.tree, segment_bytes)
        found = walk.checkpoint
        whole = found is not None and CLEAN_STOP in found.extensions and not walk.torn_bytes
        clean = whole and poison is None
        kept = journal._resume_from(walk)
        journal._marker_to_clear = poison is not None
        resumed = resume_poisoned if poison is not None else None
        return journal, Recovery(found is None, clean, walk.unsealed, kept, walk.torn_bytes, poison, resumed)

    @property
    def head(self) -> Checkpoint:
        """The last durable checkpoint."""
        if self._head is None:
            raise JournalClosed("the journal was not opened", "Open it with Journal.open")
        return self._head

    @property
    def verifier(self) -> Verifier:
        """The public key that checks this journal's heads."""
        return self._signer.verifier

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self.head.size

    @property
    def root(self) -> bytes:
        """The tree's root over the durable entries, 32 bytes."""
        return self.head.root

    @property
    def poisoned(self) -> str | None:
        """What poisoned this journal, or None."""
        return self._poison

    def frontier(self) -> tuple[int, list[bytes]]:
        """The size and tree frontier of everything sealed; straight after a sync they are the head's."""
        return self._tree.size, self._tree.frontier()

    def append(self, entry: bytes) -> int:
        """Buffer one entry and return its index. It is acknowledged only when a later `sync` or `commit` returns.

        EntryRefused where it is not 1 to 65,535 bytes without a newline, or 128 MiB wait already; JournalPoisoned;
        JournalClosed.
        """
        self._check_usable()
        check_entry(entry)
        if self._pending_bytes + len(entry) > BATCH_BYTES:
            raise EntryRefused(f"{self._pending_bytes} bytes of entries wait for a sync", "Sync, then append it")
        self._pending.append(entry)
        self._pending_bytes += len(entry)
        return self._tree.size + len(self._pending) - 1

    def seal(self) -> Batch:
        """Take everything buffered as the next batch, with its signed checkpoint. It must be given to `commit`."""
        self._check_usable()
        return self._seal(())

    def commit(self, batch: Batch) -> Checkpoint:
        """Make a sealed batch durable with one write and one sync, and return its checkpoint.

        JournalPoisoned where the disk fails: then it is unknown whether the batch is durable, and nothing follows.
        """
        self._check_usable()
        return self._commit(batch)

    def sync(self) -> Checkpoint:
        """Make everything buffered durable, and return the head. Errors as `commit`."""
        self._check_usable()
        return self._commit(self._seal(())) if self._pending else self.head

    def entries(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """The durable entries from index `start`, each with its index, streaming. JournalDamaged as `read_entries`."""
        return read_entries(self._store, start, self.size)

    def head_from(self, size: int) -> Checkpoint | None:
        """The first durable checkpoint over so many entries or more, as it stands in the journal; None beyond its end.
        JournalDamaged, OSError."""
        names = segments(self._store, max(size - 1, 0))
        for number, name in enumerate(names):
            begin = place_before(self._store, name, max(size - 1, 0))[0] if number == 0 and size > 1 else 0
            for offset, line in read_lines(self._store, name, begin):
                if line.startswith(CHECKPOINT) and line.endswith(b"\n"):
                    try:
                        found = checkpoints.parse(note_in(unframe(line)[1]))
                    except (ValueError, NoteInvalid) as fault:
                        raise JournalDamaged(name, offset, size, str(fault)) from None
                    if found.size >= size:
                        return found
        return None

    def close(self) -> None:
        """Make everything buffered durable, mark the stop as clean, and give up the store. Twice is once."""
        if self._closed:
            return
        try:
            if self._poison is None:
                self._commit(self._seal((CLEAN_STOP,)))
        finally:
            self._closed = True
            self._store.close()

    def _seal(self, extensions: Sequence[str]) -> Batch:
        first, entries, self._pending, self._pending_bytes = self._tree.size, self._pending, [], 0
        lines = []
        for entry in entries:
            self.heard_leaf(self._tree.add(entry))
            lines.append(frame(ENTRY, entry))
        head = checkpoints.sign(self._signer, self._origin, self._tree.size, self._tree.root(), extensions)
        lines.append(checkpoint_line(head.note))
        return Batch(first, b"".join(lines), head)

    def _commit(self, batch: Batch) -> Checkpoint:
        if batch.first != self.head.size:
            raise ValueError(f"the batch begins at entry {batch.first}, the journal ends at {self.head.size}")
        try:
            if self._offset >= self._segment_bytes and first_index(self._segment) < batch.first:
                self._begin_segment(batch.first, self.head)
            self._store.write(self._segment, self._offset, batch.data)
            self._store.sync(self._segment)
            if self._marker_to_clear:
                self._store.remove(POISON_MARKER)
                self._marker_to_clear = False
        except OSError as error:
            raise self._poison_with(f"writing entries from {batch.first} failed ({error})") from error
        self._offset += len(batch.data)
        self._head = batch.checkpoint
        return batch.checkpoint

    def _begin_segment(self, first: int, head: Checkpoint) -> None:
        line = checkpoint_line(head.note)
        self._store.replace(name_of(first), line)
        self._segment, self._offset = name_of(first), len(line)

    def _resume_from(self, walk: Walk) -> str:
        """Cut what no checkpoint follows, make sure of the last batch, and write the checkpoint that is also the write
        test. Returns the name of the file that whole entries among the cut ones lie in, or nothing."""
        opened = checkpoints.sign(self._signer, self._origin, walk.tree.size, walk.tree.root(), (OPENED,))
        kept = ""
        try:
            if walk.checkpoint is None:
                self._begin_segment(0, opened)
            else:
                if walk.unsealed:
                    kept = f"{UNSIGNED}{walk.unsealed.start:020d}"
                    unsigned = self._store.read(walk.segment, walk.sealed_end, walk.end - walk.sealed_end)
                    self._store.replace(kept, unsigned)
                if walk.unsealed or walk.torn_bytes:
                    self._store.truncate(walk.segment, walk.sealed_end)
                # A failed sync can leave the last batch, even one that closes cleanly, readable in memory and not on
                # the disk; a second sync would then succeed without writing it. The same bytes again make it durable.
                offset = walk.batch_start
                data = self._store.read(walk.segment, offset, walk.sealed_end - offset) + checkpoint_line(opened.note)
                self._store.write(walk.segment, offset, data)
                self._store.sync(walk.segment)
                self._segment, self._offset = walk.segment, offset + len(data)
        except OSError as error:
            raise self._poison_with(f"the write test at the start failed ({error})") from error
        self._head = opened
        return kept

    def _check_usable(self) -> None:
        if self._poison is not None:
            raise JournalPoisoned(self._poison, "Stop, check the disk, start again and resume by name")
        if self._closed:
            raise JournalClosed("the journal is closed", "Open it again")

    def _poison_with(self, what: str) -> JournalPoisoned:
        self._poison = what
        marked = "Stop, check the disk, start again and resume by name"
        try:
            self._store.replace(POISON_MARKER, what.encode())
        except OSError:
            # The mark may fail with the disk that failed. The next start then still finds no clean stop.
            marked += " (the poison marker could not be written)"
        return JournalPoisoned(what, marked)


def read_entries(store: Reader, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
    """The entries from index `start` up to, not including, `stop`, each with its index, one in memory at a time.

    Checks each line's checksum and the numbering, not the tree: `verify` does that. What stands before `start` is
    passed over by its checkpoints. Without `stop` it ends before the first incomplete line. JournalDamaged at the first
    fault.
    """
    names = segments(store, start)
    index = first_index(names[0]) if names else 0
    for number, name in enumerate(names):
        if first_index(name) != index:
            raise JournalDamaged(name, 0, index, "entries are missing before this segment")
        begin = 0
        if number == 0:
            begin, index = place_before(store, name, start)
        for offset, line in read_lines(store, name, begin):
            if index == stop or not line.endswith(b"\n"):
                break
            try:
                kind, payload = unframe(line)
            except ValueError as fault:
                raise JournalDamaged(name, offset, index, str(fault)) from None
            if kind == ENTRY:
                if index >= start:
                    yield index, payload
                index += 1
        if index == stop:
            return
    if stop is not None and index < stop:
        raise JournalDamaged(names[-1] if names else "", 0, index, f"the journal ends before entry {stop - 1}")


def _poison_of(store: Reader) -> str | None:
    if POISON_MARKER not in store.names():
        return None
    text = store.read(POISON_MARKER, 0, store.size(POISON_MARKER)).decode(errors="replace")
    return text or "the journal was poisoned"
