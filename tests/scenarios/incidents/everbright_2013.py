"""Everbright Securities, 16 August 2013: a system that reordered what it took for missing.

At 11:05 an arbitrage program sent 26,082 orders in two minutes, 23.4 billion yuan in all, where a few were meant;
7.27 billion were filled, and the Shanghai index rose by more than 5 % within minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kernel.desk import ANN, agent, money, price, quantity, small
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, said, tally

from remit.kernel import command as c
from remit.kernel.command import Body, Command
from remit.kernel.event import Record
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import SCALE
from remit.kernel.order import OrderIntent

ORDERS = 26_082
WORTH = "897169"
"""Of one order: 23.4 billion yuan in 26,082 of them."""
STEP_NS = 120 * 10**9 // ORDERS
LIMITS = Mandate(order_rate_max=Rate(100, 1), gross_exposure_max=money("100000000"))


class Stream:
    """One kernel without the doubles of a desk, quick enough for all of the orders."""

    def __init__(self) -> None:
        desk = small()
        cash(desk, "30000000000")
        desk.instrument("ETF", WORTH)
        desk.mandate("account:main", LIMITS)
        self.desk, self.kernel, self.at = desk, desk.kernel, desk.at

    def enter(self, body: Body, by: Principal) -> Record:
        self.at += STEP_NS
        return self.kernel.step(Command(seq=self.kernel.state.seq + 1, at=self.at, by=by, body=body))

    def submit(self, intent: OrderIntent) -> str:
        return said(self.enter(c.Submit(intent=intent), agent("momentum")))


@contextmanager
def scene(_: Path) -> Iterator[Stream]:
    yield Stream()


def burst(stream: Stream) -> str:
    """Buy orders of one unit each, one every 4.6 ms: how many pass, and by which rules the others do not."""
    intents = (stream.desk.intent("1", WORTH, instrument="ETF", created_at=stream.at) for _ in range(ORDERS))
    return tally([stream.submit(intent) for intent in intents])


def at_work(stream: Stream) -> str:
    return f"{stream.kernel.state.subjects['account:main'].total.gross // SCALE:,} of 100,000,000"


def fills(stream: Stream) -> str:
    """All that works is filled; then as much is tried again."""
    for name in list(stream.kernel.state.orders):
        report = c.Filled(order=name, fill=f"f-{name}", quantity=quantity("1"), price=price(WORTH))
        stream.enter(report, GUARD)
    intents = [stream.desk.intent("1", WORTH, instrument="ETF", created_at=stream.at) for _ in range(200)]
    return tally([stream.submit(intent) for intent in intents])


def rated(stream: Stream) -> str:
    """The rate alone, at the same pace."""
    rate = c.SetMandate(subject="account:main", mandate=Mandate(order_rate_max=Rate(100, 1)), why="for the next try")
    stream.enter(rate, ANN)
    intents = (stream.desk.intent("1", WORTH, instrument="ETF", created_at=stream.at) for _ in range(1000))
    return tally([stream.submit(intent) for intent in intents])


def retries(stream: Stream) -> str:
    """One intent, sent fifty times by a program that hears no answer."""
    mandate = c.SetMandate(subject="account:main", mandate=Mandate(), why="for the next try")
    stream.enter(mandate, ANN)
    before = len(stream.kernel.state.orders)
    intent = stream.desk.intent("1", WORTH, instrument="ETF", created_at=stream.at)
    for _ in range(50):
        stream.enter(c.Submit(intent=intent), agent("momentum"))
    return f"{len(stream.kernel.state.orders) - before} order"


INCIDENT = Incident(
    id="everbright_2013",
    title="Everbright Securities, 16 August 2013",
    told=__doc__,
    sources=(
        Source(
            "Findings and Penalties Regarding the Abnormal Trading of Everbright Securities",
            "China Securities Regulatory Commission",
            "2013-08-30",
            "https://ppfocus.com/0/eda2bd808.html",
        ),
        Source(
            "CSRC targets abnormal trading (26,082 orders, 23.4 billion, 7.27 billion)",
            "Global Times",
            "2013-09-09",
            "https://www.ecns.cn/business/2013/09-09/80320.shtml",
        ),
    ),
    proves=("The rate of orders and what works at once are bounded, each by itself; a retry does not multiply."),
    scene=scene,
    rows=(
        Row(
            "26,082 orders of 897,169 in two minutes, under 100 orders a second and 100 million in all",
            burst,
            "111 x allow; 25971 x deny: gross_exposure_max",
        ),
        Row("what that leaves at work", at_work, "99,585,759 of 100,000,000"),
        Row("all of it is filled, and 200 more are sent", fills, "200 x deny: gross_exposure_max"),
        Row(
            "1,000 at the same pace, 4.6 seconds, under 100 orders a second alone",
            rated,
            "559 x allow; 441 x deny: order_rate_max",
        ),
        Row("with no limit left, one intent sent fifty times", retries, "1 order"),
    ),
)
