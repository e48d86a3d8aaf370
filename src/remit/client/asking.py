"""What a client asks, without any input or output: each verb is a generator that yields what to do and is sent what
came of it, so that the plain client and the one for asyncio say the same.

It yields `Ask` and is sent the guard's plain JSON, or `Rest` and is sent nothing. GuardGone, GuardNotRunning and
GuardRefused are thrown into it where there is no such answer.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec

from remit.client.errors import OutcomeUnknown, Refused, Unclear
from remit.client.nouns import Approval, Decision
from remit.guard.wire import Do, GuardGone, GuardNotRunning, GuardRefused, RequestMalformed
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.names import Side
from remit.kernel.numbers import Decimal18, NotDecimal, Price, Quantity, Ratio, parse
from remit.kernel.order import OrderIntent, ReduceMode, TimeInForce

PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Between one try and the next; the last for ever after."""
POLL_S = 1.0
STOPPING = "guard_stopped"
"""What a guard says that ends: whether it has taken the command, its next start can tell."""
BUSY = frozenset({"busy", "too_many_requests"})
"""What is said before anything is read."""

Number = str | int | Decimal
Exact = TypeVar("Exact", bound=Decimal18)
Answered = TypeVar("Answered")


class Ask(NamedTuple):
    """Ask the guard this; `body` is a command, or a question as plain JSON."""

    do: Do
    body: Any


class Rest(NamedTuple):
    """Wait for so long."""

    seconds: float


Asking = Generator[Ask | Rest, Any, Answered]


def patiently(ask: Ask, patience_s: float, id: str = "") -> Asking[Any]:
    """Ask until there is an answer, for as long as `patience_s` of waiting.

    What is asked here acts once, however often it arrives: a question, or a command that the guard knows again by
    `id`. Where a command may have arrived and nobody answers: OutcomeUnknown. Else the last fault.
    """
    left, tries, may_have_arrived = patience_s, 0, False
    while True:
        try:
            return (yield ask)
        except (GuardGone, GuardNotRunning, GuardRefused) as fault:
            refused = fault.code if isinstance(fault, GuardRefused) else ""
            if refused and refused != STOPPING and refused not in BUSY:
                raise
            may_have_arrived = may_have_arrived or isinstance(fault, GuardGone) or refused == STOPPING
            pause = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
            if left < pause:
                if id and may_have_arrived:
                    raise OutcomeUnknown(id) from fault
                raise
        yield Rest(pause)
        left, tries = left - pause, tries + 1


def look(patience_s: float, view: str, kind: Any, /, **arguments: Any) -> Asking[Any]:
    """Return a view as a `kind`; arguments that are None are left out."""
    given = {name: value for name, value in arguments.items() if value is not None}
    answer = yield from patiently(Ask("read", {"view": view, **given}), patience_s)
    return typed(answer, kind)


def enter(patience_s: float, body: object, id: str, text: str = "") -> Asking[dict[str, Any]]:
    """Let a command enter and return its record, or that of its first arrival. Refused, OutcomeUnknown."""
    sent = {"command": body, "text": text} if text else body
    try:
        record: dict[str, Any] = yield from patiently(Ask("command", sent), patience_s, id)
    except GuardRefused as fault:
        raise Refused(fault.code, fault.message, fault.fix, retry_after_s=fault.detail.get("retry_after_s")) from None
    for event in record.get("events", ()):
        if event["event"] == "refused":
            entry = record["command"]["seq"]
            fix = f"Nothing changed; the refusal is entry {entry}"
            raise Refused(event["code"], event["why"], fix, entry, event.get("retry_after_s"))
    return record


def decide(patience_s: float, body: c.Submit | c.Replace, id: str, text: str = "") -> Asking[Decision]:
    """Let a proposal enter and return what was decided of it, the first time it arrived."""
    record = yield from enter(patience_s, body, id, text)
    first = record.get("first")
    return decision_of((first or record)["decision"], id, repeated=first is not None)


def preview(patience_s: float, intent: OrderIntent) -> Asking[Decision]:
    """Return what would be decided of an order; nothing changes."""
    answer = yield from patiently(Ask("preview", c.Submit(intent=intent)), patience_s)
    return decision_of(answer["decision"], intent.id)


def wait(patience_s: float, order: str, timeout_s: float) -> Asking[Approval]:
    """Return how it stands with an order's approval once people have answered, or after `timeout_s` of waiting."""
    left = timeout_s
    while True:
        stands: Approval = yield from look(patience_s, "approval", Approval, order=order)
        if not stands.waits or left <= 0:
            return stands
        yield Rest(min(POLL_S, left))
        left -= POLL_S


