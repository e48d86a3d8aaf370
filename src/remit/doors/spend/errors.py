"""The named errors of analyses and prices."""

from __future__ import annotations

from remit.guard.wire import GuardError


class AnalystInvalid(GuardError):
    """No model is set up for analyses, or what is set up cannot be."""

    code = "analyst_invalid"


class PriceUnknown(GuardError):
    """What a call of the model costs is not known: it is not made."""

    code = "price_unknown"


class BudgetExceeded(GuardError):
    """A budget has no room for what the call may cost; `detail` says whose, and when its day rolls."""

    code = "budget_exceeded"


class NotMetered(GuardError):
    """The guard refused to reserve what the call may cost; `code` is its word, and the call was not made."""

    def __init__(self, code: str, message: str, retry_after_s: int | None = None) -> None:
        self.code = code  # type: ignore[misc]  # it is the kernel's word, not the class's
        detail = {} if retry_after_s is None else {"retry_after_s": retry_after_s}
        super().__init__(message, "The model was not asked; correct what it says, or leave it", detail)


class AnalystFailed(GuardError):
    """The model was asked and gave no answer that can be used; what was reserved for it may be spent."""

    code = "analyst_failed"
