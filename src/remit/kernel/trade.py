"""Orders on their way in: submit, replace, cancel, and parents."""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import health
from remit.kernel.approval import digest_of
from remit.kernel.decide import Asked, Needs
from remit.kernel.exit import RESERVED_IDS, exit_id, fault_of
from remit.kernel.gather import off_increment
from remit.kernel.halt import breached
from remit.kernel.intent import fingerprint, replace_fingerprint
from remit.kernel.names import SIGN, Principal
from remit.kernel.numbers import NANOSECONDS, Price, Quantity
from remit.kernel.order import TERMINAL, Order, OrderIntent
from remit.kernel.preapproval import covering
from remit.kernel.scope import owns_agent
from remit.kernel.state import State
from remit.kernel.step import Step


def propose(step: Step, body: c.Submit | c.Replace) -> None:
    """Judge what is proposed, with the fresh marks that rode on it."""
    if isinstance(body, c.Submit):
        submit(step, body)
    else:
        replace(step, body)


def submit(step: Step, body: c.Submit) -> None:
    """Judge a proposed order once; the same intent again gets the first answer."""
    state, by, intent = step.state, step.command.by, body.intent
    if not speaks_for(step, by, intent.agent, body.client) or not free_id(step, intent.id):
        return
    seen = state.seen.get((intent.agent, intent.id))
    if seen is not None and seen.fingerprint == fingerprint(intent):
        step.emit(e.Repeated(seq=seen.seq))
        return
    health.quote(step, body.marks)
    order_id = f"{state.prefix}-{step.command.seq}"
    needs = step.decide(Asked(intent, body.client, by, step.command.at), order_id)
    decision = step.decision
    assert decision is not None
    if decision.verdict == "deny":
        _deny(step, decision, intent.agent, fingerprint(intent))
        return
    if needs is None:
        step.emit(e.Reserved(order=order_id, state="allowed", digest=digest_of(intent, decision)))
    else:
        _hold(step, intent, decision, needs)
    if intent.exit is not None:  # it waits for the order's fills
        step.emit(e.ExitSet(exit=exit_id(order_id), order=order_id))


def _hold(step: Step, intent: OrderIntent, decision: e.Decision, needs: Needs) -> None:
    """Hold an order for people, unless a preapproval stands for them."""
    at, order_id = step.command.at, decision.order
    preapproval = covering(step.state, step.command.by, intent, decision, needs.quorum, at)
    if preapproval is not None:
        decision = step.decision = msgspec.structs.replace(decision, verdict="allow")
        step.emit(e.Reserved(order=order_id, state="allowed", digest=digest_of(intent, decision)))
        step.emit(e.PreapprovalUsed(preapproval=preapproval.id, order=order_id, worth=decision.worth))
        return
    step.emit(
        e.Reserved(
            order=order_id,
            state="held",
            digest=digest_of(intent, decision),
            until=at + needs.expiry_s * NANOSECONDS,
            quorum=needs.quorum,
            confirm=needs.confirm,
        )
    )


def _deny(step: Step, decision: e.Decision, agent: str, fingerprint: str) -> None:
    """Deny what was proposed, and draw the consequences of each rule that did not hold."""
    step.emit(e.Denied(agent=agent, fingerprint=fingerprint))
    for finding in decision.findings:
        if finding.verdict == "deny" and agent in step.state.agents:
            breached(step, finding, agent)


def may_speak_for(state: State, by: Principal, agent: str, client: str) -> bool:
    """Whether the principal may act for an agent: itself, its client, by hand an operator or its account's
    owner, or the guard."""
    if by.role == "agent":
        return by.name == agent and not client
    if by.role == "client":
        return by.name == client and client in state.clients and state.clients[client].agent == agent
    if by.role == "owner":
        return owns_agent(state, by.lineage, agent)
    return by.role in ("operator", "guard")


def speaks_for(step: Step, by: Principal, agent: str, client: str) -> bool:
    """Whether the principal may act for an agent that it named itself; refuses the command where it may not."""
    if may_speak_for(step.state, by, agent, client):
        return True
    step.refuse("not_yours", f"{by.role} {by.name} does not act for agent {agent}")
    return False


def free_id(step: Step, name: str) -> bool:
    """Whether an id is not of the kind that the guard keeps for closing; refuses the command where it is."""
    if step.command.by.role == "guard" or not name.startswith(RESERVED_IDS):
        return True
    step.refuse("reserved_id", f"ids that begin with {' or '.join(RESERVED_IDS)} are the guard's own; take another")
    return False


