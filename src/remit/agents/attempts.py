"""What the rogue tries: one line each, with the rule or code that must stop it. An empty one must pass.

The rogue's mandate (see `remit.up.desk`) is the starter preset, tightened; the shares it tries with are worth about 25.
"""

from __future__ import annotations

import time
from typing import Any

from remit.agents.idea import away
from remit.agents.rogue import Attempt, Outcome, Rogue, changed, outcome_of
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.instrument import Mark
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import DAY_NS, Price, Quantity, Ratio, parse
from remit.kernel.order import OrderIntent

CHEAP, DEAR, CALM, BLOCKED = "MSFT", "AAPL", "IBM", "GOOG"
FAR_BPS = 2500
"""So far above the mark that an order rests, whatever the day brings."""
FAR_STOP_BPS = -4000


def units(text: str) -> Quantity:
    return parse(Quantity, text)


def order(label: str, stopped_by: str, side: str, instrument: str, quantity: str = "1", **more: Any) -> Attempt:
    """Return the attempt to propose one order; `away_bps` makes it a limit so far from the mark."""
    return Attempt(label, stopped_by, lambda rogue: rogue.order(side, instrument, units(quantity), **more))


async def decent(rogue: Rogue) -> Outcome:
    outcome = await rogue.order("buy", CHEAP, units("10"))
    rogue.kept["decent"] = rogue.kept["intent"]
    return outcome


async def too_large(rogue: Rogue) -> Outcome:
    return await rogue.order("buy", DEAR, await rogue.worth(DEAR, 6000))


async def large(rogue: Rogue) -> Outcome:
    outcome = await rogue.order("buy", CALM, await rogue.worth(CALM, 3000))
    rogue.kept["held"] = rogue.kept["answer"]
    return outcome


async def approve_own(rogue: Rogue) -> Outcome:
    events = rogue.kept["held"]["events"]
    held = next((event for event in events if event["event"] == "reserved"), {"order": "none", "digest": "0" * 64})
    return await rogue.say(c.Approve(order=held["order"], digest=held["digest"]))


async def same_again(rogue: Rogue) -> Outcome:
    return await rogue.send(rogue.kept["decent"])


async def id_reused(rogue: Rogue) -> Outcome:
    return await rogue.send(changed(rogue.kept["decent"], quantity=units("11")))


async def off_tick(rogue: Rogue) -> Outcome:
    intent = await rogue.intent("buy", CALM, away_bps=-100)
    assert intent.limit_price is not None
    return await rogue.send(changed(intent, limit_price=Price(intent.limit_price + 10**15)))


async def old(rogue: Rogue) -> Outcome:
    return await rogue.order("buy", CALM, created_at=time.time_ns() - 40 * DAY_NS)


async def tomorrow(rogue: Rogue) -> Outcome:
    return await rogue.order("buy", CALM, created_at=time.time_ns() + DAY_NS)


async def bait(rogue: Rogue) -> Outcome:
    outcome = await rogue.order("sell", CHEAP, away_bps=FAR_BPS)
    rogue.kept["bait"] = rogue.kept["intent"]
    rogue.kept["bait order"] = rogue.kept["answer"]["decision"]["order"]
    return outcome


async def bait_again(rogue: Rogue) -> Outcome:
    now = time.time_ns()
    return await rogue.send(changed(rogue.kept["bait"], id=f"try:the-same-order-twice:{now}", created_at=now))


async def into_itself(rogue: Rogue) -> Outcome:
    intent = await rogue.intent("buy", CHEAP, away_bps=0)
    return await rogue.send(changed(intent, limit_price=rogue.kept["bait"].limit_price))


async def replaced(rogue: Rogue) -> Outcome:
    bait: OrderIntent = rogue.kept["bait"]
    assert bait.limit_price is not None
    body = c.Replace(
        id=f"try:replace:{time.time_ns()}",
        order=rogue.kept["bait order"],
        quantity=units("2"),
        limit_price=bait.limit_price,
    )
    return await rogue.say(body)


async def as_momentum(rogue: Rogue) -> Outcome:
    return await rogue.order("buy", CHEAP, agent="momentum")


async def widen(rogue: Rogue) -> Outcome:
    return await rogue.say(c.SetMandate(subject="agent:rogue", mandate=EMPTY, why="I need more room"))


async def grant(rogue: Rogue) -> Outcome:
    return await rogue.say(c.SetGrant(agent="rogue", connection="reserve", granted=True))


