"""Views of what waits for people, and of what people confirmed ahead of time: the worst numbers come first."""

from __future__ import annotations

from typing import Any

from remit.guard.views.exposure import gauges_of
from remit.guard.views.looking import Looking
from remit.guard.views.orders import exit_of, worth_of
from remit.kernel.access import Preapproval
from remit.kernel.approval import OWNER, counted_as, is_outside, not_in_bulk
from remit.kernel.authority import AUTHORITY
from remit.kernel.command import Approve
from remit.kernel.gather import DRIFT_AGE_NS_MAX
from remit.kernel.instrument import Mark
from remit.kernel.names import SIGN, subject
from remit.kernel.numbers import NANOSECONDS, text
from remit.kernel.order import Order
from remit.kernel.preapproval import in_force
from remit.kernel.rules.compile import Lines
from remit.kernel.rules.table import RULES
from remit.kernel.rules.unit import BPS, fraction_written
from remit.kernel.state import Subject

Row = dict[str, Any]


def approvals(looking: Looking) -> list[Row]:
    """Every held order, the largest first: its worst numbers, what is left of the tightest limit with it, how far the
    market moved against it, the digest that an approval names, and who is needed."""
    state = looking.state
    held = [order for order in state.orders.values() if order.state == "held"]
    held = [order for order in held if looking.sees_order(order.agent, order.client)]
    held.sort(key=lambda order: (-worth_of(state, order), order.id))
    lines, gauges = Lines(RULES), dict[str, list[Row]]()
    for of in {of.written: of for order in held for of in state.path(order.agent, order.client)}.values():
        gauges[of.written] = gauges_of(looking, lines, of) if looking.sees_subject(of.written) else []
    return [_approval(looking, order, gauges) for order in held]


def _approval(looking: Looking, order: Order, gauges: dict[str, list[Row]]) -> Row:
    state = looking.state
    path = state.path(order.agent, order.client)
    return {
        "worth": text(worth_of(state, order)),
        "currency": state.accounts[order.account].currency,
        "worst_price": text(order.worst_price),
        "headroom": _tightest(looking, order, [row for of in path for row in gauges[of.written]]),
        "drift": _drift(looking, order, path),
        "order": order.id,
        "digest": order.digest,
        "agent": order.agent,
        "client": order.client,
        "account": subject("account", order.account),
        "environment": state.accounts[order.account].environment,
        "connection": order.connection,
        "instrument": order.instrument,
        "category": state.instruments[order.instrument].category,
        "side": order.side,
        "type": order.type,
        "quantity": text(order.quantity),
        "limit_price": None if order.limit_price is None else text(order.limit_price),
        "exit": exit_of(order.intent),
        "thought": order.intent.thought,
        **_people(looking, order),
        "age_s": max(looking.at - order.at, 0) // NANOSECONDS,
        "expires_in_s": max(order.until - looking.at, 0) // NANOSECONDS,
        "at": order.at,
        "until": order.until,
    }


def _people(looking: Looking, order: Order) -> Row:
    """Return who is needed, who was there, and whether the caller's word counts."""
    state, by = looking.state, looking.by
    person = counted_as(order, by)
    counts = person not in order.approvals and (order.confirm or is_outside(state, order, person))
    counts = counts and not (order.quorum and by.role == OWNER)
    return {
        "needed": order.needed,
        "quorum": order.quorum,
        "confirm": order.confirm,
        "approved_by": list(order.approvals),
        "asked_by": order.asked_by,
        "lineage": order.lineage,
        "yours_counts": counts and by.role in AUTHORITY[Approve],
        "bulk": not_in_bulk(state, order) is None,
    }


def _tightest(looking: Looking, order: Order, gauges: list[Row]) -> Row | None:
    """Return the limit of the order's path that is used most with it, of those that count it; None where none does.

    What is held reserves in full, so what is left now is what is left when it goes out.
    """
    instrument = looking.state.instruments[order.instrument]
    groups = ("", instrument.market_name, instrument.category, order.venue)
    counted = [row for row in gauges if row["of"] in groups and row["percent"] is not None]
    if not counted:
        return None
    row = max(counted, key=lambda row: row["percent"])
    return {name: row[name] for name in ("subject", "rule", "of", "limit", "headroom", "unit", "percent")}


def _drift(looking: Looking, order: Order, path: tuple[Subject, ...]) -> Row:
    """Return how far the far side of the market moved against an order since it was proposed, in bps; `fresh` says
    whether the mark could release it where `limit_bps` bounds that."""
    state = looking.state
    mark: Mark | None = state.marks.get(order.instrument)
    limits = [
        of.version.mandate.approval_drift_max_bps
        for of in path
        if of.version is not None and of.version.mandate.approval_drift_max_bps is not None
    ]
    shown: Row = {"from": text(order.touch), "to": None, "bps": None, "fresh": False}
    shown["limit_bps"] = min(limits, default=None)
    if mark is not None:
        touch = int(mark.ask if SIGN[order.side] > 0 else mark.bid)
        shown["to"] = text(touch)
        if order.touch > 0:
            shown["bps"] = fraction_written(SIGN[order.side] * (touch - order.touch), order.touch, BPS)
        age = looking.at - mark.at - mark.resolution_ns
        shown["fresh"] = age <= DRIFT_AGE_NS_MAX and order.instrument not in state.unfit
    return shown


# Ahead of time


def preapprovals(looking: Looking) -> list[Row]:
    """Preapprovals in force, the one that ends first at the top; with `all` those that are over, too."""
    agent, over = looking.word("agent"), looking.flag("all")
    chosen = [
        preapproval
        for preapproval in looking.state.preapprovals.values()
        if looking.sees_agent(preapproval.agent)
        and agent in (None, preapproval.agent)
        and (over or in_force(preapproval, looking.at))
    ]
    chosen.sort(key=lambda one: (not in_force(one, looking.at), one.ends_at, one.id))
    return [_preapproval(looking, preapproval) for preapproval in chosen]


def _preapproval(looking: Looking, of: Preapproval) -> Row:
    left = None if of.total_max is None else of.total_max - of.used
    return {
        "preapproval": of.id,
        "agent": of.agent,
        "state": _state_of(of, looking.at),
        "over": not in_force(of, looking.at),
        "instruments": list(of.instruments),
        "categories": list(of.categories),
        "notional_max": text(of.notional_max),
        "total_max": None if of.total_max is None else text(of.total_max),
        "used": text(of.used),
        "left": None if left is None else text(left),
        "currency": looking.state.accounts[looking.state.agents[of.agent].account].currency,
        "uses": of.uses,
        "by": of.by,
        "owner": of.owner,
        "why": of.why,
        "at": of.at,
        "ends_at": of.ends_at,
        "expires_in_s": max(of.ends_at - looking.at, 0) // NANOSECONDS if in_force(of, looking.at) else 0,
        "ended_at": of.ended_at or None,
        "ended_by": of.ended_by,
        "ended_why": of.ended_why,
    }


def _state_of(of: Preapproval, at: int) -> str:
    """Return in_force, used_up (no order of any worth has room), ended (with its person, or by hand) or expired."""
    if of.ended_at:
        return "ended"
    if not in_force(of, at):
        return "expired"
    return "used_up" if of.total_max is not None and of.used >= of.total_max else "in_force"
