"""The real core of a guard (loop, courier, listener, reconciler, watch, vault, journal) against one venue's harness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from tests.conformance.harness import Harness
from tests.guard.core import AGENT, OPERATOR, Core
from tests.kernel.recount import check_sums

from remit.guard.board import Board
from remit.guard.closing import Closing
from remit.guard.listener import Listener
from remit.guard.reconciler import Reconciler
from remit.guard.recover import in_doubt
from remit.guard.watch import Watch
from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.event import REDUCING_PASSES, HaltRaised, Record
from remit.kernel.instrument import Mark
from remit.kernel.names import GUARD, SIGN
from remit.kernel.numbers import NANOSECONDS, SCALE, Price, Quantity, parse
from remit.kernel.order import WORKING, Order, OrderIntent
from remit.kernel.permit import Permit, Request
from remit.testing.world import MemoryWorld

MARK_EVERY_S = 20


class VenueWorld(MemoryWorld):
    """A world in memory whose venue also streams: `news` is set whenever it may have something to say."""

    harness: Harness

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.began = self.wall
        self.news = asyncio.Event()
        self.garbage: list[bytes] = []
        """What the venue says next that is no message at all."""

    def true(self) -> int:
        """The time by a clock that nobody sets: the venue's."""
        return self.began + self.monotonic()

    async def listen(self, connection: str, hello: bytes) -> AsyncGenerator[bytes, None]:
        said = self.harness.stream(hello)
        yield b""
        while True:
            while self.garbage:
                yield self.garbage.pop()
            for message in said():
                yield message
            self.news.clear()
            await self.news.wait()


