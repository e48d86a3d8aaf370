"""Notices: what of a journal entry a person must hear of, in plain words with numbers.

Pure: the same entry always gives the same notices, in the same order, so that a restart neither loses nor invents one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode, plain
from remit.kernel.event import Record
from remit.kernel.names import named
from remit.kernel.printable import printable

Kind = Literal["halts", "violations", "approvals", "fills", "drift", "limits", "alarms", "summary"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST_KINDS: tuple[Kind, ...] = ("halts", "approvals", "alarms", "drift", "limits", "summary")
"""What a new channel takes where nothing else is said: what people act on. A busy day has thousands of the others."""


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to tell: `kind` is what channels choose by, `type` what a program reads, `text` what a person reads.

    `id` follows from the entry alone and is the same over all retries and restarts. `at` is journal time in ns.
    """

    id: str
    kind: Kind
    type: str
    seq: int
    at: int
    text: str
    data: dict[str, Any] = {}
    urgent: bool = False


class Known(msgspec.Struct, frozen=True):
    """What is remembered of an order, to say of its fills whose they are."""

    agent: str
    instrument: str
    side: str
    quantity: str

    def __str__(self) -> str:
        return f"{self.agent}: {self.side} {self.quantity} {self.instrument}"


Orders = Callable[[str], Known | None]
"""What is remembered of an order, by its id."""
Said = tuple[Kind, str, str, dict[str, Any]]
"""Kind, type, text and data of a notice that has no id yet."""


def notices_of(record: Record, orders: Orders) -> list[Notice]:
    """Return what an entry says that people must hear of, in the order in which it happened."""
    said = [found for event in record.events if (found := _said(record, event, orders)) is not None]
    return [_notice(record, number, one) for number, one in enumerate(said)]


def order_of(record: Record) -> tuple[str, Known] | None:
    """Return an order that entered the book with this entry, and what is to be remembered of it."""
    body = record.command.body
    if isinstance(body, c.Submit) and record.decision is not None and record.decision.verdict != "deny":
        intent = body.intent
        return record.decision.order, Known(intent.agent, intent.instrument, intent.side, str(record.decision.quantity))
    return None


def ended_in(record: Record) -> list[str]:
    """Return the orders that nothing more is heard of, but late fills, after this entry."""
    ends = ("denied", "declined", "lapsed", "rejected", "cancelled", "expired")
    return [event.order for event in record.events if isinstance(event, e.Moved) and event.state in ends] + [
        event.order for event in record.events if isinstance(event, e.Booked) and event.complete
    ]


def digest_of(record: Record) -> str:
    """Return what names an entry: SHA-256 of its bytes."""
    return hashlib.sha256(encode(record)).hexdigest()


def clock(at: int) -> str:
    """Return an instant in nanoseconds as text: 2026-11-21T14:05:00Z."""
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def summary(record: Record, day: int, counted: Mapping[str, int]) -> Notice:
    """Return what a day (days since the epoch, UTC) brought, told by the first entry after it."""
    date = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
    told = ", ".join(f"{counted.get(name, 0)} {name}" for name in COUNTED)
    said: Said = ("summary", "day.summary", f"{date} (UTC): {told}", {"date": date, **_counts(counted)})
    return _notice(record, -1, said)


COUNTED = ("orders", "denied", "held", "approved", "fills", "halts", "alarms")
"""What a daily summary counts."""


def counts_of(record: Record) -> dict[str, int]:
    """Return what an entry adds to the day's summary."""
    found = dict.fromkeys(COUNTED, 0)
    if isinstance(record.command.body, c.Submit) and record.decision is not None:
        found["orders"] = 1
    for event in record.events:
        name = _COUNTS.get(type(event))
        if name and not (isinstance(event, e.Reserved) and event.state != "held"):
            found[name] += 1
    return {name: count for name, count in found.items() if count}


_COUNTS: dict[type, str] = {
    e.Denied: "denied",
    e.Reserved: "held",
    e.Approved: "approved",
    e.Booked: "fills",
    e.HaltRaised: "halts",
    e.Alarm: "alarms",
}


