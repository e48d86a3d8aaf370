"""What can go wrong with an export, by name: what happened, and what to do."""

from __future__ import annotations

from typing import ClassVar


class ExportError(Exception):
    """The base of every error that an export raises on purpose."""

    code: ClassVar[str] = "export_error"

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{self.code}: {what}. {do}")
        self.what = what
        self.do = do


class ExportRefused(ExportError):
    """The target is none that an export may go to; nothing was written."""

    code = "export_refused"


class ExportConflict(ExportError):
    """The target holds something else under a name that never changes, or a head that no known key signed."""

    code = "export_conflict"


class ExportUnreachable(ExportError):
    """The target did not take or give bytes this time; the next try goes on where this one stood."""

    code = "export_unreachable"
