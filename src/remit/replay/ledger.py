"""Ledgers: profit and worst drawdown of whoever trades, marked on every mark; the same for every lane of a replay.

Amounts are price times quantity, exact integers at scale 10^-36, and are rounded once when they are read.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from remit.kernel.instrument import Mark
from remit.kernel.numbers import SCALE, Money


class Ledger:
    """What one account (or any other set of orders) has gained or lost so far."""

    __slots__ = ("_gain", "_peak", "_fall", "_cash", "_cash_low", "held")

    def __init__(self) -> None:
        self._gain = self._peak = self._fall = self._cash = self._cash_low = 0
        self.held: dict[str, int] = {}
        """Signed quantity per instrument; none is zero."""

    @property
    def pnl(self) -> Money:
        """Realised and unrealised, fees paid, at the last marks; rounded down."""
        return Money(self._gain // SCALE)

    @property
    def drawdown(self) -> Money:
        """The deepest that profit ever fell below its highest mark, which begins at zero; rounded up."""
        return Money(-(-self._fall // SCALE))

    @property
    def cash_low(self) -> Money:
        """The lowest that cash ever stood against its beginning; rounded down."""
        return Money(self._cash_low // SCALE)

    def _moved(self, gain: int, cash: int) -> None:
        self._gain += gain
        self._cash += cash
        self._cash_low = min(self._cash_low, self._cash)

    def _seen(self) -> None:
        self._peak = max(self._peak, self._gain)
        self._fall = max(self._fall, self._peak - self._gain)


class Ledgers:
    """All ledgers of a replay by key, with the last price of everything held."""

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}
        self._all: dict[Hashable, Ledger] = {}
        self._holders: dict[str, dict[Hashable, Ledger]] = {}

    def of(self, key: Hashable) -> Ledger:
        """Return the ledger of that key; one that never traded is empty."""
        ledger = self._all.get(key)
        if ledger is None:
            ledger = self._all[key] = Ledger()
        return ledger

    def fill(self, keys: Iterable[Hashable], instrument: str, signed: int, price: int, fee: int) -> None:
        """Book a fill (quantity below zero: sold) in each of the ledgers, against the instrument's last price."""
        last = self.prices.setdefault(instrument, price)
        for key in keys:
            ledger = self.of(key)
            paid = price * signed + fee * SCALE
            ledger._moved(last * signed - paid, -paid)
            ledger._seen()
            quantity = ledger.held.get(instrument, 0) + signed
            if quantity:
                ledger.held[instrument] = quantity
                self._holders.setdefault(instrument, {})[key] = ledger
            else:
                ledger.held.pop(instrument, None)
                self._holders.get(instrument, {}).pop(key, None)

    def mark(self, marks: Iterable[Mark]) -> None:
        """Value everything at the marks of one instant; drawdown is looked at when all of them are in."""
        touched: dict[int, Ledger] = {}
        for mark in marks:
            change = mark.last - self.prices.get(mark.instrument, mark.last)
            self.prices[mark.instrument] = int(mark.last)
            if change:
                for ledger in self._holders.get(mark.instrument, {}).values():
                    ledger._moved(change * ledger.held[mark.instrument], 0)
                    touched[id(ledger)] = ledger
        for ledger in touched.values():
            ledger._seen()
