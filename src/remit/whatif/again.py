"""Judges the orders in a journal under drafts: the past stays as it was, and each order meets it with other limits.

The state is folded as it was written, so every order finds the positions, halts and prices of its own moment. An order
that the drafts would have refused is still followed by what really followed: this says which verdicts turn, not what
would have become of the account.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from remit.journal.errors import JournalError
from remit.journal.frame import sealed_size
from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.admin import FORGETS
from remit.kernel.codec import decode, plain
from remit.kernel.command import Command
from remit.kernel.decision import VERDICTS, VerdictName
from remit.kernel.event import Decision, Finding, Record
from remit.kernel.fold import fold_command, fold_event
from remit.kernel.kernel import Kernel
from remit.kernel.lens import Asked
from remit.kernel.mandate import Mandate, MandateVersion, digest
from remit.kernel.names import GUARD
from remit.kernel.numbers import text
from remit.kernel.preapproval import covering

FLIPS_MAX = 500
"""So many flips are told one by one, the newest; all are counted."""
PROGRESS_EVERY = 5_000


class WhatIfRefused(Exception):
    """Nothing can be said: `code` names why, `what` and `do` say it."""

    def __init__(self, code: str, what: str, do: str) -> None:
        super().__init__(f"{code}: {what}. {do}")
        self.code, self.what, self.do = code, what, do


class Flip(msgspec.Struct, frozen=True):
    """An order whose verdict turns: entry `seq`, decided at `at` (ns since the epoch, UTC), `was` under the mandates
    that were in force and `would` under the drafts; `findings` are the drafts' own, or, where they would allow it,
    those that stood against it."""

    seq: int
    at: int
    order: str
    agent: str
    client: str
    instrument: str
    side: str
    quantity: str
    was: VerdictName
    would: VerdictName
    looser: bool
    findings: tuple[Finding, ...]


class Needless(msgspec.Struct, frozen=True):
    """A halt that was raised at `actual` against `limit` of a mandate's field `rule`, and would not have been against
    the drafts' `would` (empty: no limit). It stood all the same: `orders` of those judged were denied under it."""

    halt: str
    subject: str
    rule: str
    at: int
    actual: str
    limit: str
    would: str
    orders: int = 0


class WhatIf(msgspec.Struct, frozen=True):
    """What drafts would have decided of `judged` orders between the times `from_at` and `to_at` (ns since the epoch).

    `tighter` verdicts become stricter and `looser` ones milder; `flips` are the newest of them, oldest first. `was` and
    `would` count orders by verdict. `needless` halts denied some of them, which nothing else says.
    """

    from_at: int
    to_at: int
    judged: int
    tighter: int
    looser: int
    was: dict[VerdictName, int]
    would: dict[VerdictName, int]
    flips: tuple[Flip, ...]
    needless: tuple[Needless, ...] = ()


