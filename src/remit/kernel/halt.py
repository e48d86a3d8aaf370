"""Halts and pauses: what raises a halt, which orders it cancels, and what it takes to end one."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.decide import Judge
from remit.kernel.fold_people import owner_behind
from remit.kernel.names import FIRM, split_subject, subject
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.order import Order
from remit.kernel.rules.rule import Deny
from remit.kernel.rules.table import BY_NAME
from remit.kernel.stands import HALT_FILE, refusal_of_resume
from remit.kernel.state import HaltFact, State, Subject
from remit.kernel.step import Step

CANCELS_MAX = 100
"""Orders that one entry asks to be cancelled, for all subjects together; the next entry goes on."""
CANCEL_ALLS_MAX = 20
"""Connections that one entry asks to be emptied; the guard asks for the rest of them one by one."""
HALTS_MAX = 50
"""Halts that one entry raises; where more are due the whole firm is halted instead."""
RESTARTED = frozenset({"repeated_execution_max", "rejections_in_row_max"})
"""Limits whose count a resume starts anew: they stay breached until then, and wait for nothing else."""


def raise_halt(
    step: Step,
    of: str,
    cause: e.HaltCause,
    rule: str,
    *,
    limit: str = "",
    actual: str = "",
    why: str = "",
    cancel: str = "",
    flatten: bool = False,
) -> None:
    """Latch a halt on a subject unless the same rule already halts it; `cancel` is "", "opening" or "all".

    What an owner stopped others stop once more: an owner may end their own halt, and no other person's.
    """
    state = step.state
    for known in state.halted.get(of, ()):
        fact = state.halts[known]
        if (fact.rule, fact.cause, fact.by_owner) == (rule, cause, owner_behind(step.command, cause)):
            return
    name = f"H-{step.command.seq}-{sum(1 for event in step.events if isinstance(event, e.HaltRaised)) + 1}"
    step.emit(
        e.HaltRaised(
            halt=name, subject=of, cause=cause, rule=rule, limit=limit, actual=actual, why=why, flatten=flatten
        )
    )
    if cancel:
        cancel_orders(step, of, every=cancel == "all", why=f"halt {name}")


def breached(step: Step, finding: e.Finding, agent: str) -> None:
    """Draw the consequence of a finding whose rule halts."""
    breach = BY_NAME[finding.rule].breach
    if isinstance(breach, Deny) and breach.halt is not None:
        of, why = subject("agent", agent) if finding.subject == "order" else finding.subject, ""
        if sum(isinstance(event, e.HaltRaised) for event in step.events) >= HALTS_MAX:
            of, why = FIRM, f"more than {HALTS_MAX} breaches at once, {of} among them"
        raise_halt(
            step,
            of,
            breach.halt,
            finding.rule,
            limit=finding.limit,
            actual=finding.actual,
            why=why,
            cancel="opening" if breach.cancel else "",
        )


def cancel_orders(step: Step, of: str, *, every: bool, why: str) -> None:
    """Ask for the orders of a subject to be cancelled, oldest first: all of them, or those that increase risk.

    An entry has a largest size, so a long list goes on with the entries that follow at once.
    """
    open_orders = [order for order in orders_of(step.state, of) if every or order.opening]
    wanted = [order for order in open_orders if order.state != "pending_cancel"]
    room = max(CANCELS_MAX - len(step.events), 0)
    for order in wanted[:room]:
        step.withdraw(order, why)
    left = len(wanted) > room
    if left or of in step.state.sweeps:
        step.emit(e.Sweep(subject=of, every=every or step.state.sweeps.get(of, False), left=left))


def orders_of(state: State, of: str) -> Iterator[Order]:
    """Return the live orders of a subject, oldest first per agent."""
    scope, name = split_subject(of)
    agents = [name] if scope == "agent" else [state.clients[name].agent] if scope == "client" else state.orders_of
    for agent in sorted(agent for agent in agents if agent in state.orders_of):
        if scope == "account" and state.agents[agent].account != name:
            continue
        for order_id in state.orders_of[agent]:
            order = state.orders[order_id]
            if belongs(order, scope, name):
                yield order


def belongs(order: Order, scope: str, name: str) -> bool:
    """Whether an order is of a subject."""
    return scope == FIRM or bool(getattr(order, scope) == name)


def orders_in(state: State, of: Subject, market: str) -> Iterator[Order]:
    """Return the orders of a subject that reserve something in a market, without looking at any other."""
    names = state.markets[market]
    owners = sorted({account.owner for account in state.accounts.values()})
    keys = [(owner, name, side) for owner in owners for name in names for side in ("buy", "sell")]
    working = [order for key in keys for _, order in state.crossings.get(key, ())]
    held = [order for order, _ in state.holds.items() if state.orders[order].instrument in names]
    for order in (state.orders[name] for name in (*working, *held)):
        if belongs(order, of.scope, of.name):
            yield order


def stop_of(state: State, order: Order, capability: access.Capability = "place_order") -> str:
    """Return what stops an order, or its new terms, from being sent at this instant; empty where nothing does.

    What stops it is what would deny it now: an order that only reduces passes halts for loss, and by hand everything.
    """
    if not order.opening and order.by_hand:
        return ""
    if (order.agent, capability) not in state.capabilities:
        return f"{capability} is switched off"
    if (order.agent, order.connection) not in state.grants:
        return f"{order.connection} is not granted to {order.agent}"
    if not (state.pauses or state.halted):
        return ""
    names = [of.written for of in state.path(order.agent, order.client)]
    names += [subject("venue", order.venue), subject("connection", order.connection)]
    for name in names:
        if name in state.pauses:
            return f"{name} is paused"
        for halt in state.halted.get(name, ()):
            if order.opening or state.halts[halt].cause not in e.REDUCING_PASSES:
                return f"{name} is halted: {halt}"
    return ""


def known_subject(state: State, written: str) -> str:
    """Return why `written` is not a subject that exists; empty where it is one."""
    try:
        scope, name = split_subject(written)
    except ValueError as fault:
        return str(fault)
    if scope == "venue":
        exists = any(connection.venue == name for connection in state.connections.values())
    elif scope == "connection":
        exists = name in state.connections
    else:
        exists = written in state.subjects
    return "" if exists else f"{written} is not known"


def pause(step: Step, body: c.SetPause) -> None:
    """A person pauses or unpauses. What an owner paused somebody else may pause, too: then no owner starts it again."""
    unknown = known_subject(step.state, body.subject)
    known = step.state.pauses.get(body.subject)
    by_owner = known is not None and known.by.role == "owner"
    takes_over = body.paused and by_owner and step.command.by.role != "owner"
    if unknown:
        step.refuse("unknown_subject", unknown)
    elif body.paused == (known is not None) and not takes_over:
        step.refuse("no_change", f"{body.subject} is {'already' if body.paused else 'not'} paused")
    else:
        step.emit(e.Took())


def halt(step: Step, body: c.Halt) -> None:
    """A person halts, or the halt file does; a kill also cancels everything that works, whoever placed it."""
    unknown = known_subject(step.state, body.subject)
    if unknown:
        step.refuse("unknown_subject", unknown)
        return
    if body.flatten and not body.kill:
        step.refuse("flatten_needs_kill", "positions are closed only by a kill: say both")
        return
    if body.flatten and body.subject.startswith("client:"):
        step.refuse("flatten_needs_agent", "positions belong to the agent that a client acts through: kill that agent")
        return
    step.emit(e.Took())
    cause: e.HaltCause = "kill" if body.kill else "person"
    rule = HALT_FILE if step.command.by.role == "guard" else cause
    raise_halt(step, body.subject, cause, rule, why=body.why, flatten=body.flatten)
    for connection in killed_connections(step.state, body.subject)[:CANCEL_ALLS_MAX] if body.kill else ():
        step.emit(e.CancelAllAsked(connection=connection))
    cancel_orders(step, body.subject, every=body.kill, why=f"{cause} of {body.subject}")


def killed_connections(state: State, of: str) -> list[str]:
    """Return the connections that a kill of this subject empties; none for an agent or client, who share theirs."""
    scope, name = split_subject(of)
    if scope in ("agent", "client"):
        return []
    field = "name" if scope == "connection" else scope
    return [
        known
        for known, connection in sorted(state.connections.items())
        if scope == FIRM or getattr(connection, field) == name
    ]


def review(step: Step, body: c.Review) -> None:
    """A person looked at a halt: who is the one that asks, at which limit, and why it may end."""
    fact = step.state.halts.get(body.halt)
    if fact is None:
        step.refuse("unknown_halt", f"there is no halt {body.halt}; `remit halt --list` shows those in force")
    elif body.limit != fact.rule:
        step.refuse("other_limit", f"{body.halt} was raised by {fact.rule}, not by {body.limit}: look at {fact.rule}")
    elif not body.why.strip():
        step.refuse("no_reason", "say what was looked at and found, with --why")
    else:
        step.emit(e.Took())


def resume(step: Step, body: c.Resume) -> None:
    """A person ends a halt: after a review, after the cooldown, and not while its limit is still breached."""
    state = step.state
    fact = state.halts.get(body.halt)
    if fact is None:
        step.refuse("unknown_halt", f"there is no halt {body.halt}; `remit halt --list` shows those in force")
        return
    if not fact.reviewed_by:
        step.refuse("not_reviewed", f"review it first: remit agent review {body.halt} --limit {fact.rule} --why ...")
        return
    of = state.subjects.get(fact.subject)
    version = None if of is None else of.version
    if version is not None and fact.cause == "loss" and isinstance(version.mandate.loss_cooldown, int):
        left = fact.at + version.mandate.loss_cooldown * NANOSECONDS - step.command.at
        if left > 0:
            step.refuse("cooling_down", f"resume is possible in {-(-left // NANOSECONDS)} s")
            return
    breach = None if of is None else breach_of(step.judge, of, fact)
    if breach is not None:
        step.refuse(
            "still_breached",
            f"{breach.rule} of {breach.subject} is at {breach.actual} {breach.unit}, "
            f"limit {breach.limit}; change the mandate or wait for the next session",
        )
        return
    stands = refusal_of_resume(state, fact, step.command.at)
    if stands is not None:
        step.refuse(*stands)
        return
    step.emit(e.Took())


def breach_of(judge: Judge, of: Subject, fact: HaltFact) -> e.Finding | None:
    """Return how a halt's own limit is breached now; None where it is not, or where a resume starts its count anew."""
    if fact.rule in RESTARTED:
        return None
    return next((finding for finding in judge.watch(of) if finding.rule == fact.rule), None)
