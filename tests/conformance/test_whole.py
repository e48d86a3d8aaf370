"""Everything at once: drawn faults under drawn trading, and then none; and real processes."""

from __future__ import annotations

import random

import pytest
from tests.conformance.harness import Harness
from tests.conformance.house import House, run
from tests.guard.core import AGENT

from remit.kernel import command as c
from remit.kernel.mandate import Mandate
from remit.kernel.numbers import NANOSECONDS, SCALE, Money, Quantity, parse

MENDING = {
    "lost_request": 300, "late_request": 300, "lost_reply": 500, "error_after": 400, "error_body": 300, "too_many": 200,
    "garbage": 300, "twice": 400, "partial_fill": 500, "filled_first": 400, "filled_after": 300,
    "partial_page": 300, "empty_page": 300, "dropped": 800, "doubled": 800, "swapped": 800,
}  # fmt: skip
"""Faults after which no person is needed, in ten-thousandths."""
LASTING = {"busted": 200, "stray_order": 150, "position_drift": 100, "cash_drift": 100, "taken_id": 200}
"""Faults that a person must look at."""
STEPS = 60
LOWEST = 90
"""No price and no limit is lower."""


async def trade(house: House, source: random.Random, steps: int = STEPS) -> None:
    """Trade at random for a minute or so: orders, cancels, new terms, prices, outages, time."""
    for _ in range(steps):
        working = sorted(house.working)
        match source.choice(["order", "order", "order", "cancel", "replace", "price", "time", "outage", "round"]):
            case "order":
                limit = str(source.randint(LOWEST, 105))
                side = source.choice(["buy", "buy", "sell"])
                await house.propose(str(source.randint(1, 9)), limit, side)
            case "cancel" if working:
                await house.enter(AGENT, c.Cancel(order=source.choice(working)))
            case "replace" if working:
                await house.try_replace(
                    source.choice(working), str(source.randint(1, 12)), str(source.randint(90, 105))
                )
            case "price":
                await house.move(str(source.randint(92, 103)), source.choice([None, "3"]))
            case "time":
                await house.rest(source.randint(1, 8))
            case "outage":
                house.venue.set_away(source.random() < 0.3)
                house.world.news.set()
            case "round":
                await house.round()
        if source.random() < 0.5:
            await house.rest()
    house.venue.set_away(False)


async def mend(house: House) -> None:
    """Let every fault end and everything come to rest."""
    house.venue.stop_faults()
    house.world.news.set()
    await house.rest(200)


@pytest.mark.parametrize("seed", range(10))
def test_c53_whatever_went_wrong_ends_when_the_faults_end(venue: type[Harness], seed: int) -> None:
    """After any plan of faults that no person must look at, with the faults then off: book and venue are one, every
    order is settled or works at the venue, nothing is reserved without an order, and no id was placed twice."""

    async def main(house: House) -> None:
        source = random.Random(seed)
        house.venue.draw(random.Random(seed + 1000), MENDING)
        await trade(house, source)
        await mend(house)
        states = {order.id: order.state for order in house.kernel.state.orders.values()}
        assert set(states.values()) <= {"acked", "partial"}, states
        assert house.agrees(), (house.position, house.venue.position(), house.working, house.venue.working())
        assert house.causes() == set() and house.ready

    run(venue, main)


@pytest.mark.parametrize("seed", range(6))
def test_c54_what_a_person_must_look_at_halts(venue: type[Harness], seed: int) -> None:
    """After faults that no machine can mend, either book and venue are one or the connection is halted: never silently
    wrong; and a kill still leaves nothing working."""

    async def main(house: House) -> None:
        source = random.Random(seed)
        house.venue.draw(random.Random(seed + 1000), {**MENDING, **LASTING})
        await trade(house, source)
        await mend(house)
        await house.rest(250)
        assert house.agrees() or house.causes(), (house.position, house.venue.position())
        if house.causes():
            assert await house.refused_now() != ""
        await house.kill()
        await house.rest(70)
        assert house.venue.working() == set()

    run(venue, main)


@pytest.mark.parametrize("seed", range(2))
def test_c55_the_same_seed_gives_the_same_journal(venue: type[Harness], seed: int) -> None:
    """The same faults and the same trading leave the same records, byte for byte: what happened can be replayed."""

    async def main(house: House) -> None:
        house.venue.draw(random.Random(seed + 1000), MENDING)
        await trade(house, random.Random(seed))
        await mend(house)

    first, second = (run(venue, main) for _ in range(2))
    assert [record.command for record in first.on_disk()] == [record.command for record in second.on_disk()]


@pytest.mark.parametrize("seed", range(4))
def test_c56_crashes_in_the_middle_lose_nothing(venue: type[Harness], seed: int) -> None:
    """A guard that dies at any instant, again and again, under faults, with whatever part of its last write on the
    disk: when the faults end, book and venue are one and nothing was placed twice."""
    source = random.Random(seed)

    async def phase(house: House) -> None:
        house.venue.draw(random.Random(source.randrange(10**9)), MENDING)
        await trade(house, source, source.randint(5, 30))

    async def end(house: House) -> None:
        await mend(house)
        states = {order.id: order.state for order in house.kernel.state.orders.values()}
        assert set(states.values()) <= {"acked", "partial"}, states
        assert house.agrees() and house.ready

    house = run(venue, phase)
    for _ in range(4):
        house.alone(source.choice([0, 1, 5, 90]))
        house = run(venue, phase, after=house, keep=source.choice([0, 0, 1, 100, 5000]))
    run(venue, end, after=house)


@pytest.mark.parametrize("hours", [1, -1])
def test_c57_a_wall_clock_that_jumps_stops_openings_and_no_cancel(venue: type[Harness], hours: int) -> None:
    """When the machine's clock is set an hour ahead or back in the middle of trading, nothing opens until a person has
    looked; cancels and questions still reach the venue, and book and venue stay one."""

    async def main(house: House) -> None:
        await house.order("4", "100")
        resting = await house.order("2", "90")
        house.world.jump_wall(hours * 3600 * NANOSECONDS)
        await house.rest(5)
        assert house.causes() and await house.refused_now() != ""
        await house.cancel(resting)
        await house.rest(70)
        assert house.stands(resting) == "cancelled" and house.agrees()

    run(venue, main)


@pytest.mark.parametrize("seed", range(6))
def test_c65_what_the_venue_could_do_never_exceeds_the_limit(venue: type[Harness], seed: int) -> None:
    """Under drawn faults the position that the venue's own working orders could lead to stays within the mandate at
    every instant: nothing unknown, unheard or half cancelled is ever counted as free."""
    unforeseen = ("filled_after",)

    async def main(house: House) -> None:
        cap = Mandate(market_exposure_max=parse(Money, "1500"))
        await house.person(c.SetMandate(subject="agent:momentum", mandate=cap, why="test"))
        chances = {fault: chance for fault, chance in MENDING.items() if fault not in unforeseen}
        house.venue.draw(random.Random(seed + 1000), chances)
        await trade(house, random.Random(seed), 100)
        await mend(house)
        assert house.agrees()
        assert parse(Quantity, "3") < house.widest <= 1500 * SCALE // LOWEST
        verdicts = [record.decision.verdict for record in house.heard if record.decision is not None]
        assert "deny" in verdicts and "allow" in verdicts

    run(venue, main)
