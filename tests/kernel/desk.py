"""A desk: one kernel that is driven command by command, and beside it two more that must always agree.

`shadow` only folds what the journal would hold; `redo` steps the same commands again, from a snapshot whenever asked.
"""

from __future__ import annotations

from typing import Any

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body, Command
from remit.kernel.effect import Act
from remit.kernel.event import Record
from remit.kernel.instrument import FxMark, Instrument, Mark
from remit.kernel.kernel import Kernel, effects
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, SCALE, Money, Price, Quantity, Ratio, parse
from remit.kernel.order import Order, OrderIntent
from remit.kernel.snapshot import dump, load

START = DAY_NS * 20_000
ANN = Principal(name="ann", role="operator", owner="ann")
BOB = Principal(name="bob", role="approver", owner="bob")
CAT = Principal(name="cat", role="approver", owner="cat")


def price(text: str) -> Price:
    return parse(Price, text)


def quantity(text: str) -> Quantity:
    return parse(Quantity, text)


def money(text: str) -> Money:
    return parse(Money, text)


def ratio(text: str) -> Ratio:
    return parse(Ratio, text)


def agent(name: str, owner: str = "ann") -> Principal:
    return Principal(name=name, role="agent", owner=owner)


def client(name: str, owner: str = "ann") -> Principal:
    return Principal(name=name, role="client", owner=owner)


