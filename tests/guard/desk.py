"""A real kernel with an account, two agents, a client and prices, in memory, for tests of what is asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from remit.guard.views import view
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.command import Body, Command
from remit.kernel.event import Record
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.kernel import Kernel
from remit.kernel.mandate import EMPTY, Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, Money, Price, Quantity, parse
from remit.kernel.order import OrderIntent

ANN = Principal(name="ann", role="operator", token="T-ann", door="cli", owner="ann")
BOB = Principal(name="bob", role="approver", token="T-bob", door="cli", owner="bob")
EVE = Principal(name="eve", role="auditor", token="T-eve", door="cli", owner="eve")
MOMENTUM = Principal(name="momentum", role="agent", token="T-mom", door="http", owner="ann")
REVERSION = Principal(name="reversion", role="agent", token="T-rev", door="http", owner="ann")
CLAUDE = Principal(name="claude", role="client", token="T-cla", door="mcp", owner="ann")
FEED = Principal(name="prices", role="feed", token="T-fee", door="feed", owner="ann")
START = 20_000 * DAY_NS

AAPL = Instrument(
    name="AAPL", kind="equity", venue="paper", currency="USD", category="us_equity",
    tick=parse(Price, "0.01"), lot=parse(Quantity, "1"),
)  # fmt: skip
MANDATE = Mandate(
    order_notional_max=parse(Money, "2000"),
    market_exposure_max=parse(Money, "3000"),
    approval_notional_min=parse(Money, "1500"),
    positions_max=5,
    orders_per_day_max=20,
    daily_loss_max=parse(Money, "100"),
)


class Desk:
    """The kernel, the entries it made, and short words for what people and agents do."""

    def __init__(self, at: int = START, step_ns: int = 10**9) -> None:
        self.kernel = Kernel()
        self.journal: list[bytes] = []
        self.at, self.step_ns = at, step_ns
        self.intents = 0
        self._open()

    def do(self, by: Principal, body: Body) -> Record:
        """Let a command enter; `step_ns` passes before it."""
        self.at += self.step_ns
        by = by if not by.token or by.token in self.kernel.state.tokens else _without_token(by)
        record = self.kernel.step(Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body))
        self.journal.append(encode(record))
        return record

    async def entries(self, start: int) -> AsyncIterator[tuple[int, bytes]]:
        """The journal from an index on, as the real one gives it."""
        for found in list(enumerate(self.journal))[start:]:
            yield found

    def see(self, by: Principal, name: str, /, **arguments: Any) -> Any:
        """Ask a view."""
        return asyncio.run(self.looked(by, name, **arguments))

    async def looked(self, by: Principal, name: str, /, **arguments: Any) -> Any:
        """Ask a view from within a loop."""
        given = {key.rstrip("_"): value for key, value in arguments.items()}
        about = {"version": "test"}
        return await view(self.kernel, by, name, given, at=self.at, entries=self.entries, about=lambda: about)

    def submit(self, by: Principal, quantity: str, *, side: str = "buy", limit: str = "100", **more: Any) -> str:
        """Propose a limit order of AAPL by an agent or its client, and return the order's id."""
        self.intents += 1
        agent = by.name if by.role == "agent" else "momentum"
        intent = OrderIntent(
            id=f"i{self.intents}", agent=agent, connection="paper1", instrument="AAPL", side=side,
            quantity=parse(Quantity, quantity), created_at=self.at, limit_price=parse(Price, limit), **more,
        )  # fmt: skip
        record = self.do(by, c.Submit(intent=intent, client=by.name if by.role == "client" else ""))
        assert record.decision is not None
        return record.decision.order

    def fill(self, order: str, quantity: str, price: str) -> None:
        self.do(GUARD, c.Sent(order=order))
        self.do(
            GUARD,
            c.Filled(order=order, fill=f"f-{order}", quantity=parse(Quantity, quantity), price=parse(Price, price)),
        )

    def mark(self, last: str) -> None:
        price = parse(Price, last)
        self.do(GUARD, c.Marked(marks=(Mark(instrument="AAPL", at=self.at, bid=price, ask=price, last=price),)))

    def _open(self) -> None:
        self.do(GUARD, c.KernelStarted(version="test", digest="0" * 64, clean=True, prefix="abcd"))
        self.do(ANN, c.SetFirm(currency="USD"))
        desk = access.Account(name="desk", owner="ann", environment="training", currency="USD")
        self.do(ANN, c.AddAccount(account=desk))
        paper = access.Connection(name="paper1", account="desk", venue="paper", environment="training")
        self.do(ANN, c.AddConnection(connection=paper))
        for name in ("momentum", "reversion"):
            self.do(ANN, c.AddAgent(agent=access.Agent(name=name, account="desk", owner="ann")))
            self.do(ANN, c.SetGrant(agent=name, connection="paper1", granted=True))
            self.do(ANN, c.SetCapability(agent=name, capability="place_order", enabled=True))
        self.do(ANN, c.AddClient(client=access.Client(name="claude", agent="momentum")))
        self.do(ANN, c.AddInstrument(instrument=AAPL))
        days = tuple((self.at // DAY_NS - 1 + i) * DAY_NS for i in range(40))
        self.do(GUARD, c.SetSessions(zone="UTC", starts=days))
        for subject in ("firm", "account:desk", "agent:reversion", "client:claude"):
            self.do(ANN, c.SetMandate(subject=subject, mandate=EMPTY, why="nothing to limit here"))
        self.do(ANN, c.SetMandate(subject="agent:momentum", mandate=MANDATE, why="first day"))
        cash = (("USD", parse(Money, "100000")),)
        self.do(GUARD, c.Reconciled(connection="paper1", positions=(), cash=cash, orders=()))
        self.mark("100")


def _without_token(by: Principal) -> Principal:
    """The kernel knows no token here unless a test issued it."""
    return Principal(name=by.name, role=by.role, door=by.door, owner=by.owner)


__all__ = ["AAPL", "ANN", "BOB", "CLAUDE", "EVE", "FEED", "MANDATE", "MOMENTUM", "REVERSION", "Desk"]
