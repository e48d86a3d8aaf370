"""What befalls the venues beside what befalls each request: outages, closures, resolutions, drift, strays, busts."""

from __future__ import annotations

from typing import Literal

from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS, SCALE, Money, Price, Quantity
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of
from remit.testing.sim.firm import CONNECTIONS
from remit.testing.sim.market import CASH
from remit.testing.sim.stage import Stage
from remit.venues.paper.state import PaperOrder

VENUES = ("north", "south")
AWAY_NS = (200_000_000, 2 * NANOSECONDS, 15 * NANOSECONDS, 40 * NANOSECONDS)
MILLISECOND = NANOSECONDS // 1000
OPERATOR = "ann"
OUTCOMES: tuple[Literal["yes", "no", "void", "disputed"], ...] = ("yes", "no", "void", "disputed", "disputed")


@deed("venue", 3, VENUES, "answers nobody for a while")
async def outage(stage: Stage, doing: Doing) -> str:
    """Its process runs and takes nothing."""
    stage.market.away(doing.who)
    away = doing.chance.choice(AWAY_NS)
    await stage.wait(away)
    stage.market.away(doing.who, False)
    return f"for {away} ns"


@deed("venue", 3, VENUES, "cannot be reached for a while")
async def cut_off(stage: Stage, doing: Doing) -> str:
    """Nothing passes, and what was on its way arrives late."""
    stage.market.cut(doing.who)
    away = doing.chance.choice(AWAY_NS)
    await stage.wait(away)
    stage.market.mend(doing.who)
    return f"for {away} ns"


@deed("venue", 3, VENUES, "drops every link")
async def dropped_links(stage: Stage, doing: Doing) -> str:
    """What was under way on them is unknown."""
    stage.market.drop(doing.who)
    return "all of them"


@deed("venue", 2, VENUES, "crashes and comes back")
async def venue_crash(stage: Stage, doing: Doing) -> str:
    """It remembers everything; its links do not."""
    stage.market.crash(doing.who)
    away = doing.chance.choice(AWAY_NS)
    await stage.wait(away)
    stage.market.start(doing.who)
    return f"after {away} ns"


@deed("venue", 2, VENUES, "has its clock wrong")
async def skewed(stage: Stage, doing: Doing) -> str:
    """Ahead or behind: permits seem expired, or not yet."""
    skew = doing.chance.choice((-60, -5, -1, 1, 5, 60)) * NANOSECONDS
    stage.market.skew(doing.who, skew)
    await stage.wait(doing.chance.choice(AWAY_NS))
    stage.market.skew(doing.who, 0)
    return f"by {skew} ns"


@deed("venue", 3, VENUES, "closes a market, and opens it later")
async def close_market(stage: Stage, doing: Doing) -> str:
    """People tell the guard, or do not."""
    name = _of(stage, doing)
    stage.market.close_market(name, doing.chance.choice(("halted", "closed")))
    told = doing.chance.random() < 0.5
    if told:
        await stage.ask(OPERATOR, c.SetTradingState(instrument=name, state="halted"))
    await stage.wait(doing.chance.choice(AWAY_NS))
    stage.market.open_market(name)
    if told:
        await stage.ask(OPERATOR, c.SetTradingState(instrument=name, state="trading"))
    return f"{name}, and the guard {'knows' if told else 'is not told'}"


