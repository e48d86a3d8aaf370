"""The lane under the mandates: one kernel for all accounts of a currency, and the paper venue behind it.

What the guard's loop and courier do with a disk and a network between, this does at once, in the same order: judge,
plan the request, record, then send exactly that under a permit, and let the reply enter. Its time is that of orders
and marks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.command import Body, Command
from remit.kernel.effect import Act
from remit.kernel.event import Planned, Record
from remit.kernel.halt import stop_of
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.kernel import Kernel, effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal, split_subject
from remit.kernel.numbers import DAY_NS, Quantity
from remit.kernel.order import OrderIntent
from remit.kernel.permit import Request
from remit.replay.errors import ReplayRefused
from remit.replay.fills import Fill, fill_of
from remit.replay.hours import AHEAD_NS, Windows, told
from remit.replay.journals import Entries
from remit.replay.listing import Account, Seat
from remit.replay.mandates import Mandates
from remit.replay.opening import OPERATOR, opening, prefix_of, published
from remit.replay.sealing import Sealer
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import Message
from remit.venues.seam import Unencodable

Holds = Literal["expire", "approve"]
Resumes = Literal["never", "next-session"]
FEED = Principal(name="bars", role="feed")
MARKS_MAX = 100
"""Marks in one entry, which has a largest size."""


class Conduct(NamedTuple):
    """What people do in a replay: answer holds or let them lapse, resume halts at the next session or never."""

    holds: Holds = "expire"
    resume: Resumes = "never"


class Stop(NamedTuple):
    """A halt that was raised: the account that it is of (empty: every account of the currency), and the rule."""

    account: str
    rule: str


class Answer(NamedTuple):
    """What the kernel said of one order."""

    verdict: e.VerdictName
    findings: tuple[e.Finding, ...]
    order: str


class Desk:
    """All accounts of one currency under their mandates, from their set-up on; `begins_at` is before every order.

    `volume` returns the average daily volume of an instrument before an instant, None where nobody knows it.
    ReplayRefused where a mandate cannot take effect; GuardError for hours or a zone that do not exist.
    """

    def __init__(
        self, currency: str, instruments: dict[str, Instrument], accounts: Sequence[Account], mandates: Mandates,
        conduct: Conduct, *, sealer: Sealer, entries: Entries, hours: dict[str, Windows], begins_at: int,
        volume: Callable[[str, int], Quantity | None],
    ) -> None:
        self.at = begins_at
        self.stops: list[Stop] = []
        self.states: dict[str, str] = {}
        """The state of every order that ever reserved, by its id."""
        self.rejected: dict[str, int] = {}
        """How many allowed orders the venue refused, by its code."""
        self.resumed = self.resumes_refused = 0
        self.kernel = Kernel()
        self.exchange = PaperExchange(instruments.values(), sealer.public_key)
        self._instruments = instruments
        self._conduct = conduct
        self._sealer = sealer
        self._entries = entries
        self._hours = hours
        self._volume = volume
        self._venue = Paper()
        self._prefix = prefix_of(currency)
        self._fills: list[Fill] = []
        self._next_day = (begins_at // DAY_NS + 1) * DAY_NS
        self._volume_days: dict[str, int] = {}
        self._account_of = {agent: account.name for account in accounts for agent in account.agents}
        of_subject = published(currency, accounts, mandates)
        self._mandates: tuple[Mandate, ...] = tuple(of_subject.values())
        self._needs_volume = any(mandate.participation_max_pct is not None for mandate in self._mandates)
        for by, body in opening(currency, instruments.values(), accounts, of_subject, mandates.preset):
            self._must(by, body)
        self._tell_days()
        for account in accounts:
            self.exchange.open_connection(account.name, {currency: account.cash})
            self._must(GUARD, c.Ask(connection=account.name))

    # Orders, marks and time

    def submit(self, seat: Seat, mark: Mark | None, *, closes: bool) -> Answer:
        """Propose one order at its own time, judged on the instrument's latest mark.

        People answer a hold at once or never. An order that `closes` is cut down to what the account holds, and denied
        where that is nothing.
        """
        row = seat.row
        self.pass_time(row.at)
        self._tell_volume(row.instrument)
        intent = OrderIntent(
            id=f"row-{row.index}", agent=seat.agent, connection=seat.account, instrument=row.instrument, side=row.side,
            quantity=row.quantity, created_at=row.at, type=row.type, limit_price=row.limit_price,
            confidence=row.confidence, reduce="clip" if closes else "any",
        )
        fresh = () if mark is None or self.kernel.state.marks.get(row.instrument) == mark else (mark,)
        by = Principal(name=seat.agent, role="agent", owner=seat.account)
        record = self._enter(by, c.Submit(intent=intent, marks=fresh))
        answer = _answer(record)
        if answer.verdict == "hold" and self._conduct.holds == "approve":
            self._approve(answer.order)
        return answer

    def mark(self, at: int, marks: Sequence[Mark]) -> None:
        """Take the marks of one instant: the venue sees them first, then the kernel those of what is held or ordered.

        Marks from before this desk's first day are the venue's alone.
        """
        if at >= self.at:
            self.pass_time(at)
        for mark in marks:
            self._hear(self.exchange.mark(mark))
        cells = self.kernel.state.cells_of
        wanted = [mark for mark in marks if any(cell.active for cell in cells.get(mark.instrument, ()))]
        for start in range(0, len(wanted), MARKS_MAX):
            self._enter(FEED, c.Marked(marks=tuple(wanted[start : start + MARKS_MAX])))

    def pass_time(self, until: int) -> None:
        """Let time pass: days begin, holds lapse, day orders expire, each at its own instant."""
        while True:
            due = self.kernel.next_due()
            at = self._next_day if due is None else min(due, self._next_day)
            if at > until:
                break
            self.at = max(self.at, at)
            if at == self._next_day:
                self._next_day += DAY_NS
                self._hear(self.exchange.end_session(self.at))
                if self.at >= self._told_until:
                    self._tell_days()
            if due is not None and due <= self.at:
                record = self._enter(GUARD, c.Tick())
                began = any(isinstance(event, e.SessionRolled) for event in record.events)
                if began and self._conduct.resume == "next-session":
                    self._resume_all()
        self.at = max(self.at, until)

    def take_fills(self) -> list[Fill]:
        """Return every fill that was not returned before, in order."""
        fills, self._fills = self._fills, []
        return fills

    def stop(self) -> None:
        """End the kernel's life cleanly; its entries are complete."""
        self._enter(GUARD, c.KernelStopped())
        self._entries.close()

    # People

    def _approve(self, order_id: str) -> None:
        """Let as many approvers agree as the hold asks for."""
        held = self.kernel.state.orders[order_id]
        for number in range(1, max(held.quorum, 1) + 1):
            name = f"replay-approver-{number}"
            by = Principal(name=name, role="approver", owner=name)
            self._enter(by, c.Approve(order=order_id, digest=held.digest))

    def _resume_all(self) -> None:
        """An operator reviews and resumes every halt of an earlier session; the kernel may refuse."""
        for halt in sorted(self.kernel.state.halts):
            fact = self.kernel.state.halts[halt]
            if fact.at >= self.at:
                continue
            why = "the replay resumes at the next session"
            self._enter(OPERATOR, c.Review(halt=halt, limit=fact.rule, why=why))
            if _refusal(self._enter(OPERATOR, c.Resume(halt=halt, why=why))) is None:
                self.resumed += 1
            else:
                self.resumes_refused += 1

    # What the kernel is told

    def _tell_days(self) -> None:
        self._told_until = self.at + AHEAD_NS
        for body in told(self._mandates, self._hours, self.at):
            self._must(GUARD, body)

    def _tell_volume(self, instrument: str) -> None:
        """Give the average volume before today, once a day, where a mandate asks for it."""
        if not self._needs_volume or self._volume_days.get(instrument) == self._next_day:
            return
        self._volume_days[instrument] = self._next_day
        average = self._volume(instrument, self.at)
        if average is not None:
            self._must(OPERATOR, c.SetVolume(instrument=instrument, average_daily=average))

    # The way of a command

    def _must(self, by: Principal, body: Body) -> None:
        refused = _refusal(self._enter(by, body))
        if refused is not None:
            of = f"{body.subject}: " if isinstance(body, c.SetMandate) else ""
            raise ReplayRefused("mandate_refused", f"{of}{refused.why}", "Correct the mandates")

    def _enter(self, by: Principal, body: Body) -> Record:
        """Judge a command, record it with the requests it plans, and do what it asks for."""
        command = Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body)
        record = self.kernel.step(command)
        acts = [effect for effect in effects(record) if isinstance(effect, Act)]
        requests = [self._plan(act, command) for act in acts]
        if acts:
            both = zip(acts, requests, strict=True)
            planned = tuple(Planned(act.do, act.order, request.digest) for act, request in both if request)
            record = msgspec.structs.replace(record, requests=planned)
        self._entries.append(record)
        self._note(record)
        for act, request in zip(acts, requests, strict=True):
            self._carry(act, record, request)
        return record

    def _plan(self, act: Act, command: Command) -> Request | None:
        if act.do == "snapshot":
            return self._venue.snapshot(act.connection, command.at, command.seq)
        order = self.kernel.state.order(act.order)
        assert order is not None
        encoders = {
            "place": self._venue.place, "cancel": self._venue.cancel, "replace": self._venue.replace,
            "query": self._venue.query,
        }
        try:
            return encoders[act.do](order, self._instruments[order.instrument], command.at, command.seq)
        except Unencodable:
            return None

    def _carry(self, act: Act, record: Record, request: Request | None) -> None:
        """Send a planned request under a permit; the reply and all that it set off enter at once."""
        order = self.kernel.state.order(act.order)
        if request is None:
            self._enter(GUARD, c.Unencodable(order=act.order, why="the venue has no words for it"))
            return
        if act.do == "place" and order is not None:
            stop = stop_of(self.kernel.state, order) if order.state == "allowed" else f"the order is {order.state}"
            if stop:
                self._enter(GUARD, c.Withdrawn(order=order.id, why=stop))
                return
        mandates = () if record.decision is None else record.decision.mandates
        sealed = self._sealer.seal(
            self._venue, request, prefix=self._prefix, seq=record.command.seq, order=act.order, at=self.at,
            mandates=mandates,
        )
        for report in self._venue.read(request, act.order, self.exchange.handle(sealed, self.at)):
            self._enter(GUARD, report)
            if isinstance(report, c.Rejected):
                self.rejected[report.code] = self.rejected.get(report.code, 0) + 1
        self._hear(self.exchange.drain(self.at))

    def _hear(self, messages: Sequence[Message]) -> None:
        """Let what the venue says unasked enter, and keep its fills."""
        for message in messages:
            for report in self._venue.listen(encode(message)):
                self._enter(GUARD, report)
                if isinstance(report, c.Filled):
                    order = self.kernel.state.order(report.order)
                    assert order is not None
                    self._fills.append(fill_of(report, order.instrument, order.side))

    def _note(self, record: Record) -> None:
        """Remember where orders stand, which the kernel forgets in time, and which halts came."""
        for event in record.events:
            order = getattr(event, "order", "")
            if order:
                known = self.kernel.state.order(order)
                if known is not None:
                    self.states[order] = known.state
            elif isinstance(event, e.HaltRaised):
                scope, name = split_subject(event.subject)
                account = self._account_of.get(name, "") if scope == "agent" else name
                self.stops.append(Stop("" if scope in ("firm", "venue") else account, event.rule))


def _refusal(record: Record) -> e.Refused | None:
    return next((event for event in record.events if isinstance(event, e.Refused)), None)


def _answer(record: Record) -> Answer:
    """What a submission led to; a command that was refused before it was judged is a denial by the refusal's code."""
    decision = record.decision
    if decision is not None:
        return Answer(decision.verdict, decision.findings, decision.order)
    refused = _refusal(record)
    assert refused is not None
    finding = e.Finding(rule=refused.code, subject="order", limit="none", actual=refused.why, unit="fact")
    return Answer("deny", (finding,), "")
