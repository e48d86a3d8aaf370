"""`remit order`: propose, cancel, replace and look at orders. `remit why`: one order's decision explained."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal, get_args

import typer

from remit.doors.cli import report, show
from remit.doors.cli.answering import wait_for
from remit.doors.cli.call import (
    DENIED,
    DONE,
    FAULT,
    HELD,
    Agent,
    Fault,
    Json,
    amount,
    caller,
    enter,
    make,
    noun,
    now,
    preview,
    read,
)
from remit.doors.cli.terms import Activation, StopLoss, TakeProfit, TrailingStop, terms_of
from remit.guard.wire import GuardRefused
from remit.kernel.command import Cancel, Replace, Submit
from remit.kernel.numbers import Price, Quantity, Ratio
from remit.kernel.order import OrderIntent, OrderState

app = noun("Propose, cancel, replace and look at orders.")

STATES: tuple[str, ...] = get_args(OrderState)
UNKNOWN = ("unknown", "unknown_order")
EXITS = {"allow": DONE, "deny": DENIED, "hold": HELD}
Order = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]


@app.command()
def submit(
    instrument: Annotated[str, typer.Argument(help="What to trade.")],
    side: Annotated[Literal["buy", "sell"], typer.Argument(help="buy or sell.")],
    quantity: Annotated[str, typer.Argument(help="How much, as a plain decimal.")],
    limit: Annotated[str | None, typer.Option("--limit", help="The limit price; without it a market order.")] = None,
    agent: Agent = None,
    connection: Annotated[str | None, typer.Option(help="The connection; its only one where an agent has one.")] = None,
    intent: Annotated[str | None, typer.Option("--id", help="Your own id: the same one never acts twice.")] = None,
    time_in_force: Annotated[Literal["day", "gtc", "ioc"], typer.Option("--tif", help="How long it stands.")] = "day",
    reduce: Annotated[Literal["any", "only", "clip"], typer.Option(help="Whether it may only reduce.")] = "any",
    slippage_bps: Annotated[int | None, typer.Option(help="Bound of a market order, in bps from the touch.")] = None,
    confidence: Annotated[str | None, typer.Option(help="How sure the agent is, from 0 to 1.")] = None,
    parent: Annotated[str | None, typer.Option(help="The parent order it is part of.")] = None,
    environment: Annotated[Literal["training", "live"] | None, typer.Option(help="Refuse it elsewhere.")] = None,
    stop_loss: StopLoss = None,
    take_profit: TakeProfit = None,
    trailing_stop: TrailingStop = None,
    activation: Activation = None,
    thought: Annotated[str, typer.Option(help="Free text, kept erasable beside the journal.")] = "",
    dry: Annotated[bool, typer.Option("--preview", help="Say what would be decided; nothing changes.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Where it is held, wait for what people answer.")] = False,
    json: Json = False,
) -> None:
    """Propose an order: it is judged, journalled, and only then sent. Exit 0 allowed, 3 denied, 4 held.

    ```
    remit order submit AAPL buy 10 --limit 101.50 --agent momentum
    remit order submit AAPL sell 5 --agent momentum --reduce only
    remit order submit AAPL buy 10 --agent momentum --stop-loss 96 --take-profit 110
    remit order submit AAPL buy 10 --limit 101.50 --agent momentum --preview
    remit order submit AAPL buy 10 --agent momentum --wait
    ```
    """
    name = agent_named(agent)
    body = make(
        Submit,
        intent=make(
            OrderIntent,
            id=intent or f"cli-{secrets.token_hex(8)}",
            agent=name,
            connection=connection or only_connection(name),
            instrument=instrument,
            side=side,
            quantity=amount(Quantity, quantity, "QUANTITY"),
            created_at=now(),
            type="market" if limit is None else "limit",
            limit_price=amount(Price, limit, "--limit"),
            time_in_force=time_in_force,
            reduce=reduce,
            slippage_bps=slippage_bps,
            confidence=amount(Ratio, confidence, "--confidence"),
            parent=parent,
            environment=environment,
            exit=terms_of(stop_loss, take_profit, trailing_stop, activation),
        ),
    )
    if dry:
        _previewed(preview(body))
    decided(enter(body, thought), wait)


def agent_named(agent: str | None) -> str:
    """Return the agent that is meant: as written, else the caller itself; wrong usage where it is none."""
    name = agent or str(read("self")["agent"])
    if not name:
        raise typer.BadParameter("say for which agent", param_hint="--agent")
    return name


def only_connection(agent: str) -> str:
    """Return the only connection of an agent; wrong usage where it has several, Fault where none."""
    found = [row["connection"] for row in read("grants", agent=agent)]
    if len(found) == 1:
        return str(found[0])
    if not found:
        if agent not in {row["name"] for row in read("agents")}:
            raise Fault("unknown", f"agent {agent} is not known", "See `remit agent list`")
        raise Fault("no_connection", f"no connection is granted to {agent}", f"remit grant add {agent} CONNECTION")
    raise typer.BadParameter(f"say which: {', '.join(found)}", param_hint="--connection")


def _previewed(answer: dict[str, Any]) -> None:
    if not show.json(answer):
        _verdict(answer["decision"], "would be ")
        if answer.get("preapproval"):
            show.say(f"  by preapproval {answer['preapproval']}")
    raise typer.Exit(EXITS[answer["decision"]["verdict"]])


def decided(record: dict[str, Any], wait: bool = False) -> None:
    """Show what was decided of an order and end with its exit code; a repeat shows the first answer. With `wait` a held
    one ends with what becomes of it."""
    repeated = record.get("first")
    decision = (repeated or record).get("decision")
    if decision is None:
        raise Fault("no_decision", "the guard answered without a decision", "remit log", FAULT)
    if wait and decision["verdict"] == "hold":
        if not caller().json:
            _verdict(decision)
        raise typer.Exit(wait_for(decision["order"], (repeated or record)["command"]["seq"]))
    if not show.json(record):
        if repeated:
            show.say(f"this intent was decided before, as entry {repeated['command']['seq']}; nothing acts twice")
        _verdict(decision)
        for event in record.get("events", ()):
            if event["event"] == "preapproval_used":
                show.say(f"  by preapproval {event['preapproval']}, {event['worth']} of it used")
        if decision["verdict"] == "hold":
            show.say(f"  waits for approval: remit approvals approve {decision['order']}")
        elif decision["verdict"] == "deny":
            show.say(f"  in full: remit why {decision['order']}")
    raise typer.Exit(EXITS[decision["verdict"]])


def _verdict(decision: dict[str, Any], before: str = "") -> None:
    word = {"allow": "allowed", "deny": "denied", "hold": "held"}[decision["verdict"]]
    priced = f" at worst {decision['worst_price']}, worth {decision['worth']} {decision['currency']}"
    show.say(
        f"{before}{word}  {decision['order']}  quantity {decision['quantity']}{priced if decision['currency'] else ''}",
        show.STYLES[word],
    )
    show.findings(decision.get("findings", ()))


@app.command()
def cancel(order: Order, json: Json = False) -> None:
    """Cancel a working order, or withdraw a held one. It always passes for who may touch the order.

    ```
    remit order cancel r1a2b3c4d-17
    ```
    """
    record = enter(make(Cancel, order=order))
    if not show.json(record):
        asked = any(event["event"] == "cancel_asked" for event in record["events"])
        show.say(f"{order}: the venue is asked to cancel it" if asked else f"{order}: withdrawn")


@app.command()
def replace(
    order: Order,
    quantity: Annotated[str, typer.Option(help="The new quantity in all, filled part included.")],
    limit: Annotated[str, typer.Option("--limit", help="The new limit price.")],
    json: Json = False,
) -> None:
    """Propose new terms for a working order: judged anew, at the larger of old and new until the venue confirms.

    ```
    remit order replace r1a2b3c4d-17 --quantity 12 --limit 101.20
    ```
    """
    body = make(
        Replace,
        id=f"cli-{secrets.token_hex(8)}",
        order=order,
        quantity=amount(Quantity, quantity, "--quantity"),
        limit_price=amount(Price, limit, "--limit"),
    )
    decided(enter(body))


COLUMNS = ("order", "at", "agent", "side", "quantity", "instrument", "limit_price", "filled", "state", "worth")


@app.command(name="list")
def list_(
    agent: Agent = None,
    state: Annotated[str | None, typer.Option(help="Only this state; `denied` reads the journal.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Only this instrument.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Only orders that may still trade.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """List orders, latest first.

    ```
    remit order list --live
    remit order list --agent momentum --state denied
    ```
    """
    if state is not None and state not in STATES:
        raise typer.BadParameter(f"{state!r} is none; take one of {', '.join(STATES)}", param_hint="--state")
    found = read("orders", agent=agent, state=state, instrument=instrument, live=live or None, limit=limit)
    if not show.json(found):
        more = ("rule",) if state == "denied" else ()
        few = [name for name in COLUMNS if show.wide(110) or name not in ("at", "filled", "worth")]
        show.rows(found, (*few, *more), "no orders")


@app.command(name="show")
def show_(order: Order, json: Json = False) -> None:
    """Show one order: its terms, its state, and each entry of the journal that moved it.

    ```
    remit order show r1a2b3c4d-17
    ```
    """
    found = read("order", order=order)
    if show.json(found):
        return
    terms = ("order", "state", "agent", "client", "connection", "side", "quantity", "instrument", "type", "limit_price")
    show.facts(found, (*terms, "worst_price", "filled", "paid_average", "worth", "currency", "exit", "at", "intent"))
    show.say("")
    show.rows(found["life"], ("seq", "at", "by", "kind", "event", "state", "details"), "nothing moved it")
    if not found["complete"]:
        show.say("not all of its life is told here: remit log --order " + order)


def why(
    of: Annotated[str, typer.Argument(metavar="ORDER|AGENT", help="An order's id, or an agent.")], json: Json = False
) -> None:
    """Explain the decision on an order, every rule that did not hold in words and numbers, and tell what became of it.

    Of an agent its story is told, as `remit timeline` does.

    ```
    remit why r1a2b3c4d-17
    remit why momentum
    ```
    """
    try:
        found = read("order", order=of)
    except GuardRefused as refused:
        if refused.code not in UNKNOWN or not (lines := _life(of)):
            raise
        if not show.json(lines):
            for line in lines:
                report.tell(line)
        return
    life = _life(of)
    if show.json({**found, "story": life}):
        return
    _explain(found)
    if life:
        show.say("what became of it:")
        for line in life:
            report.tell(line)


def _life(of: str) -> list[dict[str, Any]]:
    """Return the story of an order or an agent; empty for who may not read the journal of this machine."""
    try:
        return report.story(of)
    except Fault:
        return []


def _explain(found: dict[str, Any]) -> None:
    decision = found["decision"]
    show.say(f"{found['side']} {found['quantity']} {found['instrument']} for {found['agent']}", "bold")
    show.say(f"  {_asked(found)}")
    _verdict(decision)
    for finding in found["findings"]:
        show.say(f"  {finding['plain']}")
        if finding["sentence"]:
            show.say(f"    {finding['rule']}: {finding['sentence']}", "dim")
        if finding["retry_after_s"] is not None:
            show.say(f"    it would pass in {finding['retry_after_s']} s", "dim")
    if not found["findings"]:
        show.say("  every rule held")
    for name, bid, ask, last, at in decision.get("marks", ()):
        show.say(f"  judged on {name}: bid {bid}, ask {ask}, last {last}, of {show.when(at)}")
    digests = ", ".join(digest[:12] or "none" for digest in decision.get("mandates", ()))
    show.say(f"  mandates in force (firm first): {digests or 'none'}")
    if found["verdict"] != "deny":
        show.say(f"  state now: {found['state']}")


def _asked(found: dict[str, Any]) -> str:
    """Return who proposed an order; of the guard's own, what it closes."""
    by = found["by"]
    if by["role"] != "guard":
        return f"asked by {by['name']}, {by['role']}"
    what = f"what exit {found['closes']} protects" if found["closes"] else "what a kill leaves open"
    return f"asked by the guard, to close {what}"
