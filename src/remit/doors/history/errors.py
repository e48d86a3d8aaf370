"""The history's named errors: each says what happened and what to do."""

from __future__ import annotations

from remit.guard.wire import GuardError


class HistoryUnusable(GuardError):
    """The file of the history cannot be read or written."""

    code = "history_unusable"


class HistoryDamaged(HistoryUnusable):
    """What stands in the file is none of it, or not all: it is made anew."""

    code = "history_damaged"
