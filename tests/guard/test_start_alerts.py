"""What a start tells people: the halts that stand, also one that the guard before it had no time to tell of."""

from __future__ import annotations

import asyncio

from tests.testing.sim.house import House, run

from remit.guard.errors import GuardError
from remit.guard.world import JOURNAL
from remit.kernel import command as c


def test_a_halt_that_was_journalled_and_not_told_is_told_by_the_next_start() -> None:
    """The power fails after the sync of the entry that halts, before anything has followed from it."""

    async def die(house: House) -> None:
        house.machine.disks[JOURNAL].crash_synced()
        halting = asyncio.ensure_future(house.clients["ann"].ask("command", c.Halt(subject="firm", why="enough")))
        await house.machine.over()
        assert not any(alert.subject == "firm" for alert in house.machine.alerts), "it died before it could tell"
        house.machine.boot()
        assert await house.machine.up()
        assert isinstance((await asyncio.gather(halting, return_exceptions=True))[0], GuardError)
        assert house.machine.guard is not None and house.machine.guard.kernel.state.halts
        told = [alert for alert in house.machine.alerts if (alert.code, alert.subject) == ("halt_person", "firm")]
        assert len(told) == 1 and "enough" in told[0].why and "stands" in told[0].why

    run(die)


def test_a_start_tells_of_every_halt_that_stands() -> None:
    async def restart(house: House) -> None:
        for subject in ("firm", "agent:momentum"):
            await house.say(c.Halt(subject=subject, why="enough"))
        await house.machine.stop()
        house.machine.alerts.clear()
        house.machine.boot()
        assert await house.machine.up()
        told = {(alert.code, alert.subject) for alert in house.machine.alerts}
        assert {("halt_person", "firm"), ("halt_person", "agent:momentum")} <= told

    run(restart)
