"""Who trades in a soak: agents that propose, rest, replace, cancel and reduce; approvers; an operator who clears up."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import SCALE, Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent
from remit.testing.sim.firm import Caller, Reply
from remit.testing.sim.soak.prices import Prices

ACCOUNTS = tuple(f"fund{number}" for number in range(5))
EXCHANGES = ("north", "south")
OPERATOR, FEED = "ann", "prices"
APPROVERS = ("bob", "cem")
UNIVERSE = 40
"""Instruments that one agent trades."""
OPEN_MAX = 30
"""Orders of one agent that may be open."""
CASH = Money(1_000_000_000 * SCALE)
LOT = Quantity(SCALE)


class Size(NamedTuple):
    """How large a soak is: agents, instruments, minutes of virtual time, seconds from one order of an agent to its
    next, and the seed of all chance."""

    agents: int = 50
    instruments: int = 1_000
    minutes: int = 60
    pace_s: float = 3
    seed: int = 1


def agents(size: Size) -> list[str]:
    """Return the names of the agents."""
    return [f"a{number:02}" for number in range(size.agents)]


def account_of(agent: str) -> str:
    """Return the account that an agent trades for."""
    return ACCOUNTS[int(agent[1:]) % len(ACCOUNTS)]


def connections() -> dict[str, tuple[str, str]]:
    """Return each connection's account and exchange."""
    return {f"{account}-{exchange}": (account, exchange) for account in ACCOUNTS for exchange in EXCHANGES}


def set_up(size: Size, instruments: dict[str, Instrument]) -> Iterator[c.Body]:
    """Yield every command that makes the firm, in order."""
    yield c.SetFirm(currency="USD")
    for account in ACCOUNTS:
        yield c.AddAccount(account=access.Account(name=account, owner=OPERATOR, environment="training", currency="USD"))
    for instrument in instruments.values():
        yield c.AddInstrument(instrument=instrument)
    for name, (account, _) in connections().items():
        yield c.AddConnection(
            connection=access.Connection(name=name, account=account, venue="paper", environment="training", fee_bps=10)
        )
    for agent in agents(size):
        account = account_of(agent)
        yield c.AddAgent(agent=access.Agent(name=agent, account=account, owner=OPERATOR))
        for exchange in EXCHANGES:
            yield c.SetGrant(agent=agent, connection=f"{account}-{exchange}", granted=True)
        for capability in ("place_order", "replace_order"):
            yield c.SetCapability(agent=agent, capability=capability, enabled=True)
    for of, mandate in _mandates(size):
        yield c.SetMandate(subject=of, mandate=mandate, why="as the soak begins")


def _mandates(size: Size) -> Iterator[tuple[str, Mandate]]:
    yield (
        "firm",
        Mandate(gross_exposure_max=_money(size.agents * 60_000), order_notional_max=_money(25_000), mark_age_max=60),
    )
    for account in ACCOUNTS:
        yield f"account:{account}", Mandate(market_exposure_max=_money(30_000), price_collar_bps=500)
    for agent in agents(size):
        yield (
            f"agent:{agent}",
            Mandate(
                gross_exposure_max=_money(80_000),
                market_exposure_max=_money(12_000),
                positions_max=25,
                orders_open_max=OPEN_MAX,
                order_rate_max=Rate(count=20, per_s=10),
                approval_notional_min=_money(9_000),
                approval_expiry_s=20,
            ),
        )


def _money(units: int) -> Money:
    return Money(units * SCALE)


