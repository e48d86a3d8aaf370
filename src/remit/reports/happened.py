"""Words of events: what followed from an entry, each in one plain sentence with its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.halt_words import stopped_because
from remit.kernel.names import subject
from remit.kernel.rules.said import numbers_apart, span, subject_words, title, told_apart
from remit.kernel.rules.table import BY_NAME
from remit.kernel.rules.unit import MONEY
from remit.reports.told import NOBODY, Book, Kind, Told, Whose, whose_agent, whose_order, whose_subject
from remit.reports.words import PLACES, at_words, drift_words, figure, money

TOLD_ALREADY = (e.Took, e.Refused, e.Repeated, e.Denied, e.Reserved, e.Quoted, e.Sweep, e.LookCut, e.Strange)
"""Told by the command or the decision, or nothing that a person looks for."""
HELD_ENDS = ("lapsed", "declined")
STATES = {
    "allowed": "may go out",
    "held": "waits for people",
    "sent": "was sent to the venue",
    "acked": "is at the venue",
    "rejected": "was rejected by the venue",
    "unknown": "has an unknown outcome",
    "partial": "is partly filled",
    "pending_replace": "waits for its new terms",
    "pending_cancel": "waits to be cancelled",
    "filled": "is filled",
    "cancelled": "was cancelled",
    "expired": "ran out at the venue",
    "lapsed": "lapsed",
    "declined": "was declined",
    "denied": "was denied",
}
"""What an order does or has behind it in each state."""
LEVELS = {"near": "is near its limit", "over": "is over its limit", "back": "is back within its limit"}


def happened(record: Record, event: e.Event, book: Book) -> Iterator[Told]:
    """Yield what one event of a record says; nothing where the command has said it already."""
    if isinstance(event, TOLD_ALREADY):
        return
    match event:
        case e.Moved() | e.CancelAsked() | e.ReplaceAsked() | e.ReplaceSettled() | e.Approved() | e.Released():
            yield _order(record, event, book)
        case e.PreapprovalUsed():
            said = f"order {event.order} goes out by preapproval {event.preapproval}: {money(event.worth)} of it used"
            yield Told("approval", said, whose_order(book, event.order), event.preapproval)
        case e.Booked():
            yield _filled(event, book)
        case e.HaltRaised():
            yield _halted(event, book)
        case e.Crossed():
            where = f" in {event.group}" if event.group else ""
            limit, actual = told_apart(event.limit, event.actual, event.unit)
            what = f"{title(event.rule)} of {subject_words(event.subject)}{where}"
            line = f"{what} {LEVELS[event.level]}: {actual} of {limit}"
            yield Told("limit", line, whose_subject(book, event.subject), event.rule)
        case e.ExitSet() | e.ExitArmed() | e.ExitTriggered() | e.ExitEnded():
            yield _exit(record, event, book)
        case e.Alarm():
            yield Told("guard", f"ALARM {event.code}: {event.why}", NOBODY, event.code)
        case e.SessionRolled():
            yield Told("fact", f"a day begins in {event.zone}: day counters start anew")
        case e.Drifted() | e.Silent() | e.Corrected() | e.Kept() | e.Reversed():
            yield _differs(event, book)
        case e.Asked():
            whose = whose_order(book, event.order) if event.order else _of(book, event.connection)
            about = f"what became of order {event.order}" if event.order else "what it holds"
            yield Told("guard", f"{event.connection or 'the venue'} is asked {about}", whose)
        case e.CancelAllAsked():
            yield Told("halt", f"{event.connection} is told to cancel everything", _of(book, event.connection))
        case e.Armed():
            does = "no longer cancels anything by itself"
            if event.after_s:
                does = f"cancels everything by itself unless it hears from the guard within {span(event.after_s)}"
            yield Told("guard", f"{event.connection} {does}", _of(book, event.connection))
        case e.Proposed() | e.Spent() | e.CallbackUsed():
            yield Told("mandate" if isinstance(event, e.Proposed) else "guard", _beside(event), _named(event, book))
        case _:
            assert_never(event)


def _beside(event: e.Proposed | e.Spent | e.CallbackUsed) -> str:
    """Return what followed beside orders: a change that waits, a model call that counts, a page that answered."""
    match event:
        case e.Proposed():
            until = at_words(event.until)
            return f"change {event.proposal} waits for a second person until {until}; it is not in force"
        case e.CallbackUsed():
            return f"the approval page with the key {event.callback} was heard"
        case e.Spent():
            if event.amount is None:
                return f"model call {event.spend} has no known price: it counts as more than every budget"
            return f"model call {event.spend} counts {money(event.amount)} against budgets ({event.state})"


def _order(
    record: Record,
    event: e.Moved | e.CancelAsked | e.ReplaceAsked | e.ReplaceSettled | e.Approved | e.Released,
    book: Book,
) -> Told:
    whose, name = whose_order(book, event.order), event.order
    match event:
        case e.Moved():
            code = getattr(record.command.body, "code", "") if event.state == "rejected" else ""
            said = f"order {name} {STATES.get(event.state, title(event.state))}" + (f", {code}" if code else "")
            said += f": {event.why}" if event.why else ""
            return Told("approval" if event.state in HELD_ENDS else "order", said, whose, event.state)
        case e.CancelAsked():
            return Told("order", f"a cancel of order {name} goes out" + (f": {event.why}" if event.why else ""), whose)
        case e.ReplaceAsked():
            said = f"new terms of order {name} go out: {figure(event.quantity)} at {figure(event.limit_price)}"
            return Told("order", said, whose)
        case e.ReplaceSettled():
            return Told("order", f"order {name} works on its {'new' if event.taken else 'old'} terms", whose)
        case e.Approved():
            return Told("approval", f"{event.person} approved order {name}", whose)
        case _:
            return Told("approval", f"order {name} was judged again and let out", whose)


def _halted(event: e.HaltRaised, book: Book) -> Told:
    """Return what was halted, why, and by which numbers; money is the subject's own."""
    whose, rule = whose_subject(book, event.subject), BY_NAME.get(event.rule)
    because, why = stopped_because(event.cause, event.rule), f": {event.why}" if event.why else ""
    numbers = ""
    if event.limit:
        unit = "" if rule is None else rule.unit.name
        if rule is not None and rule.unit is MONEY:
            unit = book.currency_of(subject("account", whose.account) if whose.account else event.subject)
        limit, actual = told_apart(event.limit, event.actual, unit)
        if rule is not None and rule.unit is MONEY and not unit:  # to the hundredth all the same
            limit, actual = numbers_apart(event.limit, event.actual, PLACES)
        numbers = f" ({actual}; the limit is {limit})"
    said = f"HALT of {subject_words(event.subject)}: {because}{numbers}, halt {event.halt}{why}"
    return Told("halt", said, whose, event.rule)


