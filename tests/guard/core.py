"""The guard's loop, courier and vault in a world in memory: a venue that follows a script, a disk that fails on
demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.guard.desk import AAPL, ANN, MOMENTUM, _without_token

from remit.guard.anchors import Anchors
from remit.guard.board import Board
from remit.guard.clock import Clock
from remit.guard.closing import Closing
from remit.guard.courier import Courier
from remit.guard.loop import Loop
from remit.guard.reconciler import Reconciler
from remit.guard.recover import recover
from remit.guard.vault import FILE, Vault
from remit.guard.watch import Watch
from remit.guard.witness_settings import Witness
from remit.guard.world import JOURNAL, KEYS
from remit.journal.log import read_entries
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.event import Record
from remit.kernel.instrument import Mark
from remit.kernel.mandate import EMPTY
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.testing.disk import MemoryStore
from remit.testing.world import MemoryWorld
from remit.venues.paper import messages
from remit.venues.paper.codec import Paper

OPERATOR, AGENT = _without_token(ANN), _without_token(MOMENTUM)


class Core:
    """One guard without its socket. `said` is what the venue was sent: what was asked and about which order."""

    def __init__(
        self, world: MemoryWorld | None = None, witnesses: Sequence[Witness] = (), witnesses_needed: int = 0
    ) -> None:
        self.world = world or MemoryWorld()
        fresh = FILE not in self.world.store(KEYS).names()
        self.vault = Vault.create(self.world) if fresh else Vault.open(self.world)
        self.recovered = recover(self.world, self.vault)
        self.kernel, self.journal = self.recovered.kernel, self.recovered.journal
        self.heard: list[Record] = []
        self.said: list[tuple[str, str]] = []
        self.answers: dict[str, Callable[[messages.Body], messages.Reply]] = {}
        clock = Clock(self.kernel.state.at, self.world.now(), self.world.monotonic())
        self.venue = Paper()
        venues = {Paper.name: self.venue}
        self.loop = Loop(
            self.world, self.journal, self.kernel, venues, clock,
            act=lambda due: self.courier.carry(due), heard=self._heard,
        )  # fmt: skip
        self.anchors = Anchors(self.world, self.journal, witnesses, witnesses_needed)
        self.courier = Courier(self.world, self.vault, self.loop, venues, self.anchors)
        self.intents = 0
        self.watch: Watch | None = None
        self.closing: Closing | None = None
        self.reconciler = Reconciler(self.world, self.loop, venues)

    def begin(self) -> None:
        """Watch and close, as the guard's process does from its start on."""
        self.watch = Watch(self.world, self.loop)
        self.closing = Closing(self.world, self.loop, Board(self.kernel.state), self.courier.spawn)
        self.closing.begin()
        self.courier.spawn(self.watch.run())

    def _heard(self, record: Record) -> None:
        self.heard.append(record)
        self.reconciler.heard(record)
        if isinstance(record.command.body, c.SetKey) and type(record.events[-1]).__name__ == "Took":
            self.vault.put_in_force(record.command.body.key)
        if self.watch is not None and self.closing is not None:
            self.watch.heard(record)
            self.closing.heard(record)

    @property
    def disk(self) -> MemoryStore:
        return self.world.disks[JOURNAL]

    def bodies(self, kind: type) -> list[Any]:
        """The commands of a kind that became durable."""
        return [record.command.body for record in self.heard if isinstance(record.command.body, kind)]

    def on_disk(self) -> list[Record]:
        return [decode(Record, entry) for _, entry in read_entries(self.disk, 0, self.journal.size)]

    def script(self, sealed: bytes) -> bytes:
        """The venue: it takes every order, cancels what it is told to, and holds nothing."""
        body = messages.read_body(messages.read_frame(sealed).body)  # type: ignore[union-attr]
        do, order = type(body).__name__.lower(), getattr(body, "order", "")
        self.said.append((do, order))
        if do in self.answers:
            return encode(self.answers[do](body))
        replies: dict[str, Callable[[], messages.Reply]] = {
            "place": lambda: messages.Accepted(order=order, venue_order="v-" + order),
            "cancel": lambda: messages.Shown(order=order, status="cancelled"),
            "query": lambda: messages.Shown(order=order, status="never_seen"),
            "replace": lambda: messages.Shown(order=order, status="working"),
            "cancelall": lambda: messages.Done(connection="paper1"),
            "deadman": lambda: messages.Done(connection="paper1"),
            "takesnapshot": lambda: messages.Holdings(
                connection="paper1", positions=(), cash=(("USD", parse(Money, "100000")),), orders=()
            ),
        }
        return encode(replies[do]())

    async def enter(self, by: Principal, body: c.Body) -> Record:
        return await self.loop.enter(by, body)

    def submit(self, quantity: str = "1", **more: Any) -> asyncio.Future[Record]:
        return self.loop.enter(AGENT, c.Submit(intent=self.intent(quantity, **more), marks=(self.mark("100"),)))

    def intent(self, quantity: str = "1", **more: Any) -> OrderIntent:
        self.intents += 1
        at = self.loop.now()
        return OrderIntent(
            id=f"i{self.intents}-{at}", agent="momentum", connection="paper1", instrument="AAPL",
            side=more.pop("side", "buy"), quantity=parse(Quantity, quantity), created_at=at,
            limit_price=parse(Price, "100"), **more,
        )  # fmt: skip

    def mark(self, last: str) -> Mark:
        price = parse(Price, last)
        return Mark(instrument="AAPL", at=self.loop.now(), bid=price, ask=price, last=price, close=price)

    async def set_up(self) -> None:
        """An account, an agent that may trade, and a reconciled connection."""
        self.world.venues["paper1"] = self.script
        days = tuple((self.world.now() // DAY_NS - 1 + number) * DAY_NS for number in range(40))
        paper = access.Connection(name="paper1", account="desk", venue="paper", environment="training")
        for by, body in (
            (GUARD, c.KernelStarted(version="test", digest="0" * 64, clean=True, prefix="abcd")),
            (GUARD, c.SetSessions(zone="UTC", starts=days)),
            (OPERATOR, c.SetFirm(currency="USD")),
            (OPERATOR, c.AddAccount(
                account=access.Account(name="desk", owner="ann", environment="training", currency="USD")
            )),
            (OPERATOR, c.AddConnection(connection=paper)),
            (OPERATOR, c.AddAgent(agent=access.Agent(name="momentum", account="desk", owner="ann"))),
            (OPERATOR, c.SetGrant(agent="momentum", connection="paper1", granted=True)),
            (OPERATOR, c.SetCapability(agent="momentum", capability="place_order", enabled=True)),
            (OPERATOR, c.SetCapability(agent="momentum", capability="replace_order", enabled=True)),
            (OPERATOR, c.AddInstrument(instrument=AAPL)),
            *((OPERATOR, c.SetMandate(subject=of, mandate=EMPTY, why="test"))
              for of in ("firm", "account:desk", "agent:momentum")),
            (GUARD, c.SetVenueState(connection="paper1", reconciled=False, link_up=True)),
            (GUARD, c.Ask(connection="paper1")),
        ):  # fmt: skip
            record = await self.enter(by, body)
            assert not any(type(event).__name__ == "Refused" for event in record.events), record
        await self.rest()
        self.said.clear()

    async def rest(self, seconds: int = 0) -> None:
        """Let everything that can go on go on, for so many seconds of the world's time."""
        for _ in range(seconds + 1):
            for _ in range(40):
                await asyncio.sleep(0)
            if seconds:
                self.world.pass_time(10**9)
                self.loop._waiting.set()


def run(main: Callable[[Core], Awaitable[None]], world: MemoryWorld | None = None, *, fresh: bool = True) -> Core:
    """Run a test beside the loop of a guard; whether the guard failed is for the test to look at."""
    core = Core(world)

    async def beside() -> None:
        writing = asyncio.ensure_future(core.loop.run())
        try:
            async with asyncio.timeout(10):
                if fresh:
                    await core.set_up()
                await main(core)
        finally:
            await core.courier.stop()
            core.loop.stop()
            await asyncio.gather(writing, return_exceptions=True)

    asyncio.run(beside())
    return core
