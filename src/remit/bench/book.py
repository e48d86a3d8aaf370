"""The standard book that everything is measured on: 50 instruments, 1,000 positions, 1,000 working orders.

It is made in the real way, command by command through the kernel: 20 agents in 4 accounts hold all 50 instruments and
have one order working in each. The mandates that are measured are published last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.command import Body, Command
from remit.kernel.event import Record, Refused, Reserved
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.kernel import Kernel
from remit.kernel.lens import Asked
from remit.kernel.mandate import EMPTY, Mandate, Rate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Money, Price, Quantity, Ratio, parse
from remit.kernel.order import OrderIntent

BEGIN_NS = 20_000 * DAY_NS
OPERATOR = Principal(name="ann", role="operator", owner="ann")
FEED = Principal(name="bars", role="feed")
INSTRUMENTS, HOLDERS, ACCOUNTS = 50, 20, 4
FEW = "FEW"
NEWCOMER = f"agent{HOLDERS}"
"""An agent of the first account that holds nothing and has no order."""


class Book:
    """A kernel with a book, and its clock, which goes `pace_ns` ahead with every command.

    `limits` are mandates by subject; the other subjects have the empty one. `heard` is told every record.
    """

    def __init__(
        self, limits: Mapping[str, Mandate], *, working: int = 1000, kernel: Kernel | None = None,
        heard: Callable[[Record], object] = lambda record: None,
    ) -> None:
        self.kernel = Kernel() if kernel is None else kernel
        self.at = BEGIN_NS
        self.pace_ns = 1_000
        self._heard = heard
        self.names = [f"SYM{number}" for number in range(INSTRUMENTS)]
        self.agents = [f"agent{number}" for number in range(HOLDERS)]
        self._asked = 0
        for by, body in _opening([*self.agents, NEWCOMER], self.names):
            self.enter(by, body)
        self.enter(FEED, c.Marked(marks=self.marks("100.00")))
        self._hold()
        self.work(working)
        for subject, mandate in limits.items():
            self.enter(OPERATOR, c.SetMandate(subject=subject, mandate=mandate, why="bench"))

    def enter(self, by: Principal, body: Body) -> Record:
        """Let a command enter; what the kernel refuses is our mistake."""
        self.at += self.pace_ns
        record = self.kernel.step(Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body))
        for event in record.events:
            if isinstance(event, Refused):
                raise AssertionError(f"the book cannot be made: {event}")
        self._heard(record)
        return record

    def intent(self, agent: str, instrument: str, quantity: int, price: str = "100.00", **more: Any) -> OrderIntent:
        """Return the next intent, of an id and a size that were not used before."""
        self._asked += 1
        return OrderIntent(
            id=f"i{self._asked}", agent=agent, connection=connection_of(agent), instrument=instrument,
            side=more.pop("side", "buy"), quantity=shares(quantity), created_at=self.at,
            limit_price=parse(Price, price), confidence=parse(Ratio, "0.9"), **more,
        )

    def asked(self, count: int, *, agent: str = "agent0", quantity: int = 10, price: str = "100.00") -> list[Asked]:
        """Return orders to judge, over all instruments; nothing of the book changes when they are judged."""
        by = Principal(name=agent, role="agent", owner="ann")
        return [
            Asked(self.intent(agent, self.names[number % INSTRUMENTS], quantity, price), "", by, self.at)
            for number in range(count)
        ]

    def submits(self, count: int, agent: str = "agent0") -> list[c.Submit]:
        """Return proposals that no limit stops, over all instruments."""
        return [
            c.Submit(intent=self.intent(agent, self.names[number % INSTRUMENTS], 1 + number % 7))
            for number in range(count)
        ]

    def marks(self, last: str, names: list[str] | None = None, resolution_ns: int = 0) -> tuple[Mark, ...]:
        """Return a mark of each instrument at this price, a cent around it."""
        price = parse(Price, last)
        cent = parse(Price, "0.01")
        return tuple(
            Mark(instrument=name, at=self.at, bid=Price(price - cent), ask=Price(price + cent), last=price,
                 close=parse(Price, "100"), resolution_ns=resolution_ns)
            for name in names or self.names
        )

    def work(self, count: int) -> None:
        """Let so many more orders work: half bid under the market, half offer above it, and none of them crosses."""
        for number in range(count):
            agent, name = self._place(number)
            side, price = ("buy", "99.00") if number % 2 else ("sell", "101.00")
            self._allowed(agent, c.Submit(intent=self.intent(agent, name, 1, price, side=side)))

    def live(self, number: int) -> None:
        """Let one more order live and end: proposed on the mark of a bar, working, cancelled; three entries."""
        agent, name = self._place(number)
        bar = self.marks("100.00", [name], 3600 * NANOSECONDS)
        body = c.Submit(intent=self.intent(agent, name, 1 + number % 7, "99.00"), marks=bar)
        order = self._allowed(agent, body)
        self.enter(GUARD, c.Acked(order=order))
        self.enter(GUARD, c.Cancelled(order=order))

    def hold_few(self) -> None:
        """Add the instrument FEW, and ten stakes in it: six agents in two accounts, and the firm through both."""
        self.enter(OPERATOR, c.AddInstrument(instrument=_instrument(FEW)))
        self.enter(FEED, c.Marked(marks=self.marks("100.00", [FEW])))
        for number in (0, 4, 8, 12, 16, 1):
            self._own(f"agent{number}", FEW)

    def crowd(self, count: int) -> None:
        """Add so many agents that hold nothing, each with limits of its own and one order that works."""
        for number in range(HOLDERS + 1, HOLDERS + 1 + count):
            agent = f"agent{number}"
            for by, body in _agent(agent):
                self.enter(by, body)
            self.enter(OPERATOR, c.SetMandate(subject=f"agent:{agent}", mandate=SOME["agent:agent0"], why="bench"))
        for number in range(HOLDERS + 1, HOLDERS + 1 + count):
            body = c.Submit(intent=self.intent(f"agent{number}", self.names[number % INSTRUMENTS], 1, "99.00"))
            self._allowed(f"agent{number}", body)

    def _own(self, agent: str, name: str) -> None:
        order = self._allowed(agent, c.Submit(intent=self.intent(agent, name, 10)))
        fill = c.Filled(order=order, fill=f"f-{order}", quantity=shares(10), price=parse(Price, "100"))
        self.enter(GUARD, fill)

    def _place(self, number: int) -> tuple[str, str]:
        return self.agents[number // INSTRUMENTS % HOLDERS], self.names[number % INSTRUMENTS]

    def _hold(self) -> None:
        for number in range(INSTRUMENTS * HOLDERS):
            self._own(*self._place(number))

    def _allowed(self, agent: str, body: c.Submit) -> str:
        record = self.enter(Principal(name=agent, role="agent", owner="ann"), body)
        for event in record.events:
            if isinstance(event, Reserved) and event.state == "allowed":
                return event.order
        raise AssertionError(f"the book cannot be made: {record.decision}")


def shares(count: int) -> Quantity:
    """Return a whole number of shares."""
    return parse(Quantity, str(count))


def connection_of(agent: str) -> str:
    """Return the connection that an agent of the book trades through."""
    return f"paper{account_number(agent)}"


def account_number(agent: str) -> int:
    """Return the number of an agent's account."""
    return int(agent.removeprefix("agent")) % ACCOUNTS


