"""The verbs of an agent's author, each said once: generators over `Voice`, which `Remit` and `AsyncRemit` speak.

Their names are those of the tools that a model sees. What trades names its own `id`, or is given one; the same id never
acts twice, so that every verb here may be said again after any fault.
"""

from __future__ import annotations

from typing import Any

from remit.client import asking
from remit.client.asking import Asking, Number
from remit.client.errors import Refused, Unclear
from remit.client.nouns import (
    Account,
    Approval,
    Decision,
    Explanation,
    Gauge,
    Limit,
    Market,
    Order,
    Position,
    Quote,
)
from remit.kernel import command as c
from remit.kernel.exit import ExitTerms
from remit.kernel.names import Side
from remit.kernel.numbers import Money, Price, Quantity
from remit.kernel.order import OrderIntent, ReduceMode, TimeInForce

WAIT_S = 300.0
"""As long as a hold waits for people unless a mandate says otherwise."""


class Voice:
    """Who speaks: how patient, whether the way knows what models cost, and, once it was asked for, whom the token
    stands for."""

    def __init__(self, patience_s: float, *, knows_prices: bool) -> None:
        self.patience_s = patience_s
        self.knows_prices = knows_prices
        self.account: Account | None = None

    def look(self, view: str, kind: Any, /, **arguments: Any) -> Asking[Any]:
        return asking.look(self.patience_s, view, kind, **arguments)

    def me(self) -> Asking[Account]:
        """Return whom the token stands for, asked for once."""
        if self.account is None:
            self.account = yield from get_account(self)
        return self.account


def get_account(voice: Voice) -> Asking[Account]:
    """Return whom the token stands for: agent, account, connections, and what is switched on."""
    return (yield from voice.look("self", Account))  # type: ignore[no-any-return]  # look returns the kind it is given


def get_positions(voice: Voice) -> Asking[tuple[Position, ...]]:
    """Return what is held, and what is under way in it."""
    shown = yield from voice.look("positions", dict[str, Any])
    return asking.typed(shown["positions"], tuple[Position, ...])  # type: ignore[no-any-return]


def get_exposure(voice: Voice) -> Asking[tuple[Gauge, ...]]:
    """Return each limit with what of it is used, reserved and left, the fullest first."""
    shown = yield from voice.look("exposure", dict[str, Any])
    return asking.typed(shown["gauges"], tuple[Gauge, ...])  # type: ignore[no-any-return]


def get_limits(voice: Voice) -> Asking[tuple[Limit, ...]]:
    """Return every limit that binds the orders of this agent, with the effective value and whose it is."""
    shown = yield from voice.look("effective", dict[str, Any])
    return asking.typed(shown["limits"], tuple[Limit, ...])  # type: ignore[no-any-return]


def get_quote(voice: Voice, instrument: str) -> Asking[Quote | None]:
    """Return the last price of an instrument that the guard judges by, or None where it knows none."""
    shown = yield from voice.look("marks", tuple[Quote, ...])
    return next((quote for quote in shown if quote.instrument == instrument), None)


def search_markets(voice: Voice, text: str = "") -> Asking[tuple[Market, ...]]:
    """Return the instruments whose name, market or category has the text in it; all without a text."""
    shown = yield from voice.look("instruments", tuple[Market, ...])
    wanted = text.casefold()
    return tuple(
        row for row in shown if any(wanted in said.casefold() for said in (row.name, row.market, row.category))
    )


def list_orders(
    voice: Voice,
    *,
    instrument: str | None = None,
    state: str | None = None,
    live: bool = False,
    limit: int = 200,
) -> Asking[tuple[Order, ...]]:
    """Return orders, the latest first: `live` ones alone, or those in one `state`."""
    wanted = {"instrument": instrument, "state": state, "live": live or None, "limit": limit}
    return (yield from voice.look("orders", tuple[Order, ...], **wanted))  # type: ignore[no-any-return]


def get_order(voice: Voice, order: str) -> Asking[Order]:
    """Return one order."""
    return (yield from voice.look("order", Order, order=order))  # type: ignore[no-any-return]


