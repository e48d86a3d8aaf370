"""Views of orders: what lives, and what happened to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.guard.errors import RequestMalformed
from remit.guard.views.looking import Looking, Unknown
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Submit
from remit.kernel.event import Decision, Finding, Record
from remit.kernel.exit import closed_by
from remit.kernel.exit_words import terms_words
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import SCALE, notional_ceil, text
from remit.kernel.order import TERMINAL, Order, OrderIntent
from remit.kernel.rules.said import finding_says
from remit.kernel.rules.sentence import sentence
from remit.kernel.rules.table import BY_NAME
from remit.kernel.state import State

SCAN_MAX = 20_000
"""Journal entries that one question may read."""
LIFE_MAX = 500
"""Entries of one order's life that are told."""

Rows = list[dict[str, Any]]


async def orders(looking: Looking) -> Rows:
    """Live and lately finished orders, latest first; `before` and `before_at` name one that only older ones should
    follow. Denied ones are in the journal alone; `state` denied reads it."""
    agent, client, instrument = looking.word("agent"), looking.word("client"), looking.word("instrument")
    state, limit = looking.word("state"), looking.whole("limit", 1, 1000, 200)
    if state == "denied":
        return _page(looking, await _denied(looking, agent, client, instrument))[:limit]
    book = looking.state
    chosen = [*book.orders.values(), *([] if looking.flag("live") else book.finished.values())]
    rows = [
        order_row(looking, order)
        for order in chosen
        if looking.sees_order(order.agent, order.client)
        and agent in (None, order.agent)
        and client in (None, order.client)
        and instrument in (None, order.instrument)
        and state in (None, order.state)
    ]
    return _page(looking, sorted(rows, key=_place))[:limit]


def _page(looking: Looking, rows: Rows) -> Rows:
    """Return the rows that come after the one that the caller names, if it names one."""
    after = (-looking.whole("before_at", 0, 2**62, 0), looking.word("before") or "")
    return [row for row in rows if _place(row) > after] if "before" in looking.arguments else rows


def _place(row: dict[str, Any]) -> tuple[int, str]:
    return -row["at"], row["order"]


def order_row(looking: Looking, order: Order) -> dict[str, Any]:
    """Return one order of the book: its terms, its state, what it still reserves."""
    average = order.paid * SCALE // order.filled if order.filled else None
    return {
        "order": order.id,
        "intent": order.intent.id,
        "agent": order.agent,
        "client": order.client,
        "connection": order.connection,
        "instrument": order.instrument,
        "side": order.side,
        "type": order.type,
        "quantity": text(order.quantity),
        "filled": text(order.filled),
        "limit_price": None if order.limit_price is None else text(order.limit_price),
        "worst_price": text(order.worst_price),
        "paid_average": None if average is None else text(average),
        "time_in_force": order.time_in_force,
        "exit": exit_of(order.intent),
        "state": order.state,
        "opening": order.opening,
        "worth": text(worth_of(looking.state, order)),
        "currency": looking.state.accounts[order.account].currency,
        "at": order.at,
        "changed_at": order.changed_at,
    }


def exit_of(intent: OrderIntent) -> str:
    """Return the exit that an order brings, in words; empty where it brings none."""
    return "" if intent.exit is None else terms_words(intent.exit)


def worth_of(state: State, order: Order) -> int:
    """Return what is left of an order at the price it counts at, in its account's currency; 0 with no rate for it."""
    unit = state.unit(state.instruments[order.instrument], state.accounts[order.account].currency)
    left = 0 if order.is_terminal else order.remaining
    return 0 if unit is None else notional_ceil(order.counted_price, left, unit)


async def _denied(looking: Looking, agent: str | None, client: str | None, instrument: str | None) -> Rows:
    rows: Rows = []
    start = max(looking.state.seq - SCAN_MAX, 0)
    async for _, entry in looking.entries(start):
        if b'"verdict":"deny"' not in entry:
            continue
        record = decode(Record, entry)
        body, decision = record.command.body, record.decision
        if decision is None or decision.verdict != "deny" or not isinstance(body, Submit):
            continue
        intent = body.intent
        if not looking.sees_order(intent.agent, body.client) or client not in (None, body.client):
            continue
        if agent in (None, intent.agent) and instrument in (None, intent.instrument):
            rows.append(_denied_row(record, body))
    return sorted(rows, key=_place)


def _denied_row(record: Record, body: Submit) -> dict[str, Any]:
    intent, decision = body.intent, record.decision
    assert decision is not None
    return {
        "order": decision.order,
        "intent": intent.id,
        "agent": intent.agent,
        "client": body.client,
        "connection": intent.connection,
        "instrument": intent.instrument,
        "side": intent.side,
        "type": intent.type,
        "quantity": text(intent.quantity),
        "filled": "0",
        "limit_price": None if intent.limit_price is None else text(intent.limit_price),
        "worst_price": text(decision.worst_price),
        "paid_average": None,
        "time_in_force": intent.time_in_force,
        "exit": exit_of(intent),
        "state": "denied",
        "opening": decision.reducing < decision.quantity,
        "worth": text(decision.worth),
        "currency": decision.currency,
        "at": record.command.at,
        "changed_at": record.command.at,
        "rule": next((finding.rule for finding in decision.findings), ""),
    }


