"""The venues of a simulation and the prices they trade at: real paper exchanges, each a process with a plan of faults.

    market = Market(machine, seed=7, faults={"lost_reply": 100})
    market.open()

Prices walk by a seeded chance and reach the exchanges as a feed's do, over the virtual network. What befalls a venue
beside its requests is a method here, and what follows from it is told by the venue itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import BPS, NANOSECONDS, SCALE, Money, Price, Quantity, parse
from remit.testing.faults import Drawn, FaultyPaper
from remit.testing.sim.loop import Process
from remit.testing.sim.machine import Machine
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import FromFeed, Message, Settlement
from remit.venues.paper.permits import Refusal
from remit.venues.paper.server import PaperServer, framed, read_frame_bytes
from remit.venues.paper.state import PaperOrder

EXCHANGES: Mapping[str, tuple[str, ...]] = {"north": ("paper1", "paper2"), "south": ("paper3",)}
"""Each exchange and the connections to it."""
PATHS: Mapping[str, Path] = {name: Path(f"/sim/{name}.sock") for name in EXCHANGES}
LINKS: Mapping[str, Path] = {through: PATHS[name] for name, all_of in EXCHANGES.items() for through in all_of}
"""Where each connection goes."""
CASH: Mapping[str, Mapping[str, str]] = {
    "paper1": {"USD": "50000"},
    "paper2": {"USD": "40000"},
    "paper3": {"EUR": "30000"},
}
FEED_KEY = "the key of the simulated feed"
FEE_BPS = 10
PACE_NS = NANOSECONDS
SLEEPY_NS = 60 * NANOSECONDS
"""How often prices move while the guard's machine sleeps and nobody looks."""
STEP_BPS = 8
"""How far a price moves in one step, at most."""
REPLY_TIMEOUT_S = 5


def _instrument(name: str, price: str, *, tick: str = "0.01", lot: str = "1", **terms: Any) -> tuple[Instrument, int]:
    fixed = {"kind": "equity", "venue": "paper", "currency": "USD", "category": "tech"}
    made = Instrument(name=name, tick=parse(Price, tick), lot=parse(Quantity, lot), **(fixed | terms))
    return made, int(parse(Price, price))


_LISTED: Mapping[str, tuple[tuple[Instrument, int], ...]] = {
    "north": (
        _instrument("AAPL", "200"),
        _instrument("MSFT", "45", tick="0.05"),
        _instrument("GLD", "18.5", kind="etf", category="metal"),
        _instrument("SOL", "140", lot="0.01", kind="perpetual", category="crypto"),
        _instrument("RAIN-YES", "0.4", kind="prediction", category="weather", market="RAIN", outcome="yes"),
        _instrument("RAIN-NO", "0.6", kind="prediction", category="weather", market="RAIN", outcome="no"),
    ),
    "south": (
        _instrument("SAP", "120", currency="EUR"),
        _instrument("ASML", "650", tick="0.1", currency="EUR"),
    ),
}
INSTRUMENTS: Mapping[str, Instrument] = {made.name: made for listed in _LISTED.values() for made, _ in listed}
"""Everything that can be traded, on its first terms."""


