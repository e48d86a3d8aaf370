"""Bithumb, 6 February 2026: prizes of 620,000 won in all were paid as 620,000 bitcoin.

An employee entered prizes of 620,000 won in all in the unit BTC: 620,000 bitcoin, about 61 trillion won, of an
exchange that held 42,619, were credited to 249 users (695 by other reports). Some were sold at once, and the price
there fell by 17 % to 81.1 million won.
"""

from __future__ import annotations

import json

from tests.kernel.desk import Desk, money, quantity
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, halted, numbers, on_desk, said

from remit.kernel.codec import decode
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import SCALE
from remit.kernel.order import OrderIntent

PRICE = "98000000"
OWNED = "42619"


def market(desk: Desk) -> None:
    cash(desk, "100000000000000")
    desk.instrument("BTC", PRICE, kind="spot", base="BTC", tick="1", lot="0.00000001")
    desk.hold(OWNED, PRICE, instrument="BTC")


def in_won(desk: Desk) -> str:
    """An order for an amount of money: the one number of an order is a quantity, and it has no second meaning."""
    terms = {
        "id": "1",
        "agent": "momentum",
        "connection": "paper1",
        "instrument": "BTC",
        "side": "sell",
        "created_at": 0,
    }
    try:
        decode(OrderIntent, json.dumps(terms | {"amount": "620000", "currency": "KRW"}).encode())
    except ValueError as fault:
        return str(fault).partition(" - ")[0]
    return "it is one"


def types(desk: Desk) -> str:
    return f"{type(money('620000')).__name__} is not {type(quantity('620000')).__name__}"


def clipped(desk: Desk) -> str:
    record = desk.submit("620000", PRICE, side="sell", instrument="BTC", reduce="clip")
    assert record.decision is not None
    return f"{said(record)} {record.decision.quantity // SCALE:,}"


def falls(desk: Desk) -> str:
    """The price falls by 17 % on one venue alone, then a second one shows the same."""
    for order in list(desk.state.orders):
        desk.fill(order, OWNED, PRICE)
    desk.mandate("account:main", Mandate())
    desk.hold("10", PRICE, instrument="BTC")
    desk.mandate("agent:momentum", Mandate(daily_loss_max=money("100000000")))
    desk.mark("BTC", "70000000", source="bithumb")
    alone = halted(desk)
    desk.mark("BTC", "70000000", source="upbit")
    return f"alone {alone}; confirmed {halted(desk)}"


INCIDENT = Incident(
    id="bithumb_2026",
    title="Bithumb, 6 February 2026",
    told=__doc__,
    sources=(
        Source(
            "Bithumb accidentally sends 620,000 bitcoin to users in reward glitch",
            "Aju Press",
            "2026-02-07",
            "https://www.ajupress.com/view/20260207095949999",
        ),
        Source(
            "Mistaken payout of 2,000 bitcoins in unprecedented incident",
            "Financial News (Korea)",
            "2026-02-07",
            "https://en.fnnews.com/news/202602070557035646",
        ),
    ),
    proves=(
        "An amount of money is no quantity: an order has one field for its size, and what it is worth is"
        " held against limits in money. Nobody sells more than is held. A price of one venue alone is waited"
        " for; a fall that a second one confirms halts."
    ),
    scene=on_desk(("account:main", Mandate(order_notional_max=money("1000000"))), prepare=market),
    rows=(
        Row(
            "620,000 in the wrong unit: buy 620,000 BTC under a limit of 1,000,000 in money",
            lambda desk: numbers(desk.submit("620000", PRICE, instrument="BTC"), "order_notional_max"),
            "deny: order_notional_max 60760000000000, limit 1000000",
        ),
        Row("an order for 620,000 of money", in_won, "Object contains unknown field `amount`"),
        Row("both kinds of number", types, "Money is not Quantity"),
        Row(
            "sell 620,000 BTC of 42,619",
            lambda desk: said(desk.submit("620000", PRICE, side="sell", instrument="BTC")),
            "deny: reduce_proof, order_notional_max",
        ),
        Row("the same, cut down to what is held", clipped, "allow 42,619"),
        Row(
            "a fall from 98 to 70 million on one venue, then on a second, under a limit on the day's loss",
            falls,
            "alone nobody is halted; confirmed agent:momentum halted: daily_loss_max",
        ),
    ),
)
