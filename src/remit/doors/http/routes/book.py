"""Rows of the book: positions, exposure with headroom, limits that are near, exits."""

from __future__ import annotations

import secrets
from typing import Any

from remit.doors.http.call import Call, entered
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import book as s
from remit.doors.http.shapes.base import Entered, Items, Paged
from remit.doors.http.table import TOLD, TRADERS, Do, Enter, Look, Route
from remit.kernel import command as c


async def set_exit(call: Call) -> bytes:
    """Set an exit on a position."""
    body: s.NewExit = call.body
    if call.key and body.id not in (None, call.key):
        raise Problem("not_valid", "the Idempotency-Key is not the exit's id", "Send one of them, or the same twice")
    name = body.id or call.key or f"http-{secrets.token_hex(8)}"
    where = {"agent": body.agent, "connection": body.connection, "instrument": body.instrument}
    return entered(await call.enter(c.SetExit(id=name, terms=body.terms, **where)))


async def change_exit(call: Call) -> bytes:
    """Give a known exit new terms."""
    name = call.params.exit
    known = await _known(call, name)
    where = {field: known[field] for field in ("agent", "connection", "instrument")}
    return entered(await call.enter(c.SetExit(id=name, terms=call.body.terms, **where)))


async def show_exit(call: Call) -> dict[str, Any]:
    """Return one exit."""
    return await _known(call, call.params.exit)


async def _known(call: Call, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = await call.read("exits")
    for row in found:
        if row["exit"] == name:
            return row
    raise Problem("unknown_exit", f"exit {name} is not known", "See GET /v1/exits")


_TERMS = {"terms": {"legs": [{"kind": "stop_loss", "trigger": "96"}]}}

ROUTES = (
    Route(
        "GET", "/v1/positions", "list_positions", "Positions with cost, value, profit and protection, cash, totals.",
        "book", TOLD, Look("positions"), s.PositionQuery, answer=s.Positions,
    ),
    Route(
        "GET", "/v1/exposure", "show_exposure",
        "Each limit with used, reserved and headroom: the numbers that orders are judged by.",
        "book", TOLD, Look("exposure"), s.SubjectQuery, answer=s.Exposure,
    ),
    Route(
        "GET", "/v1/levels", "list_levels", "Limits that are used to 80 % or more, and those that are exceeded.",
        "book", TOLD, Look("levels", page=("subject", "rule", "per", "of")), Paged, answer=Items[s.Level],
    ),
    Route(
        "GET", "/v1/exits", "list_exits", "Exits: stop-losses, take-profits, trailing stops, and what watches them.",
        "book", TOLD, Look("exits", page=("agent", "instrument", "at", "exit")), s.ExitQuery, answer=Items[s.ExitRow],
    ),
    Route(
        "POST", "/v1/exits", "set_exit", "Set an exit on a position.", "book", TRADERS, Do(set_exit),
        body=s.NewExit, example={"agent": "momentum", "connection": "paper1", "instrument": "AAPL", **_TERMS},
        remembered=False,
    ),
    Route(
        "GET", "/v1/exits/{exit}", "show_exit", "Show one exit.", "book", TOLD, Do(show_exit), s.OneExit,
        answer=s.ExitRow,
    ),
    Route(
        "PUT", "/v1/exits/{exit}", "change_exit", "Give an exit new terms; a person alone may widen a stop.",
        "book", TRADERS, Do(change_exit), s.OneExit, s.NewTerms, Entered, _TERMS,
    ),
    Route(
        "DELETE", "/v1/exits/{exit}", "drop_exit", "Take an exit away; one that bounds a loss, only by a person.",
        "book", TRADERS, Enter(lambda p, b: c.DropExit(exit=p.exit)), s.OneExit,
    ),
)  # fmt: skip
