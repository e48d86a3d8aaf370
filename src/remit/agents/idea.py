"""Ideas: what a strategy wants, before anybody has judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from remit.kernel.names import Side
from remit.kernel.numbers import SCALE, Money, Price, Quantity, Ratio


class Idea(NamedTuple):
    """An order that a strategy would like: how much of what, how sure it is (0 to 1), and why, in words."""

    instrument: str
    side: Side
    quantity: Quantity
    confidence: Ratio
    why: str


class Strategy(Protocol):
    """A name and one function; a strategy knows no socket, no token and no clock."""

    name: str

    def ideas(self, seen: Mapping[str, Sequence[Price]], held: Mapping[str, Quantity]) -> list[Idea]:
        """Return what it wants now. `seen` has each instrument's prices, oldest first; `held` what it owns."""
        ...


def shares_for(spend: Money, price: Price) -> Quantity:
    """Return how many whole shares `spend` buys at `price`; may be none."""
    return Quantity(spend // price * SCALE)
