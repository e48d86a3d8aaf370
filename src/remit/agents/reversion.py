"""Mean reversion: buys what has fallen far below its own average, the more the deeper, and waits for it to come back.

In the autumn of 2008 prices often did not come back: each order brings the exit for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.agents.idea import Idea, away, shares_for
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import BPS, Money, Price, Quantity, Ratio, parse

LOOK_BACK = 12
"""Prices in the average: three days of four prices each."""
DIP_BPS = 200
DEEP_BPS = 400
BACK_BPS = -150
SPEND = parse(Money, "2400")
SPEND_DEEP = parse(Money, "3600")
CONFIDENCE = parse(Ratio, "0.7")
STOP_BPS, PROFIT_BPS = -1200, 400


class Reversion:
    """One stake per instrument, half as large again after a deep dip, sold when the price is back above its average.

    Each is bracketed: sold 12 % below or 4 % above the price it was bought at, whichever comes first.
    """

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
                quantity, why = shares_for(spend, prices[-1]), f"{dip_bps} bps below its average"
                wanted.append(Idea(instrument, "buy", quantity, CONFIDENCE, why, bracket(prices[-1])))
            elif has and dip_bps <= BACK_BPS:
                wanted.append(Idea(instrument, "sell", has, CONFIDENCE, "back above its average"))
        return wanted


def bracket(price: Price) -> ExitTerms:
    """Return a stop-loss and a take-profit round a price."""
    stop_loss = Leg(kind="stop_loss", trigger=away(price, STOP_BPS))
    return ExitTerms(legs=(stop_loss, Leg(kind="take_profit", trigger=away(price, PROFIT_BPS))))
