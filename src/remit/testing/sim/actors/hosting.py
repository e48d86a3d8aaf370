"""What befalls the guard's host: crashes at every point, failing disks, damaged files, jumps of the clock, sleep."""

from __future__ import annotations

import asyncio
import errno
from hashlib import sha256

import msgspec

from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import drawn_order
from remit.testing.sim.durable import SUFFIX
from remit.testing.sim.firm import AGENTS, TRADERS
from remit.testing.sim.keeper import Harm
from remit.testing.sim.machine import VirtualDisk
from remit.testing.sim.stage import Stage

HOST = ("the host",)
SNAPSHOT = ".snapshot"
AWAKE_S = 10
"""How long people, agents and the venues go on while the host sleeps, at the end of its sleep."""
MILLISECOND = NANOSECONDS // 1000
MOMENTS = (0, 100_000, MILLISECOND, 3 * MILLISECOND, 10 * MILLISECOND, 50 * MILLISECOND, 300 * MILLISECOND)
"""How long after an order is sent its guard dies: before the sync, before the send, before the report."""


async def trade(stage: Stage, doing: Doing, orders: int = 3) -> None:
    """Let agents order without anybody waiting for the answers: something is under way when the fault comes."""
    for number in range(orders):
        who = doing.chance.choice(TRADERS)
        stage.begin(stage.ask(who, drawn_order(stage, who, doing.chance), link=number))
    await asyncio.sleep(0)


@deed("host", 3, HOST, "the guard's process is killed")
async def crash(stage: Stage, doing: Doing) -> str:
    """What was written stays; at any moment after orders were sent."""
    await trade(stage, doing)
    await stage.wait(doing.chance.choice(MOMENTS))
    return stage.keeper.kill(None)


@deed("host", 3, HOST, "the power fails")
async def power_loss(stage: Stage, doing: Doing) -> str:
    """Some of the bytes that were not synced get through, the last of them torn anywhere."""
    await trade(stage, doing)
    await stage.wait(doing.chance.choice(MOMENTS))
    return stage.keeper.kill(doing.chance.choice((0, 0, 1, doing.chance.randint(1, 3_000), 100_000)))


@deed("host", 3, HOST, "the power fails in the middle of a write")
async def crash_while_writing(stage: Stage, doing: Doing) -> str:
    """A write of the journal, of a new segment, of a snapshot: torn at any byte."""
    nth, keep = doing.chance.randint(1, 6), doing.chance.choice((0, 1, doing.chance.randint(0, 2_000)))
    stage.machine.disks[JOURNAL].crash_write(nth, keep)
    await trade(stage, doing, orders=nth + 1)
    return f"in write {nth} from now, after {keep} bytes"


@deed("host", 3, HOST, "the power fails in the middle of a sync")
async def crash_while_syncing(stage: Stage, doing: Doing) -> str:
    """Everything was written, nothing of it is durable."""
    nth = doing.chance.randint(1, 6)
    stage.machine.disks[JOURNAL].crash_sync(nth)
    await trade(stage, doing, orders=nth + 1)
    return f"in sync {nth} from now"


@deed("host", 3, HOST, "a write fails")
async def failing_write(stage: Stage, doing: Doing) -> str:
    """EIO after some of its bytes: the journal is poisoned, and a person resumes it by name."""
    nth, keep = doing.chance.randint(1, 6), doing.chance.choice((0, 1, doing.chance.randint(0, 2_000)))
    stage.machine.disks[JOURNAL].fail_write(nth, keep, doing.chance.choice((errno.EIO, errno.ENOSPC)))
    await trade(stage, doing, orders=nth + 1)
    return f"write {nth} from now, after {keep} bytes"


@deed("host", 3, HOST, "a sync fails")
async def failing_sync(stage: Stage, doing: Doing) -> str:
    """What it should have made durable never is: nothing may be answered or sent after it."""
    nth = doing.chance.randint(1, 6)
    stage.machine.disks[JOURNAL].fail_sync(nth)
    await trade(stage, doing, orders=nth + 1)
    return f"sync {nth} from now"


