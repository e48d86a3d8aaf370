"""What evidence holds: everything in it but an attestation follows from the records and their receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from remit.evidence.standing import Standing
from remit.journal.note import Verifier
from remit.journal.receipt import Receipt
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate, digest
from remit.kernel.names import Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.reports.story import tell
from remit.reports.told import Told

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
ABOUT_MANDATES = (c.SetMandate, c.ConfirmChange, c.DropChange)


class EvidenceRefused(Exception):
    """There is no evidence to give: `code` names why, `what` and `do` say it."""

    def __init__(self, code: str, what: str, do: str) -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code, self.what, self.do = code, what, do


class Kept(NamedTuple):
    """One entry of the evidence: its bytes, what it says in words, and why it is there ("" or what it stands for)."""

    seq: int
    entry: bytes
    record: Record
    told: tuple[Told, ...]
    role: str


class Published(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mandate as a record published it: the entry from which on it was in force, and its digest, which decisions
    name."""

    entry: int
    subject: str
    mandate: Mandate
    digest: str
    at: int
    by: Principal
    why: str
    expires_at: int | None = None
    preset: str = ""
    confirmed_by: Principal | None = None


class Evidence(NamedTuple):
    """What a journal holds of one thing, each record with its receipt under one head."""

    of: str
    key: Verifier
    kept: tuple[Kept, ...]
    receipts: tuple[Receipt, ...]
    mandates: tuple[Published, ...]
    decided: bool
    """Whether whoever packed it decided the whole journal again, or took its decisions as written."""


def hold(of: str, key: Verifier, receipts: Sequence[Receipt], decided: bool) -> Evidence:
    """Return the evidence that receipts make, in the order of their entries: nothing else is asked. EvidenceRefused
    where they say nothing of what it is said to be of; ValueError where an entry is no record."""
    span, book = span_of(of), Standing()
    kept: list[Kept] = []
    for receipt in receipts:
        record = decode(Record, receipt.entry)
        book.hear(record)
        kept.append(Kept(receipt.seq, receipt.entry, record, tuple(tell(record, book)), _role(record, span)))
    if all(one.role for one in kept) if span else not any(_names(one.record, of) for one in kept):
        raise EvidenceRefused("unknown", f"the journal holds nothing of {of}", "Name an order, an agent or a day")
    return Evidence(of, key, tuple(kept), tuple(receipts), tuple(_published([one.record for one in kept])), decided)


def span_of(of: str) -> tuple[int, int] | None:
    """Return the nanoseconds of a day in UTC; None where it is no day. EvidenceRefused."""
    if not _DAY.fullmatch(of):
        return None
    try:
        begins = int(datetime.fromisoformat(of).replace(tzinfo=UTC).timestamp()) * NANOSECONDS
    except ValueError:
        raise EvidenceRefused("no_day", f"{of} is no day of the calendar", "Write it as 2026-01-31") from None
    return begins, begins + DAY_NS


def _role(record: Record, span: tuple[int, int] | None) -> str:
    body = record.command.body
    if span is not None and span[0] <= record.command.at < span[1]:
        return ""
    if isinstance(body, c.KernelStarted):
        return "which kernel decided"
    if isinstance(body, ABOUT_MANDATES):
        return "the mandates"
    return "" if span is None else "of another day"


def _names(record: Record, of: str) -> bool:
    """Whether a record is of that order, or shows that there is such an agent."""
    body, decision = record.command.body, record.decision
    if isinstance(body, c.AddAgent) and body.agent.name == of or isinstance(body, c.Submit) and body.intent.agent == of:
        return True
    return bool(of) and (
        decision is not None and decision.order == of
        or any(getattr(event, "order", "") == of for event in record.events)
    )  # fmt: skip


def _published(records: list[Record]) -> Iterator[Published]:
    """Yield the mandates that records publish: at once, or where a second person confirms one that was proposed."""
    proposed: dict[str, tuple[c.SetMandate, Principal]] = {}
    for record in records:
        command, body = record.command, record.command.body
        took = any(isinstance(event, e.Took) for event in record.events)
        if isinstance(body, c.SetMandate):
            for event in record.events:
                if isinstance(event, e.Proposed):
                    proposed[event.proposal] = body, command.by
            if took:
                yield _in_force(command, body, command.by, None)
        elif isinstance(body, c.ConfirmChange) and took and body.proposal in proposed:
            change, by = proposed[body.proposal]
            yield _in_force(command, change, by, command.by)


def _in_force(command: c.Command, body: c.SetMandate, by: Principal, confirmed_by: Principal | None) -> Published:
    return Published(
        entry=command.seq, subject=body.subject, mandate=body.mandate, digest=digest(body.mandate), at=command.at,
        by=by, why=body.why, expires_at=body.expires_at, preset=body.preset, confirmed_by=confirmed_by,
    )  # fmt: skip
