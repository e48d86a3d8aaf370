"""The journal of a replay: a real one, one per currency, that can be verified afterwards without any key of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from remit.journal.log import Journal
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.journal.verify import VERIFIER
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.replay.errors import ReplayRefused

ORIGIN = "remit.local/replay"
BATCH = 512


class Entries(Protocol):
    """Where the records of one kernel go, in order."""

    def append(self, record: Record) -> None:
        """Take one record."""

    def close(self) -> None:
        """Take nothing more."""


class NoEntries:
    """Keeps nothing."""

    def append(self, record: Record) -> None:
        pass

    def close(self) -> None:
        pass


class JournalEntries:
    """A journal on disk; nothing waits for an entry here, so they are made durable in large batches."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._journal, _ = Journal.open(FileStore(folder), signer)

    def append(self, record: Record) -> None:
        if self._journal.append(encode(record)) % BATCH == BATCH - 1:
            self._journal.sync()

    def close(self) -> None:
        self._journal.close()


class JournalFolder:
    """A new folder with one journal per currency, and beside them the public key that verifies their checkpoints.

    `seed` is the 32-byte Ed25519 key that signs. ReplayRefused where the folder holds something already.
    """

    def __init__(self, folder: Path, seed: bytes) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ReplayRefused("journal_exists", f"{folder} is not empty", "Name a new folder")
            self._signer = Signer(ORIGIN, seed)
            (folder / VERIFIER).write_text(f"{self._signer.verifier}\n", encoding="ascii")
        except OSError as fault:
            what = f"{folder} cannot be written: {fault}"
            raise ReplayRefused("output_failed", what, "Name another folder") from fault
        self._folder = folder

    def open(self, currency: str) -> JournalEntries:
        """Begin the journal of one currency's kernel."""
        return JournalEntries(self._folder / currency, self._signer)
