"""What the guard closes by itself, through a venue at which things go wrong: all of it, and never more."""

from __future__ import annotations

import random

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run
from tests.conformance.test_whole import MENDING

from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import Price, parse

OFTEN = {fault: chance * 2 for fault, chance in MENDING.items() if fault not in ("partial_fill", "filled_after")}
BRACKET = ExitTerms(
    legs=(
        Leg(kind="stop_loss", trigger=parse(Price, "95")),
        Leg(kind="take_profit", trigger=parse(Price, "110")),
    )
)


@pytest.mark.parametrize("seed", range(4))
def test_c60_a_flatten_closes_exactly_what_is_held(venue: type[Harness], seed: int) -> None:
    """A kill with flatten under drawn faults closes the whole position and never goes beyond it."""

    async def main(house: House) -> None:
        await house.order("9", "100")
        await house.order("5", "90")
        house.venue.draw(random.Random(seed), OFTEN)
        await house.move("99", "4")
        await house.kill(flatten=True)
        for _ in range(10):
            await house.rest(6)
            await house.move("99", "4")
        house.venue.stop_faults()
        await house.rest(70)
        for _ in range(5):
            await house.move("99")
            await house.rest(20)
        assert house.venue.position() == 0 == house.position and house.lowest == 0
        assert house.working == house.venue.working() == set()

    run(venue, main)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("price", ["94", "111"])
def test_c61_an_exit_closes_exactly_what_it_protects(venue: type[Harness], seed: int, price: str) -> None:
    """A bracket that triggers under drawn faults closes what its order filled, by either leg, and never more."""

    async def main(house: House) -> None:
        made = await house.order("9", "100", exit=BRACKET)
        house.venue.fill(made, "9")
        await house.rest(2)
        house.venue.draw(random.Random(seed), OFTEN)
        await house.move(price, "4")
        for _ in range(10):
            await house.rest(6)
            await house.move(price, "4")
        house.venue.stop_faults()
        await house.rest(70)
        for _ in range(5):
            await house.move(price)
            await house.rest(20)
        assert house.venue.position() == 0 == house.position and house.lowest == 0
        assert house.kernel.state.exits == {} and house.agrees()

    run(venue, main)


def test_c62_an_order_unknown_for_too_long_halts_the_connection(venue: type[Harness]) -> None:
    """An order whose outcome nobody learns within the limit halts its connection and keeps its reservation; a person
    looks at it, and what is learnt later still counts."""

    async def main(house: House) -> None:
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(unknown_age_max_s=30), why="test"))
        house.venue.plan({"place": ["lost_reply"], "query": ["lost_reply"] * 99})
        made = await house.order("4", "90")
        await house.rest(20)
        assert house.causes() == set()
        await house.rest(15)
        assert house.causes() == {"unknown_age_max"} and house.known(made).reserved > 0
        house.venue.stop_faults()
        await house.rest(70)
        assert house.stands(made) == "cancelled" or house.stands(made) == "acked"
        assert house.agrees() and house.causes() == {"unknown_age_max"}

    run(venue, main)


def test_c63_too_many_unknown_orders_halt_the_connection(venue: type[Harness]) -> None:
    """More orders of unknown outcome at once than the limit halt the connection; none is sent again."""

    async def main(house: House) -> None:
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(unknown_count_max=2), why="test"))
        house.venue.plan({"place": ["lost_reply"] * 9, "query": ["lost_reply"] * 99})
        for _ in range(2):
            await house.order("1", "90")
        assert house.causes() == set()
        await house.order("1", "90")
        assert house.causes() == {"unknown_count_max"} and await house.refused_now() != ""
        house.venue.stop_faults()
        await house.rest(70)
        assert len(house.sent("place")) == 3 and house.agrees()

    run(venue, main)