def _instrument(name: str) -> Instrument:
    return Instrument(
        name=name, kind="equity", venue="paper", currency="USD", category="us_equity", tick=parse(Price, "0.01"),
        lot=shares(1),
    )


def _agent(agent: str) -> Iterator[tuple[Principal, Body]]:
    account = f"account{account_number(agent)}"
    yield OPERATOR, c.AddAgent(agent=access.Agent(name=agent, account=account, owner="ann"))
    yield OPERATOR, c.SetGrant(agent=agent, connection=connection_of(agent), granted=True)
    yield OPERATOR, c.SetCapability(agent=agent, capability="place_order", enabled=True)


def _opening(agents: list[str], names: list[str]) -> Iterator[tuple[Principal, Body]]:
    yield GUARD, c.KernelStarted(version="bench", digest="0" * 64, clean=True, prefix="bench")
    yield OPERATOR, c.SetFirm(currency="USD")
    yield GUARD, c.SetSessions(zone="UTC", starts=tuple(BEGIN_NS + day * DAY_NS for day in range(30)))
    yield GUARD, c.SetCalendar(
        calendar="always", begins_at=BEGIN_NS, ends_at=BEGIN_NS + 30 * DAY_NS,
        windows=((BEGIN_NS, BEGIN_NS + 30 * DAY_NS),),
    )
    for name in names:
        yield OPERATOR, c.AddInstrument(instrument=_instrument(name))
        yield OPERATOR, c.SetVolume(instrument=name, average_daily=shares(10**9))
    for number in range(ACCOUNTS):
        account, connection = f"account{number}", f"paper{number}"
        yield OPERATOR, c.AddAccount(
            account=access.Account(name=account, owner=f"owner{number}", environment="training", currency="USD")
        )
        yield OPERATOR, c.AddConnection(
            connection=access.Connection(name=connection, account=account, venue="paper", environment="training")
        )
        cash = (("USD", parse(Money, "100000000000")),)
        yield GUARD, c.Reconciled(connection=connection, positions=(), cash=cash, orders=())
    for agent in agents:
        yield from _agent(agent)
    subjects = ["firm", *(f"account:account{number}" for number in range(ACCOUNTS)), *(f"agent:{a}" for a in agents)]
    for subject in subjects:
        yield OPERATOR, c.SetMandate(subject=subject, mandate=EMPTY, why="bench")


