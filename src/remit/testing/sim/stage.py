"""The stage of one simulation: what every deed may see and touch, and where everything that happens is counted."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from remit.guard.wire import Do
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.numbers import BPS, NANOSECONDS, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.testing.sim.firm import CLIENTS, RATE, ROLES, Caller, Reply
from remit.testing.sim.limits import mandates
from remit.testing.sim.story import Kind, Told
from remit.testing.sim.woven import Placed

if TYPE_CHECKING:
    from remit.testing.sim.keeper import Keeper
    from remit.testing.sim.loop import VirtualLoop
    from remit.testing.sim.machine import Machine
    from remit.testing.sim.market import Market
    from remit.testing.sim.observer import Observer
    from remit.testing.sim.schedule import Swarm


class Stage:
    """The parts of one simulation. Deeds go through callers' links, the feed, the host and the venues; no deed reaches
    into the guard."""

    def __init__(
        self,
        loop: VirtualLoop,
        machine: Machine,
        market: Market,
        observer: Observer,
        swarm: Swarm,
        keeper: Keeper,
        socket: Path,
    ) -> None:
        self.loop = loop
        self.machine = machine
        self.market = market
        self.observer = observer
        self.swarm = swarm
        self.keeper = keeper
        self.socket = socket
        self.people = loop.process("people")
        """The process that everybody's programs run in: it does not die with the guard."""
        self.counts: Counter[str] = Counter()
        self.story: list[Placed] = []
        self.step = -1
        self.is_calm = False
        """Whether the faults are off: nothing new is begun then."""
        self.proposed: defaultdict[str, list[c.Submit]] = defaultdict(list)
        """Every order that somebody asked for, to be asked for again."""
        self.retired: list[str] = []
        """Tokens that are worth nothing any more: revoked, or expired."""
        self.feed_until = 0
        """The feed is silent until this instant of the loop."""
        self.nobody_until = 0
        """Nobody does anything until this instant of the loop: the host sleeps for long."""
        self.instruments: dict[str, Instrument] = dict(market.instruments)
        """What is listed, with its terms now."""
        self.rate = RATE
        """How many USD one EUR is worth."""
        self.first_mandates = mandates(swarm.limits, swarm.zone)
        self.mandates = dict(self.first_mandates)
        """What people published last, by subject."""
        self.waiting: dict[str, c.SetMandate] = {}
        """Changes that wait for a second person, or did."""
        self.pages: dict[str, tuple[str, str]] = {}
        """Approval pages by whom they speak for: the callback's id and its secret."""
        self.rotated: dict[tuple[str, str], int] = {}
        """How often a new key was asked for, by connection and agent."""
        self.lapsing: set[str] = set()
        """Subjects whose mandate was published with an end."""
        self.founded: dict[str, int] = {}
        """The journal's files when the firm had been founded, and how long each was."""
        self.let_go: defaultdict[str, set[str]] = defaultdict(set)
        """Limits that people let go to end a halt with the faults off, by subject."""
        self._first_prices = {name: self.price(name) for name in self.instruments}
        self._callers: dict[str, Caller] = {}
        self._calls = 0

    # Telling

    def count(self, what: str, times: int = 1) -> None:
        """Count something that happened."""
        if times:
            self.counts[what] += times

    def tell(self, kind: Kind, who: str, what: object) -> None:
        """Add to the story."""
        self.story.append(Placed(len(self.observer.seen), Told(self.loop.ns, self.step, kind, who, what)))

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something go on by itself, in the callers' process."""
        self.loop.spawn(self.people, work)

    # Asking

    def caller(self, name: str) -> Caller:
        """Return who holds the token of this name."""
        return self._callers[name]

    def hire(self, name: str, token: str) -> Caller:
        """Give somebody a token, in place of the one before."""
        known = self._callers.pop(name, None)
        if known is not None:
            known.close()
        self._callers[name] = Caller(self.socket, name, token)
        return self._callers[name]

    async def ask(self, who: str, body: c.Body, *, link: int = 0, token: str | None = None) -> Reply:
        """Let somebody send a command and wait for what becomes of it."""
        self.observer.asked(who, body)
        if isinstance(body, c.Submit):
            self.proposed[who].append(body)
        reply = await self.caller(who).ask("command", body, link=link, token=token)
        self.observer.answered(who, body, reply.code or reply.ok)
        self.count(f"code:{reply.code}" if reply.code else f"took:{tag_of(body)}")
        self._note_mandate(body, reply)
        return reply

    async def call(self, who: str, do: Do, body: object) -> Reply:
        """Let somebody ask what is no command, or one that may never enter: under a name of its own, by which its entry
        is known, and which says after how many entries it began."""
        self._calls += 1
        name = f"call {self._calls} after {len(self.observer.durable.entries)}"
        reply = await self.caller(who).ask(do, body, act=name)
        if do != "command" or reply.ok is None:  # a command that entered is its own entry
            self.observer.called(who, name, do, reply.code)
        return reply

    async def issue(self, by: str, who: str, *, expires_at: int | None = None, for_good: bool = True) -> Reply:
        """Let an operator issue a token for somebody, who uses it from now on where it is `for_good`."""
        role, owner = ROLES[who]
        body = {"kind": "new_token", "role": role, "name": who, "owner": owner}
        reply = await self.caller(by).ask("command", body | ({} if expires_at is None else {"expires_at": expires_at}))
        self.count(f"code:{reply.code}" if reply.code else "took:new_token")
        if for_good and not reply.code:
            self.hire(who, reply.ok["secret"])
        return reply

    def _note_mandate(self, body: c.Body, reply: Reply) -> None:
        """Remember what is in force, and what waits for a second person."""
        if isinstance(body, c.SetMandate) and reply.proposal:
            self.waiting[reply.proposal] = body
        elif isinstance(body, c.SetMandate) and not reply.code:
            self._published(body)
        elif isinstance(body, c.ConfirmChange) and not reply.code and body.proposal in self.waiting:
            self._published(self.waiting.pop(body.proposal))

    def _published(self, body: c.SetMandate) -> None:
        self.mandates[body.subject] = body.mandate
        if body.expires_at is None:
            self.lapsing.discard(body.subject)
        else:
            self.lapsing.add(body.subject)

    def mandate(self, of: str) -> Mandate:
        """Return the mandate that people published last for a subject; an empty one where there is none."""
        return self.mandates.get(of, EMPTY)

    async def see(self, who: str, view: str, /, **arguments: Any) -> Any:
        """Let somebody look at a view; an empty list where the guard does not show it now."""
        reply = await self.call(who, "read", {"view": view, **arguments})
        return reply.ok if not reply.code else []

    # The world

    def now(self) -> int:
        """The wall clock of the guard's host, in nanoseconds since the epoch."""
        return self.machine.now()

    async def wait(self, duration_ns: int) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(duration_ns / NANOSECONDS)

    def listed(self, connection: str) -> list[str]:
        """Return the instruments that can be traded through a connection."""
        return self.market.listed(connection)

    def price(self, instrument: str) -> int:
        """Return what an instrument is worth now, as the market has it."""
        return int(self.market.prices[instrument])

    def price_near(self, instrument: str, bps: int) -> Price:
        """Return a price so many basis points above the market's, in whole ticks."""
        terms = self.instruments[instrument]
        price = self.price(instrument) * (BPS + bps) // BPS
        return Price(max(price - price % terms.tick, terms.tick))

    def first_price(self, instrument: str) -> int:
        """Return what an instrument was worth at the start: its last close."""
        return self._first_prices[instrument]

    # Making

    def name(self, chance: random.Random, letter: str) -> str:
        """Return a new id."""
        return f"{letter}{chance.getrandbits(40):010x}"

    def number(self, written: str) -> int:
        """Return a number that a view wrote as text, at scale."""
        return int(parse(Quantity, written))

    def submit(self, who: str, intent: OrderIntent) -> c.Submit:
        """Return the command by which somebody proposes an order."""
        return c.Submit(intent=intent, client=who if who in CLIENTS else "")

    def with_quantity(self, terms: ExitTerms, quantity: Quantity) -> ExitTerms:
        """Return terms of an exit that closes no more than a quantity."""
        return msgspec.structs.replace(terms, quantity=quantity)

    def changed(self, body: c.Submit, **fields: Any) -> c.Submit:
        """Return an order with some fields of its intent changed."""
        return msgspec.structs.replace(body, intent=msgspec.structs.replace(body.intent, **fields))


def tag_of(body: object) -> str:
    """Return what a command is called."""
    config = getattr(type(body), "__struct_config__", None)
    return str(body.get("kind") if isinstance(body, dict) else config.tag if config is not None else type(body))
