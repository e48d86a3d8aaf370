"""What agents and their clients do one at a time: propose, repeat, reduce, replace, cancel, declare parents."""

from __future__ import annotations

import asyncio
from typing import Any

from remit.kernel import command as c
from remit.kernel.numbers import BPS, Quantity
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_order, reduction, whole_lots
from remit.testing.sim.firm import AGENTS, TRADERS, Reply
from remit.testing.sim.stage import Stage

RESTS_NS = 300_000_000
"""How long somebody waits for an order to be at work."""


@deed("trade", 30, TRADERS, "proposes an order")
async def propose(stage: Stage, doing: Doing) -> str:
    """One order of any sort; most fill, and some are beyond a limit."""
    body = drawn_order(stage, doing.who, doing.chance)
    return told(body, await stage.ask(doing.who, body, link=doing.chance.randrange(3)))


@deed("trade", 12, TRADERS, "sells what it holds, or buys back what it owes")
async def reduce(stage: Stage, doing: Doing) -> str:
    """A part, all or more than all of a position, as an ordinary order, as `only` or as `clip`."""
    body = await reduction(stage, doing.who, doing.chance)
    if body is None:
        return ""
    return told(body, await stage.ask(doing.who, body))


@deed("trade", 4, TRADERS, "sends the same order twice at once through two links")
async def double_click(stage: Stage, doing: Doing) -> str:
    """The second gets the first answer, or the same again."""
    body = drawn_order(stage, doing.who, doing.chance)
    first, second = await asyncio.gather(stage.ask(doing.who, body, link=0), stage.ask(doing.who, body, link=1))
    again = [reply for reply in (first, second) if reply.has("repeated")]
    stage.count("repeated", len(again))
    return told(body, first)


@deed("trade", 2, TRADERS, "asks again for an order that it asked for before")
async def ask_again(stage: Stage, doing: Doing) -> str:
    """As a caller does that got no answer: the same words, or other terms under the same id."""
    known = stage.proposed.get(doing.who, [])
    if not known:
        return ""
    body = doing.chance.choice(known)
    if doing.chance.random() < 0.3:
        other = Quantity(body.intent.quantity * 2)
        body = stage.changed(body, quantity=other)
    return told(body, await stage.ask(doing.who, body))


@deed("trade", 5, TRADERS, "gives a working order new terms")
async def replace(stage: Stage, doing: Doing) -> str:
    """New quantity and price, more or less than before, now and then with a cancel at the same instant."""
    row = await working_row(stage, doing)
    if row is None:
        return ""
    instrument = stage.instruments[row["instrument"]]
    part = doing.chance.choice((3_000, 7_000, 10_000, 15_000, 40_000))
    quantity = whole_lots(instrument, stage.number(row["quantity"]) * part // BPS)
    price = stage.price_near(row["instrument"], doing.chance.randint(-150, 150))
    body = c.Replace(id=stage.name(doing.chance, "r"), order=row["order"], quantity=quantity, limit_price=price)
    asked = [stage.ask(doing.who, body)]
    if doing.chance.random() < 0.2:
        asked.append(stage.ask(doing.who, c.Cancel(order=row["order"]), link=1))
    reply, *_ = await asyncio.gather(*asked)
    return f"{row['order']} becomes {quantity} at {price}: {reply.words}"


@deed("trade", 8, TRADERS, "cancels a working order")
async def cancel(stage: Stage, doing: Doing) -> str:
    """One of its own orders, whatever its state."""
    row = any_of(doing.chance, await stage.see(doing.who, "orders", live=True)) or await working_row(stage, doing)
    if row is None:
        return ""
    reply = await stage.ask(doing.who, c.Cancel(order=row["order"]))
    return f"{row['order']} ({row['state']}): {reply.words}"


@deed("trade", 2, TRADERS, "cancels everything it has at once")
async def cancel_everything(stage: Stage, doing: Doing) -> str:
    """Every order that it sees, at one instant."""
    rows = await stage.see(doing.who, "orders", live=True)
    await asyncio.gather(*(stage.ask(doing.who, c.Cancel(order=row["order"])) for row in rows))
    return f"{len(rows)} orders" if rows else ""


@deed("trade", 3, tuple(AGENTS), "works a parent order in children")
async def parent(stage: Stage, doing: Doing) -> str:
    """A list of children at once, which may add up to more than the parent."""
    first = drawn_order(stage, doing.who, doing.chance)
    intent, name = first.intent, stage.name(doing.chance, "p")
    declared = c.DeclareParent(
        parent=name, agent=intent.agent, instrument=intent.instrument, side=intent.side, quantity=intent.quantity
    )
    reply = await stage.ask(doing.who, declared)
    share = whole_lots(stage.instruments[intent.instrument], intent.quantity // 3)
    children = [
        stage.changed(first, id=f"{name}-{number}", parent=name, quantity=share, exit=None)
        for number in range(doing.chance.choice((2, 3, 3, 4)))
    ]
    replies = await asyncio.gather(*(stage.ask(doing.who, child) for child in children))
    return f"{name} ({reply.words}) in {len(children)} children: {', '.join(child.words for child in replies)}"


@deed("trade", 3, TRADERS, "asks what would be decided")
async def preview(stage: Stage, doing: Doing) -> str:
    """A preview, which changes nothing."""
    body = drawn_order(stage, doing.who, doing.chance)
    reply = await stage.call(doing.who, "preview", body)
    return f"{body.intent.quantity} {body.intent.instrument}: {reply.code or reply.ok['decision']['verdict']}"


@deed("trade", 3, TRADERS, "writes down what it thinks")
async def think(stage: Stage, doing: Doing) -> str:
    """A thought, or an error of its own, about an order or about none; now and then one that is another's."""
    chance = doing.chance
    row = any_of(chance, await stage.see("eve" if chance.random() < 0.2 else doing.who, "orders", live=True))
    note: dict[str, Any] = {"kind": "noted", "note": chance.choice(("thought", "thought", "error", "refused_call"))}
    if row is not None and chance.random() < 0.5:
        note["order"] = row["order"]
    if chance.random() < 0.1:
        note["agent"] = chance.choice(sorted(AGENTS))
    words = {} if chance.random() < 0.1 else {"text": f"thought {chance.getrandbits(20):05x}"}
    reply = await stage.call(doing.who, "command", {"command": note, **words} if words else note)
    stage.count(f"code:{reply.code}" if reply.code else "took:noted")
    return f"{note['note']}: {reply.words}"


async def working_row(stage: Stage, doing: Doing) -> dict[str, Any] | None:
    """Return a limit order of a trader that works; where there is none a resting one is sent first. None where that did
    not help."""
    for is_last in (False, True):
        rows = await stage.see(doing.who, "orders", live=True)
        found = [row for row in rows if row["state"] in ("acked", "partial") and row["limit_price"]]
        if found or is_last:
            return any_of(doing.chance, found)
        body = drawn_order(stage, doing.who, doing.chance, side="buy")
        name = body.intent.instrument
        lots = whole_lots(stage.instruments[name], 0)
        resting = {"type": "limit", "limit_price": stage.price_near(name, -150), "slippage_bps": None, "exit": None}
        await stage.ask(doing.who, stage.changed(body, **resting, time_in_force="gtc", quantity=lots))
        await stage.wait(RESTS_NS)
    return None


def told(body: c.Submit, reply: Reply) -> str:
    """Return an order and what became of it in a line."""
    intent = body.intent
    price = f"at {intent.limit_price}" if intent.limit_price is not None else "at the market"
    return f"{intent.side} {intent.quantity} {intent.instrument} {price} ({intent.id}): {reply.words}"
