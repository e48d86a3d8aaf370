"""Pages: a list of the guard's, cut after a row that the caller has seen. A cursor says where that row stands in the
list's own order, so that rows that come or go meanwhile neither repeat nor hide others."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from remit.doors.http.problem import Problem

Key = tuple[Any, ...]


def page_of(raw: bytes, by: tuple[str, ...], params: Any) -> bytes:
    """Return the page of a list that `params` (a Paged) asks for, as JSON; Problem `not_valid` for a foreign cursor.

    `by` names the fields that the list is in order of, `-` before one that falls.
    """
    rows: list[dict[str, Any]] = msgspec.json.decode(raw)
    start = 0
    if params is not None and params.cursor is not None:
        after = key_of(params.cursor, len(by))
        try:
            start = next((at for at, row in enumerate(rows) if _key(row, by) > after), len(rows))
        except TypeError:
            raise _foreign() from None
    limit = len(rows) if params is None else params.limit
    rows, more = rows[start : start + limit], len(rows) > start + limit
    following = cursor_of(_key(rows[-1], by)) if more else None
    return msgspec.json.encode({"items": rows, "next": following})


def cut_of(raw: bytes, name: str, params: Any) -> bytes:
    """Return the page of a list that is in no order of its fields: after the row whose field `name` the cursor says.

    Problem `not_valid` where there is no such row any more.
    """
    rows: list[dict[str, Any]] = msgspec.json.decode(raw)
    start = 0
    if params.cursor is not None:
        after = key_of(params.cursor, 1)[0]
        start = next((at + 1 for at, row in enumerate(rows) if row[name] == after), -1)
        if start < 0:
            raise _foreign()
    page, more = rows[start : start + params.limit], len(rows) > start + params.limit
    return msgspec.json.encode({"items": page, "next": cursor_of((page[-1][name],)) if more else None})


def cursor_of(key: Key) -> str:
    """Return the cursor that stands for a place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def key_of(cursor: str, length: int) -> Key:
    """Return the place that a cursor stands for; Problem `not_valid`."""
    try:
        key = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=tuple[Any, ...])
    except (binascii.Error, ValueError):
        raise _foreign() from None
    if len(key) != length:
        raise _foreign()
    return key


def _key(row: dict[str, Any], by: tuple[str, ...]) -> Key:
    return tuple(-row[name[1:]] if name[0] == "-" else row[name] for name in by)


def _foreign() -> Problem:
    return Problem("not_valid", "this is no cursor of this list", "Take `next` of the page before")
