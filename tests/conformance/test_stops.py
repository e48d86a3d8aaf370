"""Kill and dead man: what must be cancelled is, by the guard or without it."""

from __future__ import annotations

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run

from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.numbers import Quantity, parse


def test_c47_a_kill_empties_the_connection_whoever_placed_its_orders(venue: type[Harness]) -> None:
    """A kill cancels every order at the venue, also those that this guard never made."""

    async def main(house: House) -> None:
        made = [await house.order("1", "90") for _ in range(3)]
        house.venue.stray("nobody-1")
        await house.kill()
        await house.rest(5)
        assert house.venue.working() == set() == house.working
        assert {house.stands(each) for each in made} == {"cancelled"} and house.reserved == 0

    run(venue, main)


@pytest.mark.parametrize("fault", ["lost_request", "lost_reply", "error_after", "error_body", "too_many", "twice"])
def test_c48_a_kill_is_repeated_until_the_venue_did_it(venue: type[Harness], fault: str) -> None:
    """To cancel everything is idempotent and goes on until the venue says that it did; an outage only delays it."""

    async def main(house: House) -> None:
        made = await house.order("1", "90")
        house.venue.plan({"cancel_all": [fault, fault], "cancel": ["lost_request"] * 3})
        await house.kill()
        await house.rest(60)
        assert house.venue.working() == set() and house.stands(made) == "cancelled"
        assert len(house.sent("cancel_all")) == (1 if fault == "twice" else 3)

    run(venue, main)


def test_c49_a_kill_during_an_outage_reaches_the_venue_afterwards(venue: type[Harness]) -> None:
    """A kill while the venue is away cancels everything as soon as it is back, and nothing opens until a review."""

    async def main(house: House) -> None:
        made = await house.order("1", "90")
        house.venue.set_away(True)
        house.world.news.set()
        await house.kill()
        await house.rest(30)
        assert house.known(made).reserved == parse(Quantity, "1")
        house.venue.stop_faults()
        await house.rest(70)
        assert house.venue.working() == set() == house.working and await house.refused_now() != ""

    run(venue, main)


def test_c50_a_dead_man_cancels_where_the_guard_is_gone(venue: type[Harness]) -> None:
    """A dead man is renewed for as long as orders work; when the guard is gone the venue cancels them by itself, and
    the next guard finds them over."""

    async def before(house: House) -> None:
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(dead_man_s=30), why="test"))
        made = await house.order("1", "90")
        await house.rest(100)
        assert house.venue.working() == {made} and len(house.sent("dead_man")) >= 3

    async def later(house: House) -> None:
        await house.rest(70)
        assert house.working == set() and house.agrees() and house.ready

    first = run(venue, before)
    first.alone(31)
    assert first.venue.working() == set()
    run(venue, later, after=first)


def test_c51_a_dead_man_that_is_off_cancels_nothing(venue: type[Harness]) -> None:
    """Where the dead man is switched off, orders outlive a guard that is gone."""

    async def main(house: House) -> None:
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(dead_man_s=30), why="test"))
        await house.order("1", "90")
        await house.rest(20)
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(dead_man_s=0), why="test"))
        await house.rest(20)

    gone = run(venue, main)
    gone.alone(300)
    assert gone.venue.working() == gone.working != set()


def test_c52_a_guard_that_comes_back_asks_before_anything_opens(venue: type[Harness]) -> None:
    """After a crash with orders under way every one is asked about, none is sent again, and book and venue are one."""

    async def before(house: House) -> None:
        await house.order("4", "90")
        house.venue.plan({"place": ["lost_reply", "lost_request"], "query": ["lost_reply"] * 9})
        await house.order("3", "80")
        await house.order("2", "70")

    async def later(house: House) -> None:
        house.venue.stop_faults()
        await house.rest(70)
        assert house.ready and house.agrees()
        assert len(house.working) == 2 and len(house.sent("place")) == 3

    first = run(venue, before)
    first.venue.fill(min(first.working, key=lambda name: int(name.split("-")[1])), "1")
    house = run(venue, later, after=first)
    assert house.position == parse(Quantity, "1")
