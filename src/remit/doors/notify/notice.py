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
from remit.kernel.printable import printable
from remit.reports.happened import happened
from remit.reports.story import tell
from remit.reports.told import NOBODY, Placed, Whose

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


class Orders:
    """Who is who, as far as notices need it: of each order what was remembered, of all else nothing."""

    def __init__(self, find: Callable[[str], Placed | None]) -> None:
        self._find = find

    def order(self, order: str) -> Placed | None:
        """What was remembered of an order."""
        return self._find(order)

    def account_of(self, agent: str) -> str:
        """Not remembered."""
        return ""

    def agent_of(self, client: str) -> str:
        """Not remembered."""
        return ""

    def currency_of(self, subject: str) -> str:
        """Not remembered."""
        return ""

    def holder(self, connection: str) -> str:
        """Not remembered."""
        return ""

    def thing(self, kind: str, name: str) -> Whose:
        """Not remembered."""
        return NOBODY


Said = tuple[Kind, str, dict[str, Any]]
"""Kind, type and data of a notice that has no id and no words yet."""


def notices_of(record: Record, orders: Orders) -> list[Notice]:
    """Return what an entry says that people must hear of, in the order in which it happened."""
    found: list[Notice] = []
    for event in record.events:
        said = _said(record, event)
        if said is not None:
            found.append(_notice(record, len(found), said, _words(record, event, said, orders)))
    return found


def order_of(record: Record) -> tuple[str, Placed] | None:
    """Return an order that entered the book with this entry, and what is to be remembered of it."""
    body = record.command.body
    if isinstance(body, c.Submit) and record.decision is not None and record.decision.verdict != "deny":
        intent, order = body.intent, record.decision.order
        whose = Whose(
            agent=intent.agent,
            client=body.client,
            connection=intent.connection,
            instrument=intent.instrument,
            order=order,
        )
        return order, Placed(whose, intent.side, "")
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
    data = {"date": date, **{name: counted.get(name, 0) for name in COUNTED}}
    return _notice(record, -1, ("summary", "day.summary", data), f"{date} (UTC): {told}")


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


def _notice(record: Record, number: int, said: Said, text: str) -> Notice:
    kind, type_, data = said
    digest = hashlib.sha256(encode(record) + b"\0" + str(number).encode()).hexdigest()[:32]
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


def _words(record: Record, event: e.Event, said: Said, orders: Orders) -> str:
    """Return a notice's sentence: the one that stands in every report of this entry."""
    told = next(happened(record, event, orders), None)
    if told is None:  # told by the command or its decision
        told = tell(record, orders)[0]
    text, (_, type_, data) = told.said, said
    if type_ == "order.held":
        people = f"{data['quorum']} people" if data["quorum"] > 1 else "a person"
        return f"{text}. Order {data['order']} waits for {people} until {data['expires_at']}"
    return f"{told.whose.agent}: {text}" if type_ == "order.filled" and told.whose.agent else text


def _said(record: Record, event: e.Event) -> Said | None:
    found = _SAID.get(type(event))
    return None if found is None else found(record, event)


# What happened, for programs


def _halted(record: Record, event: e.HaltRaised) -> Said:
    return "halts", "halt.raised", _plain(event)


def _took(record: Record, event: e.Took) -> Said | None:
    body = record.command.body
    if isinstance(body, c.Resume):
        return "halts", "halt.ended", {"halt": body.halt, "by": record.command.by.name, "why": body.why}
    return None


def _denied(record: Record, event: e.Denied) -> Said | None:
    decision = record.decision
    if decision is None:
        return None
    data = {"order": decision.order, "agent": event.agent, "findings": plain(decision.findings)}
    return "violations", "order.denied", data | _intent(record)


def _reserved(record: Record, event: e.Reserved) -> Said | None:
    decision = record.decision
    if event.state != "held" or decision is None:
        return None
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
    return "approvals", "order.held", data | _intent(record)


def _approved(record: Record, event: e.Approved) -> Said:
    by = record.command.by
    return "approvals", "order.approved", {"order": event.order, "by": by.name, "door": by.door}


def _released(record: Record, event: e.Released) -> Said:
    return "approvals", "order.released", {"order": event.order}


def _moved(record: Record, event: e.Moved) -> Said | None:
    if event.state not in ("declined", "lapsed", "denied"):
        return None
    return "approvals", f"order.{event.state}", {"order": event.order, "why": event.why}


def _booked(record: Record, event: e.Booked) -> Said:
    data = {
        "order": event.order,
        "fill": event.fill,
        "quantity": str(event.quantity),
        "price": str(event.price),
        "fee": str(event.fee),
        "complete": event.complete,
        "late": event.late,
    }
    return "fills", "order.filled", data


def _reversed(record: Record, event: e.Reversed) -> Said:
    return "fills", "fill.reversed", {"order": event.order, "fill": event.fill}


def _drifted(record: Record, event: e.Drifted) -> Said | None:
    if all(one.bucket == "in_transit" for one in event.drifts):
        return None
    return "drift", "book.drifted", _plain(event)


def _crossed(record: Record, event: e.Crossed) -> Said:
    return "limits", f"limit.{event.level}", _plain(event)


def _alarm(record: Record, event: e.Alarm) -> Said:
    return "alarms", "alarm", _plain(event)


_SAID: dict[type, Callable[[Record, Any], Said | None]] = {
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
