"""Words of a story: what each thing that is seen in a simulation says to a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from remit.guard.errors import GuardError
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import plain
from remit.kernel.effect import Alert
from remit.kernel.numbers import NANOSECONDS, text
from remit.reports.words import drift_words, order_words
from remit.testing import faults
from remit.testing.sim import machine
from remit.venues.paper import messages

FIELD_MAX = 80
_NANOSECONDS = re.compile(r"\b(\d{5,}) ns\b")
QUIET = (c.Tick, c.Marked, c.SnapshotTaken, c.Quiet, c.SetSessions)
"""What enters all the time and changes nothing that a story is about, unless something follows from it."""
LEFT_OUT = {"marks", "created_at", "at", "nonce", "environment", "id", "thought"}
"""Fields that say nothing to a person."""


def words_of(told: Any) -> str:
    """Return what a `Told` says, verb first; empty where there is nothing that a person needs."""
    what = told.what
    if isinstance(what, str):
        said = _NANOSECONDS.sub(lambda found: f"{int(found[1]) / NANOSECONDS:,.3f} s", what)
        return {"fault": MEANING_OF.get(what, said), "answered": f"is told {said}"}.get(told.kind, said)
    return _WORDS.get(told.kind, _plainly)(what)


MEANING: Mapping[str, str] = {**faults.MEANING, **machine.MEANING}
"""What each fault of venues and of the guard's machine does."""
MEANING_OF = {fault: f"{fault}: {words}" for fault, words in MEANING.items()}


def _step(step: Any) -> str:
    """A step is plain data: who, what, and how often at once."""
    from remit.testing.sim.actors.deed import DEEDS  # they tell stories themselves: each would need the other first

    deed = DEEDS.get(step.do)
    words = str(step.do).replace("_", " ") if deed is None else deed.words
    colon = ":" if deed is not None and deed.kind in ("venue", "host") else ""
    return f"{step.who}{colon} {words}" + (f", {step.count} at once" if step.count > 1 else "")


def _asked(body: Any) -> str:
    match body:
        case c.Submit(intent=intent):
            return f"asks for {order_words(intent)} through {intent.connection}, as {intent.id}"
        case c.Marked():
            return ""
    return f"asks {_plainly(body)}"


def _answered(answer: Any) -> str:
    """Only an error: what was decided is told by the guard's entry."""
    if isinstance(answer, GuardError):
        return f"is told {answer}"
    return f"is told {type(answer).__name__}: {answer}" if isinstance(answer, Exception) else ""


def heard(record: e.Record) -> str:
    """Return what an entry decided and what followed from it; empty for one that only keeps time."""
    body = record.command.body
    said = [_event(event, record) for event in record.events]
    if record.decision is not None:
        said.insert(0, decided(record.decision, body))
    if not any(said) and isinstance(body, QUIET):
        return ""
    return f"[{record.command.seq}] " + "; ".join(filter(None, said or [_plainly(body)]))


def decided(decision: e.Decision, body: c.Body) -> str:
    """Return a verdict with its numbers and every finding, by the id that the caller gave and the guard's own."""
    verb = {"allow": "allows", "hold": "holds", "deny": "denies"}[decision.verdict]
    numbers = (
        f"quantity {text(decision.quantity)} at worst {text(decision.worst_price)} each, "
        f"worth up to {text(decision.worth)} {decision.currency}"
    )
    reducing = f", {text(decision.reducing)} of it proven to reduce" if decision.reducing else ""
    why = "".join(f"; {_because(finding)}" for finding in decision.findings)
    asked = f"{body.intent.id} of {body.intent.agent} as " if isinstance(body, c.Submit) else ""
    return f"{verb} {asked}{decision.order}: {numbers}{reducing}{why}"


def _because(finding: e.Finding) -> str:
    """Return why a rule did not hold, with its exact numbers: a story may hang on the last digit."""
    again = "" if finding.retry_after_s is None else f", again in {finding.retry_after_s} s"
    limit = f", limit {finding.limit} ({finding.unit})" if finding.limit not in ("", "none") else ""
    return f"{finding.rule} of {finding.subject}: {finding.actual}{limit}{again}"


