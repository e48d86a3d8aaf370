"""Metering: what a model call may cost is reserved before it is made, and what is told of calls that were made is
added."""

from __future__ import annotations

import hashlib

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import spend
from remit.kernel.gather import MARK_AGE_CEILING_NS
from remit.kernel.lens import good_until
from remit.kernel.model_call import ModelCall, SpendState
from remit.kernel.names import named, subject
from remit.kernel.numbers import LARGEST, Money
from remit.kernel.state import CLOCK_LEAD_NS, State
from remit.kernel.step import Step
from remit.kernel.trade import speaks_for

UNPRICED_MAX = 100
"""Calls of one agent without a price at once; a person settles them."""
PRICE_UNKNOWN = "price_unknown"
BUDGET_EXCEEDED = "budget_exceeded"


def meter(step: Step, body: c.MeterSpend) -> None:
    """Reserve what a model call may cost where every budget on its path has room for it; else nothing is called."""
    state, at = step.state, step.command.at
    if not _known_caller(step, body.agent, body.client):
        return
    known = state.model_calls.get((body.agent, body.id))
    if known is not None:
        _again(step, known, spend.said_of(body))
        return
    fault = _fault_of_metering(state, body, at)
    if fault is not None:
        step.refuse(*fault)
        return
    assert body.cost_max is not None
    amount, firm = (spend.worth(body.cost_max, rate) for rate in spend.rates(state, body.agent))
    if amount is None or firm is None:
        step.refuse(PRICE_UNKNOWN, "there is no exchange rate from USD to count it at; give one: remit fact fx")
        return
    found = spend.beyond(state, body.agent, body.client, amount, firm, at)
    if found is not None:
        step.emit(
            e.Refused(
                code=BUDGET_EXCEEDED,
                why=f"{found.rule} of {found.subject} is {found.limit} {found.unit}, this would make {found.actual}",
                retry_after_s=found.retry_after_s,
                findings=(found,),
            )
        )
        return
    _count(step, body.id, body.agent, body.client, "reserved", amount, firm)


def _fault_of_metering(state: State, body: c.MeterSpend, at: int) -> tuple[str, str] | None:
    """Return why a call cannot be metered, whatever the budgets say, as (code, what to do); None where it can."""
    if body.cost_max is None or not 0 <= body.cost_max <= spend.COST_MAX:
        return PRICE_UNKNOWN, f"the price of {body.provider} {body.model} is not known; take a model that has one"
    if body.tool and (body.agent, body.tool) not in state.capabilities:
        return "capability_off", f"{body.tool} is switched off for agent {body.agent}"
    missing = [of.written for of in state.path(body.agent, body.client) if at >= good_until(state, of)]
    if missing:
        return (
            "mandate_missing",
            f"no mandate is in force for {named(missing)}; an operator sets one: remit mandate set",
        )
    return _fault_of_rates(state, body.agent, at)


def _fault_of_rates(state: State, agent: str, at: int) -> tuple[str, str] | None:
    """Return why US dollars cannot be counted in the currencies of a path by a rate of today; None where they can."""
    for currency in sorted({state.accounts[state.agents[agent].account].currency, state.firm_currency} - {spend.USD}):
        mark = state.fx.get((spend.USD, currency)) or state.fx.get((currency, spend.USD))
        if mark is None:
            return PRICE_UNKNOWN, f"there is no exchange rate from USD to {currency}; give one: remit fact fx"
        if not at - mark.resolution_ns - MARK_AGE_CEILING_NS <= mark.at <= at + CLOCK_LEAD_NS:
            return PRICE_UNKNOWN, f"the exchange rate from USD to {currency} is not of now; give one: remit fact fx"
    return None


def report(step: Step, body: c.ReportSpend) -> None:
    """Settle a metered call for whoever holds its key; add what anybody else tells."""
    state = step.state
    if not _known_caller(step, body.agent, body.client):
        return
    known = state.model_calls.get((body.agent, body.id))
    if known is None:
        _add(step, body)
    elif known.state == "reserved" and _opens(known, body.key):
        _settle(step, known, body)
    else:
        _again(step, known, spend.said_of(body))


