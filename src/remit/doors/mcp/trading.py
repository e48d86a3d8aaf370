"""Tools that act: preview, place, replace, cancel, close, and thoughts. The guard judges; nothing here decides."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from remit.doors.mcp import shapes_in as i
from remit.doors.mcp import shapes_out as o
from remit.doors.mcp.caller import Call
from remit.doors.mcp.reading import shared
from remit.doors.mcp.refusing import AS_IT_IS, CallRefused, check_taken, findings_of, when_again
from remit.kernel.codec import build
from remit.kernel.command import Cancel, Noted, Replace, Submit
from remit.kernel.numbers import text as number
from remit.kernel.order import OrderIntent


async def preview_order(call: Call, given: i.Preview) -> o.Judged:
    """Say how an order would be decided now, with every number. Nothing is placed."""
    answer = await call.preview(_submit(call, given, "preview"))
    return o.Judged(**shared(call), **_judged(answer["decision"]))


async def place_order(call: Call, given: i.Place) -> o.Placed:
    """Propose an order: the guard judges it against every limit, and only then sends it."""
    record = await call.enter(_submit(call, given, given.client_order_id), given.thought)
    return _placed(call, record, given.client_order_id)


async def replace_order(call: Call, given: i.Replace) -> o.Placed:
    """Propose a new quantity and limit price for a working limit order."""
    body = _made(
        Replace,
        id=given.client_order_id,
        order=given.order,
        quantity=given.quantity,
        limit_price=given.limit_price,
    )
    return _placed(call, await call.enter(body), given.client_order_id)


async def cancel_order(call: Call, given: i.OfOrder) -> o.Cancelled:
    """Cancel a working order, or withdraw a held one. Always open."""
    record = await call.enter(Cancel(order=given.order))
    check_taken(record)
    asked = any(event["event"] == "cancel_asked" for event in record["events"])
    return o.Cancelled(
        **shared(call),
        order=given.order,
        state="pending_cancel" if asked else "cancelled",
        says="the venue is asked; until it confirms, the order may still fill" if asked else "withdrawn",
    )


async def close_position(call: Call, given: i.Close) -> o.Placed:
    """Close a position, or a part of it, with an order that can only reduce it."""
    told = await call.read("closing", instrument=given.instrument, intent=given.client_order_id)
    if told["first"] is not None:
        return _closed_before(call, told["first"], given)
    found = [row for row in told["positions"] if given.connection in (None, row["connection"])]
    if not found:
        raise CallRefused("nothing_to_close", f"there is no position in {given.instrument}", "Nothing is left to do")
    if len(found) > 1:
        raise _say_which([row["connection"] for row in found])
    row = found[0]
    intent = _made(
        OrderIntent,
        id=given.client_order_id,
        agent=call.trader.agent,
        connection=row["connection"],
        instrument=given.instrument,
        side=row["side"],
        quantity=given.quantity or row["quantity"],
        created_at=time.time_ns(),
        type="market" if given.limit_price is None else "limit",
        limit_price=given.limit_price,
        # All of it means what is left when it is judged; a part is refused where it is more than that.
        reduce="clip" if given.quantity is None else "only",
        slippage_bps=None if given.slippage_bps is None else int(given.slippage_bps),
    )
    return _placed(call, await call.enter(Submit(intent=intent)), given.client_order_id)


def _closed_before(call: Call, first: dict[str, Any], given: i.Close) -> o.Placed:
    """Return the first answer to a closing that is asked for again; CallRefused where the id was another wish's."""
    intent = first["command"]["body"].get("intent", {})
    if intent.get("instrument") != given.instrument or intent.get("reduce", "any") == "any":
        raise CallRefused(
            "intent_id_unique", f"{given.client_order_id} was used for something else", "Take a new client_order_id"
        )
    return _placed(call, {"command": first["command"], "first": first, "events": ()}, given.client_order_id)


async def record_thought(call: Call, given: i.Note) -> o.Noted:
    """Keep what you think beside the journal, for the people who watch over you."""
    note = Noted(note="thought", agent=call.trader.agent, client=call.trader.client, order=given.order or "")
    check_taken(await call.enter(note, given.text))
    return o.Noted(**shared(call), kept=True)


