"""Gathers evidence: verifies the journal, and keeps what concerns the one thing that was asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from remit.evidence.holding import Evidence, EvidenceRefused, hold, span_of
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
from remit.kernel.state import State
from remit.verify import Difference, as_written, verify
from remit.verify.export import is_export

RECORDS_MAX = 20_000
"""Each comes with a receipt of its own: a longer span is better given as an export."""
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
"""Every string of an entry, as it is written there."""
FEW = 20
"""So few names are looked for one by one, which is quicker than reading every string."""
PROGRESS_EVERY = 5_000
ASKED_MIN = 1_000
"""So many entries that asked for orders are kept before those of orders that are over are dropped."""


def gather(
    folder: Path,
    key: Verifier,
    of: str,
    *,
    heads: Sequence[str] = (),
    witnesses: Sequence[Cosigner] = (),
    progress: Callable[[int], None] | None = None,
    decide: bool = True,
) -> Evidence:
    """Return the evidence of an order by its id, an agent by its name, or a day (2026-01-31, UTC), from a journal or an
    export.

    The whole journal is verified first: EvidenceRefused where it does not hold, or holds nothing of what was asked for.
    Without `decide` its decisions are taken as written, which is quicker: every entry stands in the tree under the
    signed head all the same, and the evidence says which of the two it was. `progress` hears how many entries passed.
    With the records come the mandates that their decisions name and the starts that say which kernel decided. The
    receipts are made under the head that witnesses cosigned, where one is kept beside the journal that covers them all:
    with the lines of `witnesses` alone, as far as they hold.
    """
    picking = _Picking(of)
    if decide:
        verdict = verify(folder, key, heads=heads, progress=progress, passed=picking.take)
        _check(verdict.difference, verdict.fault)
        size, newest = verdict.count - verdict.unsealed, verdict.head
    else:
        size, newest = _as_written(folder, key, heads, picking, progress)
    kept = [(seq, entry) for seq, entry in picking.chosen() if seq <= size]
    if not kept:
        raise EvidenceRefused("unknown", f"the journal holds nothing of {of}", "Name an order, an agent or a day")
    cosigned = covering(folder, key, kept[-1][0], size)
    head = newest if cosigned is None else only(cosigned, key, witnesses).note
    receipts = tuple(_receipts(folder, size if cosigned is None else cosigned.size, kept, head))
    try:
        check(receipts[0], key.name, (key,))
    except ReceiptInvalid as fault:
        what, do = f"a head that witnesses cosigned is not this journal's: {fault.what}", "Keep both as evidence"
        raise EvidenceRefused("journal_not_verified", what, do) from None
    return hold(of, key, receipts, decide)


def _as_written(
    folder: Path, key: Verifier, heads: Sequence[str], picking: _Picking, progress: Callable[[int], None] | None
) -> tuple[int, str]:
    """Return how many entries the newest head covers, and the head, decisions taken as written. EvidenceRefused,
    CannotVerify."""

    def passed(seq: int, entry: bytes, state: State) -> None:
        picking.take(seq, entry, state)
        if progress is not None and seq % PROGRESS_EVERY == 0:
            progress(seq)

    found = as_written(folder, key, heads=heads, passed=passed)
    _check(found.difference, found.fault)
    return found.size - found.unsealed, found.head


def _check(difference: Difference | None, fault: str) -> None:
    if difference is not None or fault:
        found = fault if difference is None else encode(difference).decode()
        raise EvidenceRefused("journal_not_verified", f"the journal does not hold: {found}", "See `remit verify`")


class _Picking:
    """Hears every entry of a journal and keeps what concerns one thing."""

    def __init__(self, of: str) -> None:
        self._span = span_of(of)
        self._of = of
        self._names: set[bytes] = set()
        """What an entry must name: the order, or the agent and with it its orders, its exits and the halts over it."""
        self._is_known = False
        self._state = State()
        self._kept: dict[int, bytes] = {}
        self._named: dict[str, tuple[MandateVersion, list[tuple[int, bytes]]]] = {}
        """The mandate in force of each subject, and the entries that published it."""
        self._proposed: dict[str, tuple[int, bytes]] = {}
        """The entries whose changes wait for a second person."""
        self._asked: dict[str, tuple[int, bytes]] = {}
        """Of a day: what asked for orders before it, as far as they are not over."""
        self._asked_max = ASKED_MIN
        self._start: tuple[int, bytes] | None = None

    def take(self, seq: int, entry: bytes, state: State) -> None:
        """Take one entry; the first one again begins anew."""
        if seq == 1:
            self._kept, self._named, self._proposed, self._asked = {}, {}, {}, {}
            self._names = set() if self._span else {self._of.encode(), f"agent:{self._of}".encode()}
        self._state = state
        if b'"kind":"kernel_started"' in entry:
            self._start = (seq, entry)
        if b'"kind":"set_mandate"' in entry or b'"kind":"confirm_change"' in entry:
            self._note_mandates(seq, entry, state)
        if self._span is None:
            is_halt_over = self._is_halt_over(entry, state)
            if not is_halt_over and not self._is_named(entry):
                return
            record = decode(Record, entry)
            self._note_names(record, state)
        else:
            record = decode(Record, entry)
            if not self._span[0] <= record.command.at < self._span[1]:
                self._note_asked(seq, entry, record, state)
                return
            for about in (record.command.body, *record.events):
                if (asked := self._asked.get(getattr(about, "order", None) or "")) is not None:
                    self._kept[asked[0]] = asked[1]
        self._kept[seq] = entry
        if len(self._kept) > RECORDS_MAX:
            raise EvidenceRefused("too_much", f"it is more than {RECORDS_MAX} records", "Ask for a day or an order")
        if self._start is not None:
            self._kept.setdefault(*self._start)
        for subject in () if record.decision is None else _path(record, record.decision, state):
            if subject in self._named:
                self._kept.update(self._named[subject][1])

    def chosen(self) -> list[tuple[int, bytes]]:
        """Return what was kept, in order; nothing where what was asked for is neither a day, an agent nor an order."""
        if self._span is None and not self._is_known and self._of not in self._state.agents:
            return []
        return sorted(self._kept.items())

    def _is_named(self, entry: bytes) -> bool:
        """Whether a string of an entry is one of the names; most entries of an order's time hold none, seen at once."""
        if len(self._names) < FEW and not any(name in entry for name in self._names):
            return False
        return not self._names.isdisjoint(_QUOTED.findall(entry))

    def _is_halt_over(self, entry: bytes, state: State) -> bool:
        """Whether an entry halts the agent with all others of its account, or of the firm."""
        if b'"event":"halt_raised"' not in entry or (agent := state.agents.get(self._of)) is None:
            return False
        over = ("firm", f"account:{agent.account}")
        found = [event for event in decode(Record, entry).events if isinstance(event, e.HaltRaised)]
        self._names |= {event.halt.encode() for event in found if event.subject in over}
        return any(event.subject in over for event in found)

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

    def _note_asked(self, seq: int, entry: bytes, record: Record, state: State) -> None:
        """Note what asked for an order: a fill on the day itself names no more than the order."""
        if isinstance(record.command.body, c.Submit) and record.decision is not None:
            self._asked[record.decision.order] = (seq, entry)
        if len(self._asked) > self._asked_max:
            self._asked = {name: one for name, one in self._asked.items() if name in state.orders}
            self._asked_max = 2 * len(self._asked) + ASKED_MIN

    def _note_mandates(self, seq: int, entry: bytes, state: State) -> None:
        record = decode(Record, entry)
        body = record.command.body
        for event in record.events:
            if isinstance(event, e.Proposed):
                self._proposed = {name: one for name, one in self._proposed.items() if name in state.proposals}
                self._proposed[event.proposal] = (seq, entry)
        if isinstance(body, c.SetMandate | c.ConfirmChange):
            for subject in [body.subject] if isinstance(body, c.SetMandate) else state.history:
                newest = next(reversed(state.history.get(subject, ())), None)
                known = self._named.get(subject)
                if newest is not None and (known is None or known[0].number != newest.number):
                    begun = self._proposed.get(body.proposal) if isinstance(body, c.ConfirmChange) else None
                    self._named[subject] = (newest, [*([begun] if begun else []), (seq, entry)])


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


def _receipts(folder: Path, size: int, kept: Sequence[tuple[int, bytes]], head: str) -> Iterator[Receipt]:
    """Yield the receipt of each entry under the head of that size."""
    blocks = Blocks()
    for entry in _entries(folder, 0, size, size):
        blocks.add(entry)
    block: list[bytes] = []
    begins = -1
    for seq, kept_entry in kept:
        index = seq - 1
        if begins != index // BLOCK * BLOCK:
            begins = index // BLOCK * BLOCK
            block = list(_entries(folder, begins, min(begins + BLOCK, size), size))
        if block[index - begins] != kept_entry:
            raise EvidenceRefused("journal_changed", f"entry {seq} changed while it was read", "Try again")
        yield Receipt(seq, kept_entry, blocks.proof(index, block), head)
