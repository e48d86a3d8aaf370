"""What venues say unasked: fills in pieces, doubled, out of order, late, taken back, or never."""

from __future__ import annotations

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run

from remit.kernel import command as c
from remit.kernel.numbers import Quantity, parse


def test_c27_partial_fills_add_up(venue: type[Harness]) -> None:
    """Fills in pieces count each once; what is left stays reserved until the last."""

    async def main(house: House) -> None:
        made = await house.order("10", "90")
        for part, left in (("3", "7"), ("1", "6"), ("6", "0")):
            house.venue.fill(made, part)
            await house.rest(1)
            assert house.known(made).reserved == parse(Quantity, left)
        assert house.stands(made) == "filled" and house.agrees()
        assert (house.position, house.cash) == house.bought("10", "90")

    run(venue, main)


def test_c28_an_order_filled_in_part_and_cancelled_keeps_its_fills(venue: type[Harness]) -> None:
    """The cancel of an order that filled in part frees the rest and nothing more."""

    async def main(house: House) -> None:
        house.venue.plan({"place": ["partial_fill"]})
        made = await house.order("10", "90")
        await house.cancel(made)
        await house.rest(2)
        assert house.stands(made) == "cancelled" and house.reserved == 0
        assert (house.position, house.cash) == house.bought("5", "90") and house.agrees()

    run(venue, main)


TOLD = {
    "doubled": ["doubled"] * 8,
    "swapped": ["swapped", None] * 4,
    "both": ["doubled", "swapped", "doubled", None, "swapped", "swapped"],
}


@pytest.mark.parametrize("told", TOLD)
def test_c29_messages_doubled_or_out_of_order_change_nothing(venue: type[Harness], told: str) -> None:
    """The same messages twice or in another order leave the same book, down to the last digit."""

    async def session(house: House) -> None:
        first = await house.order("10", "90")
        second = await house.order("5", "91")
        for order, part in ((first, "3"), (second, "5"), (first, "2")):
            house.venue.fill(order, part)
        await house.move("89", "4")
        await house.move("91")
        await house.cancel(first)
        house.venue.stop_faults()
        await house.rest(70)

    async def disturbed(house: House) -> None:
        house.venue.plan(told=TOLD[told])
        await session(house)

    books = []
    for main in (session, disturbed):
        house = run(venue, main)
        states = sorted((order.id, order.state, order.filled) for order in house.kernel.state.finished.values())
        books.append((house.position, house.cash, states))
        assert house.agrees()
    assert books[0] == books[1]


def test_c30_a_gap_in_the_messages_leads_to_a_round_before_anything_opens(venue: type[Harness]) -> None:
    """Where a message number is missing nothing opens until a round has compared everything; the round finds what was
    missed."""

    async def main(house: House) -> None:
        lost, resting = await house.order("4", "90"), await house.order("3", "80")
        house.venue.plan({"snapshot": ["lost_reply"]}, told=["dropped"])
        house.venue.fill(lost, "4")
        house.venue.fill(resting, "1")
        await house.rest()
        assert "stream_gap" in house.alarms()
        assert not house.ready and await house.refused_now() != ""
        await house.rest(10)
        assert house.ready and house.stands(lost) == "filled" and house.agrees()

    run(venue, main)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_c31_a_message_that_never_comes_is_found_by_the_next_round(venue: type[Harness], count: int) -> None:
    """Fills and ends whose messages are lost, the last ones of a stream too, are in the book within a round."""

    async def main(house: House) -> None:
        house.venue.plan(told=["dropped"] * count)
        made = await house.order("4", "90")
        for _ in range(count):
            house.venue.fill(made, "1")
        await house.rest(1)
        assert house.position == 0
        await house.rest(70)
        assert house.position == parse(Quantity, str(count)) and house.agrees() and house.ready

    run(venue, main)


