"""What holds whatever happens: random sessions of two connections, marks, cancels, replaces, time and restarts."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.venues.paper.desk import ABC_AS, LISTED, PUBLIC_KEY, Desk, mark, order

from remit.kernel.command import Filled
from remit.kernel.names import SIGN
from remit.kernel.numbers import SCALE, Quantity
from remit.kernel.order import Order
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import Message
from remit.venues.paper.state import StateFile

CASH = 1_000 * SCALE
NAMES = st.sampled_from(["ABC", "COIN", "PERP"])
CONNECTIONS = st.sampled_from(["one", "two"])
PRICES = st.integers(95, 105)
SIZES = st.integers(1, 8)


class Sessions(RuleBasedStateMachine):
    """Drives an exchange that keeps its state in a file, and remembers every order and fill beside it."""

    @initialize(latency=st.sampled_from([0, 5]), depth=st.sampled_from([None, 6]), fee=st.sampled_from([0, 7]))
    def open(self, latency: int, depth: int | None, fee: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "state"
        self.terms = {
            "latency_ns": latency,
            "depth": depth and Quantity(depth * SCALE),
            "fee_bps": fee,
            "maker_fee_bps": fee // 2,
        }
        self.store = StateFile(self.path)
        self.desk = Desk(PaperExchange(LISTED, PUBLIC_KEY, store=self.store, **self.terms), cash="1000")  # type: ignore[arg-type]
        self.orders: dict[tuple[str, str], Order] = {}
        self.limits: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.messages: list[Message] = []

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        size=SIZES,
        limit=PRICES,
        market=st.booleans(),
        name=NAMES,
        connection=CONNECTIONS,
        tif=st.sampled_from(["day", "gtc", "ioc"]),
    )
    def place(self, side: str, size: int, limit: int, market: bool, name: str, connection: str, tif: str) -> None:
        terms = {"worst": str(limit)} if market else {"limit": str(limit)}
        made = order(f"o{len(self.orders)}", side, str(size), instrument=name, tif=tif, connection=connection, **terms)
        self.orders[connection, made.id] = made
        self.limits[connection, made.id].add(made.worst_price)
        self.desk.send(self.desk.venue.place(made, ABC_AS[name], self.desk.at, self.desk.permits), made.id)
        self.hear(self.desk.exchange.drain(self.desk.at))

    @rule(
        bid=PRICES,
        spread=st.integers(0, 3),
        name=NAMES,
        size=st.sampled_from([None, "3"]),
        kind=st.sampled_from(["q", "open", "path"]),
    )
    def mark(self, bid: int, spread: int, name: str, size: str | None, kind: str) -> None:
        given = mark(
            str(bid),
            str(bid + spread),
            at=self.desk.at,
            instrument=name,
            sizes=size,
            bar=kind == "open",
            path=kind == "path",
        )
        self.hear(self.desk.exchange.mark(given, self.desk.at))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.orders:
            connection, id = data.draw(st.sampled_from(sorted(self.orders)))
            self.desk.cancel(id, connection)
            self.hear(self.desk.exchange.drain(self.desk.at))

    @rule(data=st.data(), size=SIZES, limit=PRICES)
    def replace(self, data: st.DataObject, size: int, limit: int) -> None:
        if self.orders:
            connection, id = data.draw(st.sampled_from(sorted(self.orders)))
            if type(self.desk.replace(id, str(size), str(limit), connection)[0]).__name__ == "Replaced":
                self.orders[connection, id].quantity = size * SCALE
                self.limits[connection, id].add(limit * SCALE)
            self.hear(self.desk.exchange.drain(self.desk.at))

    @rule(passed=st.integers(0, 10))
    def wait(self, passed: int) -> None:
        self.desk.at += passed
        self.hear(self.desk.exchange.drain(self.desk.at))

    @rule()
    def end_session(self) -> None:
        self.hear(self.desk.exchange.end_session(self.desk.at))

    @rule()
    def restart(self) -> None:
        self.hear(self.desk.exchange.drain(self.desk.at))
        before = [self.seen(connection) for connection in ("one", "two")]
        floor = self.desk.exchange.floor
        due = self.desk.exchange.next_due()
        self.store.close()
        self.store = StateFile(self.path)
        self.desk.exchange = PaperExchange(LISTED, PUBLIC_KEY, store=self.store, **self.terms)  # type: ignore[arg-type]
        assert [self.seen(connection) for connection in ("one", "two")] == before
        assert self.desk.exchange.next_due() == due
        again = self.desk.exchange.floor
        assert (again.touches, again.clock.arrived, again.trading) == (
            floor.touches,
            floor.clock.arrived,
            floor.trading,
        )
        assert _above_zero(again.accounts._held) == _above_zero(floor.accounts._held)

    def seen(self, connection: str) -> object:
        """Everything a connection can see, every order of its own included."""
        queries = [self.desk.query(id, connection) for owner, id in sorted(self.orders) if owner == connection]
        return self.desk.exchange.holdings(connection), self.desk.exchange.log(connection, 0), queries

    def hear(self, messages: list[Message]) -> None:
        self.messages += messages

    @invariant()
    def every_fill_is_within_its_order(self) -> None:
        filled: dict[tuple[str, str], int] = defaultdict(int)
        for message in self.messages:
            if isinstance(message.report, Filled):
                key = (message.connection, message.report.order)
                filled[key] += message.report.quantity
                sign = SIGN[self.orders[key].side]
                assert sign * message.report.price <= max(sign * limit for limit in self.limits[key])
        assert all(size <= self.orders[key].quantity for key, size in filled.items())

    @invariant()
    def messages_come_once_in_order_without_a_gap(self) -> None:
        for connection in ("one", "two"):
            numbers = [message.number for message in self.messages if message.connection == connection]
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def positions_are_the_sum_of_the_fills(self) -> None:
        held: dict[tuple[str, str], int] = defaultdict(int)
        for message in self.messages:
            if isinstance(message.report, Filled):
                made = self.orders[message.connection, message.report.order]
                held[message.connection, made.instrument] += SIGN[made.side] * message.report.quantity
        shown = {
            (connection, holding.instrument): int(holding.quantity)
            for connection in ("one", "two")
            for holding in self.desk.exchange.holdings(connection).positions
        }
        assert shown == {key: size for key, size in held.items() if size}

    @invariant()
    def cash_is_what_the_fills_moved(self) -> None:
        """Perpetuals are left to the table tests: their cash moves by profit, and only when they are reduced."""
        for connection in ("one", "two"):
            fills = [
                message.report
                for message in self.messages
                if message.connection == connection and isinstance(message.report, Filled)
            ]
            if any(self.orders[connection, fill.order].instrument == "PERP" for fill in fills):
                continue
            cash = CASH
            for fill in fills:
                cash -= SIGN[self.orders[connection, fill.order].side] * fill.price * fill.quantity // SCALE + fill.fee
            ((_, shown),) = self.desk.exchange.holdings(connection).cash
            assert shown == cash

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.store.close()
            self.folder.cleanup()


def _above_zero(held: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: amount for key, amount in held.items() if amount}


Sessions.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSessions = Sessions.TestCase


class LongOnly(RuleBasedStateMachine):
    """Spot alone: whatever is ordered, cash and holdings never fall below zero."""

    @initialize(fee=st.sampled_from([0, 3, 100]))
    def open(self, fee: int) -> None:
        self.desk = Desk(PaperExchange(LISTED, PUBLIC_KEY, fee_bps=fee), cash="777.77")
        self.count = 0

    @rule(
        side=st.sampled_from(["buy", "sell"]),
        size=st.integers(1, 9_999),
        limit=st.integers(9_500, 10_500),
        connection=CONNECTIONS,
    )
    def place(self, side: str, size: int, limit: int, connection: str) -> None:
        self.count += 1
        self.desk.place(
            f"o{self.count}",
            side,
            f"{size // 1000}.{size % 1000:03d}",
            f"{limit // 100}.{limit % 100:02d}",
            instrument="COIN",
            connection=connection,
        )

    @rule(bid=PRICES, size=st.sampled_from([None, "1.234"]))
    def mark(self, bid: int, size: str | None) -> None:
        self.desk.mark(mark(str(bid), str(bid + 1), instrument="COIN", sizes=size, path=True))

    @invariant()
    def nobody_owes(self) -> None:
        for connection in ("one", "two"):
            held = self.desk.exchange.holdings(connection)
            assert held.cash[0][1] >= 0 and all(holding.quantity > 0 for holding in held.positions)


LongOnly.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLongOnly = LongOnly.TestCase
