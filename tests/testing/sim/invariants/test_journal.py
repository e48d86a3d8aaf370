"""J1 to J6, each broken by hand and kept."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from tests.kernel.desk import BOB
from tests.testing.sim.invariants.scene import Scene, scene

from remit.guard.recover import take_snapshot
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal.frame import checkpoint_line
from remit.journal.note import Signer
from remit.journal.tree import Tree
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.effect import Alert
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.invariants.journal import Peaks

SEGMENT = "00000000000000000000.journal"


@pytest.fixture
def desk() -> Scene:
    return scene()


def append(desk: Scene, data: bytes) -> None:
    """Put bytes at the end of the journal's last segment, behind the guard's back."""
    disk = desk.world.disks[JOURNAL]
    disk.live[SEGMENT] += data
    disk.durable[SEGMENT].extend(data)


def stamped(record: Record, at: int) -> Record:
    return msgspec.structs.replace(record, command=msgspec.structs.replace(record.command, at=at))


def test_restarts_snapshots_and_a_resume_after_a_fault_are_well(desk: Scene) -> None:
    desk.working("5", "100")
    desk.do(take_snapshot(desk.world, desk.journal, desk.kernel))  # type: ignore[arg-type]
    desk.restart()
    desk.reconcile("paper1")
    desk.is_well()
    desk.observer.disk_failed(JOURNAL, SEGMENT, "sync")
    desk.observer.answered("ann", c.Tick(), {"command": {"seq": desk.state.seq}})
    desk.observer.died("JournalPoisoned")
    desk.observer.booting()
    desk.observer.refused_start(RuntimeError("poisoned"))
    desk.observer.booting()
    desk.guard.recovered.recovery.resumed = SimpleNamespace(person="ann", reason="looked")
    desk.observer.booted(desk.guard)
    desk.took(c.KernelStarted(version="1", digest="0" * 64, clean=False, prefix="test", resumed_by="ann"), GUARD)
    desk.is_well(calm=False)


def test_j1_finds_an_entry_after_the_disk_failed(desk: Scene) -> None:
    desk.observer.disk_failed(JOURNAL, SEGMENT, "write")
    desk.mark("AAPL", "101")
    desk.finds("J1", f"entry {desk.state.seq} was told of after the disk had failed at a write of {SEGMENT}")


def test_j1_finds_an_entry_after_the_disk_failed_that_nobody_was_told_of(desk: Scene) -> None:
    desk.observer.disk_failed(JOURNAL, SEGMENT, "sync")
    desk.journal.append(b"{}")
    desk.journal.sync()
    desk.observer.alerted(Alert("journal_failed", "firm", "sync"))
    before = desk.state.seq
    desk.finds("J1", f"{before + 1} entries are durable after a sync of {SEGMENT} had failed, {before} were before")


def test_j1_finds_bytes_that_leave_after_the_disk_failed(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.observer.disk_failed(JOURNAL, SEGMENT, "sync")
    desk.send(order.id)
    desk.finds("J1", f"left after the disk had failed at a sync of {SEGMENT}")


def test_j1_finds_an_answer_with_an_entry_that_is_not_durable(desk: Scene) -> None:
    desk.observer.answered("ann", c.Tick(), {"command": {"seq": 99}})
    desk.finds("J1", f"ann was answered with entry 99, while {desk.state.seq} were durable")


def lose(desk: Scene, count: int) -> None:
    """Let the journal lose its last so many entries while the guard is down."""
    disk = desk.world.disks[JOURNAL]
    lines = bytes(disk.durable[SEGMENT]).splitlines(keepends=True)
    entries = [number for number, line in enumerate(lines) if line.startswith(b"e ")]
    kept = b"".join(lines[: entries[-count]])
    disk.live[SEGMENT], disk.durable[SEGMENT] = bytearray(kept), bytearray(kept)
    desk.observer.befell("truncated_tail", SEGMENT)


def test_j1_lets_an_answer_arrive_after_the_world_took_its_entry_away(desk: Scene) -> None:
    record = desk.mark("AAPL", "101")
    answer = {"command": {"seq": record.command.seq, "at": record.command.at}}
    desk.observer.died("killed")
    lose(desk, 2)
    desk.observer.answered("ann", c.Tick(), answer)
    desk.is_well()
    desk.observer.booting()
    desk.observer.answered("ann", c.Tick(), answer)
    desk.is_well()


def test_j1_finds_an_answer_with_an_entry_that_never_was_durable_after_a_loss_too(desk: Scene) -> None:
    record = desk.mark("AAPL", "101")
    desk.observer.died("killed")
    lose(desk, 2)
    left = record.command.seq - 2
    other = {"command": {"seq": record.command.seq, "at": record.command.at + 1}}
    desk.observer.answered("ann", c.Tick(), other)
    desk.finds("J1", f"ann was answered with entry {record.command.seq}, while {left} were durable")
    desk.observer.booting()
    desk.observer.answered("ann", c.Tick(), other)
    desk.finds("J1", f"ann was answered with entry {record.command.seq}, while {left} were durable")


def test_j1_finds_a_start_without_a_person_after_the_disk_failed(desk: Scene) -> None:
    desk.observer.disk_failed(JOURNAL, SEGMENT, "sync")
    desk.restart()
    desk.finds("J1", f"started without a person's resume, after the disk had failed at a sync of {SEGMENT}")


def test_j1_lets_a_start_pass_where_the_marker_could_not_be_written(desk: Scene) -> None:
    desk.observer.disk_failed(JOURNAL, SEGMENT, "sync")
    desk.observer.disk_failed(JOURNAL, "poisoned", "replace")
    desk.restart()
    desk.is_well()


def test_j1_leaves_alone_what_fails_beside_the_journal(desk: Scene) -> None:
    desk.observer.disk_failed(JOURNAL, "00000000000000000012.snapshot", "replace")
    desk.observer.disk_failed("tokens", "tokens", "sync")
    desk.mark("AAPL", "101")
    desk.is_well()


def test_j2_finds_a_gap_in_the_sequence(desk: Scene) -> None:
    desk.forge = lambda record: msgspec.structs.replace(
        record, command=msgspec.structs.replace(record.command, seq=record.command.seq + 1)
    )
    desk.mark("AAPL", "101")
    desk.finds("J2", f"entry {desk.state.seq + 1} came after entry {desk.state.seq - 1}")


def test_j2_finds_other_bytes_on_the_disk_than_told_of(desk: Scene) -> None:
    record = desk.mark("AAPL", "101")
    desk.is_well()
    following = stamped(msgspec.structs.replace(record, command=msgspec.structs.replace(
        record.command, seq=record.command.seq + 1)), record.command.at + 1)  # fmt: skip
    desk.journal.append(encode(stamped(following, following.command.at + 5)))
    desk.journal.sync()
    desk.tell(following, durable=False)
    desk.finds("J2", f"entry {following.command.seq} on the disk is not the one that was told of")


def test_j2_finds_a_damaged_line(desk: Scene) -> None:
    append(desk, b"e 00000000 {}\n")
    desk.finds("J2", f"{SEGMENT} is damaged at byte", f"after {desk.state.seq} entries")


def test_j2_finds_a_checkpoint_that_does_not_fit_the_entries(desk: Scene) -> None:
    signer = desk.vault.checkpoint_signer("remit.local/journal")
    note = checkpoints.sign(signer, signer.name, desk.state.seq, b"\1" * 32).note
    append(desk, checkpoint_line(note))
    desk.finds("J2", f"a checkpoint states {desk.state.seq} entries with the root 01010101")


def test_j2_finds_a_checkpoint_that_somebody_else_signed(desk: Scene) -> None:
    other = Signer("remit.local/journal", b"\7" * 32)
    append(desk, checkpoint_line(checkpoints.sign(other, other.name, desk.journal.size, desk.journal.root).note))
    desk.finds("J2", f"the checkpoint of {desk.state.seq} entries is not signed by this guard")


def test_j2_finds_two_guards_at_once(desk: Scene) -> None:
    desk.observer.booted(desk.guard)
    desk.finds("J2", "2 guards own the journal at once")


def test_j2_finds_a_guard_that_goes_on_after_its_end(desk: Scene) -> None:
    desk.observer.died("killed")
    desk.mark("AAPL", "101")
    desk.finds("J2", f"entry {desk.state.seq} was told of by a guard that had ended")


def test_peaks_are_the_tree_of_the_journal() -> None:
    tree, peaks = Tree(), Peaks()
    for number in range(70):
        assert peaks.root() == tree.root()
        tree.add(b"%d" % number)
        peaks.add(b"%d" % number)


def test_j3_finds_a_live_state_that_the_journal_does_not_give(desk: Scene) -> None:
    desk.state.grants.add(("momentum", "paper9"))
    desk.restart()
    desk.finds(
        "J3", f"after entry {desk.state.seq} the guard's state is not what the journal gives: grants: 2 rows and 1 rows"
    )


def test_j3_finds_events_that_do_not_follow(desk: Scene) -> None:
    desk.forge = lambda record: msgspec.structs.replace(record, events=(*record.events, e.Alarm(code="x", why="y")))
    desk.mark("AAPL", "101")
    desk.finds("J3", f"entry {desk.state.seq} (Marked) says 2 events, and deciding again gives 1 events")


def test_j3_finds_a_command_that_cannot_be_decided_again(desk: Scene) -> None:
    desk.forge = lambda record: stamped(record, 5)
    desk.mark("AAPL", "101")
    desk.finds("J3", f"entry {desk.state.seq} (Marked) cannot be decided again: OutOfOrder")


def test_j3_finds_events_that_cannot_be(desk: Scene) -> None:
    desk.forge = lambda record: msgspec.structs.replace(record, events=(e.Released(order="nobody's"),))
    desk.mark("AAPL", "101")
    desk.finds("J3", "do not follow on those before them: KeyError")


def test_j3_finds_a_snapshot_that_leaves_something_out(desk: Scene) -> None:
    desk.state.grants.add(("momentum", "paper9"))
    taken = take_snapshot(desk.world, desk.journal, desk.kernel)  # type: ignore[arg-type]
    desk.state.grants.discard(("momentum", "paper9"))
    desk.do(taken)
    desk.finds("J3", f"the snapshot of entry {taken.through} with what came since is another state: grants:")


def test_j3_finds_at_the_end_that_folding_gives_something_else(desk: Scene) -> None:
    desk.submit("5", "100")
    desk.wrong()
    first, *others = desk.inspector.known.records
    desk.inspector.known.records[:] = [msgspec.structs.replace(first, events=()), *others]
    desk.finds("J3", f"folding all {desk.state.seq} entries gives another state", calm=True)


def test_j4_finds_a_recovery_that_gives_another_state(desk: Scene) -> None:
    desk.is_well()
    desk.restart()
    desk.state.grants.add(("momentum", "paper9"))
    desk.finds("J4", "the first opening of a copy gives another state: grants:")


def test_j4_finds_a_disk_that_cannot_be_opened_again(desk: Scene) -> None:
    desk.restart()
    append(desk, b"e 00000000 {}\n")
    desk.finds("J4", "the first opening of a copy of a running guard's disks fails: journal_damaged")


def test_j5_finds_a_head_that_is_gone_after_a_crash(desk: Scene) -> None:
    told = desk.state.seq
    for files in (desk.world.disks[JOURNAL].live, desk.world.disks[JOURNAL].durable):
        lines = bytes(files[SEGMENT]).splitlines(keepends=True)
        files[SEGMENT][:] = b"".join(lines[:-4])
    desk.observer.died("power")
    desk.observer.booting()
    desk.finds("J5", f"{told} entries had been told of, and {told - 2} are left on the disk")


def test_j5_finds_an_entry_that_is_told_of_and_not_durable(desk: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.world.disks[JOURNAL], "sync", lambda name: None)
    desk.mark("AAPL", "101")
    desk.finds("J5", f"entry {desk.state.seq} was told of, and {desk.state.seq - 1} entries were durable")


def test_j5_finds_an_opening_before_the_venue_has_shown_its_account(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.restart()
    desk.send(order.id)
    desk.finds("J5", f"place-{order.id} opens, and paper1 has not been reconciled since the start before")


def test_j5_lets_the_world_put_an_old_copy_back(desk: Scene) -> None:
    """The guard cannot know; what it then opens before a round is found, and what it knew of the lost is no fault."""
    left = desk.state.seq
    files = desk.world.disks[JOURNAL].durable
    copy, state = bytes(files[SEGMENT]), desk.inspector.known.again.dump()
    lost = desk.order("5", "100")
    desk.send(lost.id)
    desk.is_well()
    for of in (desk.world.disks[JOURNAL].live, files):
        of[SEGMENT][:] = copy
    desk.observer.died("power")
    desk.observer.befell("old_copy", JOURNAL)
    desk.observer.booting()
    desk.guard.loop.failed = "not started yet"
    desk.is_well()
    assert len(desk.observer.records) == left and desk.inspector.known.again.dump() == state


def test_j6_finds_time_that_goes_back(desk: Scene) -> None:
    desk.forge = lambda record: stamped(record, record.command.at - 2 * NANOSECONDS)
    desk.mark("AAPL", "101")
    desk.finds("J6", f"entry {desk.state.seq} is stamped", "ns before the entry before it")


def test_j6_finds_time_that_leaps_with_the_wall_clock(desk: Scene) -> None:
    desk.forge = lambda record: stamped(record, record.command.at + 3_600 * NANOSECONDS)
    desk.mark("AAPL", "101")
    desk.finds("J6", f"entry {desk.state.seq} is stamped 3600 s after the first of this guard, which started 0 s ago")


def test_j6_lets_time_draw_near_the_wall_clock(desk: Scene) -> None:
    desk.mark("AAPL", "101", source="x")
    desk.at += 3_600 * NANOSECONDS
    desk.do(c.Halt(subject="firm", why="late"), BOB)
    desk.is_well()
