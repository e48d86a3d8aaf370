"""The journal's named errors. Each has a code, says what happened, and says what to do."""

from __future__ import annotations

from typing import ClassVar


class JournalError(Exception):
    """The base of every error the journal raises on purpose; anything else that escapes is our bug."""

    code: ClassVar[str] = "journal_error"

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{self.code}: {what}. {do}")
        self.what = what
        self.do = do


class EntryRefused(JournalError):
    """The entry cannot be one line of the journal; nothing was buffered."""

    code = "entry_refused"


class JournalClosed(JournalError):
    """The journal was closed; nothing more can be appended through this object."""

    code = "journal_closed"


class JournalPoisoned(JournalError):
    """An I/O error happened once; nothing is appended until a person resumes the journal."""

    code = "journal_poisoned"


class JournalUnreadable(JournalError):
    """The disk refused a read, so the journal can be neither trusted nor called damaged."""

    code = "journal_unreadable"


class JournalRolledBack(JournalError):
    """The journal is older than, or another than, a head that is known to have existed."""

    code = "journal_rolled_back"


class StoreLocked(JournalError):
    """Another process has the folder open for writing."""

    code = "store_locked"


class NoteInvalid(JournalError):
    """A signed note or checkpoint is malformed or carries no valid signature of a known key."""

    code = "note_invalid"


class ReceiptInvalid(JournalError):
    """A receipt is malformed, or its entry is not what the signed checkpoint covers."""

    code = "receipt_invalid"


class SnapshotDamaged(JournalError):
    """A snapshot file does not match its own hash; it is skipped."""

    code = "snapshot_damaged"


class SideTextMissing(JournalError):
    """The side store has no text for this digest, because it was erased, altered or never put."""

    code = "side_text_missing"


class BackupRefused(JournalError):
    """A backup is incomplete or damaged, or its target folder is not empty."""

    code = "backup_refused"


class JournalDamaged(JournalError):
    """The journal holds bytes that were not written by it: `segment` (file name), `offset` (bytes), `index` (entry)."""

    code = "journal_damaged"

    def __init__(self, segment: str, offset: int, index: int, fault: str) -> None:
        super().__init__(
            f"{fault} (segment {segment}, byte {offset}, entry {index})",
            "Nothing was changed. Keep this folder as evidence and restore the journal from a backup",
        )
        self.segment = segment
        self.offset = offset
        self.index = index
        self.fault = fault
