"""Momentum: buys what has been rising, and sells it when it falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from remit.agents.idea import Idea, shares_for
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import BPS, Money, Price, Quantity, Ratio, parse

A_DAY = 4
"""Prices in a day of the demo's feed."""
RISE_BPS, FALL_BPS = 100, -100
SPEND = parse(Money, "1000")
CONFIDENCE = parse(Ratio, "0.75")
TRAIL = ExitTerms(legs=(Leg(kind="trailing_stop", offset_bps=800),))
"""What was bought is sold once it stands 8 % below the best price since: these prices move by 3 % on a quiet day."""


class Momentum:
    """One stake per instrument: opened when today stands 1 % above yesterday, closed when it stands 1 % below.

    Each has a trailing stop, which the guard watches between its looks.
    """

    name = "momentum"

    def ideas(self, seen: Mapping[str, Sequence[Price]], held: Mapping[str, Quantity]) -> list[Idea]:
        """Return a buy for each riser not yet held, and a sale of everything held that falls."""
        wanted = []
        for instrument, prices in seen.items():
            if len(prices) < 2 * A_DAY:
                continue
            yesterday, today = sum(prices[-2 * A_DAY : -A_DAY]), sum(prices[-A_DAY:])
            rise_bps = (today - yesterday) * BPS // yesterday
            has = held.get(instrument, Quantity(0))
            if not has and rise_bps >= RISE_BPS:
                quantity = shares_for(SPEND, prices[-1])
                wanted.append(Idea(instrument, "buy", quantity, CONFIDENCE, f"up {rise_bps} bps", TRAIL))
            elif has and rise_bps <= FALL_BPS:
                wanted.append(Idea(instrument, "sell", has, CONFIDENCE, f"down {-rise_bps} bps"))
        return wanted
