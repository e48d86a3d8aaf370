"""Requests that go wrong: what is not known stays UNKNOWN, keeps what it reserves, is asked about, never sent again."""

from __future__ import annotations

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run

from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.numbers import Quantity, parse

TAKEN = ("lost_reply", "error_after", "garbage")
"""Faults of a request that the venue carried out."""
NOT_TAKEN = ("lost_request", "error_body", "late_request")
"""Faults of a request that it did not, or too late."""
EVERY_ACTION = (*TAKEN, "lost_request", "error_body", "late_request", "too_many", "twice")


@pytest.mark.parametrize("fault", TAKEN)
def test_c11_an_order_that_was_taken_unheard_is_found_by_asking(venue: type[Harness], fault: str) -> None:
    """A place whose answer is lost or senseless is asked about by its id, found working, and never sent again."""

    async def main(house: House) -> None:
        house.venue.plan({"place": [fault], "query": [fault, fault]})
        made = await house.order("4", "90")
        await house.rest(20)
        assert house.stands(made) == "acked"
        assert house.venue.working() == {made} == house.working
        assert len(house.bodies(c.Lost)) >= 1

    run(venue, main)


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_c12_an_order_that_never_arrived_ends_by_asking(venue: type[Harness], fault: str) -> None:
    """A place that the venue never carried out is UNKNOWN until asking settles it; then it can never work later."""

    async def main(house: House) -> None:
        house.venue.plan({"place": [fault]})
        made = await house.order("4", "90")
        await house.rest(20)
        assert house.stands(made) == "rejected"
        assert house.venue.working() == set() == house.working
        assert house.sent("place") == [made]

    run(venue, main)


def test_c13_an_unknown_order_keeps_its_reservation(venue: type[Harness]) -> None:
    """While nobody knows what became of an order it reserves in full, however long the venue says nothing."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["lost_reply"], "query": ["lost_reply"] * 200})
        made = await house.order("4", "90")
        await house.rest(120)
        assert house.stands(made) == "unknown"
        assert house.known(made).reserved == parse(Quantity, "4")
        house.venue.stop_faults()
        await house.rest(70)
        assert house.stands(made) == "acked"

    run(venue, main)


def test_c14_a_timeout_and_then_a_fill(venue: type[Harness]) -> None:
    """A fill of an order whose outcome is not known counts, and settles that it was taken."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["lost_reply"], "query": ["lost_reply"] * 50})
        made = await house.order("4", "90")
        await house.move("89")
        assert house.stands(made) == "filled"
        assert (house.position, house.cash) == house.bought("4", "90")

    run(venue, main)


def test_c15_a_refusal_is_final(venue: type[Harness]) -> None:
    """An order that the venue refuses by name is over at once, reserves nothing and is not asked about."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["too_many"]})
        refused = await house.order("4", "90")
        house.venue.close_market()
        closed = await house.order("4", "90")
        assert (house.stands(refused), house.stands(closed)) == ("rejected", "rejected")
        assert house.sent("query") == [] and house.reserved == 0

    run(venue, main)


def test_c16_the_same_bytes_twice_count_once(venue: type[Harness]) -> None:
    """A request that the network delivers twice acts once: its permit is used up."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["twice"], "cancel": ["twice"], "replace": ["twice"]})
        first = await house.order("4", "100")
        second = await house.order("3", "90")
        await house.replace(second, "5", "91")
        await house.cancel(second)
        assert (house.position, house.cash) == house.bought("4", "100")
        assert (house.stands(first), house.stands(second)) == ("filled", "cancelled")
        assert house.agrees()

    run(venue, main)


@pytest.mark.parametrize("fault", EVERY_ACTION)
def test_c17_a_cancel_is_repeated_until_the_order_is_over(venue: type[Harness], fault: str) -> None:
    """A cancel that goes wrong never ends an order by itself: it keeps its reservation until the venue says it is
    over, and it gets there."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"cancel": [fault, fault], "query": [fault]})
        await house.cancel(made)
        assert house.stands(made) == "cancelled" or house.known(made).reserved == parse(Quantity, "4")
        await house.rest(40)
        assert house.stands(made) == "cancelled" and house.venue.working() == set() and house.agrees()

    run(venue, main)


@pytest.mark.parametrize("fault", EVERY_ACTION)
def test_c18_a_replace_that_goes_wrong_ends_on_the_venue_s_terms(venue: type[Harness], fault: str) -> None:
    """A replace is sent once; whatever happens to it, the order ends on the terms that the venue works, and until then
    reserves the larger of both."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"replace": [fault], "query": [fault]})
        await house.replace(made, "9", "91")
        assert house.known(made).pending is None or house.known(made).reserved == parse(Quantity, "9")
        await house.rest(20)
        known = house.known(made)
        assert known.pending is None and ("buy", known.quantity, known.limit_price) == house.venue.terms(made)
        assert house.sent("replace") == [made] and house.agrees()

    run(venue, main)