class Trader:
    """One agent: it trades until `stop` is set, whatever it is told, and remembers what works."""

    def __init__(self, name: str, caller: Caller, prices: Prices, size: Size, counts: Counter[str]) -> None:
        self.name = name
        self._caller = caller
        self._prices = prices
        self._chance = random.Random(f"{size.seed}/{name}")
        self._universe = self._chance.sample(sorted(prices.instruments), min(UNIVERSE, len(prices.instruments)))
        self._pace_s = size.pace_s
        self._counts = counts
        self._working: deque[tuple[str, str]] = deque()  # order and instrument
        self._held: list[dict[str, Any]] = []
        self._asked = 0

    async def live(self, stop: asyncio.Event) -> None:
        """Trade until `stop` is set."""
        while not stop.is_set():
            await asyncio.sleep(self._chance.expovariate(1 / self._pace_s))
            await self._chance.choices(
                (self._take, self._rest, self._reduce, self._cancel, self._replace, self._look),
                (45, 20, 15, 12, 5, 3),
            )[0]()

    async def _take(self) -> None:
        """An order that fills at once, as a limit or at the market; now and then with an exit, or far too large."""
        name, side = self._chance.choice(self._universe), self._chance.choice(("buy", "sell"))
        amount = self._chance.choice((500, 1_000, 2_000, 3_000, 4_000))
        amount = self._chance.choices((amount, 10_000, 40_000), (93, 4, 3))[0]
        terms: dict[str, Any] = {"time_in_force": "ioc"}
        if self._chance.random() < 0.3:
            terms |= {"type": "market", "slippage_bps": 100}
        else:
            terms["limit_price"] = self._near(name, 60 if side == "buy" else -60)
        if self._chance.random() < 0.1:
            terms["exit"] = self._exit(name, side)
        await self._submit(name, side, self._lots(name, amount), **terms)

    async def _rest(self) -> None:
        """An order that waits for its price."""
        name, side = self._chance.choice(self._universe), self._chance.choice(("buy", "sell"))
        away = self._chance.choice((-10, -25, -50, -100)) * (1 if side == "buy" else -1)
        reply = await self._submit(
            name, side, self._lots(name, 1_500), limit_price=self._near(name, away), time_in_force="gtc"
        )
        if reply.verdict == "allow":
            self._working.append((reply.order, name))
        if len(self._working) > OPEN_MAX // 2:
            await self._cancel()

    async def _reduce(self) -> None:
        """Close one of the positions that it saw last, all of it."""
        if not self._held:
            await self._look()
        if self._held:
            row = self._held.pop(self._chance.randrange(len(self._held)))
            quantity = parse(Quantity, row["quantity"])
            side = "sell" if quantity > 0 else "buy"
            price = self._near(row["instrument"], 80 if side == "buy" else -80)
            await self._submit(
                row["instrument"], side, Quantity(abs(quantity)), limit_price=price, reduce="clip", time_in_force="ioc"
            )

    async def _cancel(self) -> None:
        if self._working:
            self._count(await self._caller.ask("command", c.Cancel(order=self._working.popleft()[0])))

    async def _replace(self) -> None:
        if self._working:
            order, name = self._chance.choice(self._working)
            quantity, price = self._lots(name, self._chance.randint(500, 3_000)), self._near(name, 0)
            self._asked += 1
            body = c.Replace(id=f"{self.name}-r{self._asked}", order=order, quantity=quantity, limit_price=price)
            self._count(await self._caller.ask("command", body))

    async def _look(self) -> None:
        reply = await self._caller.ask("read", {"view": "positions"})
        rows = [] if reply.code else reply.ok["positions"]
        self._held = [row for row in rows if row["quantity"] != "0"]

    async def _submit(self, name: str, side: str, quantity: Quantity, **terms: Any) -> Reply:
        self._asked += 1
        intent = OrderIntent(
            id=f"{self.name}-{self._asked}",
            agent=self.name,
            connection=f"{account_of(self.name)}-{self._prices.exchange_of[name]}",
            instrument=name,
            side=side,  # type: ignore[arg-type]
            quantity=quantity,
            created_at=self._prices.now(),
            **terms,
        )
        reply = await self._caller.ask("command", c.Submit(intent=intent))
        self._count(reply)
        return reply

    def _count(self, reply: Reply) -> None:
        self._counts[f"answer {reply.words}"] += 1

    def _near(self, name: str, bps: int) -> Price:
        return self._prices.near(name, bps)

    def _lots(self, name: str, amount: int) -> Quantity:
        return Quantity(max(amount * SCALE // self._prices.of[name], 1) * LOT)

    def _exit(self, name: str, side: str) -> ExitTerms:
        away = 150 if side == "buy" else -150
        legs = (
            Leg(kind="stop_loss", trigger=self._near(name, -away)),
            Leg(kind="take_profit", trigger=self._near(name, away)),
        )
        return ExitTerms(legs=legs, slippage_bps=300)


async def approve(caller: Caller, chance: random.Random, stop: asyncio.Event) -> None:
    """Look at what is held, and approve most, decline some and let some lapse."""
    while not stop.is_set():
        await asyncio.sleep(2)
        reply = await caller.ask("read", {"view": "approvals"})
        for row in () if reply.code else reply.ok:
            kind = chance.choices(("approve", "decline", "wait"), (50, 20, 30))[0]
            if kind == "approve":
                await caller.ask("command", c.Approve(order=row["order"], digest=row["digest"]))
            elif kind == "decline":
                await caller.ask("command", c.Decline(order=row["order"], why="not this one"))


async def clear_halts(caller: Caller, counts: Counter[str], stop: asyncio.Event) -> None:
    """Look at what is halted, decide what differs for the venue, and resume."""
    while not stop.is_set():
        await asyncio.sleep(5)
        reply = await caller.ask("read", {"view": "halts"})
        for row in () if reply.code else reply.ok:
            counts[f"halt {row['cause']} {row['rule']}"] += 1
            if row["cause"] == "drift":
                await _adopt(caller, row["subject"].partition(":")[2])
            await caller.ask("command", c.Review(halt=row["id"], limit=row["rule"], why="looked at the numbers"))
            done = await caller.ask("command", c.Resume(halt=row["id"], why="go on"))
            counts[f"resume {done.words}"] += 1


async def _adopt(caller: Caller, connection: str) -> None:
    reply = await caller.ask("read", {"view": "drifts", "connection": connection})
    account = connections()[connection][0]
    for row in () if reply.code else reply.ok:
        if row["shown"]:
            agent = f"a{ACCOUNTS.index(account):02}"
            body = c.Adopt(truth="venue", agent=agent, connection=connection, why="as it is", shown=row["shown"])
            await caller.ask("command", body)


async def cancel_everything(caller: Caller, order_ids: list[str]) -> None:
    """Cancel these orders, fifty at a time."""
    for start in range(0, len(order_ids), 50):
        await asyncio.gather(*(caller.ask("command", c.Cancel(order=order)) for order in order_ids[start : start + 50]))
