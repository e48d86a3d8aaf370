"""The market of a simulation: prices that walk, venues that answer, fail, drift and go away, and calm afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from tests.testing.sim.house import CONNECTION, SHARE, House, run

from remit.kernel import command as c
from remit.kernel.numbers import NANOSECONDS, SCALE, Money, Price, Quantity
from remit.testing.sim.loop import VirtualLoop
from remit.testing.sim.machine import Machine
from remit.testing.sim.market import EXCHANGES, LINKS, PATHS, Market
from remit.venues.paper.state import PaperOrder


def state(house: House):  # type: ignore[no-untyped-def]
    assert house.machine.guard is not None
    return house.machine.guard.kernel.state


def has_halted(house: House) -> bool:
    return bool(state(house).halted)


def prices(seed: int, seconds: int = 30) -> dict[str, int]:
    with VirtualLoop(random.Random(seed)) as loop:
        market = Market(Machine(loop, seed, links=LINKS), seed)

        async def main() -> None:
            market.open()
            await asyncio.sleep(seconds)
            for name, exchange in market.exchanges.items():
                assert set(exchange.floor.touches) == set(exchange.floor.instruments), name

        loop.run(main())
        assert loop.faults == []
        return market.prices


def test_prices_walk_by_their_seed_and_reach_every_exchange() -> None:
    assert prices(1) == prices(1) != prices(2)


def test_the_two_contracts_of_a_market_are_worth_one_together() -> None:
    with VirtualLoop(random.Random(1)) as loop:
        market = Market(Machine(loop, 1, links=LINKS), 1)
        for bps in (-2_000, 5_000, 5_000, -20_000):
            market.shock("RAIN-NO", bps)
            assert market.prices["RAIN-YES"] + market.prices["RAIN-NO"] == SCALE
            assert 0 < market.prices["RAIN-NO"] < SCALE


def test_every_connection_has_its_exchange_and_its_cash() -> None:
    with VirtualLoop(random.Random(1)) as loop:
        market = Market(Machine(loop, 1, links=LINKS), 1)
        for name, connections in EXCHANGES.items():
            for connection in connections:
                assert LINKS[connection] == PATHS[name] and market.name_of(connection) == name
                assert market.listed(connection) and market.exchanges[name].floor.accounts.cash[connection]
        assert {market.where(name) for name in market.instruments} == set(EXCHANGES)


def test_a_connection_for_which_no_cash_is_named_is_an_error() -> None:
    with VirtualLoop(random.Random(1)) as loop:
        machine = Machine(loop, 1, links=LINKS)
        with pytest.raises(KeyError):
            Market(machine, 1, cash={"paper1": {"USD": Money(1)}})


LOST: dict[str, Callable[[House], None]] = {
    "cut": lambda house: house.market.cut("north"),
    "dropped": lambda house: house.market.drop("north"),
    "crashed": lambda house: house.market.crash("north"),
    "away": lambda house: house.market.away("north"),
}


@pytest.mark.parametrize("how", LOST)
def test_a_venue_that_is_lost_with_orders_on_their_way_is_whole_again_after_calm(how: str) -> None:
    async def lose(house: House) -> None:
        await house.submit()
        await house.until(lambda: house.venue_position() == 1)
        waiting = [asyncio.ensure_future(house.submit()) for _ in range(4)]
        await asyncio.sleep(0.001)
        LOST[how](house)
        await asyncio.gather(*waiting)
        await asyncio.sleep(20)
        house.market.calm()
        await house.until(lambda: not state(house).orders, 200)
        await house.until(lambda: house.position() == house.venue_position(), 200)

    run(lose)


def test_all_faults_of_a_plan_end_with_calm_and_the_books_agree() -> None:
    faults = {"lost_reply": 800, "late_request": 500, "error_after": 500, "twice": 500, "dropped": 400, "swapped": 400}

    async def trade(house: House) -> None:
        for number in range(25):
            await house.submit("buy" if number % 3 else "sell")
            await asyncio.sleep(0.5)
        assert house.market.befell()
        house.market.calm()
        before = house.market.befell()
        await house.until(lambda: not state(house).orders, 300)
        await asyncio.sleep(70)
        assert house.position() == house.venue_position()
        assert house.market.befell() == before

    run(trade, faults=faults)


def test_a_bust_is_told_and_the_book_follows() -> None:
    async def bust(house: House) -> None:
        assert house.market.bust(CONNECTION, random.Random(1)) == ""
        await house.submit()
        await house.until(lambda: house.position() == 1)
        assert house.market.bust(CONNECTION, random.Random(1)) in house.venue_orders()
        await house.until(lambda: house.position() == 0)

    run(bust)


def test_a_position_that_drifts_halts_the_connection() -> None:
    async def drift(house: House) -> None:
        await house.submit()
        await house.until(lambda: house.position() == 1)
        house.market.drift(CONNECTION, SHARE, Quantity(7 * SCALE))
        await house.until(lambda: has_halted(house), 600)
        assert house.venue_position() == 8

    run(drift)


def test_a_strange_order_is_found_and_one_that_cannot_be_paid_for_is_not_there() -> None:
    async def stray(house: House) -> None:
        def order(quantity: int) -> PaperOrder:
            return PaperOrder(
                id=f"strange-{quantity}", connection=CONNECTION, instrument=SHARE, side="buy", type="limit",
                time_in_force="gtc", quantity=Quantity(quantity * SCALE), price=Price(SCALE),
            )  # fmt: skip

        assert not house.market.stray(CONNECTION, order(1_000_000))
        assert house.market.stray(CONNECTION, order(1))
        await house.until(lambda: has_halted(house), 600)

    run(stray)


def test_a_market_closes_opens_and_changes_its_tick() -> None:
    async def change(house: House) -> None:
        house.market.close_market(SHARE, "halted")
        answer = await house.submit()
        await house.until(lambda: not state(house).orders)
        assert house.venue_position() == 0 and isinstance(answer, dict)
        house.market.open_market(SHARE)
        terms = house.market.change_tick(SHARE, Price(SCALE // 2))
        assert house.market.instruments[SHARE] == terms
        await house.say(c.AddInstrument(instrument=terms))
        await house.submit()
        await house.until(lambda: house.venue_position() == 1)

    run(change)


def test_a_market_resolves_once_and_a_split_is_carried_out() -> None:
    async def settle(house: House) -> None:
        assert house.market.settle(c.Resolve(market="RAIN", outcome="yes"))
        assert not house.market.resolve(c.Resolve(market="NOBODY", outcome="yes"))
        await house.submit()
        await house.until(lambda: house.position() == 1)
        assert house.market.settle(c.Split(instrument=SHARE, new=2, old=1))
        assert house.venue_position() == 2
        house.market.pay(CONNECTION, "USD", Money(-SCALE))
        house.market.end_session("north")

    run(settle)


def test_an_order_fills_though_nobody_meets_it() -> None:
    async def fill(house: House) -> None:
        await house.submit(bps=-2_000)
        await house.until(lambda: len(house.venue_orders()) == 1)
        house.market.fill(CONNECTION, house.venue_orders()[0], Quantity(SCALE))
        await house.until(lambda: house.position() == 1)

    run(fill)


def test_a_venue_whose_clock_is_ahead_refuses_what_has_expired_there() -> None:
    async def skew(house: House) -> None:
        house.market.skew("north", 60 * NANOSECONDS)
        await house.submit()
        await house.until(lambda: not state(house).orders, 120)
        assert house.venue_position() == 0
        house.market.calm()

    run(skew)


def test_prices_hardly_move_while_the_guards_machine_sleeps() -> None:
    """Half a day of sleep is over in a moment of real time."""

    async def sleep(house: House) -> None:
        house.machine.sleep(50_000 * NANOSECONDS)
        await asyncio.sleep(50_010)
        await house.ready()

    run(sleep)
