"""Dead men: armed while orders work, renewed in time, disarmed after the last order, and armed once more at the end."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.guard.core import OPERATOR, Core, run
from tests.guard.test_watch import see, told, working

from remit.guard.world import JOURNAL
from remit.kernel import access
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.testing.world import MemoryWorld
from remit.venues.paper import messages
from remit.venues.seam import Unencodable


def spans(core: Core) -> list[int]:
    """For how many seconds the venue was told to wait, each time."""
    found = []
    for _, sealed in core.world.sent:
        body = messages.read_body(messages.read_frame(sealed).body)  # type: ignore[union-attr]
        if isinstance(body, messages.DeadMan):
            found.append(body.after_s)
    return found


def tolerance(seconds: int) -> c.SetTolerance:
    return c.SetTolerance(connection="paper1", tolerance=access.Tolerance(dead_man_s=seconds), why="test")


async def the_end(core: Core) -> None:
    """Let a stopping guard arm its venues, in at most three seconds."""
    assert core.watch is not None
    arming = asyncio.ensure_future(core.watch.dead_men.arm_for_the_end())
    await core.rest(3)
    assert arming.done()


def test_it_is_armed_with_the_first_order_and_renewed_while_one_works() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await core.rest(30)
        assert spans(core) == [], "without an order nobody waits for the guard"
        await working(core)
        assert spans(core) == [60], "at once, not with the next look"
        assert (await see(core, "connections"))[0]["dead_man"] == "armed for 60 s"
        await core.rest(57)
        assert spans(core) == [60, 60, 60], "three times in the time after which the venue would act"
        await working(core)
        assert len(spans(core)) == 3, "more orders need no more renewals"

    run(main)


def test_it_is_disarmed_after_the_last_order() -> None:
    """Else the venue would cancel, a minute later, orders that were placed meanwhile."""

    async def main(core: Core) -> None:
        core.begin()
        order = await working(core)
        await core.enter(OPERATOR, c.Cancel(order=order))
        await core.rest(25)
        assert spans(core) == [60, 0]
        await core.rest(120)
        assert spans(core) == [60, 0]
        await working(core)
        assert spans(core) == [60, 0, 60]

    run(main)


def test_an_order_after_the_last_and_before_the_disarming_keeps_it_armed() -> None:
    async def main(core: Core) -> None:
        core.begin()
        order = await working(core)
        await core.enter(OPERATOR, c.Cancel(order=order))
        await core.rest(10)
        await working(core)
        await core.rest(15)
        assert spans(core) == [60, 60]

    run(main)


def test_what_did_not_reach_the_venue_is_tried_again_every_second() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await working(core)
        core.world.venues.clear()
        await core.rest(25)
        assert core.kernel.state.armed["paper1"].code == "link_down"
        core.world.venues["paper1"] = core.script
        await core.rest(2)
        assert core.kernel.state.armed["paper1"].code == ""
        assert spans(core) == [60, 60]

    run(main)


def test_a_venue_without_one_is_asked_once() -> None:
    async def main(core: Core) -> None:
        def none(*_: Any) -> Any:
            raise Unencodable("this venue has no dead man")

        core.venue.dead_man = none  # type: ignore[method-assign]
        core.begin()
        await working(core)
        await core.rest(120)
        assert len(core.bodies(c.Arm)) == 1
        assert core.kernel.state.armed["paper1"].code == "unencodable"
        assert "dead_man_missing" in {alert.code for alert in core.world.alerts}
        (row,) = await see(core, "connections")
        assert row["dead_man"] == "the venue has none"
        await core.enter(OPERATOR, tolerance(30))
        await core.rest(2)
        assert len(core.bodies(c.Arm)) == 2, "another time may be one that it has"

    run(main)


def test_zero_switches_it_off_and_a_new_time_counts_at_once() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await core.enter(OPERATOR, tolerance(0))
        await working(core)
        await core.rest(40)
        assert spans(core) == []
        await core.enter(OPERATOR, tolerance(30))
        await working(core)
        assert spans(core) == [30]
        await core.enter(OPERATOR, tolerance(90))
        await core.rest(1)
        assert spans(core) == [30, 90]
        await core.enter(OPERATOR, tolerance(0))
        await core.rest(5)
        assert spans(core) == [30, 90, 0]

    run(main)


def test_an_order_that_waits_for_a_person_is_no_order_at_work() -> None:
    async def main(core: Core) -> None:
        core.begin()
        order = await working(core)
        core.kernel.state.orders[order].state = "held"
        await core.rest(25)
        assert spans(core) == [60, 0]
        core.kernel.state.orders[order].state = "acked"

    run(main)


def test_the_last_thing_a_guard_does_is_to_arm() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await the_end(core)
        assert spans(core) == [], "nothing works, so nothing needs to be cancelled"
        await working(core)
        await core.rest(10)
        await the_end(core)
        assert spans(core) == [60, 60]

    run(main)


def test_a_guard_that_stops_does_not_wait_for_a_venue_that_is_down() -> None:
    async def main(core: Core) -> None:
        core.begin()
        await working(core)
        core.world.venues.clear()
        await the_end(core)
        assert core.kernel.state.armed["paper1"].code == "link_down"

    run(main)


def test_a_restart_renews_what_the_guard_before_it_armed() -> None:
    async def before(core: Core) -> None:
        core.begin()
        await working(core)

    first = run(before)
    first.world.disks[JOURNAL] = first.disk.reboot()

    async def after(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        core.begin()
        await core.rest(1)
        assert spans(core) == [60]
        for order in list(core.kernel.state.orders):
            await core.enter(GUARD, c.Cancelled(order=order))
        await core.rest(25)
        assert spans(core) == [60, 0]
        assert told(core, "deadman") == 2

    world = MemoryWorld(wall=first.world.wall + 5 * NANOSECONDS, disks=first.world.disks)
    run(after, world, fresh=False)


def test_a_restart_disarms_what_nothing_needs_any_more() -> None:
    async def before(core: Core) -> None:
        core.begin()
        order = await working(core)
        await core.enter(GUARD, c.Cancelled(order=order))

    first = run(before)
    first.world.disks[JOURNAL] = first.disk.reboot()

    async def after(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        core.begin()
        await core.rest(40)
        assert spans(core) == [0]

    world = MemoryWorld(wall=first.world.wall + 5 * NANOSECONDS, disks=first.world.disks)
    run(after, world, fresh=False)
