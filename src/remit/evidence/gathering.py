"""Gathers evidence: verifies the journal, and keeps what concerns the one thing that was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from remit.evidence.standing import Standing
from remit.journal import tiles
from remit.journal.cosign import Cosigner
from remit.journal.cosigned import covering, only
from remit.journal.errors import ReceiptInvalid
from remit.journal.log import read_entries
from remit.journal.note import Verifier
from remit.journal.receipt import BLOCK, Blocks, Receipt
from remit.journal.receipt import verify as check
from remit.journal.store import FolderReader
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, encode
from remit.kernel.event import Decision, Record
from remit.kernel.mandate import MandateVersion
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.state import State
from remit.reports.story import tell
from remit.reports.told import Told
from remit.verify import Verdict, verify
from remit.verify.export import is_export

RECORDS_MAX = 20_000
"""Each comes with a receipt of its own: a longer span is better given as an export."""
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
"""Every string of an entry, as it is written there."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


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


class Evidence(NamedTuple):
    """What a journal holds of one thing, each record with its receipt under one head, and the verdict on the whole."""

    of: str
    key: Verifier
    verdict: Verdict
    kept: tuple[Kept, ...]
    receipts: tuple[Receipt, ...]
    mandates: tuple[MandateVersion, ...]


def gather(
    folder: Path,
    key: Verifier,
    of: str,
    *,
    heads: Sequence[str] = (),
    witnesses: Sequence[Cosigner] = (),
    progress: Callable[[int], None] | None = None,
) -> Evidence:
    """Return the evidence of an order by its id, an agent by its name, or a day (2026-01-31, UTC), from a journal or an
    export.

    The whole journal is verified first: EvidenceRefused where it does not hold, or holds nothing of what was asked for.
    With the records come the mandates that their decisions name and the starts that say which kernel decided. The
    receipts are made under the head that witnesses cosigned, where one is kept beside the journal that covers them all:
    with the lines of `witnesses` alone, as far as they hold.
    """
    picking = _Picking(of)
    verdict = verify(folder, key, heads=heads, progress=progress, passed=picking.take)
    if verdict.difference is not None or verdict.fault:
        found = verdict.fault if verdict.difference is None else encode(verdict.difference).decode()
        raise EvidenceRefused("journal_not_verified", f"the journal does not hold: {found}", "See `remit verify`")
    size = verdict.count - verdict.unsealed
    kept = tuple(one for one in picking.chosen() if one.seq <= size)
    if not any(not one.role for one in kept):
        raise EvidenceRefused("unknown", f"the journal holds nothing of {of}", "Name an order, an agent or a day")
    cosigned = covering(folder, key, kept[-1].seq, size)
    head = verdict.head if cosigned is None else only(cosigned, key, witnesses).note
    receipts = tuple(_receipts(folder, size if cosigned is None else cosigned.size, kept, head))
    try:
        check(receipts[0], key.name, (key,))
    except ReceiptInvalid as fault:
        what, do = f"a head that witnesses cosigned is not this journal's: {fault.what}", "Keep both as evidence"
        raise EvidenceRefused("journal_not_verified", what, do) from None
    return Evidence(of, key, verdict, kept, receipts, picking.mandates())


