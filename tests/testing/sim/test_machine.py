"""The real guard on a virtual machine: it trades, dies at every point of its journal, and comes back knowing it all."""

from __future__ import annotations

import asyncio
import errno
import random
from collections import Counter
from collections.abc import Callable

import pytest
from tests.testing.sim.house import CONNECTION, SHARE, House, run

from remit.guard.errors import GuardGone
from remit.guard.world import JOURNAL, TOKENS
from remit.journal.errors import JournalDamaged, JournalPoisoned, StoreLocked
from remit.journal.log import Resume
from remit.kernel import command as c
from remit.kernel.event import Record
from remit.kernel.mandate import EMPTY
from remit.kernel.numbers import NANOSECONDS
from remit.testing.disk import MemoryStore
from remit.testing.sim.loop import VirtualLoop
from remit.testing.sim.machine import SOCKET, Died, Machine
from remit.testing.sim.market import LINKS, PATHS

BOB = Resume("bob", "the disk was looked at")
HOUR_NS = 3_600 * NANOSECONDS


def placed(records: list[Record]) -> list[str]:
    """The orders whose placing is planned in the journal: only these may ever reach a venue."""
    return [planned.order for record in records for planned in record.requests if planned.do == "place"]


async def settled(house: House) -> None:
    """Wait until nothing is under way, then compare the book and the journal with the venue."""
    guard = house.machine.guard
    assert guard is not None
    await house.until(lambda: not guard.kernel.state.orders and not guard.kernel.state.drifts.get(CONNECTION), 120)
    await house.until(lambda: house.position() == house.venue_position())
    known = placed(house.records())
    assert set(house.venue_orders()) <= set(known)
    assert max(Counter(known).values(), default=1) == 1
    assert [record.command.seq for record in house.records()] == list(range(1, len(house.records()) + 1))


def asked(house: House, count: int = 1) -> list[asyncio.Task[object]]:
    """Send orders that take, and wait for no answer."""
    return [asyncio.ensure_future(house.submit()) for _ in range(count)]


# It trades


def test_an_order_goes_over_the_virtual_wire_and_fills_at_the_real_venue() -> None:
    async def trade(house: House) -> None:
        answer = await house.submit(quantity=3)
        assert answer["decision"]["verdict"] == "allow"
        await house.until(lambda: house.venue_position() == 3)
        await settled(house)
        assert await house.submit("sell", 2) != ""
        await house.until(lambda: house.venue_position() == 1)
        await settled(house)
        await house.machine.stop()
        assert house.records()[-1].command.body == c.KernelStopped()
        assert house.machine.died_of is None

    house = run(trade)
    kinds = Counter(seen.kind for seen in house.observer.seen)
    assert kinds["booted"] == kinds["stopped"] == 1 and kinds["heard"] == len(house.records())
    sent = [seen.what for seen in house.observer.seen if seen.kind == "sent"]
    arrived = [seen.what for seen in house.observer.seen if seen.kind == "arrived"]
    assert arrived and [message for message in sent if message in arrived] == arrived


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_is_the_same_run_to_the_last_byte(seed: int) -> None:
    async def busy(house: House) -> None:
        house.machine.disks[JOURNAL].crash_write(4, keep=30)
        await asyncio.gather(*asked(house, 6))
        await house.machine.over()
        await house.restart()
        house.machine.jump(HOUR_NS)
        await asyncio.gather(*asked(house, 3))
        await asyncio.sleep(20)

    def trace(of: int) -> tuple[str, bytes]:
        house = run(busy, of, faults={"lost_reply": 2_000, "dropped": 500}, segment_bytes=8_000, snapshot_every=40)
        return house.observer.trace_hash(), repr(sorted(house.machine.disks[JOURNAL].durable.items())).encode()

    assert trace(seed) == trace(seed)
    assert trace(seed) != trace(seed + 10)


# It dies


