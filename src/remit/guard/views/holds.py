"""Views for who proposes orders: how one is, why it was so decided, how it stands with its approval, and what there is
to close."""

from __future__ import annotations

from typing import Any

from remit.guard.entitled import may_use
from remit.guard.views import orders
from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS, text
from remit.kernel.order import Order

_WHY = ("decision", "findings", "life", "complete")
"""What only `explain_decision` tells."""


async def order(looking: Looking) -> dict[str, Any]:
    """One order; without the reasons where the caller's agent may not ask for them."""
    told = await orders.order(looking)
    if may_use(looking.state, looking.by, "explain_decision"):
        return told
    return {name: value for name, value in told.items() if name not in _WHY}


async def approval(looking: Looking) -> dict[str, Any]:
    """How it stands with the approval of one order, and who is still needed.

    `answer` is not_needed, waiting, released, declined, lapsed, denied (judged again at release) or withdrawn; `why` is
    what was said with it.
    """
    told = await orders.order(looking)
    held = any(row.get("details", {}).get("until") for row in told["life"])
    known = looking.state.order(told["order"])
    last = next((row for row in reversed(told["life"]) if row["state"]), None)
    shown: dict[str, Any] = {
        "order": told["order"],
        "state": told["state"],
        "answer": _answer(told["state"], held, known),
        "why": "" if last is None else str(last.get("details", {}).get("why", "")),
        "needed": 0,
        "quorum": 0 if known is None else known.quorum,
        "approved": 0 if known is None else len(known.approvals),
        "expires_in_s": None,
        "until": None,
    }
    if known is not None and known.state == "held":
        shown["needed"] = known.needed
        shown["expires_in_s"] = max(known.until - looking.at, 0) // NANOSECONDS
        shown["until"] = known.until
    return shown


async def closing(looking: Looking) -> dict[str, Any]:
    """What closes each of a trader's own open positions: the side and quantity of the order; and, where `intent` was
    decided before, the entry that did (`first`). A way out: no capability is needed to know of it."""
    instrument, intent = looking.word("instrument"), looking.word("intent")
    own = subject(looking.by.role, looking.by.name)
    seen = looking.state.seen.get((looking.own_agent, intent or ""))
    first = None if seen is None else await orders.record_at(looking, seen.seq)
    return {
        "positions": [
            {
                "connection": connection,
                "instrument": name,
                "side": "sell" if cell.quantity > 0 else "buy",
                "quantity": text(abs(cell.quantity)),
            }
            for (written, connection, name), cell in sorted(looking.state.cells.items())
            if written == own and cell.quantity and instrument in (None, name)
        ],
        "first": None if first is None or not looking.sees_record(first) else plain(first),
    }


def _answer(state: str, held: bool, known: Order | None) -> str:
    if not held:
        return "denied" if state == "denied" else "not_needed"
    if state in ("declined", "lapsed", "denied"):
        return state
    if state == "held":
        return "waiting"
    return "withdrawn" if state == "cancelled" and known is not None and known.needed else "released"
