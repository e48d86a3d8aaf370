"""The story of an entry in plain words with its numbers: what was asked, what was decided, and what followed."""

from __future__ import annotations

from collections.abc import Iterator

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import Principal
from remit.kernel.numbers import text
from remit.kernel.printable import without_odd
from remit.kernel.rules.said import finding_says, plainly, span
from remit.reports.happened import happened
from remit.reports.told import Book, Kind, Told, Whose, whose_agent, whose_order
from remit.reports.words import denial_words, figure, order_words, shown
from remit.reports.world_words import whose_body, world_words

VERB = {"allow": "allowed", "hold": "held for people", "deny": "denied"}
REPORTS = (
    c.Sent, c.Acked, c.Rejected, c.Lost, c.Filled, c.Cancelled, c.Expired, c.Withdrawn, c.Unencodable, c.Replaced,
    c.ReplaceRefused,
)  # fmt: skip
"""What venues say: told by the events that follow."""
KEEPS_TIME = (
    c.Tick, c.Marked, c.Quiet, c.SetSessions, c.SnapshotTaken, c.Ask, c.Reconciled, c.CancelAll, c.Arm, c.Alarmed,
)  # fmt: skip
"""What enters all the time and is told only by what follows from it; an alarm of the guard's is, too."""


def tell(record: Record, book: Book) -> list[Told]:
    """Return the lines of an entry, in the order in which things happened; none for one that only keeps time. Nothing
    that people, agents or venues wrote can steer what shows them."""
    found: list[Told] = []
    for told in (*_asked(record, book), *_followed(record, book)):
        plain = told.said.isascii() and told.said.isprintable()
        found.append(told if plain else Told(told.kind, without_odd(told.said), told.whose, told.code, told.text))
    return found


def _followed(record: Record, book: Book) -> Iterator[Told]:
    for event in record.events:
        yield from happened(record, event, book)


def _asked(record: Record, book: Book) -> Iterator[Told]:
    body, by = record.command.body, record.command.by
    refused = next((event for event in record.events if isinstance(event, e.Refused)), None)
    match body:
        case c.Submit():
            yield from _proposed(record, body, book)
        case c.Replace():
            yield from _replaced(record, body, book)
        case c.Acted():
            yield _acted(body, book)
        case c.Noted():
            yield _noted(body, book, refused)
        case c.KernelStarted() if record.command.seq == 1:
            yield Told("guard", f"the guard started for the first time, version {body.version}")
        case _ if refused is not None:
            yield refusal(by, body, refused, _owned(by, whose_body(body, book), book))
        case _ if not isinstance(body, REPORTS + KEEPS_TIME):
            kind, said = world_words(by, body)
            whose, decision = whose_body(body, book), record.decision
            if not any(isinstance(event, e.Approved) for event in record.events):  # that says it, and no more
                yield Told(kind, said, whose)
            if decision is not None and decision.verdict == "deny":  # an approval does not outlive its reasons
                yield _decided(f"order {decision.order} was judged again", decision, whose)


def refusal(by: Principal, body: c.Body, refused: e.Refused, whose: Whose) -> Told:
    """Return what a refusal of the kernel says: an agent's or client's is a violation."""
    what = str(body.__struct_config__.tag).replace("_", " ")
    kind: Kind = "violation" if by.role in ("agent", "client") else "order" if whose.order else "guard"
    said = f"{what} of {by.name} was refused: {plainly(refused.why)} ({refused.code})"
    return Told(kind, said, whose, refused.code)


def _owned(by: Principal, whose: Whose, book: Book) -> Whose:
    """Return whom a refusal concerns: whoever was refused, never those whose things were asked for."""
    if by.role == "agent":
        return whose_agent(book, by.name)
    if by.role == "client":
        return whose_agent(book, book.agent_of(by.name), by.name)
    return whose


