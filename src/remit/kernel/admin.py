"""Administration: who may act, which mandates hold and what is known of the world; each checked before it takes
effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.kernel import callback, health, people, preapproval, tokens
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.halt import cancel_orders, raise_halt
from remit.kernel.mandate import Mandate
from remit.kernel.names import MANDATE_SCOPES, Scope, split_subject, subject
from remit.kernel.numbers import NANOSECONDS, SCALE
from remit.kernel.rules.compile import unread
from remit.kernel.rules.table import BY_NAME, RULES
from remit.kernel.state import INTENT_LIFE_NS
from remit.kernel.step import Step

Check = Callable[[Step, Any], str]
"""Returns why a command cannot take effect and what to do, or an empty text where it can."""


def take(step: Step, body: Any) -> None:
    """Let an administrative command take effect, or refuse it with the reason."""
    fault = CHECKS[type(body)](step, body)
    if fault:
        step.refuse("not_possible", fault)
        return
    if type(body) in FORGETS:
        step.judge.forget()
    step.emit(e.Took())


def _firm(step: Step, body: c.SetFirm) -> str:
    return "the firm exists and its currency is fixed" if step.state.firm_currency else ""


def _account(step: Step, body: c.AddAccount) -> str:
    if not step.state.firm_currency:
        return "name the firm's currency first"
    return f"account {body.account.name} exists" if body.account.name in step.state.accounts else ""


def _connection(step: Step, body: c.AddConnection) -> str:
    connection, state = body.connection, step.state
    if connection.name in state.connections:
        return f"connection {connection.name} exists"
    account = state.accounts.get(connection.account)
    if account is None:
        return f"there is no account {connection.account}"
    if account.environment != connection.environment:
        return f"a {connection.environment} connection cannot belong to a {account.environment} account"
    return ""


def _agent(step: Step, body: c.AddAgent) -> str:
    if body.agent.name in step.state.agents:
        return f"agent {body.agent.name} exists"
    return "" if body.agent.account in step.state.accounts else f"there is no account {body.agent.account}"


def _client(step: Step, body: c.AddClient) -> str:
    if body.client.name in step.state.clients:
        return f"client {body.client.name} exists"
    return "" if body.client.agent in step.state.agents else f"there is no agent {body.client.agent}"


def _grant(step: Step, body: c.SetGrant) -> str:
    state = step.state
    if body.agent not in state.agents:
        return f"there is no agent {body.agent}"
    if body.connection not in state.connections:
        return f"there is no connection {body.connection}"
    if body.granted and state.connections[body.connection].account != state.agents[body.agent].account:
        return f"connection {body.connection} belongs to another account than agent {body.agent}"
    return ""


def _capability(step: Step, body: c.SetCapability) -> str:
    return "" if body.agent in step.state.agents else f"there is no agent {body.agent}"


def _add_person(step: Step, body: c.AddPerson) -> str:
    return people.fault_of_adding(step.state, body)


def _set_person(step: Step, body: c.SetPerson) -> str:
    return people.fault_of_setting(step.state, step.command.by, body)


def _mandate(step: Step, body: c.SetMandate) -> str:
    try:
        scope, _ = split_subject(body.subject)
    except ValueError as fault:
        return str(fault)
    if scope not in MANDATE_SCOPES or body.subject not in step.state.subjects:
        return f"there is no {body.subject}; mandates are for firm, account:NAME, agent:NAME and client:NAME that exist"
    if not body.why.strip():
        return "say why, so that the history can be read"
    if body.expires_at is not None and body.expires_at <= step.command.at:
        return "the mandate would have expired already"
    return _misplaced(body.mandate, scope)


def _misplaced(mandate: Mandate, scope: Scope) -> str:
    """Return which limit would never bind where it is set: a limit that looks as if it held is worse than none."""
    for field in unread(RULES, scope, mandate):
        return f"{field} does not bind for a {scope}; set it for {' or '.join(BY_NAME[field].scopes)}"
    if mandate.duplicate_window is not None and mandate.duplicate_window * NANOSECONDS > INTENT_LIFE_NS:
        return f"duplicate_window can be at most {INTENT_LIFE_NS // NANOSECONDS} s"
    return ""


def _preapprove(step: Step, body: c.Preapprove) -> str:
    return preapproval.fault_of(step.state, step.command.at, body)


def _revoke_preapproval(step: Step, body: c.RevokePreapproval) -> str:
    return preapproval.fault_of_revoking(step.state, step.command.at, body)


def _add_callback(step: Step, body: c.AddCallback) -> str:
    return callback.fault_of(step.state, step.command.at, body)


def _remove_callback(step: Step, body: c.RemoveCallback) -> str:
    return callback.fault_of_removing(step.state, body)


def _key(step: Step, body: c.SetKey) -> str:
    key, state = body.key, step.state
    if not body.why.strip():
        return "say why, so that the history can be read"
    if key.connection not in state.connections:
        return f"there is no connection {key.connection}"
    if key.agent and key.agent not in state.agents:
        return f"there is no agent {key.agent}"
    if key.agent and state.agents[key.agent].account != state.connections[key.connection].account:
        return f"connection {key.connection} belongs to another account than agent {key.agent}"
    known = state.keys.get((key.connection, key.agent))
    after = 0 if known is None else known.generation
    return "" if key.generation == after + 1 else f"this key is generation {key.generation}, and not {after + 1}"


def _instrument(step: Step, body: c.AddInstrument) -> str:
    known = step.state.instruments.get(body.instrument.name)
    if known is None:
        return ""
    new = body.instrument
    fixed = (known.kind, known.venue, known.currency, known.market, known.outcome, known.multiplier, known.category)
    if fixed != (new.kind, new.venue, new.currency, new.market, new.outcome, new.multiplier, new.category):
        return f"{new.name}: kind, venue, currency, category, market and multiplier of a known instrument cannot change"
    return ""


def _sessions(step: Step, body: c.SetSessions) -> str:
    return (
        ""
        if body.starts and tuple(sorted(set(body.starts))) == body.starts
        else "starts must be in order and without repeats"
    )


def _calendar(step: Step, body: c.SetCalendar) -> str:
    last = body.begins_at
    for opens, closes in body.windows:
        if not last <= opens < closes <= body.ends_at:
            return "windows must be in order, apart, and inside the span"
        last = closes
    return "" if body.begins_at < body.ends_at else "the span is empty"


def _of_instrument(step: Step, body: Any) -> str:
    return "" if body.instrument in step.state.instruments else f"there is no instrument {body.instrument}"


def _trading(step: Step, body: c.SetTradingState) -> str:
    """What a resolution or a dispute closed, no feed opens again."""
    now = step.state.trading.get(body.instrument)
    if now == "resolved" or now == "disputed" and step.command.by.role == "feed":
        return f"{body.instrument} is {now}; only an operator's `remit fact resolution` speaks of that"
    return _of_instrument(step, body)


def _volume(step: Step, body: c.SetVolume) -> str:
    return _of_instrument(step, body) or ("" if body.average_daily >= 0 else "a volume is not below zero")


def _margin(step: Step, body: c.SetMargin) -> str:
    return _of_instrument(step, body) or ("" if body.initial > 0 else "a margin is above zero")


def _locate(step: Step, body: c.SetLocate) -> str:
    if body.connection not in step.state.connections:
        return f"there is no connection {body.connection}"
    return _of_instrument(step, body) or ("" if body.quantity >= 0 else "a located quantity is not below zero")


def _balance(step: Step, body: c.SetBalance) -> str:
    state = step.state
    if body.connection not in state.connections:
        return f"there is no connection {body.connection}"
    account = subject("account", state.connections[body.connection].account)
    for of in (account, "firm"):
        if state.rate(body.currency, state.subjects[of].currency) is None:
            return (
                f"no exchange rate from {body.currency} to {state.subjects[of].currency}; give one first: remit fact fx"
            )
    return ""


def _venue(step: Step, body: c.SetVenueState) -> str:
    return "" if body.connection in step.state.connections else f"there is no connection {body.connection}"


def _marked(step: Step, body: c.Marked) -> str:
    unknown = sorted({mark.instrument for mark in body.marks} - step.state.instruments.keys())
    return f"marks for unknown instruments: {', '.join(unknown[:5])}" if unknown else ""


def _market(step: Step, body: c.Resolve) -> str:
    if body.market not in step.state.markets:
        return f"there is no market {body.market}"
    kinds = {step.state.instruments[name].kind for name in step.state.markets[body.market]}
    if kinds != {"prediction"}:
        return f"{body.market} is no prediction market"
    if body.outcome == "void" and (body.void_price is None or not 0 <= body.void_price <= SCALE):
        return "say void_price, between 0 and 1, for a void market"
    return ""


def _dividend(step: Step, body: c.Dividend) -> str:
    return _of_instrument(step, body) or ("" if body.amount >= 0 else "a dividend is not below zero")


def _free(step: Step, body: Any) -> str:
    return ""


CHECKS: dict[type, Check] = {
    c.KernelStarted: _free,
    c.KernelStopped: _free,
    c.Tick: _free,
    c.SnapshotTaken: _free,
    c.Acted: _free,
    c.SetFirm: _firm,
    c.AddAccount: _account,
    c.AddConnection: _connection,
    c.AddAgent: _agent,
    c.AddClient: _client,
    c.SetGrant: _grant,
    c.SetCapability: _capability,
    c.IssueToken: tokens.issue,
    c.RevokeToken: tokens.revoke,
    c.SignedIn: tokens.signed_in,
    c.SignInFailed: _free,
    c.CredentialSet: _free,
    c.AddPerson: _add_person,
    c.SetPerson: _set_person,
    c.SetMandate: _mandate,
    c.Preapprove: _preapprove,
    c.RevokePreapproval: _revoke_preapproval,
    c.AddCallback: _add_callback,
    c.RemoveCallback: _remove_callback,
    c.SetKey: _key,
    c.AddInstrument: _instrument,
    c.SetSessions: _sessions,
    c.SetCalendar: _calendar,
    c.SetVolume: _volume,
    c.SetLocate: _locate,
    c.SetShortRestriction: _of_instrument,
    c.SetTradingState: _trading,
    c.SetMargin: _margin,
    c.SetBalance: _balance,
    c.SetVenueState: _venue,
    c.Marked: _marked,
    c.Resolve: _market,
    c.Split: _of_instrument,
    c.Dividend: _dividend,
    c.Funding: _of_instrument,
}
FORGETS = (
    c.SetFirm,
    c.AddAccount,
    c.AddConnection,
    c.AddAgent,
    c.AddClient,
    c.SetMandate,
    c.ConfirmChange,
    c.AddInstrument,
    c.SetSessions,
)
"""What changes the paths that orders are judged on."""


def marked(step: Step, body: c.Marked) -> None:
    """Take marks over."""
    take(step, body)
    if isinstance(step.events[-1], e.Took):
        health.tell(step)


def settled(step: Step, body: c.Resolve | c.Split | c.Dividend | c.Funding) -> None:
    """Settle; orders in what no longer trades as it did are cancelled."""
    names = step.state.markets.get(body.market, []) if isinstance(body, c.Resolve) else [body.instrument]
    take(step, body)
    if isinstance(step.events[-1], e.Took) and isinstance(body, (c.Resolve, c.Split)):
        for name in names:
            cancel_orders(step, subject("instrument", name), every=True, why="the instrument changed")


def alarmed(step: Step, body: c.Alarmed) -> None:
    """The guard saw something that people must know: it changes nothing but what they are told."""
    step.emit(e.Took())
    step.emit(e.Alarm(code=body.code, why=body.why))


def clock_fault(step: Step, body: c.ClockFault) -> None:
    """The clock jumped: openings close until a person looked."""
    step.emit(e.Took())
    step.emit(e.Alarm(code="clock_fault", why=f"the wall clock jumped by {body.jump_ns} ns"))
    raise_halt(step, "firm", "clock", "clock_fault", actual=f"{body.jump_ns} ns")
