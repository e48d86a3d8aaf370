"""The reports' named errors. Each has a code, says what happened, and says what to do."""

from __future__ import annotations

from typing import ClassVar


class ReportError(Exception):
    """The base of every error that reports raise on purpose; anything else that escapes is our bug."""

    code: ClassVar[str] = "report_error"

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(f"{self.code}: {message}. {fix}")
        self.message = message
        self.fix = fix


class ModelUnusable(ReportError):
    """The read model's file cannot be read or written."""

    code = "model_unusable"


class JournalUnread(ReportError):
    """The journal cannot be read as it stands."""

    code = "journal_unreadable"


class OutOfStep(ReportError):
    """An entry is not the one that follows."""

    code = "out_of_step"


class AnotherJournal(ReportError):
    """The rows are of another journal, or of this one before it was put back."""

    code = "another_journal"


class RangeInvalid(ReportError):
    """A range of dates cannot be read, or is empty."""

    code = "range_invalid"


class ExportFailed(ReportError):
    """A report could not be written."""

    code = "export_failed"


class ParquetMissing(ReportError):
    """Parquet needs a package that is not installed."""

    code = "parquet_missing"


class OutOfReach(ReportError):
    """A number does not fit into a column of the file."""

    code = "out_of_reach"
