"""Reports of venues: acknowledgements, fills, ends and unknown outcomes. Duplicates and reordering change nothing."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.halt import CANCELS_MAX, raise_halt, watch
from remit.kernel.names import FIRM, SIGN, subject
from remit.kernel.numbers import Money, Quantity, text
from remit.kernel.order import TERMINAL, Order, Signal, fill_key, transition
from remit.kernel.state import State
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
NOT_YET_SHOWN = ("held", "allowed", "sent")
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
    if isinstance(body, c.Rejected):
        watch(step, step.state.path(order.agent, order.client))


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
    watch(step, step.state.path(order.agent, order.client))


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
    if body.connection not in step.state.connections:
        step.refuse("unknown_connection", f"there is no connection {body.connection}")
        return
    step.emit(e.Took())
    step.emit(e.Alarm(code="external_order", why=f"{body.connection}: {body.what}"))
    raise_halt(step, subject("connection", body.connection), "drift", "external_order", actual=body.what)


def reconciled(step: Step, body: c.Reconciled) -> None:
    """Compare a venue's own account of a connection with the book: equal makes it ready, a difference halts it.

    An order that the venue does not show may be over: it keeps its reservation, and the venue is asked.
    """
    if body.connection not in step.state.connections:
        step.refuse("unknown_connection", f"there is no connection {body.connection}")
        return
    differences = drift(step.state, body)
    if differences:
        step.emit(e.Drifted(connection=body.connection))
        step.emit(e.Alarm(code="drift", why=f"{body.connection}: " + "; ".join(differences)[:400]))
        raise_halt(
            step, subject("connection", body.connection), "drift", "reconcile", actual="; ".join(differences)[:400]
        )
    else:
        step.emit(e.Took())
    for order in _not_shown(step.state, body)[:CANCELS_MAX]:
        step.emit(e.Asked(connection=body.connection, order=order))


def _not_shown(state: State, body: c.Reconciled) -> list[str]:
    """Return the orders that should work at a connection and that its venue does not show; one just sent may still be
    on its way."""
    shown = set(body.orders)
    return [
        order.id
        for order in state.orders.values()
        if order.connection == body.connection and order.id not in shown and order.state not in NOT_YET_SHOWN
    ]


def drift(state: State, body: c.Reconciled) -> list[str]:
    """Return where a venue's own account of a connection differs from the book; empty where they agree."""
    account = subject("account", state.connections[body.connection].account)
    venue = {holding.instrument: int(holding.quantity) for holding in body.positions}
    book = {
        name: cell.quantity
        for (of, connection, name), cell in state.cells.items()
        if of == account and connection == body.connection
    }
    found = [
        f"{name}: book {text(book.get(name, 0))}, venue {text(venue.get(name, 0))}"
        for name in sorted({*venue, *book})
        if book.get(name, 0) != venue.get(name, 0)
    ]
    for currency, amount in body.cash:
        known = state.cash.get((body.connection, currency))
        if known is not None and abs(known.amount - amount) > max(Quantity(10**18), abs(amount) // 1000):
            found.append(f"{currency}: book {text(known.amount)}, venue {text(amount)}")
        if known is None:
            for of in (account, FIRM):
                if state.rate(currency, state.subjects[of].currency) is None:
                    found.append(f"{currency}: no exchange rate to {state.subjects[of].currency}")
    found += [f"order {order} is not in the book" for order in body.orders if order not in state.orders]
    return found
