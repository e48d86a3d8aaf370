"""Mean reversion: buys what has fallen far below its own average, the more the deeper, and waits for it to come back.

In the autumn of 2008 prices did not come back: this is the agent that meets its loss limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.agents.idea import Idea, shares_for
from remit.kernel.numbers import BPS, Money, Price, Quantity, Ratio, parse

LOOK_BACK = 12
"""Prices in the average: three days of four prices each."""
DIP_BPS = 200
DEEP_BPS = 400
BACK_BPS = -150
SPEND = parse(Money, "2400")
SPEND_DEEP = parse(Money, "3600")
CONFIDENCE = parse(Ratio, "0.7")


class Reversion:
    """One stake per instrument, half as large again after a deep dip, sold when the price is back above its average."""

    name = "reversion"

    def ideas(self, seen: Mapping[str, Sequence[Price]], held: Mapping[str, Quantity]) -> list[Idea]:
        """Return a buy for each dip not yet held, and a sale of everything held that is back."""
        wanted = []
        for instrument, prices in seen.items():
            if len(prices) < LOOK_BACK:
                continue
            average = sum(prices[-LOOK_BACK:]) // LOOK_BACK
            dip_bps = (average - prices[-1]) * BPS // average
            has = held.get(instrument, Quantity(0))
            if not has and dip_bps >= DIP_BPS:
                spend = SPEND_DEEP if dip_bps >= DEEP_BPS else SPEND
                quantity = shares_for(spend, prices[-1])
                wanted.append(Idea(instrument, "buy", quantity, CONFIDENCE, f"{dip_bps} bps below its average"))
            elif has and dip_bps <= BACK_BPS:
                wanted.append(Idea(instrument, "sell", has, CONFIDENCE, "back above its average"))
        return wanted
