"""One simulation: a firm is set up, the schedule's steps happen to it, and then, with the faults off, all must come to
rest."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterable

from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.event import Booked, HaltRaised, Record
from remit.kernel.numbers import NANOSECONDS
from remit.testing.faults import Drawn
from remit.testing.sim.actors import DEEDS, Doing
from remit.testing.sim.actors.feeding import marks_of, rate_of, say
from remit.testing.sim.actors.stopping import end_halts, end_pauses
from remit.testing.sim.firm import FEED, ROLES, Caller, founded, opened
from remit.testing.sim.invariants import Inspector
from remit.testing.sim.keeper import Keeper
from remit.testing.sim.loop import Stuck, VirtualLoop
from remit.testing.sim.machine import SOCKET, Machine
from remit.testing.sim.market import LINKS, Market
from remit.testing.sim.observer import Observer
from remit.testing.sim.outcome import Failure, Outcome
from remit.testing.sim.resting import come_to_rest
from remit.testing.sim.schedule import Schedule, Step
from remit.testing.sim.stage import Stage
from remit.testing.sim.woven import woven

FEED_NS = NANOSECONDS
"""How often the feed speaks to the guard."""
FEED_ASLEEP_NS = 60 * NANOSECONDS
"""How often it tries, and an operator on duty looks, while the guard's host sleeps."""
READY_NS = 30 * NANOSECONDS
"""How long the set-up may take until every connection is reconciled."""
SETTLE_NS = 2 * NANOSECONDS
DUTY = "dan"
LIVENESS = "L1"
LOOKS = 5
LOOK_NS = 370_000_000
"""A feed speaks and a dead man is renewed also at the end: what is on its way at one look must be gone at the next."""
CRASH, FAULT, STUCK = "guard_crash", "simulator_fault", "stuck"
ALLOWED_NS = 7_200 * NANOSECONDS
"""What a simulation may take beside its steps and the sleep of its host. It comes to rest within a tenth of that."""
CALLS_MAX = 2_000_000
"""Callbacks of the loop; a simulation takes fifty thousand."""


