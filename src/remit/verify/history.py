"""What must hold between entries, read from what is written alone, whatever kernel decided it: a permit before every
send, a review and a person behind the end of every halt, starts that are said and signed, time that never goes back."""

from __future__ import annotations

from collections.abc import Iterator

from remit.journal.checkpoint import CLEAN_STOP, OPENED, Checkpoint
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.state import State
from remit.verify.verdict import Counts

MAY_END_HALTS = ("operator", "owner")
WORKED = (c.Sent, c.Acked, c.Filled, c.Expired, c.Replaced)
"""Reports that no venue can make of an order whose placing was never sent."""
ANSWERED = (c.Rejected, c.Cancelled, c.Busted)
"""Reports that answer any request about an order."""
REVIEWED, UNREVIEWED = True, False
_OF_STARTS = frozenset({c.KernelStarted, c.ClockFault, c.Woke})
_OF_SENDS = frozenset({*WORKED, *ANSWERED})
_OF_STOPS = frozenset({c.Review, c.Resume})
"""Most entries are none of these, and are passed over."""
_PLACE = frozenset({"place"})
SWEPT_EVERY = 50_000
"""Entries after which the permits of orders that the kernel forgot are forgotten here, too: memory stays flat."""
Fault = tuple[str, str, str, str]
"""A code, the field, what is written, and what must be."""


class History:
    """Remembers what earlier entries allow later ones to say. `faults` yields what does not hold, in order."""

    def __init__(self, state: State) -> None:
        """`state` is that of the entry before the first: what it remembers is taken as given."""
        self.counts = Counts()
        self._at = state.at
        self._permits = {name: frozenset({"place"}) for name in (*state.orders, *state.finished)}
        """What was permitted so far, per order."""
        self._halts = {name: bool(halt.reviewed_by) for name, halt in state.halts.items()}
        """Halts in force, and whether they were reviewed."""
        self._was: Checkpoint | None = None
        self._before_opening: Checkpoint | None = None
        self._opened_at: int | None = None
        """The size at which the journal was opened, until its start is said."""
        self._is_sealed = False

    @property
    def standing(self) -> tuple[str, ...]:
        """The halts in force."""
        return tuple(self._halts)

    def checkpoint(self, checkpoint: Checkpoint) -> Fault | None:
        """Take note of a checkpoint as it passes, and return what contradicts the one before; a new segment repeats
        it."""
        self._is_sealed = True
        if self._was is not None and checkpoint.note == self._was.note:
            return None
        if self._was is not None and CLEAN_STOP in self._was.extensions and OPENED not in checkpoint.extensions:
            return "stop_not_last", "checkpoint", "a checkpoint after a clean stop", "one of an opening"
        if OPENED in checkpoint.extensions:
            self.counts.openings += 1
            self._before_opening, self._opened_at = self._was, checkpoint.size
        self._was = checkpoint
        return None

    def faults(self, record: Record, state: State) -> Iterator[Fault]:
        """Yield what of an entry contradicts those before it. `state` is the kernel's after the entry."""
        command = record.command
        if command.at < self._at:
            yield "time_went_back", "command.at", str(command.at), f"{self._at} or later"
        self._at = command.at
        kind = type(command.body)
        if kind in _OF_STARTS or self._opened_at is not None or command.seq == 1:
            yield from self._starts(record)
        if record.requests or kind in _OF_SENDS:
            yield from self._sends(record, state)
        if kind in _OF_STOPS or len(self._halts) != len(state.halts):
            yield from self._stops(record, state)
        if command.seq % SWEPT_EVERY == 0:
            known = self._permits.items()
            self._permits = {name: done for name, done in known if state.order(name) is not None}

    def _starts(self, record: Record) -> Iterator[Fault]:
        body, index = record.command.body, record.command.seq - 1
        opened, self._opened_at = self._opened_at, None
        if isinstance(body, c.KernelStarted):
            self.counts.starts += 1
            if self._is_sealed and opened != index:
                yield "start_not_signed", "command.body.kind", "kernel_started", "a checkpoint of an opening before it"
            before = self._before_opening
            closed = index == 0 if before is None else CLEAN_STOP in before.extensions and before.size == index
            if self._is_sealed and body.clean and not closed:
                yield "stop_not_clean", "command.body.clean", "true", "false: no clean stop is signed before it"
        elif opened == index or index == 0:
            yield "start_not_said", "command.body.kind", type(body).__name__, "kernel_started, which every start is"
        elif isinstance(body, c.ClockFault):
            self.counts.clock_faults += 1
        elif isinstance(body, c.Woke):
            self.counts.sleeps += 1

    def _sends(self, record: Record, state: State) -> Iterator[Fault]:
        """A send is what the journal heard of it: the guard's own word, and the venue's."""
        body = record.command.body
        if isinstance(body, (*WORKED, *ANSWERED)) and state.order(body.order) is not None:
            self.counts.sends += isinstance(body, c.Sent | c.Acked)
            done = self._permits.get(body.order, frozenset())
            if not done or isinstance(body, WORKED) and "place" not in done:
                yield "no_permit", "command.body.order", body.order, "an earlier entry that permits it to be sent"
            if isinstance(body, c.Replaced) and "replace" not in done:
                yield "no_permit", "command.body.order", body.order, "an earlier entry that permits its new terms"
        for request in record.requests:
            self.counts.requests += 1
            if request.order:
                before = self._permits.get(request.order)
                self._permits[request.order] = (
                    _PLACE if before is None and request.do == "place" else (before or frozenset()) | {request.do}
                )

    def _stops(self, record: Record, state: State) -> Iterator[Fault]:
        body, by = record.command.body, record.command.by
        if isinstance(body, c.Review | c.Resume) and any(isinstance(event, e.Took) for event in record.events):
            if by.role not in MAY_END_HALTS or body.halt not in self._halts:
                yield "halt_not_reviewed", "command.by.role", by.role, f"{' or '.join(MAY_END_HALTS)}, of a known halt"
            if isinstance(body, c.Review):
                self._halts[body.halt] = REVIEWED
            else:
                self.counts.resumes += 1
                if self._halts.pop(body.halt, UNREVIEWED) is not REVIEWED:
                    yield "halt_not_reviewed", "command.body.halt", body.halt, "a halt that somebody reviewed"
        for event in record.events:
            if isinstance(event, e.HaltRaised):
                self.counts.halts += 1
                self._halts[event.halt] = UNREVIEWED
        if len(self._halts) != len(state.halts):
            yield "halt_lost", "events", ", ".join(sorted(state.halts)), ", ".join(sorted(self._halts))