@deed("host", 2, HOST, "the disk is full")
async def full_disk(stage: Stage, doing: Doing) -> str:
    """Until somebody makes room, which the start of the next guard waits for."""
    disk = stage.machine.disks[JOURNAL]
    full = sum(disk.size(name) for name in disk.names()) + doing.chance.choice((0, 100, 5_000))
    disk.capacity = full
    await trade(stage, doing)
    await stage.wait(doing.chance.choice((500 * MILLISECOND, 3 * NANOSECONDS)))
    disk.capacity = None
    return f"at {full} bytes"


@deed("host", 2, HOST, "the side store has no room")
async def full_side(stage: Stage, doing: Doing) -> str:
    """A text beside an order cannot be kept: the order is refused by name, and nothing else happens."""
    stage.machine.side_is_full = True
    who = doing.chance.choice(TRADERS)
    body = {"command": plain(drawn_order(stage, who, doing.chance)), "text": "because it goes up"}
    reply = await stage.caller(who).ask("command", body)
    stage.machine.side_is_full = False
    stage.count(f"code:{reply.code}")
    return reply.words


@deed("host", 3, HOST, "the power fails just after a sync, or just after a send")
async def crash_after(stage: Stage, doing: Doing) -> str:
    """What is durable was not acted on, or what was sent is not answered: it is unknown after the restart."""
    nth = doing.chance.randint(1, 4)
    if doing.chance.random() < 0.5:
        stage.machine.crash_sent(nth)
        what = "send"
    else:
        stage.machine.disks[JOURNAL].crash_synced(nth)
        what = "sync"
    await trade(stage, doing, orders=nth + 1)
    return f"{what} {nth} from now"


@deed("host", 3, HOST, "the guard is stopped and started again")
async def restart(stage: Stage, doing: Doing) -> str:
    """In good order, with orders at work."""
    await trade(stage, doing)
    await stage.wait(doing.chance.choice(MOMENTS))
    return await stage.keeper.restart(doing.chance.choice((0, NANOSECONDS, 20 * NANOSECONDS)))


@deed("host", 2, HOST, "a second guard is started beside the first")
async def second_guard(stage: Stage, doing: Doing) -> str:
    """Over the same folders: it must not come up."""
    await trade(stage, doing)
    return await stage.keeper.second()


@deed("host", 2, HOST, "a bit of a file flips while the guard is down")
async def bit_flip(stage: Stage, doing: Doing) -> str:
    """Anywhere in the journal: where it matters the guard refuses to start, and a person puts the file right."""
    return await stage.keeper.damage(lambda disk: _flip(disk, doing))


@deed("host", 2, HOST, "a file loses its end while the guard is down")
async def truncated_tail(stage: Stage, doing: Doing) -> str:
    """Some bytes or most of a segment; never of what the firm was founded with, without which nobody could go on."""
    return await stage.keeper.damage(lambda disk: _cut(stage, disk, doing))


@deed("host", 2, HOST, "somebody writes a snapshot of their own")
async def forged_snapshot(stage: Stage, doing: Doing) -> str:
    """Sound in itself, with something left out: no entry of the journal names it, so it is worth nothing."""
    return await stage.keeper.damage(_forge)


@deed("host", 2, HOST, "somebody puts an old copy of the journal back")
async def old_copy(stage: Stage, doing: Doing) -> str:
    """Sound in itself, and older than what was told to the world."""

    async def meanwhile() -> None:
        await trade(stage, doing)
        await stage.wait(doing.chance.choice((0, 1, 5)) * NANOSECONDS)

    return await stage.keeper.roll_back(meanwhile)


def _flip(disk: VirtualDisk, doing: Doing) -> Harm:
    name = doing.chance.choice([name for name in disk.names() if disk.size(name)])
    bit = doing.chance.randrange(8 * disk.size(name))
    disk.flip(name, bit)
    return f"bit {bit} of {name}", lambda disk: disk.flip(name, bit)