class Broken(Exception):
    """A promise is broken: the simulation ends here."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


def simulate(schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> Outcome:
    """Return what a schedule leads to; the same schedule always leads to the same, to the last byte.

    With `keep_trace` the outcome also has its trace, line by line. Without `to_rest` it ends after the last step: for
    looking again at what breaks before.
    """
    return Simulation(schedule, keep_trace=keep_trace, to_rest=to_rest).run()


class Simulation:
    """All the parts of one simulation, each with a random source of its own, named by the seed."""

    def __init__(self, schedule: Schedule, *, keep_trace: bool = False, to_rest: bool = True) -> None:
        seed, swarm = schedule.seed, schedule.swarm
        self.schedule = schedule
        self.to_rest = to_rest
        self.loop = VirtualLoop(random.Random(f"{seed}/loop"), explore=swarm.explore)
        self.loop.until_ns = sum(step.after_ns for step in schedule.steps) + ALLOWED_NS
        self.loop.calls_max = CALLS_MAX
        self.loop.network.latency_ns = swarm.latency_ns
        self.observer = Observer(lambda: self.loop.ns, keep_trace=keep_trace)
        self.machine = Machine(
            self.loop,
            seed,
            links=LINKS,
            start_ns=swarm.start_ns,
            sync_ns=swarm.sync_ns,
            segment_bytes=swarm.segment_bytes,
            snapshot_every=swarm.snapshot_every,
            observer=self.observer,
            is_anchored=swarm.is_anchored,
            is_exported=swarm.is_exported,
        )
        self.market = Market(self.machine, seed)
        self.inspector = Inspector(self.observer, self.machine, self.market, seed=seed)
        keeper = Keeper(self.machine, random.Random(f"{seed}/keeper"), lambda what: self.stage.count(what))
        self.stage = Stage(self.loop, self.machine, self.market, self.observer, swarm, keeper, SOCKET)

    def run(self) -> Outcome:
        """Run it from the set-up to rest, or to the first broken promise."""
        failure: Failure | None = None
        with self.loop:
            try:
                self.loop.run(self._main())
            except Broken as broken:
                failure = broken.failure
            except Stuck as stuck:
                failure = self._failure(STUCK, str(stuck))
            return self._outcome(failure)

    async def _main(self) -> None:
        stage = self.stage
        await self._set_up()
        faults = self.schedule.swarm.faults
        for name, faulty in self.market.faulty.items():
            faulty.plan = Drawn(random.Random(f"{self.schedule.seed}/venue/{name}"), faults)
        stage.begin(stage.keeper.run())
        if self.schedule.swarm.duty_ns:
            stage.begin(self._on_duty(self.schedule.swarm.duty_ns))
        for number, step in enumerate(self.schedule.steps):
            await stage.wait(step.after_ns)
            while self.loop.ns < stage.nobody_until:
                await stage.wait(stage.nobody_until - self.loop.ns)
            self._check()
            stage.step = number
            stage.tell("step", step.who, step)
            stage.begin(self._do(step))
        await stage.wait(SETTLE_NS)
        self._check()
        if not self.to_rest:
            return
        stage.step = len(self.schedule.steps)
        left = await come_to_rest(stage, self._check)
        await self._check_rest()
        if left:
            raise Broken(self._failure(LIVENESS, left))

    async def _set_up(self) -> None:
        """Start everything and make the firm; RuntimeError where the guard refuses any of it."""
        stage = self.stage
        self.market.open()
        self.machine.boot()
        if not await self.machine.up():
            raise RuntimeError(f"the first guard did not start: {self.machine.start_failed}")
        owner = stage.hire("ann", self.machine.operator_token)
        await self._enter(founded(stage.instruments), owner)
        await self._hire(FEED)
        stage.begin(self._feed())
        await stage.wait(SETTLE_NS)
        await self._enter(opened(self.schedule.swarm), owner)
        for name in sorted(ROLES.keys() - {FEED}):
            await self._hire(name)
        until = self.loop.ns + READY_NS
        while self.loop.ns < until:
            rows = await stage.see("ann", "connections")
            if rows and all(row["ready"] for row in rows):
                disk = self.machine.disks[JOURNAL]
                stage.founded = {name: disk.size(name) for name in disk.names()}
                return
            await stage.wait(NANOSECONDS // 4)
        raise RuntimeError(f"not every connection was reconciled within {READY_NS // NANOSECONDS} s: {rows}")

    async def _enter(self, bodies: Iterable[c.Body], owner: Caller) -> None:
        for body in bodies:
            reply = await owner.ask("command", body)
            if reply.code:
                raise RuntimeError(f"{type(body).__name__} was refused while the firm was set up: {reply.code}")

    async def _hire(self, name: str) -> None:
        reply = await self.stage.issue("ann", name)
        if reply.code:
            raise RuntimeError(f"no token for {name}: {reply.code}")

    async def _feed(self) -> None:
        """Tell the guard its prices, again and again, unless the feed is silent."""
        stage = self.stage
        while True:
            if self.loop.ns >= stage.feed_until:
                await say(stage, marks_of(stage, list(stage.instruments)), rate_of(stage))
            await stage.wait(FEED_ASLEEP_NS if self.machine.is_asleep else FEED_NS)

    async def _on_duty(self, every_ns: int) -> None:
        """Look at what is stopped, again and again, and end it."""
        while not self.stage.is_calm:
            await self.stage.wait(FEED_ASLEEP_NS if self.machine.is_asleep else every_ns)
            await end_pauses(self.stage, DUTY)
            await end_halts(self.stage, DUTY)

    async def _do(self, step: Step) -> None:
        """Do what a step says, and count that something was done."""
        deed = DEEDS[step.do]
        done = await deed.act(self.stage, Doing(step.who, step.count, random.Random(step.seed)))
        self.stage.count(f"step:{step.do}")
        if not done:
            return
        self.stage.count(f"deed:{step.do}")
        if deed.kind in ("venue", "host"):
            self.stage.tell("fault", step.who, f"{deed.words}: {done}")

    async def _check_rest(self) -> None:
        """Broken where something is left; what is on its way just now is looked at again a moment later."""
        for _ in range(LOOKS):
            found = self.inspector.after_step(calm=True)
            if not found or any(broken.invariant != LIVENESS for broken in found):
                break
            await self.stage.wait(LOOK_NS)
        for invariant, what in found:
            raise Broken(self._failure(invariant, what))
        self._check()

    def _check(self) -> None:
        """Broken where a promise is, or where anything raised what nobody handled."""
        for fault in self.loop.faults:
            raise Broken(self._failure(_whose(fault), _said(fault)))
        if self.stage.keeper.refused:
            raise Broken(self._failure(CRASH, self.stage.keeper.refused))
        for invariant, what in self.inspector.after_step():
            raise Broken(self._failure(invariant, what))

    def _failure(self, invariant: str, what: str) -> Failure:
        return Failure(invariant, max(self.stage.step, 0), self.loop.ns, what)

    def _outcome(self, failure: Failure | None) -> Outcome:
        counts = self.stage.counts
        for record in self.observer.records:
            _count(counts, record)
        counts["entries"] = len(self.observer.records)
        counts.update(seen.what for seen in self.observer.seen if seen.kind == "befell")
        counts["starts"] = self.machine.boots
        counts["refused_starts"] = sum(seen.kind == "refused_start" for seen in self.observer.seen)
        return Outcome(
            seed=self.schedule.seed,
            hash=self.observer.trace_hash(),
            failure=failure,
            counts=dict(sorted(counts.items())),
            story=woven(self.stage.story, self.observer.seen),
            trace=self.observer.trace,
            virtual_ns=self.loop.ns,
        )


def _count(counts: dict[str, int], record: Record) -> None:
    """Count what a durable record decided and what happened with it."""
    if isinstance(record.command.body, c.Submit) and record.decision is not None:
        counts["orders"] += 1
        counts[record.decision.verdict] += 1
    if record.decision is not None:
        for finding in record.decision.findings:
            counts[f"rule:{finding.rule}"] += 1
    for event in record.events:
        if isinstance(event, Booked):
            counts["fills"] += 1
        elif isinstance(event, HaltRaised):
            counts[f"halt:{event.cause}"] += 1
        else:
            counts[f"event:{event.__struct_config__.tag}"] += 1


def _whose(fault: BaseException) -> str:
    """Return whether it was the guard that failed, or the simulator itself: by the code that raised."""
    frames = traceback.extract_tb(fault.__traceback__)
    deepest = next((frame.filename for frame in reversed(frames) if "/remit/" in frame.filename), "")
    return FAULT if "/remit/testing/" in deepest else CRASH


def _said(fault: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if "/remit/" in frame.filename]
    where = " < ".join(
        f"{frame.name} ({frame.filename.rpartition('/remit/')[2]}:{frame.lineno})" for frame in reversed(frames[-6:])
    )
    return f"{type(fault).__name__}: {fault} in {where}"
