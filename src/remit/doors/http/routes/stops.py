"""Rows of what stops trading: halts with review and resume, kills, pauses."""

from __future__ import annotations

from typing import Any

from remit.doors.http.shapes import stops as s
from remit.doors.http.shapes.base import Items, Paged
from remit.doors.http.table import OPERATORS, PERSONS, READERS, TOLD, Enter, Look, Route
from remit.kernel import command as c

OWNERS = (*OPERATORS, "owner")
STOPPERS = (*PERSONS, "owner")


def _kill(params: Any, body: s.NewKill) -> object:
    return c.Halt(subject=body.subject, why=body.why, kill=True, flatten=body.flatten)


_WHO = {"subject": "agent:momentum", "why": "it trades the wrong market"}

ROUTES = (
    Route(
        "GET", "/v1/halts", "list_halts", "Halts in force, latest first, with the steps that end each.",
        "stops", TOLD, Look("halts", page=("-at", "id")), Paged, answer=Items[s.HaltRow],
    ),
    Route(
        "POST", "/v1/halts", "halt", "Halt a subject: latched until a reviewed resume; proven reductions still pass.",
        "stops", STOPPERS, Enter(lambda p, b: c.Halt(subject=b.subject, why=b.why)), body=s.NewHalt, example=_WHO,
    ),
    Route(
        "POST", "/v1/halts/{halt}/review", "review_halt", "Say at which limit a person looked, and why it came.",
        "stops", OWNERS, Enter(lambda p, b: c.Review(halt=p.halt, limit=b.limit, why=b.why)), s.OneHalt, s.NewReview,
    ),
    Route(
        "POST", "/v1/halts/{halt}/resume", "resume_halt", "End a reviewed halt; refused while its limit is breached.",
        "stops", OWNERS, Enter(lambda p, b: c.Resume(halt=p.halt, why=b.why)), s.OneHalt, s.Why,
    ),
    Route(
        "GET", "/v1/kills", "list_kills", "Kills in force: how far each has come at every venue that it reaches.",
        "stops", READERS, Look("kills", page=("-at", "halt", "connection")), Paged, answer=Items[s.KillRow],
    ),
    Route(
        "POST", "/v1/kills", "kill", "Kill a subject: a halt that also cancels whatever works, and may flatten.",
        "stops", STOPPERS, Enter(_kill), body=s.NewKill, example=_WHO,
    ),
    Route(
        "GET", "/v1/pauses", "list_pauses", "Pauses in force, latest first.",
        "stops", TOLD, Look("pauses", page=("-at", "subject")), Paged, answer=Items[s.PauseRow],
    ),
    Route(
        "POST", "/v1/pauses", "pause", "Pause a subject: nothing of it goes out until a person ends the pause.",
        "stops", STOPPERS, Enter(lambda p, b: c.SetPause(subject=b.subject, paused=True, why=b.why)),
        body=s.NewPause, example=_WHO,
    ),
    Route(
        "POST", "/v1/pauses/{subject}/end", "end_pause", "End a pause.", "stops", STOPPERS,
        Enter(lambda p, b: c.SetPause(subject=p.subject, paused=False, why=b.why)), s.OnePause, s.Why,
    ),
)  # fmt: skip
