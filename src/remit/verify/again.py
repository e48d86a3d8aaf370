"""Decides every entry again, in order, and compares: one entry at a time, and of the state what the kernel keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from remit.digest import kernel_digest
from remit.journal.checkpoint import Checkpoint
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import Body, Command, KernelStarted, SnapshotTaken
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.state import State
from remit.verify.history import History
from remit.verify.requests import planned
from remit.verify.snapshots import Snapshots
from remit.verify.verdict import NOT_AS_DECIDED, OTHER_KERNEL, Difference, Differs, Stretch

PROGRESS_EVERY = 2_000


class _Asked(msgspec.Struct):
    """Of a record, what entered: what followed is derived before it is read."""

    command: Command


class Again:
    """Takes the entries of a journal from the first on; Differs at the first that does not follow.

    `taken` names, by their first entry, stretches of other kernels whose events are taken as written. `state` is that
    of the entry before the first one, where that is not the journal's first. `named` are the places of snapshots that
    entries name; where they are not known, no snapshot is compared.
    """

    def __init__(
        self,
        progress: Callable[[int], None] | None = None,
        taken: frozenset[int] = frozenset(),
        state: State | None = None,
        named: frozenset[int] | None = None,
    ) -> None:
        self.kernel = Kernel(state)
        self.history = History(self.kernel.state)
        self.snapshots = None if named is None else Snapshots(named, self.history.counts)
        self.kernels: list[tuple[int, str]] = []
        self.seq = self.kernel.state.seq
        self.folds = False
        """Whether entries are folded as written, because somebody else decides them."""
        self.frontier: Callable[[], list[bytes]] = list
        """The tree's frontier after the entry that is being taken; whoever walks sets it."""
        self._starts: list[tuple[int, str, str]] = []
        self._taken = taken
        self._takes = False
        self._is_same = True
        self._are_same = True
        """Whether all stretches so far are this kernel's."""
        self.doubt: Difference | None = None
        """The first snapshot that this kernel spells otherwise, where a kernel so far was another."""
        self.progress = progress

    def take(self, index: int, entry: bytes) -> None:
        """Decide one entry again; Differs where another record follows from its command."""
        seq = index + 1
        if self.folds:
            record = self._pass_over(seq, entry)
        else:
            command = self._plain_command(seq, entry)
            record = self._look_at(seq, entry) if command is None else self._decide_plain(seq, entry, command)
        for code, field, said, follows in self.history.faults(record, self.kernel.state):
            raise self._differs(seq, field, said, follows, code)
        self.history.counts.decisions += record.decision is not None
        self._snapshot(seq, record.command.body)
        self.seq = seq
        if self.progress is not None and seq % PROGRESS_EVERY == 0 and not self.folds:
            self.progress(seq)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take note of a checkpoint between the entries; Differs where it contradicts the one before."""
        fault = self.history.checkpoint(checkpoint)
        if fault is not None:
            code, field, said, follows = fault
            raise self._differs(checkpoint.size, field, said, follows, code)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The stretches so far, each by the kernel that it names."""
        nexts = (*(first for first, _, _ in self._starts[1:]), self.seq + 1)
        return tuple(
            Stretch(first, after - 1, version, digest, digest == kernel_digest(), first not in self._taken)
            for (first, version, digest), after in zip(self._starts, nexts, strict=False)
        )

    @property
    def stretch(self) -> int:
        """The first entry of the stretch being read."""
        return self._starts[-1][0] if self._starts else 0

    def _snapshot(self, seq: int, body: Body) -> None:
        """Compare the snapshot that an entry names, and make that of this place where a later entry names it."""
        if isinstance(body, SnapshotTaken) and self.snapshots is not None:
            if fault := self.snapshots.fault(seq, body, written=self.folds):
                code, field, said, follows = fault
                if self._are_same:
                    raise self._differs(seq, field, said, follows, code)
                self.history.counts.snapshots_not_derived += 1
                self.doubt = self.doubt or self._differs(seq, field, said, follows, OTHER_KERNEL).difference
        if self.snapshots is not None:
            self.snapshots.pass_place(seq, None if self.folds else self.kernel.state, self.frontier)

    def _plain_command(self, seq: int, entry: bytes) -> Command | None:
        """Return the command of an entry that is to be decided, where nothing about it needs a closer look."""
        if self._takes:
            return None
        try:
            command = decode(_Asked, entry).command
        except ValueError:
            return None
        if command.seq != seq or command.at < self.kernel.state.at or isinstance(command.body, KernelStarted):
            return None
        return command

    def _decide_plain(self, seq: int, entry: bytes, command: Command) -> Record:
        """Return the record that follows from a command: mostly it is what is written, byte for byte, and then nothing
        else of the entry needs to be read."""
        derived = self._derive(seq, entry, command)
        if encode(derived) == entry:
            return derived
        written = self._read(seq, entry)
        self._compare(seq, written, derived)
        return written

    def _look_at(self, seq: int, entry: bytes) -> Record:
        written = self._read(seq, entry)
        if isinstance(written.command.body, KernelStarted):
            self._start(seq, written.command.body)
        if self._takes:
            self._fold(seq, written)
        else:
            self._compare(seq, written, self._derive(seq, entry, written.command))
        return written

    def _pass_over(self, seq: int, entry: bytes) -> Record:
        """Fold an entry that somebody else decides again meanwhile; what is wrong with it is theirs to say."""
        written = decode(Record, entry)
        if isinstance(written.command.body, KernelStarted):
            self._start(seq, written.command.body)
        self._fold(seq, written)
        return written

    def _read(self, seq: int, entry: bytes) -> Record:
        try:
            written = decode(Record, entry)
        except (msgspec.DecodeError, ValueError) as fault:
            code = "not_a_record" if self._is_same else OTHER_KERNEL
            said = entry[:80].decode(errors="replace")
            raise self._differs(seq, "entry", said, f"no record: {fault}", code) from None
        if encode(written) != entry:
            raise self._differs(seq, "entry", "not canonical", "the canonical text", "not_canonical")
        command = written.command
        if command.seq != seq:
            raise self._differs(seq, "command.seq", str(command.seq), str(seq), "out_of_sequence")
        if command.at < self.kernel.state.at:
            follows = f"{self.kernel.state.at} or later"
            raise self._differs(seq, "command.at", str(command.at), follows, "time_went_back")
        return written

    def _start(self, seq: int, body: KernelStarted) -> None:
        self.kernels.append((seq, f"{body.version} {body.digest[:16]}"))
        self._starts.append((seq, body.version, body.digest))
        self._is_same, self._takes = body.digest == kernel_digest(), seq in self._taken
        self._are_same = self._are_same and self._is_same

    def _derive(self, seq: int, entry: bytes, command: Command) -> Record:
        """Return what follows from a command, with the digests of the bytes that may be sent."""
        try:
            derived = self.kernel.step(command)
            requests = planned(self.kernel.state, derived)
        except Exception as fault:  # noqa: BLE001  a damaged or foreign record may break any rule of the kernel's
            self._read(seq, entry)  # what is wrong with its text weighs more
            raise self._differs(seq, "command", "a command", f"{type(fault).__name__}: {fault}") from None
        return msgspec.structs.replace(derived, requests=requests) if requests else derived

    def _compare(self, seq: int, written: Record, derived: Record) -> None:
        if derived.events != written.events or derived.decision != written.decision:
            for field, said, follows in _unlike(written, derived):
                raise self._differs(seq, field, said, follows)
        if derived.requests != written.requests:
            for field, said, follows in _apart("requests", plain(written.requests), plain(derived.requests)):
                raise self._differs(seq, field, said, follows, "request_not_as_planned")

    def _fold(self, seq: int, written: Record) -> None:
        try:
            self.kernel.fold(written)
        except Exception as fault:  # noqa: BLE001  the same
            raise self._differs(seq, "events", "events", f"{type(fault).__name__}: {fault}") from None

    def _differs(self, seq: int, field: str, written: str, derived: str, code: str = NOT_AS_DECIDED) -> Differs:
        if code == NOT_AS_DECIDED and not self._is_same:
            code = OTHER_KERNEL
        return Differs(Difference(seq, field, written, derived, self.kernels[-1][1] if self.kernels else "", code))


def _unlike(written: Record, derived: Record) -> Iterator[tuple[str, str, str]]:
    """Yield (field, written, derived) of what differs between two records, the decision before the events."""
    yield from _apart("decision", plain(written.decision), plain(derived.decision))
    yield from _apart("events", plain(written.events), plain(derived.events))


def _apart(path: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            yield from _apart(f"{path}.{name}", one.get(name), other.get(name))
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _apart(f"{path}[{index}]", left, right)
    else:
        yield path, encode(one).decode(), encode(other).decode()