class House(Core):
    """A guard with one agent that may buy and sell AAPL through `paper1`, whose venue is the harness."""

    world: VenueWorld

    def __init__(self, harness: type[Harness], after: House | None = None, keep: int = 0) -> None:
        """A guard that was just made, or, `after` another that crashed, the one that finds its journal and venue.

        `keep` bytes more than it had synced are on the disk.
        """
        if after is not None:
            after.world.disks[JOURNAL] = after.disk.reboot(keep)
            after.world.news = asyncio.Event()
        super().__init__(VenueWorld() if after is None else after.world)
        self.venue = harness(self.vault.permit_key, self.world.true) if after is None else after.venue
        self.world.harness = self.venue
        self.price = "100"
        self.sealed: list[bytes] = [] if after is None else after.sealed
        """Every sealed request, as it left, those before a crash included."""
        self.tampers: float | None = None
        """Where in each sealed request one bit is changed on its way, as a part of its length."""
        self._seconds = 0
        self.reconciler = Reconciler(self.world, self.loop, {self.venue.codec.name})
        self.watch = Watch(self.world, self.loop)
        self.board = Board(self.kernel.state)
        self.closing = Closing(self.world, self.loop, self.board, self.courier.spawn)
        self.loop._heard = self._hear
        self.lowest = 0
        """The smallest position that the venue ever showed."""
        self.widest = 0
        """The largest position, either way, that the venue's working orders ever allowed."""

    # The parts

    def _hear(self, record: Record) -> None:
        self.heard.append(record)
        self.reconciler.heard(record)
        self.watch.heard(record)
        self.closing.heard(record)

    def script(self, sealed: bytes) -> bytes:
        self.sealed.append(sealed)
        self._check_leave(sealed)
        if self.tampers is not None:
            at = int(len(sealed) * self.tampers)
            sealed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        try:
            return self.venue.reply(sealed)
        finally:
            long, short = self.venue.worst()
            self.lowest, self.widest = min(self.lowest, self.venue.position()), max(self.widest, long, -short)
            self.world.news.set()

    def _check_leave(self, sealed: bytes) -> None:
        """P4, H1: nothing leaves after its permit ran out, and no order of the agent while a stop stands."""
        permit, _ = self.venue.opened(sealed)
        assert permit.expires_at > self.loop.now(), f"{permit.id} left after it ran out"
        if permit.action == "place" and self.known(permit.order).asked_by == "momentum":
            stops = [halt for halt in self.kernel.state.halts.values() if halt.cause not in REDUCING_PASSES]
            assert not stops, f"{permit.order} left under {stops}"

    async def begin(self, fresh: bool) -> None:
        """Set everything up where it is fresh, and start what runs beside the loop."""
        self.venue.move(self.price)
        if fresh:
            await self.set_up()
        else:
            self.world.venues["paper1"] = self.script
            for body in in_doubt(self.kernel.state):
                await self.enter(GUARD, body)
        listener = Listener(self.world, self.loop, "paper1", self.venue.codec)
        for part in (listener, self.reconciler, self.watch):
            self.courier.spawn(part.run())
        self.closing.begin()
        await self.rest()
        await self.tell_price()

    async def rest(self, seconds: int = 0) -> None:
        """Let so many seconds pass in which everything goes on that can, and prices are told."""
        self.world.news.set()
        for _ in range(max(seconds, 1)):
            for _ in range(40):
                await asyncio.sleep(0)
            if seconds:
                self.world.pass_time(NANOSECONDS)
                self._seconds += 1
                self.venue.pass_time()
                self.world.news.set()
                self.loop._waiting.set()
                if self._seconds % MARK_EVERY_S == 0:
                    await self.tell_price()
        for _ in range(40):
            await asyncio.sleep(0)

    async def tell_price(self) -> None:
        price = parse(Price, self.price)
        mark = Mark(instrument="AAPL", at=self.loop.now(), bid=price, ask=price, last=price, close=price)
        self.board.offer((mark,), (), mark.at)
        await self.enter(GUARD, c.Marked(marks=(mark,)))

    async def move(self, price: str, size: str | None = None) -> None:
        """Let the market move, for the venue and for the guard."""
        self.price = price
        self.venue.move(price, size)
        self.world.news.set()
        await self.tell_price()
        await self.rest()

    # What the agent and its person do

    async def order(self, quantity: str, limit: str = "90", side: str = "buy", **more: Any) -> str:
        """Propose a limit order, let it go out, and return its id; it must be allowed."""
        record = await self.propose(quantity, limit, side, **more)
        assert record.decision is not None and record.decision.verdict == "allow", record
        await self.rest()
        return record.decision.order

    async def propose(self, quantity: str, limit: str = "90", side: str = "buy", **more: Any) -> Record:
        self.intents += 1
        at = self.loop.now()
        intent = OrderIntent(
            id=f"i{self.intents}-{at}",
            agent="momentum",
            connection="paper1",
            instrument="AAPL",
            side=side,  # type: ignore[arg-type]
            quantity=parse(Quantity, quantity),
            created_at=at,
            limit_price=parse(Price, limit),
            **more,
        )
        return await self.enter(AGENT, c.Submit(intent=intent))

    async def refused_now(self) -> str:
        """Propose an opening order and return the rule that denies it, or the refusal's code; empty where allowed."""
        record = await self.propose("1", "1")
        if record.decision is not None:
            return "" if record.decision.verdict == "allow" else record.decision.findings[0].rule
        return record.events[0].code  # type: ignore[union-attr]

    async def cancel(self, order: str) -> None:
        await self.enter(AGENT, c.Cancel(order=order))
        await self.rest()

    async def replace(self, order: str, quantity: str, limit: str) -> None:
        """Ask for new terms; they must be allowed."""
        record = await self.try_replace(order, quantity, limit)
        assert record.decision is not None and record.decision.verdict == "allow", record
        await self.rest()

    async def try_replace(self, order: str, quantity: str, limit: str) -> Record:
        self.intents += 1
        body = c.Replace(
            id=f"r{self.intents}", order=order, quantity=parse(Quantity, quantity), limit_price=parse(Price, limit)
        )
        return await self.enter(AGENT, body)

    async def person(self, body: c.Body) -> Record:
        record = await self.enter(OPERATOR, body)
        await self.rest()
        return record

    async def ask(self, order: str) -> None:
        """Have the venue asked what became of an order, now."""
        await self.enter(GUARD, c.Ask(connection="paper1", order=order))
        await self.rest()

    async def kill(self, flatten: bool = False) -> str:
        """Halt the firm, cancel everything, and return the halt's id."""
        record = await self.person(c.Halt(subject="firm", why="test", kill=True, flatten=flatten))
        return next(event.halt for event in record.events if isinstance(event, HaltRaised))

    async def round(self) -> None:
        """Have the venue's own account compared with the book, now."""
        await self.enter(GUARD, c.Ask(connection="paper1"))
        await self.rest()

    # What the guard believes

    def known(self, order: str) -> Order:
        found = self.kernel.state.order(order)
        assert found is not None
        return found

    def stands(self, order: str) -> str:
        return self.known(order).state

    @property
    def position(self) -> int:
        cell = self.kernel.state.cells.get(("account:desk", "paper1", "AAPL"))
        return 0 if cell is None else cell.quantity

    @property
    def cash(self) -> int:
        return self.kernel.state.cash["paper1", "USD"].amount

    @property
    def working(self) -> set[str]:
        return {order.id for order in self.kernel.state.orders.values() if order.state in WORKING}

    @property
    def reserved(self) -> int:
        return sum(order.reserved for order in self.kernel.state.orders.values())

    @property
    def ready(self) -> bool:
        """Whether the connection is up and reconciled."""
        state = self.kernel.state.venue_states["paper1"]
        return state.link_up and state.reconciled

    def causes(self) -> set[str]:
        """The rules of every halt that stands."""
        return {halt.rule for halt in self.kernel.state.halts.values()}

    def alarms(self) -> set[str]:
        return {alert.code for alert in self.world.alerts}

    def sent(self, action: str) -> list[str]:
        """The orders, or connections, that requests of an action were sent for, in order."""
        return [permit.order or permit.connection for permit, _ in self.permits() if permit.action == action]

    def permits(self) -> list[tuple[Permit, Request]]:
        """Every permit that left, with the request it is for."""
        return [self.venue.opened(sealed) for sealed in self.sealed]

    def agrees(self) -> bool:
        """Whether book and venue are one: position, cash, what works."""
        book = (self.position, self.cash, self.working)
        return book == (self.venue.position(), self.venue.cash(), self.venue.working())

    def check(self) -> None:
        """What holds for every venue whatever happened: P1, P2, P3, E3, E4."""
        entries = {record.command.seq: record for record in self.on_disk()}
        places: set[str] = set()
        ids: set[str] = set()
        for permit, request in self.permits():
            planned = {(plan.do, plan.order, plan.digest) for plan in entries[permit.seq].requests}
            assert (permit.action, permit.order, permit.digest) in planned, f"{permit.id} is not in the journal"
            assert permit.digest == request.digest, f"{permit.id} permits other bytes"
            assert permit.id not in ids, f"{permit.id} was used twice"
            ids.add(permit.id)
            if permit.action == "place":
                assert permit.order not in places, f"{permit.order} was placed twice"
                places.add(permit.order)
        state = self.kernel.state
        check_sums(state)
        for order in (*state.orders.values(), *state.finished.values()):
            assert 0 <= order.reserved and 0 <= order.filled
            if order.is_terminal:
                assert order.reserved == 0, f"{order.id} is over and still reserves"
        assert self.loop.failed is None, self.loop.failed

    def alone(self, seconds: int) -> None:
        """Let time pass for the venue after this guard is gone."""
        for _ in range(seconds):
            self.world.pass_time(NANOSECONDS)
            self.venue.pass_time()

    def bought(self, quantity: str, price: str) -> tuple[int, int]:
        """Position and cash after buying so much at a price from the start."""
        size, each = parse(Quantity, quantity), parse(Price, price)
        return int(size), 100_000 * SCALE - SIGN["buy"] * size * each // SCALE


def run(
    harness: type[Harness], main: Callable[[House], Awaitable[None]], *, after: House | None = None, keep: int = 0
) -> House:
    """Run a test beside the loop of a guard, be it the one `after` a crash; then check what must always hold.

    When it returns the guard is gone, without a word to anybody.
    """
    house = House(harness, after, keep)

    async def beside() -> None:
        writing = asyncio.ensure_future(house.loop.run())
        try:
            async with asyncio.timeout(20):
                await house.begin(after is None)
                await main(house)
        finally:
            await house.courier.stop()
            house.loop.stop()
            await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(beside())
    house.check()
    return house
