"""The loop: whatever fails, nothing that is not durable is answered or sent, and the guard stops by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.guard.core import OPERATOR, Core, run

from remit.guard.errors import EntryTooLarge, GuardStopped
from remit.kernel import command as c
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS, NANOSECONDS, Quantity, parse


async def refused(answer: asyncio.Future[object]) -> bool:
    try:
        await answer
    except GuardStopped:
        return True
    return False


def broken_kernel(core: Core) -> None:
    step = core.kernel.step

    def breaks(command):  # type: ignore[no-untyped-def]
        if isinstance(command.body, c.SetPause):
            raise KeyError("a bug")
        return step(command)

    core.kernel.step = breaks  # type: ignore[method-assign]


def broken_side_store(core: Core) -> None:
    import sqlite3

    def breaks() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    core.loop._before_sync = breaks


def broken_sync(core: Core) -> None:
    core.disk.fail_sync()


def full_disk(core: Core) -> None:
    core.disk.capacity = sum(map(len, core.disk.live.values())) + 100


FAULTS = [broken_kernel, broken_side_store, broken_sync, full_disk]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_the_first_fault_nothing_is_answered_sent_or_appended(fault: Callable[[Core], None]) -> None:
    """Three enter at once, the second or the disk fails: none of them is answered, none acts, nothing follows."""

    async def main(core: Core) -> None:
        size = core.journal.size
        fault(core)
        three = [core.submit(), core.loop.enter(OPERATOR, c.SetPause(subject="firm", paused=True, why="x"))]
        three.append(core.submit())
        assert [await refused(answer) for answer in three] == [True] * 3
        assert await refused(core.submit())
        with pytest.raises(GuardStopped):
            core.loop.check()
        await core.rest(5)
        assert core.said == []
        assert [alert.code for alert in core.world.alerts] == [
            "journal_failed" if fault in (broken_sync, full_disk) else "guard_failed"
        ]
        assert core.journal.size == size

    core = run(main)
    assert core.loop.failed is not None


def test_a_failure_stops_what_was_on_its_way_to_the_link() -> None:
    """An order that is durable but not yet sent when the journal fails is neither signed nor sent."""

    async def main(core: Core) -> None:
        opened = asyncio.Event()
        script = core.world.send

        async def slow_to_open(connection: str, make: Callable[[], bytes]) -> bytes:
            await opened.wait()
            return await script(connection, make)

        core.world.send = slow_to_open  # type: ignore[method-assign]
        allowed = await core.submit()
        assert allowed.decision is not None and allowed.decision.verdict == "allow"
        core.disk.fail_sync()
        assert await refused(core.submit())
        opened.set()
        await core.rest()
        assert core.said == []

    run(main)


def test_a_fault_beside_the_loop_stops_it() -> None:
    async def main(core: Core) -> None:
        async def breaks() -> None:
            raise ZeroDivisionError("somewhere")

        core.courier.spawn(breaks())
        await core.rest()
        assert core.loop.failed is not None and "ZeroDivisionError: somewhere in breaks" in core.loop.failed
        assert await refused(core.submit())

    run(main)


def test_what_no_entry_can_hold_is_refused_before_anything_moves() -> None:
    async def main(core: Core) -> None:
        held = tuple(c.Holding(f"N{number}", parse(Quantity, "1")) for number in range(2000))
        seq = core.kernel.state.seq
        with pytest.raises(EntryTooLarge):
            await core.loop.enter(GUARD, c.Reconciled(connection="paper1", positions=held, cash=(), orders=()))
        assert (core.kernel.state.seq, core.loop.failed) == (seq, None)

    run(main)


def test_a_jump_between_two_runs_is_told() -> None:
    """The wall clock went back by an hour while the guard was down: the restart notes it, and openings close."""

    async def nothing(core: Core) -> None:
        return

    world = run(nothing).world
    world.jump_wall(-3600 * 10**9)

    async def main(core: Core) -> None:
        core.loop.now()
        await core.enter(GUARD, c.KernelStarted(version="test", digest="0" * 64, clean=True, prefix="abcd"))
        assert [body.jump_ns // 10**9 for body in core.bodies(c.ClockFault)] == [-3600]
        assert [halt.cause for halt in core.kernel.state.halts.values()] == ["clock"]

    run(main, world, fresh=False)


def test_a_stretch_begins_with_the_start_of_its_kernel() -> None:
    """What is due at a start, and a clock that jumped meanwhile, are decided by the kernel that starts, and stand after
    it: verification decides each stretch again with the kernel that wrote it."""

    async def main(core: Core) -> None:
        before = len(core.heard)
        core.world.steady += DAY_NS
        core.world.wall += DAY_NS + 3600 * NANOSECONDS
        await core.enter(GUARD, c.KernelStarted(version="next", digest="1" * 64, clean=False, prefix="efgh"))
        entered = [type(record.command.body) for record in core.heard[before:]]
        assert entered == [c.KernelStarted, c.ClockFault]
        due = core.kernel.next_due()
        assert due is not None and due > core.kernel.state.at, "and all that was due is done"

    run(main)
