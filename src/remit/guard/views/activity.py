"""Views of the book and of the journal: positions, cash, and what happened."""

from __future__ import annotations

from typing import Any

from remit.guard.errors import RequestMalformed
from remit.guard.protection import protection_for
from remit.guard.views.looking import Looking
from remit.guard.views.orders import SCAN_MAX, instant_of
from remit.kernel.book import Cell
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Submit
from remit.kernel.event import Record
from remit.kernel.names import subject
from remit.kernel.numbers import text
from remit.kernel.state import Subject

LOG_MAX = 1000
LOG_BYTES_MAX = 400_000
"""An answer fits into one frame."""


def positions(looking: Looking) -> dict[str, Any]:
    """Positions, cash and totals: of one `subject`, or `by` account (default), agent or firm; a trader sees its own."""
    chosen = _chosen(looking)
    names = {of.written for of in chosen}
    cells = [cell for (written, _, _), cell in sorted(looking.state.cells.items()) if written in names and cell.active]
    return {
        "positions": [_position(looking, cell) for cell in cells],
        "cash": _cash(looking, chosen),
        "totals": [_total(of) for of in chosen],
    }


def _chosen(looking: Looking) -> list[Subject]:
    written, by = looking.word("subject"), looking.word("by")
    if written is not None:
        return looking.subjects(written)
    if by is not None and by not in ("firm", "account", "agent", "client"):
        raise RequestMalformed(f"{by!r} is no scope", "Take firm, account, agent or client")
    scope = (by or "account") if looking.sees_all or looking.owner else looking.by.role
    return [of for of in looking.subjects(None) if of.scope == scope]


def _position(looking: Looking, cell: Cell) -> dict[str, Any]:
    instrument, of = looking.state.instruments[cell.instrument], looking.state.subjects[cell.subject]
    held = abs(cell.quantity)
    mark = looking.state.marks.get(cell.instrument)
    confirmed = looking.state.confirmed.get((cell.connection, cell.instrument))
    return {
        "subject": cell.subject,
        "connection": cell.connection,
        "instrument": cell.instrument,
        "market": instrument.market_name,
        "quantity": text(cell.quantity),
        "currency": of.currency,
        "cost": text(cell.cost),
        "cost_average": text(cell.cost * 10**18 // held) if held else None,
        "mark": None if mark is None else text(mark.last),
        "value": text(cell.value),
        "unrealised": text(cell.unrealised),
        "realised": text(cell.realised),
        "fees": text(cell.fees),
        "buying": text(cell.buy_quantity),
        "selling": text(cell.sell_quantity),
        "orders": cell.orders,
        "confirmed": None if confirmed is None else text(confirmed),
        "protection": protection_for(looking.state, cell.subject, cell.connection, cell.instrument),
    }


def _cash(looking: Looking, chosen: list[Subject]) -> list[dict[str, Any]]:
    state = looking.state
    if not (looking.sees_all or looking.owner):
        return []  # cash belongs to the connection, which other agents may share
    accounts = {of.name for of in chosen if of.scope == "account"}
    everything = any(of.scope == "firm" for of in chosen)
    return [
        {
            "connection": connection,
            "currency": currency,
            "amount": text(cash.amount),
            "reserved": text(cash.reserved),
            "free": text(cash.free),
        }
        for (connection, currency), cash in sorted(state.cash.items())
        if everything or state.connections[connection].account in accounts
    ]


def _total(of: Subject) -> dict[str, Any]:
    total = of.total
    shown = {
        "subject": of.written,
        "currency": of.currency,
        "value": text(total.value),
        "pnl": text(total.pnl),
        "pnl_today": text(total.pnl - total.day_base),
        "drawdown": text(total.high_water - total.pnl),
        "fees": text(total.fees),
        "gross": text(total.gross),
        "positions": total.positions,
    }
    return {**shown, "equity": text(total.equity)} if of.scope in ("firm", "account") else shown


async def log(looking: Looking) -> dict[str, Any]:
    """Entries of the journal in order. Without `from` the last `limit` that fit the filters, of the last 20,000.

    `next` is where to ask on, or None at the end; `kind` is a command's kind or an event's, `since` a time in ns.
    """
    limit = looking.whole("limit", 1, LOG_MAX, 100)
    last = looking.whole("to", 0, 2**62, looking.state.seq)
    asked = looking.arguments.get("from")
    start = max(looking.state.seq - SCAN_MAX, 0) + 1 if asked is None else looking.whole("from", 1, 2**62, 1)
    found: list[tuple[Any, int]] = []
    held = 0
    following = None
    async for index, entry in looking.entries(start - 1):
        if index + 1 > last:
            break
        if index + 1 - start >= SCAN_MAX or (asked is not None and (len(found) >= limit or held > LOG_BYTES_MAX)):
            following = index + 1
            break
        record = _fitting(looking, entry)
        if record is None:
            continue
        found.append((plain(record), len(entry)))
        held += len(entry)
        while asked is None and (len(found) > limit or held > LOG_BYTES_MAX) and len(found) > 1:
            held -= found.pop(0)[1]
    return {"entries": [record for record, _ in found], "next": following}


def _fitting(looking: Looking, entry: bytes) -> Record | None:
    """Return the record of an entry that the filters let through and the caller may see."""
    agent, order, kind = looking.word("agent"), looking.word("order"), looking.word("kind")
    since = instant_of(looking, "since")
    # Looking for the bytes first: most entries are not asked for, and reading them all would keep orders waiting.
    for wanted in (agent, order, kind):
        if wanted is not None and encode(wanted) not in entry:
            return None
    record = decode(Record, entry)
    shown = None if since is not None and record.command.at < since else looking.shown(record)
    if shown is None:
        return None
    record = shown
    if kind is not None and kind not in kinds_of(record):
        return None
    if agent is not None and not _of_agent(looking, record, agent):
        return None
    return record


def kinds_of(record: Record) -> set[str]:
    """Return the kind of a record's command and of each of its events."""
    return {plain(record.command.body)["kind"], *(plain(event)["event"] for event in record.events)}


def _of_agent(looking: Looking, record: Record, agent: str) -> bool:
    body = record.command.body
    if isinstance(body, Submit):
        return body.intent.agent == agent
    known = looking.state.order(str(getattr(body, "order", "")))
    if known is not None:
        return known.agent == agent
    if getattr(body, "subject", "") == subject("agent", agent) or record.command.by.name == agent:
        return True
    named = getattr(body, "agent", None)
    return agent in (named, getattr(named, "name", None))
