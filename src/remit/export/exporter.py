"""One journal on its way to one place: whole files as they fill, then the last partial ones, then the head."""

from __future__ import annotations

from collections.abc import Callable

from remit.export.errors import ExportConflict
from remit.export.sink import Sink
from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import NoteInvalid
from remit.journal.note import Verifier
from remit.journal.store import Reader
from remit.journal.tail import Tail
from remit.journal.tiles import CHECKPOINT, Tiles, TilesDamaged
from remit.journal.verify import VERIFIER

_DO = "Keep it as evidence and export to a new place"


class Exporter:
    """Carries on an export from what the place itself holds. After any error it is made anew.

    `durable` gives the journal's folder as it stands when it is called, with nothing in it that a power loss undoes.
    `head` is the checkpoint that stands there, None before the first. ExportConflict where its tiles are not those of
    a head that `key` signed; ExportError as of the sink.
    """

    def __init__(self, durable: Callable[[], Reader], key: Verifier, sink: Sink) -> None:
        self._durable = durable
        self._sink = sink
        self.head = head_of(sink, key)
        self._tiles = _tiles(sink, self.head)
        self._tail = Tail(key.name, (key,), self._tiles.tree())
        self._key = key

    def advance(self) -> Checkpoint | None:
        """Bring out everything that is durable now, and return the head that stands there; None where nothing is.

        What it holds stays readable at every moment: the head goes out last. JournalError where the journal is damaged
        or is not the one that was exported before; OSError where its disk refuses; ExportError.
        """
        durable = self._durable()
        newest: Checkpoint | None = None
        while (stretch := self._tail.next(durable)) is not None:
            newest = stretch.checkpoint
            for entry in stretch.entries:
                for path, data in self._tiles.add(entry):
                    self._sink.write(path, data)
        if newest is not None and (self.head is None or newest.size > self.head.size):
            self._sink.write(VERIFIER, f"{self._key}\n".encode())
            for path, data in self._tiles.partial():
                self._sink.write(path, data)
            self._sink.head(newest.note)
            self.head = newest
        return self.head


def head_of(sink: Sink, key: Verifier) -> Checkpoint | None:
    """The head that stands at a place, its signature verified; None before the first. ExportConflict, ExportError."""
    found = sink.read(CHECKPOINT)
    if found is None:
        return None
    try:
        return checkpoints.verify(found.decode(), key.name, (key,))
    except (UnicodeDecodeError, NoteInvalid) as fault:
        raise ExportConflict(f"the head in {sink.name} is not this journal's ({fault})", _DO) from None


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
