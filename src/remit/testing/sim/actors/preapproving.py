"""What people confirm ahead of time, and what agents do with it: at once, beyond it, and at the instant it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS, SCALE, Money
from remit.testing.sim.actors.approving import ASKING, for_people
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, whole_lots
from remit.testing.sim.firm import CLIENTS, PEOPLE, agent_of, connections_of
from remit.testing.sim.stage import Stage

MILLISECOND = NANOSECONDS // 1000
AGENTS = tuple(name for name in ASKING if name not in CLIENTS)


def drawn_preapproval(stage: Stage, doing: Doing, agent: str, **fixed: Any) -> c.Preapprove:
    """Return a preapproval that somebody might give: some names or whole categories, a small or a large most, with and
    without a total, for a moment or for long."""
    chance = doing.chance
    listed = [name for connection in connections_of(agent) for name in stage.listed(connection)]
    named = tuple(sorted(set(chance.sample(listed, chance.randint(1, len(listed))))))
    most = chance.choice((500, 1_500, 1_500, 2_500))
    terms: dict[str, Any] = {
        "id": stage.name(chance, "p"),
        "agent": agent,
        "instruments": named,
        "notional_max": Money(most * SCALE),
        "total_max": None if chance.random() < 0.3 else Money(most * chance.choice((1, 2, 3)) * SCALE),
        "ends_at": stage.now() + chance.choice((2, 15, 15, 60)) * NANOSECONDS,
        "why": "small ones may go",
    }
    if chance.random() < 0.4:
        terms |= {"categories": (stage.instruments[named[0]].category,), "instruments": ()}
    return c.Preapprove(**(terms | fixed))


def larger(stage: Stage, doing: Doing, body: c.Submit) -> c.Submit:
    """Return an order as it is, or of so much more that a quorum may have to agree to it."""
    if doing.chance.random() < 0.6:
        return body
    lot = stage.instruments[body.intent.instrument]
    return stage.changed(body, quantity=whole_lots(lot, body.intent.quantity * 13 // 10))


async def orders(stage: Stage, doing: Doing, agent: str, times: int) -> str:
    """Let an agent and its clients ask for as many orders at once, each over a link of its own, and another agent for
    one; return what came of them."""
    by = [agent, *(name for name, of in CLIENTS.items() if of == agent)]
    others = [name for name in ASKING if agent_of(name) != agent]
    asking = [*(by * times)[:times], doing.chance.choice(others)]
    bodies = [larger(stage, doing, for_people(stage, doing, who)) for who in asking]
    asked = (stage.ask(who, body, link=link) for link, (who, body) in enumerate(zip(asking, bodies, strict=True)))
    return ", ".join(reply.words for reply in await asyncio.gather(*asked))


@deed("people", 5, PEOPLE, "confirms ahead of time what an agent may do")
async def preapprove(stage: Stage, doing: Doing) -> str:
    """Now and then what cannot be given: without a reason, of nothing, or for too long."""
    agent = doing.chance.choice(AGENTS)
    body = drawn_preapproval(stage, doing, agent)
    if doing.chance.random() < 0.15:
        wrong: dict[str, Any] = doing.chance.choice(
            ({"why": " "}, {"instruments": (), "categories": ()}, {"ends_at": body.ends_at + 10**9 * NANOSECONDS})
        )
        body = msgspec.structs.replace(body, **wrong)
    return f"for {agent}: {(await stage.ask(doing.who, body)).words}"


@deed("people", 3, PEOPLE, "ends a preapproval while its agent orders")
async def revoke_preapproval(stage: Stage, doing: Doing) -> str:
    """What the journal has first counts: an order after it waits for people again."""
    row = any_of(doing.chance, await stage.see(doing.who, "preapprovals"))
    if row is None:
        return ""
    body = c.RevokePreapproval(id=row["preapproval"], why="not any more")
    both = [stage.ask(doing.who, body), stage.ask(row["agent"], for_people(stage, doing, row["agent"]))]
    doing.chance.shuffle(both)
    replies = await asyncio.gather(*both)
    return f"{row['preapproval']}: {', '.join(reply.words for reply in replies)}"


@deed("trade", 3, PEOPLE, "confirms something ahead of time, and the agent and its client use it at once")
async def use_preapproval(stage: Stage, doing: Doing) -> str:
    """More of them at once than the total has room for; what they trade is named, or all of its categories are."""
    agent = doing.chance.choice(AGENTS)
    listed = tuple(sorted({name for connection in connections_of(agent) for name in stage.listed(connection)}))
    kinds = tuple(sorted({stage.instruments[name].category for name in listed}))
    terms = {"notional_max": Money(2_500 * SCALE), "total_max": Money(doing.chance.choice((3_000, 4_000)) * SCALE)}
    names = doing.chance.choice(({"instruments": listed, "categories": ()}, {"instruments": (), "categories": kinds}))
    given = await stage.ask(doing.who, drawn_preapproval(stage, doing, agent, **terms, **names))
    return f"for {agent}: {given.words}; {await orders(stage, doing, agent, 4)}"


@deed("people", 3, PEOPLE, "lets an agent order at the instant at which a preapproval ends")
async def preapproval_ends(stage: Stage, doing: Doing) -> str:
    """A moment before, exactly at, and a moment after its end."""
    agent = doing.chance.choice(AGENTS)
    ends = stage.now() + doing.chance.choice((1, 2, 4)) * NANOSECONDS
    terms = {"notional_max": Money(2_500 * SCALE), "total_max": None, "ends_at": ends}
    given = await stage.ask(doing.who, drawn_preapproval(stage, doing, agent, **terms))
    if given.code:
        return f"for {agent}: {given.words}"
    moment = doing.chance.choice((-50 * MILLISECOND, -MILLISECOND, 0, 0, MILLISECOND))
    await stage.wait(max(ends - stage.now() + moment, 0))
    return f"for {agent}: {await orders(stage, doing, agent, 3)}"


@deed("hostile", 3, ("momentum", "carry", "claude", "eve"), "confirms its own orders ahead of time, or another's")
async def preapprove_oneself(stage: Stage, doing: Doing) -> str:
    """Nobody who is no person gives one, nor ends one."""
    agent = agent_of(doing.who) if doing.who in ASKING else doing.chance.choice(AGENTS)
    replies = [await stage.ask(doing.who, drawn_preapproval(stage, doing, agent))]
    row = any_of(doing.chance, await stage.see("bob", "preapprovals"))
    if row is not None:
        replies.append(await stage.ask(doing.who, c.RevokePreapproval(id=row["preapproval"], why="mine now")))
    return f"for {agent}: {', '.join(reply.words for reply in replies)}"
