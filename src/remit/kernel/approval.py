"""Approvals: a held order waits for people; each approval binds the digest shown and is judged again before anything
goes out."""

from __future__ import annotations

import hashlib

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import health
from remit.kernel.codec import encode
from remit.kernel.decide import Asked, Needs
from remit.kernel.names import Principal, Role
from remit.kernel.numbers import Quantity, notional_ceil, text
from remit.kernel.order import Order, OrderIntent
from remit.kernel.state import State, Subject
from remit.kernel.step import Step

OWNER: Role = "owner"
"""Confirms what their own accounts ask for, and never counts towards a quorum."""


def digest_of(intent: OrderIntent, decision: e.Decision) -> str:
    """Return what an approver approves: the SHA-256 of the order as asked, as decided, and of the mandates in force."""
    return hashlib.sha256(encode((intent, decision))).hexdigest()


def approve(step: Step, body: c.Approve) -> None:
    """A person approves; with the last approval needed the order is judged again and released."""
    state, by = step.state, step.command.by
    order = state.orders.get(body.order)
    if order is None or order.state != "held":
        step.refuse("not_held", f"order {body.order} is not waiting for approval")
        return
    if body.digest != order.digest:
        step.refuse("digest_mismatch", "what you were shown is not this order as it is held; look at it again")
        return
    if step.command.at >= order.until:  # more lapse at one instant than one entry names
        step.emit(e.Moved(order=order.id, state="lapsed", why="nobody approved in time"))
        return
    refused = _may_not_approve(step.state, order, by) or (not_in_bulk(step.state, order) if body.bulk else None)
    if refused is not None:
        step.refuse(*refused)
        return
    if _mandates_now(step, order) != order.mandates:
        step.emit(
            e.Moved(order=order.id, state="denied", why="a mandate changed since the order was held; propose it again")
        )
        return
    health.quote(step, body.marks)
    step.emit(e.Approved(order=order.id, person=counted_as(order, by)))
    if not _satisfied(state, order, Needs(order.confirm, order.quorum, 0)):
        return
    intent = msgspec.structs.replace(order.intent, quantity=Quantity(order.quantity))
    needs = step.decide(Asked(intent, order.client, _asker(order), step.command.at, own=order), order.id)
    assert step.decision is not None
    if needs is not None and _satisfied(state, order, needs) and not (needs.quorum and by.role == OWNER):
        step.decision = msgspec.structs.replace(step.decision, verdict="allow")
    if step.decision.verdict == "allow":
        step.emit(e.Released(order=order.id))
    else:
        step.emit(e.Moved(order=order.id, state="denied", why="judged again at release"))


def decline(step: Step, body: c.Decline) -> None:
    """A person declines a held order."""
    order = step.state.orders.get(body.order)
    if order is None or order.state != "held":
        step.refuse("not_held", f"order {body.order} is not waiting for approval")
    else:
        step.emit(e.Moved(order=order.id, state="declined", why=body.why))


def _may_not_approve(state: State, order: Order, by: Principal) -> tuple[str, str] | None:
    person = counted_as(order, by)
    if person in order.approvals:
        return "already_approved", f"{person} approved it already; another person is needed"
    if not order.confirm and not is_outside(state, order, person):
        return "own_lineage", f"{person} is behind the agent that asked; somebody else must approve"
    if order.quorum and by.role == OWNER:
        return (
            "own_lineage",
            f"{person} looks after this account, and a quorum takes others; somebody else must approve",
        )
    return None


def counted_as(order: Order, by: Principal) -> str:
    """Return the person that an answer counts for: who is behind it, and under any name of theirs who asked."""
    return order.lineage if order.lineage in (by.name, by.lineage) else by.lineage


def is_outside(state: State, order: Order, person: str) -> bool:
    """Whether a person counts towards an order's quorum: is not behind who asked."""
    return person != order.lineage


def worth_in(state: State, order: Order, of: Subject) -> int | None:
    """Return what is left of an order at the price it counts at, in a subject's currency; None with no rate for it."""
    unit = state.unit(state.instruments[order.instrument], of.currency)
    return None if unit is None else notional_ceil(order.counted_price, order.remaining, unit)


def not_in_bulk(state: State, order: Order) -> tuple[str, str] | None:
    """Return why an order is approved alone; None where every mandate that speaks of it lets it be one of many."""
    spoken = False
    for of in state.path(order.agent, order.client):
        limit = None if of.version is None else of.version.mandate.bulk_approval_max
        if limit is None:
            continue
        spoken, worth = True, worth_in(state, order, of)
        if worth is None or worth > limit:
            shown = "unknown" if worth is None else text(worth)
            return "bulk_too_large", (
                f"{order.id} is worth {shown} {of.currency}, and bulk_approval_max of {of.written} is {limit}; "
                "look at it and approve it alone"
            )
    if not spoken:
        return "bulk_not_allowed", f"no mandate of {order.id} sets bulk_approval_max; look at it and approve it alone"
    return None


def _satisfied(state: State, order: Order, needs: Needs) -> bool:
    outside = [person for person in order.approvals if is_outside(state, order, person)]
    return len(outside) >= needs.quorum and (not needs.confirm or bool(order.approvals))


def _mandates_now(step: Step, order: Order) -> tuple[str, ...]:
    return tuple(
        of.version.digest if of.version is not None else "" for of in step.state.path(order.agent, order.client)
    )


def _asker(order: Order) -> Principal:
    """Return the principal an order is judged for again: who first asked, not who approves."""
    return Principal(name=order.asked_by, role="operator" if order.by_person else "agent", owner=order.lineage)