def replace(step: Step, body: c.Replace) -> None:
    """Judge new terms at the larger of old and new, once per id; until the venue answers both count."""
    order = _live_order(step, body.order)
    if order is None or not free_id(step, body.id):
        return
    seen = step.state.seen.get((order.agent, body.id))
    if seen is not None and seen.fingerprint == replace_fingerprint(body):
        step.emit(e.Repeated(seq=seen.seq))
        return
    if seen is not None:
        step.refuse("intent_id_unique", f"{body.id} was used for something else; give each request an id of its own")
        return
    fault = _not_replaceable(step.state, order, body)
    if fault is not None:
        step.refuse(*fault)
        return
    health.quote(step, body.marks)
    worse = max if SIGN[order.side] > 0 else min
    widest = msgspec.structs.replace(
        order.intent,
        quantity=Quantity(max(order.reserved, body.quantity - order.filled)),
        limit_price=Price(worse(order.worst_price, body.limit_price)),
        reduce="any" if order.intent.reduce == "any" else "only",  # new terms are never cut down behind one's back
    )
    by, at, said = step.command.by, step.command.at, replace_fingerprint(body)
    needs = step.decide(Asked(widest, order.client, by, at, order, "replace_order", said), order.id)
    assert step.decision is not None
    if step.decision.verdict == "allow":
        step.emit(e.ReplaceAsked(order=order.id, quantity=body.quantity, limit_price=body.limit_price))
    elif needs is not None:
        step.refuse("needs_approval", "the new terms need approval; cancel the order and propose it anew")
    else:
        _deny(step, step.decision, order.agent, said)


def _not_replaceable(state: State, order: Order, body: c.Replace) -> tuple[str, str] | None:
    """Return why an order cannot take these terms, whatever the mandates say; None where it can."""
    if order.state not in ("acked", "partial") or order.limit_price is None:
        return "not_replaceable", f"order {order.id} is {order.state}; only a working limit order can be replaced"
    if order.pending is not None:
        return "not_replaceable", f"an earlier replace of {order.id} is not answered yet; cancel the order instead"
    if body.limit_price <= 0:
        return "not_replaceable", "a limit_price is above zero"
    if body.quantity <= order.filled:
        return "not_replaceable", f"{order.id} has already filled {Quantity(order.filled)}; cancel it instead"
    wanted = msgspec.structs.replace(order.intent, quantity=body.quantity, limit_price=body.limit_price)
    fault = off_increment(state.instruments[order.instrument], int(body.quantity), wanted)
    if fault:
        return "increments", fault
    exit = state.exits.get(exit_id(order.id))
    if exit is not None:
        fault = fault_of(state.instruments[order.instrument], exit.terms, exit.side, int(body.limit_price))
    return ("exit_terms", fault) if fault else None


def cancel(step: Step, body: c.Cancel) -> None:
    """Ask the venue to cancel, or withdraw a held order; never blocked. What the guard closes, no agent calls back."""
    order = _live_order(step, body.order)
    if order is None:
        return
    if order.by_guard and step.command.by.role in ("agent", "client"):
        step.refuse("not_yours", f"{order.id} closes a position for the guard; only a person may cancel it")
        return
    if order.state == "held":
        step.emit(e.Moved(order=order.id, state="cancelled", why="withdrawn"))
    else:
        step.emit(e.CancelAsked(order=order.id, why=f"asked by {step.command.by.name}"))


def _live_order(step: Step, order_id: str) -> Order | None:
    """Return a live order the principal may touch; refuses the command where there is none.

    Another's order and one that never was are told alike: nobody learns by guessing which ids there are.
    """
    order, by = step.state.order(order_id), step.command.by
    if order is None or not may_speak_for(step.state, by, order.agent, order.client if by.role == "client" else ""):
        step.refuse("unknown_order", f"there is no order {order_id} of yours")
        return None
    if order.state in TERMINAL:
        step.refuse("already_over", f"order {order_id} is {order.state}")
        return None
    return order


def declare_parent(step: Step, body: c.DeclareParent) -> None:
    """Announce a parent order, once."""
    if not speaks_for(step, step.command.by, body.agent, ""):
        return
    if body.parent in step.state.parents:
        step.refuse("exists", f"parent {body.parent} was declared before; a parent never grows")
    elif body.agent not in step.state.agents:
        step.refuse("unknown", f"there is no agent {body.agent}; `remit agent list` shows them")
    elif body.instrument not in step.state.instruments:
        step.refuse("unknown", f"there is no instrument {body.instrument}; `remit instrument list` shows them")
    elif body.quantity <= 0:
        step.refuse("unknown", f"a parent's quantity is above zero, not {body.quantity}")
    else:
        step.emit(e.Took())