class Desk:
    """A kernel, its shadow and its double, with the few words that tests say all the time."""

    def __init__(self) -> None:
        self.kernel, self.shadow, self.redo = Kernel(), Kernel(), Kernel()
        self.at = START
        self.records: list[Record] = []
        self.placed: dict[str, int] = {}
        self.numbers = 0

    @property
    def state(self) -> Any:
        return self.kernel.state

    # -- the one way in

    def do(self, body: Body, by: Principal = GUARD, after_ns: int = 1_000_000) -> Record:
        """Enter a command and return its record, having checked that everyone agrees on it."""
        self.at += after_ns
        command = Command(seq=self.state.seq + 1, at=self.at, by=by, body=body)
        halts = dict(self.state.halts)
        record = self.kernel.step(command)
        spelled = encode(record)
        read = decode(Record, spelled)
        assert read == record, "a record decodes to itself"
        self.shadow.fold(read)
        again = self.redo.step(decode(Command, encode(command)))
        assert again == record, "the same command on the same state gives the same record"
        self._check_effects(record)
        self._check_halts(record, halts)
        self.records.append(record)
        return record

    def took(self, body: Body, by: Principal = ANN, after_ns: int = 1_000_000) -> Record:
        """Enter a command that must not be refused."""
        record = self.do(body, by, after_ns)
        refused = [event for event in record.events if isinstance(event, e.Refused)]
        assert not refused, refused
        return record

    def refused(self, body: Body, by: Principal = ANN) -> str:
        """Enter a command that must be refused and change nothing; return the code."""
        before = self.image()
        record = self.do(body, by)
        codes = [event.code for event in record.events if isinstance(event, e.Refused)]
        assert len(codes) == 1, record.events
        assert self.image() == before, "a refused command changes nothing"
        return codes[0]

    def image(self) -> bytes:
        """Return the state without its sequence number and time."""
        state = self.state
        seq, at = state.seq, state.at
        state.seq = state.at = 0
        try:
            return dump(state)
        finally:
            state.seq, state.at = seq, at

    def reload(self) -> None:
        """Let the double go on from a snapshot."""
        self.redo = Kernel(load(dump(self.state)))

    def agree(self) -> None:
        """Live state, replayed state and double are one."""
        live = dump(self.state)
        assert dump(self.shadow.state) == live, "replay(journal) is the live state"
        assert dump(self.redo.state) == live
        assert dump(load(live)) == live

    def _check_effects(self, record: Record) -> None:
        for effect in effects(record):
            if isinstance(effect, Act) and effect.do == "place":
                assert effect.order not in self.placed, f"{effect.order} is placed twice"
                self.placed[effect.order] = record.command.seq
        raised = [event for event in record.events if isinstance(event, e.HaltRaised)]
        told = [effect for effect in effects(record) if not isinstance(effect, Act) and effect.code.startswith("halt_")]
        assert len(told) == len(raised), "each halt raises an alert"

    def _check_halts(self, record: Record, before: dict[str, Any]) -> None:
        ended = before.keys() - self.state.halts.keys()
        if ended:
            body = record.command.body
            assert isinstance(body, c.Resume) and ended == {body.halt} and record.command.by.role == "operator"

    # -- setting up

    def open(self) -> Desk:
        """Start the guard and name the firm's currency; days are known for a year."""
        self.took(c.KernelStarted(version="1", digest="0" * 64, clean=True, prefix="test"), GUARD)
        self.took(c.SetFirm(currency="USD"))
        self.took(c.SetSessions(zone="UTC", starts=tuple(START + DAY_NS * day for day in range(-1, 365))), GUARD)
        self.mandate("firm", Mandate())
        return self

    def account(self, name: str, owner: str = "ann", currency: str = "USD", environment: Any = "training") -> None:
        self.took(
            c.AddAccount(account=access.Account(name=name, owner=owner, environment=environment, currency=currency))
        )
        self.mandate(f"account:{name}", Mandate())

    def connection(self, name: str, account: str, cash: str = "1000000", currency: str = "USD", **more: Any) -> None:
        environment = self.state.accounts[account].environment
        more = {"venue": "paper", **more}
        self.took(
            c.AddConnection(connection=access.Connection(name=name, account=account, environment=environment, **more))
        )
        self.reconcile(name, (currency, money(cash)))

    def reconcile(self, name: str, *cash: tuple[str, Money]) -> Record:
        """The venue shows exactly what the book holds."""
        shown = {}
        for (of, connection, instrument), cell in self.state.cells.items():
            if of.startswith("account:") and connection == name and cell.quantity:
                shown[instrument] = Quantity(cell.quantity)
        known = {currency: Money(held.amount) for (of, currency), held in self.state.cash.items() if of == name}
        working = tuple(order.id for order in self.state.orders.values() if order.connection == name)
        return self.took(
            c.Reconciled(
                connection=name,
                positions=tuple(c.Holding(instrument, held) for instrument, held in sorted(shown.items())),
                cash=cash or tuple(sorted(known.items())),
                orders=working,
                asked=self.state.seq,
            ),
            GUARD,
        )

    def agent(self, name: str, account: str, *connections: str, owner: str = "ann") -> None:
        self.took(c.AddAgent(agent=access.Agent(name=name, account=account, owner=owner)))
        for capability in ("place_order", "replace_order"):
            self.took(c.SetCapability(agent=name, capability=capability, enabled=True))
        for connection in connections:
            self.took(c.SetGrant(agent=name, connection=connection, granted=True))
        self.mandate(f"agent:{name}", Mandate())

    def client(self, name: str, of: str) -> None:
        self.took(c.AddClient(client=access.Client(name=name, agent=of)))
        self.mandate(f"client:{name}", Mandate())

    def mandate(self, subject: str, mandate: Mandate, **more: Any) -> Record:
        return self.took(c.SetMandate(subject=subject, mandate=mandate, why="test", **more))

    def instrument(self, name: str, mark: str = "", **more: Any) -> None:
        terms = {"kind": "equity", "venue": "paper", "currency": "USD", "category": "us", "tick": "0.01", "lot": "1"}
        terms |= more
        terms["tick"], terms["lot"] = price(terms["tick"]), quantity(terms["lot"])
        self.took(c.AddInstrument(instrument=Instrument(name=name, **terms)))
        if mark:
            self.mark(name, mark)

    def mark(self, name: str, last: str, **more: Any) -> Record:
        return self.took(c.Marked(marks=(self.quote(name, last, **more),)))

    def quote(self, name: str, last: str, **more: Any) -> Mark:
        """Return a mark of no spread at this instant, its close the same, unless said otherwise."""
        at = price(last)
        return Mark(**{"instrument": name, "at": self.at, "bid": at, "ask": at, "last": at, "close": at, **more})

    def rate(self, of: str, to: str, rate: str, **more: Any) -> Record:
        return self.took(c.Marked(fx=(FxMark(**{"of": of, "to": to, "at": self.at, "rate": ratio(rate), **more}),)))

    # -- trading

    def intent(self, amount: str, limit: str | None = None, **more: Any) -> OrderIntent:
        self.numbers += 1
        terms: dict[str, Any] = {
            "id": f"i{self.numbers}",
            "agent": "momentum",
            "connection": "paper1",
            "instrument": "AAPL",
            "side": "buy",
            "quantity": quantity(amount),
            "created_at": self.at,
            "type": "market" if limit is None else "limit",
            "limit_price": None if limit is None else price(limit),
        }
        return OrderIntent(**(terms | more))

    def submit(self, amount: str, limit: str | None = None, by: Principal | None = None, **more: Any) -> Record:
        """Propose an order for an agent (by itself unless said otherwise) and return the record."""
        through, after_ns = more.pop("client", ""), more.pop("after_ns", 1_000_000)
        intent = self.intent(amount, limit, **more)
        by = by or (client(through) if through else agent(intent.agent))
        return self.do(c.Submit(intent=intent, client=through), by, after_ns)

    def order(self, amount: str, limit: str | None = None, **more: Any) -> Order:
        """Propose an order that must be allowed or held, and return it."""
        record = self.submit(amount, limit, **more)
        assert record.decision is not None and record.decision.verdict != "deny", record.decision
        order: Order = self.state.orders[record.decision.order]
        return order

    def working(self, amount: str, limit: str | None = None, **more: Any) -> Order:
        """Propose an order that must be allowed; the venue works it."""
        order = self.order(amount, limit, **more)
        self.took(c.Sent(order=order.id), GUARD)
        self.took(c.Acked(order=order.id), GUARD)
        return order

    def fill(self, order: Order | str, amount: str, at: str, fee: str = "0", fill: str = "") -> Record:
        self.numbers += 1
        name = order if isinstance(order, str) else order.id
        return self.do(
            c.Filled(
                order=name,
                fill=fill or f"f{self.numbers}",
                quantity=quantity(amount),
                price=price(at),
                fee=money(fee),
            )
        )

    def hold(self, amount: str, at: str = "100", **more: Any) -> None:
        """Bring a position about: an order at the mark, filled in full."""
        self.fill(self.working(amount, at, **more), amount, at)

    def position(self, subject: str, instrument: str = "AAPL", connection: str = "paper1") -> int:
        cell = self.state.cells.get((subject, connection, instrument))
        return 0 if cell is None else cell.quantity // (SCALE // 1000)


def small() -> Desk:
    """One account, one connection, one agent with a client, one share at 100."""
    if not _SMALL:
        desk = Desk().open()
        desk.account("main")
        desk.connection("paper1", "main")
        desk.agent("momentum", "main", "paper1")
        desk.client("claude", "momentum")
        desk.instrument("AAPL", "100")
        desk.agree()
        _SMALL.append((dump(desk.state), desk.at))
    spelled, at = _SMALL[0]
    desk = Desk()
    desk.kernel, desk.shadow, desk.redo = (Kernel(load(spelled)) for _ in range(3))
    desk.at = at
    return desk


_SMALL: list[tuple[bytes, int]] = []
"""The small desk is set up once; every test gets its own from the snapshot."""


def verdict(record: Record) -> str:
    assert record.decision is not None, record.events
    return record.decision.verdict


def rules(record: Record) -> list[str]:
    """Return the names of the rules that did not hold, in order."""
    assert record.decision is not None, record.events
    return [finding.rule for finding in record.decision.findings]


def halts(desk: Desk) -> list[tuple[str, str, str]]:
    return [(halt.subject, halt.cause, halt.rule) for halt in desk.state.halts.values()]
