"""Cash and positions of every connection: what an order holds, what a fill moves, what a settlement pays."""

from __future__ import annotations

from collections.abc import Iterable

from remit.kernel.instrument import Instrument
from remit.kernel.names import SIGN
from remit.kernel.numbers import BPS, SCALE, Money, Quantity, div_ceil, notional_ceil, notional_floor
from remit.venues.paper.permits import Refusal
from remit.venues.paper.state import PaperOrder, Position, Store, Touch

_NO_SHORTS = ("spot", "prediction")


class Accounts:
    """The venue's own books.

    Equities, funds, spot and predictions are paid in cash, and only equities and funds can be sold short; perpetuals
    settle profit and loss when they are reduced. Fees and worths are rounded down to 10^-18, once per fill, the same
    for both sides of a trade.
    """

    def __init__(
        self, instruments: dict[str, Instrument], touches: dict[str, Touch], store: Store, fee_bps: int, margin_bps: int
    ) -> None:
        self._instruments = instruments
        self._touches = touches
        self._store = store
        self._fee_bps = fee_bps
        self._margin_bps = margin_bps
        self.cash: dict[str, dict[str, Money]] = {}
        self.positions: dict[str, dict[str, Position]] = {}
        self._held: dict[tuple[str, str], int] = {}

    def deposit(self, connection: str, currency: str, amount: int) -> None:
        """Open the connection if it is new, and add `amount` of `currency` to its cash."""
        self.positions.setdefault(connection, {})
        self._pay(connection, currency, amount)

    def position(self, connection: str, instrument: str) -> int:
        """Return the signed position: below zero is short."""
        held = self.positions[connection].get(instrument)
        return held.quantity if held else 0

    def free(self, connection: str, currency: str) -> int:
        """Return the cash that neither a working order nor an open short or perpetual holds."""
        held = self._held.get((connection, currency), 0)
        return self.cash[connection].get(currency, Money(0)) - held - self._tied(connection, currency)

    def hold(self, order: PaperOrder, quantity: int, working: Iterable[PaperOrder]) -> None:
        """Hold what `quantity` of the order needs at its price.

        `working` are the connection's other open orders of this instrument and side. Raises Refusal, and holds what
        was held before, where the connection lacks the cash or, in kinds without shorts, the position.
        """
        instrument = self._instruments[order.instrument]
        closing = sum(other.remaining - min(other.opening, other.remaining) for other in working)
        can_close = max(-SIGN[order.side] * self.position(order.connection, order.instrument) - closing, 0)
        opening = max(quantity - can_close, 0)
        if opening and order.side == "sell" and instrument.kind in _NO_SHORTS:
            raise Refusal(
                "insufficient_position", f"{order.connection} cannot sell {instrument.name} that it does not hold"
            )
        before, shrunk = (order.held, order.opening)
        self._set_held(order, opening)
        if opening and self.free(order.connection, instrument.currency) < 0:
            needed = order.held
            order.opening = shrunk
            self._change_held(order, instrument.currency, before)
            raise Refusal(
                "insufficient_funds", f"{order.connection} lacks free {instrument.currency}: the order holds {needed}"
            )

    def release(self, order: PaperOrder) -> None:
        """Hold only what the order still needs: nothing once it is over."""
        left = order.remaining if order.is_open else 0
        self._set_held(order, min(order.opening, left))

    def fee(self, instrument: str, price: int, quantity: int, bps: int) -> int:
        """Return the fee of a fill."""
        return self._worth(instrument, price, quantity) * bps // BPS

    def fill(self, order: PaperOrder, price: int, quantity: int, fee: int) -> None:
        """Move cash and position of the order's connection by one fill."""
        self._trade(order, SIGN[order.side], price, quantity, fee)

    def take_back(self, order: PaperOrder, price: int, quantity: int, fee: int) -> None:
        """Undo a fill: what it moved moves back, and its fee is returned."""
        self._trade(order, -SIGN[order.side], price, quantity, -fee)

    def shift(self, connection: str, instrument: str, by: int) -> None:
        """Move a position by so much at no price at all."""
        self._move(connection, instrument, 1 if by > 0 else -1, 0, abs(by))

    def pay_each(self, instrument: str, amount: int) -> None:
        """Pay `amount` per unit to everyone who is long, and take it from everyone who is short."""
        for connection, held in self.positions.items():
            quantity = held[instrument].quantity if instrument in held else 0
            if quantity:
                worth = self._worth(instrument, abs(amount), abs(quantity))
                same_way = (quantity > 0) == (amount > 0)
                self._pay(connection, self._instruments[instrument].currency, worth if same_way else -worth)

    def close_all(self, instrument: str, price: int) -> None:
        """Pay every contract out at `price` and end every position in the instrument."""
        self.pay_each(instrument, price)
        for connection, held in self.positions.items():
            if held.pop(instrument, None):
                self._store.put("position", f"{connection} {instrument}", None)

    def split(self, instrument: str, new: int, old: int) -> None:
        """Turn each `old` shares into `new`; a broken share is rounded towards zero at 10^-18."""
        for connection, held in self.positions.items():
            if instrument in held:
                position = held[instrument]
                size = abs(position.quantity) * new // old
                position.quantity = Quantity(size if position.quantity > 0 else -size)
                self._store.put("position", f"{connection} {instrument}", position)

    def _trade(self, order: PaperOrder, sign: int, price: int, quantity: int, fee: int) -> None:
        """Move the position by `sign` times the quantity and pay for it."""
        instrument = self._instruments[order.instrument]
        realised = self._move(order.connection, instrument.name, sign, price, quantity)
        paid = realised if instrument.kind == "perpetual" else -sign * self._worth(instrument.name, price, quantity)
        self._pay(order.connection, instrument.currency, paid - fee)

    def _move(self, connection: str, instrument: str, sign: int, price: int, quantity: int) -> int:
        """Change the position and return what closing a part of it earned against its average cost."""
        position = self.positions[connection].setdefault(instrument, Position())
        closed = min(quantity, max(-sign * position.quantity, 0))
        realised = 0
        if closed:
            cost = position.cost * closed // abs(position.quantity)
            realised = -sign * self._worth(instrument, price, closed) - cost
            position.cost = Money(position.cost - cost)
        position.cost = Money(position.cost + sign * self._worth(instrument, price, quantity - closed))
        position.quantity = Quantity(position.quantity + sign * quantity)
        if not position.quantity:
            del self.positions[connection][instrument]
        self._store.put("position", f"{connection} {instrument}", position if position.quantity else None)
        return realised

    def _tied(self, connection: str, currency: str) -> int:
        """The cash that open shorts and perpetuals need: margin, the proceeds of shorts, the losses of perpetuals."""
        tied = 0
        for name, position in self.positions[connection].items():
            instrument = self._instruments[name]
            perpetual = instrument.kind == "perpetual"
            if instrument.currency != currency or not (perpetual or position.quantity < 0):
                continue
            touch = self._touches.get(name)
            worth = abs(position.cost)
            if touch is not None:
                price = touch.mark.bid if position.quantity > 0 else touch.mark.ask
                worth = self._worth(name, price, abs(position.quantity))
            loss = max(position.cost - worth if position.quantity > 0 else worth + position.cost, 0)
            tied += div_ceil(worth * self._margin_bps, BPS) + (loss if perpetual else worth)
        return tied

    def _set_held(self, order: PaperOrder, opening: int) -> None:
        instrument = self._instruments[order.instrument]
        price: int = order.price
        touch = self._touches.get(order.instrument)
        if order.side == "sell" and touch is not None:
            price = max(price, touch.mark.ask)
        worth = notional_ceil(price, opening, instrument.multiplier * SCALE)
        leveraged = instrument.kind == "perpetual" or order.side == "sell"
        margin = div_ceil(worth * self._margin_bps, BPS) if leveraged else worth
        order.opening = Quantity(opening)
        self._change_held(order, instrument.currency, margin + div_ceil(worth * self._fee_bps, BPS))

    def _change_held(self, order: PaperOrder, currency: str, held: int) -> None:
        key = (order.connection, currency)
        self._held[key] = self._held.get(key, 0) + held - order.held
        order.held = Money(held)

    def restore(self, connection: str, currency: str, amount: Money) -> None:
        """Take back the cash of a connection, read from a store."""
        self.positions.setdefault(connection, {})
        self.cash.setdefault(connection, {})[currency] = amount

    def restore_held(self, order: PaperOrder) -> None:
        """Count what an open order, read back from a store, holds."""
        key = (order.connection, self._instruments[order.instrument].currency)
        self._held[key] = self._held.get(key, 0) + order.held

    def _pay(self, connection: str, currency: str, amount: int) -> None:
        purse = self.cash.setdefault(connection, {})
        purse[currency] = Money(purse.get(currency, 0) + amount)
        self._store.put("cash", f"{connection} {currency}", purse[currency])

    def _worth(self, instrument: str, price: int, quantity: int) -> int:
        return notional_floor(price, quantity, self._instruments[instrument].multiplier * SCALE)
