"""Rows of what only an agent or its client asks: what there is to close, and its own log."""

from __future__ import annotations

from typing import Any

from remit.doors.http.shapes import traders as s
from remit.doors.http.shapes.base import Entered
from remit.doors.http.table import Enter, Look, Route
from remit.kernel import command as c
from remit.kernel.names import Role

OWN: tuple[Role, ...] = ("agent", "client")


def _note(params: Any, body: s.Note) -> object:
    return c.Noted(note=body.note, order=body.order or "")


def _text(body: s.Note) -> str:
    return body.text


ROUTES = (
    Route(
        "GET", "/v1/closing", "list_closing",
        "What closes each of the caller's own open positions. A way out: no capability is needed for it.",
        "book", OWN, Look("closing"), s.ClosingQuery, None, s.Closing,
    ),
    Route(
        "POST", "/v1/notes", "add_note", "Keep a thought, or an error of the agent's own, in its log.",
        "journal", OWN, Enter(_note, _text), None, s.Note, Entered, {"note": "thought", "text": "it rises"},
    ),
)  # fmt: skip
