"""Views of what stops trading: halts are the guard's, pauses are a person's, and the two are never blurred."""

from __future__ import annotations

from typing import Any

from remit.guard.views.looking import Looking
from remit.kernel.codec import plain
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import HaltFact

Rows = list[dict[str, Any]]


def halts(looking: Looking) -> Rows:
    """Every halt in force, latest first, with what it takes to end it."""
    found = [fact for fact in looking.state.halts.values() if _concerns(looking, fact.subject)]
    return [_halt(looking, fact) for fact in sorted(found, key=lambda fact: (-fact.at, fact.id))]


def pauses(looking: Looking) -> Rows:
    """Every pause in force, latest first."""
    found = [fact for fact in looking.state.pauses.values() if _concerns(looking, fact.subject)]
    return [
        {"subject": fact.subject, "by": fact.by.name, "at": fact.at, "why": fact.why}
        for fact in sorted(found, key=lambda fact: (-fact.at, fact.subject))
    ]


def _concerns(looking: Looking, written: str) -> bool:
    if looking.sees_all:
        return True
    agent = looking.own_agent
    if agent not in looking.state.agents:
        return False
    names = [of.written for of in looking.path()]
    connections = [connection for who, connection in looking.state.grants if who == agent]
    names += [subject("connection", name) for name in connections]
    names += [subject("venue", looking.state.connections[name].venue) for name in connections]
    return written in names


def _halt(looking: Looking, fact: HaltFact) -> dict[str, Any]:
    shown: dict[str, Any] = {"reviewed_by": "", "reviewed_limit": "", "review": "", **plain(fact)}
    shown["age_s"] = (looking.at - fact.at) // NANOSECONDS
    shown["needs"] = "resume" if fact.reviewed_by else "review"
    of = looking.state.subjects.get(fact.subject)
    cooldown = None if of is None or of.version is None else of.version.mandate.loss_cooldown
    if fact.cause == "loss" and isinstance(cooldown, int):
        shown["resume_in_s"] = max(-((looking.at - fact.at - cooldown * NANOSECONDS) // NANOSECONDS), 0)
    return shown
