"""The loop, the one writer: what enters is stamped, judged, journalled and synced, and only then answered and acted
on."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from remit.guard.clock import Clock
from remit.guard.errors import EntryTooLarge, GuardError, GuardStopped
from remit.guard.world import World
from remit.journal.errors import JournalError
from remit.journal.log import Journal
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.command import Body, Command
from remit.kernel.effect import Act, Alert
from remit.kernel.event import Planned, Record
from remit.kernel.kernel import Kernel, effects
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.permit import Request
from remit.venues.seam import Unencodable, Venue

BATCH_MAX = 512
BODY_BYTES_MAX = 32_768
"""A command is journalled in one entry, with what follows from it, which takes as much room again."""
SLEEP_NS = 2 * NANOSECONDS
"""A machine that slept for longer knows nothing of its venues any more."""
IDLE_NS = 200_000_000
"""How often the loop looks at the clock when nothing enters: time itself may be due."""


class Due(msgspec.Struct, frozen=True):
    """Something to be done for a durable record: the act, the record's place, and the request that was planned."""

    act: Act
    record: Record
    request: Request | None


class _Taken(NamedTuple):
    """A record on its way to the disk, who waits for it, and what is to be done once it is there."""

    record: Record
    answer: asyncio.Future[Record] | None
    acts: list[Due]
    alerts: list[Alert]


