"""A real guard process and a real socket, with a faulty paper venue at its other end."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.processes import AAPL, Processes, tell_venue, wait_for
from tests.guard.test_process import records

from remit.guard.wire import GuardError
from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.instrument import Mark
from remit.kernel.kernel import Kernel
from remit.kernel.numbers import Money, Price, parse
from remit.kernel.order import WORKING
from remit.kernel.state import State
from remit.testing.faults import Drawn, FaultyPaper, Listed
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.server import PaperServer

FEED_KEY = "a key for tests only, 0123456789"
CHANCES = {
    "lost_request": 500, "lost_reply": 1000, "error_after": 1000, "garbage": 1000, "twice": 1000, "partial_fill": 500,
    "filled_first": 500, "doubled": 2000, "swapped": 1000,
}  # fmt: skip


class FaultyDesk(Processes):
    """A guard's process, and the venue in a thread of this one."""

    def start_faulty_venue(self) -> None:
        key = bytes.fromhex((self.home / "permit.pub").read_text().strip())
        exchange = PaperExchange([AAPL], key)
        exchange.open_connection("paper1", {"USD": parse(Money, "100000")})
        self.faulty = FaultyPaper(exchange, Listed())
        (self.home / "feed.key").write_text(FEED_KEY)
        ready = threading.Event()
        self.over = asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self.thread.start()
        assert ready.wait(10)

    async def _serve(self, ready: threading.Event) -> None:
        self.at_home = asyncio.get_running_loop()
        server = PaperServer(
            self.faulty.exchange,
            FEED_KEY,
            clock=self.faulty.clock(time.time_ns),
            answer=self.faulty.answer,
            log=self.faulty.log,
        )
        serving = asyncio.ensure_future(server.serve(self.home / "paper.sock", ready=ready.set))
        await self.over.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    def stop(self) -> None:
        super().stop()
        self.at_home.call_soon_threadsafe(self.over.set)
        self.thread.join(10)

    def tell(self, price: str) -> None:
        """Tell the guard and the venue a price."""
        self.mark(price)
        last, now = parse(Price, price), time.time_ns()
        mark = Mark(instrument="AAPL", at=now, bid=last, ask=last, last=last)
        tell_venue(self.home / "paper.sock", self.home / "feed.key", mark)

    def book(self) -> State:
        """The state that the journal on the disk leads to."""
        kernel = Kernel()
        for record in records(self.home):
            kernel.fold(record)
        return kernel.state

    def agrees(self) -> bool:
        state, held = self.book(), self.faulty.exchange.holdings("paper1")
        cell = state.cells.get(("account:main", "paper1", "AAPL"))
        working = {order.id for order in state.orders.values() if order.state in WORKING}
        book = ({"AAPL": cell.quantity} if cell and cell.quantity else {}, working, state.cash["paper1", "USD"].amount)
        venue = ({each.instrument: each.quantity for each in held.positions}, set(held.orders), dict(held.cash)["USD"])
        return book == venue


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[FaultyDesk]:
    processes = FaultyDesk(tmp_path / "home")
    try:
        processes.start_guard()
        processes.start_faulty_venue()
        processes.set_up()
        processes.until_ready()
        processes.tell("100")
        yield processes
    finally:
        processes.stop()


def test_c58_over_real_sockets_book_and_venue_end_as_one(desk: FaultyDesk) -> None:
    """A real guard that trades over a real socket at which things go wrong ends with the venue's book, and the venue
    saw no id placed twice."""
    source = random.Random(55)
    desk.faulty.plan = Drawn(random.Random(56), CHANCES)
    for number in range(30):
        time.sleep(0.03)
        limit = parse(Price, str(source.randint(95, 101)))
        made = desk.submit(str(source.randint(1, 5)), type="limit", limit_price=limit)
        if number % 3 == 0:
            try:
                desk.say(c.Cancel(order=made["decision"]["order"]), "momentum")
            except GuardError as refused:
                assert refused.code == "not_working"
    assert desk.faulty.befell
    desk.faulty.stop()
    desk.tell("97")
    wait_for(desk.agrees, "book and venue are one", 30)
    placed = [request.order for record in records(desk.home) for request in record.requests if request.do == "place"]
    assert len(placed) == len(set(placed)) >= 10


def test_c59_a_guard_that_is_killed_leaves_nothing_working(desk: FaultyDesk) -> None:
    """After `kill -9` of the guard the venue's dead man cancels every order by itself; the next guard finds them over
    and its book right."""
    desk.say(c.SetTolerance(connection="paper1", tolerance=Tolerance(dead_man_s=3), why="test"))
    for _ in range(3):
        desk.submit("1", type="limit", limit_price=parse(Price, "90"))
    floor = desk.faulty.exchange.floor
    wait_for(lambda: len(desk.faulty.exchange.holdings("paper1").orders) == 3 and "paper1" in floor.dead_men, "armed")
    time.sleep(3.5)
    assert len(desk.faulty.exchange.holdings("paper1").orders) == 3, "a living guard renews it"
    desk.kill_guard()
    wait_for(lambda: desk.faulty.exchange.holdings("paper1").orders == (), "the dead man cancelled", 5)
    desk.start_guard()
    desk.until_ready()
    wait_for(desk.agrees, "book and venue are one")
    assert not [order for order in desk.book().orders.values() if order.state in WORKING]
