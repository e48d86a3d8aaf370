"""The trading floor: orders on their way and in the books, time, trades, and the messages they cause."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from remit.kernel.command import Busted, Cancelled, Expired, Filled, Resolve
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import NANOSECONDS, SCALE, Money, Price, Quantity
from remit.venues.paper.accounts import Accounts
from remit.venues.paper.matching import Book, Trade
from remit.venues.paper.messages import Execution, Message
from remit.venues.paper.permits import Refusal
from remit.venues.paper.state import Clock, PaperOrder, Store, Touch

RECENT_NS = 600 * NANOSECONDS
RECENT_MAX = 500


class Floor:
    """Owns every order, book and touch, and the venue's time, which never goes back."""

    def __init__(
        self,
        instruments: dict[str, Instrument],
        store: Store,
        *,
        fee_bps: int,
        maker_fee_bps: int,
        latency_ns: int,
        depth: Quantity | None,
        margin_bps: int,
    ) -> None:
        self.instruments = instruments
        self.store = store
        self._fee_bps = fee_bps
        self._maker_fee_bps = maker_fee_bps
        self._latency_ns = latency_ns
        self._depth = depth
        self.clock = Clock()
        self.touches: dict[str, Touch] = {}
        self.accounts = Accounts(instruments, self.touches, store, max(fee_bps, maker_fee_bps), margin_bps)
        self.orders: dict[tuple[str, str], PaperOrder] = {}
        self.working: dict[str, dict[str, PaperOrder]] = {}
        """Open orders by connection and id."""
        self.trading: dict[str, str] = {}
        """Instruments that do not trade, and why: halted, closed, resolved or disputed."""
        self.log: dict[str, list[Message]] = {}
        self.dead_men: dict[str, int] = {}
        """When every order of a connection is cancelled unless its dead man is renewed before."""
        self._books: dict[str, Book] = {}
        self._due: list[tuple[int, int, PaperOrder]] = []
        self._outbox: list[Message] = []

    # Time

    def advance(self, at: int) -> bool:
        """Let time pass until `at`, in which orders on their way arrive and dead men cancel; return whether time moved
        at all."""
        now = max(at, self.clock.at)
        before = self.clock.at
        for connection, until in sorted(self.dead_men.items(), key=lambda item: (item[1], item[0])):
            if until <= now:
                self._arrive_until(until)
                self.clock.at = max(self.clock.at, until)
                self.end_connection(connection)
                self.arm(connection, 0)
        self._arrive_until(now)
        if now == before:
            return False
        self.clock.at = now
        self.store.put("clock", "", self.clock)
        return True

    def next_due(self) -> int | None:
        """Return when the next order on its way arrives at its book, or a dead man cancels, whichever is first."""
        while self._due and not _is_on_its_way(*self._due[0]):
            heapq.heappop(self._due)
        return min((*(due[0] for due in self._due[:1]), *self.dead_men.values()), default=None)

    def recent_fills(self, connection: str) -> tuple[Filled, ...]:
        """Return the fills of the last RECENT_NS, oldest first and RECENT_MAX at most, that still stand."""
        found: list[Filled] = []
        for message in reversed(self.log.get(connection, [])):
            if message.at < self.clock.at - RECENT_NS or len(found) == RECENT_MAX:
                break
            report = message.report
            if isinstance(report, Filled) and any(
                done.fill == report.fill for done in self.orders[connection, report.order].fills
            ):
                found.append(report)
        return tuple(reversed(found))

    def arm(self, connection: str, after_s: int) -> None:
        """Cancel everything of a connection `after_s` seconds from now unless it is armed again; 0 disarms."""
        if after_s:
            self.dead_men[connection] = self.clock.at + after_s * NANOSECONDS
        else:
            self.dead_men.pop(connection, None)
        self.store.put("dead_man", connection, self.dead_men.get(connection))

    def take_messages(self) -> list[Message]:
        """Return every message that was not returned before, in order."""
        messages, self._outbox = self._outbox, []
        return messages

    # Orders

    def admit(self, order: PaperOrder) -> None:
        """Take a new order, or raise Refusal where its connection cannot pay for it."""
        self.accounts.hold(order, order.quantity, self._beside(order))
        self.orders[order.connection, order.id] = order
        self.working.setdefault(order.connection, {})[order.id] = order
        self._send(order)

    def amend(self, order: PaperOrder, quantity: Quantity, price: Price) -> None:
        """Move a working order to new terms, or raise Refusal and leave it.

        It keeps its place in time only where nothing but the quantity changes, to less.
        """
        old_quantity, old_price = order.quantity, order.price
        order.quantity, order.price = quantity, price
        try:
            self.accounts.hold(order, order.remaining, self._beside(order))
        except Refusal:
            order.quantity, order.price = old_quantity, old_price
            raise
        if order.life == "working" and (price != old_price or quantity > old_quantity):
            self.book(order.instrument).remove(order)
            self._send(order)
        self.keep(order)

    def end(self, order: PaperOrder, life: str, quiet: bool = False) -> None:
        """End an open order as `cancelled` or `expired`, with a message unless `quiet`: its asker is being answered."""
        order.life = "cancelled" if life == "cancelled" else "expired"
        self._close(order)
        if not quiet:
            report = Cancelled(order=order.id) if life == "cancelled" else Expired(order=order.id)
            self.tell(order.connection, report)

    def end_all(self, instruments: set[str] | None, life: str, time_in_force: str | None = None) -> None:
        """End the open orders of the instruments (None: all) and the time in force (None: any), in order of arrival."""
        open_orders = [order for orders in self.working.values() for order in orders.values()]
        for order in sorted(open_orders, key=lambda order: order.arrived):
            if (instruments is None or order.instrument in instruments) and time_in_force in (
                None,
                order.time_in_force,
            ):
                self.end(order, life)

    def end_connection(self, connection: str) -> None:
        """Cancel every open order of a connection, in order of arrival, with a message for each."""
        for order in sorted(self.working.get(connection, {}).values(), key=lambda order: order.arrived):
            self.end(order, "cancelled")

    # The outside market

    def mark(self, mark: Mark) -> None:
        """Take what an instrument is worth now, and trade what this makes tradable."""
        name = mark.instrument
        if name not in self.instruments or self.trading.get(name) == "resolved":
            return
        lot = self.instruments[name].lot
        touch = Touch(mark=mark, bid_left=self._size(mark.bid_size, lot), ask_left=self._size(mark.ask_size, lot))
        self.touches[name] = touch
        book = self.book(name)
        if name in self.trading or book.is_empty:
            book.touch = touch
        else:
            self._settle_trades(book.move(touch))
        self.store.put("touch", name, touch)

    def forget_touch(self, instrument: str) -> None:
        """Forget the last mark: what it said is no longer true."""
        self.book(instrument).touch = None
        if self.touches.pop(instrument, None):
            self.store.put("touch", instrument, None)

    def set_trading(self, instrument: str, state: str) -> None:
        """Say whether an instrument trades; what is resolved stays so."""
        if self.trading.get(instrument) == "resolved":
            return
        if state == "trading":
            self.trading.pop(instrument, None)
        else:
            self.trading[instrument] = state
        self.store.put("trading", instrument, self.trading.get(instrument))

    def resolve(self, event: Resolve) -> None:
        """Pay out a prediction market, or suspend it while it is disputed.

        Raises Refusal for a void market without the price that it pays.
        """
        if event.outcome == "void" and event.void_price is None:
            raise Refusal("malformed", f"market {event.market} is void: say the void_price that each contract pays")
        for instrument in self.instruments.values():
            name = instrument.name
            if (
                instrument.kind != "prediction"
                or instrument.market_name != event.market
                or self.trading.get(name) == "resolved"
            ):
                continue
            self.end_all({name}, "cancelled")
            if event.outcome == "disputed":
                self.set_trading(name, "disputed")
                continue
            paid = event.void_price if event.outcome == "void" else SCALE if event.outcome == instrument.outcome else 0
            self.accounts.close_all(name, paid or 0)
            self.set_trading(name, "resolved")
            self.forget_touch(name)

    def book(self, instrument: str) -> Book:
        """Return the book of an instrument."""
        found = self._books.get(instrument)
        if found is None:
            found = self._books[instrument] = Book()
        return found

    # Reading back

    def restore(self, orders: Iterable[PaperOrder], touches: Iterable[Touch], messages: Iterable[Message]) -> None:
        """Take back what a store remembered; clock, cash and positions come back by themselves."""
        for touch in touches:
            self.touches[touch.mark.instrument] = self.book(touch.mark.instrument).touch = touch
        for message in sorted(messages, key=lambda message: message.number):
            self.log.setdefault(message.connection, []).append(message)
        for order in sorted(orders, key=lambda order: order.arrived):
            self.orders[order.connection, order.id] = order
            if not order.is_open:
                continue
            self.working.setdefault(order.connection, {})[order.id] = order
            self.accounts.restore_held(order)
            if order.life == "working":
                self.book(order.instrument).rest(order)
            else:
                heapq.heappush(self._due, (order.active_at, order.arrived, order))

    # Inside

    def _arrive_until(self, at: int) -> None:
        """Let the orders on their way arrive at their books, up to an instant."""
        while self._due and self._due[0][0] <= at:
            active_at, arrived, order = heapq.heappop(self._due)
            self.clock.at = max(self.clock.at, active_at)
            if _is_on_its_way(active_at, arrived, order):
                self._arrive(order)

    def _size(self, shown: Quantity | None, lot: int) -> Quantity | None:
        """The size at a touch in whole lots: as the mark shows it, else as configured."""
        size = self._depth if shown is None else shown
        return None if size is None else Quantity(size - size % lot)

    def _beside(self, order: PaperOrder) -> list[PaperOrder]:
        working = self.working.get(order.connection, {}).values()
        return [
            other
            for other in working
            if other.instrument == order.instrument and other.side == order.side and other is not order
        ]

    def _send(self, order: PaperOrder) -> None:
        self.clock.arrived += 1
        order.arrived = self.clock.arrived
        order.active_at = self.clock.at + self._latency_ns
        self.store.put("clock", "", self.clock)
        if self._latency_ns:
            order.life = "pending"
            heapq.heappush(self._due, (order.active_at, order.arrived, order))
            self.keep(order)
        else:
            self._arrive(order)

    def _arrive(self, order: PaperOrder) -> None:
        order.life = "working"
        book = self.book(order.instrument)
        if order.instrument not in self.trading:
            self._settle_trades(book.take(order))
        if order.remaining > 0 and order.time_in_force == "ioc":
            self.end(order, "cancelled")
        elif order.remaining > 0:
            book.rest(order)
            self.keep(order)

    def _settle_trades(self, trades: Iterator[Trade]) -> None:
        for trade in trades:
            self.fill(trade.order, trade, self._maker_fee_bps if trade.rested else self._fee_bps)
            if trade.other is not None:
                self.fill(trade.other, trade, self._maker_fee_bps if trade.other.type == "limit" else self._fee_bps)
            elif (touch := self.touches.get(trade.order.instrument)) is not None:
                self.store.put("touch", trade.order.instrument, touch)

    def fill(self, order: PaperOrder, trade: Trade, bps: int = 0) -> None:
        """Book one trade of an order, at a fee of `bps`, and tell its connection."""
        fee = Money(self.accounts.fee(order.instrument, trade.price, trade.quantity, bps))
        order.fill_count += 1
        fill = Execution(
            f"{order.id}-{order.fill_count}", Quantity(trade.quantity), Price(trade.price), fee, self.clock.at
        )
        order.filled = Quantity(order.filled + trade.quantity)
        order.fills += (fill,)
        self.accounts.fill(order, trade.price, trade.quantity, fee)
        if order.remaining <= 0:
            order.life = "filled"
            self._close(order)
        else:
            self.accounts.release(order)
            self.keep(order)
        self.tell(
            order.connection, Filled(order=order.id, fill=fill.fill, quantity=fill.quantity, price=fill.price, fee=fee)
        )

    def _close(self, order: PaperOrder) -> None:
        self.book(order.instrument).remove(order)
        self.working[order.connection].pop(order.id, None)
        self.accounts.release(order)
        self.keep(order)

    def tell(self, connection: str, report: Filled | Cancelled | Expired | Busted) -> None:
        """Number what happened and keep it for the connection's stream."""
        log = self.log.setdefault(connection, [])
        message = Message(number=len(log) + 1, at=self.clock.at, connection=connection, report=report)
        log.append(message)
        self._outbox.append(message)
        self.store.put("message", f"{connection} {message.number:012d}", message)

    def keep(self, order: PaperOrder) -> None:
        """Remember an order as it stands."""
        self.store.put("order", f"{order.connection} {order.id}", order)


def _is_on_its_way(active_at: int, arrived: int, order: PaperOrder) -> bool:
    """Whether an entry of what is due still stands: the order was neither ended nor sent again since."""
    return order.life == "pending" and (order.active_at, order.arrived) == (active_at, arrived)
