"""Sums: what a subject has in all, and what a connection has in cash, as running totals that the book keeps."""

from __future__ import annotations

NEVER = -(10**30)
"""A time before all times: what never happened is older than any window."""
GROUPED = frozenset(
    {"long", "short", "positions", "working", "orders", "orders_today", "last_order_at", "levels", "umbrella"}
)
"""What is kept per market, category and venue too; the rest is worth its time only for a subject in all."""


class Sums:
    """Running sums of one subject: in all, or in one market, category or venue. Money is in the subject's currency.

    `long` and `short` are the worst sides (position with all working, held and unknown orders of that side filled);
    `value` is the positions at their marks, each rounded down, as profit and equity count them; `value_ceil` is each
    rounded up, as exposure does. `buys` and `sells` are the worth of the reservations, `capital` cost basis plus what
    opens. Of a market, category or venue only what GROUPED names is kept.
    """

    __slots__ = (
        "long", "short", "gross", "value", "value_ceil", "buys", "sells", "margin", "capital", "positions", "working",
        "orders", "orders_today", "last_order_at", "flow", "fees", "base", "day_base", "high_water", "order_tat",
        "message_tat", "executions", "rejections", "spent", "spent_from", "unpriced", "levels", "umbrella",
    )

    long: int
    short: int
    gross: int
    value: int
    value_ceil: int
    buys: int
    sells: int
    margin: int
    capital: int
    positions: int
    working: int
    orders: int
    orders_today: int
    last_order_at: int
    flow: int
    """All that was received less all that was paid, fees included."""
    fees: int
    base: int
    """What owners put in less what they took out."""
    day_base: int
    """Profit when the day began."""
    high_water: int
    order_tat: int
    message_tat: int
    """Theoretical arrival times: how far the buckets are ahead."""
    executions: int
    rejections: int
    spent: int
    """What calls of models have cost since the day began, as far as it is known."""
    spent_from: int
    """The entry with which that day began."""
    unpriced: int
    """Calls of models whose price is not known."""
    levels: int
    """How many limits on these sums are near or exceeded: while any is, they are looked at closely."""
    umbrella: Sums
    """Whose equity this subject trades on: an agent's is its account's."""

    def __init__(self, umbrella: Sums | None = None) -> None:
        self.long = self.short = self.gross = self.value = self.value_ceil = self.buys = self.sells = 0
        self.margin = self.capital = self.positions = self.working = self.orders = self.orders_today = 0
        self.flow = self.fees = self.base = self.day_base = self.high_water = 0
        self.executions = self.rejections = self.levels = 0
        self.spent = self.spent_from = self.unpriced = 0
        self.last_order_at = self.order_tat = self.message_tat = NEVER
        self.umbrella = self if umbrella is None else umbrella

    @property
    def pnl(self) -> int:
        """Realised and unrealised profit less fees, since the first entry."""
        return self.flow + self.value

    @property
    def spend(self) -> int | None:
        """What calls of models have cost since the day began; None while the price of any is not known."""
        return None if self.unpriced else self.spent

    def raise_high_water(self) -> None:
        """Remember the highest profit ever seen; drawdown is measured from it."""
        pnl = self.flow + self.value
        if pnl > self.high_water:
            self.high_water = pnl

    @property
    def equity(self) -> int:
        return self.base + self.flow + self.value


class Cash:
    """The cash of one connection in one currency, and how much of it orders have reserved."""

    __slots__ = ("amount", "reserved")

    def __init__(self, amount: int = 0, reserved: int = 0) -> None:
        self.amount = amount
        self.reserved = reserved

    @property
    def free(self) -> int:
        return self.amount - self.reserved
