"""Spend: what calls of models have cost everyone on their path since their day began, and whose budget is used up.

A budget is a limit of a mandate, in the subject's currency, counted from the midnight of the mandate's zone. A call of
unknown price counts as more than every budget until a person says what it did cost.
"""

from __future__ import annotations

import bisect
import hashlib

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.command import Command
from remit.kernel.mandate import EMPTY
from remit.kernel.model_call import ModelCall
from remit.kernel.numbers import DAY_NS, LARGEST, NANOSECONDS, SCALE, div_ceil, text
from remit.kernel.state import State, Subject

USD = "USD"
"""The currency in which the prices of models are known."""
COST_MAX = 10**6 * SCALE
"""What one call costs at most, in US dollars: whoever says more does not know the price."""
LIFE_NS = DAY_NS
"""How long the id of a call that is settled, or was reserved and never settled, is remembered."""
CALLS_MAX = 100_000
"""Times that something was said of a call, of all agents, that are remembered; the oldest are forgotten first, and what
is forgotten stays counted."""
BUDGETS: dict[str, str] = {
    "firm": "ai_spend_daily_max",
    "account": "ai_spend_daily_max",
    "agent": "ai_spend_daily_max",
    "client": "client_spend_daily_max",
}
"""The limit that is a subject's budget, by its scope."""
UNKNOWN_PRICE = "unknown price"


def budget_of(of: Subject) -> int | None:
    """Return a subject's daily budget in its currency; None where it has none."""
    if of.version is None:
        return None
    limit: int | None = getattr(of.version.mandate, BUDGETS[of.scope])
    return limit


def over_budget(state: State, agent: str, client: str, at: int | None = None) -> e.Finding | None:
    """Return the first budget on a path, from the firm down, that is used up beyond its limit; None where none is."""
    return beyond(state, agent, client, 0, 0, at)


def beyond(state: State, agent: str, client: str, amount: int, firm: int, at: int | None = None) -> e.Finding | None:
    """Return the first budget on a path that would not hold with so much more, in the account's and the firm's
    currency; None where all would."""
    if agent not in state.agents or (client and client not in state.clients):
        return None
    now = state.at if at is None else at
    for of in state.path(agent, client):
        limit = budget_of(of)
        if limit is None:
            continue
        spent = of.total.spend
        more = firm if of.scope == "firm" else amount
        if spent is None or spent + more > limit:
            return e.Finding(
                rule=BUDGETS[of.scope],
                subject=of.written,
                limit=text(limit),
                actual=UNKNOWN_PRICE if spent is None else text(spent + more),
                unit=of.currency,
                retry_after_s=None if spent is None or more > limit else wait_s(state, of, now),
            )
    return None


def wait_s(state: State, of: Subject, at: int) -> int | None:
    """Return the seconds until a subject's day rolls; None where the next day is not known."""
    starts = state.zones.get((EMPTY if of.version is None else of.version.mandate).zone, ())
    place = bisect.bisect_right(starts, at)
    return div_ceil(starts[place] - at, NANOSECONDS) if place < len(starts) else None


def worth(cost: int, rate: int | None) -> int | None:
    """Return what US dollars are worth at a rate, rounded up; None where the rate is missing or it is past all
    amounts."""
    amount = None if rate is None else div_ceil(cost * rate, SCALE)
    return None if amount is None or amount > LARGEST else amount


# Folding


def fold_spent(state: State, command: Command, decision: e.Decision | None, event: e.Spent) -> None:
    """Count a call for everyone on its path: what is more than before on the day it is known, what is less only on the
    day that it was counted."""
    key = (event.agent, event.spend)
    known = state.model_calls.get(key)
    call = state.model_calls[key] = _call(state, command, event, known)
    if event.state != "unpriced":
        state.model_calls_at.append((command.at, key))
    for of in state.path(event.agent, event.client):
        old = None if known is None else known.firm if of.scope == "firm" else known.amount
        new = event.firm if of.scope == "firm" else event.amount
        more = (new or 0) - (old or 0)
        of.total.spent += more if of.total.spent_from <= call.seq else max(more, 0)
        of.total.unpriced += (event.state == "unpriced") - (known is not None and known.state == "unpriced")


def _call(state: State, command: Command, event: e.Spent, known: ModelCall | None) -> ModelCall:
    """Return a model call as it counts from this event on."""
    body = command.body
    if known is not None:
        assert isinstance(body, c.ReportSpend | c.SettleSpend)
        return msgspec.structs.replace(
            known,
            state=event.state,
            cost=body.cost,
            amount=event.amount,
            firm=event.firm,
            settled_seq=command.seq,
            settled_said=said_of(body),
            at=command.at,
        )
    assert isinstance(body, c.MeterSpend | c.ReportSpend)
    metered = isinstance(body, c.MeterSpend)
    rate, firm_rate = rates(state, event.agent) if metered else (0, 0)
    return ModelCall(
        id=event.spend,
        agent=event.agent,
        client=event.client,
        provider=body.provider,
        model=body.model,
        seq=command.seq,
        at=command.at,
        state=event.state,
        cost=body.cost_max if isinstance(body, c.MeterSpend) else body.cost,
        amount=event.amount,
        firm=event.firm,
        rate=rate or 0,
        firm_rate=firm_rate or 0,
        seal=body.seal if isinstance(body, c.MeterSpend) else "",
        said=said_of(body),
    )


def said_of(body: c.MeterSpend | c.ReportSpend | c.SettleSpend) -> str:
    """Return the SHA-256 of what is said of a call: the same said again changes nothing."""
    return hashlib.sha256(encode(body)).hexdigest()


def rates(state: State, agent: str) -> tuple[int | None, int | None]:
    """Return what one US dollar is worth in the currency of an agent's account, and in the firm's; None where nobody
    said."""
    account = state.accounts[state.agents[agent].account]
    return state.rate(USD, account.currency), state.rate(USD, state.firm_currency)


def start_day(state: State, zone: str, seq: int) -> None:
    """Begin the day of everyone in a zone, those without a mandate counted to the zone of an empty one: nothing is
    spent yet. What is of unknown price stays so."""
    for of in state.subjects.values():
        if (EMPTY if of.version is None else of.version.mandate).zone == zone:
            of.total.spent, of.total.spent_from = 0, seq


def restore(state: State, calls: tuple[ModelCall, ...]) -> None:
    """Put the calls of a snapshot back, and count anew those without a price."""
    for call in calls:
        state.model_calls[(call.agent, call.id)] = call
        if call.state == "unpriced":
            for of in state.path(call.agent, call.client):
                of.total.unpriced += 1


def prune(state: State) -> None:
    """Forget calls that nothing can be said of any more, and the oldest of too many; one without a price stays until a
    person says it."""
    horizon, said = state.at - LIFE_NS, state.model_calls_at
    while said and (said[0][0] < horizon or len(said) > CALLS_MAX):
        at, key = said.popleft()
        call = state.model_calls.get(key)
        if call is not None and call.state != "unpriced" and call.at == at:
            del state.model_calls[key]
