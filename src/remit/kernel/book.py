"""The book: what every subject holds, has reserved and has gained or lost, kept as running sums.

A Cell is one subject's stake in one instrument through one connection. A Sums adds cells up for a whole subject or for
one of its markets, categories or venues. Nothing here scans: a fill, a mark or a reservation changes one cell per
subject, and each cell tells its four sums the difference. Connections never net against each other.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from remit.kernel.numbers import SCALE, notional_ceil, notional_floor
from remit.kernel.sums import Sums

_CUBE = SCALE**3


class Cell:
    """One subject's stake in one instrument through one connection.

    `quantity`, `cost`, `entry`, `flow` and `fees` are what fills and settlements left; the reservations are of live
    orders. Everything after `price` is worked out from them, the mark, the unit and the margin rate.
    """

    __slots__ = (
        "subject", "connection", "instrument", "quantity", "cost", "entry", "flow", "fees", "buy_quantity",
        "buy_notional", "buy_prices", "sell_quantity", "sell_notional", "sell_prices", "orders", "unit",
        "margin_rate", "price", "value", "value_ceil", "buys", "sells", "long", "short", "gross", "margin", "capital",
        "active", "sums",
    )

    def __init__(
        self,
        subject: str,
        connection: str,
        instrument: str,
        unit: int,
        margin_rate: int,
        sums: tuple[Sums, Sums, Sums, Sums],
    ) -> None:
        self.subject = subject
        self.connection = connection
        self.instrument = instrument
        self.quantity = self.cost = self.flow = self.fees = 0
        self.entry = 0
        """Price times quantity of what made the position: its cost in the instrument's currency, exactly."""
        self.buy_quantity = self.buy_notional = self.sell_quantity = self.sell_notional = self.orders = 0
        """What live orders reserve; notionals are price times quantity, summed exactly, at scale 10^-36."""
        self.buy_prices: list[int] = []
        self.sell_prices: list[int] = []
        """The counted price of each live order, sorted."""
        self.unit = unit
        self.margin_rate = margin_rate
        self.price = 0
        self.value = self.value_ceil = self.buys = self.sells = self.long = self.short = 0
        self.gross = self.margin = self.capital = self.active = 0
        self.sums = sums

    @property
    def realised(self) -> int:
        """What closed trades brought, less fees; realised plus unrealised is flow plus value, exactly."""
        return self.flow + (self.cost if self.quantity > 0 else -self.cost)

    @property
    def unrealised(self) -> int:
        return self.value - (self.cost if self.quantity > 0 else -self.cost)

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever happened here, or all of it left no trace."""
        return not (self.quantity or self.cost or self.flow or self.fees or self.orders)

    def reserve(self, sign: int, quantity: int, price: int, orders: int) -> None:
        """Add (or with a negative quantity take back) a reservation of one side at a counted price.

        `orders` is 1 where an order begins to reserve, -1 where it ends, 0 where it reserves less.
        """
        if sign > 0:
            self.buy_quantity += quantity
            self.buy_notional += price * quantity
            left, prices = self.buy_quantity, self.buy_prices
        else:
            self.sell_quantity += quantity
            self.sell_notional += price * quantity
            left, prices = self.sell_quantity, self.sell_prices
        if orders > 0:
            bisect.insort(prices, price)
        elif orders < 0:
            del prices[bisect.bisect_left(prices, price)]
        if left < 0 or self.buy_notional < 0 or self.sell_notional < 0:
            raise AssertionError("a reservation went below zero")
        self.orders += orders
        for sums in self.sums:
            sums.working += orders
        self.refresh()

    def fill(self, sign: int, quantity: int, price: int, fee: int) -> int:
        """Move the position by a fill; return the profit that it closed, price times quantity, in the instrument's
        currency at scale 10^-36. Cost and `fee` are in the subject's currency."""
        paid = notional_ceil(price, quantity, self.unit) if sign > 0 else -notional_floor(price, quantity, self.unit)
        held, profit, opening = self.quantity, 0, quantity
        if held * sign < 0:
            closing = min(quantity, abs(held))
            opening -= closing
            entry = self.entry * closing // abs(held)
            self.cost -= self.cost * closing // abs(held)
            self.entry -= entry
            profit = -sign * (price * closing - entry)
        if opening:
            self.cost += notional_ceil(price, opening, self.unit)
            self.entry += price * opening
        self.quantity = held + sign * quantity
        if not self.price:
            self.price = price
        self.pay(-paid - fee, fee)
        self.revalue()
        return profit

    def pay(self, amount: int, fee: int = 0) -> None:
        """Book an amount received (negative: paid) that belongs to this stake."""
        self.flow += amount
        self.fees += fee
        total = self.sums[0]
        total.flow += amount
        total.fees += fee

    def mark(self, price: int) -> None:
        """Value the position at a new price."""
        if price == self.price:
            return
        self.price = price
        if not self.active:
            return  # nothing is held and nothing reserved: it is worth nothing at any price
        if self.quantity <= 0 or self.buy_quantity or self.sell_quantity:
            self.revalue()
            return
        # A long position with nothing reserved is its own long side, and its cost does not hang on the price.
        change = self._value_anew()
        if not change:
            return
        margin = self.margin_of(self.value_ceil)
        total = self.sums[0]
        total.gross += change
        total.margin += margin - self.margin
        self.long = self.gross = self.value_ceil
        self.margin = margin
        for sums in self.sums:
            sums.long += change

    def revalue(self) -> None:
        """Work out the worth of the position anew, and everything that hangs on it."""
        self._value_anew()
        self.refresh()

    def _value_anew(self) -> int:
        """Work out the worth of the position alone, and return by how much `value_ceil` changed."""
        value, rest = divmod(self.price * self.quantity * self.unit, _CUBE)
        total, change = self.sums[0], (value + 1 if rest else value) - self.value_ceil
        total.value += value - self.value
        total.value_ceil += change
        self.value = value
        self.value_ceil += change
        return change

    def refresh(self) -> None:
        """Work out the sides anew and pass the differences on."""
        buys = -(-self.buy_notional * self.unit // _CUBE) if self.buy_notional else 0
        sells = -(-self.sell_notional * self.unit // _CUBE) if self.sell_notional else 0
        d_buys, d_sells = buys - self.buys, sells - self.sells
        self.buys, self.sells = buys, sells
        long, short = sides(self, 0, 0, 0)
        gross = long if long > short else short
        margin = self.margin_of(gross)
        capital = capital_of(self, long, short)
        active = 1 if self.quantity or self.buy_quantity or self.sell_quantity else 0
        d_long, d_short, d_gross = long - self.long, short - self.short, gross - self.gross
        d_margin, d_capital, d_active = margin - self.margin, capital - self.capital, active - self.active
        self.long, self.short = long, short
        self.gross, self.margin, self.capital, self.active = gross, margin, capital, active
        total = self.sums[0]
        total.buys += d_buys
        total.sells += d_sells
        total.gross += d_gross
        total.margin += d_margin
        total.capital += d_capital
        if d_long:
            for sums in self.sums:
                sums.long += d_long
        if d_short:
            for sums in self.sums:
                sums.short += d_short
        if d_active:
            for sums in self.sums:
                sums.positions += d_active

    def margin_of(self, gross: int) -> int:
        """Return the initial margin of so much exposure, rounded up."""
        return gross if self.margin_rate == SCALE else -(-gross * self.margin_rate // SCALE)


def sides(cell: Cell, sign: int, quantity: int, price: int) -> tuple[int, int]:
    """Return the worst long and the worst short side of a cell, were a reservation of this side added to it.

    Reservations that only close count nothing. The part beyond flat counts at the dearest price reserved, because the
    cheaper orders may be the ones that close; a short counts at no less than the mark.
    """
    held, unit = cell.quantity, cell.unit
    if sign > 0 and held >= 0:  # of a stake that is not short, a buy leaves the short side as it is
        return cell.value_ceil - (-(cell.buy_notional + price * quantity) * unit // _CUBE), cell.short
    buy_quantity, buy_notional = cell.buy_quantity, cell.buy_notional
    sell_quantity, sell_notional = cell.sell_quantity, cell.sell_notional
    if sign > 0:
        buy_quantity += quantity
        buy_notional += price * quantity
    elif sign < 0:
        sell_quantity += quantity
        sell_notional += price * quantity
    if held >= 0:
        long = cell.value_ceil + cell.buys
        beyond, notional = sell_quantity - held, sell_notional
        if beyond <= 0:
            return long, 0
        if held:
            notional = min(notional, beyond * _dearest(cell.sell_prices, price if sign < 0 else 0))
        return long, -(-max(notional, beyond * cell.price) * unit // _CUBE)
    short = -(-max(sell_notional, sell_quantity * cell.price) * unit // _CUBE) - cell.value
    beyond = buy_quantity + held
    if beyond <= 0:
        return 0, short
    notional = min(buy_notional, beyond * _dearest(cell.buy_prices, price if sign > 0 else 0))
    return -(-notional * unit // _CUBE), short


def _dearest(prices: list[int], price: int) -> int:
    return max(prices[-1], price) if prices else price


def capital_of(cell: Cell, long: int, short: int) -> int:
    """Return cost basis plus what the sides add beyond the position."""
    if cell.quantity >= 0:
        beyond, other = long - cell.value_ceil, short
    else:
        beyond, other = short + cell.value, long
    return cell.cost + other + (beyond if beyond > 0 else 0)


class Change:
    """What one order would add to the sums of one subject; all zero for no order. Money is in the subject's
    currency."""

    __slots__ = (
        "worth", "long", "short", "gross", "buys", "sells", "margin", "capital", "positions", "working", "payout",
        "orders", "opposing",
    )

    worth: int
    long: int
    short: int
    gross: int
    buys: int
    sells: int
    margin: int
    capital: int
    positions: int
    working: int
    payout: int
    orders: int
    """What it adds to the counters of orders: 1, or 0 for new terms of an order that was counted when it went out."""
    opposing: int
    """How many stakes of the subject in other outcomes of the market the order would stand against."""

    def __init__(
        self, worth: int = 0, long: int = 0, short: int = 0, gross: int = 0, buys: int = 0, sells: int = 0,
        margin: int = 0, capital: int = 0, positions: int = 0, working: int = 0, payout: int = 0,
    ) -> None:
        self.worth, self.long, self.short, self.gross, self.buys, self.sells = worth, long, short, gross, buys, sells
        self.margin, self.capital, self.positions, self.working = margin, capital, positions, working
        self.payout, self.orders, self.opposing = payout, working, 0


NOTHING = Change()


def changes_of(
    cells: Iterable[Cell], sign: int, quantity: int, price: int, opening: int, payout: int
) -> tuple[Change, ...]:
    """Return what an order of `quantity` at the worst price `price` would add to the sums above each of `cells`.

    `opening` is the part beyond what is proven to reduce: `worth` and `payout` count that part alone.
    """
    changes = []
    unit = whole = worth = paid = 0
    for cell in cells:
        if cell.unit != unit:  # a path is mostly of one currency, and then of one worth
            unit = cell.unit
            whole = notional_ceil(price, quantity, unit)
            worth = whole if opening == quantity else notional_ceil(price, opening, unit)
            paid = notional_ceil(payout, opening, unit) if payout else 0
        long, short = sides(cell, sign, quantity, price)
        gross = long if long > short else short
        buys, sells = (whole, 0) if sign > 0 else (0, whole)
        margin, capital = cell.margin_of(gross) - cell.margin, capital_of(cell, long, short) - cell.capital
        changes.append(
            Change(
                worth, long - cell.long, short - cell.short, gross - cell.gross, buys, sells, margin, capital,
                1 - cell.active, 1, paid,
            )
        )
    return tuple(changes)
