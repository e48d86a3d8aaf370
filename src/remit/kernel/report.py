"""Reports of venues: acknowledgements, fills, ends and unknown outcomes. Duplicates and reordering change nothing."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import unknown
from remit.kernel.halt import raise_halt
from remit.kernel.names import SIGN, subject
from remit.kernel.numbers import Money, text
from remit.kernel.order import TERMINAL, Order, Signal, fill_key, transition
from remit.kernel.step import Step

Report = (
    c.Sent
    | c.Unencodable
    | c.Withdrawn
    | c.Acked
    | c.Rejected
    | c.Lost
    | c.Cancelled
    | c.Expired
    | c.CancelRefused
    | c.Replaced
    | c.ReplaceRefused
)
SIGNALS: dict[type, Signal] = {
    c.Sent: "send",
    c.Unencodable: "reject",
    c.Withdrawn: "cancel",
    c.Acked: "ack",
    c.Rejected: "reject",
    c.Lost: "lose",
    c.Cancelled: "cancel",
    c.Expired: "expire",
    c.CancelRefused: "refuse_cancel",
}


def moved(step: Step, body: Report) -> None:
    """A report that moves an order along the table of transitions."""
    order = _order(step, body.order)
    if order is None:
        return
    following = transition(order.state, SIGNALS[type(body)])
    if following is None or (following == order.state and following != "acked"):
        return
    if following == "acked" and order.filled:
        following = "partial"
    if following == order.state:
        return
    why = getattr(body, "why", getattr(body, "code", ""))
    step.emit(e.Moved(order=order.id, state=following, why=why))
    if following == "unknown":
        unknown.watch_count(step, order.connection)


def replaced(step: Step, body: c.Replaced | c.ReplaceRefused) -> None:
    """The venue settled a replace."""
    order = _order(step, body.order)
    if order is None or order.pending is None:
        return
    taken = isinstance(body, c.Replaced)
    if transition(order.state, "replace" if taken else "refuse_replace") is None:
        return
    step.emit(e.ReplaceSettled(order=order.id, taken=taken))
    if not order.remaining:
        step.emit(e.Moved(order=order.id, state="filled"))


def filled(step: Step, body: c.Filled) -> None:
    """Book a fill once. One beyond the order, or after its end, moves the book and is told loudly."""
    order = _order(step, body.order)
    if order is None:
        return
    if fill_key(order.connection, body.fill) in step.state.fills:
        return
    if body.quantity <= 0 or body.price < 0 or body.fee < 0:
        step.emit(
            e.Alarm(
                code="absurd_fill",
                why=f"{order.id}: fill {body.fill} of {body.quantity} at {body.price} was not booked",
            )
        )
        raise_halt(
            step,
            subject("connection", order.connection),
            "drift",
            "unexpected_fill",
            actual=f"{body.quantity} at {body.price}",
        )
        return
    _book(step, order, body)


def _book(step: Step, order: Order, body: c.Filled) -> None:
    """Book a fill, and tell of everything about it that nobody asked for."""
    place = subject("connection", order.connection)
    asked = max(order.quantity, order.pending[0] if order.pending is not None else 0)
    was, limit, total = order.state, order.worst_price, order.filled + body.quantity
    late, sent = was in TERMINAL, transition(was, "fill") is not None
    step.emit(
        e.Booked(
            order=order.id,
            fill=body.fill,
            quantity=body.quantity,
            price=body.price,
            fee=Money(body.fee),
            complete=sent and total >= asked,
            late=late,
        )
    )
    if late:
        step.emit(e.Alarm(code="late_fill", why=f"{order.id} was {was} and still filled {body.quantity}"))
    if not sent:
        why = f"{order.id} was {was}: it was never let out, and yet it filled"
        raise_halt(step, place, "drift", "unexpected_fill", actual=f"{body.quantity} at {body.price}", why=why)
    if total > asked:
        why = f"{order.id} filled more than was asked"
        raise_halt(step, place, "overfill", "overfill", limit=text(asked), actual=text(total), why=why)
    if SIGN[order.side] * (body.price - limit) > 0:
        step.emit(e.Alarm(code="beyond_price", why=f"{order.id} filled at {body.price}, worse than {text(limit)}"))


def _order(step: Step, order_id: str) -> Order | None:
    """Return the order a report is about; a report about an order nobody made is told loudly."""
    order = step.state.order(order_id)
    if order is None:
        step.emit(
            e.Alarm(
                code="unexpected_report",
                why=f"{type(step.command.body).__name__} for an order that is not in the book: {order_id}",
            )
        )
        if isinstance(step.command.body, c.Filled):
            raise_halt(
                step,
                "firm",
                "drift",
                "unexpected_fill",
                actual=order_id,
                why="a fill for an order that is not in the book",
            )
    return order


def ask(step: Step, body: c.Ask) -> None:
    """Ask a venue about an order that is not over, or about everything that a connection holds."""
    order = step.state.orders.get(body.order)
    if body.connection not in step.state.connections or (body.order and order is None):
        step.refuse("nothing_to_ask", f"{body.order or body.connection} is not in the book")
    else:
        step.emit(e.Asked(connection=body.connection, order=body.order))


def external(step: Step, body: c.External) -> None:
    """A venue shows what this guard never made: the connection halts."""
    if not step.knows_connection(body.connection):
        return
    step.emit(e.Took())
    step.emit(e.Alarm(code="external_order", why=f"{body.connection}: {body.what}"))
    raise_halt(step, subject("connection", body.connection), "drift", "external_order", actual=body.what)


def busted(step: Step, body: c.Busted) -> None:
    """Take a fill back that the venue took back, once; a person looks at what that means."""
    order = step.state.order(body.order)
    place = "firm" if order is None else subject("connection", order.connection)
    if order is not None:
        known = step.state.fills.get(fill_key(order.connection, body.fill))
        if known is not None and known.busted:
            return
        step.emit(e.Reversed(order=order.id, fill=body.fill))
        what = "it had not been booked" if known is None else f"{text(known.quantity)} at {text(known.price)}"
    else:
        what = "the order is not in the book"
    why = f"the venue took fill {body.fill} of {body.order} back: {what}"
    step.emit(e.Alarm(code="busted_fill", why=why))
    raise_halt(step, place, "drift", "busted_fill", actual=body.fill, why=why)
