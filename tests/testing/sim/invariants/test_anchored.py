"""W1 and W2, each broken by hand and kept."""

from __future__ import annotations

import pytest
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import command as c
from remit.kernel.names import GUARD

HOLDERS = ("w1.sim", "w2.sim", "anchor")


@pytest.fixture
def desk() -> Scene:
    return scene()


def held(desk: Scene, *holders: str) -> None:
    """These hold the head as it is now."""
    for who in holders:
        desk.observer.anchored(who, desk.journal.size, desk.journal.root, is_held=True)


def test_what_all_hold_may_leave_and_start_again(desk: Scene) -> None:
    held(desk, *HOLDERS)
    order = desk.order("5", "100")
    held(desk, *HOLDERS)
    desk.send(order.id)
    desk.is_well()
    desk.restart()
    desk.is_well()


@pytest.mark.parametrize("late", HOLDERS)
def test_w1_finds_what_leaves_before_one_of_them_holds_it(desk: Scene, late: str) -> None:
    held(desk, *HOLDERS)
    before = desk.journal.size
    order = desk.order("5", "100")
    held(desk, *(who for who in HOLDERS if who != late))
    desk.send(order.id)
    desk.finds(
        "W1", f"place of {order.id} left under a permit of entry {desk.state.seq}, and {late} held {before} entries"
    )


def test_w1_finds_what_leaves_on_a_refusal(desk: Scene) -> None:
    held(desk, *HOLDERS)
    order = desk.order("5", "100")
    held(desk, *HOLDERS[1:])
    desk.observer.anchored("w1.sim", desk.journal.size, desk.journal.root, is_held=False)
    desk.send(order.id)
    desk.finds("W1", "and w1.sim held")


def test_w2_finds_a_start_on_less_than_the_second_folder_holds(desk: Scene) -> None:
    desk.observer.anchored("anchor", desk.journal.size + 9, bytes(32), is_held=True)
    desk.observer.booting()
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="test"), GUARD)
    desk.finds("W2", "a guard started, and anchor holds a head of size")


def test_w2_finds_an_old_copy_that_is_opened(desk: Scene) -> None:
    size = desk.journal.size
    desk.observer.anchored("anchor", size + 1, bytes(32), is_held=True)
    desk.restart()
    desk.finds("W2", f"a journal of {size} entries was opened, and anchor holds a head of size {size + 1}")


def test_w2_finds_a_start_against_a_witness_that_said_so(desk: Scene) -> None:
    desk.observer.booting()
    desk.observer.anchored("w1.sim", desk.journal.size + 9, bytes(32), is_held=False)
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="test"), GUARD)
    desk.finds("W2", "a guard started, and w1.sim holds a head of size")


def test_w2_finds_what_leaves_from_another_history(desk: Scene) -> None:
    held(desk, *HOLDERS)
    order = desk.order("5", "100")
    held(desk, *HOLDERS)
    desk.observer.anchored("w2.sim", desk.journal.size, bytes(32), is_held=True)
    desk.send(order.id)
    desk.finds("W2", f"a request left, and w2.sim holds another head of size {desk.journal.size}")
