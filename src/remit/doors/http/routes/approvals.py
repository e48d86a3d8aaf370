"""Rows of approvals: the inbox, one held order, approve, decline, several at once, and preapprovals."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from remit.doors.http.call import Call, Entry
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import approvals as s
from remit.doors.http.shapes.base import Entered, Items
from remit.doors.http.table import PERSONS, READERS, TOLD, Do, Enter, Look, Route
from remit.guard.wire import GuardError
from remit.kernel import command as c


class _Event(msgspec.Struct, frozen=True):
    event: str
    order: str = ""
    why: str = ""


class _Answered(msgspec.Struct, frozen=True):
    """`shapes.approvals.Answered` on its way out: the decision goes as the guard wrote it."""

    order: str
    answer: str
    seq: int | None = None
    at: int | None = None
    decision: msgspec.Raw | None = None
    code: str = ""
    why: str = ""


OF_ONE = frozenset(
    "not_held digest_mismatch already_approved own_lineage not_yours bulk_too_large bulk_not_allowed".split()
)
"""Refusals that are about one order, and say nothing of the next."""
_events = msgspec.json.Decoder(_Event)


async def show(call: Call) -> dict[str, Any]:
    """Return a held order with the rules that ask for people."""
    order = call.params.order
    held = next((row for row in await call.read("approvals") if row["order"] == order), None)
    if held is None:
        raise Problem("not_found", f"order {order} is not waiting for approval", "See those that are: /v1/approvals")
    told = await call.read("order", order=order)
    return {**held, "findings": told["findings"], "seq": told["life"][0]["seq"]}


async def approve(call: Call) -> bytes:
    """Approve one order."""
    order = call.params.order
    return msgspec.json.encode(_answer_of(order, await call.enter(c.Approve(order=order, digest=call.body.digest))))


async def approve_many(call: Call) -> bytes:
    """Approve several at once, each as one of many."""
    found: list[_Answered] = []
    many = len(call.body.orders) > 1
    for one in call.body.orders:
        try:
            entry = await call.enter(c.Approve(order=one.order, digest=one.digest, bulk=many))
            found.append(_answer_of(one.order, entry))
        except (Problem, GuardError) as fault:
            if not found and fault.code not in OF_ONE:
                raise  # it is not about this order, and nothing was done before it
            found.append(_Answered(one.order, "refused", code=fault.code, why=fault.message))
    return msgspec.json.encode({"items": found})


def _answer_of(order: str, entry: Entry) -> _Answered:
    events = [event for event in map(_events.decode, entry.events) if event.order == order]
    moved = next((event for event in events if event.event == "moved"), None)
    decided = bool(bytes(entry.decision))
    if any(event.event == "released" for event in events):
        answer = "released"
    elif moved is not None:
        answer = "denied" if decided else "over"
    else:
        answer = "waiting"
    decision = entry.decision if decided else None
    why = "" if moved is None else moved.why
    return _Answered(order, answer, entry.command.seq, entry.command.at, decision, why=why)


def _decline(params: Any, body: Any) -> object:
    return c.Decline(order=params.order, why=body.why)


async def preapprove(call: Call) -> s.Preapproved:
    """Confirm ahead of time what an agent may do."""
    body: s.Preapproving = call.body
    if call.key and body.id not in (None, call.key):
        raise Problem("not_valid", "the Idempotency-Key is not the preapproval's id", "Send one of them")
    name = body.id or call.key or f"http-{secrets.token_hex(8)}"
    said = {field: getattr(body, field) for field in body.__struct_fields__ if field != "id"}
    entry = await call.enter(c.Preapprove(id=name, **said))
    return s.Preapproved(preapproval=name, seq=entry.command.seq, at=entry.command.at)


def _revoke(params: Any, body: Any) -> object:
    return c.RevokePreapproval(id=params.preapproval, why=body.why)


_DIGEST = "8d1f0c2ab93417e65d0c4f9e8b7a6d5c4b3a29181706f5e4d3c2b1a09f8e7d6c"
_WHY = {"why": "too close to the announcement"}
_PREAPPROVING = {
    "agent": "scout", "categories": ["politics"], "notional_max": "100", "ends_at": 1_793_000_000_000_000_000,
    "why": "small bets may go without asking",
}  # fmt: skip

ROUTES = (
    Route(
        "GET", "/v1/approvals", "list_approvals",
        "The inbox: every held order that the caller may see, the largest first, with its worst numbers.",
        "approvals", READERS, Look("approvals", page=()), None, None, Items[s.Waiting],
    ),
    Route(
        "GET", "/v1/approvals/{order}", "show_approval",
        "Show one held order as an approver should see it, with every rule that asks for people.",
        "approvals", READERS, Do(show), s.OneHeld, None, s.WaitingShown,
    ),
    Route(
        "GET", "/v1/orders/{order}/approval", "poll_approval",
        "How it stands with the approval of an order: what an agent asks whose order was held.",
        "approvals", TOLD, Look("approval"), s.OneHeld, None, s.Standing,
    ),
    Route(
        "POST", "/v1/approvals/{order}/approve", "approve_order",
        "Approve a held order, naming the digest that was shown. It is judged again before it goes out, on fresh "
        "prices; denied then, it is a normal answer (200).",
        "approvals", PERSONS, Do(approve), s.OneHeld, s.Shown, s.Answered, {"digest": _DIGEST},
    ),
    Route(
        "POST", "/v1/approvals/{order}/decline", "decline_order",
        "Decline a held order: it is over, and what it reserved is free again.",
        "approvals", PERSONS, Enter(_decline), s.OneHeld, s.Declining, Entered, _WHY,
    ),
    Route(
        "POST", "/v1/approvals/approve", "approve_orders",
        "Approve several orders at once: each must be within `bulk_approval_max` of its mandates, which is not so "
        "where none of them sets it.",
        "approvals", PERSONS, Do(approve_many), None, s.Bulk, s.BulkAnswered,
        {"orders": [{"order": "r1a2b3c4d-17", "digest": _DIGEST}]},
    ),
    Route(
        "GET", "/v1/preapprovals", "list_preapprovals",
        "List the preapprovals in force, the one that ends first at the top; an agent sees its own.",
        "approvals", TOLD, Look("preapprovals", page=("over", "ends_at", "preapproval")), s.PreapprovalQuery, None,
        Items[s.PreapprovalRow],
    ),
    Route(
        "POST", "/v1/preapprovals", "preapprove",
        "Confirm ahead of time what one agent may do, within bounds and until an end. It stands for one confirmation, "
        "never for a quorum, and for no order that is held already.",
        "approvals", PERSONS, Do(preapprove), None, s.Preapproving, s.Preapproved, _PREAPPROVING,
    ),
    Route(
        "POST", "/v1/preapprovals/{preapproval}/revoke", "revoke_preapproval",
        "End a preapproval at once; what went out by it stays out.",
        "approvals", PERSONS, Enter(_revoke), s.OnePreapproval, s.Declining, Entered, {"why": "the election is called"},
    ),
)  # fmt: skip