_NONE = Money(0)
_MUCH, _MANY = parse(Money, "1000000000000"), 10**9
_FIRM: dict[str, Any] = {"gross_exposure_max": _MUCH, "net_exposure_max": _MUCH, "orders_open_max": _MANY}
_ACCOUNT: dict[str, Any] = {
    "order_notional_max": _MUCH, "market_exposure_max": _MUCH, "category_exposure_max": _MUCH,
    "venue_exposure_max": _MUCH, "net_exposure_max": _MUCH, "daily_loss_max": _MUCH, "price_collar_bps": 500,
    "mark_age_max": 60, "concentration_max_pct": 100,
}
_AGENT: dict[str, Any] = {
    "order_notional_max": _MUCH, "order_quantity_max": shares(_MANY), "market_exposure_max": _MUCH,
    "gross_exposure_max": _MUCH, "capital_max": _MUCH, "positions_max": _MANY, "orders_open_max": _MANY,
    "daily_loss_max": _MUCH, "drawdown_max": _MUCH, "orders_per_day_max": _MANY, "order_rate_max": Rate(10**6, 1),
    "instruments_blocked": ("GME",), "confidence_min": parse(Ratio, "0.6"),
}
SOME: dict[str, Mandate] = {
    "account:account0": Mandate(**{name: _ACCOUNT[name] for name in (
        "market_exposure_max", "net_exposure_max", "daily_loss_max", "price_collar_bps")}),
    "agent:agent0": Mandate(**{name: _AGENT[name] for name in (
        "order_notional_max", "market_exposure_max", "daily_loss_max", "order_rate_max")}),
}
"""25 lines in force on the path of agent0: the 17 standing rules and 8 limits."""
MANY: dict[str, Mandate] = {
    "firm": Mandate(**_FIRM), "account:account0": Mandate(**_ACCOUNT), "agent:agent0": Mandate(**_AGENT),
}
"""25 limits in force on the path of agent0, beside the 17 standing rules."""
ALL: dict[str, Mandate] = {
    "account:account0": Mandate(**(_ACCOUNT | _FIRM)),
    f"agent:{NEWCOMER}": Mandate(**(_AGENT | {
        "slippage_max_bps": 500, "instruments_allowed": tuple(sorted(f"SYM{number}" for number in range(INSTRUMENTS))),
        "categories_allowed": ("us_equity",), "asset_classes_allowed": ("equity",), "venues_allowed": ("paper",),
        "order_types_allowed": ("limit", "market"), "sides_allowed": ("buy", "sell"), "hours_active": ("always",),
        "short_allowed": "blocked", "locate_required": "required", "short_sale_restricted": "required",
        "leverage_max": parse(Ratio, "4"), "participation_max_pct": 100, "payout_max": _MUCH,
        "resolution_distance_min": 60, "spread_max_bps": 500, "price_collar_bps": 500, "mark_age_max": 60,
        "category_exposure_max": _MUCH, "venue_exposure_max": _MUCH, "net_exposure_max": _MUCH,
        "concentration_max_pct": 100, "position_duplicate": "blocked", "position_opposing": "blocked",
        "market_orders_max": _MANY, "market_orders_per_day_max": _MANY, "market_cooldown": 0,
        "message_rate_max": Rate(10**6, 1), "duplicate_window": 1, "refusals_in_row_max": 10,
        "repeated_execution_max": _MANY, "rejections_in_row_max": 10, "approval_notional_min": _MUCH,
        "quorum_notional_min": _MUCH, "approval_quorum": 2, "approval_drift_max_bps": 500, "ai_spend_daily_max": _MUCH,
    })),
}
"""Every rule of the table that can bind an agent in force for the newcomer: one that holds a position may not add to
it."""
NOTHING_PASSES: dict[str, Mandate] = {
    "account:account0": Mandate(
        order_notional_max=_NONE, market_exposure_max=_NONE, net_exposure_max=_NONE, venue_exposure_max=_NONE
    ),
    "agent:agent0": Mandate(
        order_notional_max=_NONE, order_quantity_max=Quantity(0), market_exposure_max=_NONE, orders_open_max=0,
    ),
}
"""25 lines, of which the eight limits do not hold for agent0."""