def explain_decision(voice: Voice, order: str) -> Asking[Explanation]:
    """Return one order with every rule that did not hold, each in a sentence."""
    return (yield from voice.look("explanation", Explanation, order=order))  # type: ignore[no-any-return]


def get_approval(voice: Voice, order: str) -> Asking[Approval]:
    """Return how it stands with the approval of an order."""
    return (yield from voice.look("approval", Approval, order=order))  # type: ignore[no-any-return]


def wait_for_approval(voice: Voice, order: str, timeout_s: float = WAIT_S) -> Asking[Approval]:
    """Return how it stands with the approval of an order once people have answered, or after so long."""
    return (yield from asking.wait(voice.patience_s, order, timeout_s))


def preview_order(
    voice: Voice,
    instrument: str,
    side: Side,
    quantity: Number,
    *,
    limit_price: Number | None = None,
    connection: str | None = None,
    time_in_force: TimeInForce = "day",
    reduce: ReduceMode = "any",
    slippage_bps: int | None = None,
    confidence: Number | None = None,
    parent: str | None = None,
    exit: ExitTerms | None = None,
) -> Asking[Decision]:
    """Return what would be decided of an order; nothing changes. The words are those of `place_order`."""
    me = yield from voice.me()
    intent = asking.intent_of(
        *_where(me, connection), None,
        instrument=instrument, side=side, quantity=quantity, limit_price=limit_price, time_in_force=time_in_force,
        reduce=reduce, slippage_bps=slippage_bps, confidence=confidence, parent=parent, exit=exit,
    )  # fmt: skip
    return (yield from asking.preview(voice.patience_s, intent))


def place_order(
    voice: Voice,
    instrument: str,
    side: Side,
    quantity: Number,
    *,
    limit_price: Number | None = None,
    id: str | None = None,
    thought: str = "",
    connection: str | None = None,
    time_in_force: TimeInForce = "day",
    reduce: ReduceMode = "any",
    slippage_bps: int | None = None,
    confidence: Number | None = None,
    parent: str | None = None,
    exit: ExitTerms | None = None,
) -> Asking[Decision]:
    """Propose an order and return what was decided; without a `limit_price` it is a market order.

    A denial is an answer: `verdict` is allow, hold or deny. Numbers are text, whole numbers or `Decimal`, never floats.
    `thought` is free text that is kept beside the journal. OutcomeUnknown names the `id` to say it again with.
    """
    me = yield from voice.me()
    intent = asking.intent_of(
        *_where(me, connection), id,
        instrument=instrument, side=side, quantity=quantity, limit_price=limit_price, time_in_force=time_in_force,
        reduce=reduce, slippage_bps=slippage_bps, confidence=confidence, parent=parent, exit=exit,
    )  # fmt: skip
    return (yield from _propose(voice, intent, thought))


def close_position(
    voice: Voice, instrument: str, *, connection: str | None = None, id: str | None = None, thought: str = ""
) -> Asking[Decision]:
    """Propose the market order that closes a position, which can only reduce it. Unclear where there is none."""
    me = yield from voice.me()
    found = yield from voice.look("closing", dict[str, Any], instrument=instrument, intent=id)
    if found["first"] is not None:  # what it closes may be gone since
        return asking.decision_of(found["first"]["decision"], id or "", repeated=True)
    held = {row["connection"]: row for row in found["positions"]}
    if not held:
        raise Unclear(f"no {instrument} is held", "See what is: get_positions")
    closed = held.get(asking.only(tuple(held), connection))
    if closed is None:
        raise Unclear(f"no {instrument} is held through {connection}", f"It is through {', '.join(held)}")
    intent = asking.intent_of(
        me.agent, closed["connection"], id,
        instrument=instrument, side="sell" if closed["side"] == "sell" else "buy", quantity=closed["quantity"],
        limit_price=None, time_in_force="day", reduce="only", slippage_bps=None, confidence=None, parent=None,
        exit=None,
    )  # fmt: skip
    return (yield from _propose(voice, intent, thought))


