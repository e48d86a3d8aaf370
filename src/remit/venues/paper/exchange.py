"""The paper exchange itself: deterministic, driven only by its arguments, without a clock, a socket or a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remit.kernel.codec import decode, encode
from remit.kernel.command import Dividend, Funding, Holding, Resolve, SetTradingState, Split
from remit.kernel.instrument import Instrument, Mark
from remit.kernel.numbers import SCALE, Money, Quantity
from remit.venues.paper import messages
from remit.venues.paper.floor import Floor
from remit.venues.paper.messages import Accepted, Done, Holdings, Message, Refused, Sealed, Settlement, Shown
from remit.venues.paper.permits import Gate, Refusal
from remit.venues.paper.state import Clock, NoStore, PaperOrder, Position, Store, Touch


class PaperExchange:
    """Takes sealed requests, marks and settlements, each with its instant; answers with replies and messages.

    `permit_key` is the guard's Ed25519 public key (32 raw bytes). `fee_bps` is charged to who takes and, unless
    `maker_fee_bps` says otherwise, to who rests. An order works `latency_ns` after it arrived. `depth` is the size at
    a touch whose mark names none (None: no limit). `margin_bps` is what a short or a perpetual holds of its worth.
    With a `store` everything is remembered.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        permit_key: bytes,
        *,
        fee_bps: int = 0,
        maker_fee_bps: int | None = None,
        latency_ns: int = 0,
        depth: Quantity | None = None,
        margin_bps: int = 10_000,
        store: Store | None = None,
    ) -> None:
        self._store = store or NoStore()
        self._gate = Gate(permit_key)
        self.floor = Floor(
            {instrument.name: instrument for instrument in instruments},
            self._store,
            fee_bps=fee_bps,
            maker_fee_bps=fee_bps if maker_fee_bps is None else maker_fee_bps,
            latency_ns=latency_ns,
            depth=depth,
            margin_bps=margin_bps,
        )
        self._closed: set[tuple[str, str]] = set()
        """Ids that were asked for before they were seen: they can never be placed."""
        self._restore()

    def open_connection(self, connection: str, cash: Mapping[str, Money]) -> bool:
        """Open a connection with its cash by currency; False, and nothing changes, if it was open already.

        Raises ValueError for no currency at all: a connection without even an empty purse is none.
        """
        if not cash:
            raise ValueError(f"say at least one currency that connection {connection} holds, be it 0")
        if connection in self.floor.accounts.cash:
            return False
        for currency, amount in cash.items():
            self.floor.accounts.deposit(connection, currency, amount)
        self._store.commit()
        return True

    def deposit(self, connection: str, currency: str, amount: int) -> None:
        """Add cash to a connection, or take it out with an amount below zero."""
        self.floor.accounts.deposit(connection, currency, amount)
        self._store.commit()

    def add_instrument(self, instrument: Instrument) -> None:
        """List an instrument, or list it on new terms."""
        self.floor.instruments[instrument.name] = instrument

    def handle(self, sealed: bytes, at: int) -> bytes:
        """Return the reply to a sealed request that arrived at `at`; without a valid, unused permit nothing happens."""
        self._advance(at)
        order, known = "", False
        try:
            frame = _sealed(sealed)
            order, known = self._about(frame)
            permit, body = self._gate.check(frame, self.floor.clock.at)
            self._gate.use(permit.id, permit.expires_at)
            self._store.put("permit", permit.id, permit.expires_at)
            newer = self._gate.heard(frame, self.floor.clock.at)
            if newer is not None:
                self._store.put("key", newer[0], newer[1:])
            reply = self._answer(body)
        except Refusal as refusal:
            reply = Refused(order=order, code=refusal.code, why=refusal.why[:500], known=known)
        self._store.commit()
        return encode(reply)

    def mark(self, mark: Mark, at: int | None = None) -> list[Message]:
        """Take what an instrument is worth from `at` (default: the mark's own time); return the messages that follow.

        A mark of an instrument that is not listed here, or one that is no price, changes nothing.
        """
        self._advance(mark.at if at is None else at)
        if not mark.fault:
            self.floor.mark(mark)
        return self._messages()

    def settle(self, settlement: Settlement, at: int) -> list[Message]:
        """Move the venue's own books and return the messages that follow.

        A split cancels what works in the instrument and forgets its last mark; a resolution pays out; a dispute
        suspends. Raises Refusal for a settlement that cannot be carried out; nothing happens then.
        """
        self._advance(at)
        floor = self.floor
        match settlement:
            case Resolve():
                floor.resolve(settlement)
            case Split():
                floor.end_all({settlement.instrument}, "cancelled")
                floor.accounts.split(settlement.instrument, settlement.new, settlement.old)
                floor.forget_touch(settlement.instrument)
            case Dividend():
                floor.accounts.pay_each(settlement.instrument, settlement.amount)
            case Funding():
                floor.accounts.pay_each(settlement.instrument, -settlement.amount)
            case SetTradingState():
                floor.set_trading(settlement.instrument, settlement.state)
        return self._messages()

    def end_session(self, at: int, instruments: Iterable[str] | None = None) -> list[Message]:
        """End the session of the instruments (default: all): day orders expire; return the messages that follow."""
        self._advance(at)
        self.floor.end_all(None if instruments is None else set(instruments), "expired", time_in_force="day")
        return self._messages()

    def drain(self, at: int) -> list[Message]:
        """Let time pass until `at` and return every message that was not returned before, in order."""
        self._advance(at)
        return self._messages()

    def next_due(self) -> int | None:
        """Return when the next order on its way arrives at its book, or a dead man cancels, whichever is first."""
        return self.floor.next_due()

    def log(self, connection: str, after: int) -> list[Message]:
        """Return the connection's messages from number `after` + 1 on."""
        return self.floor.log.get(connection, [])[after:]

    def holdings(self, connection: str) -> Holdings:
        """Return everything the connection holds, as a snapshot shows it."""
        floor = self.floor
        positions = sorted(floor.accounts.positions[connection].items())
        return Holdings(
            connection=connection,
            positions=tuple(Holding(name, position.quantity) for name, position in positions),
            cash=tuple(sorted(floor.accounts.cash[connection].items())),
            orders=tuple(sorted(floor.working.get(connection, {}))),
            fills=floor.recent_fills(connection),
        )

    def _about(self, frame: Sealed) -> tuple[str, bool]:
        """Which order a request speaks of and whether it exists: for a refusal's reply, so nothing is proven yet."""
        try:
            body = messages.read_body(frame.body)
        except ValueError:
            return "", False
        order = getattr(body, "order", "")
        return order, (body.connection, order) in self.floor.orders

    def _messages(self) -> list[Message]:
        self._store.commit()
        return self.floor.take_messages()

    def _advance(self, at: int) -> None:
        if self.floor.advance(at):
            for permit in self._gate.forget_expired(self.floor.clock.at):
                self._store.put("permit", permit, None)

    def _answer(self, body: messages.Body) -> messages.Reply:
        if body.connection not in self.floor.accounts.cash:
            raise Refusal("unknown_connection", f"no connection {body.connection} is open at this venue")
        match body:
            case messages.Place():
                return self._place(body)
            case messages.Cancel():
                order = self._find(body.connection, body.order)
                if order.is_open:
                    self.floor.end(order, "cancelled", quiet=True)
                return _shown(order)
            case messages.Replace():
                return self._replace(body)
            case messages.Query():
                return self._query(body)
            case messages.TakeSnapshot():
                return self.holdings(body.connection)
            case messages.CancelAll():
                self.floor.end_connection(body.connection)
                return Done(connection=body.connection)
            case messages.DeadMan():
                self.floor.arm(body.connection, body.after_s)
                return Done(connection=body.connection)

    def _place(self, body: messages.Place) -> Accepted:
        key = (body.connection, body.order)
        if key in self.floor.orders:
            raise Refusal("duplicate", f"order {body.order} was placed before; the first one stands")
        if key in self._closed:
            raise Refusal("closed_by_query", f"order {body.order} was asked for before it came; its id is closed")
        self._check_terms(body.instrument, body.type, body.quantity, body.price)
        order = PaperOrder(
            id=body.order,
            connection=body.connection,
            instrument=body.instrument,
            side=body.side,
            type=body.type,
            time_in_force=body.time_in_force,
            quantity=body.quantity,
            price=body.price,
        )
        self.floor.admit(order)
        return Accepted(order=order.id, venue_order=order.venue_order)

    def _replace(self, body: messages.Replace) -> Shown:
        order = self._find(body.connection, body.order)
        if not order.is_open:
            raise Refusal("order_over", f"order {order.id} is {order.life}")
        if body.nonce < order.asked:
            raise Refusal("overtaken", f"order {order.id} was asked about since; what was answered then stands")
        if order.type != "limit":
            raise Refusal("not_replaceable", "only a limit order can be replaced")
        self._check_terms(order.instrument, order.type, body.terms.quantity, body.terms.price)
        if body.terms.quantity <= order.filled:
            raise Refusal("below_filled", f"order {order.id} has filled {order.filled} already")
        self.floor.amend(order, body.terms.quantity, body.terms.price)
        return _shown(order)

    def _query(self, body: messages.Query) -> Shown:
        order = self.floor.orders.get((body.connection, body.order))
        if order is not None:
            order.asked = max(order.asked, body.nonce)
            self.floor.keep(order)
            return _shown(order)
        self._closed.add((body.connection, body.order))
        self._store.put("closed", f"{body.connection} {body.order}", True)
        return Shown(order=body.order, status="never_seen")

    def _find(self, connection: str, order: str) -> PaperOrder:
        found = self.floor.orders.get((connection, order))
        if found is None:
            raise Refusal("never_seen", f"no order {order} of {connection} was ever placed here")
        return found

    def _check_terms(self, name: str, kind: str, quantity: int, price: int) -> None:
        instrument = self.floor.instruments.get(name)
        if instrument is None:
            raise Refusal("unknown_instrument", f"no instrument {name} is listed here")
        state = self.floor.trading.get(name)
        if state is not None or (instrument.expires_at is not None and instrument.expires_at <= self.floor.clock.at):
            raise Refusal("not_trading", f"{name} is {state or 'expired'}")
        if quantity <= 0 or quantity % instrument.lot or (kind == "limit" and price % instrument.tick):
            raise Refusal(
                "increments", f"{name} trades in lots of {instrument.lot} at prices in steps of {instrument.tick}"
            )
        if price <= 0 or (instrument.kind == "prediction" and kind == "limit" and price >= SCALE):
            raise Refusal("increments", f"no such price for {name}")
        smallest, largest = instrument.quantity_min, instrument.quantity_max
        if (smallest is not None and quantity < smallest) or (largest is not None and quantity > largest):
            raise Refusal(
                "increments", f"{name} takes quantities from {smallest or instrument.lot} to {largest or 'any'}"
            )

    def _restore(self) -> None:
        """Read everything back from the store. Raises ValueError for a record that makes no sense."""
        orders: list[PaperOrder] = []
        touches: list[Touch] = []
        log: list[Message] = []
        accounts = self.floor.accounts
        for kind, key, value in self._store.load():
            first, _, second = key.partition(" ")
            match kind:
                case "order":
                    orders.append(decode(PaperOrder, value))
                case "touch":
                    touches.append(decode(Touch, value))
                case "message":
                    log.append(decode(Message, value))
                case "clock":
                    self.floor.clock = decode(Clock, value)
                case "cash":
                    accounts.restore(first, second, decode(Money, value))
                case "position":
                    accounts.positions.setdefault(first, {})[second] = decode(Position, value)
                case "permit":
                    self._gate.use(key, decode(int, value))
                case "key":
                    self._gate.newest[key] = decode(tuple[int, int], value)
                case "closed":
                    self._closed.add((first, second))
                case "dead_man":
                    self.floor.dead_men[key] = decode(int, value)
                case "trading":
                    self.floor.trading[key] = decode(str, value)
                case _:
                    raise ValueError(
                        f"the state file holds a record of unknown kind {kind!r}; it is of another version"
                    )
        named = {name for held in accounts.positions.values() for name in held}
        unlisted = sorted((named | {order.instrument for order in orders}) - self.floor.instruments.keys())
        if unlisted:
            raise ValueError(f"the state file knows {', '.join(unlisted)}, which is not listed; list it again")
        self.floor.restore(orders, touches, log)


def _sealed(source: bytes) -> Sealed:
    try:
        frame = messages.read_frame(source)
    except ValueError as problem:
        raise Refusal("malformed", f"unreadable request: {problem}") from problem
    if not isinstance(frame, Sealed):
        raise Refusal("malformed", "this frame is no sealed request")
    return frame


def _shown(order: PaperOrder) -> Shown:
    return Shown(
        order=order.id,
        status="working" if order.life == "pending" else order.life,
        venue_order=order.venue_order,
        instrument=order.instrument,
        side=order.side,
        quantity=order.quantity,
        price=order.price,
        fills=order.fills,
    )
