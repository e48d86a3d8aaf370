"""One journal on its way to one place: whole files as they fill, then the last partial ones, then the head."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from remit.export.errors import ExportConflict, ExportUnreachable
from remit.export.sink import Sink
from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosigned import read as read_cosigned
from remit.journal.cosigned import signers
from remit.journal.errors import JournalRolledBack, NoteInvalid
from remit.journal.note import Verifier
from remit.journal.store import Reader
from remit.journal.tail import Tail
from remit.journal.tiles import CHECKPOINT, Tiles, TilesDamaged
from remit.journal.verify import VERIFIER

WAITING_BYTES = 8 << 20
"""So much waits in memory for a cosigned head; what is more goes out without."""
_DO = "Keep it as evidence and export to a new place"


def _nobody() -> None:
    """Nobody cosigns."""


class Exporter:
    """Carries on an export from what the place itself holds. After any error it is made anew.

    `durable` gives the journal's folder as it stands when it is called, with nothing in it that a power loss undoes.
    `cosigned` gives what is kept of the newest head that witnesses cosigned; None where there is none. `head` is the
    checkpoint that stands at the place, None before the first, and `newest` the journal's own as it was read last.
    ExportConflict where its tiles are not those of a head that `key` signed; ExportError as of the sink.
    """

    def __init__(
        self, durable: Callable[[], Reader], key: Verifier, sink: Sink, cosigned: Callable[[], bytes | None] = _nobody
    ) -> None:
        self._durable = durable
        self._cosigned = cosigned
        self._sink = sink
        self._stood = sink.read(CHECKPOINT)
        """What stands there as the head: an old one, or nothing, where somebody hid the newest."""
        self.head = head_of(sink, key)
        self.newest: Checkpoint | None = None
        self._tiles = _tiles(sink, self.head)
        self._tail = Tail(key.name, (key,), self._tiles.tree())
        self._covers = False
        """Whether the journal is known to have all that stands there."""
        self._waiting: deque[bytes] = deque()
        """Entries that were read and wait for a head that is cosigned."""
        self._waiting_bytes = 0
        self._key = key

    def advance(self, *, patient: bool = False) -> Checkpoint | None:
        """Bring out everything that is durable now, and return the head that stands there; None where nothing is.

        Where the newest head is cosigned, that one goes out. Where it is not, a `patient` one brings out no more than
        the cosigned head covers, if that says more than the place holds, and keeps the rest in memory for the next
        time; WAITING_BYTES at most. What it holds stays readable at every moment: the head goes out last. JournalError
        where the journal is damaged, is not the one that was exported before, or is not the one that was cosigned;
        OSError where its disk refuses; ExportError.
        """
        cosigned = self._read_cosigned()  # before the journal, which then covers it
        durable = self._durable()
        limit = cosigned.size if patient and cosigned is not None else None
        while (stretch := self._tail.next(durable)) is not None:
            self.newest = stretch.checkpoint
            self._waiting.extend(stretch.entries)
            self._waiting_bytes += sum(map(len, stretch.entries))
            self._take(limit)
            if self._waiting_bytes > WAITING_BYTES:
                self._take(limit := None)
        self._take(limit)
        self._check_covers()
        head = self._next(cosigned)
        if head is not None:
            self._sink.write(VERIFIER, f"{self._key}\n".encode())
            for path, data in self._tiles.partial():
                self._sink.write(path, data)
            self._check_unmoved()
            self._sink.head(head.note)
            self.head, self._stood = head, head.note.encode()
        return self.head

    def _check_covers(self) -> None:
        """JournalRolledBack where the place holds more than the journal: whatever went out was durable before. Asked
        once; later on what it holds comes from here."""
        size = self._tail.tree.size
        if not self._covers and next(iter(self._sink.earlier(size)), None) is not None:
            raise JournalRolledBack(
                f"the journal ends at entry {size}, and {self._sink.name} holds entries after it",
                "It is an old copy or was cut. Restore the newest one",
            )
        self._covers = True

    def _check_unmoved(self) -> None:
        """ExportUnreachable where another head stands there than the one this went on from: its files may be gone."""
        found = self._sink.read(CHECKPOINT)
        if found != self._stood:
            what = f"the head in {self._sink.name} is not the one that stood there: it was put back, or two write there"
            raise ExportUnreachable(what, "See who writes there; what stands there now is gone on from")

    def _take(self, limit: int | None) -> None:
        """Bring out the files that become whole with the entries up to a size, or with all."""
        while self._waiting and (limit is None or self._tiles.size < limit):
            entry = self._waiting.popleft()
            self._waiting_bytes -= len(entry)
            for path, data in self._tiles.add(entry):
                self._sink.write(path, data)

    def _next(self, cosigned: Checkpoint | None) -> Checkpoint | None:
        """Return the head that is to stand there now: of exactly what was taken, and saying more than the one there."""
        size = self._tiles.size
        if self.head is not None and self.head.size == size and self._stood != self.head.note.encode():
            return self.head  # which somebody hid
        stands = (0, 0) if self.head is None else (self.head.size, signers(self.head.note))
        if cosigned is not None and cosigned.size == size:
            if cosigned.root != self._tiles.tree().root():
                raise JournalRolledBack(
                    f"the journal's first {size} entries are not those of the head that witnesses cosigned",
                    "Two journals were signed with this key: keep both as evidence",
                )
            return cosigned if (size, signers(cosigned.note)) > stands else None
        newest = self.newest
        return newest if newest is not None and newest.size == size > stands[0] else None

    def _read_cosigned(self) -> Checkpoint | None:
        """Return the head that witnesses cosigned; None where what is kept is none: the guard tells of that."""
        source = self._cosigned()
        try:
            return None if source is None else read_cosigned(source, self._key)
        except NoteInvalid:
            return None


def head_of(sink: Sink, key: Verifier) -> Checkpoint | None:
    """The largest head that a place holds, its signature verified; None before the first. ExportConflict where the one
    that stands there is not this journal's; ExportError.

    A place that keeps earlier heads is asked for them where it holds more than its newest one needs: somebody may have
    put an old one over it, or hidden it.
    """
    found = sink.read(CHECKPOINT)
    try:
        largest = None if found is None else checkpoints.verify(found.decode(), key.name, (key,))
    except (UnicodeDecodeError, NoteInvalid) as fault:
        raise ExportConflict(f"the head in {sink.name} is not this journal's ({fault})", _DO) from None
    for source in sink.earlier(0 if largest is None else largest.size):
        try:
            head = checkpoints.verify(source.decode(), key.name, (key,))
        except (UnicodeDecodeError, NoteInvalid):
            continue
        if largest is None or head.size > largest.size:
            largest = head
    return largest


def _tiles(sink: Sink, head: Checkpoint | None) -> Tiles:
    if head is None:
        return Tiles()

    def read(path: str) -> bytes:
        found = sink.read(path)
        if found is None:
            raise TilesDamaged(path, "it is missing")
        return found

    try:
        tiles = Tiles.resume(head.size, read)
        if tiles.tree().root() != head.root:
            raise TilesDamaged(CHECKPOINT, "the tiles are not those of the head")
    except TilesDamaged as fault:
        raise ExportConflict(f"{sink.name}: {fault}", _DO) from None
    return tiles
