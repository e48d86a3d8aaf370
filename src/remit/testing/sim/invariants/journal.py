"""J: what was told of is on the disk, one entry after the other, and everything follows from it alone."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from remit.guard.recover import ORIGIN
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.durable import SUFFIX
from remit.testing.sim.invariants.check import Check, Known, View
from remit.testing.sim.invariants.permits import OPENS, read
from remit.testing.sim.observer import Kind, Seen

MARKER = "poisoned"
MARKER_GONE = ("crashed", "old_copy", "truncated_tail", "bit_flip")
"""What may have kept the marker from being written, or taken it away."""
ENDS = ("died", "stopped", "booting")
"""What a guard whose disk failed ends with."""
SLACK_NS = NANOSECONDS
"""How much further than the steady clock allows journal time may have gone in one life of the guard: it draws evenly
towards the wall clock, a tenth faster at most, from a reading that is up to this old."""
HURRY_PARTS = 10


class NothingAfterFault(Check):
    """J1. From the moment that the disk refuses a write or a sync of the journal, until that guard is gone: no entry
    becomes durable or is told of, nothing leaves, and no caller hears of an entry that is not durable. The next start
    needs a person, unless the disk refused the poison marker too, or the world took it away.

    An answer may still be under way when the world takes its entry away: it must have been durable once, as the entry
    of that number that was stamped at that instant."""

    kinds: tuple[Kind, ...] = (
        "disk_failed", "befell", "heard", "joined", "sent", "answered", "alerted", "booting", "booted", "died",
        "stopped",
    )  # fmt: skip

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._fault = ""
        self._durable = 0
        self._poison = ""
        self._kept: set[tuple[int, int]] = set()
        """The number and the time of every entry that was durable when it was told of, in all histories."""

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind in ("heard", "joined") and int(seen.who) <= seen.durable:
            self._kept.add((int(seen.who), seen.what[0].command.at))
        if self._fault and seen.kind not in ENDS and seen.durable > self._durable:
            yield f"{seen.durable} entries are durable after a {self._fault} had failed, {self._durable} were before"
            self._durable = seen.durable
        if seen.kind == "disk_failed" and seen.who == JOURNAL:
            file, what = seen.what
            if file.endswith(SUFFIX):
                self._fault = self._poison = f"{what} of {file}"
                self._durable = seen.durable
            elif file == MARKER:
                self._poison = ""
        elif seen.kind == "befell":
            if seen.what in MARKER_GONE:
                self._poison = ""
        elif seen.kind == "booted":
            resumed = seen.what.recovered.recovery.resumed
            if self._poison and resumed is None:
                yield f"a guard started without a person's resume, after the disk had failed at a {self._poison}"
            self._fault = self._poison = ""
        elif seen.kind in ENDS:
            self._fault = ""
        elif seen.kind == "answered":
            yield from self._answered(seen)
        elif self._fault and (seen.kind == "heard" or seen.kind == "sent" and not isinstance(read(seen.what), str)):
            what = f"entry {seen.who} was told of" if seen.kind == "heard" else f"a request of {seen.who} left"
            yield f"{what} after the disk had failed at a {self._fault}"

    def _answered(self, seen: Seen) -> Iterator[str]:
        answer = seen.what[1]
        if not isinstance(answer, dict) or not isinstance(answer.get("command"), dict):
            return
        seq, at = answer["command"]["seq"], answer["command"].get("at")
        if seq > seen.durable and (seq, at) not in self._kept:
            yield f"{seen.who} was answered with entry {seq}, while {seen.durable} were durable"


class Peaks:
    """The tree of RFC 6962 over entries, by its definition: equal subtrees join as soon as there are two."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, entry: bytes) -> None:
        """Append one entry."""
        self._peaks.append((1, sha256(b"\x00" + entry).digest()))
        while len(self._peaks) > 1 and self._peaks[-1][0] == self._peaks[-2][0]:
            (size, right), (_, left) = self._peaks.pop(), self._peaks.pop()
            self._peaks.append((2 * size, sha256(b"\x01" + left + right).digest()))

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self._peaks:
            return sha256(b"").digest()
        root = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root


class OneSequence(Check):
    """J2. The bytes on the disk are read again without the journal's own reader: each line's checksum, each entry the
    one that was told of under its number, each checkpoint's size, root and signature. One guard at a time writes.

    What the world flipped itself is not held against the guard: it must refuse to read it, which is asked elsewhere.
    """

    kinds: tuple[Kind, ...] = ("heard", "joined", "booted", "died", "stopped", "befell")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._owners = 0
        self._flipped = False
        self._entries: list[bytes] | None = None
        self._known_notes: set[str] = set()
        self._verifiers: tuple[Verifier, ...] = ()

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind == "befell":
            self._flipped = self._flipped or seen.what == "bit_flip"
        elif seen.kind == "booted":
            self._verifiers = (seen.what.vault.checkpoint_signer(ORIGIN).verifier,)
            self._owners += 1
            if self._owners > 1:
                yield f"{self._owners} guards own the journal at once"
        elif seen.kind in ("died", "stopped"):
            self._owners = 0
        elif seen.kind in ("heard", "joined"):
            record, entry = seen.what
            if seen.kind == "heard" and not self._owners:
                yield f"entry {seen.who} was told of by a guard that had ended"
            if record.command.seq != len(self.known.records) + 1:
                yield f"entry {record.command.seq} came after entry {len(self.known.records)}"
            if encode(record) != entry:
                yield f"entry {seen.who} on the disk is not the one that was told of"

    def after_step(self, view: View) -> Iterator[str]:
        durable = view.observer.durable
        if durable.faults and not self._flipped:
            yield durable.faults[0]
            return
        if durable.entries is not self._entries:
            self._entries, self._tree, self._leaves, self._notes = durable.entries, Peaks(), 0, 0
        for sealed in durable.sealed[self._notes :]:
            for entry in durable.entries[self._leaves : sealed.after]:
                self._tree.add(entry)
            self._leaves = sealed.after
            if not self._flipped:
                yield from self._sealed(view, sealed.after, sealed.note)
        self._notes = len(durable.sealed)

    def _sealed(self, view: View, after: int, note: str) -> Iterator[str]:
        stated = checkpoints.parse(note)
        if (stated.size, stated.root) != (after, self._tree.root()):
            yield (
                f"a checkpoint states {stated.size} entries with the root {stated.root.hex()[:16]}, and the disk has "
                f"{after} before it, with the root {self._tree.root().hex()[:16]}"
            )
        if note in self._known_notes or not self._verifiers:
            return
        self._known_notes.add(note)
        try:
            checkpoints.verify(note, ORIGIN, self._verifiers)
        except JournalError as fault:
            yield f"the checkpoint of {after} entries is not signed by this guard: {fault}"


