"""The client's own named errors; those of the guard and of the way to it come as they are."""

from __future__ import annotations

from remit.guard.wire import GuardError


class Refused(GuardError):
    """A command was refused and changed nothing: `code` says why. `entry` is the refusal's place in the journal, 0
    where it has none there or the way does not tell."""

    def __init__(self, code: str, why: str, fix: str, entry: int = 0, retry_after_s: int | None = None) -> None:
        self.code = code  # type: ignore[misc]  # the guard's word for it
        super().__init__(why, fix, {"retry_after_s": retry_after_s})
        self.entry = entry
        self.retry_after_s = retry_after_s


class OutcomeUnknown(GuardError):
    """A command may have arrived and no answer came for as long as the client was patient.

    Nothing is lost or doubled: say the same again with the same `id`, now or after a restart, and the guard answers
    what became of the first.
    """

    code = "outcome_unknown"

    def __init__(self, id: str) -> None:
        super().__init__(f"no answer came about {id}, which may have been taken", "Ask again with the same id")
        self.id = id


class Unclear(GuardError):
    """What was asked for is not clear enough to be sent: what is missing, and what there is to choose from."""

    code = "unclear"
