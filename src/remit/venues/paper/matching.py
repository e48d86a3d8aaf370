"""The book of one instrument: who trades with whom, at which price; no cash, no clock.

Price-time priority among the resting orders of all connections, beside an outside market that marks describe:

* An order that arrives trades at the best price there is: the outside touch (buy at the ask, sell at the bid) as far
  as its size goes, or a resting order of another connection at that order's limit. At the same price the outside
  market comes first: it was there before. Never beyond the order's own price. Orders of one connection never trade
  with each other.
* A resting limit order trades when a mark moves THROUGH its limit (ask below a buy's, bid above a sell's), and then at
  its limit: the path passed there. A mark of a bar that merely touches the limit does not fill it: who was first in
  that queue is unknown. A live quote (resolution 0) at the limit does fill it: somebody offers there now.
* The open of a bar is a jump, not a path: an order that it jumped over trades at the open, which is better than its
  limit. A recorded feed says which marks lie on a path by giving `low` and `high`; a bar's open carries neither.
* What is left of a market order waits, first of all, for the next size at the touch, within its protection price. It
  only takes: a limit order that arrives meanwhile trades with it at that limit.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from typing import NamedTuple

from remit.kernel.instrument import Mark
from remit.kernel.numbers import Quantity
from remit.venues.paper.state import PaperOrder, Touch


class Trade(NamedTuple):
    """One execution: `order` with the resting order `other`, or with the outside market where that is None.

    `rested` says that `order` rested at its limit before.
    """

    order: PaperOrder
    other: PaperOrder | None
    price: int
    quantity: int
    rested: bool


def _priority(order: PaperOrder) -> tuple[int, int, int]:
    if order.type == "market":
        return (0, 0, order.arrived)
    return (1, -order.price if order.side == "buy" else order.price, order.arrived)


class Book:
    """Resting orders by side in order of priority, and the outside market."""

    def __init__(self) -> None:
        self.resting: dict[str, list[PaperOrder]] = {"buy": [], "sell": []}
        self.touch: Touch | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.resting["buy"] or self.resting["sell"])

    def rest(self, order: PaperOrder) -> None:
        """Let the order wait in the book."""
        insort(self.resting[order.side], order, key=_priority)

    def remove(self, order: PaperOrder) -> None:
        """Take the order out of the book, if it is there."""
        side = self.resting[order.side]
        self.resting[order.side] = [other for other in side if other is not order]

    def take(self, order: PaperOrder) -> Iterator[Trade]:
        """Yield the trades of an order that arrives; the caller books each before asking for the next."""
        while order.remaining > 0:
            outside = self._outside(order)
            inside = self._inside(order)
            if outside and (inside is None or not _better(order.side, inside[1], outside[0])):
                size = self._use(order.side, min(order.remaining, outside[1] or order.remaining))
                yield Trade(order, None, outside[0], size, False)
            elif inside:
                yield Trade(order, inside[0], inside[1], min(order.remaining, inside[0].remaining), False)
            else:
                return

    def move(self, touch: Touch) -> Iterator[Trade]:
        """Take a new mark and yield the trades it makes with resting orders, in price-time priority."""
        self.touch = touch
        jump = touch.mark.resolution_ns > 0 and touch.mark.low is None and touch.mark.high is None
        for side in ("buy", "sell"):
            for order in tuple(self.resting[side]):
                while order.remaining > 0:
                    outside = self._outside(order)
                    if outside is None or not _through(order, touch.mark, outside[0]):
                        break
                    price = outside[0] if jump or order.type == "market" else order.price
                    size = self._use(side, min(order.remaining, outside[1] or order.remaining))
                    yield Trade(order, None, price, size, order.type == "limit")

    def _outside(self, order: PaperOrder) -> tuple[int, int | None] | None:
        """The far touch and the size left there (None: no limit), if the order may trade at it."""
        if self.touch is None:
            return None
        buys = order.side == "buy"
        price = self.touch.mark.ask if buys else self.touch.mark.bid
        left = self.touch.ask_left if buys else self.touch.bid_left
        if left == 0 or price <= 0 or _better(order.side, order.price, price):
            return None
        return price, left

    def _inside(self, order: PaperOrder) -> tuple[PaperOrder, int] | None:
        """The first resting order that would trade with this one, and the price."""
        waiting: PaperOrder | None = None
        for other in self.resting["sell" if order.side == "buy" else "buy"]:
            crosses = not _better(order.side, order.price, other.price)
            if other.type == "limit" and not crosses:
                break
            if not crosses or other.connection == order.connection:
                continue
            if other.type == "limit":
                return other, other.price
            waiting = waiting or other
        return (waiting, order.price) if waiting and order.type == "limit" else None

    def _use(self, side: str, quantity: int) -> int:
        """Use up size at the far touch; returns `quantity`."""
        if self.touch is not None:
            if side == "buy" and self.touch.ask_left is not None:
                self.touch.ask_left = Quantity(self.touch.ask_left - quantity)
            if side == "sell" and self.touch.bid_left is not None:
                self.touch.bid_left = Quantity(self.touch.bid_left - quantity)
        return quantity


def _better(side: str, one: int, other: int) -> bool:
    """Whether price `one` is strictly better than `other` for who buys or sells."""
    return one < other if side == "buy" else one > other


def _through(order: PaperOrder, mark: Mark, price: int) -> bool:
    return order.type == "market" or mark.resolution_ns == 0 or price != order.price
