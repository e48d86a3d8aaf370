"""The loop, the one writer: what enters is stamped, judged, journalled and synced, and only then answered and acted
on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from remit.guard.clock import Clock
from remit.guard.errors import GuardStopped
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
from remit.kernel.permit import Request
from remit.venues.seam import Unencodable, Venue

BATCH_MAX = 512
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
    from an
    entry leaves before its sync, not even a denial. After the first failure of the journal nothing is taken any more.
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
        self._venues = venues
        self._clock = clock
        self._act = act
        self._heard = heard
        self._before_sync = before_sync
        self._inbox: deque[tuple[Principal, Body, asyncio.Future[Record]]] = deque()
        self._waiting = asyncio.Event()
        self._stopping = False
        self._faulted = 0

    def enter(self, by: Principal, body: Body) -> asyncio.Future[Record]:
        """Let something enter; the future's result is its record, once that is durable. GuardStopped where it
        cannot."""
        answer: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        if self._stopping or self.failed is not None:
            answer.set_exception(_stopped(self.failed))
        else:
            self._inbox.append((by, body, answer))
            self._waiting.set()
        return answer

    def now(self) -> int:
        """Return the journal's time now; a jump of the wall clock is noted and enters before the next command."""
        reading = self._clock.read(self.world.now(), self.world.monotonic())
        self._faulted = self._faulted or reading.jump_ns
        return reading.at

    async def run(self) -> None:
        """Serve until `stop`, then empty the inbox and return; JournalError when the journal failed."""
        while not self._stopping or self._inbox:
            if not self._inbox:
                await self._wait()
            self._turn()
            if self._inbox:
                await asyncio.sleep(0)

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
        at = self.now()
        answers: list[_Taken] = []
        try:
            if self._faulted:
                jump, self._faulted = self._faulted, 0
                answers.append(self._take(at, GUARD, c.ClockFault(jump_ns=jump), None))
            due = self.kernel.next_due()
            if due is not None and due <= at:
                answers.append(self._take(at, GUARD, c.Tick(), None))
            for _ in range(min(len(self._inbox), BATCH_MAX)):
                answers.append(self._take(at, *self._inbox.popleft()))
            if answers:
                self._before_sync()
                self.journal.commit(self.journal.seal())
        except JournalError as fault:
            self._fail(fault, [taken.answer for taken in answers])
            raise
        for record, answer, acts, alerts in answers:
            if answer is not None and not answer.done():
                answer.set_result(record)
            self._heard(record)
            for doing in acts:
                self._act(doing)
            for alert in alerts:
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
        if act.do == "snapshot":
            venue = self._venues[state.connections[act.connection].venue]
            return venue.snapshot(act.connection, command.at, command.seq)
        order = state.order(act.order)
        assert order is not None
        venue, instrument = self._venues[order.venue], state.instruments[order.instrument]
        encoders = {"place": venue.place, "cancel": venue.cancel, "replace": venue.replace, "query": venue.query}
        try:
            return encoders[act.do](order, instrument, command.at, command.seq)
        except Unencodable:
            return None

    def _fail(self, fault: JournalError, answers: list[asyncio.Future[Record] | None]) -> None:
        self.failed = str(fault)
        waiting = [*answers, *(answer for _, _, answer in self._inbox)]
        self._inbox.clear()
        for answer in waiting:
            if answer is not None and not answer.done():
                answer.set_exception(_stopped(self.failed))
        self.world.alert(Alert("journal_failed", "firm", self.failed))


def _stopped(why: str | None) -> GuardStopped:
    if why is None:
        return GuardStopped("the guard is stopping", "Start it again with `remit up`")
    return GuardStopped(
        f"the journal failed, so nothing more is taken: {why}",
        "Check the disk, then start the guard and resume by name",
    )


def refusal_of(record: Record) -> e.Refused | None:
    """Return the refusal in a record, if the command was refused."""
    for event in record.events:
        if isinstance(event, e.Refused):
            return event
    return None