def test_c19_a_replace_that_lost_the_race_against_a_fill(venue: type[Harness]) -> None:
    """A replace of an order that filled meanwhile is refused, and the fill stands."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"replace": ["filled_first"]})
        await house.replace(made, "9", "89")
        await house.rest(5)
        assert house.stands(made) == "filled" and house.known(made).filled == parse(Quantity, "4")
        assert (house.position, house.cash) == house.bought("4", "90") and house.agrees()

    run(venue, main)


def test_c20_a_replace_below_what_has_filled_is_refused(venue: type[Harness]) -> None:
    """New terms below what was filled meanwhile are refused, and the order goes on as it was."""

    async def main(house: House) -> None:
        made = await house.order("10", "90")
        house.venue.fill(made, "6")
        await house.replace(made, "5", "90")
        await house.rest(5)
        assert house.known(made).quantity == parse(Quantity, "10") and house.known(made).pending is None
        assert house.stands(made) == "partial" and house.agrees()

    run(venue, main)


def test_c21_a_replace_and_a_cancel_at_once(venue: type[Harness]) -> None:
    """A cancel that follows a replace of unknown outcome ends the order on whichever terms it had."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"replace": ["late_request"], "cancel": ["lost_reply"]})
        await house.replace(made, "9", "91")
        await house.cancel(made)
        await house.rest(20)
        assert house.stands(made) == "cancelled" and house.working == house.venue.working() == set()

    run(venue, main)


def test_c22_a_question_about_an_order_never_seen_is_final(venue: type[Harness]) -> None:
    """Where the venue says that it never saw an order, that order can never be placed any more."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["late_request"]})
        made = await house.order("4", "100")
        await house.rest(10)
        assert house.stands(made) == "rejected" and not house.venue.knows(house.known(made))
        assert house.agrees()

    run(venue, main)


def test_c23_an_id_that_somebody_else_used_is_never_taken_for_one_s_own(venue: type[Harness]) -> None:
    """Where the venue knows another order under the guard's id the connection halts; the order is not resent."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["taken_id"]})
        made = await house.order("4", "90")
        await house.rest(5)
        assert "external_order" in house.alarms() and "external_order" in house.causes()
        assert house.sent("place") == [made]
        assert await house.refused_now() != ""

    run(venue, main)


def test_c24_an_outage_loses_nothing_and_lets_nothing_open(venue: type[Harness]) -> None:
    """While the venue is away nothing opens; what worked stays reserved, and afterwards book and venue are one."""

    async def main(house: House) -> None:
        resting = await house.order("4", "90")
        house.venue.set_away(True)
        house.world.news.set()
        await house.rest(2)
        assert await house.refused_now() != ""
        await house.cancel(resting)
        assert house.known(resting).reserved == parse(Quantity, "4")
        house.venue.fill(resting, "1")
        await house.rest(100)
        house.venue.stop_faults()
        await house.rest(130)
        assert house.ready and house.stands(resting) == "cancelled" and house.agrees()
        assert house.position == parse(Quantity, "1")

    run(venue, main)


@pytest.mark.parametrize("seconds", [-3600, -3, 3])
def test_c25_a_venue_clock_that_is_off_by_little_or_behind_harms_nothing(venue: type[Harness], seconds: int) -> None:
    """A venue whose clock is a little ahead, or behind by any amount, trades as any other."""

    async def main(house: House) -> None:
        house.venue.set_skew(seconds)
        made = await house.order("4", "100")
        resting = await house.order("4", "90")
        await house.cancel(resting)
        await house.rest(10)
        assert (house.stands(made), house.stands(resting)) == ("filled", "cancelled") and house.agrees()

    run(venue, main)


def test_c26_a_venue_clock_far_ahead_opens_nothing_and_ends_nothing(venue: type[Harness]) -> None:
    """A venue that takes every permit for expired opens nothing; what works there stays reserved, and its cancel goes
    on until the clocks agree."""

    async def main(house: House) -> None:
        await house.person(c.SetTolerance(connection="paper1", tolerance=Tolerance(dead_man_s=0), why="test"))
        resting = await house.order("4", "90")
        house.venue.set_skew(30)
        refused = await house.order("4", "90")
        await house.cancel(resting)
        await house.rest(10)
        assert house.stands(refused) == "rejected" and house.venue.working() == {resting}
        assert house.known(resting).reserved == parse(Quantity, "4")
        house.venue.stop_faults()
        await house.rest(100)
        assert house.stands(resting) == "cancelled" and house.agrees()

    run(venue, main)