def _add(step: Step, body: c.ReportSpend) -> None:
    state = step.state
    if body.cost is not None and body.cost < 0:
        step.refuse("not_possible", "a cost is not below zero")
        return
    amount = firm = None
    if body.cost is not None and body.cost <= spend.COST_MAX:
        amount, firm = (spend.worth(body.cost, rate) for rate in spend.rates(state, body.agent))
    if amount is not None and firm is not None:
        _count(step, body.id, body.agent, body.client, "added", amount, firm)
    elif state.subjects[subject("agent", body.agent)].total.unpriced < UNPRICED_MAX:
        _count(step, body.id, body.agent, body.client, "unpriced", None, None)
        step.emit(e.Alarm(code=PRICE_UNKNOWN, why=_unpriced(body)))
    else:
        step.refuse(
            PRICE_UNKNOWN, f"{UNPRICED_MAX} calls of {body.agent} have no price yet; a person settles them first"
        )


def _unpriced(body: c.ReportSpend) -> str:
    return (
        f"what {body.provider} {body.model} did cost {body.client or body.agent} is not known: it counts as over "
        f"its budget; say it: remit budget settle {body.agent} {body.id} --usd COST --why TEXT"
    )


def _settle(step: Step, known: ModelCall, body: c.ReportSpend | c.SettleSpend) -> None:
    """Count what a reserved call did cost, at the rates that it was reserved at."""
    if body.cost is None or not 0 <= body.cost <= spend.COST_MAX:
        step.refuse(PRICE_UNKNOWN, "say what it did cost; until then all that was reserved counts")
        return
    amount, firm = (spend.worth(body.cost, rate) for rate in (known.rate, known.firm_rate))
    assert known.cost is not None
    _count(step, known.id, known.agent, known.client, "settled", _or_all(amount), _or_all(firm))
    if body.cost > known.cost:
        step.emit(
            e.Alarm(
                code="spend_above_reserved",
                why=f"{known.provider} {known.model} did cost {body.cost} USD; {known.cost} USD were reserved",
            )
        )


def settle(step: Step, body: c.SettleSpend) -> None:
    """Take a person's word for what a call did cost, whose price was unknown or whose caller never came back."""
    state = step.state
    known = state.model_calls.get((body.agent, body.id))
    if known is None:
        step.refuse("unknown_spend", f"there is no model call {body.id} of {body.agent}; see `remit budget list`")
    elif known.settled_said == spend.said_of(body):
        step.emit(e.Repeated(seq=known.settled_seq))
    elif known.state not in ("reserved", "unpriced"):
        step.refuse("already_settled", f"model call {body.id} of {body.agent} has its price; report what came on top")
    elif not body.why.strip():
        step.refuse("not_possible", "say why, so that the history can be read")
    elif known.state == "reserved":
        _settle(step, known, body)
    else:
        _price(step, known, body)


def _price(step: Step, known: ModelCall, body: c.SettleSpend) -> None:
    """Count what a call of unknown price did cost, at today's rates."""
    amount, firm = (spend.worth(body.cost, rate) for rate in spend.rates(step.state, known.agent))
    if not 0 <= body.cost <= spend.COST_MAX:
        step.refuse("not_possible", f"a call costs from 0 to {Money(spend.COST_MAX)} USD")
    elif amount is None or firm is None:
        step.refuse(PRICE_UNKNOWN, "there is no exchange rate from USD to count it at; give one: remit fact fx")
    else:
        _count(step, known.id, known.agent, known.client, "settled", amount, firm)


def _or_all(amount: int | None) -> int:
    return LARGEST if amount is None else amount


def _known_caller(step: Step, agent: str, client: str) -> bool:
    """Whether somebody speaks of an agent that is known, and of a client of it; refuses the command otherwise."""
    state = step.state
    if not speaks_for(step, step.command.by, agent, client):
        return False
    if agent not in state.agents or (client and (client not in state.clients or state.clients[client].agent != agent)):
        step.refuse("unknown", f"there is no agent {agent}, or {client or 'nobody'} is no client of it")
        return False
    return True


def _opens(known: ModelCall, key: str) -> bool:
    """Whether a key is the one that a reservation was sealed with."""
    return bool(key) and hashlib.sha256(key.encode()).hexdigest() == known.seal


def _again(step: Step, known: ModelCall, said: str) -> None:
    """Answer what was said before, and refuse something else under the same id: neither changes anything."""
    if said == known.said:
        step.emit(e.Repeated(seq=known.seq))
    elif said == known.settled_said:
        step.emit(e.Repeated(seq=known.settled_seq))
    else:
        step.refuse(
            "spend_id_used", f"{known.id} was used for something else; give each call of a model an id of its own"
        )


def _count(
    step: Step, name: str, agent: str, client: str, state: SpendState, amount: int | None, firm: int | None
) -> None:
    step.emit(
        e.Spent(
            spend=name,
            agent=agent,
            client=client,
            state=state,
            amount=None if amount is None else Money(amount),
            firm=None if firm is None else Money(firm),
        )
    )
