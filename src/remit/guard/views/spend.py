"""The view of spend: what calls of models did cost everyone today, which budgets hold it, and what is not settled."""

from __future__ import annotations

from typing import Any

from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.mandate import EMPTY
from remit.kernel.model_call import ModelCall
from remit.kernel.numbers import text
from remit.kernel.spend import BUDGETS, budget_of, over_budget, wait_s
from remit.kernel.state import Subject

CALLS_MAX = 200
"""Calls that one answer names: those that wait for a settlement first, then the latest."""


def spend(looking: Looking) -> dict[str, Any]:
    """The budgets of every subject the caller may see, in its own currency, and their model calls of the last day.

    `spent` is None while the price of a call is not known: it counts as more than every budget. For an agent or a
    client `over` is the budget on its path that is used up, None where there is room.
    """
    state, own = looking.state, looking.own_agent
    found = None
    if own:
        found = over_budget(state, own, looking.by.name if looking.by.role == "client" else "", looking.at)
    named = looking.word("subject")
    calls = sorted(
        (call for call in state.model_calls.values() if looking.sees_order(call.agent, call.client)),
        key=lambda call: (call.state not in ("reserved", "unpriced"), -call.seq),
    )
    return {
        "budgets": [_budget(looking, of) for of in looking.subjects(named)],
        "calls": [_call(call) for call in calls[:CALLS_MAX]],
        "left_out": max(len(calls) - CALLS_MAX, 0),
        "over": None if found is None else plain(found),
    }


def _budget(looking: Looking, of: Subject) -> dict[str, Any]:
    limit, total = budget_of(of), of.total
    left = None if limit is None else text(0 if total.spend is None else max(limit - total.spend, 0))
    return {
        "subject": of.written,
        "rule": BUDGETS[of.scope],
        "currency": of.currency,
        "spent": None if total.spend is None else text(total.spend),
        "known": text(total.spent),
        "unpriced": total.unpriced,
        "limit": None if limit is None else text(limit),
        "left": left,
        "holds": limit is None or (total.spend is not None and total.spend <= limit),
        "zone": (EMPTY if of.version is None else of.version.mandate).zone,
        "rolls_in_s": wait_s(looking.state, of, looking.at),
    }


def _call(call: ModelCall) -> dict[str, Any]:
    """One call, without what tells its key."""
    return {
        "id": call.id,
        "agent": call.agent,
        "client": call.client,
        "provider": call.provider,
        "model": call.model,
        "state": call.state,
        "cost_usd": None if call.cost is None or call.state == "unpriced" else text(call.cost),
        "amount": None if call.amount is None else text(call.amount),
        "seq": call.seq,
        "at": call.at,
    }
