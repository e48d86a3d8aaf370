"""Follow a journal from a known tree on, beside its running owner: only what a signed checkpoint covers comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import JournalDamaged, JournalRolledBack, NoteInvalid
from remit.journal.frame import ENTRY, first_index, note_in, place_before, read_lines, segment_name, segments, unframe
from remit.journal.note import Verifier
from remit.journal.store import Reader
from remit.journal.tree import Tree

STRETCH_BYTES = 8 << 20
"""So much is read before the checkpoint behind it proves it: the memory that following takes."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries that came next, and the checkpoint behind the last of them, its root and signature verified."""

    entries: list[bytes]
    checkpoint: Checkpoint


class Tail:
    """Where the reading of a journal stands: behind the checkpoint that was given last.

    `tree` is that of the entries before; that they are this journal's is proven by the next checkpoint's root.
    """

    def __init__(self, origin: str, verifiers: Sequence[Verifier], tree: Tree) -> None:
        self._origin = origin
        self._verifiers = verifiers
        self.tree = tree
        self._place: _Place | None = None

    def next(self, reader: Reader) -> Stretch | None:
        """Return the next stretch up to a checkpoint, None where there is none yet. OSError where the disk refuses.

        JournalRolledBack where the journal ends before the tree does, or its signed roots do not go on from it.
        JournalDamaged where a line is not what its writer wrote. Nothing is passed over by an error.
        """
        place = self._place or self._begin(reader)
        if place is None:
            return None
        entries: list[bytes] = []
        sealed: tuple[int, Checkpoint, _Place] | None = None
        held = 0
        for kind, payload, behind in _lines(reader, place):
            place = behind
            if kind == ENTRY:
                if place.before > self.tree.size:
                    entries.append(payload)
                    held += len(payload)
            elif place.before >= self.tree.size:
                sealed = len(entries), _checkpoint(behind, payload), behind
                if held >= STRETCH_BYTES:
                    break
        if sealed is None:
            self._check_end(place.before)
            return None
        count, found, behind = sealed
        return self._proven(entries[:count], found, behind)

    def _begin(self, reader: Reader) -> _Place | None:
        """Find a place before the checkpoint that seals the entries that are known, so that it is compared too."""
        last = max(self.tree.size - 1, 0)
        names = segments(reader, last)
        if not names:
            self._check_end(0)
            return None
        if first_index(names[0]) > last:
            raise JournalDamaged(names[0], 0, last, "entries are missing before this segment")
        return _Place(names[0], *place_before(reader, names[0], last))

    def _proven(self, entries: list[bytes], found: Checkpoint, behind: _Place) -> Stretch:
        tree = Tree.from_frontier(self.tree.size, self.tree.frontier())
        for entry in entries:
            tree.add(entry)
        if (found.size, found.root) != (tree.size, tree.root()):
            raise JournalRolledBack(
                f"its checkpoint of size {found.size} does not go on from the {self.tree.size} entries that are known",
                "Verify the journal. Where it verifies, it is another one, or was put back and went on differently",
            )
        try:
            checkpoints.verify(found.note, self._origin, self._verifiers)
        except NoteInvalid as invalid:
            fault = f"the checkpoint is not signed by a known key: {invalid.what}"
            raise JournalDamaged(behind.segment, behind.offset, behind.before, fault) from None
        self.tree, self._place = tree, behind
        return Stretch(entries, found)

    def _check_end(self, index: int) -> None:
        if index < self.tree.size:
            raise JournalRolledBack(
                f"the journal ends at entry {index}, but a head of size {self.tree.size} is known",
                "It is an old copy or was cut. Restore the newest one",
            )


class _Place(NamedTuple):
    """A place between two lines: the segment, the byte offset in it, and how many entries stand before it."""

    segment: str
    offset: int
    before: int


def _lines(reader: Reader, place: _Place) -> Iterator[tuple[bytes, bytes, _Place]]:
    """Give each whole line from a place on, over all segments: its kind, its payload, and the place behind it."""
    while True:
        if reader.size(place.segment) < place.offset:
            raise JournalRolledBack(
                f"{place.segment} is shorter than it was when entry {place.before} was read",
                "It is an old copy or was cut. Restore the newest one",
            )
        for offset, line in read_lines(reader, place.segment, place.offset):
            if not line.endswith(b"\n"):
                break
            try:
                kind, payload = unframe(line)
            except ValueError as fault:
                raise JournalDamaged(place.segment, offset, place.before, str(fault)) from None
            place = _Place(place.segment, offset + len(line), place.before + (kind == ENTRY))
            yield kind, payload, place
        following = segment_name(place.before)
        if following == place.segment or following not in reader.names():
            return
        place = _Place(following, 0, place.before)


def _checkpoint(behind: _Place, payload: bytes) -> Checkpoint:
    try:
        return checkpoints.parse(note_in(payload))
    except (ValueError, NoteInvalid):
        raise JournalDamaged(behind.segment, behind.offset, behind.before, "the checkpoint is malformed") from None
