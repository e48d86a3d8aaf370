"""One soak: the real guard, its callers and its venues for an hour of virtual time, with restarts and venue faults."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from remit.guard.world import JOURNAL
from remit.journal.verify import VERIFIER
from remit.kernel.instrument import Instrument
from remit.kernel.numbers import DAY_NS, NANOSECONDS
from remit.kernel.state import INTENT_LIFE_NS, State
from remit.testing.faults import Drawn, FaultyPaper
from remit.testing.sim.firm import Caller
from remit.testing.sim.loop import Stuck, VirtualLoop
from remit.testing.sim.machine import SOCKET, Machine
from remit.testing.sim.soak import crowd
from remit.testing.sim.soak.census import FORGOTTEN, leaks
from remit.testing.sim.soak.crowd import APPROVERS, EXCHANGES, FEED, OPERATOR, Size, Trader
from remit.testing.sim.soak.meter import Meter, Sample, blocks_per_order, bytes_per_order, growth, sample, sizes
from remit.testing.sim.soak.prices import Prices, feed
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.server import PaperServer
from remit.verify import key_of, verify

FAULTS = {"lost_reply": 10, "lost_request": 5, "error_after": 5, "too_many": 10, "partial_fill": 100, "doubled": 50}
"""Chances of the venues' faults, in ten-thousandths."""
TROUBLES = 12
"""So many times, evenly over the time, the guard ends and is started again, or is cut off from a venue, in turn."""
DOWN_S, CUT_S = 3, 15
CALM_MINUTES_MAX = 10
"""How long it may take, with the faults off and everything cancelled, until nothing is reserved."""
FORGET_NS = INTENT_LIFE_NS + DAY_NS
"""After so long nothing that is over is remembered."""
OLD_GUARD_PCT = 50
"""How much more memory than a fresh one a guard may hold that has traded, once nothing is remembered: a fresh one has
no cells where an order was judged and nothing came of it."""
FEED_KEY = "the feed of the soak, and nobody else's"
WRONG_MAX = 20


class Fault(Exception):
    """The soak cannot go on: what the guard refused, or why it is down."""


class Verified(msgspec.Struct, frozen=True):
    """What the offline verification of the whole journal found."""

    entries: int
    decisions: int
    well: bool
    what: str = ""


class Outcome(msgspec.Struct, kw_only=True):
    """What a soak found. It is well where `wrong` is empty. `trading_s` of real time went by while it traded; nothing
    worked any more `calm_s` of virtual time after that. `counts` has what happened, `answers` what callers were told,
    `left` the sizes of the state's tables once nothing worked. Four days later the guard that traded held `old_blocks`
    of memory, and a fresh one on the same journal `fresh_blocks`."""

    size: Size
    real_s: float
    trading_s: float
    calm_s: int
    counts: dict[str, int]
    answers: dict[str, int]
    left: dict[str, int]
    samples: list[Sample]
    bytes_per_order: int
    blocks_per_order: int
    old_blocks: int
    fresh_blocks: int
    journal_bytes: int
    verified: Verified
    wrong: list[str]


