"""What agents spend on models: metered and settled, metered and forgotten, reported, of unknown price, and forged."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS, SCALE, Money
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of
from remit.testing.sim.actors.storms import verdicts
from remit.testing.sim.firm import OPERATORS, TRADERS, agent_of
from remit.testing.sim.stage import Stage

CENTS = (1, 10, 40, 40, 90, 150, 300)
"""What a call may cost, in hundredths of a US dollar; the budgets of the firm are a few dollars."""


def drawn_meter(stage: Stage, doing: Doing, key: str, **fixed: Any) -> c.MeterSpend:
    """Return what somebody asks before a call: now and then of a price that is not known."""
    chance = doing.chance
    cents = chance.choice(CENTS) * chance.randint(50, 150)
    terms: dict[str, Any] = {
        "id": stage.name(chance, "s"),
        "provider": "p",
        "model": chance.choice(("small", "large")),
        "cost_max": None if chance.random() < 0.05 else Money(cents * SCALE // 10_000),
        "seal": hashlib.sha256(key.encode()).hexdigest(),
    }
    return c.MeterSpend(**(terms | fixed))


def report_of(body: c.MeterSpend, cost: Money | None, key: str = "") -> c.ReportSpend:
    """Return what a metered call did cost."""
    return c.ReportSpend(
        id=body.id, provider=body.provider, model=body.model, input_tokens=100, output_tokens=10, cost=cost, key=key
    )


def drawn_key(doing: Doing) -> str:
    """Return a key that nobody else knows."""
    return f"{doing.chance.getrandbits(256):064x}"


@deed("trade", 4, TRADERS, "calls a model, metered and settled")
async def call_model(stage: Stage, doing: Doing) -> str:
    """It is settled at once or much later, once or twice, for less than was reserved and now and then for more."""
    key = drawn_key(doing)
    body = drawn_meter(stage, doing, key)
    replies = [await stage.ask(doing.who, body)]
    if not replies[0].has("spent") or body.cost_max is None:
        return replies[0].words
    await stage.wait(doing.chance.choice((0, 0, 1, 40)) * NANOSECONDS)
    part = doing.chance.choice((0, 30, 30, 100, 100, 140))
    told = report_of(body, Money(body.cost_max * part // 100), key)
    times = doing.chance.choice((1, 1, 2))
    replies += await asyncio.gather(*(stage.ask(doing.who, told, link=at) for at in range(times)))
    return f"{part} %: {', '.join(reply.words for reply in replies)}"


@deed("trade", 2, TRADERS, "meters a call of a model and never comes back")
async def die_before_settling(stage: Stage, doing: Doing) -> str:
    """What was reserved counts until the day is over, or a person settles it."""
    return (await stage.ask(doing.who, drawn_meter(stage, doing, drawn_key(doing)))).words


@deed("trade", 3, TRADERS, "reports what it spent by itself")
async def report_usage(stage: Stage, doing: Doing) -> str:
    """Twice at once, now and then, and then with another amount: only the first of an id counts."""
    body = report_of(drawn_meter(stage, doing, ""), Money(doing.chance.choice(CENTS) * SCALE // 100))
    replies = [await stage.ask(doing.who, body)]
    if doing.chance.random() < 0.4:
        less = msgspec.structs.replace(body, cost=Money(0))
        again = (stage.ask(doing.who, body), stage.ask(doing.who, less, link=1))
        replies += await asyncio.gather(*again)
    return ", ".join(reply.words for reply in replies)


@deed("storm", 4, ("everybody",), "call models at once on one budget")
async def spend_together(stage: Stage, doing: Doing) -> str:
    """Each small enough alone, together far beyond every budget."""
    asked = []
    for number in range(doing.times):
        who = doing.chance.choice(TRADERS)
        asked.append(stage.ask(who, drawn_meter(stage, doing, drawn_key(doing)), link=number))
    return verdicts(list(await asyncio.gather(*asked)))


@deed("hostile", 3, TRADERS, "reports a call whose price nobody knows")
async def report_unknown(stage: Stage, doing: Doing) -> str:
    """Every budget on its path is closed until a person says what it did cost."""
    return (await stage.ask(doing.who, report_of(drawn_meter(stage, doing, ""), None))).words


@deed("hostile", 4, TRADERS, "settles a call that is not its own to settle")
async def forge_settlement(stage: Stage, doing: Doing) -> str:
    """Without the key, with another, in the name of another client, or as a person would."""
    body = drawn_meter(stage, doing, drawn_key(doing))
    replies = [await stage.ask(doing.who, body)]
    nothing, agent = Money(0), agent_of(doing.who)
    forged: tuple[Any, ...] = (
        report_of(body, nothing),
        report_of(body, nothing, drawn_key(doing)),
        msgspec.structs.replace(report_of(body, nothing), agent=agent, client="claude"),
        c.SettleSpend(id=body.id, agent=agent, cost=nothing, why="nothing was used"),
    )
    for said in doing.chance.sample(forged, 2):
        replies.append(await stage.ask(doing.who, said))
    return ", ".join(reply.words for reply in replies)


@deed("care", 4, OPERATORS, "says what calls of models did cost")
async def settle_price(stage: Stage, doing: Doing) -> str:
    """Those of unknown price, all of them, and now and then one whose caller never came back."""
    calls = (await stage.see(doing.who, "spend") or {"calls": []})["calls"]
    waiting = [call for call in calls if call["state"] == "unpriced"]
    reserved = any_of(doing.chance, [call for call in calls if call["state"] == "reserved"])
    if reserved is not None and doing.chance.random() < 0.3:
        waiting.append(reserved)
    replies = []
    for call in waiting:
        cost = Money(doing.chance.choice(CENTS) * SCALE // 1_000)
        body = c.SettleSpend(id=call["id"], agent=call["agent"], cost=cost, why="the provider's bill")
        replies.append(await stage.ask(doing.who, body))
    return verdicts(replies) if replies else ""
