"""The second of two processes over one journal: `python -m remit.verify.second`, started and ended by the first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from remit.digest import kernel_digest
from remit.journal.note import parse_verifier
from remit.verify import halves
from remit.verify.again import Again
from remit.verify.halves import Ask, Decided, Done, Failed, Joint, Said, Stuck, fields_of
from remit.verify.passage import Passage
from remit.verify.places import checkpoint_of, cosigner_of
from remit.verify.verdict import CannotVerify

Say = Callable[[Said], None]
Heard = Callable[[], int]
"""Returns how far the first process has decided, as far as is known."""


class Second:
    """Folds until the two halves are equally long, and decides the rest."""

    def __init__(self, ask: Ask, say: Say, heard: Heard) -> None:
        self._size, self._say, self._heard = ask.size, say, heard
        self._is_same = ask.kernel == kernel_digest()
        key = parse_verifier(ask.key)
        kept = sorted((checkpoint_of(head, key) for head in ask.heads), key=lambda head: head.size)
        known = [cosigner_of(witness) for witness in ask.witnesses]
        self._again = Again(lambda seq: say(Decided(seq)), frozenset(ask.taken), named=frozenset(ask.named))
        self._again.folds = True
        self._passage = Passage(Path(os.fsdecode(ask.folder)), key, kept, known, self._again, every_signature=False)

    def run(self) -> None:
        """Say where the joint is, how far it is from there, and what was found of the whole. What is wrong before the
        joint, the first process finds."""
        if not self._is_same:
            self._say(Stuck())
            return
        try:
            found = self._passage.run(self._watch)
        except Exception as fault:  # whatever a damaged entry may raise when it is folded
            if self._again.folds:
                self._say(Stuck())
            elif isinstance(fault, CannotVerify):
                self._say(Failed(fault.what, fault.do))
            else:
                raise
            return
        self._say(Stuck() if found is None or self._again.folds else Done(found))

    def _watch(self, seq: int) -> bool:
        if self._again.folds and seq % halves.EVERY == 0 and self._is_half(seq):
            self._say(Joint(seq, self._passage.root, fields_of(self._again.kernel.state)))
            self._again.folds = False
            self._passage.verify_every_signature()
        return False

    def _is_half(self, seq: int) -> bool:
        """Whether to decide from here on; not where a snapshot that the first half makes is named in the second."""
        if self._again.snapshots is not None and self._again.snapshots.awaited:
            return False
        return seq - self._heard() >= self._size - seq


class _First:
    """The first process, as this one sees it: lines in, lines out."""

    def __init__(self) -> None:
        self._held = b""
        self._at = 0
        while b"\n" not in self._held:
            self._read()
        line, _, self._held = self._held.partition(b"\n")
        self.ask = msgspec.json.decode(line, type=Ask)
        os.set_blocking(0, False)

    def heard(self) -> int:
        with contextlib.suppress(BlockingIOError):  # everything that was said is read
            while True:
                self._read()
        *lines, self._held = self._held.split(b"\n")
        if lines:
            self._at = int(lines[-1])
        return self._at

    def say(self, said: Said) -> None:
        data = memoryview(msgspec.json.encode(said) + b"\n")
        while data:
            data = data[os.write(1, data) :]

    def _read(self) -> None:
        data = os.read(0, 1 << 16)
        if not data:
            raise SystemExit(0)  # the first process is over
        self._held += data


def main() -> None:
    """Verify what standard input asks for, and say on standard output what is found."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = _First()
    try:
        Second(first.ask, first.say, first.heard).run()
    except BrokenPipeError:
        sys.exit(0)  # the first process is over


if __name__ == "__main__":
    main()
