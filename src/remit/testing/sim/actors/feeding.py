"""What the feed says: prices once in a while, and nonsense: crossed, dated 1970 or ahead, leaping, doubled, nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.instrument import FxMark, Mark
from remit.kernel.numbers import BPS, NANOSECONDS, Price, Ratio
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.firm import FEED
from remit.testing.sim.stage import Stage

FEEDS = (FEED,)
HOUR_NS = 3_600 * NANOSECONDS


def marks_of(stage: Stage, names: list[str]) -> tuple[Mark, ...]:
    """Return what the feed says of instruments now: the market's price with a small spread."""
    found = []
    for name in names:
        tick, price = stage.instruments[name].tick, stage.price(name)
        bid = Price(max(price - price % tick - tick, tick))
        close = Price(stage.first_price(name))
        ask = Price(bid + 2 * tick)
        found.append(Mark(instrument=name, at=stage.now(), bid=bid, ask=ask, last=Price(bid + tick), close=close))
    return tuple(found)


def rate_of(stage: Stage) -> tuple[FxMark, ...]:
    """Return the exchange rate that the feed says now."""
    return (FxMark(of="EUR", to="USD", at=stage.now(), rate=stage.rate),)


async def say(stage: Stage, marks: tuple[Mark, ...], fx: tuple[FxMark, ...] = ()) -> str:
    """Send marks as the feed; return what the guard answered."""
    reply = await stage.caller(FEED).ask("command", c.Marked(marks=marks, fx=fx))
    stage.count(f"code:{reply.code}" if reply.code else "took:marked")
    return reply.words


def one_mark(stage: Stage, doing: Doing, **changed: Any) -> tuple[Mark, ...]:
    """Return a mark of one instrument with some of its fields changed."""
    (mark,) = marks_of(stage, [doing.chance.choice(sorted(stage.instruments))])
    return (msgspec.structs.replace(mark, **changed),)


@deed("feed", 6, FEEDS, "shows prices that move")
async def swing(stage: Stage, doing: Doing) -> str:
    """The market itself moves at once: it triggers exits, loses money, crosses caps."""
    name = doing.chance.choice(sorted(stage.instruments))
    bps = doing.chance.choice((-1_500, -500, -300, -150, -60, 60, 150, 300, 500, 1_500))
    stage.market.shock(name, bps)
    return f"{name} by {bps} bps: {await say(stage, marks_of(stage, [name]))}"


@deed("feed", 3, FEEDS, "shows a crossed price")
async def crossed(stage: Stage, doing: Doing) -> str:
    """The bid above the ask."""
    (mark,) = one_mark(stage, doing)
    return await say(stage, (msgspec.structs.replace(mark, bid=mark.ask, ask=mark.bid),))


@deed("feed", 2, FEEDS, "shows prices below zero")
async def below_zero(stage: Stage, doing: Doing) -> str:
    """Numbers that are no price."""
    return await say(stage, one_mark(stage, doing, last=Price(-1), low=Price(0)))


@deed("feed", 3, FEEDS, "dates a price 1970")
async def dated_1970(stage: Stage, doing: Doing) -> str:
    """It comes late against every other one."""
    return await say(stage, one_mark(stage, doing, at=doing.chance.choice((0, 1, 86_400 * NANOSECONDS))))


@deed("feed", 3, FEEDS, "dates a price ahead of time")
async def dated_ahead(stage: Stage, doing: Doing) -> str:
    """By seconds or by a year."""
    ahead = doing.chance.choice((3 * NANOSECONDS, 60 * NANOSECONDS, HOUR_NS, 8_760 * HOUR_NS))
    return await say(stage, one_mark(stage, doing, at=stage.now() + ahead))


@deed("feed", 4, FEEDS, "shows a price far from the last one")
async def leaping(stage: Stage, doing: Doing) -> str:
    """Once, or twice in a row, which looks more like the truth."""
    (mark,) = one_mark(stage, doing)
    times = doing.chance.choice((1, 2, 5, 100))
    price = Price(max(mark.last * times * doing.chance.choice((3_000, 13_000, 50_000)) // BPS, 1))
    told = ""
    for _ in range(doing.chance.choice((1, 1, 2))):
        mark = msgspec.structs.replace(mark, at=stage.now(), bid=price, ask=price, last=price)
        told = await say(stage, (mark,))
        await stage.wait(doing.chance.choice((1, 600)) * NANOSECONDS // 1000)
    return f"{mark.instrument} at {price}: {told}"


@deed("feed", 3, FEEDS, "falls silent")
async def silence(stage: Stage, doing: Doing) -> str:
    """For a few seconds, or for so long that what is held counts as quiet."""
    seconds = doing.chance.choice((3, 15, 70, 100))
    stage.feed_until = stage.loop.ns + seconds * NANOSECONDS
    return f"for {seconds} s"


@deed("feed", 2, FEEDS, "says everything twice, and old things again")
async def doubled(stage: Stage, doing: Doing) -> str:
    """The same marks again, and one from before after a newer one."""
    marks = marks_of(stage, sorted(stage.instruments))
    old = tuple(msgspec.structs.replace(mark, at=mark.at - 2 * NANOSECONDS) for mark in marks)
    return ", ".join([await say(stage, batch) for batch in (marks, marks, old)])


@deed("feed", 2, FEEDS, "speaks of instruments that nobody knows")
async def unknown_names(stage: Stage, doing: Doing) -> str:
    """Among others that are known: those are taken."""
    (mark,) = one_mark(stage, doing)
    return await say(stage, (mark, msgspec.structs.replace(mark, instrument="NOBODY-KNOWS")))


@deed("feed", 2, FEEDS, "moves the exchange rate")
async def swing_rate(stage: Stage, doing: Doing) -> str:
    """All that the fund holds is worth more or less at once; a rate from 1970 is none."""
    bps = doing.chance.choice((-800, -100, 100, 800))
    stage.rate = Ratio(stage.rate * (BPS + bps) // BPS)
    at = doing.chance.choice((0, stage.now(), stage.now(), stage.now()))
    return await say(stage, (), (FxMark(of="EUR", to="USD", at=at, rate=stage.rate),))