@deed("venue", 1, ("north",), "resolves a market")
async def resolve(stage: Stage, doing: Doing) -> str:
    """Or disputes it, or calls it void; people tell the guard before, at the same instant or after."""
    outcome = doing.chance.choice(OUTCOMES)
    void = Price(SCALE // 2) if outcome == "void" else None
    event = c.Resolve(market="RAIN", outcome=outcome, void_price=void)
    return await _settled(stage, doing, event)


@deed("venue", 2, VENUES, "splits shares, pays a dividend or takes funding")
async def settle(stage: Stage, doing: Doing) -> str:
    """Both sides book it, not at the same instant."""
    name = _of(stage, doing)
    kind = stage.instruments[name].kind
    if kind in ("equity", "etf"):
        amount = Money(doing.chance.randint(1, 50) * SCALE // 100)
        return await _settled(stage, doing, c.Dividend(instrument=name, amount=amount))
    if kind == "perpetual":
        amount = Money(doing.chance.randint(-50, 50) * SCALE // 100)
        return await _settled(stage, doing, c.Funding(instrument=name, amount=amount))
    return ""


@deed("venue", 2, VENUES, "lists an instrument with another tick")
async def change_tick(stage: Stage, doing: Doing) -> str:
    """The guard learns of it a little later: until then its prices are refused there."""
    name = _of(stage, doing)
    tick = Price(stage.instruments[name].tick * doing.chance.choice((1, 2, 5)) // doing.chance.choice((1, 1, 5)))
    changed = stage.market.change_tick(name, max(tick, Price(SCALE // 1_000)))
    await stage.wait(doing.chance.choice((0, MILLISECOND, 3 * NANOSECONDS)))
    stage.instruments[name] = changed
    return f"{name} by {changed.tick}: {(await stage.ask(OPERATOR, c.AddInstrument(instrument=changed))).words}"


@deed("venue", 2, tuple(CONNECTIONS), "shows a position that nobody traded")
async def drift(stage: Stage, doing: Doing) -> str:
    """A transfer, or a mistake of the venue."""
    name = doing.chance.choice(stage.listed(doing.who))
    by = Quantity(doing.chance.choice((-20, -1, 1, 7)) * stage.instruments[name].lot)
    stage.market.drift(doing.who, name, by)
    return f"{by} {name}"


@deed("venue", 2, tuple(CONNECTIONS), "shows cash that nobody moved")
async def cash_drift(stage: Stage, doing: Doing) -> str:
    """A fee, a deposit: large, or too small to matter."""
    amount = Money(doing.chance.choice((-50_000, -150, -20, 30, 200_000)) * SCALE // 100)
    currency = next(iter(CASH[doing.who]))
    stage.market.pay(doing.who, currency, amount)
    return f"{amount} {currency}"


@deed("venue", 2, tuple(CONNECTIONS), "works an order that nobody sent")
async def stray(stage: Stage, doing: Doing) -> str:
    """Placed by somebody else on the same connection; it may fill."""
    name = doing.chance.choice(stage.listed(doing.who))
    terms = stage.instruments[name]
    order = PaperOrder(
        id=stage.name(doing.chance, "stray-"),
        connection=doing.who,
        instrument=name,
        side=doing.chance.choice(("buy", "sell")),
        type="limit",
        time_in_force="gtc",
        quantity=Quantity(terms.lot * doing.chance.randint(1, 5)),
        price=stage.price_near(name, doing.chance.choice((-500, 0, 500))),
    )
    return f"{order.side} {order.quantity} {name}" if stage.market.stray(doing.who, order) else ""


@deed("venue", 3, tuple(CONNECTIONS), "takes a fill back")
async def bust(stage: Stage, doing: Doing) -> str:
    """Any fill there ever was, also one that closed something since."""
    return stage.market.bust(doing.who, doing.chance)


@deed("venue", 3, tuple(CONNECTIONS), "fills an order of its own accord")
async def fill(stage: Stage, doing: Doing) -> str:
    """In part or whole; one that was cancelled before, too, which its book hears as a late fill."""
    orders = [
        order
        for (of, _), order in stage.market.exchange_of(doing.who).floor.orders.items()
        if of == doing.who and order.remaining > 0 and order.instrument not in _closed(stage, doing.who)
    ]
    order = any_of(doing.chance, orders[-20:])
    if order is None:
        return ""
    lot = stage.instruments[order.instrument].lot
    lots = max(order.remaining // lot, 1)
    quantity = Quantity(lot * doing.chance.choice((1, lots, max(lots // 2, 1))))
    stage.market.fill(doing.who, order.id, quantity)
    return f"{quantity} of {order.id}, which was {order.life}"


@deed("venue", 1, VENUES, "ends its session")
async def end_session(stage: Stage, doing: Doing) -> str:
    """Every day order expires."""
    stage.market.end_session(doing.who)
    return "day orders expire"


async def _settled(stage: Stage, doing: Doing, event: c.Resolve | c.Dividend | c.Funding) -> str:
    """Let venue and guard hear of a settlement, in a drawn order and a drawn time apart; return what came of it."""
    apart = doing.chance.choice((0, MILLISECOND, NANOSECONDS, 5 * NANOSECONDS))
    if doing.chance.random() < 0.5:
        took = stage.market.settle(event)
        await stage.wait(apart)
        return f"{type(event).__name__}: {(await stage.ask(OPERATOR, event)).words}" if took else ""
    reply = await stage.ask(OPERATOR, event)
    await stage.wait(apart)
    stage.market.settle(event)
    return f"{type(event).__name__}: {reply.words}"


def _of(stage: Stage, doing: Doing) -> str:
    return doing.chance.choice(list(stage.market.exchanges[doing.who].floor.instruments))


def _closed(stage: Stage, connection: str) -> set[str]:
    return set(stage.market.exchange_of(connection).floor.trading)
