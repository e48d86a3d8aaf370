"""A small firm in a simulation: the real guard on a virtual machine, a market, and callers over the virtual network."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from remit.guard.errors import GuardError
from remit.guard.wire import AsyncClient
from remit.guard.world import JOURNAL
from remit.journal.log import Resume, read_entries
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import decode, plain
from remit.kernel.event import Record
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import BPS, SCALE, Price, Quantity
from remit.kernel.order import OrderIntent
from remit.testing.sim.loop import VirtualLoop
from remit.testing.sim.machine import SOCKET, Machine
from remit.testing.sim.market import EXCHANGES, LINKS, Market
from remit.testing.sim.observer import Observer

CONNECTION, SHARE = "paper1", "AAPL"


class House:
    """One run: `machine`, `market`, `observer`, and what an operator, an agent and a feed say to the guard."""

    def __init__(self, loop: VirtualLoop, seed: int = 7, faults: dict[str, int] | None = None, **sizes: Any) -> None:
        self.loop = loop
        self.observer = Observer(lambda: loop.ns)
        self.machine = Machine(loop, seed, links=LINKS, observer=self.observer, **sizes)
        self.market = Market(self.machine, seed, faults)
        self.clients: dict[str, AsyncClient] = {}
        self.orders = 0

    async def begin(self) -> None:
        """Open the market, start the guard and set the firm up."""
        self.market.open()
        self.machine.boot()
        assert await self.machine.up(), self.machine.start_failed
        self.clients["ann"] = AsyncClient(SOCKET, self.machine.operator_token, "sim")
        desk = access.Account(name="desk", owner="ann", environment="training", currency="USD")
        paper = access.Connection(name=CONNECTION, account="desk", venue="paper", environment="training", fee_bps=10)
        for body in (
            c.SetFirm(currency="USD"),
            c.AddAccount(account=desk),
            *(c.AddInstrument(instrument=made) for made in self.market.instruments.values()),
            c.AddConnection(connection=paper),
            c.AddAgent(agent=access.Agent(name="momentum", account="desk", owner="ann")),
            c.SetGrant(agent="momentum", connection=CONNECTION, granted=True),
            c.SetCapability(agent="momentum", capability="place_order", enabled=True),
            *(c.SetMandate(subject=of, mandate=EMPTY, why="test") for of in ("firm", "account:desk", "agent:momentum")),
        ):
            await self.say(body)
        for name, role in (("momentum", "agent"), ("prices", "feed")):
            made = await self.say({"kind": "new_token", "role": role, "name": name, "owner": "ann"})
            self.clients[name] = AsyncClient(SOCKET, made["secret"], "sim")
        await self.ready()

    async def ready(self) -> None:
        """Wait until the connection is reconciled and prices are fresh."""
        await self.until(self._is_ready)

    def _is_ready(self) -> bool:
        guard = self.machine.guard
        return guard is not None and guard.kernel.state.venue_states[CONNECTION].reconciled

    async def until(self, holds: Callable[[], bool], seconds: int = 60) -> None:
        """Let time pass until something holds; AssertionError where it does not in so many seconds."""
        ends_at = self.loop.ns + seconds * 10**9
        while not holds():
            assert self.loop.ns < ends_at, "it never came to hold"
            await asyncio.sleep(0.05)

    async def say(self, body: object, who: str = "ann") -> Any:
        """Send a command; what the kernel refuses is an AssertionError."""
        answer = await self.clients[who].ask("command", body)
        refused = [event for event in answer.get("events", ()) if event["event"] == "refused"]
        assert not refused, refused
        return answer

    async def submit(self, side: str = "buy", quantity: int = 1, bps: int = 300, text: str = "", **more: Any) -> Any:
        """Send an order whose limit lies so far beyond the market; return the answer, or the code of an error."""
        tick, price = self.market.instruments[SHARE].tick, self.market.prices[SHARE]
        limit = price * (BPS + (bps if side == "buy" else -bps)) // BPS
        self.orders += 1
        terms: dict[str, Any] = {
            "id": f"i{self.orders}", "agent": "momentum", "connection": CONNECTION, "instrument": SHARE, "side": side,
            "quantity": Quantity(quantity * SCALE), "created_at": self.machine.now(),
            "limit_price": Price(limit - limit % tick),
        }  # fmt: skip
        try:
            await self.clients["prices"].ask("command", c.Marked(marks=tuple(self.market.marks([SHARE]))))
            body = c.Submit(intent=OrderIntent(**(terms | more)))
            beside = {"command": plain(body), "text": text} if text else body
            return await self.clients["momentum"].ask("command", beside)
        except GuardError as fault:
            return fault.code

    async def restart(self, resume: Resume | None = None) -> None:
        """Start the guard again and wait until it is ready to trade."""
        self.machine.boot(resume)
        assert await self.machine.up(), self.machine.start_failed
        await self.ready()

    # What became of it

    def position(self) -> int:
        """What the guard believes to hold, in whole shares."""
        assert self.machine.guard is not None
        cell = self.machine.guard.kernel.state.cells.get(("agent:momentum", CONNECTION, SHARE))
        return 0 if cell is None else int(cell.quantity) // SCALE

    def venue_position(self) -> int:
        """What the venue holds for the connection, in whole shares."""
        held = self.market.exchange_of(CONNECTION).floor.accounts.positions[CONNECTION]
        return int(held[SHARE].quantity) // SCALE if SHARE in held else 0

    def venue_orders(self) -> list[str]:
        """The ids of every order that ever reached the venue."""
        return [order for of, order in self.market.exchange_of(CONNECTION).floor.orders if of == CONNECTION]

    def records(self) -> list[Record]:
        """What stands in the journal now."""
        return [decode(Record, entry) for _, entry in read_entries(self.machine.disks[JOURNAL], 0)]

    def segments(self) -> list[str]:
        """The names of the journal's segments."""
        return [name for name in self.machine.disks[JOURNAL].names() if name.endswith(".journal")]


def run(main: Callable[[House], Coroutine[Any, Any, None]], seed: int = 7, begun: bool = True, **how: Any) -> House:
    """Run a test in a virtual loop, with a firm that trades where it is `begun`; nothing may fail unhandled."""
    with VirtualLoop(random.Random(seed)) as loop:
        house = House(loop, seed, **how)

        async def whole() -> None:
            if begun:
                await house.begin()
            await main(house)

        loop.run(whole())
        assert loop.faults == []
        return house


__all__ = ["CONNECTION", "EXCHANGES", "House", "Resume", "run"]
