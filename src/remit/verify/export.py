"""An export in the tlog-tiles layout: its entries, checked against its tiles, and its one signed head."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from remit.journal import tiles
from remit.journal.beneath import read_beneath
from remit.journal.checkpoint import Checkpoint
from remit.journal.checkpoint import parse as parse_checkpoint
from remit.journal.checkpoint import verify as read_checkpoint
from remit.journal.errors import JournalDamaged, NoteInvalid
from remit.journal.note import Verifier
from remit.journal.tiles import CHECKPOINT, HASH_BYTES, TilesDamaged
from remit.journal.tree import Tree

_FILE_BYTES_MAX = tiles.BUNDLE_BYTES_MAX
_BUNDLES = "tile/entries/"
_NOT_PLAIN = frozenset({errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENOTDIR, errno.ENXIO})


def is_export(folder: Path) -> bool:
    """Whether a folder holds an export of a journal."""
    return (folder / CHECKPOINT).is_file()


class Export:
    """One walk over an export: read `entries()` to its end, then look at the fields, which are those of a walk over a
    journal.

    An export has one checkpoint, its newest, so it says nothing of how its journal was opened and closed before.
    """

    def __init__(self, folder: Path, key: Verifier) -> None:
        self._folder = folder
        self._key = key
        self.tree = Tree()
        self.checkpoint: Checkpoint | None = None
        self.checkpoints = 0
        self.index = 0
        self.unsealed = range(0)
        self.torn_bytes = 0

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Each entry with its index, one bundle in memory; JournalDamaged at the first file that does not fit."""
        head = self._head()
        try:
            for index, entry in tiles.entries(head.size, self._read):
                self.tree.add(entry)
                self.index = index + 1
                yield index, entry
        except TilesDamaged as fault:
            raise JournalDamaged(fault.path, 0, self.index, fault.fault) from None
        if head.root != self.tree.root():
            said = f"the checkpoint of size {head.size} does not fit the entries"
            raise JournalDamaged(CHECKPOINT, 0, self.index, said)

    def _head(self) -> Checkpoint:
        try:
            note = self._read(CHECKPOINT).decode()
            parse_checkpoint(note)
            self.checkpoint = read_checkpoint(note, self._key.name, (self._key,))
        except (NoteInvalid, UnicodeDecodeError) as invalid:
            fault = f"the checkpoint is malformed or not signed by a known key: {invalid}"
            raise JournalDamaged(CHECKPOINT, 0, 0, fault) from None
        self.checkpoints = 1
        return self.checkpoint

    def _read(self, path: str) -> bytes:
        """A file's bytes; of a tile that became whole while this export grew, the part that the head needs."""
        data = self._plain(path)
        if data is None:
            whole, _, width = path.partition(".p/")
            data = self._plain(whole) if width else None
            if data is None:
                raise JournalDamaged(path, 0, self.index, "the file is missing")
            if whole.startswith(_BUNDLES):
                return tiles.bundle(tiles.entries_of(data)[: int(width)])
            return data[: int(width) * HASH_BYTES]
        return data

    def _plain(self, path: str) -> bytes | None:
        try:
            return read_beneath(self._folder, path, _FILE_BYTES_MAX)
        except OSError as fault:
            if fault.errno not in _NOT_PLAIN:
                raise
            raise JournalDamaged(path, 0, self.index, "it is no plain file, or larger than any may be") from None
