"""Storms: many things at one instant through several links, where a check and its reservation could come apart."""

from __future__ import annotations

import asyncio

from remit.kernel import command as c
from remit.kernel.numbers import BPS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_order, reduction, whole_lots
from remit.testing.sim.firm import AGENTS, CLIENTS, PEOPLE, TRADERS, Reply, agent_of
from remit.testing.sim.stage import Stage

ANYONE = ("everybody",)


def verdicts(replies: list[Reply]) -> str:
    """Return how many of each outcome, in words."""
    words = sorted({reply.words for reply in replies})
    return ", ".join(f"{sum(reply.words == word for reply in replies)} {word}" for word in words)


@deed("storm", 30, ANYONE, "open on one cap, several agents at once through several links")
async def storm(stage: Stage, doing: Doing) -> str:
    """Orders of one instrument and one side, each small enough alone, together far beyond the cap."""
    chance = doing.chance
    connection = chance.choice(("paper1", "paper1", "paper2", "paper3"))
    traders = [who for who in TRADERS if connection in AGENTS[agent_of(who)]]
    instrument, side = chance.choice(stage.listed(connection)), chance.choice(("buy", "buy", "sell"))
    asked = []
    for number in range(doing.times):
        who = chance.choice(traders)
        body = drawn_order(stage, who, chance, connection=connection, instrument=instrument, side=side)
        asked.append(stage.ask(who, body, link=number))
    return verdicts(await asyncio.gather(*asked))


@deed("storm", 15, ANYONE, "all send orders at once, of everything, through everything")
async def mixed_storm(stage: Stage, doing: Doing) -> str:
    """Orders of every sort, on the caps of the accounts and of the firm."""
    asked = []
    for number in range(doing.times):
        who = doing.chance.choice(TRADERS)
        asked.append(stage.ask(who, drawn_order(stage, who, doing.chance), link=number))
    return verdicts(await asyncio.gather(*asked))


@deed("storm", 12, TRADERS, "sells one position many times over at once")
async def closing_storm(stage: Stage, doing: Doing) -> str:
    """Ten sales of ten against a long of ten: one may pass."""
    first = await reduction(stage, doing.who, doing.chance, part=10_000)
    if first is None:
        return await storm(stage, doing)
    bodies = [stage.changed(first, id=stage.name(doing.chance, "i")) for _ in range(min(doing.times, 10))]
    replies = await asyncio.gather(*(stage.ask(doing.who, body, link=at) for at, body in enumerate(bodies)))
    return verdicts(list(replies))


@deed("storm", 6, TRADERS, "sends one order many times under one id")
async def clicking_storm(stage: Stage, doing: Doing) -> str:
    """The same intent over every link at once: it acts once."""
    body = drawn_order(stage, doing.who, doing.chance)
    replies = await asyncio.gather(*(stage.ask(doing.who, body, link=number) for number in range(doing.times)))
    return verdicts(list(replies))


@deed("storm", 8, TRADERS, "cancels, replaces and adds to its orders all at once")
async def change_storm(stage: Stage, doing: Doing) -> str:
    """What works is cancelled and replaced at the same instant, while new orders come."""
    rows = [row for row in await stage.see(doing.who, "orders", live=True) if row["limit_price"]]
    asked = []
    for number in range(doing.times):
        row = any_of(doing.chance, rows)
        kind = doing.chance.randrange(3)
        if row is None or kind == 0:
            asked.append(stage.ask(doing.who, drawn_order(stage, doing.who, doing.chance), link=number))
        elif kind == 1:
            asked.append(stage.ask(doing.who, c.Cancel(order=row["order"]), link=number))
        else:
            part = doing.chance.choice((5_000, 12_000, 30_000))
            quantity = whole_lots(stage.instruments[row["instrument"]], stage.number(row["quantity"]) * part // BPS)
            price = stage.price_near(row["instrument"], doing.chance.randint(-100, 100))
            name = stage.name(doing.chance, "r")
            body = c.Replace(id=name, order=row["order"], quantity=quantity, limit_price=price)
            asked.append(stage.ask(doing.who, body, link=number))
    return verdicts(await asyncio.gather(*asked))


@deed("storm", 8, ANYONE, "approve everything that is held at once, while more comes")
async def approving_storm(stage: Stage, doing: Doing) -> str:
    """Several people approve and decline the same orders at one instant, in the middle of a storm."""
    rows = await stage.see("bob", "approvals")
    asked = []
    for row in rows[: doing.times]:
        for who in doing.chance.sample(PEOPLE, 2):
            if doing.chance.random() < 0.15:
                asked.append(stage.ask(who, c.Decline(order=row["order"], why="in a storm")))
            else:
                asked.append(stage.ask(who, c.Approve(order=row["order"], digest=row["digest"])))
    for number in range(doing.times // 2 or 1):
        who = doing.chance.choice((*AGENTS, *CLIENTS))
        asked.append(stage.ask(who, drawn_order(stage, who, doing.chance), link=number))
    return verdicts(await asyncio.gather(*asked))