def _filled(event: e.Booked, book: Book) -> Told:
    placed, whose = book.order(event.order), whose_order(book, event.order)
    verb = "traded" if placed is None else "bought" if placed.side == "buy" else "sold"
    currency = "" if placed is None or not placed.currency else f" {placed.currency}"
    said = f"{verb} {figure(event.quantity)} {whose.instrument} at {figure(event.price)}{currency} each"
    said += f", fee {money(event.fee)}{currency}" if event.fee else ""
    said += ", which completes it" if event.complete else ""
    said += ", late: the order was over" if event.late else ""
    return Told("fill", f"{said} (order {event.order})", whose, event.fill)


def _exit(record: Record, event: e.ExitSet | e.ExitArmed | e.ExitTriggered | e.ExitEnded, book: Book) -> Told:
    body = record.command.body
    match event:
        case e.ExitSet():
            if event.order:
                line = f"exit {event.exit} waits for the fills of order {event.order}"
                return Told("exit", line, whose_order(book, event.order))
            whose = book.thing("exit", event.exit)
            if isinstance(body, c.SetExit):
                whose = whose_agent(
                    book, body.agent, body.client, connection=body.connection, instrument=body.instrument
                )
            return Told("exit", f"exit {event.exit} is in the book", whose)
        case e.ExitArmed():
            said = f"exit {event.exit} protects {figure(event.quantity)} and watches from {figure(event.price)}"
        case e.ExitTriggered():
            leg, at = title(event.leg), figure(event.price)
            said = f"the {leg} of exit {event.exit} was touched at {at}: {figure(event.quantity)} close"
        case e.ExitEnded():
            said = f"exit {event.exit} is over: {event.why}"
    return Told("exit", said, book.thing("exit", event.exit))


def _differs(event: e.Drifted | e.Silent | e.Corrected | e.Kept | e.Reversed, book: Book) -> Told:
    kind: Kind = "drift"
    match event:
        case e.Drifted():
            more = f"; and {event.more} more" if event.more else ""
            found = "; ".join(drift_words(drift) for drift in event.drifts) or "nothing"
            return Told(kind, f"{event.connection} differs: {found}{more}", _of(book, event.connection))
        case e.Silent():
            return Told(
                kind, f"{event.connection} gave no account of what it holds: {event.why}", _of(book, event.connection)
            )
        case e.Corrected():
            by = figure(event.change)
            said = f"the book of {event.connection} was corrected: {event.kind} {event.item} by {by}"
            return Told(kind, said, _of(book, event.connection, event.agent))
        case e.Kept():
            by = figure(event.difference)
            said = f"the book of {event.connection} stays: {event.kind} {event.item} may differ by {by}"
            return Told(kind, said, _of(book, event.connection))
        case e.Reversed():
            return Told(
                "fill",
                f"the venue took fill {event.fill} back (order {event.order})",
                whose_order(book, event.order),
                event.fill,
            )


def _of(book: Book, connection: str, agent: str = "") -> Whose:
    return Whose(account=book.holder(connection), connection=connection, agent=agent)


def _named(event: msgspec.Struct, book: Book) -> Whose:
    """Return whom an event concerns by the names it holds."""
    order, agent = getattr(event, "order", ""), getattr(event, "agent", "")
    if order:
        return whose_order(book, order)
    if agent:
        return whose_agent(book, agent)
    return whose_subject(book, getattr(event, "subject", ""))
