"""Ideas: what a strategy wants, before anybody has judged it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from remit.kernel.exit import ExitTerms
from remit.kernel.names import Side
from remit.kernel.numbers import BPS, SCALE, Money, Price, Quantity, Ratio

CENT = SCALE // 100


class Idea(NamedTuple):
    """An order that a strategy would like: how much of what, how sure it is (0 to 1), and why, in words.

    `exit` is how the guard is to close what the order buys, should the strategy itself not come to it.
    """

    instrument: str
    side: Side
    quantity: Quantity
    confidence: Ratio
    why: str
    exit: ExitTerms | None = None


class Strategy(Protocol):
    """A name and one function; a strategy knows no socket, no token and no clock."""

    name: str

    def ideas(self, seen: Mapping[str, Sequence[Price]], held: Mapping[str, Quantity]) -> list[Idea]:
        """Return what it wants now. `seen` has each instrument's prices, oldest first; `held` what it owns."""
        ...


def shares_for(spend: Money, price: Price) -> Quantity:
    """Return how many whole shares `spend` buys at `price`; may be none."""
    return Quantity(spend // price * SCALE)


def away(price: Price, bps: int) -> Price:
    """Return the whole cent so many basis points above `price` (below where negative)."""
    return Price(price * (BPS + bps) // BPS // CENT * CENT)
