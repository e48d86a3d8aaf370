"""The stage that things happen on: two accounts, four agents, six instruments, and those who watch every command."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from tests.kernel.desk import Desk, money, quantity, ratio
from tests.kernel.recount import Ledger, entries_of, subjects_of
from tests.kernel.watch_exits import ExitWatch
from tests.kernel.watch_levels import LevelWatch
from tests.kernel.watch_venues import MarkWatch, VenueWatch

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.access import Tolerance
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate
from remit.kernel.names import GUARD
from remit.kernel.numbers import Price, Quantity
from remit.kernel.order import TERMINAL

AGENTS = {"momentum": "paper1", "value": "paper1", "carry": "paper2", "global": "euro1"}
MARKS = {"AAPL": "100", "SAP": "150", "BTC": "20000", "PERP": "50", "YES": "0.6", "NO": "0.4"}
LOTS = {"AAPL": "1", "SAP": "1", "BTC": "0.01", "PERP": "0.1", "YES": "1", "NO": "1"}
CONNECTIONS = ("paper1", "paper2", "euro1")
amounts = st.integers(1, 24)
agents = st.sampled_from(sorted(AGENTS))
instruments = st.sampled_from(sorted(MARKS))
connections = st.sampled_from(CONNECTIONS)

WEIGHTS: list[tuple[Any, dict[str, Any], Any]] = []
"""What can happen: the method, what it is called with, and when it can; as often in the list as it weighs."""


def happens(weight: int, when: Any = None, **drawn: Any) -> Any:
    def add(method: Any) -> Any:
        WEIGHTS.extend([(method, drawn, when)] * weight)
        return method

    return add


class WatchedDesk(Desk):
    """A desk where everything that enters is watched."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.watches: list[Any] = []

    def watched(self) -> None:
        """Begin to watch."""
        self.watches = [ExitWatch(), LevelWatch(self.ledger), VenueWatch(self.state), MarkWatch()]

    def do(self, body: Any, by: Any = GUARD, after_ns: int = 1_000_000) -> Record:
        entries = {key: entries_of(self.state, *key) for key in self.state.cash} if self.watches else {}
        for watch in self.watches:
            watch.before(self.state, body, by)
        record = super().do(body, by, after_ns)
        self.ledger.follow(self.state, record, entries)
        for watch in self.watches:
            watch.after(self.state, record)
        return record


class Stage(RuleBasedStateMachine):
    """Two accounts in two currencies, four agents, a client, and six instruments of five kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = WatchedDesk()
        self.booked: list[c.Filled] = []
        self.moved: set[str] = set()
        """Subjects whose exposure something else than an ALLOW has moved."""

    def open(self) -> None:
        desk = self.desk
        desk.open()
        desk.instrument("AAPL", "100")
        desk.rate("EUR", "USD", "1.25")
        desk.account("main")
        desk.account("euro", owner="bob", currency="EUR")
        for name, account, currency in (("paper1", "main", "USD"), ("paper2", "main", "USD"), ("euro1", "euro", "EUR")):
            desk.connection(name, account, "100000", currency, fee_bps=5)
            desk.ledger.deposit(name, currency, money("100000"))
        for name, currency in (("paper1", "EUR"), ("paper2", "EUR"), ("euro1", "USD")):
            desk.took(c.SetBalance(connection=name, currency=currency, amount=money("50000")))
            desk.ledger.deposit(name, currency, money("50000"))
        for name, connection in AGENTS.items():
            account = desk.state.connections[connection].account
            desk.agent(name, account, connection, owner=desk.state.accounts[account].owner)
        desk.client("claude", "momentum")
        self._instruments()
        self._mandates()
        strict = Tolerance(unknown_count_max=1, unknown_age_max_s=60, silent_rounds=2)
        desk.took(c.SetTolerance(connection="paper1", tolerance=strict, why="test"))
        desk.watched()

    def _instruments(self) -> None:
        desk = self.desk
        desk.instrument("SAP", "150", currency="EUR")
        desk.instrument("BTC", "20000", kind="spot", base="BTC", lot="0.01", tick="1", category="crypto")
        perpetual = {"kind": "perpetual", "lot": "0.1", "multiplier": quantity("2"), "exits_on": "mark"}
        desk.instrument("PERP", "50", category="crypto", **perpetual)
        desk.took(c.SetMargin(instrument="PERP", initial=ratio("0.1")))
        for name, outcome in (("YES", "yes"), ("NO", "no")):
            desk.instrument(name, MARKS[name], kind="prediction", outcome=outcome, market="RAIN", category="weather")

    def _mandates(self) -> None:
        desk = self.desk
        desk.mandate(
            "account:main",
            Mandate(market_exposure_max=money("4000"), gross_exposure_max=money("9000"), daily_loss_max=money("600")),
        )
        desk.mandate("agent:value", Mandate(market_exposure_max=money("2000"), approval_notional_min=money("900")))
        desk.mandate("account:euro", Mandate(daily_loss_max=money("500"), approval_notional_min=money("1500")))
        quorum = {"quorum_notional_min": money("1800"), "approval_quorum": 1}
        desk.mandate(
            "agent:momentum", Mandate(approval_notional_min=money("1200"), drawdown_max=money("400"), **quorum)
        )
        desk.mandate("agent:carry", Mandate(category_exposure_max=money("3000"), net_exposure_max=money("2500")))

    @rule(data=st.data())
    def something_happens(self, data: Any) -> None:
        method, drawn, when = WEIGHTS[data.draw(st.integers(0, len(WEIGHTS) - 1))]
        if when is None or when(self):
            method(self, **{name: data if name == "data" else data.draw(how) for name, how in drawn.items()})

    # -- small things

    def do(self, body: Any, by: Any = GUARD, after_ns: int = 1_000_000) -> Record:
        state = self.desk.state
        stopped = {*state.pauses, *state.halted}
        record = self.desk.do(body, by, after_ns)
        for event in record.events:
            released = isinstance(event, e.Released) or (isinstance(event, e.Reserved) and event.state == "allowed")
            if released:
                order = self.desk.state.order(event.order)
                path = {*subjects_of(order), f"venue:{order.venue}", f"connection:{order.connection}"}
                assert not (order.opening and path & stopped), "nothing opening goes out under a stop"
            if isinstance(event, e.Approved):
                assert record.command.by.is_person
        for order in state.orders.values():
            assert order.reserved >= 0 and order.state not in TERMINAL
        return record

    def book_fill(self, body: c.Filled) -> Record:
        """Enter a fill that may be told again, or taken back."""
        record = self.do(body)
        self.booked.append(body)
        return record

    def everyone_moved(self) -> None:
        self.moved.update(self.desk.state.subjects)

    def live(self) -> list[Any]:
        return list(self.desk.state.orders.values())

    def pick(self, data: Any) -> Any:
        return data.draw(st.sampled_from(self.live()))

    def work(self, name: str, part: Fraction = Fraction(1)) -> None:
        """Let a venue take an order and fill part of it at its worst price."""
        order = self.desk.state.orders[name]
        lot = self.desk.state.instruments[order.instrument].lot
        self.do(c.Sent(order=name))
        self.do(c.Acked(order=name))
        amount = Quantity(int(order.quantity * part) // lot * lot)
        if amount and name in self.desk.state.orders:
            fill = f"f{self.desk.state.seq}"
            price = Price(order.worst_price)
            self.book_fill(c.Filled(order=name, fill=fill, quantity=amount, price=price, fee=money("0.25")))
            self.moved.update(subjects_of(order))
