"""Recovery: from a snapshot or from the first entry the same state, after every crash, and no file is believed that the
journal does not name."""

from __future__ import annotations

import pytest
from tests.guard.core import OPERATOR, Core, run

from remit.guard.errors import StateMismatch
from remit.guard.recover import ORIGIN, in_doubt, recover, take_snapshot
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal import snapshot as snapshots
from remit.journal.errors import JournalRolledBack
from remit.journal.frame import ENTRY, checkpoint_line, frame, segments
from remit.journal.log import read_entries
from remit.journal.tree import Tree
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.command import Command
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD
from remit.kernel.snapshot import dump, load, state_hash
from remit.testing.disk import Crashed
from remit.testing.world import MemoryWorld
from remit.venues.paper import messages

STARTED = c.KernelStarted(version="test", digest="0" * 64, clean=False, prefix="abcd")


async def busy(core: Core) -> None:
    """Two orders, a snapshot between them, and a halt after it."""
    await core.submit()
    await core.rest()
    await core.loop.enter(GUARD, take_snapshot(core.world, core.journal, core.kernel))
    await core.submit()
    await core.enter(OPERATOR, c.Halt(subject="agent:momentum", why="x"))
    await core.rest()


def from_genesis(core: Core) -> Kernel:
    kernel = Kernel()
    for _, entry in read_entries(core.disk, 0, core.journal.size):
        kernel.fold(decode(Record, entry))
    return kernel


def after_crash(core: Core, keep: int | None = 0) -> MemoryWorld:
    """The world that a power loss leaves."""
    world = MemoryWorld(seed=1, wall=core.world.wall, disks=core.world.disks)
    world.disks[JOURNAL] = core.disk.reboot(keep)
    return world


def test_from_a_snapshot_and_from_the_first_entry_the_state_is_the_same() -> None:
    again = Core(after_crash(run(busy)))
    assert (again.recovered.warnings, again.recovered.recovery.clean_stop) == ([], False)
    assert state_hash(again.kernel.state) == state_hash(from_genesis(again).state)
    assert [halt.cause for halt in again.kernel.state.halts.values()] == ["person"]


def test_a_snapshot_that_the_journal_does_not_name_is_not_believed() -> None:
    """Whoever can write the folder writes a state without the halt, with the right hash and the right tree."""
    core = run(busy)
    seq, frontier = core.journal.frontier()
    forged = load(dump(core.kernel.state))
    forged.halts.clear()
    forged.halted.clear()
    snapshots.write(core.disk, seq, 0, frontier, dump(forged))
    again = Core(after_crash(core))
    assert [halt.cause for halt in again.kernel.state.halts.values()] == ["person"]
    assert len(again.recovered.warnings) == 1 and "not named" in again.recovered.warnings[0]
    assert state_hash(again.kernel.state) == state_hash(from_genesis(again).state)


def test_nobody_without_the_key_names_a_snapshot() -> None:
    """A forged state, and behind the last head a line that names it, as the guard itself would have written it."""
    core = run(busy)
    seq, frontier = core.journal.frontier()
    forged = load(dump(core.kernel.state))
    forged.halts.clear()
    forged.halted.clear()
    digest = snapshots.write(core.disk, seq, 0, frontier, dump(forged))
    naming = Command(seq=seq + 1, at=core.kernel.state.at, by=GUARD, body=c.SnapshotTaken(through=seq, hash=digest))
    name = segments(core.disk)[-1]
    core.disk.write(name, core.disk.size(name), frame(ENTRY, encode(from_genesis(core).step(naming))))
    core.disk.sync(name)
    again = Core(after_crash(core))
    assert [halt.cause for halt in again.kernel.state.halts.values()] == ["person"]
    assert again.kernel.state.seq == seq and again.recovered.recovery.unsealed == range(seq, seq + 1)
    assert any("no signed head covers" in warning for warning in again.recovered.warnings)


def test_what_stands_before_a_snapshot_names_none() -> None:
    """No head proves those lines where a start begins behind them, and checkpoints there may say any size."""

    async def main(core: Core) -> None:
        for number in range(260):  # a segment is searched by its checkpoints from 64 KiB on
            await core.enter(OPERATOR, c.SetPause(subject="agent:momentum", paused=True, why=f"{number} " + "x" * 200))
        await core.enter(OPERATOR, c.Halt(subject="firm", why="no more"))

    core = run(main)
    name, entries = segments(core.disk)[-1], [entry for _, entry in read_entries(core.disk, 0)]
    past, tree = Kernel(), Tree()
    for entry in entries[:-1]:
        past.fold(decode(Record, entry))
        tree.add(entry)
    at = len(entries) - 1
    digest = snapshots.write(core.disk, at, 0, tree.frontier(), dump(past.state))
    naming = Command(seq=at + 1, at=past.state.at, by=GUARD, body=c.SnapshotTaken(through=at, hash=digest))
    lines = core.disk.read(name, 0, core.disk.size(name)).splitlines(keepends=True)
    heads = [number for number, line in enumerate(lines) if line.startswith(b"c ")]
    note = core.journal.head.note.split("\n")
    lies = checkpoint_line("\n".join([note[0], str(at), *note[2:]]))
    last = max(number for number, line in enumerate(lines) if line.startswith(b"e "))
    kept = [line for number, line in enumerate(lines[: last - 2]) if number not in heads[1:]]
    forged = [*kept, lies, frame(ENTRY, encode(past.step(naming))), *lines[last - 1 :]]
    core.disk.truncate(name, 0)
    core.disk.write(name, 0, b"".join(forged))
    core.disk.sync(name)
    with pytest.raises(StateMismatch, match="no signed head proves"):
        Core(after_crash(core))


