"""Approvals: a held order waits for people; each approval binds the digest shown and is judged again before anything
goes out."""

from __future__ import annotations

import hashlib

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.decide import Asked, Needs
from remit.kernel.names import Principal
from remit.kernel.numbers import Quantity
from remit.kernel.order import Order, OrderIntent
from remit.kernel.step import Step


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
    refused = _may_not_approve(order, by)
    if refused is not None:
        step.refuse(*refused)
        return
    if _mandates_now(step, order) != order.mandates:
        step.emit(
            e.Moved(order=order.id, state="denied", why="a mandate changed since the order was held; propose it again")
        )
        return
    step.emit(e.Approved(order=order.id, person=by.owner or by.name))
    if not _satisfied(order, Needs(order.confirm, order.quorum, 0)):
        return
    intent = msgspec.structs.replace(order.intent, quantity=Quantity(order.quantity))
    needs = step.decide(Asked(intent, order.client, _asker(order), step.command.at, own=order), order.id)
    assert step.decision is not None
    if needs is not None and _satisfied(order, needs):
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


def _may_not_approve(order: Order, by: Principal) -> tuple[str, str] | None:
    person = by.owner or by.name
    if person in order.approvals:
        return "already_approved", f"{person} approved it already; another person is needed"
    if person == order.lineage and not order.confirm:
        return "own_lineage", f"{person} is behind the agent that asked; somebody else must approve"
    return None


def _satisfied(order: Order, needs: Needs) -> bool:
    outside = [person for person in order.approvals if person != order.lineage]
    return len(outside) >= needs.quorum and (not needs.confirm or bool(order.approvals))


def _mandates_now(step: Step, order: Order) -> tuple[str, ...]:
    return tuple(
        of.version.digest if of.version is not None else "" for of in step.state.path(order.agent, order.client)
    )


def _asker(order: Order) -> Principal:
    """Return the principal an order is judged for again: who first asked, not who approves."""
    return Principal(name=order.asked_by, role="operator" if order.by_person else "agent", owner=order.lineage)
