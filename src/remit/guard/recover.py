"""Recovery: from what is on the disk to a kernel that knows everything that was acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from remit.guard.anchors import anchored_head, head_in
from remit.guard.errors import StateMismatch
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL, World
from remit.journal import snapshot as snapshots
from remit.journal.errors import SnapshotDamaged
from remit.journal.frame import sealed_size
from remit.journal.log import SEGMENT_BYTES, Journal, Recovery, Resume, read_entries
from remit.journal.snapshot import Snapshot
from remit.journal.store import Store
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.command import Body
from remit.kernel.effect import Alert
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.snapshot import dump, load
from remit.kernel.state import State

ORIGIN = "remit.local/journal"
SNAPSHOT_EVERY = 20_000
"""Entries between snapshots: a start reads at most about so many."""


class Recovered(NamedTuple):
    """An open journal and the kernel that its entries left."""

    journal: Journal
    kernel: Kernel
    recovery: Recovery
    warnings: list[str]


def recover(
    world: World,
    vault: Vault,
    resume: Resume | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    heads: Mapping[str, bytes] = MappingProxyType({}),
) -> Recovered:
    """Open the journal and fold what it holds, from the latest sound snapshot on.

    `heads` are kept elsewhere, by where that is; the second folder's is looked up here. JournalDamaged,
    JournalPoisoned, JournalRolledBack and their like where it cannot be trusted; AnchorGone, AnchorDamaged;
    StateMismatch where its entries are not numbered one after the other.
    """
    store = world.store(JOURNAL)
    warnings: list[str] = []
    found, state = _latest_named(store, warnings)
    latest = found
    signer = vault.checkpoint_signer(ORIGIN)
    anchored = anchored_head(world, signer.verifier)
    kept = [head_in(where, note, signer.verifier) for where, note in heads.items()]
    known = [*kept, *([] if anchored is None else [anchored])]
    if latest is not None and any(head.size < latest.seq for head in known):
        latest = None  # from there on that head would never be compared; the state that it brings stays good
    past = _Past(found, state)
    kernel = past.kernel
    journal, recovery = Journal.open(
        store, signer, snapshot=latest, remembered=known, resume_poisoned=resume, segment_bytes=segment_bytes,
        passed=past.take,
    )  # fmt: skip
    past.check_named()
    if recovery.unsealed:
        warnings.append(
            f"{len(recovery.unsealed)} entries that no signed head covers were cut: nobody was told of them. They lie "
            f"in {JOURNAL}/{recovery.kept}; where the guard did not crash, somebody else wrote them"
        )
    vault.retire(kernel.state.seq)
    vault.follow(kernel.state.keys)
    return Recovered(journal, kernel, recovery, warnings)


class _Past:
    """Folds the entries as they pass, from the state of a snapshot on, and hears whether they name that snapshot."""

    def __init__(self, found: Snapshot | None, state: State | None) -> None:
        self.kernel = Kernel(state)
        self._unnamed = found
        """The snapshot that the state is from, until an entry names it."""

    def take(self, index: int, entry: bytes) -> None:
        """Fold an entry, unless the snapshot holds it; StateMismatch where it is not the next one."""
        if index < self.kernel.state.seq:
            return
        record = decode(Record, entry)
        if record.command.seq != index + 1:
            raise StateMismatch(
                f"entry {index} holds sequence number {record.command.seq}", "Restore the journal from a backup"
            )
        self.kernel.fold(record)
        if self._unnamed is not None and _names(entry, self._unnamed):
            self._unnamed = None

    def check_named(self) -> None:
        """StateMismatch unless an entry that is proven by now names the snapshot that the state is from."""
        if self._unnamed is not None:
            raise StateMismatch(
                f"the snapshot of entry {self._unnamed.seq} is named by an entry that no signed head proves",
                "Somebody wrote to this folder: keep it as evidence and restore the journal from a backup",
            )


def _latest_named(store: Store, warnings: list[str]) -> tuple[Snapshot | None, State | None]:
    """Return the newest snapshot that a later entry of the journal seems to name by its hash, and its state.

    A file alone proves nothing: whoever can write it could leave out a halt. Lines are as little proof before they are
    walked to a signed head, so `_Past` looks again among those. None where the start reads everything.
    """
    sealed = sealed_size(store)
    for name in reversed(snapshots.snapshots(store)):
        try:
            found = snapshots.read(store, name)
            if found.seq < sealed and any(_names(entry, found) for _, entry in read_entries(store, found.seq, sealed)):
                return found, load(found.state)
            warnings.append(f"{name} is not named by the journal; the start reads further back")
        except SnapshotDamaged as damaged:
            warnings.append(str(damaged))
        except ValueError as fault:
            warnings.append(f"{name} is of another version ({fault}); the start reads further back")
    return None, None


def _names(entry: bytes, found: Snapshot) -> bool:
    """Whether an entry names a snapshot by its hash."""
    if encode(found.digest) not in entry:
        return False
    body = decode(Record, entry).command.body
    return isinstance(body, c.SnapshotTaken) and (body.through, body.hash) == (found.seq, found.digest)


def in_doubt(state: State) -> Iterator[Body]:
    """Yield the questions about everything that was under way when the guard before this one ended.

    A cancel that may never have left is asked for again, after the question: what never arrived is over by that.
    """
    for order in list(state.orders.values()):
        if order.state in ("allowed", "sent"):
            yield c.Lost(order=order.id, why="the guard was restarted before the venue answered")
        elif order.state != "held":
            yield c.Ask(connection=order.connection, order=order.id)
        if order.state == "pending_cancel":
            yield c.Cancel(order=order.id)


def standing(state: State) -> Iterator[Alert]:
    """Yield an alert for every halt that stands: the guard before this one may have died before it could tell of it."""
    for halt in state.halts.values():
        said = f"{halt.rule}: {halt.why}" if halt.why else halt.rule
        yield Alert(f"halt_{halt.cause}", halt.subject, f"{halt.id} stands at this start: {said}")


def take_snapshot(world: World, journal: Journal, kernel: Kernel) -> c.SnapshotTaken:
    """Write a snapshot of the state as it stands after the journal's head, and return the command that names it."""
    seq, frontier = journal.frontier()
    digest = snapshots.write(world.store(JOURNAL), seq, 0, frontier, dump(kernel.state))
    return c.SnapshotTaken(through=seq, hash=digest)