def test_c32_a_cancel_refused_because_the_order_filled(venue: type[Harness]) -> None:
    """A cancel that comes too late ends nothing: the order is filled, by its fill."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"cancel": ["filled_first"]})
        await house.cancel(made)
        await house.rest(2)
        assert house.stands(made) == "filled" and house.agrees()
        assert (house.position, house.cash) == house.bought("4", "90")

    run(venue, main)


def test_c33_a_fill_after_the_cancel_was_acknowledged_moves_the_book_loudly(venue: type[Harness]) -> None:
    """A fill of an order that the venue had called cancelled is booked all the same, and people are told."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"cancel": ["filled_after"]})
        await house.cancel(made)
        await house.rest(2)
        assert house.known(made).filled == parse(Quantity, "4") and "late_fill" in house.alarms()
        assert (house.position, house.cash) == house.bought("4", "90") and house.agrees()

    run(venue, main)


def test_c34_a_fill_that_the_venue_took_back_leaves_the_book(venue: type[Harness]) -> None:
    """A busted fill is taken out of position and cash, also when its order is over; people are told and the connection
    halts; hearing of the fill again changes nothing."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan(told=["doubled", "doubled"])
        house.venue.fill(made, "4")
        await house.rest(1)
        assert house.stands(made) == "filled"
        house.venue.bust(made)
        await house.rest(1)
        assert (house.position, house.cash) == house.bought("0", "90") and house.agrees()
        assert "busted_fill" in house.alarms() and "busted_fill" in house.causes()
        assert await house.refused_now() != ""
        await house.rest(70)
        assert house.agrees()

    run(venue, main)


@pytest.mark.parametrize("told", [["swapped", None], ["dropped", None]], ids=["after", "never"])
def test_c35_a_bust_before_its_fill_leaves_the_book_as_it_was(venue: type[Harness], told: list[str | None]) -> None:
    """Where the bust is heard of before the fill, or the fill never, the book ends as the venue's, and nothing stays
    reserved for an order that is over."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan(told=told)
        house.venue.fill(made, "4")
        house.venue.bust(made)
        await house.rest(2)
        house.venue.stop_faults()
        await house.rest(70)
        assert (house.position, house.cash) == house.bought("0", "90")
        assert house.venue.position() == 0 and house.reserved == 0

    run(venue, main)


def test_c36_a_message_without_sense_counts_the_link_as_down(venue: type[Harness]) -> None:
    """Bytes on the stream that make no sense are told to people, and nothing opens before everything was compared."""

    async def main(house: House) -> None:
        house.venue.plan({"snapshot": ["lost_reply"] * 3})
        house.world.garbage.append(b"\x00 no message")
        house.world.news.set()
        await house.rest(1)
        assert "venue_unreadable" in house.alarms() and not house.ready
        assert await house.refused_now() != ""
        await house.rest(60)
        assert house.ready and house.agrees()

    run(venue, main)


def test_c37_an_order_that_the_venue_ends_by_itself_is_over(venue: type[Harness]) -> None:
    """A market that closes, and orders that the venue cancels unasked, end in the book as at the venue."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.fill(made, "1")
        house.venue.end(made)
        await house.rest(2)
        assert house.stands(made) in ("cancelled", "expired") and house.reserved == 0 and house.agrees()

    run(venue, main)


def test_c38_reports_of_orders_nobody_made_are_loud(venue: type[Harness]) -> None:
    """A fill of an order that this guard never sent halts: it is nobody's, and it is never ignored."""

    async def main(house: House) -> None:
        house.venue.stray("nobody-1")
        house.venue.fill("nobody-1", "1")
        await house.rest(1)
        assert house.causes() and await house.refused_now() != ""
        assert house.bodies(c.Filled)

    run(venue, main)


def test_c64_an_end_after_a_gap_waits_for_the_fills_that_were_missed(venue: type[Harness]) -> None:
    """Where messages are missing an end on the stream frees nothing: a fill may be among what is missing, so the venue
    is asked, and the fills come before the end."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"query": ["lost_reply"] * 3, "snapshot": ["lost_reply"] * 9}, told=["dropped"])
        house.venue.fill(made, "3")
        house.venue.end(made)
        await house.rest(2)
        assert house.stands(made) == "acked" and house.known(made).reserved == parse(Quantity, "4")
        await house.rest(30)
        assert house.stands(made) == "cancelled" and house.known(made).filled == parse(Quantity, "3")
        assert house.agrees() and "late_fill" not in house.alarms()

    run(venue, main)
