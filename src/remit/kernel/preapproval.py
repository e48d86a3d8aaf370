"""Preapprovals: a person's confirmation ahead of time, for one agent, within bounds, until an end.

A preapproval names its agent exactly. Whatever acts through that agent is covered because the agent is: its clients
too. It passes on to no other agent, it never counts towards a quorum, and orders that are held already go on waiting.
"""

from __future__ import annotations

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Preapproval
from remit.kernel.command import Command
from remit.kernel.names import Principal, named
from remit.kernel.numbers import DAY_NS, LARGEST, Money
from remit.kernel.order import OrderIntent
from remit.kernel.state import State

SPAN_MAX_NS = 31 * DAY_NS
"""How far ahead a preapproval may end: a month, whatever the clock of who gives it says."""
IN_FORCE_MAX = 50
"""Preapprovals of one agent in force at once."""


def in_force(preapproval: Preapproval, at: int) -> bool:
    """Whether a preapproval covers anything at an instant; at `ends_at` itself it is over."""
    return not preapproval.ended_at and at < preapproval.ends_at


def covering(
    state: State, by: Principal, intent: OrderIntent, decision: e.Decision, quorum: int, at: int
) -> Preapproval | None:
    """Return the preapproval that stands for the confirmation of an order, None where none does.

    Only what an agent or its client asks for is covered: a person who asks can confirm, too. An order that a `quorum`
    must agree to has people to confirm it anyway. Of several it is the one that ends first, then the first by id.
    """
    if quorum or by.role not in ("agent", "client"):
        return None
    found = [
        preapproval
        for preapproval in map(state.preapprovals.__getitem__, state.preapprovals_of.get(intent.agent, ()))
        if in_force(preapproval, at)
        and _covers(state, preapproval, intent.instrument)
        and _has_room(preapproval, decision.worth)
    ]
    return min(found, key=lambda one: (one.ends_at, one.id), default=None)


def _covers(state: State, preapproval: Preapproval, instrument: str) -> bool:
    return instrument in preapproval.instruments or state.instruments[instrument].category in preapproval.categories


def _has_room(preapproval: Preapproval, worth: int) -> bool:
    total = LARGEST if preapproval.total_max is None else preapproval.total_max
    return worth <= preapproval.notional_max and preapproval.used + worth <= total


# Giving and revoking


def fault_of(state: State, at: int, body: c.Preapprove) -> str:
    """Return why a preapproval cannot be given and what to do; empty where it can."""
    if body.id in state.preapprovals:
        return f"preapproval {body.id} exists; take another id"
    if body.agent not in state.agents:
        return f"there is no agent {body.agent}; `remit agent list` shows them"
    return _fault_of_names(state, body) or _fault_of_bounds(state, at, body)


def _fault_of_names(state: State, body: c.Preapprove) -> str:
    if not body.instruments and not body.categories:
        return "name the instruments or categories that it is for; nobody preapproves everything"
    unknown = sorted(set(body.instruments) - state.instruments.keys())
    if unknown:
        return f"there is no instrument {named(unknown)}; `remit instrument list` shows them"
    unknown = sorted(set(body.categories) - {instrument.category for instrument in state.instruments.values()})
    return f"no instrument is of category {named(unknown)}; `remit instrument list` shows them" if unknown else ""


def _fault_of_bounds(state: State, at: int, body: c.Preapprove) -> str:
    if body.notional_max <= 0:
        return "notional_max must be above zero"
    if body.total_max is not None and body.total_max < body.notional_max:
        return "total_max is below notional_max; no order of that worth could go out by it"
    if body.ends_at <= at:
        return "it would have ended already; say an end to come"
    if body.ends_at > at + SPAN_MAX_NS:
        return f"it ends more than {SPAN_MAX_NS // DAY_NS} days ahead; give one for less, and another one then"
    if not body.why.strip():
        return "say why, so that the history can be read"
    given = [state.preapprovals[name] for name in state.preapprovals_of.get(body.agent, ())]
    if sum(in_force(preapproval, at) for preapproval in given) >= IN_FORCE_MAX:
        return f"{body.agent} has {IN_FORCE_MAX} preapprovals in force; revoke one first: remit preapproval list"
    return ""


def fault_of_revoking(state: State, at: int, body: c.RevokePreapproval) -> str:
    """Return why a preapproval cannot be revoked and what to do; empty where it can."""
    preapproval = state.preapprovals.get(body.id)
    if preapproval is None:
        return f"there is no preapproval {body.id}; `remit preapproval list` shows them"
    if not in_force(preapproval, at):
        return f"preapproval {body.id} is over already"
    return "" if body.why.strip() else "say why, so that the history can be read"


# Folding


def fold_given(state: State, command: Command, body: c.Preapprove) -> None:
    """A preapproval is in force."""
    state.add_preapproval(
        Preapproval(
            id=body.id,
            agent=body.agent,
            by=command.by.name,
            owner=command.by.lineage,
            instruments=tuple(sorted(set(body.instruments))),
            categories=tuple(sorted(set(body.categories))),
            notional_max=body.notional_max,
            total_max=body.total_max,
            ends_at=body.ends_at,
            why=body.why,
            at=command.at,
        )
    )


def fold_used(state: State, command: Command, decision: e.Decision | None, event: e.PreapprovalUsed) -> None:
    """An order went out by a preapproval: what it is worth is used up."""
    known = state.preapprovals[event.preapproval]
    state.preapprovals[known.id] = msgspec.structs.replace(
        known, used=Money(known.used + event.worth), uses=known.uses + 1
    )


def fold_revoked(state: State, command: Command, body: c.RevokePreapproval) -> None:
    """A preapproval is over, by a person's word."""
    _end(state, body.id, command, body.why)


def fold_person_out(state: State, command: Command, person: str, why: str) -> None:
    """Whoever may not approve any more has preapproved nothing: all of theirs are over, for good."""
    for preapproval in list(state.preapprovals.values()):
        if person in (preapproval.by, preapproval.owner) and in_force(preapproval, command.at):
            _end(state, preapproval.id, command, why)


def _end(state: State, name: str, command: Command, why: str) -> None:
    state.preapprovals[name] = msgspec.structs.replace(
        state.preapprovals[name], ended_at=command.at, ended_by=command.by.name, ended_why=why
    )