def soak(size: Size, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Run a soak of a size and return what it found; `say` hears how it goes on, a line for each virtual minute."""
    began = time.monotonic()
    with VirtualLoop(random.Random(f"{size.seed}/soak")) as loop:
        run = _Soak(loop, size, say)
        try:
            loop.run(run.main())
        except (Stuck, Fault) as fault:
            run.wrong.append(str(fault))
        faults = Counter(repr(fault) for fault in loop.faults)
        run.wrong += [f"{count} times nobody handled {fault}" for fault, count in faults.most_common(WRONG_MAX)]
        say("verifying the journal")
        verified = _verify(run.machine)
        if not verified.well:
            run.wrong.append(f"the journal does not verify: {verified.what}")
        return Outcome(
            size=size,
            real_s=time.monotonic() - began,
            trading_s=run.trading_s,
            calm_s=run.calm_s,
            counts=dict(sorted(run.meter.counts.items())),
            answers=dict(sorted(run.answers.items())),
            left=run.last,
            samples=run.samples,
            bytes_per_order=bytes_per_order(run.samples),
            blocks_per_order=blocks_per_order(run.samples),
            old_blocks=run.old_blocks,
            fresh_blocks=run.fresh_blocks,
            journal_bytes=run.disk_bytes(),
            verified=verified,
            wrong=run.wrong,
        )


class _Soak:
    """The parts of one soak, and what happens to them."""

    def __init__(self, loop: VirtualLoop, size: Size, say: Callable[[str], None]) -> None:
        self.wrong: list[str] = []
        self.meter = Meter()
        self.answers: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self.trading_s = 0.0
        self.calm_s = 0
        self.last: dict[str, int] = {}
        self.old_blocks = self.fresh_blocks = 0
        self._loop, self._size, self._say = loop, size, say
        self._chance = random.Random(f"{size.seed}/world")
        self._paths = {name: Path(f"/sim/{name}.sock") for name in EXCHANGES}
        self._connections = crowd.connections()
        self.machine = Machine(
            loop,
            size.seed,
            links={name: self._paths[exchange] for name, (_, exchange) in self._connections.items()},
            segment_bytes=1 << 24,
            snapshot_every=20_000,
            observer=self.meter,
        )
        self.prices = Prices(size.instruments, size.seed, EXCHANGES, self.machine.true_now)
        self._exchanges = {name: self._exchange(name) for name in EXCHANGES}
        self._faulty = {
            name: FaultyPaper(exchange, Drawn(random.Random(f"{size.seed}/{name}"), FAULTS))
            for name, exchange in self._exchanges.items()
        }
        self._stop = asyncio.Event()

    def _exchange(self, name: str) -> PaperExchange:
        of = self.prices.exchange_of
        listed: list[Instrument] = [terms for terms in self.prices.instruments.values() if of[terms.name] == name]
        exchange = PaperExchange(listed, self.machine.permit_key, fee_bps=10, latency_ns=2 * NANOSECONDS // 1000)
        for connection, (_, at) in self._connections.items():
            if at == name:
                exchange.open_connection(connection, {"USD": crowd.CASH})
        return exchange

    async def main(self) -> None:
        """Everything, in order: open, trade, calm down, count, and let days pass."""
        for name, faulty in self._faulty.items():
            server = PaperServer(
                faulty.exchange, FEED_KEY, clock=self.machine.true_now, answer=faulty.answer, log=faulty.log
            )
            self._loop.spawn(self._loop.process(name), server.serve(self._paths[name]))
        self.machine.boot()
        if not await self.machine.up():
            raise Fault(f"the guard does not start: {self.machine.start_failed!r}")
        operator = Caller(SOCKET, OPERATOR, self.machine.operator_token)
        await self._set_up(operator)
        tasks = await self._open(operator)
        await self._trade()
        self._stop.set()
        await asyncio.gather(*tasks)
        self.wrong += growth(self.samples)
        await self._calm(operator)
        await self._forget()
        await self.machine.stop()
        operator.close()

    async def _set_up(self, operator: Caller) -> None:
        for body in crowd.set_up(self._size, self.prices.instruments):
            reply = await operator.ask("command", body)
            if reply.code:
                raise Fault(f"{type(body).__name__} is refused: {reply.code}")

    async def _open(self, operator: Caller) -> list[asyncio.Task[None]]:
        """Let everybody in, each in a process of its own."""
        size, stop = self._size, self._stop
        feeding = await self._hire(operator, FEED, "feed")
        begun = [("feed", feed(self.prices, feeding, self._paths, FEED_KEY, stop))]
        for name in APPROVERS:
            caller = await self._hire(operator, name, "approver")
            begun.append((name, crowd.approve(caller, random.Random(f"{size.seed}/{name}"), stop)))
        begun.append((OPERATOR, crowd.clear_halts(operator, self.answers, stop)))
        for name in crowd.agents(size):
            caller = await self._hire(operator, name, "agent")
            begun.append((name, Trader(name, caller, self.prices, size, self.answers).live(stop)))
        return [self._loop.spawn(self._loop.process(name), work) for name, work in begun]

    async def _hire(self, operator: Caller, name: str, role: str) -> Caller:
        owner = name if role == "approver" else OPERATOR
        body = {"kind": "new_token", "role": role, "name": name, "owner": owner}
        reply = await operator.ask("command", body)
        if reply.code:
            raise Fault(f"no token for {name}: {reply.code}")
        return Caller(SOCKET, name, reply.ok["secret"])

    # While it trades

    async def _trade(self) -> None:
        began = time.monotonic()
        for minute in range(1, self._size.minutes + 1):
            await asyncio.sleep(60)
            self._sample(minute, began)
            turn, rest = divmod(minute, max(self._size.minutes // TROUBLES, 1))
            if rest == 0:
                await (self._restart() if turn % 2 else self._cut())
        self.trading_s = time.monotonic() - began

    async def _cut(self) -> None:
        """Nothing passes between the guard and one exchange for a while."""
        path = str(self._chance.choice(list(self._paths.values())))
        self._loop.network.cut(path)
        await asyncio.sleep(CUT_S)
        self._loop.network.mend(path)
        self.meter.counts["cuts"] += 1

    async def _restart(self) -> None:
        """End the guard in one of three ways, and start it again a little later."""
        how = self._chance.choice(("stop", "kill", "power"))
        self.meter.counts["restarts"] += 1
        self.meter.counts[f"restarts by {how}"] += 1
        if how == "stop":
            await self.machine.stop()
        else:
            self.machine.kill(None if how == "kill" else 0)
        self._loop.bury()
        await asyncio.sleep(DOWN_S)
        self.machine.boot()
        if not await self.machine.up():
            raise Fault(f"the guard does not start again: {self.machine.start_failed!r}")

    def _sample(self, minute: int, began: float) -> None:
        for faulty in self._faulty.values():
            faulty.sent.clear()
            self.meter.counts["venue faults"] += len(faulty.befell)
            faulty.befell.clear()
        counts = self.meter.counts
        now = sample(minute, began, self.disk_bytes(held=True), counts["orders"], self._state)
        self.samples.append(now)
        self._say(
            f"minute {minute:3} of {self._size.minutes}, {now.real_s:4.0f} s: {counts['orders']:6} orders, "
            f"{counts['fills']:6} fills, {counts['entries']:7} entries, {now.rss_bytes >> 20:4} MB of memory, "
            f"{now.disk_bytes >> 20:4} MB of it disks"
        )

    def disk_bytes(self, held: bool = False) -> int:
        """The bytes of the journal; with `held` the memory that all virtual disks take."""
        disks = self.machine.disks
        whole = sum(
            len(data) for disk in disks.values() for files in (disk.live, disk.durable) for data in files.values()
        )
        return whole if held else sum(map(len, disks[JOURNAL].durable.values()))

    @property
    def _state(self) -> State:
        guard = self.machine.guard
        if guard is None:
            raise Fault(f"the guard is down: {self.machine.died_of}")
        return guard.kernel.state

    # When it is over

    async def _calm(self, operator: Caller) -> None:
        """With the faults off, cancel everything, wait until nothing is reserved, and count by hand what is left."""
        for faulty in self._faulty.values():
            faulty.stop()
        self.machine.calm()
        began_at = self._loop.ns
        while self._state.orders and self._loop.ns < began_at + CALM_MINUTES_MAX * 60 * NANOSECONDS:
            await crowd.cancel_everything(operator, list(self._state.orders))
            await asyncio.sleep(5)
        self.calm_s = (self._loop.ns - began_at) // NANOSECONDS
        await asyncio.sleep(90)  # one more round with the venues
        self.last = sizes(self._state)
        venues = {name: self._exchanges[exchange] for name, (_, exchange) in self._connections.items()}
        found = list(leaks(self._state, venues))
        self.wrong += found[:WRONG_MAX] + ([f"and {len(found) - WRONG_MAX} more"] if len(found) > WRONG_MAX else [])

    async def _forget(self) -> None:
        """Let the machine sleep until nothing that is over may be remembered any more."""
        self.machine.sleep(FORGET_NS)
        await asyncio.sleep(FORGET_NS / NANOSECONDS + 60)
        left = sizes(self._state)
        self.wrong += [f"four days later {table} has {left[table]} left" for table in FORGOTTEN if left[table]]
        self.old_blocks = await self._weigh()
        self.fresh_blocks = await self._weigh()
        if self.old_blocks > self.fresh_blocks * (100 + OLD_GUARD_PCT) // 100:
            self.wrong.append(
                f"a guard that traded holds {self.old_blocks:,} blocks of memory when all is forgotten, "
                f"a fresh one {self.fresh_blocks:,}"
            )

    async def _weigh(self) -> int:
        """Return how many blocks of memory go with the guard when it is killed; start another."""
        gc.collect()
        before = sys.getallocatedblocks()
        self.machine.kill(None)
        self._loop.bury()
        after = sys.getallocatedblocks()
        self.machine.boot()
        if not await self.machine.up():
            raise Fault(f"the guard does not start again: {self.machine.start_failed!r}")
        await asyncio.sleep(60)
        return before - after


def _verify(machine: Machine) -> Verified:
    """Verify the journal as a stranger does: its files and its public key alone, every verdict decided again."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / JOURNAL
        place.mkdir()
        for name, data in machine.disks[JOURNAL].durable.items():
            (place / name).write_bytes(data)
        found = verify(place, key_of(place, machine.files[VERIFIER].strip()))
    what = found.fault or ("" if found.difference is None else f"{found.difference}")
    return Verified(found.count, found.decisions, found.well, what)