def replace_order(
    voice: Voice, order: str, quantity: Number, limit_price: Number, *, id: str | None = None
) -> Asking[Decision]:
    """Propose new terms for a working order and return what was decided of them."""
    named = id or asking.fresh_id(order)
    terms = {
        "quantity": asking.needed(Quantity, quantity, "quantity"),
        "limit_price": asking.needed(Price, limit_price, "limit_price"),
    }
    return (yield from asking.decide(voice.patience_s, c.Replace(id=named, order=order, **terms), named))  # type: ignore[arg-type]


def cancel_order(voice: Voice, order: str) -> Asking[bool]:
    """Ask for an order to be cancelled, or withdraw a held one; False where it was over already. Refused otherwise.

    It stays in the book until its venue says that it is over: `get_order` tells.
    """
    try:
        yield from asking.enter(voice.patience_s, c.Cancel(order=order), order)
    except Refused as refused:
        if refused.code != "already_over":
            raise
        return False
    return True


def set_exit(
    voice: Voice, instrument: str, terms: ExitTerms, *, exit: str | None = None, connection: str | None = None
) -> Asking[str]:
    """Let the guard close a position at a stop-loss, a take-profit or a trail, and return the exit's id.

    With the id of an `exit` that stands, give it new terms: tightening is free, loosening is refused.
    """
    me = yield from voice.me()
    agent, through = _where(me, connection)
    named = exit or asking.fresh_id(agent)
    body = c.SetExit(id=named, agent=agent, connection=through, instrument=instrument, terms=terms)
    record = yield from asking.enter(voice.patience_s, body, named)
    return next((event["exit"] for event in record["events"] if event["event"] == "exit_set"), named)


def drop_exit(voice: Voice, exit: str) -> Asking[None]:
    """Take an exit away; one that bounds a loss only a person may."""
    yield from asking.enter(voice.patience_s, c.DropExit(exit=exit), exit)


def record_thought(voice: Voice, text: str, *, order: str = "") -> Asking[None]:
    """Keep a thought in the agent's log, beside an order where it is about one."""
    yield from asking.enter(voice.patience_s, c.Noted(note="thought", order=order), "this thought", text)


def record_error(voice: Voice, text: str, *, order: str = "") -> Asking[None]:
    """Keep in the agent's log that something went wrong in the agent itself."""
    yield from asking.enter(voice.patience_s, c.Noted(note="error", order=order), "this error", text)


def report_usage(
    voice: Voice,
    provider: str,
    model: str,
    input_tokens: int,
    output_tokens: int,
    *,
    cost_usd: Number | None = None,
    id: str | None = None,
) -> Asking[None]:
    """Report what a call of a model used: it counts against the budgets of the agent, and only ever adds.

    Without `cost_usd` a door looks it up; at the socket it must be said (Unclear).
    """
    if cost_usd is None and not voice.knows_prices:
        raise Unclear("cost_usd is missing, and the guard's socket knows no prices", "Say it, or go by a door: url=")
    named = id or asking.fresh_id("usage")
    told = c.ReportSpend(
        id=named, provider=provider, model=model, input_tokens=input_tokens, output_tokens=output_tokens,
        cost=asking.exact(Money, cost_usd, "cost_usd"),
    )  # fmt: skip
    yield from asking.enter(voice.patience_s, told, named)


def ask(voice: Voice, view: str, /, **arguments: Any) -> Asking[Any]:
    """Return any view of the guard as plain JSON, numbers as text: docs/agents.md names them."""
    return (yield from voice.look(view, Any, **arguments))


def _propose(voice: Voice, intent: OrderIntent, thought: str) -> Asking[Decision]:
    return (yield from asking.decide(voice.patience_s, c.Submit(intent=intent), intent.id, thought))


def _where(me: Account, connection: str | None) -> tuple[str, str]:
    if not me.agent:
        raise Unclear(f"the token of {me.name} stands for no agent", "Use an agent's token, or its client's")
    return me.agent, asking.only(me.connections, connection)
