"""Budgets at the guard's socket: over theirs an agent or its client is told nothing more, but for the ways out."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.guard.calls import speaker
from remit.guard.errors import GuardError
from remit.kernel import command as c
from remit.kernel.authority import CALLERS
from remit.kernel.decision import Finding
from remit.kernel.names import Principal
from remit.kernel.spend import over_budget
from remit.kernel.state import State

WAYS_OUT = frozenset({"self", "me", "capabilities", "orders", "order", "closing", "spend"})
"""Views that are open over every budget: who one is, one's own orders, what there is to close, and what was spent.

Beside them stay a stream of one's own orders, cancels, exits, reductions and one's own log: they are no views, and the
kernel judges what of them opens.
"""


class BudgetExceeded(GuardError):
    """What calls of models did cost is beyond a budget; `detail` says whose, how much, and when its day rolls."""

    code = "budget_exceeded"


def exceeded(found: Finding) -> BudgetExceeded:
    """Return the error that a budget's finding is told as."""
    detail: dict[str, Any] = {
        "rule": found.rule,
        "subject": found.subject,
        "limit": found.limit,
        "actual": found.actual,
        "unit": found.unit,
    }
    fix = "A person says what it did cost: remit budget settle; or raises it: remit budget set"
    if found.retry_after_s is not None:
        detail["retry_after_s"] = found.retry_after_s
        fix = f"Wait {found.retry_after_s} s until its day rolls, or let a person raise it: remit budget set"
    spent = f"{found.actual} {found.unit}" if found.retry_after_s is not None else found.actual
    return BudgetExceeded(
        f"{found.rule} of {found.subject} is {found.limit} {found.unit}, and spent is {spent}", fix, detail
    )


def check_budget(state: State, by: Principal, at: int, view: str = "") -> None:
    """Return where a caller is within every budget on its path, or asks for a way out; BudgetExceeded."""
    if by.role not in CALLERS or view in WAYS_OUT:
        return
    found = over_budget(state, *speaker(state, by), at)
    if found is not None:
        raise exceeded(found)


def dressed(state: State, by: Principal, body: c.MeterSpend | c.ReportSpend) -> c.MeterSpend | c.ReportSpend:
    """Return what is said of a model call with who made it: for an agent or its client that is never an argument."""
    if by.role not in CALLERS:
        return body
    agent, client = speaker(state, by)
    return msgspec.structs.replace(body, agent=body.agent or agent, client=client)
