"""Rows of the world: status and health, instruments, marks and feeds, days, facts, reconciling."""

from __future__ import annotations

from typing import Any

from remit.doors.http.call import Call
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import world as s
from remit.doors.http.shapes.access import OneConnection
from remit.doors.http.shapes.base import Items, Paged
from remit.doors.http.table import OPERATORS, READERS, TOLD, Do, Enter, Look, Route
from remit.kernel import command as c
from remit.kernel.names import Role

ANYONE: tuple[Role, ...] = (*TOLD, "feed")


async def show_instrument(call: Call) -> dict[str, Any]:
    """Return one instrument."""
    found: list[dict[str, Any]] = await call.read("instruments")
    for row in found:
        if row["name"] == call.params.instrument:
            return row
    raise Problem("unknown_instrument", f"{call.params.instrument} is not known", "See GET /v1/instruments")


async def give_marks(call: Call) -> bytes:
    """Take in what a feed saw."""
    return await call.hand_in(c.Marked(marks=call.body.marks, fx=call.body.fx))


async def feeds(call: Call) -> Items[s.Feed]:
    """Return what each source of prices says."""
    sources: dict[str, list[dict[str, Any]]] = {}
    for row in await call.read("marks"):
        sources.setdefault(row.get("source", ""), []).append(row)
    found = []
    for name, rows in sorted(sources.items()):
        ages = [row["age_s"] for row in rows]
        bad = sum(1 for row in rows if row["unfit"])
        found.append(s.Feed(source=name, instruments=len(rows), age_s=min(ages), oldest_s=max(ages), unfit=bad))
    return Items(items=tuple(found), next=None)


async def show_reconciled(call: Call) -> dict[str, Any]:
    """Return how one connection's book and venue agree."""
    found: dict[str, Any] = (await call.read("drifts", connection=call.params.connection))[0]
    return found


def _adopt(params: Any, body: s.Decision) -> object:
    whose = body.agent or ""
    return c.Adopt(connection=params.connection, truth=body.truth, why=body.why, agent=whose, shown=body.shown)


_AAPL = {
    "name": "AAPL", "kind": "equity", "venue": "paper", "currency": "USD", "category": "us_equity", "tick": "0.01",
    "lot": "1",
}  # fmt: skip
_MARK = {
    "instrument": "AAPL", "at": 1_780_000_000_000_000_000, "bid": "100.99", "ask": "101.01", "last": "101",
    "source": "bars",
}  # fmt: skip

ROUTES = (
    Route(
        "GET", "/v1/status", "status", "Whether the guard trades, what stops it, what waits.", "world", ANYONE,
        Look("status"), answer=s.Status,
    ),
    Route(
        "GET", "/v1/health", "health", "Every check of the guard, and what to do where one fails.", "world", ANYONE,
        Look("health"), answer=s.Health,
    ),
    Route(
        "GET", "/v1/instruments", "list_instruments", "What is traded, and what is known of it now.", "world", ANYONE,
        Look("instruments", page=("name",)), s.InstrumentQuery, answer=Items[s.InstrumentRow],
    ),
    Route(
        "POST", "/v1/instruments", "add_instrument", "Add an instrument, or give a known one new terms.",
        "world", OPERATORS, Enter(lambda p, b: c.AddInstrument(instrument=b.instrument)), body=s.NewInstrument,
        example={"instrument": _AAPL},
    ),
    Route(
        "GET", "/v1/instruments/{instrument}", "show_instrument", "Show one instrument.", "world", ANYONE,
        Do(show_instrument), s.OneInstrument, answer=s.InstrumentRow,
    ),
    Route(
        "GET", "/v1/marks", "list_marks", "The last journalled mark of each instrument.", "world", ANYONE,
        Look("marks", page=("instrument",)), Paged, answer=Items[s.MarkRow],
    ),
    Route(
        "POST", "/v1/marks", "give_marks", "Give the marks and exchange rates that a feed saw.",
        "world", ("feed", "operator"), Do(give_marks), body=s.Marks, answer=s.Taken, example={"marks": [_MARK]},
        remembered=False,
    ),
    Route(
        "GET", "/v1/unfit", "list_unfit", "Instruments whose price is not to be trusted; nothing opens in them.",
        "world", ANYONE, Look("unfit", page=("instrument",)), Paged, answer=Items[s.UnfitRow],
    ),
    Route(
        "GET", "/v1/feeds", "list_feeds", "What each source of prices says, and how long ago.", "world", ANYONE,
        Do(feeds), answer=Items[s.Feed],
    ),
    Route(
        "GET", "/v1/sessions", "list_sessions", "The days that are known of each time zone.", "world", ANYONE,
        Look("sessions", page=("zone",)), Paged, answer=Items[s.Session],
    ),
    Route(
        "GET", "/v1/facts", "list_facts", "The outside facts that rules read.", "world", READERS, Look("facts"),
        answer=s.Facts,
    ),
    Route(
        "POST", "/v1/facts", "give_fact", "Give one outside fact: a volume, a locate, a calendar, a resolution.",
        "world", OPERATORS, Enter(lambda p, b: b.fact), body=s.NewFact,
        example={"fact": {"kind": "set_volume", "instrument": "AAPL", "average_daily": "50000000"}},
    ),
    Route(
        "GET", "/v1/reconcile", "list_reconciled", "How each connection's book and venue agree.", "world", READERS,
        Look("drifts", page=("connection",)), Paged, answer=Items[s.Reconciled],
    ),
    Route(
        "GET", "/v1/reconcile/{connection}", "show_reconciled", "How one connection's book and venue agree.",
        "world", READERS, Do(show_reconciled), OneConnection, answer=s.Reconciled,
    ),
    Route(
        "POST", "/v1/reconcile/{connection}/ask", "ask_venue", "Ask a venue now what a connection holds.",
        "world", OPERATORS, Enter(lambda p, b: c.Ask(connection=p.connection)), OneConnection,
    ),
    Route(
        "POST", "/v1/reconcile/{connection}/adopt", "adopt", "Decide what is true where book and venue differ.",
        "world", OPERATORS, Enter(_adopt), OneConnection, s.Decision,
        example={"truth": "venue", "why": "closed by hand at the broker", "shown": "0123456789ab"},
    ),
)  # fmt: skip
