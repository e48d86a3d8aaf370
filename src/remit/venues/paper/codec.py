"""The paper venue's codec: orders to request bytes, replies and messages to reports.

Pure. The client order id is the order's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from remit.kernel import command
from remit.kernel.codec import build, decode, encode
from remit.kernel.instrument import Instrument
from remit.kernel.numbers import Price, Quantity, text
from remit.kernel.order import Order
from remit.kernel.permit import Action, Request, Scheme
from remit.venues.paper import messages
from remit.venues.paper.messages import DEAD_MAN_MAX_S, Accepted, Done, Holdings, Refused, Reply, Shown
from remit.venues.seam import Powers, Unencodable

Reports = Sequence[command.Body]
PART_ITEMS = 80
"""Positions, and orders, in one part of an account: with the longest names and numbers they fit one entry."""
OF_CONNECTION = ("cancel_all", "dead_man")
"""Actions about a whole connection that are answered by `Done`."""


class Paper:
    """The seam of the paper venue.

    A market order travels with its worst price, beyond which the venue never fills it.
    """

    name = "paper"
    scheme: Scheme | None = None

    def powers(self, connection: str) -> Powers:
        """Return that no key withdraws here: the paper venue has no word for it."""
        return Powers(withdraw=False)

    def signed(self, request: Request) -> bytes:
        """Return the body: the whole of what is asked. The paper venue checks the permit, so nobody signs it."""
        return request.body

    def place(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that places `order`, or raise Unencodable."""
        price = _price(order)
        if price is None or price <= 0:
            raise Unencodable(
                f"{order.type} order {order.id} has no price above zero that bounds it; the paper venue needs one"
            )
        terms = {
            "do": "place",
            "connection": order.connection,
            "at": at,
            "nonce": nonce,
            "order": order.id,
            "instrument": instrument.name,
            "side": order.side,
            "quantity": text(order.quantity),
            "type": order.type,
            "price": text(price),
            "time_in_force": order.time_in_force,
        }
        try:
            return _request("place", build(messages.Place, terms))
        except msgspec.ValidationError as problem:
            raise Unencodable(f"the paper venue has no words for order {order.id}: {problem}") from problem

    def cancel(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that cancels `order`."""
        return _request("cancel", messages.Cancel(connection=order.connection, at=at, nonce=nonce, order=order.id))

    def replace(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that moves `order` to its pending terms, or raise Unencodable."""
        if order.pending is None:
            raise Unencodable(f"order {order.id} has no pending terms")
        if order.type != "limit":
            raise Unencodable("only a limit order can be replaced; cancel the market order and place a new one")
        terms = messages.Terms(Quantity(order.pending[0]), Price(order.pending[1]))
        return _request(
            "replace", messages.Replace(connection=order.connection, at=at, nonce=nonce, order=order.id, terms=terms)
        )

    def query(self, order: Order, instrument: Instrument, at: int, nonce: int) -> Request:
        """Return the request that asks what became of `order`.

        If the venue never saw it, its id is closed from then on, so that the answer is final.
        """
        asked = None
        if order.pending is not None:
            asked = messages.Terms(Quantity(order.pending[0]), Price(order.pending[1]))
        terms = {
            "connection": order.connection,
            "at": at,
            "nonce": nonce,
            "order": order.id,
            "instrument": instrument.name,
            "side": order.side,
            "terms": messages.Terms(Quantity(order.quantity), Price(_price(order) or 0)),
            "asked": asked,
        }
        return _request("query", build(messages.Query, terms))

    def snapshot(self, connection: str, at: int, nonce: int) -> Request:
        """Return the request for everything a connection holds: positions, cash, working orders."""
        return _request("snapshot", messages.TakeSnapshot(connection=connection, at=at, nonce=nonce))

    def cancel_all(self, connection: str, at: int, nonce: int) -> Request:
        """Return the request that cancels every order of a connection, also those that this guard never placed."""
        return _request("cancel_all", messages.CancelAll(connection=connection, at=at, nonce=nonce))

    def dead_man(self, connection: str, after_s: int, at: int, nonce: int) -> Request:
        """Return the request that arms or renews the dead man; 0 disarms. Raises Unencodable beyond a day."""
        if not 0 <= after_s <= DEAD_MAN_MAX_S:
            raise Unencodable(f"the paper venue's dead man waits from 0 to {DEAD_MAN_MAX_S} seconds, not {after_s}")
        return _request("dead_man", messages.DeadMan(connection=connection, at=at, nonce=nonce, after_s=after_s))

    def seal(self, request: Request, permit: bytes, signature: bytes) -> bytes:
        """Return the bytes that travel: the request with its permit and the guard's signature attached."""
        return encode(
            messages.Sealed(
                method=request.method, path=request.path, body=request.body, permit=permit, signature=signature
            )
        )

    def subscribe(self, connection: str, after: int) -> bytes:
        """Return the frame that asks for a connection's messages after number `after`."""
        return encode(messages.Subscribe(connection=connection, after=after))

    def read(self, request: Request, order: str, reply: bytes) -> Reports:
        """Return the reports a reply spells; a reply that makes no sense is a `Lost`, never a rejection.

        A snapshot that makes no sense, is partial or is empty spells `NoData`: it is never an account of nothing. Of
        `cancel_all` and `dead_man`, nothing at all means that the venue did it.
        """
        try:
            answer = messages.read_reply(reply)
        except ValueError as problem:
            return _lost(request, order, f"unreadable reply: {problem}")
        if isinstance(answer, Done) and answer.connection == request.connection and request.action in OF_CONNECTION:
            return ()
        if isinstance(answer, Holdings):
            reports = _of_holdings(request, answer)
        elif isinstance(answer, Done):
            reports = None
        elif answer.order != order:
            reports = None
        elif isinstance(answer, Refused):
            reports = _of_refused(request.action, answer)
        elif isinstance(answer, Accepted):
            reports = (
                (command.Acked(order=order, venue_order=answer.venue_order),) if request.action == "place" else None
            )
        else:
            reports = _of_shown(request, answer)
        if reports is None:
            said = answer.code if isinstance(answer, Refused) else type(answer).__name__
            return _lost(request, order, f"reply {said} of {_about(answer)!r} does not settle the {request.action}")
        return reports

    def numbered(self, message: bytes) -> tuple[int, int]:
        """Return a message's number and its instant. Raises ValueError for bytes that are no message."""
        told = decode(messages.Message, message)
        return told.number, told.at

    def listen(self, message: bytes) -> Reports:
        """Return the reports that an unsolicited message spells. Raises ValueError for bytes that are no message."""
        return (decode(messages.Message, message).report,)


def _price(order: Order) -> int | None:
    return order.limit_price if order.type == "limit" else order.worst_price


def _request(action: Action, body: messages.Body) -> Request:
    return Request(connection=body.connection, action=action, method="POST", path=f"/{action}", body=encode(body))


def _about(answer: Reply) -> str:
    return answer.connection if isinstance(answer, Holdings | Done) else answer.order


def _lost(request: Request, order: str, why: str) -> Reports:
    if request.action == "snapshot" or request.action in OF_CONNECTION:
        return (command.NoData(connection=request.connection, why=why[:500]),)
    return (command.Lost(order=order, why=why[:500]),)


def _of_holdings(request: Request, held: Holdings) -> Reports | None:
    if request.action != "snapshot" or held.connection != request.connection:
        return None
    if held.pages != 1 or not held.cash:
        why = f"page 1 of {held.pages} only" if held.pages != 1 else "the page names no currency at all: it is empty"
        return (command.NoData(connection=held.connection, why=why),)
    return (*held.fills, *_parts(held))


def _parts(held: Holdings) -> Iterator[command.Reconciled]:
    """What is held, in as many parts as it needs so that each fits an entry; the cash comes with the first."""
    count = max(-(-len(held.positions) // PART_ITEMS), -(-len(held.orders) // PART_ITEMS), 1)
    for part in range(count):
        here = slice(part * PART_ITEMS, (part + 1) * PART_ITEMS)
        yield command.Reconciled(
            connection=held.connection,
            positions=held.positions[here],
            cash=held.cash if part == 0 else (),
            orders=held.orders[here],
            part=part + 1,
            parts=count,
        )


def _of_refused(action: Action, refused: Refused) -> Reports | None:
    """A refusal of a place is definitive only while the venue knows no order of that id: else the first one stands.

    A cancel is never refused for what the order is, only for its permit or because the order is not there, or not yet:
    what became of the order is not known by that.
    """
    order = refused.order
    if action == "place" and not refused.known:
        return (command.Rejected(order=order, code=refused.code),)
    if action == "replace":
        return (command.ReplaceRefused(order=order, code=refused.code),)
    return None


def _of_shown(request: Request, shown: Shown) -> Reports | None:
    """Fills come before the end they led to, so that an end is never followed by a fill."""
    order = shown.order
    fills: list[command.Body] = [
        command.Filled(order=order, fill=done.fill, quantity=done.quantity, price=done.price, fee=done.fee)
        for done in shown.fills
    ]
    ends: dict[str, list[command.Body]] = {
        "cancelled": [command.Cancelled(order=order)],
        "expired": [command.Expired(order=order)],
        "filled": [],
    }
    if sum(done.quantity for done in shown.fills) < shown.quantity:
        ends["filled"] = [command.Cancelled(order=order)]  # a fill was taken back, and nothing comes in its place
    if request.action == "cancel" and shown.status != "working":
        refused: list[command.Body] = (
            [command.CancelRefused(order=order, code="order_over")] if shown.status == "filled" else []
        )
        return (*fills, *refused, *ends.get(shown.status, []))
    if request.action == "replace" and shown.status != "never_seen":
        return (command.Replaced(order=order), *fills, *ends.get(shown.status, []))
    if request.action != "query":
        return None
    if shown.status == "never_seen":
        return (command.Rejected(order=order, code="never_seen"),)
    query = messages.read_body(request.body)
    assert isinstance(query, messages.Query)
    acked: list[command.Body] = [command.Acked(order=order, venue_order=shown.venue_order), *_asked(query, shown)]
    strange = _strange(query, shown)
    if strange:
        ends["filled"] = [command.Cancelled(order=order)]  # it may be smaller than ours, and none comes after it
    return (*strange, *acked, *fills, *ends.get(shown.status, []))


def _strange(query: messages.Query, shown: Shown) -> list[command.Body]:
    """What is known at the venue under an order's id and is not that order: somebody else uses the ids of this guard.

    The order itself stays what it was: its fills move this connection's holdings, whoever asked for them.
    """
    if not shown.instrument or query.terms is None:
        return []
    known = (query.instrument, query.side, *msgspec.structs.astuple(query.terms))
    asked = known if query.asked is None else (*known[:2], *msgspec.structs.astuple(query.asked))
    said = (shown.instrument, shown.side, shown.quantity, shown.price)
    if said in (known, asked):
        return []
    words = f"{shown.side} {text(shown.quantity)} {shown.instrument} at {text(shown.price)}"
    what = f"order {shown.order} is {words} at the venue, and not that here"
    return [command.External(connection=query.connection, what=what)]


def _asked(query: messages.Query, shown: Shown) -> list[command.Body]:
    """Whether a replace of unclear outcome was taken, told by the terms the venue works on."""
    if query.asked is None:
        return []
    if (shown.quantity, shown.price) == (query.asked.quantity, query.asked.price):
        return [command.Replaced(order=shown.order)]
    return [command.ReplaceRefused(order=shown.order, code="not_replaced")]