def _event(event: e.Event, record: e.Record) -> str:
    """Return what one event says; empty for one that the decision or the command itself has told already."""
    match event:
        case e.Took():
            body = record.command.body
            return "" if isinstance(body, QUIET) or record.decision is not None else _plainly(body)
        case e.Denied() | e.Quoted() | e.Sweep() | e.LookCut():
            return ""
        case e.Refused(code=code, why=why):
            return f"refuses {_named(record.command.body)} of {record.command.by.name} ({code}): {why}"
        case e.Repeated(seq=seq):
            return f"has decided that before, in entry {seq}"
        case e.Reserved(order=order, state=state):
            return f"reserves {order} in full" + (", waiting for people" if state == "held" else "")
        case e.Moved(order=order, state=state, why=why):
            return f"{order} is now {state}" + (f" ({why})" if why else "")
        case e.Booked(order=order, quantity=quantity, price=price):
            late = ", late" if event.late else ""
            over = ", which completes it" if event.complete else ""
            return f"books {text(quantity)} at {text(price)} each for {order} (fill {event.fill}{late}{over})"
        case e.HaltRaised():
            numbers = f", limit {event.limit}, actual {event.actual}" if event.limit else ""
            return f"HALTS {event.subject} for {event.cause} ({event.rule or event.why}{numbers}) as {event.halt}"
        case e.Crossed():
            where = event.subject + (f" in {event.group}" if event.group else "")
            return f"{event.rule} of {where} is {event.level}: {event.actual} of {event.limit} {event.unit}"
        case e.Drifted(connection=connection, drifts=drifts):
            return f"sees {connection} differ: " + ", ".join(drift_words(drift) for drift in drifts)
        case e.Alarm(code=code, why=why):
            return f"ALARM {code}: {why}"
    return _plainly(event)


def _arrived(frame: Any) -> str:
    """Return what a sealed request asks of its venue, with the connection first."""
    try:
        sealed = messages.read_frame(frame)
        body = messages.read_body(sealed.body) if isinstance(sealed, messages.Sealed) else sealed
    except ValueError:
        return f"a venue is sent {len(frame)} bytes that are no request"
    match body:
        case messages.Place():
            terms = f"{body.side} {text(body.quantity)} {body.instrument} at {text(body.price)}"
            return f"{body.connection} is asked to place {body.order}: {terms} ({body.type}, {body.time_in_force})"
        case messages.TakeSnapshot() | messages.FromFeed():
            return ""
        case messages.Query():
            return f"{body.connection} is asked what became of {body.order}"
        case messages.Cancel():
            return f"{body.connection} is asked to cancel {body.order}"
    return f"{body.connection} is asked: {_plainly(body)}"


def _replied(reply: Any) -> str:
    if reply is None:
        return "answers nothing"
    try:
        read = messages.read_reply(reply)
    except ValueError:
        return f"answers {len(reply)} bytes that are no reply"
    match read:
        case messages.Refused():
            return f"refuses {read.order} ({read.code}): {read.why}"
        case messages.Holdings():
            held = ", ".join(f"{text(held.quantity)} {held.instrument}" for held in read.positions) or "nothing"
            cash = ", ".join(f"{text(amount)} {currency}" for currency, amount in read.cash) or "none"
            return f"shows positions {held}; cash {cash}; {len(read.orders)} orders at work"
    return f"answers {_plainly(read)}"


def _alert(alert: Any) -> str:
    if not isinstance(alert, Alert):
        return _plainly(alert)
    return f"ALERT {alert.code} {alert.subject}: {alert.why}"


def _plainly(thing: Any) -> str:
    """Return any record as its name and its fields; text and the like as they are."""
    if not isinstance(thing, msgspec.Struct):
        return _short(thing)
    fields = plain(thing)
    named = [
        f"{name} {_short(value)}"
        for name, value in fields.items()
        if name in thing.__struct_fields__ and name not in LEFT_OUT and value not in ("", None, [], {})
    ]
    return _named(thing) + (f" ({', '.join(named)})" if named else "")


def _named(thing: msgspec.Struct) -> str:
    tag = type(thing).__struct_config__.tag
    return str(tag or type(thing).__name__).replace("_", " ")


def _short(value: object) -> str:
    """Return a value without the marks of a program, and no more than there is room for."""
    shown = str(value)
    if isinstance(value, dict):
        shown = " ".join(f"{name} {_short(one)}" for name, one in value.items())
    elif isinstance(value, list | tuple):
        shown = ", ".join(_short(one) for one in value) or "none"
    return shown if len(shown) <= FIELD_MAX else shown[: FIELD_MAX - 3] + "..."


_WORDS: dict[str, Callable[[Any], str]] = {
    "step": _step, "asked": _asked, "answered": _answered, "heard": heard, "arrived": _arrived, "replied": _replied,
    "alert": _alert,
}  # fmt: skip