CRASHES: dict[str, Callable[[House], None]] = {
    "before_the_write": lambda house: house.machine.disks[JOURNAL].crash_write(1, 0),
    "after_one_byte": lambda house: house.machine.disks[JOURNAL].crash_write(1, 1),
    "in_the_entry": lambda house: house.machine.disks[JOURNAL].crash_write(1, 300),
    "in_the_checkpoint": lambda house: house.machine.disks[JOURNAL].crash_write(2, 2_000),
    "after_the_write": lambda house: house.machine.disks[JOURNAL].crash_sync(1),
    "after_the_sync": lambda house: house.machine.disks[JOURNAL].crash_synced(1),
    "after_the_second_sync": lambda house: house.machine.disks[JOURNAL].crash_synced(2),
    "after_the_send": lambda house: house.machine.crash_sent(1),
    "after_the_third_send": lambda house: house.machine.crash_sent(3),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("point", CRASHES)
def test_a_crash_at_any_point_leaves_nothing_sent_unknown_and_nothing_answered_lost(point: str, seed: int) -> None:
    async def crash(house: House) -> None:
        await house.submit()
        await settled(house)
        CRASHES[point](house)
        waiting = asked(house, 3)
        await house.machine.over()
        assert house.machine.guard is None and house.machine.died_of is not None
        durable = {name: bytes(data) for name, data in house.machine.disks[JOURNAL].live.items()}
        sent = len([seen for seen in house.observer.seen if seen.kind == "sent"])
        answers = await asyncio.gather(*waiting)
        await asyncio.sleep(15)
        assert durable == {name: bytes(data) for name, data in house.machine.disks[JOURNAL].live.items()}
        assert sent == len([seen for seen in house.observer.seen if seen.kind == "sent"])
        await house.restart()
        await settled(house)
        assert await house.submit() != ""
        await settled(house)
        told = [answer["command"]["seq"] for answer in answers if isinstance(answer, dict)]
        journal = {record.command.seq: record for record in house.records()}
        assert all(isinstance(journal[seq].command.body, c.Submit) for seq in told)

    house = run(crash, seed)
    assert "died" in {seen.kind for seen in house.observer.seen}


def test_the_order_that_was_sent_before_the_crash_is_asked_for_and_never_sent_again() -> None:
    async def crash(house: House) -> None:
        house.machine.crash_sent(1)
        await house.submit()
        await house.machine.over()
        assert house.machine.died_of == "killed"
        await asyncio.sleep(1)
        assert house.venue_position() == 1  # it had left
        await house.restart()
        await settled(house)
        assert house.position() == 1

    house = run(crash)
    lost = [record for record in house.records() if isinstance(record.command.body, c.Lost)]
    assert [record.command.body.order for record in lost] == house.venue_orders()


def test_an_order_that_was_synced_and_not_sent_never_leaves() -> None:
    async def crash(house: House) -> None:
        await house.submit()
        await settled(house)
        house.machine.disks[JOURNAL].crash_synced(1)
        asked(house)
        await house.machine.over()
        before = len(placed(house.records()))
        await house.restart()
        await settled(house)
        assert len(placed(house.records())) == before and house.venue_position() == before - 1

    run(crash)


@pytest.mark.parametrize("suffix", [".journal", ".snapshot"])
def test_it_dies_in_a_new_segment_and_in_a_snapshot_and_comes_back(suffix: str) -> None:
    befell = []

    async def crash(house: House) -> None:
        disk = house.machine.disks[JOURNAL]
        written = disk.replace

        def watched(name: str, data: bytes) -> None:
            if name.endswith(suffix) and not befell:
                befell.append(name)
                disk.crash_write(1, 10)
            written(name, data)

        disk.replace = watched  # type: ignore[method-assign]
        for _ in range(60):
            await house.submit(bps=-2_000)
            await asyncio.sleep(0.3)
            if house.machine.guard is None:
                break
        assert befell and befell[0] in str(house.machine.died_of)
        await house.restart()
        assert house.machine.guard is not None
        assert house.machine.guard.kernel.state.seq == len(house.records())

    run(crash, segment_bytes=10_000, snapshot_every=40)


def test_snapshots_and_small_segments_are_taken_and_started_from() -> None:
    async def trade(house: House) -> None:
        for _ in range(30):
            await house.submit(bps=-2_000)
            await asyncio.sleep(0.3)
        assert len(house.segments()) > 3
        names = [name for name in house.machine.disks[JOURNAL].names() if "snapshot" in name]
        assert names
        assert house.machine.guard is not None
        before = house.machine.guard.kernel.state.seq
        house.machine.kill(None)
        await house.restart()
        assert house.machine.guard.kernel.state.seq > before and house.machine.guard.recovered.warnings == []

    run(trade, segment_bytes=10_000, snapshot_every=40)


@pytest.mark.parametrize("keep", [0, 1, 400, 100_000])
def test_a_power_loss_takes_only_what_nobody_was_told(keep: int) -> None:
    async def lose(house: House) -> None:
        told = [answer for answer in await asyncio.gather(*asked(house, 4)) if isinstance(answer, dict)]
        asked(house, 4)
        await asyncio.sleep(0.002)
        house.machine.kill(keep)
        await house.restart()
        await settled(house)
        stood = {record.command.seq for record in house.records() if isinstance(record.command.body, c.Submit)}
        assert {answer["command"]["seq"] for answer in told} <= stood

    run(lose)


def test_a_dead_process_reaches_neither_disk_nor_files_nor_people() -> None:
    with VirtualLoop(random.Random(3)) as loop:
        machine = Machine(loop, 3, links=LINKS)

        async def main() -> None:
            machine.boot()
            assert await machine.up() and machine.guard is not None
            guard = machine.guard
            machine.kill(None)
            before = {name: bytes(data) for name, data in machine.disks[JOURNAL].live.items()}
            for reach in (
                lambda: guard.world.store(JOURNAL).replace("x", b"x"),
                lambda: guard.world.store(JOURNAL).names(),
                lambda: guard.world.publish("x", "x"),
                lambda: guard.side.put("thought", b"x"),
                guard.journal.close,
            ):
                with pytest.raises(Died):
                    reach()
            guard.loop.fail(ValueError("too late"))
            assert machine.alerts == []
            assert before == {name: bytes(data) for name, data in machine.disks[JOURNAL].live.items()}
            machine.boot()
            assert await machine.up()

        loop.run(main())
        assert loop.faults == []


# Its disk fails


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize(("what", "nth", "keep"), [("write", 1, 0), ("write", 2, 90), ("sync", 1, 0), ("sync", 2, 0)])
def test_after_an_error_nothing_follows_until_a_person_resumes(what: str, nth: int, keep: int, code: int) -> None:
    async def fail(house: House) -> None:
        await house.submit()
        await settled(house)
        disk = house.machine.disks[JOURNAL]
        if what == "write":
            disk.fail_write(nth, keep, code)
        else:
            disk.fail_sync(nth, code)
        asked(house, 4)
        await house.machine.over()
        sent = [seen for seen in house.observer.seen if seen.kind == "sent"]
        assert "journal_failed" in {alert.code for alert in house.machine.alerts}
        assert "disk_failed" in {seen.kind for seen in house.observer.seen}
        house.machine.boot()
        assert not await house.machine.up()
        assert isinstance(house.machine.start_failed, JournalPoisoned)
        assert [seen for seen in house.observer.seen if seen.kind == "sent"] == sent
        await house.restart(BOB)
        await settled(house)
        started = [
            record.command.body for record in house.records() if isinstance(record.command.body, c.KernelStarted)
        ]
        assert started[-1].resumed_by == "bob"

    run(fail)


def test_a_full_disk_stops_the_guard_until_there_is_room_again() -> None:
    async def fill(house: House) -> None:
        disk = house.machine.disks[JOURNAL]
        disk.capacity = sum(disk.size(name) for name in disk.names()) + 500
        await asyncio.gather(*asked(house, 3))
        await house.machine.over()
        sent = len([seen for seen in house.observer.seen if seen.kind == "sent"])
        house.machine.boot(BOB)
        assert not await house.machine.up()
        await asyncio.sleep(1)
        assert "full" in str(house.machine.start_failed) + str(house.machine.died_of)
        assert sent == len([seen for seen in house.observer.seen if seen.kind == "sent"])
        disk.capacity = None
        await house.restart(BOB)
        await settled(house)
        await house.submit()
        await settled(house)

    run(fill)


def test_a_side_store_without_room_refuses_the_text_and_the_guard_trades_on() -> None:
    async def fill(house: House) -> None:
        house.machine.side_is_full = True
        assert await house.submit(text="no room for this") == "text_not_kept"
        assert (await house.submit())["decision"]["verdict"] == "allow"
        house.machine.side_is_full = False
        assert (await house.submit(text="there is room"))["decision"]["verdict"] == "allow"
        await settled(house)

    run(fill)


def test_a_token_that_cannot_be_kept_is_refused_by_name() -> None:
    async def fail(house: House) -> None:
        house.machine.disks[TOKENS].fail_write()
        with pytest.raises(Exception, match="token_not_kept"):
            await house.say({"kind": "new_token", "role": "auditor", "name": "eve", "owner": "eve"})
        await house.say({"kind": "new_token", "role": "auditor", "name": "eve", "owner": "eve"})

    run(fail)


# Its files are tampered with


def test_a_bit_that_flips_anywhere_is_noticed_or_harmless() -> None:
    """Whatever bit it is: the start refuses, or what was told stands."""
    outcomes = Counter[str]()

    async def flip(house: House) -> None:
        chance = random.Random(house.orders)
        await house.submit()
        await settled(house)
        await house.machine.stop()
        saved, before = house.machine.save(), house.records()
        for _ in range(40):
            name = chance.choice(house.segments())
            house.machine.disks[JOURNAL].flip(name, chance.randrange(8 * house.machine.disks[JOURNAL].size(name)))
            house.machine.boot()
            if await house.machine.up():
                outcomes["harmless"] += 1
                assert house.records()[: len(before)] == before
                await house.machine.stop()
            else:
                outcomes[type(house.machine.start_failed).__name__] += 1
            house.machine.restore(saved)

    run(flip)
    assert outcomes["JournalDamaged"] > 20


def test_a_tail_that_was_cut_off_and_an_old_copy_do_not_pass_for_the_whole() -> None:
    async def tamper(house: House) -> None:
        old = house.machine.save()
        for _ in range(5):
            await house.submit()
        await settled(house)
        await house.machine.stop()
        assert house.venue_position() == 5
        whole, name = house.machine.save(), house.segments()[-1]
        for count in (1, 700, 3_000):
            house.machine.disks[JOURNAL].cut(name, count)
            await self_consistent(house)
            house.machine.restore(whole)
        house.machine.restore(old)
        house.machine.boot()
        assert await house.machine.up()
        await house.until(lambda: bool(house.machine.guard and house.machine.guard.kernel.state.halted), 300)
        assert await house.submit() != ""
        assert house.venue_position() == 5  # whatever the book believes, nothing opens

    house = run(tamper)
    befell = Counter(seen.what for seen in house.observer.seen if seen.kind == "befell")
    assert befell["truncated_tail"] == 3 and befell["old_copy"] >= 1


def test_an_old_copy_is_put_back_beside_what_a_killed_guard_still_had_open() -> None:
    """Overwritten under it, the side store's database took the whole process with it now and then."""

    async def roll_back(house: House) -> None:
        old = house.machine.save()
        held = house.machine._side
        house.machine.kill(None)
        house.machine.restore(old)
        assert house.machine._side is not held
        assert house.machine._side.serialize() == old.side
        house.machine.boot()
        assert await house.machine.up()

    run(roll_back)


def test_after_an_old_copy_no_order_gets_the_id_of_one_that_was_forgotten() -> None:
    """Else a fill of the forgotten one would be booked as that of a stranger."""

    async def roll_back(house: House) -> None:
        old = house.machine.save()
        for _ in range(30):
            await house.say(c.SetMandate(subject="firm", mandate=EMPTY, why="only to let the journal grow"))
        await house.submit()
        await settled(house)
        (forgotten,) = house.venue_orders()
        seq = int(forgotten.rpartition("-")[2])
        house.machine.kill(None)
        house.machine.restore(old)
        house.machine.boot()
        assert await house.machine.up() and house.machine.guard is not None
        given = []
        while house.machine.guard.kernel.state.seq < seq:
            given.append((await house.submit(bps=-2_000))["decision"]["order"])
        assert seq in [int(order.rpartition("-")[2]) for order in given] and forgotten not in given

    run(roll_back)


async def self_consistent(house: House) -> None:
    """A journal without its end starts, if it does, with openings closed until the venue is compared."""
    house.machine.boot()
    if await house.machine.up():
        assert house.machine.guard is not None
        assert not house.machine.guard.recovered.recovery.clean_stop
        house.machine.kill(None)
    else:
        assert isinstance(house.machine.start_failed, JournalDamaged)


# Its clocks


@pytest.mark.parametrize("by_ns", [HOUR_NS, -HOUR_NS, 2 * NANOSECONDS, -2 * NANOSECONDS])
def test_a_jump_of_the_wall_clock_is_told_and_journal_time_goes_on(by_ns: int) -> None:
    async def jump(house: House) -> None:
        await house.submit()
        house.machine.jump(by_ns)
        await asyncio.sleep(5)
        times = [record.command.at for record in house.records()]
        assert times == sorted(times)
        faults = [body for body in bodies(house) if isinstance(body, c.ClockFault)]
        assert len(faults) == 1 and abs(faults[0].jump_ns - by_ns) < NANOSECONDS

    run(jump)


def test_a_machine_that_slept_asks_its_venues_before_anything_opens() -> None:
    async def sleep(house: House) -> None:
        await house.submit()
        await settled(house)
        before = house.machine.awake_ns()
        house.machine.sleep(HOUR_NS)
        await asyncio.sleep(3_600)
        assert house.machine.awake_ns() - before < NANOSECONDS
        await asyncio.sleep(5)
        assert not house.machine.is_asleep and house.machine.slept == HOUR_NS
        slept = [body for body in bodies(house) if isinstance(body, c.Woke)]
        assert sum(body.slept_ns for body in slept) >= HOUR_NS
        await house.ready()
        assert (await house.submit())["decision"]["verdict"] == "deny"  # the prices are from before the sleep
        await asyncio.sleep(1)
        await house.submit()
        await house.until(lambda: house.venue_position() == 2)

    run(sleep)


def test_a_process_that_was_suspended_notes_that_it_stood_still() -> None:
    async def suspend(house: House) -> None:
        assert house.machine.process is not None
        house.loop.suspend(house.machine.process)
        await asyncio.sleep(30)
        house.loop.resume(house.machine.process)
        await asyncio.sleep(5)
        slept = [body for body in bodies(house) if isinstance(body, c.Woke)]
        assert len(slept) == 1 and slept[0].slept_ns > 25 * NANOSECONDS

    run(suspend)


def bodies(house: House) -> list[c.Body]:
    return [record.command.body for record in house.records()]


# Its owner


def test_the_halt_file_stops_the_firm_for_as_long_as_it_is_there() -> None:
    async def halt(house: House) -> None:
        house.machine.halt_text = "stop, says the owner"
        await asyncio.sleep(1)
        answer = await house.submit()
        assert answer["decision"]["verdict"] == "deny"
        house.machine.kill(0)
        house.machine.boot()
        assert await house.machine.up()
        await asyncio.sleep(5)
        assert (await house.submit())["decision"]["verdict"] == "deny"
        assert house.venue_position() == 0

    run(halt)


def test_a_second_guard_on_the_same_disks_is_refused_by_name_and_the_first_goes_on() -> None:
    async def second(house: House) -> None:
        first = house.machine.guard
        house.machine.boot()
        assert house.machine.second is not None
        await house.machine.second
        assert isinstance(house.machine.start_failed, StoreLocked)
        assert house.machine.guard is first and house.machine.is_up
        await house.submit()
        await settled(house)

    run(second)


def test_of_two_guards_that_start_at_once_one_comes_up() -> None:
    async def both(house: House) -> None:
        house.machine.kill(None)
        house.machine.sleep(NANOSECONDS)
        house.machine.boot()
        house.machine.boot()  # the first sleeps with its machine, and has opened nothing
        assert house.machine.second is not None
        await house.machine.second
        assert await house.machine.up() and house.machine.start_failed is None
        await house.ready()
        await house.submit()
        await settled(house)

    run(both)


def test_callers_of_a_killed_guard_are_told_that_the_outcome_is_not_known() -> None:
    async def kill(house: House) -> None:
        waiting = asyncio.ensure_future(house.clients["ann"].ask("read", {"view": "positions"}))
        await asyncio.sleep(0.00001)
        house.machine.kill(None)
        with pytest.raises(GuardGone):
            await waiting
        assert await house.submit() == "guard_not_running"
        assert house.loop.network.links(str(SOCKET)) == 0

    run(kill)


def test_a_machine_without_a_venue_is_up_and_sends_nothing() -> None:
    async def alone(house: House) -> None:
        house.market.crash("north")
        await asyncio.sleep(3)
        assert (await house.submit())["decision"]["verdict"] == "deny"
        house.market.start("north")
        await house.until(lambda: house.loop.network.links(str(PATHS["north"])) > 2, 30)
        await house.ready()
        await house.submit()
        await house.until(lambda: house.venue_position() == 1)

    run(alone)


def test_the_disks_are_plain_stores_to_whoever_looks_at_them() -> None:
    async def look(house: House) -> None:
        assert all(isinstance(disk, MemoryStore) for disk in house.machine.disks.values())
        assert SHARE in house.market.listed(CONNECTION)

    run(look)


def test_a_snapshot_that_the_disk_refuses_is_told_and_the_guard_trades_on() -> None:
    async def refuse(house: House) -> None:
        disk = house.machine.disks[JOURNAL]
        written = disk.replace

        def refused(name: str, data: bytes) -> None:
            if name.endswith(".snapshot"):
                disk.fail_write()
            written(name, data)

        disk.replace = refused  # type: ignore[method-assign]
        for _ in range(15):
            await house.submit(bps=-2_000)
            await asyncio.sleep(0.3)
        assert "snapshot_failed" in {alert.code for alert in house.machine.alerts}
        disk.replace = written  # type: ignore[method-assign]
        await house.submit()
        await house.until(lambda: house.venue_position() == 1)

    run(refuse, snapshot_every=20)


def test_a_crash_while_a_token_is_kept_leaves_no_token_that_nobody_knows() -> None:
    """The hash is kept before the token is journalled: what was answered works, and what was not need not."""

    async def crash(house: House) -> None:
        for plant in (
            lambda: house.machine.disks[TOKENS].crash_write(),
            lambda: house.machine.disks[JOURNAL].crash_write(),
            lambda: house.machine.disks[JOURNAL].crash_synced(),
        ):
            plant()
            with pytest.raises(GuardGone):
                await house.say({"kind": "new_token", "role": "auditor", "name": "eve", "owner": "eve"})
            assert house.machine.died_of is not None
            await house.restart()
            house.clients["ann"].close()
        made = await house.say({"kind": "new_token", "role": "auditor", "name": "eve", "owner": "eve"})
        assert await house.clients["ann"].ask("read", {"view": "positions"}, token=made["secret"]) != ""

    run(crash)
