"""What a venue brings to the conformance suite: its codec, a wire on which things go wrong, and its own truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from remit.kernel.order import Order
from remit.kernel.permit import Permit, Request
from remit.venues.seam import Venue


class Harness(Protocol):
    """One venue, fresh, with one connection `paper1` that holds 100000 USD and one instrument AAPL, tick 0.01, lot 1.

    `permit_key` is the guard's public key; `now` the true time in nanoseconds. Quantities, prices and amounts are
    decimal text going in, and integers at scale 10^-18 coming out. Faults are named as in `remit.testing.faults`.
    """

    codec: Venue
    others: Callable[[Request, str], bytes]
    """A reply that fits the request but speaks of another order."""

    def __init__(self, permit_key: bytes, now: Callable[[], int]) -> None: ...

    # The wire

    def reply(self, sealed: bytes) -> bytes:
        """Answer a sealed request; LinkDown where nothing arrived, NoReply where nothing was answered."""

    def stream(self, hello: bytes) -> Callable[[], Sequence[bytes]]:
        """Open the stream; each call of what is returned gives the messages since the last. LinkDown when away."""

    @staticmethod
    def opened(sealed: bytes) -> tuple[Permit, Request]:
        """The permit in sealed bytes, and the request it came with."""

    # What goes wrong

    def plan(self, requests: Mapping[str, Iterable[Any]] | None = None, told: Iterable[Any] = ()) -> None:
        """From now on these faults befall the requests of each action, and the messages."""

    def draw(self, source: random.Random, chances: Mapping[str, int]) -> None:
        """From now on faults are drawn, with these chances in ten-thousandths."""

    def stop_faults(self) -> None:
        """Nothing goes wrong any more."""

    def set_away(self, away: bool) -> None:
        """Begin or end an outage."""

    def set_skew(self, seconds: int) -> None:
        """Set the venue's clock ahead, or back where below zero."""

    # What befalls the venue

    def move(self, price: str, size: str | None = None) -> None:
        """Let the outside market quote this price on both sides, in this size or without limit."""

    def fill(self, order: str, quantity: str) -> None: ...

    def bust(self, order: str) -> None:
        """Take the order's last fill back."""

    def stray(self, order: str) -> None:
        """Let somebody else place an order under this id: buy 1 at 0.01."""

    def drift(self, quantity: str) -> None:
        """Move the position by so much without a trade."""

    def pay(self, amount: str) -> None:
        """Move cash by so much without a trade."""

    def end(self, order: str) -> None:
        """Let the venue cancel an order by itself."""

    def close_market(self) -> None: ...

    def pass_time(self) -> None:
        """Let the venue do what is due by now."""

    # The truth

    def position(self) -> int: ...

    def cash(self) -> int: ...

    def working(self) -> set[str]:
        """The client order ids of every order that works, whoever placed it."""

    def worst(self) -> tuple[int, int]:
        """The longest and the shortest that the position could become if every working order of a side filled."""

    def terms(self, order: str) -> tuple[str, int, int]:
        """Side, quantity and price of an order that the venue knows."""

    def knows(self, order: Order) -> bool:
        """Whether the venue ever took an order under this id."""