class Market:
    """All exchanges. `prices` are at scale, in each instrument's currency; `instruments` are on their terms now.

    `faults` are the venues' chances in ten-thousandths (names of `remit.testing.faults.MEANING`), `depth` the size at
    each touch (None: without limit), `latency_ns` how long an order needs to its book.
    """

    def __init__(
        self,
        machine: Machine,
        seed: int,
        faults: Mapping[str, int] | None = None,
        *,
        cash: Mapping[str, Mapping[str, Money]] | None = None,
        depth: Quantity | None = None,
        latency_ns: int = 0,
        pace_ns: int = PACE_NS,
    ) -> None:
        self.machine = machine
        self.loop = machine.loop
        self.pace_ns = pace_ns
        self.instruments: dict[str, Instrument] = dict(INSTRUMENTS)
        self.prices: dict[str, int] = {made.name: price for listed in _LISTED.values() for made, price in listed}
        self.exchanges: dict[str, PaperExchange] = {}
        self.faulty: dict[str, FaultyPaper] = {}
        self.processes: dict[str, Process] = {}
        self._walk_by = random.Random(f"{seed}/market/prices")
        self._shown: dict[str, asyncio.Event] = {}
        for name, listed in _LISTED.items():
            exchange = PaperExchange(
                [made for made, _ in listed],
                machine.permit_key,
                fee_bps=FEE_BPS,
                depth=depth,
                latency_ns=latency_ns,
            )
            plan = Drawn(random.Random(f"{seed}/venue/{name}"), faults or {})
            self.exchanges[name], self.faulty[name] = exchange, FaultyPaper(exchange, plan)
            for connection in EXCHANGES[name]:
                exchange.open_connection(connection, _cash(connection, cash))

    # Looking

    def listed(self, connection: str) -> list[str]:
        """Return the instruments that can be traded through a connection."""
        return list(self.exchange_of(connection).floor.instruments)

    def exchange_of(self, connection: str) -> PaperExchange:
        """Return the exchange that a connection goes to."""
        return self.exchanges[self.name_of(connection)]

    def name_of(self, connection: str) -> str:
        """Return the name of the exchange that a connection goes to."""
        return next(name for name, through in EXCHANGES.items() if connection in through)

    def where(self, instrument: str) -> str:
        """Return the name of the exchange that lists an instrument."""
        return next(name for name, exchange in self.exchanges.items() if instrument in exchange.floor.instruments)

    def befell(self) -> Counter[str]:
        """Count what the plans of faults did so far, by its name."""
        return Counter(fault for faulty in self.faulty.values() for fault in faulty.befell)

    def at(self, name: str) -> int:
        """Return what an exchange's own clock says."""
        return self.machine.true_now() + self.faulty[name].skew_ns

    # Opening and closing

    def open(self) -> None:
        """Start every exchange and the feed of its prices, each in a process of its own."""
        for name in self.exchanges:
            self.start(name)
            self._shown[name] = asyncio.Event()
            self.loop.spawn(self.loop.process(f"feed of {name}"), self._feed(name))
        self.loop.spawn(self.loop.process("prices"), self._walk())

    def start(self, name: str) -> None:
        """Start an exchange's process where none runs: it remembers everything."""
        if name in self.processes and self.processes[name].alive:
            return
        exchange, faulty = self.exchanges[name], self.faulty[name]
        server = PaperServer(
            exchange,
            FEED_KEY,
            clock=faulty.clock(self.machine.true_now),
            answer=lambda sealed, at: self._answer(name, sealed, at),
            log=lambda connection, after: self._log(name, connection, after),
        )
        self.processes[name] = self.loop.process(name)
        self.loop.spawn(self.processes[name], server.serve(PATHS[name]))

    def crash(self, name: str) -> None:
        """Kill an exchange's process; every link to it breaks."""
        self.loop.kill(self.processes[name])

    def calm(self) -> None:
        """End every fault of the venues and of the way to them: from here on all is well."""
        for name, faulty in self.faulty.items():
            faulty.stop()
            self.loop.network.mend(str(PATHS[name]))
            self.start(name)
            self.show(name)

    # The way to a venue, and its clock

    def cut(self, name: str) -> None:
        """Let nothing pass to an exchange any more."""
        self.loop.network.cut(str(PATHS[name]))

    def mend(self, name: str) -> None:
        """End a cut; what waited arrives."""
        self.loop.network.mend(str(PATHS[name]))

    def drop(self, name: str) -> None:
        """Break every open link to an exchange."""
        self.loop.network.drop(str(PATHS[name]))

    def away(self, name: str, is_away: bool = True) -> None:
        """Let an exchange answer nobody, or answer again; its process runs."""
        self.faulty[name].is_away = is_away

    def skew(self, name: str, by_ns: int) -> None:
        """Set an exchange's clock off by so much."""
        self.faulty[name].skew_ns = by_ns

    # What befalls

    def shock(self, instrument: str, bps: int) -> None:
        """Let a price leap at once; the other contract of a prediction market leaps against it."""
        self._move(instrument, bps)
        self.show(self.where(instrument))

    def close_market(self, instrument: str, state: Literal["halted", "closed"] = "closed") -> None:
        """Let an instrument not trade; what works in it stays in the book."""
        self._settle(self.where(instrument), c.SetTradingState(instrument=instrument, state=state))

    def open_market(self, instrument: str) -> None:
        """Let an instrument trade again."""
        self._settle(self.where(instrument), c.SetTradingState(instrument=instrument, state="trading"))

    def resolve(self, event: c.Resolve) -> bool:
        """Let a prediction market resolve, or be disputed; False where it cannot."""
        names = [name for name, listed in self.instruments.items() if listed.market_name == event.market]
        return bool(names) and self._settle(self.where(names[0]), event)

    def settle(self, settlement: Settlement) -> bool:
        """Let a split, a dividend or a funding happen; False where it cannot."""
        if isinstance(settlement, c.Resolve):
            return self.resolve(settlement)
        return self._settle(self.where(settlement.instrument), settlement)

    def change_tick(self, instrument: str, tick: Price) -> Instrument:
        """List an instrument with another tick, and return its terms now. The guard is to be told by people."""
        changed = msgspec.structs.replace(self.instruments[instrument], tick=tick)
        self.instruments[instrument] = changed
        self.exchanges[self.where(instrument)].add_instrument(changed)
        return changed

    def drift(self, connection: str, instrument: str, by: Quantity) -> None:
        """Let a position move without a trade."""
        name = self.name_of(connection)
        self.faulty[name].incidents.shift(connection, instrument, by, self.at(name))
        self.show(name)

    def pay(self, connection: str, currency: str, amount: Money) -> None:
        """Let cash move without a trade."""
        name = self.name_of(connection)
        self.faulty[name].incidents.pay(connection, currency, amount, self.at(name))
        self.show(name)

    def stray(self, connection: str, order: PaperOrder) -> bool:
        """Let somebody else place an order on a connection; False where it cannot be paid for."""
        name = self.name_of(connection)
        try:
            self.faulty[name].incidents.stray(order, self.at(name))
        except Refusal:
            return False
        self.show(name)
        return True

    def bust(self, connection: str, chance: random.Random) -> str:
        """Let a venue take a drawn fill of a connection back; return its order, empty where there is no fill."""
        name = self.name_of(connection)
        floor = self.exchanges[name].floor
        fills = [
            (order.id, fill.fill) for (of, _), order in floor.orders.items() if of == connection for fill in order.fills
        ]
        if not fills:
            return ""
        order, fill = chance.choice(fills)
        self.faulty[name].incidents.bust(connection, order, fill, self.at(name))
        self.show(name)
        return order

    def fill(self, connection: str, order: str, quantity: Quantity) -> None:
        """Fill so much of an order, be it working or over; KeyError for one that the venue does not know."""
        name = self.name_of(connection)
        self.faulty[name].incidents.fill(connection, order, quantity, self.at(name))
        self.show(name)

    def end_session(self, name: str) -> None:
        """End an exchange's session: day orders expire."""
        self.exchanges[name].end_session(self.at(name))
        self.show(name)

    def show(self, name: str) -> None:
        """Let the feed speak to an exchange now, which lets it tell what has happened to who listens."""
        if name in self._shown:
            self._shown[name].set()

    # Inside

    def _answer(self, name: str, sealed: bytes, at: int) -> bytes:
        if self.machine.observer is not None:
            self.machine.observer.arrived("", sealed)
        with self._told(name):
            return self.faulty[name].answer(sealed, at)

    def _log(self, name: str, connection: str, after: int) -> list[Message]:
        with self._told(name):
            return self.faulty[name].log(connection, after)

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Tell the observer of every fault of an exchange's plan that befalls meanwhile."""
        befell = self.faulty[name].befell
        before = len(befell)
        try:
            yield
        finally:
            if self.machine.observer is not None:
                for fault in befell[before:]:
                    self.machine.observer.befell(fault, name)

    def _settle(self, name: str, settlement: Settlement) -> bool:
        try:
            self.exchanges[name].settle(settlement, self.at(name))
        except Refusal:
            return False
        self.show(name)
        return True

    def _move(self, name: str, bps: int) -> None:
        instrument = self.instruments[name]
        if instrument.kind != "prediction":
            self.prices[name] = max(self.prices[name] * (BPS + bps) // BPS, 10 * instrument.tick)
            return
        price = min(max(self.prices[name] + bps * SCALE // BPS, SCALE // 20), SCALE * 19 // 20)
        for other in self.instruments.values():
            if other.market_name == instrument.market_name:
                self.prices[other.name] = price if other.outcome == instrument.outcome else SCALE - price

    async def _walk(self) -> None:
        while True:
            await asyncio.sleep((SLEEPY_NS if self.machine.is_asleep else self.pace_ns) / NANOSECONDS)
            for name in self.prices:
                if self.instruments[name].outcome != "no":
                    self._move(name, self._walk_by.randint(-STEP_BPS, STEP_BPS))
            for name in self.exchanges:
                self.show(name)

    async def _feed(self, name: str) -> None:
        """Tell an exchange its prices, again and again, over one link that is opened anew where it broke."""
        while True:
            try:
                await self._speak(name)
            except (OSError, TimeoutError):
                await asyncio.sleep(1)

    async def _speak(self, name: str) -> None:
        reader, writer = await asyncio.open_unix_connection(str(PATHS[name]))
        shown = self._shown[name]
        try:
            while True:
                shown.clear()
                said = FromFeed(key=FEED_KEY, marks=tuple(self.marks(self.exchanges[name].floor.instruments)))
                writer.write(framed(encode(said)))
                async with asyncio.timeout(REPLY_TIMEOUT_S):
                    if await read_frame_bytes(reader) is None:
                        raise ConnectionAbortedError(f"{name} ended the feed's link")
                await shown.wait()
        finally:
            writer.close()

    def marks(self, names: Iterable[str]) -> list[Mark]:
        """Return what instruments are worth now, as a feed shows it: a tick to each side of the price."""
        found = []
        for name in names:
            tick, price = self.instruments[name].tick, self.prices[name]
            bid = Price(max(price - price % tick - tick, tick))
            last, ask = Price(bid + tick), Price(bid + 2 * tick)
            found.append(Mark(instrument=name, at=self.machine.true_now(), bid=bid, ask=ask, last=last))
        return found


def _cash(connection: str, cash: Mapping[str, Mapping[str, Money]] | None) -> Mapping[str, Money]:
    if cash is not None:
        return cash[connection]
    return {currency: parse(Money, amount) for currency, amount in CASH[connection].items()}
