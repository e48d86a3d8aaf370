"""Two processes over one journal: this one decides the first entries, the other folds them and decides the rest.

Folding an entry as it is written costs about two thirds of deciding it. The other process folds ahead until what lies
between the two is as much as what is left behind it, and decides from there on; this one decides up to that joint.
There the state that deciding left must be the state that folding left, over the same entries: then the other's word on
the rest is what one process would have said. Whatever is wrong before the joint this process finds itself, as it would
alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

import msgspec

from remit.kernel.snapshot import dump
from remit.kernel.state import State
from remit.verify.again import Again
from remit.verify.passage import Found, Passage
from remit.verify.verdict import CannotVerify, Difference

WORTH_IT = 20_000
"""From so many entries on a second process is quicker, though it has to begin by reading the program."""
EVERY = 500
"""Entries after which the two hear of each other."""
_SECOND = "remit.verify.second"
_ALONE = "Verify it with one process: --cores 1"


class Ask(msgspec.Struct, frozen=True):
    """What the second process is to verify; `size` is how many entries there are, as far as is known beforehand.
    `folder` is the path as the system spells it, `kernel` the digest of the kernel that the first process runs."""

    kernel: str
    folder: bytes
    key: str
    heads: tuple[str, ...]
    witnesses: tuple[str, ...]
    taken: tuple[int, ...]
    named: tuple[int, ...]
    size: int


class Joint(msgspec.Struct, frozen=True, tag="joint"):
    """From the entry after `seq` on the second process decides. There the tree has this root, and each field of the
    state, as folding left it, this SHA-256."""

    seq: int
    root: str
    state: dict[str, str]


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """So far the second process has come."""

    seq: int


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What the second process found of the whole."""

    found: Found


class Stuck(msgspec.Struct, frozen=True, tag="stuck"):
    """The second process is of no help: it cannot fold an entry, came to the end before it began to decide, or is of
    another version, for the program was replaced meanwhile."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The second process can say nothing: a CannotVerify."""

    what: str
    do: str


Said = Joint | Decided | Done | Stuck | Failed


class Other(Protocol):
    """The second process, as this one sees it."""

    def tell(self, seq: int) -> None:
        """Say how far this process has decided."""
        ...

    def hear(self, wait: bool) -> Said | None:
        """Return the next thing that it said; None where there is none yet. CannotVerify where it ended early."""
        ...

    def close(self) -> None:
        """End it, if it has not ended."""
        ...


class _Half:
    """This process's half: decides, and ends at the joint once it is known."""

    def __init__(self, other: Other, progress: Callable[[int], None] | None) -> None:
        self._other = other
        self._progress = progress
        self._beyond = 0
        """How far the other has decided."""
        self._is_alone = False
        self.joint: Joint | None = None
        self._done: Done | None = None

    def watch(self, seq: int) -> bool:
        """Whether this half ends here; now and then tell and hear how far each is."""
        if seq % EVERY == 0 and not self._is_alone:
            self._exchange(seq)
        return self.joint is not None and seq == self.joint.seq and not self._is_alone

    def told(self, seq: int) -> None:
        """Say how many entries are decided, here and there."""
        if self._progress is not None:
            ahead = 0 if self.joint is None or self._is_alone else max(self._beyond - self.joint.seq, 0)
            self._progress(seq + ahead)

    def wait(self) -> Found:
        """Return what the other found, when it is done."""
        while self._done is None:
            self._take(self._other.hear(wait=True))
            if self._beyond and self._progress is not None:
                self._progress(self._beyond)
        return self._done.found

    def _exchange(self, seq: int) -> None:
        if self.joint is None:
            self._other.tell(seq)
        while self._done is None and not self._is_alone and (said := self._other.hear(wait=False)) is not None:
            self._take(said)
        if self.joint is not None and self.joint.seq < seq:
            self._is_alone = True  # it fell behind: what it decides is decided here, too

    def _take(self, said: Said | None) -> None:
        if isinstance(said, Joint):
            self.joint = said
        elif isinstance(said, Decided):
            self._beyond = said.seq
        elif isinstance(said, Done):
            self._done = said
        elif isinstance(said, Stuck):
            self._is_alone = True
        elif isinstance(said, Failed):
            raise CannotVerify(said.what, said.do)