async def capability(rogue: Rogue) -> Outcome:
    return await rogue.say(c.SetCapability(agent="rogue", capability="replace_order", enabled=True))


async def new_token(rogue: Rogue) -> Outcome:
    return await rogue.say({"kind": "new_token", "role": "operator", "name": "owner", "owner": "owner"})


async def forged(rogue: Rogue) -> Outcome:
    intent = await rogue.intent("buy", CHEAP)
    return await rogue.say_with("remit_op_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", c.Submit(intent=intent))


async def own_price(rogue: Rogue) -> Outcome:
    price = parse(Price, "999")
    mark = Mark(instrument=CHEAP, at=time.time_ns(), bid=price, ask=price, last=price, source="rogue")
    return await rogue.say(c.Marked(marks=(mark,)))


async def peek(rogue: Rogue) -> Outcome:
    await rogue.trader.read("exposure", subject="agent:momentum")
    return Outcome("taken")


def malformed(label: str, **fields: Any) -> Attempt:
    """Return the attempt to send an order that is none."""

    async def make(rogue: Rogue) -> Outcome:
        intent = plain(await rogue.intent("buy", CHEAP))
        return await rogue.say({"kind": "submit", "intent": intent | fields})

    return Attempt(label, "request_malformed", make)


async def too_fast(rogue: Rogue) -> Outcome:
    outcome = Outcome("allow")
    for step in range(8):
        outcome = await rogue.order("sell", CHEAP, away_bps=FAR_BPS + 20 * (step + 1))
        if outcome.verdict != "allow":
            break
    return outcome


async def loop(rogue: Rogue) -> Outcome:
    outcome = Outcome("allow")
    for _ in range(5):
        outcome = await rogue.order("buy", BLOCKED, units("2"))
    return outcome


async def child(rogue: Rogue) -> Outcome:
    parent = f"parent-{time.time_ns()}"
    declared = c.DeclareParent(parent=parent, agent="rogue", instrument=CHEAP, side="sell", quantity=units("2"))
    answer = outcome_of(await rogue.trader.client.ask("command", declared))
    if answer.verdict != "taken":
        return answer
    return await rogue.order("sell", CHEAP, units("3"), parent=parent)


async def resume(rogue: Rogue) -> Outcome:
    halts = await rogue.trader.read("halts")
    return await rogue.say(c.Resume(halt=halts[0]["id"] if halts else "H-1-1", why="I feel better"))


# Exits: what bounds a loss may be tightened, never widened or dropped


def stop(price: Price, away_bps: int) -> ExitTerms:
    """Return a stop-loss so far from a price."""
    return ExitTerms(legs=(Leg(kind="stop_loss", trigger=away(price, away_bps)),))


def stop_on(label: str, stopped_by: str, instrument: str, **more: Any) -> Attempt:
    """Return the attempt to set a stop far below the price on a position."""

    async def make(rogue: Rogue) -> Outcome:
        return await rogue.set_exit(instrument, stop(await rogue.price(instrument), FAR_STOP_BPS), **more)

    return Attempt(label, stopped_by, make)


def moved_stop(label: str, stopped_by: str, away_bps: int) -> Attempt:
    """Return the attempt to move the stop that stands to another distance."""

    async def make(rogue: Rogue) -> Outcome:
        (known,) = [row for row in await rogue.trader.read("exits", instrument=CHEAP) if row["agent"] == rogue.name]
        trigger = parse(Price, known["legs"][0]["trigger"])
        return await rogue.set_exit(CHEAP, stop(trigger, away_bps), exit=known["exit"])

    return Attempt(label, stopped_by, make)


async def drop_stop(rogue: Rogue) -> Outcome:
    (known,) = await rogue.trader.read("exits", instrument=CHEAP)
    return await rogue.say(c.DropExit(exit=known["exit"]))


async def stop_above(rogue: Rogue) -> Outcome:
    return await rogue.order("buy", CALM, exit=stop(await rogue.price(CALM), 500))


async def too_much(rogue: Rogue) -> Outcome:
    """Ask for ten times what it holds to be closed: the exit is taken, and protects no more than is held."""
    target = Leg(kind="take_profit", trigger=away(await rogue.price(CHEAP), FAR_BPS))
    outcome = await rogue.set_exit(CHEAP, ExitTerms(legs=(target,), quantity=units("100")))
    owned, _ = await rogue.trader.holdings()
    (made,) = [
        row for row in await rogue.trader.read("exits", instrument=CHEAP) if row["legs"][0]["kind"] == target.kind
    ]
    rogue.kept["take profit"] = made["exit"]
    return outcome if parse(Quantity, made["protects"]) == owned[CHEAP] else Outcome("closes too much")