class HeadStands(Check):
    """J5. The head that was told of is the anchor here: whatever the guard let anybody know of is on the disk, the same
    bytes, through every crash.

    Where the world itself put an old copy of the journal back or cut its tail, the guard cannot know, because no head
    is anchored outside of it yet. What it promises then, and what is checked: every start takes each connection as not
    reconciled, so it opens nothing there before the venue has shown its whole account after that start, and nothing
    while what it showed differs much from the old book; which halts the connection (R1).
    """

    kinds: tuple[Kind, ...] = ("heard", "joined", "booting", "sent", "befell")

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._entries: list[bytes] = []
        self._ready: set[str] = set()
        self._flipped = False

    def saw(self, seen: Seen) -> Iterator[str]:
        if seen.kind in ("heard", "joined"):
            self._entries.append(seen.what[1])
            if seen.durable < len(self._entries):
                yield f"entry {len(self._entries)} was told of, and {seen.durable} entries were durable"
        elif seen.kind == "booting":
            if seen.durable < len(self._entries):
                yield f"{len(self._entries)} entries had been told of, and {seen.durable} are left on the disk"
        elif seen.kind == "befell":
            self._flipped = self._flipped or seen.what == "bit_flip"
        else:
            yield from self._sent(seen)

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        body = record.command.body
        if isinstance(body, c.KernelStarted):
            self._ready.clear()
        if isinstance(body, c.Reconciled) and body.part == body.parts and record.command.by.role == "guard":
            accepted = [event for event in record.events if isinstance(event, e.Took | e.Drifted)]
            large = any(
                drift.bucket == "large" for event in accepted if isinstance(event, e.Drifted) for drift in event.drifts
            )
            (self._ready.add if accepted and not large else self._ready.discard)(body.connection)
        yield from ()

    def _sent(self, seen: Seen) -> Iterator[str]:
        found = read(seen.what)
        if isinstance(found, str) or found[1].action not in OPENS:
            return
        permit, order = found[1], self.known.firm.orders.get(found[1].order)
        if (
            order is not None
            and order.opening
            and permit.connection not in self._ready
            and order.id not in self.known.gone
        ):
            yield (
                f"{permit.id} opens, and {permit.connection} has not been reconciled since the start before"
                f"{' on an old copy of the journal' if self.known.histories else ''}"
            )

    def after_step(self, view: View) -> Iterator[str]:
        there = view.observer.durable.entries
        if self._flipped or view.state is None or there[: len(self._entries)] == self._entries:
            return
        left = next(
            (n for n, pair in enumerate(zip(there, self._entries, strict=False)) if pair[0] != pair[1]), len(there)
        )
        yield f"of {len(self._entries)} entries that were told of the disk has the first {left} as they were"

    def went_back(self, left: int) -> None:
        del self._entries[left:]


class TimeGoesOn(Check):
    """J6. No entry is stamped before the one before it, and within one life of the guard journal time follows a jump of
    the wall clock slowly: it gains at most a tenth on the steady clock. That rules see no other time is J3's to show:
    deciding again from the commands alone gives the same."""

    kinds: tuple[Kind, ...] = ("booted",)

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._at = 0
        self._booted_ns: int | None = None
        self._first: int | None = None

    def saw(self, seen: Seen) -> Iterator[str]:
        self._booted_ns, self._first = seen.at_ns, None
        yield from ()

    def entry(self, seen: Seen, record: Record) -> Iterator[str]:
        at, seq = record.command.at, record.command.seq
        if at < self._at:
            yield f"entry {seq} is stamped {self._at - at} ns before the entry before it"
        self._at = at
        if seen.kind != "heard" or self._booted_ns is None:
            return
        if self._first is None:
            self._first = at
        passed, gone = at - self._first, seen.at_ns - self._booted_ns
        if passed > gone + gone // HURRY_PARTS + SLACK_NS:
            yield (
                f"entry {seq} is stamped {passed // NANOSECONDS} s after the first of this guard, "
                f"which started {gone // NANOSECONDS} s ago"
            )

    def went_back(self, left: int) -> None:
        self._at = self.known.records[-1].command.at if self.known.records else 0