def in_two(passage: Passage, ask: Ask, progress: Callable[[int], None] | None) -> Found:
    """Return what a passage finds alone, found with the help of a second process. CannotVerify where that one dies."""
    try:
        other = begin(ask)
    except OSError:  # no process may be started here
        return alone(passage)
    try:
        half = _Half(other, progress)
        return _joined(passage, half)
    finally:
        other.close()


def alone(passage: Passage) -> Found:
    """Return what a passage finds in this process."""
    found = passage.run()
    assert found is not None
    return found


def _joined(passage: Passage, half: _Half) -> Found:
    again = passage.again
    assert again is not None
    again.progress = half.told
    found = passage.run(half.watch)
    if found is not None:
        return found  # the first thing that is wrong stands before the joint, or this process was quicker
    joint = half.joint
    assert joint is not None
    if joint.root != passage.root:
        raise CannotVerify(f"{passage.folder} was changed while it was read", "Verify a copy that nobody writes to")
    here = fields_of(again.kernel.state)
    for name in sorted({*here, *joint.state}):
        decided, folded = here.get(name, "nothing"), joint.state.get(name, "nothing")
        if decided != folded:
            kernel = again.kernels[-1][1] if again.kernels else ""
            difference = Difference(joint.seq, f"state.{name}", folded, decided, kernel, "not_as_folded")
            return msgspec.structs.replace(passage.found(), difference=difference)
    return _with_first(half.wait(), again)


def _with_first(found: Found, first: Again) -> Found:
    """Return what the other found, with the snapshots that were compared before the joint, where it folded."""
    counts = msgspec.structs.replace(
        found.counts,
        snapshots=found.counts.snapshots + first.history.counts.snapshots,
        snapshots_not_derived=found.counts.snapshots_not_derived + first.history.counts.snapshots_not_derived,
    )
    return msgspec.structs.replace(found, counts=counts, doubt=first.doubt or found.doubt)


def fields_of(state: State) -> dict[str, str]:
    """Return the SHA-256 of each field of a state's canonical bytes: equal states give equal ones."""
    fields = msgspec.json.decode(dump(state), type=dict[str, msgspec.Raw])
    return {name: sha256(raw).hexdigest() for name, raw in fields.items()}


def is_worth_two(size: int, cores: int | None) -> bool:
    """Whether two processes are quicker over so many entries; `cores` where not as many as there are may be used."""
    return size >= WORTH_IT and (_cores() if cores is None else cores) > 1


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Process:
    """The second process: a child that reads how far this one is, and writes what it has to say, a line each."""

    def __init__(self, ask: Ask) -> None:
        if not sys.executable:
            raise FileNotFoundError("this program does not know the Python that runs it")
        line = (sys.executable, "-P", "-m", _SECOND)
        # Of its own process group: an interrupt from the keyboard is this process's, which ends the other.
        self._child = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        self._to, self._from = self._child.stdin.fileno(), self._child.stdout.fileno()
        self._held = b""
        self._write(msgspec.json.encode(ask) + b"\n")
        os.set_blocking(self._to, False)

    def tell(self, seq: int) -> None:
        self._write(b"%d\n" % seq)

    def hear(self, wait: bool) -> Said | None:
        while b"\n" not in self._held:
            if not wait and not select.select([self._from], [], [], 0)[0]:
                return None
            data = os.read(self._from, 1 << 16)
            if not data:
                ended = self._child.wait()
                raise CannotVerify(f"the second process ended before it was done (code {ended})", _ALONE)
            self._held += data
        line, _, self._held = self._held.partition(b"\n")
        try:
            said: Said = _SAID.decode(line)
        except msgspec.DecodeError as fault:
            raise CannotVerify(f"the second process said what nobody understands ({fault})", _ALONE) from None
        return said

    def close(self) -> None:
        self._child.kill()
        with self._child:  # closes both pipes, and waits
            pass

    def _write(self, data: bytes) -> None:
        # Where it does not read, it is behind by far, or over: either shows elsewhere.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._to, data)


_SAID = msgspec.json.Decoder(Said)


def begin(ask: Ask) -> Other:
    """Start the second process. OSError where none may be started."""
    return _Process(ask)