def _counts(counted: Mapping[str, int]) -> dict[str, int]:
    return {name: counted.get(name, 0) for name in COUNTED}


def _notice(record: Record, number: int, said: Said) -> Notice:
    kind, type_, text, data = said
    written = encode(record)
    digest = hashlib.sha256(written + b"\0" + str(number).encode()).hexdigest()[:32]
    return Notice(
        id=f"msg_{digest}",
        kind=kind,
        type=type_,
        seq=record.command.seq,
        at=record.command.at,
        text=printable(text),
        data=data,
        urgent=kind in ("halts", "approvals", "alarms"),
    )


def _said(record: Record, event: e.Event, orders: Orders) -> Said | None:
    words = _WORDS.get(type(event))
    return None if words is None else words(record, event, orders)


# What happened, in words


def _halted(record: Record, event: e.HaltRaised, orders: Orders) -> Said:
    at = f" at {event.actual}" if event.actual else ""
    limit = f", limit {event.limit}" if event.limit else ""
    why = f": {event.why}" if event.why else ""
    text = f"HALT of {event.subject} ({event.cause}) by {event.rule}{at}{limit}{why}"
    return "halts", "halt.raised", text, _plain(event)


def _took(record: Record, event: e.Took, orders: Orders) -> Said | None:
    body, by = record.command.body, record.command.by.name
    if isinstance(body, c.Resume):
        return "halts", "halt.ended", f"{body.halt} was ended by {by}: {body.why}", {"halt": body.halt, "by": by}
    return None


def _denied(record: Record, event: e.Denied, orders: Orders) -> Said | None:
    decision = record.decision
    if decision is None:
        return None
    broken = [f"{_finding(one)} ({one.subject})" for one in decision.findings if one.verdict == "deny"]
    data = {"order": decision.order, "agent": event.agent, "findings": plain(decision.findings)} | _intent(record)
    return "violations", "order.denied", f"Denied: {_wanted(record, event.agent)}. {named(broken)}", data


def _reserved(record: Record, event: e.Reserved, orders: Orders) -> Said | None:
    decision = record.decision
    if event.state != "held" or decision is None:
        return None
    asked = [_finding(one) for one in decision.findings if one.verdict == "hold"]
    people = f"{event.quorum} people" if event.quorum > 1 else "a person"
    text = (
        f"{people} must approve until {clock(event.until)}: {_wanted(record, '')}, worth {decision.worth} "
        f"{decision.currency} at worst. {named(asked)}. Order {event.order}"
    )
    data = {
        "order": event.order,
        "digest": event.digest,
        "expires_at": clock(event.until),
        "quorum": event.quorum,
        "confirm": event.confirm,
        "decided_quantity": str(decision.quantity),
        "worst_price": str(decision.worst_price),
        "worth": str(decision.worth),
        "currency": decision.currency,
        "reducing": str(decision.reducing),
        "findings": plain(decision.findings),
    }
    return "approvals", "order.held", text[0].upper() + text[1:], data | _intent(record)


def _approved(record: Record, event: e.Approved, orders: Orders) -> Said:
    data = {"order": event.order, "by": record.command.by.name, "door": record.command.by.door}
    return "approvals", "order.approved", f"{event.person} approved {_named(event.order, orders)}", data


def _released(record: Record, event: e.Released, orders: Orders) -> Said:
    text = f"{_named(event.order, orders)} was approved and goes out"
    return "approvals", "order.released", text, {"order": event.order}


def _moved(record: Record, event: e.Moved, orders: Orders) -> Said | None:
    if event.state not in ("declined", "lapsed", "denied"):
        return None
    text = f"{_named(event.order, orders)} is {event.state}" + (f": {event.why}" if event.why else "")
    return "approvals", f"order.{event.state}", text, {"order": event.order, "why": event.why}


