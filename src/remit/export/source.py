"""The journal's folder as an export reads it: only what is durable, so that no power loss undoes a head that is out."""

from __future__ import annotations

import os
import time
import weakref
from pathlib import Path
from typing import Protocol

from remit.journal.errors import JournalPoisoned
from remit.journal.frame import is_segment
from remit.journal.log import POISON_MARKER
from remit.journal.store import FolderReader, Reader


class Shared(Reader, Protocol):
    """The journal's files beside the guard that writes them."""

    def sync(self, name: str) -> None:
        """Return when everything that was written to the file before, by anybody, is durable; OSError."""
        ...


class SharedFolder(FolderReader):
    """A folder on disk, to read beside its owner and to make durable. Keep one for as long as the folder is followed.

    The file that was synced last stays open: an open descriptor hears of every write since that the disk lost, also
    where the guard heard of it first. What was lost just before it was opened only the guard's own mark says; for that
    mark it waits `settle_s` seconds.
    """

    def __init__(self, folder: Path, settle_s: float = 0.0) -> None:
        super().__init__(folder)
        self._settle_s = settle_s
        self._open: tuple[str, int, weakref.finalize[..., SharedFolder]] | None = None

    def sync(self, name: str) -> None:
        """Return when everything that was written to the file before, by anybody, is durable; OSError."""
        if self._open is None or self._open[0] != name or not self._is_there(self._open[1], name):
            descriptor = os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC)
            if self._open is not None:
                self._open[2]()
            self._open = name, descriptor, weakref.finalize(self, os.close, descriptor)
            os.fsync(descriptor)
            time.sleep(self._settle_s)
        os.fsync(self._open[1])

    def _is_there(self, descriptor: int, name: str) -> bool:
        """Whether the open file is the one that has the name now."""
        return os.path.samestat(os.fstat(descriptor), os.stat(self._path(name)))


class Durable:
    """The segments of a journal as they stand now, made durable; what is written later is not seen.

    The guard writes a batch before it is synced, and another process sees it at once: so this syncs too, and reads no
    further than it did. JournalPoisoned where the guard found that the disk fails; OSError where it refuses.
    """

    def __init__(self, files: Shared) -> None:
        self._files = files
        self._names = [name for name in files.names() if is_segment(name)]
        self._last_size = 0
        if self._names:
            # Every segment but the last was synced before the one after it was begun.
            self._last_size = files.size(self._names[-1])
            files.sync(self._names[-1])
        if POISON_MARKER in files.names():
            raise JournalPoisoned("the guard found that its disk fails", "Check the disk, and resume the guard by name")

    def names(self) -> list[str]:
        """The names of the segments, sorted."""
        return list(self._names)

    def size(self, name: str) -> int:
        """The length of a segment in bytes, as far as it is known to be durable."""
        return self._last_size if name == self._names[-1] else self._files.size(name)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` of what is durable."""
        return self._files.read(name, offset, max(0, min(length, self.size(name) - offset)))
