"""What limits on exposure measure, counted exactly: from positions, orders and marks, worst side by worst side.

Everything is an integer at scale 10^-72: price times quantity times multiplier times rate, rounded nowhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from remit.kernel.numbers import SCALE
from remit.testing.sim.invariants.counted import Firm
from remit.testing.sim.invariants.nouns import Counted, Stake

WORTH = SCALE**3
"""Brings an amount of money to the scale of everything here."""
GROUPED = {
    "market_exposure_max": "market_name",
    "concentration_max_pct": "market_name",
    "category_exposure_max": "category",
    "venue_exposure_max": "venue",
}
"""Limits that are counted per group, and what of an instrument names its group."""
COUNTS = ("positions_max", "orders_open_max")
RATIOS = ("leverage_max", "concentration_max_pct")
"""Limits that are shares of equity."""
LIMITS = (*GROUPED, "net_exposure_max", "gross_exposure_max", "capital_max", "leverage_max", *COUNTS)
"""The limits on exposure that an opening is measured against."""


class Worth(NamedTuple):
    """One subject's stake, in its currency: the worst sides, the position at its mark, and what orders reserve."""

    long: int
    short: int
    value: int
    buys: int
    sells: int
    capital: int
    is_active: bool

    @property
    def gross(self) -> int:
        return max(self.long, self.short)


NOTHING = Worth(0, 0, 0, 0, 0, 0, False)


class Exposed:
    """Measures subjects of a firm; what did not change since the last time is not worked out again."""

    def __init__(self, firm: Firm) -> None:
        self._firm = firm
        self._known: dict[tuple[str, Stake], tuple[int, int, Worth]] = {}
        self._stakes: dict[str, dict[Stake, None]] = {}

    def forget(self, stake: Stake) -> None:
        """A stake changed."""
        for of in self._firm.state.subjects:
            self._known.pop((of, stake), None)

    def worth(self, of: str, stake: Stake) -> Worth:
        """Return what a subject's stake counts."""
        mark, unit = self._firm.state.marks.get(stake[1]), self._firm.unit(of, stake[1])
        price = 0 if mark is None else int(mark.last)
        known = self._known.get((of, stake))
        if known is None or known[0] != price or known[1] != unit:
            known = self._known[of, stake] = (price, unit, self._worth(of, stake, price, unit))
        return known[2]

    def _worth(self, of: str, stake: Stake, mark: int, unit: int) -> Worth:
        held = self._firm.held(of, stake)
        orders = [order for order in self._firm.at_stake.get(stake, {}).values() if of in order.subjects]
        if not held and not orders:
            return NOTHING
        long, buys = _side(held, mark, [order for order in orders if order.sign > 0], 0)
        short, sells = _side(-held, mark, [order for order in orders if order.sign < 0], mark)
        position = abs(held) * mark
        own, other = (long, short) if held >= 0 else (short, long)
        cost = self._firm.costs[of, stake]
        active = bool(held or any(order.reserve for order in orders))
        capital = cost + (max(own - position, 0) + other) * unit
        return Worth(long * unit, short * unit, held * mark * unit, buys * unit, sells * unit, capital, active)

    def stakes(self, of: str) -> list[tuple[Stake, Worth]]:
        """Return every stake that a subject has or ever had, with its worth."""
        known = self._stakes.setdefault(of, {})
        return [(stake, self.worth(of, stake)) for stake in known]

    def note(self, order: Counted) -> None:
        """Remember that the subjects of an order have a stake."""
        for of in order.subjects:
            self._stakes.setdefault(of, {})[order.connection, order.instrument] = None

    def note_position(self, of: str, stake: Stake) -> None:
        """Remember that a subject has a stake."""
        self._stakes.setdefault(of, {})[stake] = None

    def measure(self, of: str, rule: str, instrument: str) -> int:
        """Return what a limit measures of a subject, in the group of an instrument where it is counted by groups; of a
        share of equity what stands above the line."""
        if rule == "orders_open_max":
            return sum(of in order.subjects for order in self._firm.live.values())
        instruments, group = self._firm.state.instruments, GROUPED.get(rule)
        stakes = self.stakes(of)
        if group is not None:
            name = getattr(instruments[instrument], group)
            found = [worth for stake, worth in stakes if getattr(instruments[stake[1]], group) == name]
            return max(sum(worth.long for worth in found), sum(worth.short for worth in found))
        if rule == "positions_max":
            return sum(worth.is_active for _, worth in stakes)
        if rule == "net_exposure_max":
            value = sum(worth.value for _, worth in stakes)
            return max(value + sum(w.buys for _, w in stakes), sum(w.sells for _, w in stakes) - value)
        if rule == "capital_max":
            return sum(worth.capital for _, worth in stakes)
        return sum(worth.gross for _, worth in stakes)

    def bound(self, of: str, rule: str, limit: Any) -> int:
        """Return the largest measurement that a limit allows. A share of equity takes the equity as the book has it."""
        if rule in COUNTS:
            return int(limit)
        if rule not in RATIOS:
            return int(limit) * WORTH
        equity = max(self._firm.state.subjects[of].total.umbrella.equity, 0)
        return equity * WORTH * int(limit) // (SCALE if rule == "leverage_max" else 100)


def _side(held: int, mark: int, orders: list[Counted], least: int) -> tuple[int, int]:
    """Return the worst this side can become, and what its orders reserve, both as price times quantity.

    `held` is the position seen from this side. What only closes counts nothing; beyond flat the dearest counts, because
    the cheaper ones may be those that close; and nothing counts less than `least` a unit.
    """
    quantity = sum(order.reserve for order in orders)
    reserved = sum(order.reserve * order.counted for order in orders)
    position, beyond = max(held, 0) * mark, quantity - max(-held, 0)
    if beyond <= 0:
        return position, reserved
    worth = reserved
    if held < 0:
        worth = min(worth, beyond * max(order.counted for order in orders))
    return position + max(worth, beyond * least), reserved