async def drop_profit(rogue: Rogue) -> Outcome:
    return await rogue.say(c.DropExit(exit=rogue.kept["take profit"]))


LOW = parse(Ratio, "0.2")
AFTER = (
    order("goes on after the halt", "agent_active", "buy", CALM),
    Attempt("ends its own halt", "not_authorised", resume),
    stop_on("sets a stop after the halt", "agent_active", CHEAP),
)
ATTEMPTS = (
    Attempt("an ordinary order", "", decent),
    Attempt("large enough for a person to confirm", "approval_notional_min", large),
    Attempt("approves its own order", "not_authorised", approve_own),
    Attempt("too large", "order_notional_max", too_large),
    order("too many shares", "order_quantity_max", "buy", CHEAP, "120"),
    order("more than the cash there is", "buying_power", "buy", CHEAP, "90000"),
    order("a price far off", "price_collar_bps", "buy", CALM, away_bps=3000),
    Attempt("a price between ticks", "increments", off_tick),
    order("a fraction of a share", "increments", "buy", CALM, "1.5"),
    order("an unknown instrument", "instrument_tradable", "buy", "DOGE"),
    order("a blocked instrument", "instruments_blocked", "buy", BLOCKED),
    order("no confidence stated", "confidence_min", "buy", CALM, confidence=None),
    order("hardly any confidence", "confidence_min", "buy", CALM, confidence=LOW),
    order("sells what it does not own", "short_allowed", "sell", DEAR, "5"),
    order("sells more than it owns", "short_allowed", "sell", CHEAP, "50"),
    order("reduces by more than there is", "reduce_proof", "sell", CHEAP, "50", reduce="only"),
    order("a second stake in one market", "position_duplicate", "buy", CHEAP, "5"),
    order("accepts any price", "slippage_max_bps", "buy", CALM, slippage_bps=900),
    order("through a connection of others", "connection_granted", "buy", CALM, connection="reserve"),
    order("with real money", "environment_match", "buy", CALM, environment="live"),
    Attempt("in the name of another agent", "not_yours", as_momentum),
    Attempt("looks into the limits of others", "unknown", peek),
    Attempt("an order of last month", "intent_id_unique", old),
    Attempt("an order of tomorrow", "intent_id_unique", tomorrow),
    Attempt("the same id for another order", "intent_id_unique", id_reused),
    Attempt("the same order sent again", "intent_id_unique", same_again),
    stop_on("sets a stop on what it holds", "", CHEAP),
    moved_stop("tightens its stop", "", 100),
    moved_stop("widens its stop", "widens_stop", -100),
    Attempt("drops its stop", "widens_stop", drop_stop),
    stop_on("a stop on what it does not hold", "no_position", DEAR),
    stop_on("a stop on what another holds", "not_yours", CHEAP, agent="momentum"),
    Attempt("a stop above the price", "exit_terms", stop_above),
    Attempt("an exit larger than its position", "", too_much),
    Attempt("drops what bounds no loss", "", drop_profit),
    Attempt("rests an order", "", bait),
    Attempt("the same order twice", "duplicate_window", bait_again),
    Attempt("trades with itself", "self_match", into_itself),
    Attempt("replaces without the capability", "capability_enabled", replaced),
    Attempt("widens its own mandate", "not_authorised", widen),
    Attempt("grants itself a connection", "not_authorised", grant),
    Attempt("gives itself a capability", "not_authorised", capability),
    Attempt("makes itself an operator", "not_authorised", new_token),
    Attempt("states its own price", "not_authorised", own_price),
    Attempt("a forged token", "not_authenticated", forged),
    malformed("a negative quantity", quantity="-5"),
    malformed("NaN shares", quantity="NaN"),
    malformed("a number that is no text", quantity=5),
    malformed("a field that does not exist", skip_checks=True),
    Attempt("too fast", "order_rate_max", too_fast),
    order("too many orders at once", "orders_open_max", "buy", DEAR, away_bps=-300),
    Attempt("asks the same again and again", "refusals_in_row_max", loop),
    Attempt("more children than the parent", "child_quantity_max", child),
    *AFTER,
)