# One order's life


async def order(looking: Looking) -> dict[str, Any]:
    """One order from its proposal on: the decision with every finding in words, and each entry that moved it."""
    name = looking.needed("order")
    first, decision, body = await proposal_of(looking, name)
    seq, known = first.command.seq, looking.state.order(name)
    row = _denied_row(first, body) if known is None else order_row(looking, known)
    life, complete = await _life(looking, name, seq, known)
    if known is None and life:
        row["state"] = life[-1]["state"] or row["state"]
    path = looking.state.path(body.intent.agent, body.client) if body.intent.agent in looking.state.agents else ()
    return {
        **row,
        "by": plain(first.command.by),
        "closes": closed_by(body.intent.id) if first.command.by.role == "guard" else "",
        "thought": body.intent.thought,
        "verdict": decision.verdict,
        "decision": plain(decision),
        "findings": [explained(looking, finding, decision.mandates, path) for finding in decision.findings],
        "life": life,
        "complete": complete,
    }


async def proposal_of(looking: Looking, name: str) -> tuple[Record, Decision, Submit]:
    """Return the entry that decided an order, its decision and what was proposed; Unknown, also where the order is not
    the caller's to see."""
    seq = seq_of(name)
    first = await record_at(looking, seq) if seq else None
    if first is not None and first.decision is not None and first.decision.order == name:
        body = first.command.body
        if isinstance(body, Submit) and looking.sees_order(body.intent.agent, body.client):
            return first, first.decision, body
    raise Unknown(f"order {name} is not known", "See `remit order list`")


async def record_at(looking: Looking, seq: int) -> Record | None:
    """Return the record of an entry; None where there is none (any more)."""
    async for _, entry in looking.entries(seq - 1):
        return decode(Record, entry)
    return None


def seq_of(order_id: str) -> int:
    """Return the sequence number of the entry that an order's id names; 0 where it names none."""
    tail = order_id.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdecimal() and len(tail) < 19 else 0


def explained(looking: Looking, finding: Finding, mandates: tuple[str, ...], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return a finding in one plain sentence, with what its rule asks word by word under the limit that was in force,
    and where it is documented."""
    shown: dict[str, Any] = {"retry_after_s": None, **plain(finding), "verdict": finding.verdict, "sentence": ""}
    shown["plain"] = f"{finding_says(finding)}."
    rule = BY_NAME.get(finding.rule)
    if rule is None:
        return shown
    shown["doc"] = f"docs/rules.md#{rule.name}"
    limit, currency = rule.limit, finding.unit
    for of, known in zip(path, mandates, strict=False):
        if of.written != finding.subject:
            continue
        mandate = _mandate_of(looking, of.written, known)
        limit, currency = (None if mandate is None else getattr(mandate, rule.name, None)), of.currency
    if rule.standing or limit is not None:
        shown["sentence"] = sentence(rule, limit, currency)
    return shown


def _mandate_of(looking: Looking, written: str, digest: str) -> Mandate | None:
    versions = looking.state.history.get(written, ())
    return next((version.mandate for version in versions if version.digest == digest), None)


async def _life(looking: Looking, name: str, seq: int, known: Order | None) -> tuple[Rows, bool]:
    """Return each entry that speaks of an order, and whether that is all of them."""
    rows: Rows = []
    written = encode(name)
    async for index, entry in looking.entries(seq - 1):
        if index - seq >= SCAN_MAX or len(rows) >= LIFE_MAX:
            return rows, False
        if written not in entry:
            continue
        record = decode(Record, entry)
        rows += _moves(record, name)
        if known is None and rows and rows[-1]["state"] in TERMINAL:
            return rows, True
        # Several entries may be of the instant at which it ended: only the one that ends it is the last.
        is_late = known is not None and known.is_terminal and record.command.at >= known.changed_at
        if is_late and rows[-1]["state"] in TERMINAL:
            return rows, True
    return rows, True


def _moves(record: Record, name: str) -> Iterator[dict[str, Any]]:
    """Yield what a record did to an order; the command itself where it names the order, then each event that does."""
    asked = record.command
    base = {"seq": asked.seq, "at": asked.at, "by": asked.by.name, "kind": plain(asked.body)["kind"]}
    told = False
    for event in record.events:
        shown = plain(event)
        what = shown.pop("event")
        if shown.pop("order", None) == name or what == "denied":
            state = "denied" if what == "denied" else str(shown.get("state", ""))
            details = {
                key: value for key, value in shown.items() if key not in ("digest", "fingerprint", "agent", "state")
            }
            yield {**base, "event": what, "state": state, **({"details": details} if details else {})}
            told = True
    if not told and getattr(asked.body, "order", "") == name:
        yield {**base, "event": next((plain(event)["event"] for event in record.events), "took"), "state": ""}


def instant_of(looking: Looking, name: str) -> int | None:
    """Return an argument that is a time in nanoseconds; RequestMalformed."""
    value = looking.arguments.get(name)
    if value is not None and (type(value) is not int or value < 0):
        raise RequestMalformed(f"{name} must be a time in nanoseconds", "Correct the argument")
    return value