def _proposed(record: Record, body: c.Submit, book: Book) -> Iterator[Told]:
    intent, by, decision = body.intent, record.command.by, record.decision
    whose = whose_agent(
        book, intent.agent, body.client, connection=intent.connection, instrument=intent.instrument,
        order="" if decision is None else decision.order,
    )  # fmt: skip
    asked = f"{_who(by)} asked to {order_words(intent)} through {intent.connection}"
    for event in record.events:
        if isinstance(event, e.Refused):
            yield refusal(by, body, event, _owned(by, whose, book))
            return
        if isinstance(event, e.Repeated):
            said = f"{asked} again, as {intent.id}: decided before as entry {event.seq}; it does not act twice"
            yield Told("order", said, whose, "repeated")
            return
    if decision is None:
        return
    yield _decided(asked, decision, whose)
    if intent.thought is not None:
        yield Told("thought", f"{_who(by)} wrote why", whose, text=intent.thought)


def _replaced(record: Record, body: c.Replace, book: Book) -> Iterator[Told]:
    by, decision = record.command.by, record.decision
    whose = whose_order(book, body.order)
    terms = f"{figure(body.quantity)} at {figure(body.limit_price)}"
    asked = f"{_who(by)} asked for new terms of order {body.order}: {terms}"
    for event in record.events:
        if isinstance(event, e.Refused):
            yield refusal(by, body, event, _owned(by, whose, book))
            return
        if isinstance(event, e.Repeated):
            yield Told("order", f"{asked} again: decided before as entry {event.seq}", whose, "repeated")
            return
    if decision is not None:
        yield _decided(asked, decision, whose)


def _decided(asked: str, decision: e.Decision, whose: Whose) -> Told:
    said = f"{asked}: {VERB[decision.verdict]}"
    first = decision.findings[0] if decision.findings else None
    if decision.verdict == "deny":
        wait = ""
        if first is not None and first.retry_after_s is not None:
            wait = f". It would pass in {span(first.retry_after_s)}"
        why = f"{said}. {denial_words(decision.findings)}{wait}"
        return Told("violation", why, whose, "" if first is None else first.rule)
    if decision.reducing and not decision.worth:
        said += ", which only reduces what is held"
    else:
        said += f", worth up to {shown(text(decision.worth))} {decision.currency}"
        said += f" beside {figure(decision.reducing)} that only reduce what is held" if decision.reducing else ""
    if decision.verdict == "hold" and first is not None:
        return Told("approval", f"{said}. {finding_says(first)}", whose, first.rule)
    return Told("order", said, whose)


def _acted(body: c.Acted, book: Book) -> Told:
    whose = whose_agent(book, body.agent, body.client)
    who = f"client {body.client}" if body.client else f"agent {body.agent}"
    if body.times > 1 or body.what == "calls":
        said = f"{who} made {body.times} calls beyond its rate; they were refused"
        return Told("action", said, whose, body.code)
    via = f" ({body.via})" if body.via else ""
    end = "" if body.ok else f": refused, {body.code}"
    return Told("action", f"{who}: {body.what}{via}{end}", whose, body.code, body.said)


def _noted(body: c.Noted, book: Book, refused: e.Refused | None) -> Told:
    whose = whose_agent(book, body.agent, body.client)
    placed = book.order(body.order) if body.order else None
    if placed is not None and placed.whose.agent == body.agent:  # a note about another's order is not told there
        whose = placed.whose if not body.client or placed.whose.client == body.client else whose
    who = f"client {body.client}" if body.client else f"agent {body.agent}"
    if refused is not None:
        return Told("violation", f"a {body.note} of {who} was refused: {refused.code}", whose, refused.code, body.said)
    if body.note == "refused_call":
        return Told(
            "action", f"{who}: {body.via or 'a call'}: refused by its door, {body.code}", whose, body.code, body.said
        )
    kind: Kind = "thought" if body.note == "thought" else "error"
    said = f"{who} wrote a thought" if kind == "thought" else f"{who} reported an error of its own"
    return Told(kind, said + (f" about {body.order}" if body.order else ""), whose, body.code, body.said)


def _who(by: Principal) -> str:
    """Return who asked: `agent momentum`, `ann, operator`, `the guard`."""
    if by.role == "guard":
        return "the guard"
    return f"{by.role} {by.name}" if by.role in ("agent", "client", "feed") else f"{by.name}, {by.role},"