def _booked(record: Record, event: e.Booked, orders: Orders) -> Said:
    known = orders(event.order)
    what = f"{known.agent}: {known.side} {event.quantity} {known.instrument}" if known else f"{event.quantity}"
    text = f"Filled: {what} at {event.price}, fee {event.fee} (order {event.order})" + (", late" if event.late else "")
    data = {
        "order": event.order,
        "fill": event.fill,
        "quantity": str(event.quantity),
        "price": str(event.price),
        "fee": str(event.fee),
        "complete": event.complete,
        "late": event.late,
    }
    if known:
        data |= {"agent": known.agent, "instrument": known.instrument, "side": known.side}
    return "fills", "order.filled", text, data


def _reversed(record: Record, event: e.Reversed, orders: Orders) -> Said:
    text = f"The venue took back the fill {event.fill} of {_named(event.order, orders)}"
    return "fills", "fill.reversed", text, {"order": event.order, "fill": event.fill}


def _drifted(record: Record, event: e.Drifted, orders: Orders) -> Said | None:
    shown = [one for one in event.drifts if one.bucket != "in_transit"]
    if not shown:
        return None
    told = named([f"{one.kind} {one.item}: book {one.book}, venue {one.venue} ({one.bucket})" for one in shown])
    more = f"; {event.more} more" if event.more else ""
    data = {"connection": event.connection, "drifts": plain(event.drifts), "more": event.more}
    return "drift", "book.drifted", f"{event.connection} differs from its venue: {told}{more}", data


def _crossed(record: Record, event: e.Crossed, orders: Orders) -> Said:
    where = f" in {event.dimension} {event.group}" if event.group else ""
    stands = {"near": "is above 80 % of its limit", "over": "is over its limit", "back": "is below 75 % again"}
    text = f"{event.subject}: {event.rule}{where} {stands[event.level]}: {event.actual} of {event.limit} {event.unit}"
    return "limits", f"limit.{event.level}", text, _plain(event)


def _alarm(record: Record, event: e.Alarm, orders: Orders) -> Said:
    return "alarms", "alarm", f"Alarm {event.code}: {event.why}", {"code": event.code, "why": event.why}


_WORDS: dict[type, Callable[[Record, Any, Orders], Said | None]] = {
    e.HaltRaised: _halted,
    e.Took: _took,
    e.Denied: _denied,
    e.Reserved: _reserved,
    e.Approved: _approved,
    e.Released: _released,
    e.Moved: _moved,
    e.Booked: _booked,
    e.Reversed: _reversed,
    e.Drifted: _drifted,
    e.Crossed: _crossed,
    e.Alarm: _alarm,
}


def _plain(event: e.Event) -> dict[str, Any]:
    return {name: value for name, value in plain(event).items() if name != "event"}


def _finding(one: e.Finding) -> str:
    return f"{one.rule} is {one.actual}, limit {one.limit} {one.unit}".rstrip()


def _named(order: str, orders: Orders) -> str:
    known = orders(order)
    return f"Order {order}" + (f" ({known})" if known else "")


def _wanted(record: Record, agent: str) -> str:
    """Return what was asked for, in words."""
    body = record.command.body
    if isinstance(body, c.Submit):
        intent = body.intent
        price = f"at {intent.limit_price}" if intent.limit_price is not None else "at the market"
        return f"{intent.agent} wants to {intent.side} {intent.quantity} {intent.instrument} {price}"
    if isinstance(body, c.Replace):
        return f"{agent} wants {body.quantity} at {body.limit_price} of order {body.order}"
    return agent


def _intent(record: Record) -> dict[str, Any]:
    body = record.command.body
    if not isinstance(body, c.Submit):
        return {}
    intent = body.intent
    return {
        "agent": intent.agent,
        "client": body.client,
        "connection": intent.connection,
        "instrument": intent.instrument,
        "side": intent.side,
        "type": intent.type,
        "quantity": str(intent.quantity),
        "limit_price": None if intent.limit_price is None else str(intent.limit_price),
        "reduce": intent.reduce,
    }
