"""Rows of orders: submit and dry run, list, show, why, replace, cancel."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec

from remit.doors.http.call import Call, Entry
from remit.doors.http.paging import cursor_of, key_of
from remit.doors.http.problem import Problem
from remit.doors.http.shapes import orders as s
from remit.doors.http.shapes.base import Entered, Items
from remit.doors.http.table import TOLD, TRADERS, Do, Enter, Look, Route
from remit.kernel import command as c
from remit.kernel.order import OrderIntent


class _Verdict(msgspec.Struct, frozen=True):
    verdict: str
    order: str


class _Decided(msgspec.Struct, frozen=True):
    """`shapes.orders.Decided` on its way out: the decision goes as the guard wrote it."""

    verdict: str
    order: str | None
    seq: int | None
    at: int | None
    repeated: bool
    preview: bool
    until: int | None
    decision: msgspec.Raw


class _Reserved(msgspec.Struct, frozen=True):
    event: str
    until: int = 0


class _Previewed(msgspec.Struct, frozen=True):
    decision: msgspec.Raw


class _Place(msgspec.Struct, frozen=True):
    order: str
    at: int


_places = msgspec.json.Decoder(_Place)
_verdicts = msgspec.json.Decoder(_Verdict)
_reserved = msgspec.json.Decoder(_Reserved)
_previews = msgspec.json.Decoder(_Previewed)
_firsts = msgspec.json.Decoder(Entry)


async def submit(call: Call) -> bytes:
    """Propose an order, or say what would be decided of it."""
    intent = await _intent(call)
    if call.params.preview in ("", "true"):
        decision = _previews.decode(await call.preview(c.Submit(intent=intent))).decision
        verdict = _verdicts.decode(decision).verdict
        return msgspec.json.encode(_Decided(verdict, None, None, None, False, True, None, decision))
    return decided(await call.enter(c.Submit(intent=intent), call.body.thought))


async def _intent(call: Call) -> OrderIntent:
    """Return what is proposed, with what a caller may leave out: its id, its agent, its only connection, now."""
    body: s.PlaceOrder = call.body
    if call.key and body.id not in (None, call.key):
        raise Problem("not_valid", "the Idempotency-Key is not the order's id", "Send one of them, or the same twice")
    agent, connection = body.agent, body.connection
    if agent is None or connection is None:
        agent, connection = await _placed(call, agent, connection)
    said = {name: getattr(body, name) for name in _SAID}
    said["type"] = body.type or ("market" if body.limit_price is None else "limit")
    at = time.time_ns() if body.created_at is None else body.created_at
    name = body.id or call.key or f"http-{secrets.token_hex(8)}"
    try:  # each field was read as its own type already
        return OrderIntent(id=name, agent=agent, connection=connection, created_at=at, **said)
    except ValueError as fault:
        raise Problem("not_valid", str(fault), "Correct it") from None


_SAID = tuple(
    name
    for name in s.PlaceOrder.__struct_fields__
    if name not in ("id", "agent", "connection", "created_at", "thought")
)


async def _placed(call: Call, agent: str | None, connection: str | None) -> tuple[str, str]:
    """Return the agent that the token stands for, and its only connection, where they were left out."""
    if agent is None:
        agent = str((await call.read("self"))["agent"])
        if not agent:
            raise Problem("not_valid", "agent is missing: this token stands for none", "Say for which agent")
    if connection is None:
        found = [row["connection"] for row in await call.read("grants", agent=agent)]
        if len(found) != 1:
            said = f"the agent has {len(found)} connections" if found else "no connection is granted to the agent"
            raise Problem("not_valid", f"connection is missing: {said}", "Say which", more={"connections": found})
        connection = str(found[0])
    return agent, connection


async def list_orders(call: Call) -> bytes:
    """Return a page of orders, latest first."""
    asked: s.OrderQuery = call.params
    chosen = {name: getattr(asked, name) for name in ("agent", "client", "instrument", "state", "live")}
    if asked.cursor is not None:
        at, order = key_of(asked.cursor, 2)
        if type(at) is not int or not isinstance(order, str):
            raise Problem("not_valid", "this is no cursor of this list", "Take `next` of the page before")
        chosen |= {"before_at": at, "before": order}
    rows = msgspec.json.decode(await call.raw("orders", limit=asked.limit, **chosen), type=list[msgspec.Raw])
    last = _places.decode(rows[-1]) if len(rows) == asked.limit else None
    return msgspec.json.encode({"items": rows, "next": None if last is None else cursor_of((last.at, last.order))})


def decided(entry: Entry) -> bytes:
    """Return the answer of a proposal; the first answer where this one repeats it."""
    repeated = bool(bytes(entry.first))
    if repeated:
        entry = _firsts.decode(entry.first)
    if not bytes(entry.decision):
        raise Problem("no_decision", "this id was refused before, with no decision", "Propose it under a new id")
    found = _verdicts.decode(entry.decision)
    until = None
    if found.verdict == "hold":
        moments = [_reserved.decode(event) for event in entry.events]
        until = next((moment.until for moment in moments if moment.event == "reserved"), None)
    seq, at = entry.command.seq, entry.command.at
    return msgspec.json.encode(_Decided(found.verdict, found.order, seq, at, repeated, False, until, entry.decision))


async def replace(call: Call) -> bytes:
    """Propose new terms for a working order."""
    body: s.Terms = call.body
    if call.key and body.id not in (None, call.key):
        raise Problem("not_valid", "the Idempotency-Key is not the replace's id", "Send one of them, or the same twice")
    name = body.id or call.key or f"http-{secrets.token_hex(8)}"
    sent = c.Replace(id=name, order=call.params.order, quantity=body.quantity, limit_price=body.limit_price)
    return decided(await call.enter(sent))


async def cancel_all(call: Call) -> s.Cancelled:
    """Cancel all live orders that fit; one that is refused does not keep the others back."""
    found = await call.read("orders", agent=call.body.agent, instrument=call.body.instrument, live=True, limit=1000)
    asked, refused = [], []
    for row in found:
        try:
            await call.enter(c.Cancel(order=row["order"]))
            asked.append(row["order"])
        except Problem as problem:
            refused.append(s.CancelRefused(order=row["order"], code=problem.code, why=problem.message))
    return s.Cancelled(asked=tuple(asked), refused=tuple(refused))


def _cancel(params: Any, body: Any) -> object:
    return c.Cancel(order=params.order)


_EXAMPLE = {"instrument": "AAPL", "side": "buy", "quantity": "10", "limit_price": "101.50", "agent": "momentum"}

ROUTES = (
    Route(
        "POST", "/v1/orders", "submit_order",
        "Propose an order: it is judged, journalled, and only then sent. With `?preview` it is only judged. A denied "
        "order is a normal answer (200) with every finding; so is a hold, which waits for people.",
        "orders", TRADERS, Do(submit), s.Previewing, s.PlaceOrder, s.Decided, _EXAMPLE, remembered=False,
    ),
    Route(
        "GET", "/v1/orders", "list_orders", "List orders, latest first.",
        "orders", TOLD, Do(list_orders), s.OrderQuery, None, Items[s.OrderRow],
    ),
    Route(
        "GET", "/v1/orders/{order}", "show_order", "Show one order, and each entry of the journal that moved it.",
        "orders", TOLD, Look("order"), s.OneOrder, None, s.OrderShown,
    ),
    Route(
        "GET", "/v1/orders/{order}/why", "explain_order",
        "Explain the decision on an order: every rule that did not hold, in words and numbers.",
        "orders", TOLD, Look("explanation"), s.OneOrder, None, s.OrderShown,
    ),
    Route(
        "POST", "/v1/orders/{order}/replace", "replace_order",
        "Propose new terms for a working order: judged anew, at the larger of old and new until the venue confirms.",
        "orders", TRADERS, Do(replace), s.OneOrder, s.Terms, s.Decided, remembered=False,
    ),
    Route(
        "POST", "/v1/orders/{order}/cancel", "cancel_order",
        "Cancel a working order, or withdraw a held one. It always passes for who may touch the order.",
        "orders", TRADERS, Enter(_cancel), s.OneOrder, None, Entered,
    ),
    Route(
        "POST", "/v1/orders/cancel", "cancel_orders",
        "Cancel every live order that the caller may see, or those of one agent or in one instrument.",
        "orders", TRADERS, Do(cancel_all), None, s.CancelMany, s.Cancelled, {"agent": "momentum"},
    ),
)  # fmt: skip