async def analyze_market(call: Call, given: i.Ask) -> o.Analysis:
    """Ask a model about one market. It costs money, which is reserved from the budget before the model is asked."""
    from remit.doors.spend import analyst, analyze

    asked = analyze.Question(instrument=given.instrument, question=given.question)
    told = await analyze.analyze_market(call.ask, analyst.load(call.home), asked)
    return o.Analysis(
        **shared(call),
        instrument=told.instrument,
        model=f"{told.provider}/{told.model}",
        text=told.text,
        cost_usd=number(told.cost),
        settled=told.settled,
    )


# From what a tool takes to the kernel's nouns


def _submit(call: Call, given: i.Terms, name: str) -> Submit:
    intent = _made(
        OrderIntent,
        id=name,
        agent=call.trader.agent,
        connection=given.connection or _only_connection(call),
        instrument=given.instrument,
        side=given.side,
        quantity=given.quantity,
        created_at=time.time_ns(),
        type="market" if given.limit_price is None else "limit",
        limit_price=given.limit_price,
        time_in_force=given.time_in_force,
        reduce="only" if given.reduce_only else "any",
        slippage_bps=None if given.slippage_bps is None else int(given.slippage_bps),
        confidence=given.confidence,
        environment=call.trader.environment,
        exit=_exit(given),
    )
    return Submit(intent=intent)


def _exit(given: i.Terms) -> dict[str, Any] | None:
    legs = [
        {"kind": kind, "trigger": trigger}
        for kind, trigger in (("stop_loss", given.stop_loss), ("take_profit", given.take_profit))
        if trigger is not None
    ]
    return {"legs": legs} if legs else None


def _only_connection(call: Call) -> str:
    found = call.trader.connections
    if len(found) == 1:
        return found[0]
    if not found:
        raise CallRefused("no_connection", "no connection is granted to this agent", "Ask a person to grant one")
    raise _say_which(list(found))


def _say_which(names: list[str]) -> CallRefused:
    return CallRefused("say_which", f"there are several connections: {', '.join(names)}", "Say `connection`")


def _made(kind: type[Any], **fields: Any) -> Any:
    """Return a noun of the kernel from an agent's words; CallRefused where they do not fit together."""
    try:
        return build(kind, {name: value for name, value in fields.items() if value is not None})
    except (msgspec.ValidationError, ValueError) as fault:
        raise CallRefused(
            "bad_arguments", str(fault), "Correct the arguments; every number is plain decimal text"
        ) from None


# From a record to what a model is told


def _judged(decision: dict[str, Any]) -> dict[str, Any]:
    verdict, findings = decision["verdict"], findings_of(decision.get("findings", ()))
    retryable, after = when_again(findings) if verdict == "deny" else (False, None)
    code, fix = "ok", ""
    if verdict == "hold":
        code, fix = "needs_approval", "A person must approve. Do not place it again; ask get_approval now and then"
    elif verdict == "deny":
        code = next((finding.rule for finding in findings if finding.verdict == "deny"), "denied")
        fix = "Wait `retry_after_s`, then try with a new client_order_id" if retryable else AS_IT_IS
    return {
        "verdict": verdict,
        "code": code,
        "findings": findings,
        "worth": decision["worth"],
        "currency": decision["currency"],
        "quantity": decision["quantity"],
        "worst_price": decision["worst_price"],
        "retryable": retryable,
        "retry_after_s": after,
        "fix": fix,
    }


def _placed(call: Call, record: dict[str, Any], own_id: str) -> o.Placed:
    """Return what became of a proposal; of one that was decided before, the first answer."""
    check_taken(record)
    first = record.get("first") or record
    decision = first.get("decision")
    if decision is None:
        raise CallRefused("no_decision", "the guard answered without a decision", "Ask list_orders what became of it")
    held = decision["verdict"] == "hold"
    until = next((event["until"] for event in first["events"] if event.get("until")), None)
    left = None if until is None else max(until - int(record["command"]["at"]), 0) // 10**9
    return o.Placed(
        **shared(call),
        **_judged(decision),
        order=decision["order"],
        client_order_id=own_id,
        repeated="first" in record,
        approval_url=f"{call.approvals}{decision['order']}" if held else "",
        poll_with="get_approval" if held else "get_order",
        expires_in_s=None if left is None else str(left),
    )
