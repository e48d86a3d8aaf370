"""The paper venue's harness."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.guard.desk import AAPL

from remit.guard.errors import LinkDown
from remit.kernel.codec import decode, encode
from remit.kernel.command import SetTradingState
from remit.kernel.instrument import Mark
from remit.kernel.numbers import NANOSECONDS, Money, Price, Quantity, parse
from remit.kernel.order import Order
from remit.kernel.permit import Permit, Request
from remit.testing.faults import Drawn, FaultyPaper, Listed
from remit.venues.paper import messages
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.state import PaperOrder

CONNECTION = "paper1"


class PaperHarness:
    """A faulty paper venue in memory."""

    codec = Paper()

    def __init__(self, permit_key: bytes, now: Callable[[], int]) -> None:
        self.exchange = PaperExchange([AAPL], permit_key)
        self.exchange.open_connection(CONNECTION, {"USD": parse(Money, "100000")})
        self.faulty = FaultyPaper(self.exchange, Listed())
        self._now = now
        self._reply = self.faulty.script(now)

    @staticmethod
    def others(request: Request, order: str) -> bytes:
        if request.action == "place":
            return encode(messages.Accepted(order=order, venue_order="v"))
        if request.action == "snapshot":
            return encode(messages.Holdings(connection=order, positions=(), cash=(), orders=()))
        if request.action in ("cancel_all", "dead_man"):
            return encode(messages.Done(connection=order))
        return encode(messages.Shown(order=order, status="cancelled"))

    def reply(self, sealed: bytes) -> bytes:
        return self._reply(sealed)

    def stream(self, hello: bytes) -> Callable[[], Sequence[bytes]]:
        asked = messages.read_frame(hello)
        assert isinstance(asked, messages.Subscribe)
        after = int(asked.after)

        def news() -> Sequence[bytes]:
            nonlocal after
            if self.faulty.is_away:
                raise LinkDown("the venue is away", "Listen again")
            told = self.faulty.log(asked.connection, after)
            after = max([after, *(message.number for message in told)])
            return [encode(message) for message in told]

        return news

    @staticmethod
    def opened(sealed: bytes) -> tuple[Permit, Request]:
        frame = messages.read_frame(sealed)
        assert isinstance(frame, messages.Sealed)
        permit = decode(Permit, frame.permit)
        return permit, Request(
            connection=permit.connection, action=permit.action, method=frame.method, path=frame.path, body=frame.body
        )

    def plan(self, requests: Mapping[str, Iterable[Any]] | None = None, told: Iterable[Any] = ()) -> None:
        self.faulty.plan = Listed(requests, told)

    def draw(self, source: random.Random, chances: Mapping[str, int]) -> None:
        self.faulty.plan = Drawn(source, chances)

    def stop_faults(self) -> None:
        self.faulty.stop()

    def set_away(self, away: bool) -> None:
        self.faulty.is_away = away

    def set_skew(self, seconds: int) -> None:
        self.faulty.skew_ns = seconds * NANOSECONDS

    def move(self, price: str, size: str | None = None) -> None:
        at, last = self._at(), parse(Price, price)
        left = None if size is None else parse(Quantity, size)
        quote = Mark(instrument="AAPL", at=at, bid=last, ask=last, last=last, bid_size=left, ask_size=left)
        self.exchange.mark(quote, at)

    def fill(self, order: str, quantity: str) -> None:
        self.faulty.incidents.fill(CONNECTION, order, parse(Quantity, quantity), self._at())

    def bust(self, order: str) -> None:
        last = self.exchange.floor.orders[CONNECTION, order].fills[-1]
        self.faulty.incidents.bust(CONNECTION, order, last.fill, self._at())

    def stray(self, order: str) -> None:
        made = PaperOrder(
            id=order,
            connection=CONNECTION,
            instrument="AAPL",
            side="buy",
            type="limit",
            time_in_force="gtc",
            quantity=parse(Quantity, "1"),
            price=parse(Price, "0.01"),
        )
        self.faulty.incidents.stray(made, self._at())

    def drift(self, quantity: str) -> None:
        self.faulty.incidents.shift(CONNECTION, "AAPL", parse(Quantity, quantity), self._at())

    def pay(self, amount: str) -> None:
        self.faulty.incidents.pay(CONNECTION, "USD", parse(Money, amount), self._at())

    def end(self, order: str) -> None:
        self.exchange.drain(self._at())
        self.exchange.floor.end(self.exchange.floor.orders[CONNECTION, order], "cancelled")

    def close_market(self) -> None:
        self.exchange.settle(SetTradingState(instrument="AAPL", state="closed"), self._at())

    def pass_time(self) -> None:
        self.exchange.drain(self._at())

    def position(self) -> int:
        held = {holding.instrument: int(holding.quantity) for holding in self.exchange.holdings(CONNECTION).positions}
        return held.get("AAPL", 0)

    def cash(self) -> int:
        return dict(self.exchange.holdings(CONNECTION).cash)["USD"]

    def working(self) -> set[str]:
        return set(self.exchange.holdings(CONNECTION).orders)

    def worst(self) -> tuple[int, int]:
        working = self.exchange.floor.working.get(CONNECTION, {}).values()
        buys, sells = (sum(order.remaining for order in working if order.side == side) for side in ("buy", "sell"))
        return self.position() + buys, self.position() - sells

    def terms(self, order: str) -> tuple[str, int, int]:
        known = self.exchange.floor.orders[CONNECTION, order]
        return known.side, known.quantity, known.price

    def knows(self, order: Order) -> bool:
        return (CONNECTION, order.id) in self.exchange.floor.orders

    def _at(self) -> int:
        return self._now() + self.faulty.skew_ns
