"""What an owner is shown of the journal: entries of their own accounts, and of any other what happened to those.

An entry may be about several: a limit of the firm is crossed by somebody else's fill, time ends orders of many. What an
entry says of others is left out; an entry that somebody else caused by their own doing is left out as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import scope
from remit.kernel.event import Record
from remit.kernel.names import Principal
from remit.kernel.state import State

NOBODYS: tuple[type, ...] = (
    c.KernelStarted,
    c.KernelStopped,
    c.Tick,
    c.ClockFault,
    c.Alarmed,
    c.Woke,
    c.Marked,
    c.Quiet,
    c.AddInstrument,
    c.SetSessions,
    c.SetCalendar,
    c.SetVolume,
    c.SetShortRestriction,
    c.SetTradingState,
    c.SetMargin,
    c.Resolve,
    c.Split,
    c.Dividend,
    c.Funding,
)
"""Commands that speak of the world and of nobody: shown where something of the owner's followed."""
BINDING = (c.SetMandate, c.SetPause, c.Halt)
"""Commands about a subject that are shown also where it is the firm or a venue that the owner trades at."""
NEUTRAL = (e.Took, e.Refused, e.Repeated, e.Quoted, e.Proposed)
"""Events that say no more than their command."""

_SAID: tuple[tuple[str, Callable[[State, str, str], bool]], ...] = (
    ("agent", scope.owns_agent),
    ("client", scope.owns_client),
    ("order", scope.owns_order),
    ("exit", scope.owns_exit),
    ("connection", scope.owns_connection),
    ("subject", scope.owns_subject),
    ("token", scope.owns_token),
)
"""What a command or an event may name; the first that it does name says whose it is."""


def of_owner(state: State, by: Principal, record: Record) -> Record | None:
    """Return what an owner sees of a record; None where that is nothing."""
    command = record.command
    own = is_theirs(state, by, command.body) or _asked(state, by, command.by)
    kept = tuple(event for event in record.events if _sees(state, by, event, own))
    foreign = any(not isinstance(event, e.Alarm) and event not in kept for event in record.events)
    if foreign or not own:  # an alarm may be about what is left out
        kept = tuple(event for event in kept if not isinstance(event, e.Alarm))
    if not own:
        binds = isinstance(command.body, BINDING) and scope.concerns(state, by.lineage, command.body.subject)
        if not binds and not (kept and isinstance(command.body, NOBODYS)):
            return None
    return record if kept == record.events else msgspec.structs.replace(record, events=kept)


def is_theirs(state: State, by: Principal, thing: Any) -> bool:
    """Whether a command or an event is about what an owner has."""
    owner = by.lineage
    match thing:
        case c.Submit():
            return scope.owns_agent(state, owner, thing.intent.agent)
        case c.AddAccount():
            return thing.account.owner == owner
        case c.AddAgent():
            return scope.owns_account(state, owner, thing.agent.account)
        case c.AddClient():
            return scope.owns_agent(state, owner, thing.client.agent)
        case c.AddConnection():
            return scope.owns_account(state, owner, thing.connection.account)
        case c.IssueToken():
            return scope.owns_grant(state, by, thing.grant)
        case c.RevokePreapproval():
            found = state.preapprovals.get(thing.id)
            return found is not None and scope.owns_agent(state, owner, found.agent)
        case c.Review() | c.Resume():
            fact = state.halts.get(thing.halt)
            return fact is not None and scope.owns_subject(state, owner, fact.subject)
    for field, owns in _SAID:
        name = getattr(thing, field, "")
        if isinstance(name, str) and name:
            return owns(state, owner, name)
    return False


def _asked(state: State, by: Principal, asked: Principal) -> bool:
    """Whether an owner asked themselves, or one of their agents or clients did."""
    if asked.role == "owner":
        return asked.lineage == by.lineage
    if asked.role == "agent":
        return scope.owns_agent(state, by.lineage, asked.name)
    return asked.role == "client" and scope.owns_client(state, by.lineage, asked.name)


def _sees(state: State, by: Principal, event: e.Event, own: bool) -> bool:
    if isinstance(event, NEUTRAL):
        return own
    if isinstance(event, e.HaltRaised):
        return scope.concerns(state, by.lineage, event.subject)
    return isinstance(event, e.Alarm) or is_theirs(state, by, event)
