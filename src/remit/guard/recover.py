"""Recovery: from what is on the disk to a kernel that knows everything that was acknowledged."""

from __future__ import annotations

from typing import NamedTuple

from remit.guard.errors import StateMismatch
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL, World
from remit.journal import snapshot as snapshots
from remit.journal.log import Journal, Recovery, Resume
from remit.journal.snapshot import Snapshot
from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.snapshot import dump, load

ORIGIN = "remit.local/journal"
SNAPSHOT_EVERY = 20_000
"""Entries between snapshots: a start reads at most about so many."""


class Recovered(NamedTuple):
    """An open journal and the kernel that its entries left."""

    journal: Journal
    kernel: Kernel
    recovery: Recovery
    warnings: list[str]


def recover(world: World, vault: Vault, resume: Resume | None = None) -> Recovered:
    """Open the journal and fold what it holds, from the latest sound snapshot on.

    JournalDamaged, JournalPoisoned, JournalRolledBack and their like where it cannot be trusted; StateMismatch where a
    snapshot is not
    the state that the journal names.
    """
    store = world.store(JOURNAL)
    latest, warnings = snapshots.latest_valid(store)
    kernel = Kernel(load(latest.state) if latest is not None else None)
    journal, recovery = Journal.open(store, vault.checkpoint_signer(ORIGIN), snapshot=latest, resume_poisoned=resume)
    for index, entry in journal.entries(kernel.state.seq):
        record = decode(Record, entry)
        if latest is not None:
            _check_named(record, latest)
        kernel.fold(record)
        if index + 1 != kernel.state.seq:
            raise StateMismatch(
                f"entry {index} holds sequence number {record.command.seq}", "Restore the journal from a backup"
            )
    vault.retire(kernel.state.seq)
    return Recovered(journal, kernel, recovery, [str(warning) for warning in warnings])


def _check_named(record: Record, latest: Snapshot) -> None:
    body = record.command.body
    if isinstance(body, c.SnapshotTaken) and body.through == latest.seq and body.hash != latest.digest:
        raise StateMismatch(
            f"the snapshot of entry {latest.seq} is not the one that the journal names",
            "Remove the snapshot; the start reads further back",
        )


def take_snapshot(world: World, journal: Journal, kernel: Kernel) -> c.SnapshotTaken:
    """Write a snapshot of the state as it stands after the journal's head, and return the command that names it."""
    seq, frontier = journal.frontier()
    digest = snapshots.write(world.store(JOURNAL), seq, 0, frontier, dump(kernel.state))
    return c.SnapshotTaken(through=seq, hash=digest)
