"""Refusals: whatever did not happen, with a code, the findings, whether and when to try again, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remit.doors.mcp.shapes_out import Finding, Refusal
from remit.guard.wire import GuardError
from remit.kernel.printable import printable

SAID_MAX = 1_000
AGAIN = frozenset({"busy", "internal", "guard_gone", "guard_not_running", "guard_stopped", "too_many_calls"})
"""Codes after which the same call, with the same id, may well succeed."""
AS_IT_IS = "Do not send it again as it is. Change what the findings name, or leave it to a person"


class CallRefused(GuardError):
    """The door itself refuses a call, or the guard refused the command it brought."""

    def __init__(
        self, code: str, message: str, fix: str, *, retry_after_s: int | None = None, noted: bool = False
    ) -> None:
        self.code = code  # type: ignore[misc]  # here each refusal has its own code
        super().__init__(message, fix)
        self.retry_after_s = retry_after_s
        self.noted = noted
        """Whether the guard knows of it already."""


def refusal_of(error: GuardError) -> Refusal:
    """Return what a model is told of a named error."""
    detail: Mapping[str, Any] = getattr(getattr(error, "failure", error), "detail", None) or {}
    after = detail.get("retry_after_s", getattr(error, "retry_after_s", None))
    found = detail.get("findings") or ([detail] if "rule" in detail else [])  # of a budget the detail is its finding
    return Refusal(
        code=error.code,
        message=printable(error.message[:SAID_MAX]),
        findings=findings_of(found),
        retryable=error.code in AGAIN or after is not None,
        retry_after_s=None if after is None else str(max(int(after), 0)),
        fix=printable(error.fix[:SAID_MAX]),
    )


def findings_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Return findings as the kernel or a view gave them."""
    return tuple(
        Finding(
            rule=row["rule"],
            subject=row["subject"],
            verdict=row.get("verdict", "deny"),
            limit=row["limit"],
            actual=row["actual"],
            unit=row["unit"],
            retry_after_s=_seconds(row.get("retry_after_s")),
            says=row.get("sentence", ""),
        )
        for row in rows
    )


def when_again(findings: tuple[Finding, ...]) -> tuple[bool, str | None]:
    """Return whether time alone heals all that denied an order, and how many seconds that takes."""
    denying = [finding.retry_after_s for finding in findings if finding.verdict == "deny"]
    waits = [int(after) for after in denying if after is not None]
    if not denying or len(waits) < len(denying):
        return False, None
    return True, str(max(waits))


def check_taken(record: Mapping[str, Any]) -> None:
    """Return where a command took effect; CallRefused with the guard's reason where it was refused."""
    for event in record.get("events", ()):
        if event["event"] == "refused":
            raise CallRefused(
                event["code"],
                event["why"],
                "Nothing changed. " + AS_IT_IS,
                retry_after_s=event.get("retry_after_s"),
                noted=True,
            )


def _seconds(value: Any) -> str | None:
    return None if value is None else str(max(int(value), 0))