class _Picking:
    """Hears every entry of a journal and keeps what concerns one thing."""

    def __init__(self, of: str) -> None:
        self._span = _span(of)
        self._of = of
        self._names: set[bytes] = set()
        """What an entry must name: the order, or the agent and with it its orders, exits and halts."""
        self._is_known = False
        self._book = Standing()
        self._kept: dict[int, Kept] = {}
        self._named: dict[str, tuple[int, bytes, MandateVersion]] = {}
        """The mandate in force of each subject, and the entry that published it."""
        self._start: tuple[int, bytes] | None = None
        self._wanted: dict[tuple[str, int], MandateVersion] = {}

    def take(self, seq: int, entry: bytes, state: State) -> None:
        """Take one entry; the first one again begins anew."""
        if seq == 1:
            self._kept, self._named, self._wanted = {}, {}, {}
            self._names = set() if self._span else {self._of.encode(), f"agent:{self._of}".encode()}
        self._book.state = state
        if b'"kind":"kernel_started"' in entry:
            self._start = (seq, entry)
        if b'"kind":"set_mandate"' in entry or b'"kind":"confirm_change"' in entry:
            self._note_mandates(seq, entry, state)
        if self._span is None:
            if self._names.isdisjoint(_QUOTED.findall(entry)):
                return
            record = decode(Record, entry)
            self._note_names(record, state)
        else:
            record = decode(Record, entry)
            if not self._span[0] <= record.command.at < self._span[1]:
                return
        self._keep(seq, entry, record, "")
        if len(self._kept) > RECORDS_MAX:
            raise EvidenceRefused("too_much", f"it is more than {RECORDS_MAX} records", "Ask for a day or an order")
        if self._start is not None and self._start[0] not in self._kept:
            self._keep(*self._start, decode(Record, self._start[1]), "which kernel decided")
        for subject in () if record.decision is None else _path(record, record.decision, state):
            if subject in self._named:
                number, published, version = self._named[subject]
                self._wanted[subject, version.number] = version
                if number not in self._kept:
                    self._keep(number, published, decode(Record, published), "a mandate in force")

    def chosen(self) -> list[Kept]:
        """Return what was kept, in order; nothing where what was asked for is neither a day, an agent nor an order."""
        if self._span is None and not self._is_known and self._of not in self._book.state.agents:
            return []
        return [self._kept[seq] for seq in sorted(self._kept)]

    def mandates(self) -> tuple[MandateVersion, ...]:
        """Return the mandate versions that the decisions name, by subject and number."""
        return tuple(sorted(self._wanted.values(), key=lambda version: (version.subject, version.number)))

    def _keep(self, seq: int, entry: bytes, record: Record, role: str) -> None:
        self._kept[seq] = Kept(seq, entry, record, tuple(tell(record, self._book)), role)

    def _note_names(self, record: Record, state: State) -> None:
        """Note the order, exit or halt that an entry begins: what follows may name nothing but that."""
        begun = [] if record.decision is None else [record.decision.order]
        for event in record.events:
            begun.append(getattr(event, "order", None) or "")
            if isinstance(event, e.HaltRaised) and event.subject == f"agent:{self._of}":
                self._names.add(event.halt.encode())
            if (found := state.exits.get(getattr(event, "exit", None) or "")) is not None and found.agent == self._of:
                self._names.add(found.id.encode())
        for name in filter(None, begun):
            order = state.order(name)
            self._is_known |= name == self._of
            if order is not None and order.agent == self._of:
                self._names.add(name.encode())

    def _note_mandates(self, seq: int, entry: bytes, state: State) -> None:
        body = decode(Record, entry).command.body
        if isinstance(body, c.SetMandate | c.ConfirmChange):
            for subject in [body.subject] if isinstance(body, c.SetMandate) else state.history:
                newest = next(reversed(state.history.get(subject, ())), None)
                known = self._named.get(subject)
                if newest is not None and (known is None or known[2].number != newest.number):
                    self._named[subject] = (seq, entry, newest)


def _path(record: Record, decision: Decision, state: State) -> list[str]:
    """Return the subjects whose mandates a decision judged by: firm, account, agent and client."""
    body, order = record.command.body, state.order(decision.order)
    if isinstance(body, c.Submit):
        agent, client = body.intent.agent, body.client
    elif order is not None:
        agent, client = order.agent, order.client
    else:
        return []
    return [of.written for of in state.path(agent, client)] if agent in state.agents else []


def _span(of: str) -> tuple[int, int] | None:
    """Return the nanoseconds of a day in UTC; None where it is no day."""
    if not _DAY.fullmatch(of):
        return None
    try:
        begins = int(datetime.fromisoformat(of).replace(tzinfo=UTC).timestamp()) * NANOSECONDS
    except ValueError:
        raise EvidenceRefused("no_day", f"{of} is no day of the calendar", "Write it as 2026-01-31") from None
    return begins, begins + DAY_NS


def _entries(folder: Path, start: int, stop: int, size: int) -> Iterator[bytes]:
    """Yield the entries from one index up to, not including, another."""
    if is_export(folder):
        for index, entry in tiles.entries(size, lambda path: (folder / path).read_bytes(), start):
            if index >= stop:
                return
            yield entry
    else:
        for _, entry in read_entries(FolderReader(folder), start, stop):
            yield entry


def _receipts(folder: Path, size: int, kept: Sequence[Kept], head: str) -> Iterator[Receipt]:
    """Yield the receipt of each entry under the head of that size."""
    blocks = Blocks()
    for entry in _entries(folder, 0, size, size):
        blocks.add(entry)
    block: list[bytes] = []
    begins = -1
    for one in kept:
        index = one.seq - 1
        if begins != index // BLOCK * BLOCK:
            begins = index // BLOCK * BLOCK
            block = list(_entries(folder, begins, min(begins + BLOCK, size), size))
        if block[index - begins] != one.entry:
            raise EvidenceRefused("journal_changed", f"entry {one.seq} changed while it was read", "Try again")
        yield Receipt(one.seq, one.entry, blocks.proof(index, block), head)
