"""What befalls a venue though no request asked for it: a forced fill, a bust, a strange order, holdings that shift."""

from __future__ import annotations

from remit.kernel.command import Busted
from remit.kernel.numbers import Money, Quantity
from remit.venues.paper.exchange import PaperExchange
from remit.venues.paper.matching import Trade
from remit.venues.paper.messages import Message
from remit.venues.paper.state import PaperOrder


class Incidents:
    """Lets things befall one exchange. Each returns the messages that follow; `at` is the venue's time in nanoseconds.

    KeyError for an order or a connection that the exchange does not know.
    """

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange
        self._floor = exchange.floor

    def fill(self, connection: str, order: str, quantity: Quantity, at: int) -> list[Message]:
        """Fill so much of an order at its own price, be it working or over; never more than it has left."""
        before = self._exchange.drain(at)
        known = self._floor.orders[connection, order]
        size = min(quantity, known.remaining)
        if size > 0:
            self._floor.fill(known, Trade(known, None, known.price, size, True))
        return before + self._exchange.drain(at)

    def bust(self, connection: str, order: str, fill: str, at: int) -> list[Message]:
        """Take a fill back: cash, fee and position move as if it had never been; the order does not work again."""
        before = self._exchange.drain(at)
        known = self._floor.orders[connection, order]
        done = {each.fill: each for each in known.fills}[fill]
        known.fills = tuple(each for each in known.fills if each.fill != fill)
        self._floor.accounts.take_back(known, done.price, done.quantity, done.fee)
        self._floor.keep(known)
        self._floor.tell(connection, Busted(order=order, fill=fill))
        return before + self._exchange.drain(at)

    def stray(self, order: PaperOrder, at: int) -> list[Message]:
        """Place an order that no guard sent. Raises Refusal where its connection cannot pay for it."""
        before = self._exchange.drain(at)
        self._floor.admit(order)
        return before + self._exchange.drain(at)

    def shift(self, connection: str, instrument: str, by: Quantity, at: int) -> list[Message]:
        """Move a position without a trade, as a transfer or a mistake of the venue would."""
        before = self._exchange.drain(at)
        self._floor.accounts.shift(connection, instrument, by)
        return before + self._exchange.drain(at)

    def pay(self, connection: str, currency: str, amount: Money, at: int) -> list[Message]:
        """Move cash without a trade."""
        before = self._exchange.drain(at)
        self._exchange.deposit(connection, currency, amount)
        return before