def what_if(
    folder: Path,
    drafts: Mapping[str, Mandate],
    from_at: int,
    *,
    agents: Collection[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> WhatIf:
    """Judge the orders in the journal in `folder` that came at `from_at` (ns since the epoch, UTC) or later, under
    `drafts` by subject; those of `agents` alone where that is given.

    The journal may be in use. It is not verified: `remit verify` does that. WhatIfRefused where it cannot be read.
    """
    past, flips = _Past(drafts), list[Flip]()
    was: dict[VerdictName, int] = dict.fromkeys(VERDICTS, 0)
    would = dict(was)
    tighter = looser = 0
    for record in _records(folder, progress):
        decision = past.take(record, record.command.at >= from_at and _is_of(record, agents))
        if decision is None or record.decision is None:
            continue
        was[record.decision.verdict] += 1
        would[decision.verdict] += 1
        step = VERDICTS.index(decision.verdict) - VERDICTS.index(record.decision.verdict)
        tighter, looser = tighter + (step > 0), looser + (step < 0)
        if step:
            flips.append(_flip(record, decision))
            del flips[:-FLIPS_MAX]
    judged, needless = sum(was.values()), tuple(halt for halt in past.needless.values() if halt.orders)
    return WhatIf(from_at, past.kernel.state.at, judged, tighter, looser, was, would, tuple(flips), needless)


class _Past:
    """The journal's state as it was, but for the mandates: the drafts stand in it from the first entry on, so that
    what they count has been counted when the first order is judged."""

    def __init__(self, drafts: Mapping[str, Mandate]) -> None:
        self.kernel = Kernel()
        self.needless: dict[str, Needless] = {}
        """By halt: those that the drafts would not have raised."""
        self._drafts = drafts
        self._versions: dict[str, MandateVersion] = {}

    def take(self, record: Record, judged: bool) -> Decision | None:
        """Fold a record; return what the drafts decide of its order, where it is one and is to be `judged`."""
        state, command, body = self.kernel.state, record.command, record.command.body
        decision = None
        fold_command(state, command)
        for event in record.events:
            if judged and decision is None and isinstance(event, e.Reserved | e.Denied) and isinstance(body, c.Submit):
                decision = self._judge(command, body)
                self._count_denied(decision)
            elif isinstance(event, e.HaltRaised):
                self._look_at(event, command.at)
            fold_event(state, command, record.decision, event)
        if isinstance(body, FORGETS):
            self.kernel.judge.forget()
        self._stand()
        return decision

    def _judge(self, command: Command, body: c.Submit) -> Decision:
        kernel, order = self.kernel, f"{self.kernel.state.prefix}-{command.seq}"
        decision, needs = kernel.judge.judge(Asked(body.intent, body.client, command.by, command.at), order)
        if needs is None:
            return decision
        covered = covering(kernel.state, command.by, body.intent, decision, needs.quorum, command.at)
        return decision if covered is None else msgspec.structs.replace(decision, verdict="allow")

    def _look_at(self, halt: e.HaltRaised, at: int) -> None:
        """Remember a halt that the drafts would not have raised with the numbers of its moment."""
        draft = self._drafts.get(halt.subject)
        if draft is None or halt.rule not in draft.__struct_fields__ or not halt.actual:
            return
        would = plain(getattr(draft, halt.rule))
        if would is None or Decimal(halt.actual) < Decimal(would):
            stated = "" if would is None else str(would)
            self.needless[halt.halt] = Needless(
                halt.halt, halt.subject, halt.rule, at, halt.actual, halt.limit, stated
            )

    def _count_denied(self, decision: Decision) -> None:
        """Count an order under the halts that need not have been."""
        stops = " ".join(one.actual for one in decision.findings if one.rule == "agent_active")
        for name, halt in self.needless.items():
            if decision.verdict == "deny" and f"halt {name} of " in stops:
                self.needless[name] = msgspec.structs.replace(halt, orders=halt.orders + 1)

    def _stand(self) -> None:
        """Put the drafts in force wherever the record has put something else."""
        for written, mandate in self._drafts.items():
            of = self.kernel.state.subjects.get(written)
            if of is not None and (of.version is None or of.version is not self._versions.get(written)):
                of.version = self._versions[written] = MandateVersion(
                    subject=written, number=of.number, mandate=mandate, digest=digest(mandate), at=0, by=GUARD,
                    why="a draft", currency=of.currency,
                )  # fmt: skip
                self.kernel.judge.forget()


def _records(folder: Path, progress: Callable[[int], None] | None) -> Iterator[Record]:
    reader = FolderReader(folder)
    try:
        for index, entry in read_entries(reader, 0, sealed_size(reader)):
            yield decode(Record, entry)
            if progress is not None and index % PROGRESS_EVERY == 0:
                progress(index)
    except (JournalError, msgspec.DecodeError, ValueError) as fault:
        raise WhatIfRefused("journal_damaged", str(fault), "Run remit verify on it") from None
    except OSError as fault:
        raise WhatIfRefused("journal_unreadable", f"{folder} cannot be read ({fault})", "Look at its disk") from None


def _is_of(record: Record, agents: Collection[str] | None) -> bool:
    body = record.command.body
    return isinstance(body, c.Submit) and (agents is None or body.intent.agent in agents)


def _flip(record: Record, decision: Decision) -> Flip:
    body, written = record.command.body, record.decision
    assert isinstance(body, c.Submit) and written is not None
    intent, looser = body.intent, VERDICTS.index(decision.verdict) < VERDICTS.index(written.verdict)
    return Flip(
        seq=record.command.seq, at=record.command.at, order=written.order, agent=intent.agent, client=body.client,
        instrument=intent.instrument, side=intent.side, quantity=text(intent.quantity),
        was=written.verdict, would=decision.verdict, looser=looser,
        findings=written.findings if looser else decision.findings,
    )  # fmt: skip
