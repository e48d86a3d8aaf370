"""R1 and L1, each broken by hand and kept."""

from __future__ import annotations

import pytest
from tests.kernel.desk import ANN, money, price, quantity
from tests.testing.sim.invariants.scene import Scene, scene, without
from tests.testing.sim.invariants.test_exposure import filled

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.venues.paper.incident import Incidents
from remit.venues.paper.state import PaperOrder


@pytest.fixture
def desk() -> Scene:
    return scene()


def shown(desk: Scene, orders: tuple[str, ...] = (), **positions: str) -> Record:
    """The venue shows its account."""
    held = tuple(c.Holding(name, quantity(amount)) for name, amount in sorted(positions.items()))
    cash = (("USD", money(str(desk.state.cash["paper1", "USD"].amount // 10**18))),)
    desk.do(c.Ask(connection="paper1"))
    return desk.do(c.Reconciled(connection="paper1", positions=held, cash=cash, orders=orders, asked=desk.state.seq))


def settled(desk: Scene) -> None:
    """Let everything in transit grow old."""
    desk.at += 200 * NANOSECONDS


def test_what_the_book_knows_and_what_is_in_transit_is_well(desk: Scene) -> None:
    order = desk.working("5", "100")
    shown(desk, (order.id,), AAPL="2")
    filled(desk, order.id, "5")
    shown(desk)
    settled(desk)
    shown(desk, AAPL="5")
    assert not desk.state.halts
    desk.is_well()


def test_what_is_unknown_and_halts_is_well(desk: Scene) -> None:
    shown(desk, ("stray-1",), AAPL="70")
    assert desk.state.halts
    desk.is_well()


def test_what_a_person_kept_is_well(desk: Scene) -> None:
    shown(desk, ("stray-1",), AAPL="70")
    desk.took(c.Adopt(connection="paper1", truth="book", why="looked"))
    (name,) = desk.state.halts
    desk.took(c.Review(halt=name, limit="reconcile", why="looked"), ANN)
    desk.took(c.Resume(halt=name, why="go"), ANN)
    settled(desk)
    shown(desk, ("stray-1",), AAPL="70")
    assert not desk.state.halts
    desk.is_well()


def unhalted(desk: Scene, orders: tuple[str, ...] = (), **positions: str) -> None:
    """The venue shows its account, and what must halt does not."""
    desk.wrong()
    desk.do(c.Ask(connection="paper1"))
    desk.forge = lambda record: without(record, e.HaltRaised)
    held = tuple(c.Holding(name, quantity(amount)) for name, amount in sorted(positions.items()))
    cash = (("USD", money("1000000")),)
    desk.do(c.Reconciled(connection="paper1", positions=held, cash=cash, orders=orders, asked=desk.state.seq))


def test_r1_finds_an_order_that_nobody_let_out_and_that_halts_nothing(desk: Scene) -> None:
    unhalted(desk, ("stray-1",))
    desk.finds("R1", f"entry {desk.state.seq} shows the order stray-1 of paper1, here it is never let out")


def test_r1_finds_an_order_that_was_over_long_ago(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Cancel(order=order.id))
    desk.do(c.Cancelled(order=order.id))
    shown(desk, (order.id,))
    desk.is_well()
    settled(desk)
    unhalted(desk, (order.id,))
    desk.finds("R1", f"shows the order {order.id} of paper1, here it is cancelled, and nothing halts")


def test_r1_finds_a_position_that_nothing_explains(desk: Scene) -> None:
    filled(desk, desk.working("5", "100").id, "5")
    settled(desk)
    unhalted(desk, AAPL="12")
    desk.finds("R1", "shows 12 AAPL of paper1, the book has 5, nothing in transit explains it, and nothing halts")


def at_rest(desk: Scene) -> None:
    """Let a round see everything as it is."""
    shown(desk)
    desk.wrong()
    shown(desk)


def test_the_end_with_nothing_left_is_well(desk: Scene) -> None:
    at_rest(desk)
    desk.is_well(calm=True)


def test_r1_finds_at_the_end_what_a_venue_has_and_the_book_does_not(desk: Scene) -> None:
    stray = PaperOrder(
        id="stray-1", connection="paper1", instrument="AAPL", side="buy", type="limit", time_in_force="gtc",
        quantity=quantity("1"), price=price("1"),
    )  # fmt: skip
    incidents = Incidents(desk.exchange)
    incidents.stray(stray, desk.at)
    incidents.shift("paper1", "AAPL", quantity("7"), desk.at)
    at_rest(desk)
    found = desk.wrong(calm=True)
    assert any("R1: north works the order stray-1 of paper1 at the end" in said for said in found), found
    assert any("R1: north has 7 AAPL of paper1 at the end, the book has 0" in said for said in found), found


def test_l1_finds_an_order_that_never_ends(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.finds("L1", f"{order.id} is acked at the end, and reserves 5", calm=True)


def test_l1_finds_an_order_that_is_over_and_still_in_the_book(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Cancel(order=order.id))
    desk.do(c.Cancelled(order=order.id))
    desk.wrong()
    desk.state.orders[order.id] = order
    desk.finds("L1", f"{order.id} is cancelled at the end, and over by its entries", calm=True)


def test_l1_finds_what_is_reserved_with_no_order(desk: Scene) -> None:
    desk.state.cash["paper1", "USD"].reserved = 3 * 10**18
    desk.finds("L1", "3 USD of paper1 are reserved at the end", calm=True)


def test_l1_finds_sums_that_never_came_down(desk: Scene) -> None:
    desk.state.subjects["firm"].total.working = 1
    desk.finds("L1", "1 orders of firm reserve 0 at the end", calm=True)


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("_inbox", "1 commands not taken yet at the end"),
        ("_tails", "1 requests on their way at the end"),
        ("_resting", "1 requests to be repeated at the end"),
    ],
)
def test_l1_finds_a_queue_that_does_not_drain(desk: Scene, queue: str, said: str) -> None:
    place = desk.guard.loop if queue == "_inbox" else desk.guard.courier
    setattr(place, queue, {1: 1})
    desk.finds("L1", said, calm=True)


def test_l1_finds_an_order_of_unknown_outcome(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Lost(order=order.id, why="no reply"), GUARD)
    desk.finds("L1", "1 orders of unknown outcome at the end", calm=True)


def test_l1_finds_that_no_guard_runs(desk: Scene) -> None:
    desk.observer.died("killed")
    desk.finds("L1", "no guard runs at the end", calm=True)
