"""What people do with held orders: approve, decline, at once, too late, and after what they saw has changed."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS, SCALE
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_order, whole_lots
from remit.testing.sim.firm import APPROVERS, PEOPLE, Reply
from remit.testing.sim.limits import tightened
from remit.testing.sim.stage import Stage

MILLISECOND = NANOSECONDS // 1000
HELD_WORTH = 1_400
"""What an order is worth, in whole units, that an agent of the firm needs a person for."""
ASKING = ("momentum", "carry", "claude", "global")
"""Whose larger orders need a person."""
ROUNDS = 3
"""How often they ask, for other instruments each time, until one is held."""


async def held_row(stage: Stage, doing: Doing) -> dict[str, Any] | None:
    """Return a held order as an approver sees it; where none is held agents propose some first. None where that did not
    help."""
    rows = await stage.see(doing.who, "approvals")
    for _ in range(ROUNDS):
        if rows:
            break
        await asyncio.gather(*(stage.ask(who, for_people(stage, doing, who)) for who in ASKING))
        rows = await stage.see(doing.who, "approvals")
    return any_of(doing.chance, rows)


def for_people(stage: Stage, doing: Doing, who: str) -> c.Submit:
    """Return a plain order of the size that an agent needs a person for."""
    body = drawn_order(stage, who, doing.chance, side="buy")
    name = body.intent.instrument
    terms, price = stage.instruments[name], stage.price_near(name, -20)
    quantity = whole_lots(terms, HELD_WORTH * SCALE * SCALE // (stage.price(name) * terms.multiplier // SCALE))
    plain = {"slippage_bps": None, "exit": None, "reduce": "any", "time_in_force": "gtc"}
    return stage.changed(body, type="limit", limit_price=price, quantity=quantity, **plain)


def approval(row: dict[str, Any]) -> c.Approve:
    """Return the approval of what was shown."""
    return c.Approve(order=row["order"], digest=row["digest"])


def said(row: dict[str, Any], *replies: Reply) -> str:
    """Return what came of it in a line."""
    return f"{row['order']}: {', '.join(reply.words for reply in replies)}"


@deed("care", 10, PEOPLE, "approves a held order")
async def approve(stage: Stage, doing: Doing) -> str:
    """One person approves; it may take another one."""
    row = await held_row(stage, doing)
    return "" if row is None else said(row, await stage.ask(doing.who, approval(row)))


@deed("people", 4, PEOPLE, "approves a held order while somebody else does")
async def approve_together(stage: Stage, doing: Doing) -> str:
    """Two approvals of one order at one instant, or the same person's twice over two links."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    other = doing.chance.choice(PEOPLE)
    both = (stage.ask(doing.who, approval(row)), stage.ask(other, approval(row), link=1))
    return said(row, *await asyncio.gather(*both))


@deed("people", 3, PEOPLE, "approves a held order while somebody declines it")
async def approve_and_decline(stage: Stage, doing: Doing) -> str:
    """Exactly one of them wins, once."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    other = doing.chance.choice(PEOPLE)
    both = [stage.ask(doing.who, approval(row)), stage.ask(other, c.Decline(order=row["order"], why="no"))]
    doing.chance.shuffle(both)
    return said(row, *await asyncio.gather(*both))


@deed("people", 3, PEOPLE, "approves a held order at the instant at which its hold ends")
async def approve_late(stage: Stage, doing: Doing) -> str:
    """A moment before, exactly at, and a moment after the end of the hold."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    moment = doing.chance.choice((-50 * MILLISECOND, -MILLISECOND, 0, 0, MILLISECOND, 500 * MILLISECOND))
    left = min(row["until"] - stage.now(), 60 * NANOSECONDS)
    await stage.wait(max(left + moment, 0))
    return said(row, await stage.ask(doing.who, approval(row)))


@deed("people", 2, PEOPLE, "approves an order whose mandate was tightened since it was held")
async def approve_after_tightening(stage: Stage, doing: Doing) -> str:
    """The approval is of terms that are not in force any more."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    of = subject("agent", row["agent"])
    body = c.SetMandate(subject=of, mandate=tightened(stage.mandate(of), 50), why="tighter while an order is held")
    first = await stage.ask("ann", body)
    return said(row, first, await stage.ask(doing.who, approval(row)))


@deed("people", 2, PEOPLE, "approves an order of an agent that was halted since")
async def approve_after_halt(stage: Stage, doing: Doing) -> str:
    """The order is judged again at its release."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    body = c.Halt(subject=doing.chance.choice((subject("agent", row["agent"]), row["account"])), why="while held")
    first = await stage.ask(doing.chance.choice(APPROVERS), body)
    return said(row, first, await stage.ask(doing.who, approval(row)))


@deed("people", 2, PEOPLE, "approves something other than what is held")
async def approve_another_digest(stage: Stage, doing: Doing) -> str:
    """An approval that names what was shown of another order, or of nothing."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    body = c.Approve(order=row["order"], digest=row["digest"][::-1])
    return said(row, await stage.ask(doing.who, body))


@deed("people", 3, PEOPLE, "approves all held orders at once")
async def approve_in_bulk(stage: Stage, doing: Doing) -> str:
    """Each must be within what its mandates allow of that, and most allow none."""
    if await held_row(stage, doing) is None:
        return ""
    rows = await stage.see(doing.who, "approvals")
    bodies = [msgspec.structs.replace(approval(row), bulk=True) for row in rows]
    replies = await asyncio.gather(*(stage.ask(doing.who, body, link=n) for n, body in enumerate(bodies)))
    return ", ".join(f"{row['order']}: {reply.words}" for row, reply in zip(rows, replies, strict=True))


@deed("people", 4, PEOPLE, "declines a held order")
async def decline(stage: Stage, doing: Doing) -> str:
    """One person is enough to decline."""
    row = await held_row(stage, doing)
    if row is None:
        return ""
    return said(row, await stage.ask(doing.who, c.Decline(order=row["order"], why="not this one")))