def _forge(disk: VirtualDisk) -> Harm:
    """Leave the halts out of the newest snapshot, or, where nothing is halted, the ids of intents that were decided."""
    name = max((name for name in disk.names() if name.endswith(SNAPSHOT)), default="")
    if not name:
        return "there is no snapshot yet", None
    try:
        _, header, state = disk.read(name, 0, disk.size(name)).split(b"\n", 2)
        image = msgspec.json.decode(state)
    except ValueError:
        return f"{name} is damaged already", None
    left_out = "halts" if image["halts"] else "seen"
    forged = header + b"\n" + msgspec.json.encode(image | {left_out: []})
    disk.replace(name, sha256(forged).hexdigest().encode() + b"\n" + forged)
    disk.host.befell("forged_snapshot", name)
    return f"{name} without its {left_out}", None


def _cut(stage: Stage, disk: VirtualDisk, doing: Doing) -> Harm:
    name = max(name for name in disk.names() if name.endswith(SUFFIX))
    size = disk.size(name)
    count = doing.chance.choice((1, 100, 2_000, doing.chance.randint(1, size)))
    count = min(count, size - stage.founded.get(name, 0))
    if count <= 0:
        return f"{name} holds nothing but what the firm was founded with", None
    disk.cut(name, count)
    return f"{count} of {size} bytes of {name}", None


@deed("host", 3, HOST, "the wall clock jumps")
async def jump(stage: Stage, doing: Doing) -> str:
    """By a second, an hour or a day, ahead and back."""
    seconds = doing.chance.choice((-3_600, -3_600, -90, -2, 2, 90, 3_600, 3_600, 86_400))
    stage.machine.jump(seconds * NANOSECONDS)
    if doing.chance.random() < 0.7:
        await stage.wait(doing.chance.choice((100 * MILLISECOND, 3 * NANOSECONDS, 20 * NANOSECONDS)))
        set_right(stage)
    return f"by {seconds} s"


@deed("care", 3, HOST, "has its clock set right")
async def set_clock(stage: Stage, doing: Doing) -> str:
    """Which is another jump where it was far off."""
    return set_right(stage)


def set_right(stage: Stage) -> str:
    """Set the wall clock right; return how far off it was."""
    off = stage.machine.wall_offset
    if off:
        stage.machine.jump(-off)
    return f"it was {off} ns off" if off else ""


@deed("host", 2, HOST, "the host sleeps")
async def sleep(stage: Stage, doing: Doing) -> str:
    """A minute or half a day: what was known of the venues is old, and days may have rolled."""
    seconds = doing.chance.choice((1, 3, 10, 60, 3_600, 20_000))
    await trade(stage, doing, orders=1)
    if not stage.machine.is_asleep:
        stage.machine.sleep(seconds * NANOSECONDS)
        stage.nobody_until = stage.loop.ns + (seconds - AWAKE_S) * NANOSECONDS
    return f"for {seconds} s"


@deed("host", 2, HOST, "the guard's process stands still")
async def freeze(stage: Stage, doing: Doing) -> str:
    """As under SIGSTOP: everything it owes the world is late."""
    seconds = doing.chance.choice((1, 5, 40))
    for _ in range(30):
        if not (stage.keeper.is_down() or stage.machine.is_asleep):
            break
        await stage.wait(NANOSECONDS)
    process = stage.machine.process
    if process is None or stage.keeper.is_down() or stage.machine.is_asleep:
        return ""
    await trade(stage, doing)
    stage.loop.suspend(process)
    await stage.wait(seconds * NANOSECONDS)
    if process.alive and not stage.machine.is_asleep:
        stage.loop.resume(process)
    return f"for {seconds} s"


@deed("host", 2, HOST, "somebody puts the halt file there")
async def halt_file(stage: Stage, doing: Doing) -> str:
    """The firm halts and is killed for as long as the file is there."""
    stage.machine.halt_text = "stop, says the owner of this machine"
    return "for the firm"


@deed("host", 2, HOST, "the guard dies while it is told to halt")
async def crash_in_halt(stage: Stage, doing: Doing) -> str:
    """A halt that was answered is in force after the restart; one that was not may be."""
    of = subject("agent", doing.chance.choice(sorted(AGENTS)))
    await trade(stage, doing)
    stage.begin(stage.ask("bob", c.Halt(subject=of, why="just before the power fails", kill=True)))
    await stage.wait(doing.chance.choice(MOMENTS))
    return stage.keeper.kill(doing.chance.choice((None, 0, 500)))
