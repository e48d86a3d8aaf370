"""Reports of venues: acknowledgements, fills, ends and unknown outcomes. Duplicates and reordering change nothing."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel import unknown
from remit.kernel.halt import raise_halt
from remit.kernel.names import FIRM, SIGN, subject
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
STRANGE_MAX = 1000
"""Strange fills that are remembered at a time; beyond them each is told of, and halts, as often as it is shown."""
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
    order = step.state.order(body.order)
    if order is None:
        terms = f"{text(body.quantity)} at {text(body.price)}"
        why = f"fill {body.fill} of {body.order}, which is not in the book: {terms}"
        _strange(step, body, "unexpected_report", "unexpected_fill", body.order, why)
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
    return order


def _strange(step: Step, body: c.Filled | c.Busted, alarm: str, rule: str, actual: str, why: str) -> None:
    """Halt the firm for a fill of an order that is not in the book: once, however often a venue shows it.

    It counts as told with a halt that nobody has reviewed yet; whoever did so before it came has not looked at it.
    """
    state = step.state
    if body in state.strange:
        return
    step.emit(e.Alarm(code=alarm, why=why))
    raise_halt(step, FIRM, "drift", rule, actual=actual, why=why)
    standing = [state.halts[name] for name in state.halted[FIRM]]
    is_reviewed = any(halt.rule == rule and halt.reviewed_by for halt in standing)
    if not is_reviewed and len(state.strange) < STRANGE_MAX:
        step.emit(e.Strange(order=body.order, fill=body.fill))


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
    order, why = step.state.order(body.order), f"the venue took fill {body.fill} of {body.order} back: "
    if order is None:
        _strange(step, body, "busted_fill", "busted_fill", body.fill, why + "the order is not in the book")
        return
    known = step.state.fills.get(fill_key(order.connection, body.fill))
    if known is not None and known.busted:
        return
    step.emit(e.Reversed(order=order.id, fill=body.fill))
    why += "it had not been booked" if known is None else f"{text(known.quantity)} at {text(known.price)}"
    step.emit(e.Alarm(code="busted_fill", why=why))
    raise_halt(step, subject("connection", order.connection), "drift", "busted_fill", actual=body.fill, why=why)
