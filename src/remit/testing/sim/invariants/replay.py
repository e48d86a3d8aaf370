"""J3 and J4: the state follows from the journal alone, however it is read, and however often."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from remit.guard.recover import recover
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL
from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.snapshot import dump, load
from remit.testing.disk import MemoryStore
from remit.testing.sim.invariants.again import differing
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.journal import MARKER
from remit.testing.sim.observer import Kind, Seen
from remit.testing.world import MemoryWorld

DUE = 20
"""Entries after which states are compared again."""
CLEAN_EVERY = 4
"""Of starts after a clean stop one of so many is tried again; of all others each one."""


class Follows(Check):
    """J3. A second kernel decides every command from the first one on: the same events follow, and its whole state has
    the same bytes as the guard's: after each step with DUE entries or more since the last look, after each start and at
    the end, since a look costs as much as ten decisions, and what differs goes on to differ.

    Each snapshot that the journal names is loaded, what came since is folded onto it, and that is the same state too;
    at the end everything is folded once more from the first entry.

    The second kernel sees nothing but the commands: what agrees with it follows from the journal alone.
    """

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._snapshots: list[c.SnapshotTaken] = []
        self._looked = -DUE
        """At which entry the states were compared last."""

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        again, seq, body = self.known.again, record.command.seq, record.command.body
        if again.raised:
            yield f"entry {seq} ({type(body).__name__}) cannot be decided again: {again.raised}"
        elif again.derived is not None and again.derived.events != record.events:
            written, derived = plain(record.events), plain(again.derived.events)
            at = next((n for n, pair in enumerate(zip(written, derived, strict=False)) if pair[0] != pair[1]), -1)
            said = (written[at], derived[at]) if at >= 0 else (f"{len(written)} events", f"{len(derived)} events")
            yield f"entry {seq} ({type(body).__name__}) says {said[0]}, and deciding again gives {said[1]}"
        if self.known.uncounted:
            yield f"the events of entry {seq} do not follow on those before them: {self.known.uncounted}"
        if isinstance(body, c.KernelStarted):
            self._looked = -DUE
        if isinstance(body, c.SnapshotTaken):
            self._snapshots.append(body)

    def after_step(self, view: View) -> Iterator[str]:
        records, mine = self.known.records, None
        is_due = view.is_calm or not self._looked <= len(records) < self._looked + DUE
        if is_due and view.state is not None and view.state.seq == len(records):
            self._looked = len(records)
            mine, live = self.known.again.dump(), dump(view.state)
            if mine != live:
                apart = differing(live, mine)
                yield f"after entry {len(records)} the guard's state is not what the journal gives: {apart}"
        for taken in self._snapshots:
            mine = mine or self.known.again.dump()
            yield from self._snapshot(view, taken, mine)
        self._snapshots.clear()
        if view.is_calm:
            mine, kernel = mine or self.known.again.dump(), Kernel()
            for record in records:
                kernel.fold(record)
            if dump(kernel.state) != mine:
                yield f"folding all {len(records)} entries gives another state: {differing(dump(kernel.state), mine)}"

    def _snapshot(self, view: View, taken: c.SnapshotTaken, mine: bytes) -> Iterator[str]:
        raw = bytes(view.machine.disks[JOURNAL].durable.get(f"{taken.through:020d}.snapshot", b""))
        digest, _, body = raw.partition(b"\n")
        if not raw or digest.decode() != taken.hash or sha256(body).hexdigest() != taken.hash:
            return  # gone or damaged since: a start does without it
        kernel = Kernel(load(body.partition(b"\n")[2]))
        for record in self.known.records[taken.through :]:
            kernel.fold(record)
        if dump(kernel.state) != mine:
            yield (
                f"the snapshot of entry {taken.through} with what came since is another state: "
                f"{differing(dump(kernel.state), mine)}"
            )

    def went_back(self, left: int) -> None:
        self._snapshots.clear()


class RecoversTwice(Check):
    """J4. After each start (of those after a clean stop one in four) the disks are copied as they are, and opened
    twice: the first opening gives the state of the running guard, and the second, on what the first one left, the same
    again with the same entries."""

    kinds: tuple[Kind, ...] = ("booted", "stopped")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._is_due = False
        self._was_clean = False
        self._clean = 0

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind == "stopped":
            self._was_clean, self._clean = True, self._clean + 1
        else:
            self._is_due = self._is_due or not self._was_clean or self._clean % CLEAN_EVERY == 1
            self._was_clean = False
        yield from ()

    def after_step(self, view: View) -> Iterator[str]:
        disks = view.machine.disks
        if not self._is_due or view.state is None or MARKER in disks[JOURNAL].live:
            return
        self._is_due = False
        copies = {folder: copy_of(disk) for folder, disk in disks.items()}
        states: list[bytes] = []
        for turn in ("first", "second"):
            world = MemoryWorld(disks=copies)
            try:
                found = recover(world, Vault.open(world))
            except Exception as fault:  # noqa: BLE001  whatever it is, a sound journal was not opened
                yield f"the {turn} opening of a copy of a running guard's disks fails: {fault}"
                return
            states.append(dump(found.kernel.state))
            if found.journal.size != len(view.observer.durable.entries):
                size = len(view.observer.durable.entries)
                yield f"the {turn} opening of a copy finds {found.journal.size} entries of {size}"
        live = dump(view.state)
        for turn, state in zip(("first", "second"), states, strict=True):
            if state != live and view.state.seq == len(view.observer.durable.entries):
                yield f"the {turn} opening of a copy gives another state: {differing(state, live)}"


def copy_of(disk: Any) -> MemoryStore:
    """Return a disk in memory with the same files, all of them durable."""
    copy = MemoryStore()
    for name, data in disk.live.items():
        copy.replace(name, bytes(data))
    return copy
