"""What agents would like to trade, drawn: orders of every sort, reductions, exits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, TypeVar

from remit.kernel import command as c
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.instrument import Instrument
from remit.kernel.numbers import BPS, SCALE, Quantity, Ratio
from remit.kernel.order import OrderIntent
from remit.testing.sim.firm import agent_of, connections_of
from remit.testing.sim.stage import Stage

Thing = TypeVar("Thing")
AMOUNTS = (60, 100, 150, 250, 250, 400, 400, 700, 700, 1_000, 1_400, 1_900, 2_600)
"""What an order is worth, in whole units of its instrument's currency: some are beyond a cap, some need a person."""
DISTANCES = (-300, -100, -100, -40, -10, 10, 40, 80, 150, 600)
"""How far the limit lies beyond the mark, in basis points: below zero it rests, above it takes."""


def any_of(chance: random.Random, things: Sequence[Thing]) -> Thing | None:
    """Return one of the things; None where there are none."""
    return chance.choice(things) if things else None


def whole_lots(instrument: Instrument, quantity: int) -> Quantity:
    """Return a quantity in whole lots, one at least."""
    return Quantity(max(quantity - quantity % instrument.lot, instrument.lot))


def drawn_order(stage: Stage, who: str, chance: random.Random, **fixed: Any) -> c.Submit:
    """Return an order that somebody might propose; `fixed` are fields of the intent that are not drawn."""
    agent = agent_of(who)
    connection = fixed.get("connection") or chance.choice(connections_of(agent))
    instrument = stage.instruments[fixed.get("instrument") or chance.choice(stage.listed(connection))]
    side = chance.choice(("buy", "buy", "sell"))
    amount = chance.choice(AMOUNTS) * chance.randint(80, 120) // 100
    unit = stage.price(instrument.name) * instrument.multiplier // SCALE
    terms: dict[str, Any] = {
        "id": stage.name(chance, "i"),
        "agent": agent,
        "connection": connection,
        "instrument": instrument.name,
        "side": side,
        "quantity": whole_lots(instrument, amount * SCALE * SCALE // unit),
        "created_at": stage.now(),
        "time_in_force": chance.choice(("day", "gtc", "gtc", "ioc")),
        "confidence": Ratio(chance.randint(30, 100) * SCALE // 100),
        **fixed,
    }
    if chance.random() < 0.25:
        terms |= {"type": "market", "slippage_bps": chance.choice((50, 200, 500))}
    else:
        away = chance.choice(DISTANCES)
        terms["limit_price"] = stage.price_near(instrument.name, away if terms["side"] == "buy" else -away)
    if chance.random() < 0.2 and terms.get("reduce", "any") == "any":
        terms["exit"] = drawn_terms(stage, chance, instrument.name, terms["side"])
    return stage.submit(who, OrderIntent(**terms))


async def reduction(stage: Stage, who: str, chance: random.Random, part: int = 0) -> c.Submit | None:
    """Return an order that reduces a position of an agent by `part` ten-thousandths (0: drawn); None without one."""
    held = await stage.see(who, "positions")
    rows = [row for row in (held or {}).get("positions", ()) if row["quantity"] != "0"]
    row = any_of(chance, rows)
    if row is None:
        return None
    quantity = stage.number(row["quantity"])
    share = part or chance.choice((2_000, 5_000, 10_000, 10_000, 15_000, 25_000))
    instrument = stage.instruments[row["instrument"]]
    return drawn_order(
        stage,
        who,
        chance,
        connection=row["connection"],
        instrument=row["instrument"],
        side="sell" if quantity > 0 else "buy",
        quantity=whole_lots(instrument, abs(quantity) * share // BPS),
        reduce=chance.choice(("any", "only", "clip")),
    )


def drawn_terms(stage: Stage, chance: random.Random, name: str, entry: str) -> ExitTerms:
    """Return terms of an exit for a position opened on the side `entry`: now and then on the wrong side of the mark."""
    sign = 1 if entry == "buy" else -1
    near = chance.choice((20, 60, 150, 400)) * (1 if chance.random() < 0.95 else -1)
    legs: list[Leg] = []
    if chance.random() < 0.7:
        legs.append(Leg(kind="stop_loss", trigger=stage.price_near(name, -sign * near)))
    if chance.random() < 0.5:
        legs.append(Leg(kind="take_profit", trigger=stage.price_near(name, sign * near)))
    if not legs or chance.random() < 0.2:
        legs.append(Leg(kind="trailing_stop", offset_bps=abs(near)))
    return ExitTerms(legs=tuple(legs), slippage_bps=chance.choice((None, 100, 500)))
