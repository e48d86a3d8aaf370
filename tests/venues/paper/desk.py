"""A desk for the tests: a guard's key, a paper exchange, and short words to trade with it through the real codec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.kernel.codec import encode
from remit.kernel.command import Body, Filled
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import Money, Price, Quantity, parse, text
from remit.kernel.order import Order
from remit.kernel.permit import Permit, Request
from remit.venues.paper.codec import Paper
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.messages import Message, Settlement

GUARD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = GUARD_KEY.public_key().public_bytes_raw()
MINUTE = 60 * 10**9


def price(source: str) -> Price:
    return parse(Price, source)


def quantity(source: str) -> Quantity:
    return parse(Quantity, source)


def money(source: str) -> Money:
    return parse(Money, source)


def listed(name: str, kind: str = "equity", **terms: Any) -> Instrument:
    """An instrument of tick 0.01 and lot 1."""
    given: dict[str, Any] = {
        "venue": "paper",
        "currency": "USD",
        "category": "test",
        "tick": price("0.01"),
        "lot": quantity("1"),
    }
    return Instrument(name=name, kind=kind, **(given | terms))  # type: ignore[arg-type]


ABC = listed("ABC")
COIN = listed("COIN", "spot", base="COIN", lot=quantity("0.001"))
PERP = listed("PERP", "perpetual")
YES = listed("RAIN-YES", "prediction", market="RAIN", outcome="yes")
NO = listed("RAIN-NO", "prediction", market="RAIN", outcome="no")
LISTED = (ABC, COIN, PERP, YES, NO)


def order(
    id: str,
    side: str,
    size: str,
    limit: str | None = None,
    *,
    worst: str | None = None,
    instrument: str = "ABC",
    tif: str = "day",
    connection: str = "one",
) -> Order:
    """An order as the kernel holds it: a limit order with a limit, else a market order with a worst price."""
    made = Order()
    made.id, made.connection, made.instrument, made.side = id, connection, instrument, side
    made.quantity, made.time_in_force, made.pending = quantity(size), tif, None
    made.type = "limit" if limit else "market"
    made.limit_price = price(limit) if limit else None
    made.worst_price = price(limit or worst or ("1000000" if side == "buy" else "0.01"))
    return made


def mark(
    bid: str,
    ask: str | None = None,
    *,
    at: int = 0,
    instrument: str = "ABC",
    sizes: str | None = None,
    bar: bool = False,
    path: bool = False,
) -> Mark:
    """A quote; with `bar` the open of a bar, with `path` a point of the path inside a bar."""
    extremes = {"low": price(bid), "high": price(ask or bid)} if path else {}
    size = {} if sizes is None else {"bid_size": quantity(sizes), "ask_size": quantity(sizes)}
    return Mark(
        instrument=instrument,
        at=at,
        bid=price(bid),
        ask=price(ask or bid),
        last=price(bid),
        resolution_ns=MINUTE if bar or path else 0,
        **extremes,
        **size,
    )


class Desk:
    """A guard in miniature: permits each request, sends it, reads the reply. Time stands still unless told."""

    def __init__(
        self, exchange: PaperExchange, cash: str = "1000000", connections: Sequence[str] = ("one", "two")
    ) -> None:
        self.exchange = exchange
        self.venue = Paper()
        self.at = 0
        self.permits = 0
        self.made: dict[tuple[str, str], Order] = {}
        self._said: list[Message] = []
        for connection in connections:
            exchange.open_connection(connection, {"USD": money(cash)})

    def seal(self, request: Request, about: str, **changed: Any) -> bytes:
        """The request sealed with a fresh permit; `changed` replaces fields of the permit."""
        self.permits += 1
        fields: dict[str, Any] = {
            "id": f"permit-{self.permits}",
            "seq": self.permits,
            "action": request.action,
            "order": about,
            "connection": request.connection,
            "digest": request.digest,
            "expires_at": self.at + MINUTE,
        }
        permit = encode(Permit(**(fields | changed)))
        return self.venue.seal(request, permit, GUARD_KEY.sign(permit))

    def send(self, request: Request, about: str) -> Sequence[Body]:
        return self.venue.read(request, about, self.exchange.handle(self.seal(request, about), self.at))

    def place(self, *terms: Any, **more: Any) -> Sequence[Body]:
        made = order(*terms, **more)
        self.made.setdefault((made.connection, made.id), made)
        return self.send(self.venue.place(made, ABC_AS[made.instrument], self.at, self.permits), made.id)

    def cancel(self, id: str, connection: str = "one") -> Sequence[Body]:
        return self.send(
            self.venue.cancel(order(id, "buy", "1", "1", connection=connection), ABC, self.at, self.permits), id
        )

    def query(self, id: str, connection: str = "one", asked: tuple[str, str] | None = None) -> Sequence[Body]:
        made = self.made.get((connection, id)) or order(id, "buy", "1", "1", connection=connection)
        made.pending = (quantity(asked[0]), price(asked[1])) if asked else None
        return self.send(self.venue.query(made, ABC_AS[made.instrument], self.at, self.permits), id)

    def replace(self, id: str, size: str, limit: str, connection: str = "one") -> Sequence[Body]:
        made = order(id, "buy", size, limit, connection=connection)
        made.pending = (quantity(size), price(limit))
        return self.send(self.venue.replace(made, ABC, self.at, self.permits), id)

    def snapshot(self, connection: str = "one") -> Sequence[Body]:
        return self.send(self.venue.snapshot(connection, self.at, self.permits), "")

    def cancel_all(self, connection: str = "one") -> Sequence[Body]:
        return self.send(self.venue.cancel_all(connection, self.at, self.permits), "")

    def dead_man(self, after_s: int, connection: str = "one") -> Sequence[Body]:
        return self.send(self.venue.dead_man(connection, after_s, self.at, self.permits), "")

    def cash(self, connection: str = "one") -> str:
        return text(dict(self.exchange.holdings(connection).cash)["USD"])

    def position(self, instrument: str = "ABC", connection: str = "one") -> str:
        held = {holding.instrument: holding.quantity for holding in self.exchange.holdings(connection).positions}
        return text(held.get(instrument, Quantity(0)))

    def mark(self, given: Mark) -> None:
        self._said += self.exchange.mark(given, self.at)

    def end_session(self) -> None:
        self._said += self.exchange.end_session(self.at)

    def settle(self, settlement: Settlement) -> None:
        self._said += self.exchange.settle(settlement, self.at)

    def told_so_far(self) -> list[str]:
        """What the venue said unasked since the last time, in words: `a 10@99.5`, `a cancelled`."""
        said = [*self._said, *self.exchange.drain(self.at)]
        self._said = []
        return [spelt(message.report) for message in said]


ABC_AS = {instrument.name: instrument for instrument in LISTED}


def spelt(report: Any) -> str:
    if isinstance(report, Filled):
        return f"{report.order} {text(report.quantity)}@{text(report.price)}"
    return f"{report.order} {type(report).__name__.lower()}"


def desk(cash: str = "1000000", connections: Sequence[str] = ("one", "two"), **terms: Any) -> Desk:
    """A desk at a fresh exchange of all LISTED instruments."""
    return Desk(PaperExchange(LISTED, PUBLIC_KEY, **terms), cash, connections)
