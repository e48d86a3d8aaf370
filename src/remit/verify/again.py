"""Decides every entry again, in order, and compares: one entry at a time, and of the state what the kernel keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from remit.digest import kernel_digest
from remit.journal.checkpoint import Checkpoint
from remit.kernel.codec import decode, encode, plain
from remit.kernel.command import KernelStarted
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.state import State
from remit.verify.history import History
from remit.verify.requests import planned
from remit.verify.verdict import NOT_AS_DECIDED, OTHER_KERNEL, Difference, Differs, Stretch

PROGRESS_EVERY = 2_000


class Again:
    """Takes the entries of a journal from the first on; Differs at the first that does not follow.

    `taken` names, by their first entry, stretches of other kernels whose events are taken as written. `state` is that
    of the entry before the first one, where that is not the journal's first.
    """

    def __init__(
        self,
        progress: Callable[[int], None] | None = None,
        taken: frozenset[int] = frozenset(),
        state: State | None = None,
    ) -> None:
        self.kernel = Kernel(state)
        self.history = History(self.kernel.state)
        self.kernels: list[tuple[int, str]] = []
        self.seq = self.kernel.state.seq
        self._starts: list[tuple[int, str, str]] = []
        self._taken = taken
        self._takes = False
        self._is_same = True
        self._progress = progress

    def take(self, index: int, entry: bytes) -> None:
        """Decide one entry again; Differs where another record follows from its command."""
        seq = index + 1
        written = self._read(seq, entry)
        if isinstance(written.command.body, KernelStarted):
            self._start(seq, written.command.body)
        if self._takes:
            self._fold(seq, written)
        else:
            self._decide(seq, written)
        for code, field, said, follows in self.history.faults(written, self.kernel.state):
            raise self._differs(seq, field, said, follows, code)
        self.history.counts.decisions += written.decision is not None
        self.seq = seq
        if self._progress is not None and seq % PROGRESS_EVERY == 0:
            self._progress(seq)

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

    def _decide(self, seq: int, written: Record) -> None:
        try:
            derived = self.kernel.step(written.command)
        except Exception as fault:  # noqa: BLE001  a damaged or foreign record may break any rule of the kernel's
            raise self._differs(seq, "command", "a command", f"{type(fault).__name__}: {fault}") from None
        if derived.events != written.events or derived.decision != written.decision:
            for field, said, follows in _unlike(written, derived):
                raise self._differs(seq, field, said, follows)
        self._check_requests(seq, written)

    def _check_requests(self, seq: int, written: Record) -> None:
        """The digests of the bytes that may be sent are those of the bytes that follow."""
        follows = planned(self.kernel.state, written)
        if follows != written.requests:
            for field, said, right in _apart("requests", plain(written.requests), plain(follows)):
                raise self._differs(seq, field, said, right, "request_not_as_planned")

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