class Loop:
    """Takes commands one at a time in order of arrival and makes them durable together.

    Everything that arrived while the disk was syncing is one batch: one write, one signature, one sync. Nothing derived
    from an entry leaves before its sync, not even a denial. After the first fault, of the journal or of the guard
    itself, nothing is taken, sent or answered any more: `failed` says why.
    """

    def __init__(
        self,
        world: World,
        journal: Journal,
        kernel: Kernel,
        venues: Mapping[str, Venue],
        clock: Clock,
        *,
        act: Callable[[Due], None],
        heard: Callable[[Record], None],
        before_sync: Callable[[], None] = lambda: None,
    ) -> None:
        self.world = world
        self.journal = journal
        self.kernel = kernel
        self.failed: str | None = None
        self._fault: Exception | None = None
        self._venues = venues
        self._clock = clock
        self._act = act
        self._heard = heard
        self._before_sync = before_sync
        self._inbox: deque[tuple[Principal, Body, asyncio.Future[Record]]] = deque()
        self._waiting = asyncio.Event()
        self._stopping = False
        self._faulted = 0
        self._asleep = world.monotonic() - world.awake()
        self._slept = 0

    def enter(self, by: Principal, body: Body) -> asyncio.Future[Record]:
        """Let something enter; the future's result is its record, once that is durable.

        GuardStopped where it cannot; EntryTooLarge for a body of the guard's own that no entry could hold.
        """
        answer: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        if not self.takes:
            answer.set_exception(_stopped(self.failed))
            answer.exception()  # read here, because nobody may wait for it
        elif by.role == GUARD.role and len(encode(body)) > BODY_BYTES_MAX:
            kind = type(body).__name__
            answer.set_exception(EntryTooLarge(f"a {kind} is over {BODY_BYTES_MAX} bytes", "Say less at once"))
        else:
            self._inbox.append((by, body, answer))
            self._waiting.set()
        return answer

    @property
    def takes(self) -> bool:
        """Whether anything may still enter."""
        return not self._stopping and self.failed is None

    def now(self) -> int:
        """Return the journal's time now; a jump of the wall clock, and a sleep of the machine, are noted and enter
        before the next command."""
        monotonic = self.world.monotonic()
        reading = self._clock.read(self.world.now(), monotonic)
        self._faulted = self._faulted or reading.jump_ns
        asleep = monotonic - self.world.awake()
        if asleep - self._asleep > SLEEP_NS:
            self.stood_still(asleep - self._asleep)
        self._asleep = asleep
        return reading.at

    def stood_still(self, duration_ns: int) -> None:
        """Note that nothing was watched for so long; it enters before the next command."""
        self._slept += duration_ns
        self._waiting.set()

    async def run(self) -> None:
        """Serve until `stop`, then empty the inbox and return; raises the first fault, of the journal or of the
        guard."""
        while self._fault is None and (self._inbox or not self._stopping):
            if not self._inbox:
                await self._wait()
            if self._fault is None:
                self._turn()
            if self._inbox:
                await asyncio.sleep(0)
        if self._fault is not None:
            raise self._fault

    def check(self) -> None:
        """Return where nothing has failed; GuardStopped otherwise, since the state may be ahead of the journal then."""
        if self.failed is not None:
            raise _stopped(self.failed)

    def fail(self, fault: Exception) -> None:
        """Stop at once, loudly: whatever was not expected leaves the guard's state in doubt."""
        if self._fault is None:
            self._fault, self.failed = fault, said(fault)
            code = "journal_failed" if isinstance(fault, JournalError) else "guard_failed"
            self.world.alert(Alert(code, "firm", self.failed))
        for _, _, answer in self._inbox:
            _refuse(answer, self.failed)
        self._inbox.clear()
        self._waiting.set()

    def stop(self) -> None:
        """Take nothing more; what has entered is finished."""
        self._stopping = True
        self._waiting.set()

    async def _wait(self) -> None:
        self._waiting.clear()
        idle = asyncio.get_running_loop().call_later(IDLE_NS / 10**9, self._waiting.set)
        try:
            await self._waiting.wait()
        finally:
            idle.cancel()

    def _turn(self) -> None:
        """Take one batch through: judge each, write and sync all, then answer and act."""
        taken: list[_Taken] = []
        try:
            self._take_all(self.now(), taken)
            if taken:
                self._before_sync()
                self.journal.commit(self.journal.seal())
            for entry in taken:
                self._let_out(entry)
        except Exception as fault:  # noqa: BLE001  whatever it is, the state may be ahead of the journal
            for entry in taken:
                _refuse(entry.answer, said(fault))
            self.fail(fault)

    def _take_all(self, at: int, taken: list[_Taken]) -> None:
        """Judge what waits, in order; what is being judged stays in the inbox until its record is there."""
        if self._inbox and isinstance(self._inbox[0][1], c.KernelStarted):
            self._take_next(at, taken)  # before anything that it decides: verification names the kernel of each stretch
        if self._faulted:
            jump, self._faulted = self._faulted, 0
            taken.append(self._take(at, GUARD, c.ClockFault(jump_ns=jump), None))
        if self._slept:
            slept, self._slept = self._slept, 0
            taken.append(self._take(at, GUARD, c.Woke(slept_ns=slept), None))
        due = self.kernel.next_due()
        if due is not None and due <= at:
            taken.append(self._take(at, GUARD, c.Tick(), None))
        for _ in range(min(len(self._inbox), BATCH_MAX)):
            self._take_next(at, taken)

    def _take_next(self, at: int, taken: list[_Taken]) -> None:
        taken.append(self._take(at, *self._inbox[0]))
        self._inbox.popleft()

    def _let_out(self, entry: _Taken) -> None:
        if entry.answer is not None and not entry.answer.done():
            entry.answer.set_result(entry.record)
        self._heard(entry.record)
        for doing in entry.acts:
            self._act(doing)
        for alert in entry.alerts:
            self.world.alert(alert)

    def _take(self, at: int, by: Principal, body: Body, answer: asyncio.Future[Record] | None) -> _Taken:
        command = Command(seq=self.kernel.state.seq + 1, at=at, by=by, body=body)
        record = self.kernel.step(command)
        asked = effects(record)
        acts = [effect for effect in asked if isinstance(effect, Act)]
        requests = [self._plan(act, command) for act in acts]
        if acts:
            planned = [
                Planned(act.do, act.order, request.digest)
                for act, request in zip(acts, requests, strict=True)
                if request
            ]
            record = msgspec.structs.replace(record, requests=tuple(planned))
        self.journal.append(encode(record))
        dues = [Due(act, record, request) for act, request in zip(acts, requests, strict=True)]
        return _Taken(record, answer, dues, [effect for effect in asked if isinstance(effect, Alert)])

    def _plan(self, act: Act, command: Command) -> Request | None:
        """Return the exact request of an act, or None where the venue has no words for it."""
        state = self.kernel.state
        if not act.order:
            return self._plan_whole(act, command)
        order = state.order(act.order)
        assert order is not None
        venue, instrument = self._venues[order.venue], state.instruments[order.instrument]
        encoders = {"place": venue.place, "cancel": venue.cancel, "replace": venue.replace, "query": venue.query}
        try:
            return encoders[act.do](order, instrument, command.at, command.seq)
        except Unencodable:
            return None

    def _plan_whole(self, act: Act, command: Command) -> Request | None:
        """Return the exact request of an act on a whole connection, or None where its venue has no words for it."""
        state, connection = self.kernel.state, act.connection
        venue = self._venues.get(state.connections[connection].venue)
        if venue is None:
            return None
        try:
            if act.do == "cancel_all":
                return venue.cancel_all(connection, command.at, command.seq)
            if act.do == "dead_man":
                return venue.dead_man(connection, state.armed[connection].after_s, command.at, command.seq)
            return venue.snapshot(connection, command.at, command.seq)
        except Unencodable:
            return None


def said(fault: Exception) -> str:
    """Return a fault in one line: a named one as it says itself, any other with its place in the source."""
    if isinstance(fault, GuardError | JournalError | OSError):
        return str(fault)
    place = traceback.extract_tb(fault.__traceback__)[-1:]
    where = "".join(f" in {frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in place)
    return f"{type(fault).__name__}: {fault}{where}"


def _refuse(answer: asyncio.Future[Record] | None, why: str | None) -> None:
    if answer is not None and not answer.done():
        answer.set_exception(_stopped(why))
        answer.exception()  # read here, because nobody may be waiting for it any more


def _stopped(why: str | None) -> GuardStopped:
    if why is None:
        return GuardStopped("the guard is stopping", "Start it again with `remit up`")
    return GuardStopped(
        f"the guard failed, so nothing more is taken: {why}",
        "Look at its log and at the disk, then start it; a poisoned journal is resumed by name",
    )


def refusal_of(record: Record) -> e.Refused | None:
    """Return the refusal in a record, if the command was refused."""
    for event in record.events:
        if isinstance(event, e.Refused):
            return event
    return None