def test_a_smaller_head_that_another_keeps_is_compared_too() -> None:
    """Also where a newer one fits, and where a snapshot would spare the start the entries up to it."""
    core = run(busy)
    signer, snapshot = core.vault.checkpoint_signer(ORIGIN), snapshots.snapshots(core.disk)[-1]
    at = snapshots.read(core.disk, snapshot).seq
    newest = core.journal.head.note.encode()
    for size in (1, at - 1, at, at + 1):
        tree = Tree()
        for _, entry in read_entries(core.disk, 0, size):
            tree.add(entry)
        for root, fits in ((tree.root(), True), (bytes(32), False)):
            heads = {"a folder": newest, "a bucket": checkpoints.sign(signer, ORIGIN, size, root).note.encode()}
            world = after_crash(core)
            vault = Vault.open(world)
            if fits:
                assert state_hash(recover(world, vault, heads=heads).kernel.state) == state_hash(core.kernel.state)
            else:
                with pytest.raises(JournalRolledBack, match=f"first {size} entries"):
                    recover(world, vault, heads=heads)


def test_a_snapshot_of_another_version_is_passed_over() -> None:
    async def main(core: Core) -> None:
        await core.submit()
        seq, frontier = core.journal.frontier()
        digest = snapshots.write(core.disk, seq, 0, frontier, b'{"format":99}')
        await core.enter(GUARD, c.SnapshotTaken(through=seq, hash=digest))

    again = Core(after_crash(run(main)))
    assert len(again.recovered.warnings) == 1 and "another version" in again.recovered.warnings[0]
    assert state_hash(again.kernel.state) == state_hash(from_genesis(again).state)


@pytest.mark.parametrize("keep", [0, 40, 400, None], ids=lambda keep: f"keep-{keep}")
@pytest.mark.parametrize("when", ["writing", "syncing", "sending", "reporting"])
def test_a_crash_at_any_point_of_the_flow(when: str, keep: int | None) -> None:
    """Whatever was not answered may be gone; what was answered is there; and no order goes out a second time."""
    answered: list[Record] = []
    sent: list[str] = []

    async def main(core: Core) -> None:
        answered.append(await core.submit())
        await core.rest()
        if when == "writing":
            core.disk.crash_write(keep=keep or 0)
        elif when == "syncing":
            core.disk.crash_sync()
        elif when == "sending":
            core.world.venues["paper1"] = dies
        else:
            core.world.venues["paper1"] = lambda sealed: dies(core.script(sealed))
        try:
            answered.append(await core.submit())
            await core.rest()
        except Exception:  # noqa: BLE001  the process is gone, in whichever way
            pass
        sent.extend(order for do, order in core.said if do == "place")

    def dies(_: bytes) -> bytes:
        raise Crashed

    first = run(main)

    async def again(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        await core.enter(GUARD, STARTED)
        by_seq = {record.command.seq: record for record in core.on_disk()}
        for record in answered:
            assert by_seq[record.command.seq] == record
        for body in list(in_doubt(core.kernel.state)):
            await core.enter(GUARD, body)
        await core.rest(3)
        sent.extend(order for do, order in core.said if do == "place")

    second = run(again, after_crash(first, keep), fresh=False)
    assert second.loop.failed is None
    assert len(sent) == len(set(sent))
    planned = [request.order for record in second.on_disk() for request in record.requests if request.do == "place"]
    assert set(sent) <= set(planned), "nothing was sent without an entry"
    unclear = {"allowed", "sent", "unknown"}
    assert not [order for order in second.kernel.state.orders.values() if order.state in unclear]


def test_an_unexpected_end_is_no_clean_stop() -> None:
    async def main(core: Core) -> None:
        core.courier.spawn(_breaks())
        await core.rest()

    core = run(main)
    assert core.loop.failed is not None
    assert not Core(after_crash(core)).recovered.recovery.clean_stop


async def _breaks() -> None:
    raise KeyError("a bug")


@pytest.mark.parametrize("known", [True, False], ids=["working", "never-arrived"])
def test_a_cancel_that_a_crash_cut_off_is_asked_for_again(known: bool) -> None:
    """It was promised and never left: after the restart the venue is asked, and told to cancel what it works."""

    async def main(core: Core) -> None:
        order = (await core.submit()).decision.order  # type: ignore[union-attr]
        await core.rest()
        del core.world.venues["paper1"]
        await core.enter(OPERATOR, c.Cancel(order=order))

    core = run(main)
    (order,) = core.kernel.state.orders

    async def again(core: Core) -> None:
        core.world.venues["paper1"] = core.script
        if known:
            core.answers["query"] = lambda body: messages.Shown(order=order, status="working", venue_order="v")
        await core.enter(GUARD, STARTED)
        for body in list(in_doubt(core.kernel.state)):
            await core.enter(GUARD, body)
        await core.rest()
        assert core.said == [("query", order), ("cancel", order)][: 2 if known else 1]
        assert core.kernel.state.finished[order].state == ("cancelled" if known else "rejected")

    run(again, after_crash(core), fresh=False)
