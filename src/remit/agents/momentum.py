"""Momentum: buys what has been rising, and sells it when it falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.agents.idea import Idea, shares_for
from remit.kernel.numbers import BPS, Money, Price, Quantity, Ratio, parse

LOOK_BACK = 8
"""Prices that it looks back: two days of four prices each."""
RISE_BPS = 150
FALL_BPS = -150
SPEND = parse(Money, "2000")
CONFIDENCE = parse(Ratio, "0.75")


class Momentum:
    """One stake per instrument, opened after a rise of 1.5 % and closed after a fall of as much."""

    name = "momentum"

    def ideas(self, seen: Mapping[str, Sequence[Price]], held: Mapping[str, Quantity]) -> list[Idea]:
        """Return a buy for each riser not yet held, and a sale of everything held that falls."""
        wanted = []
        for instrument, prices in seen.items():
            if len(prices) < LOOK_BACK:
                continue
            rise_bps = (prices[-1] - prices[-LOOK_BACK]) * BPS // prices[-LOOK_BACK]
            has = held.get(instrument, Quantity(0))
            if not has and rise_bps >= RISE_BPS:
                quantity = shares_for(SPEND, prices[-1])
                wanted.append(Idea(instrument, "buy", quantity, CONFIDENCE, f"up {rise_bps} bps"))
            elif has and rise_bps <= FALL_BPS:
                wanted.append(Idea(instrument, "sell", has, CONFIDENCE, f"down {-rise_bps} bps"))
        return wanted
