"""The venue's own account of a connection: what is there, what should not be, and what is no account at all."""

from __future__ import annotations

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run

from remit.kernel import command as c
from remit.kernel.numbers import Quantity, parse

NO_ACCOUNT = ("partial_page", "empty_page", "error_after", "error_body", "garbage", "too_many", "lost_reply")


@pytest.mark.parametrize("fault", NO_ACCOUNT)
def test_c39_an_account_that_is_not_whole_is_no_data(venue: type[Harness], fault: str) -> None:
    """A failed, partial or empty account never reads as holding nothing: no position moves, nothing is called drift,
    and after a while nothing opens."""

    async def main(house: House) -> None:
        await house.order("4", "100")
        resting = await house.order("2", "90")
        before = (house.position, house.cash)
        house.venue.plan({"snapshot": [fault] * 1000})
        for _ in range(4):
            await house.round()
            await house.rest(1)
        assert (house.position, house.cash) == before and house.causes() == set()
        assert house.stands(resting) == "acked" and len(house.bodies(c.NoData)) >= 3
        assert not house.ready and await house.refused_now() != ""
        house.venue.stop_faults()
        await house.rest(70)
        assert house.ready and house.agrees()

    run(venue, main)


def test_c40_a_round_shows_what_is_held_and_what_works(venue: type[Harness]) -> None:
    """Positions, cash and working orders come whole, and the fills of the last minutes with them, counted once."""

    async def main(house: House) -> None:
        house.venue.plan(told=["dropped"])
        await house.order("4", "100")
        resting = await house.order("2", "90")
        before = len(house.heard)
        await house.round()
        assert (house.position, house.cash) == house.bought("4", "100") and house.agrees()
        said = [type(record.command.body) for record in house.heard[before:]]
        assert said == [c.Ask, c.Filled, c.Reconciled], "the fills come first, so that nothing has to be asked about"
        account = house.bodies(c.Reconciled)[-1]
        assert {holding.instrument: holding.quantity for holding in account.positions} == {"AAPL": 4 * 10**18}
        assert account.orders == (resting,) and dict(account.cash) == {"USD": house.cash}
        await house.round()
        assert house.agrees()

    run(venue, main)


def test_c41_an_order_nobody_sent_is_found_and_halts_the_connection(venue: type[Harness]) -> None:
    """An order at the venue that this guard never made halts the connection within the persistence of its kind."""

    async def main(house: House) -> None:
        house.venue.stray("nobody-1")
        await house.rest(400)
        assert "reconcile" in house.causes() and "nobody-1" in " ".join(a.why for a in house.world.alerts)
        assert await house.refused_now() != ""

    run(venue, main)


def test_c42_a_position_that_moved_without_a_trade_halts_the_connection(venue: type[Harness]) -> None:
    """A position that differs from the book by more than anything in transit explains halts the connection, and is not
    taken over by itself."""

    async def main(house: House) -> None:
        await house.order("4", "100")
        house.venue.drift("7")
        await house.rest(400)
        assert "reconcile" in house.causes() and await house.refused_now() != ""
        assert house.position == parse(Quantity, "4")

    run(venue, main)


def test_c43_cash_that_moved_without_a_trade_halts_the_connection(venue: type[Harness]) -> None:
    """Cash that is missing at the venue halts the connection; a few cents do not."""

    async def main(house: House) -> None:
        house.venue.pay("-0.04")
        await house.rest(70)
        assert house.causes() == set()
        house.venue.pay("-5000")
        await house.rest(400)
        assert "reconcile" in house.causes() and await house.refused_now() != ""

    run(venue, main)


def test_c44_what_is_in_transit_is_no_drift(venue: type[Harness]) -> None:
    """A fill that the venue's account shows before its message came is no drift: it is counted once, and nothing
    halts."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan(told=["swapped"])
        house.venue.fill(made, "4")
        await house.round()
        await house.rest(10)
        assert house.causes() == set() and house.position == parse(Quantity, "4")
        house.venue.stop_faults()
        await house.rest(70)
        assert house.causes() == set() and house.agrees() and house.ready

    run(venue, main)


def test_c45_an_order_that_the_venue_no_longer_shows_is_asked_about(venue: type[Harness]) -> None:
    """A working order that is missing from the account keeps its reservation until asking tells how it ended."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"query": ["lost_reply"]}, told=["dropped"])
        house.venue.end(made)
        await house.round()
        assert house.known(made).reserved == parse(Quantity, "4")
        await house.rest(20)
        assert house.stands(made) == "cancelled" and house.agrees()

    run(venue, main)


def test_c46_a_question_tells_the_fills_before_the_end(venue: type[Harness]) -> None:
    """Asking about an order tells every fill it had, and only then that it is over: no end is ever followed by a fill
    that was known before."""

    async def main(house: House) -> None:
        made = await house.order("4", "90")
        house.venue.plan({"snapshot": ["lost_reply"] * 9}, told=["dropped"] * 3)
        house.venue.fill(made, "1")
        house.venue.fill(made, "2")
        house.venue.end(made)
        await house.ask(made)
        assert house.stands(made) == "cancelled" and house.known(made).filled == parse(Quantity, "3")
        assert house.agrees() and "late_fill" not in house.alarms()

    run(venue, main)
