"""Requests: the exact bytes that a record leads to, made again by the venue's pure codec."""

from __future__ import annotations

from remit.kernel import event as e
from remit.kernel.command import Command
from remit.kernel.effect import Act
from remit.kernel.event import Planned, Record
from remit.kernel.kernel import effects
from remit.kernel.permit import Request
from remit.kernel.state import State
from remit.venues.paper.codec import Paper
from remit.venues.seam import Unencodable, Venue

CODECS: dict[str, Venue] = {Paper.name: Paper()}
"""The venues whose requests this version can make again."""
NEVER_ACT = frozenset({e.Took, e.Refused, e.Denied, e.Quoted, e.Booked, e.SessionRolled})
"""Events that lead to nothing that is sent: most entries hold no others."""


def planned(state: State, record: Record) -> tuple[Planned, ...]:
    """Return the requests that a record leads to, as the guard plans them straight after it, in order.

    A venue that this version cannot speak with is sent nothing.
    """
    if not _may_act(record):
        return ()
    found: list[Planned] = []
    for act in effects(record):
        if isinstance(act, Act):
            venue = CODECS.get(_venue_of(state, act))
            request = None if venue is None else _request(venue, state, act, record.command)
            if request is not None:
                found.append(Planned(act.do, act.order, request.digest))
    return tuple(found)


def _may_act(record: Record) -> bool:
    for event in record.events:
        if type(event) not in NEVER_ACT and (not isinstance(event, e.Moved) or event.state == "unknown"):
            return True
    return False


def _venue_of(state: State, act: Act) -> str:
    if act.order:
        order = state.order(act.order)
        return "" if order is None else order.venue
    connection = state.connections.get(act.connection)
    return "" if connection is None else connection.venue


def _request(venue: Venue, state: State, act: Act, command: Command) -> Request | None:
    """Return the exact request of an act, or None where the venue has no words for it."""
    at, seq = command.at, command.seq
    try:
        if act.do == "cancel_all":
            return venue.cancel_all(act.connection, at, seq)
        if act.do == "dead_man":
            return venue.dead_man(act.connection, state.armed[act.connection].after_s, at, seq)
        if act.do == "snapshot":
            return venue.snapshot(act.connection, at, seq)
        order = state.order(act.order)
        assert order is not None
        instrument = state.instruments[order.instrument]
        encode = {"place": venue.place, "cancel": venue.cancel, "replace": venue.replace, "query": venue.query}[act.do]
        return encode(order, instrument, at, seq)
    except Unencodable:
        return None