# What an author writes, made exact


def decision_of(plain: dict[str, Any], intent: str, *, repeated: bool = False) -> Decision:
    """Return a decision of the guard's as a noun."""
    return typed({**plain, "intent": intent, "repeated": repeated}, Decision)  # type: ignore[no-any-return]


def typed(answer: Any, kind: Any) -> Any:
    """Return plain JSON as a `kind`; RequestMalformed where it is none, which no guard of this version answers."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as fault:
        raise RequestMalformed(
            f"unexpected answer: {fault}", "Use the same version of remit as the guard does"
        ) from None


def exact(kind: type[Exact], value: Number | None, name: str) -> Exact | None:
    """Return a number as the guard counts it; Unclear for a float, which is never exact, and for what is no number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unclear(f"{name} is a {type(value).__name__}", 'Write it as text: "12.5"; a float is not exact')
    try:
        return parse(kind, format(value, "f") if isinstance(value, Decimal) else str(value))
    except NotDecimal as fault:
        raise Unclear(f"{name}: {fault}", "Write a plain decimal of at most 18 places") from None


def needed(kind: type[Exact], value: Number, name: str) -> Exact:
    """Return a number that must be there, as the guard counts it. Unclear."""
    found = exact(kind, value, name)
    assert found is not None
    return found


def exit_terms(
    *,
    stop_loss: Number | None = None,
    take_profit: Number | None = None,
    trailing_stop: Number | None = None,
    trailing_stop_bps: int | None = None,
    activation: Number | None = None,
    quantity: Number | None = None,
    slippage_bps: int | None = None,
) -> ExitTerms:
    """Return what an exit does: close at these prices, or once the price turns from its best by so much. Unclear.

    A trail is an amount or a share in basis points, and begins at `activation` where one is given. `quantity` bounds
    what is closed, `slippage_bps` the worst price of closing.
    """
    try:
        legs = []
        if stop_loss is not None:
            legs.append(Leg(kind="stop_loss", trigger=exact(Price, stop_loss, "stop_loss")))
        if take_profit is not None:
            legs.append(Leg(kind="take_profit", trigger=exact(Price, take_profit, "take_profit")))
        if trailing_stop is not None or trailing_stop_bps is not None or activation is not None:
            offset, begin = exact(Price, trailing_stop, "trailing_stop"), exact(Price, activation, "activation")
            legs.append(Leg(kind="trailing_stop", offset=offset, offset_bps=trailing_stop_bps, activation=begin))
        held = exact(Quantity, quantity, "quantity")
        return ExitTerms(legs=tuple(legs), quantity=held, slippage_bps=slippage_bps)
    except ValueError as fault:
        raise Unclear(str(fault), "Correct it") from None


def only(connections: tuple[str, ...], named: str | None) -> str:
    """Return the connection that is named, else the only one there is. Unclear."""
    if named is not None:
        return named
    if len(connections) != 1:
        there_are = ", ".join(connections) or "none is granted"
        raise Unclear("it is not said through which connection", f"Name one as `connection`: {there_are}")
    return connections[0]


def fresh_id(agent: str) -> str:
    """Return an id that nobody has used."""
    return f"{agent}-{time.time_ns()}-{secrets.token_hex(4)}"


def intent_of(
    agent: str,
    connection: str,
    id: str | None,
    *,
    instrument: str,
    side: Side,
    quantity: Number,
    limit_price: Number | None,
    time_in_force: TimeInForce,
    reduce: ReduceMode,
    slippage_bps: int | None,
    confidence: Number | None,
    parent: str | None,
    exit: ExitTerms | None,
) -> OrderIntent:
    """Return an order as it is proposed. Unclear."""
    fields = {
        "id": id or fresh_id(agent),
        "agent": agent,
        "connection": connection,
        "instrument": instrument,
        "side": side,
        "quantity": needed(Quantity, quantity, "quantity"),
        "created_at": time.time_ns(),
        "type": "market" if limit_price is None else "limit",
        "limit_price": exact(Price, limit_price, "limit_price"),
        "time_in_force": time_in_force,
        "reduce": reduce,
        "slippage_bps": slippage_bps,
        "confidence": exact(Ratio, confidence, "confidence"),
        "parent": parent,
        "exit": exit,
    }
    try:
        return OrderIntent(**fields)  # type: ignore[arg-type]  # the guard checks each field as it arrives
    except ValueError as fault:
        raise Unclear(str(fault), "Correct it") from None
