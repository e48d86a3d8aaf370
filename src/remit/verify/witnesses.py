"""What witnesses said, and whether their times can be: none before what it covers, none earlier than one for less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from remit.journal import note as notes
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import Cosigner, cosignatures
from remit.kernel.codec import decode
from remit.kernel.numbers import NANOSECONDS
from remit.verify.verdict import Difference, Differs, Witnessed

APART_S = 300
"""By so much a witness's clock may be behind the guard's, in seconds."""
_YEAR_9999_S = 253_402_300_799


class _Timed(msgspec.Struct):
    at: int


class _Entry(msgspec.Struct):
    """Of an entry, in whatever version's words, when it was."""

    command: _Timed


class Witnesses:
    """Hears heads, each with the last entry that it covers. After `check`, `said` is the largest head that each known
    witness cosigned, with the earliest time it said of it, and `silent` names those who cosigned none."""

    def __init__(self, known: Sequence[Cosigner]) -> None:
        self._known = tuple(dict.fromkeys(known))
        self._heads: list[tuple[Checkpoint, bytes]] = []
        self.said: tuple[Witnessed, ...] = ()
        self.silent = tuple(self._name(cosigner) for cosigner in self._known)

    def hear(self, head: Checkpoint, entry: bytes) -> None:
        """Take note of a head that the journal has."""
        if self._known:
            self._heads.append((head, entry))

    def check(self) -> None:
        """Check every cosignature. NoteInvalid where one does not fit its head; Differs where its time cannot be."""
        found: dict[Cosigner, dict[int, list[int]]] = {cosigner: {} for cosigner in self._known}
        for head, entry in sorted(self._heads, key=lambda one: one[0].size):
            for cosigner, at_s in _lines(head.note, self._known):
                times = found[cosigner]
                before, size = max(
                    ((at_s, size) for size, said in times.items() if size < head.size for at_s in said), default=(0, 0)
                )
                if at_s < before:
                    follows = f"{utc(before)} or later, as said of entry {size}"
                    raise _differs("witness_went_back", cosigner, head, at_s, follows)
                at = _at(entry)
                if at is not None and (at_s + APART_S) * NANOSECONDS < at:
                    follows = f"{utc(at // NANOSECONDS)}, when the entry was, less {APART_S} s at most"
                    raise _differs("witness_before_entry", cosigner, head, at_s, follows)
                times.setdefault(head.size, []).append(at_s)
        self.said = tuple(
            Witnessed(self._name(cosigner), max(times), min(times[max(times)]))
            for cosigner, times in found.items()
            if times
        )
        self.silent = tuple(self._name(cosigner) for cosigner, times in found.items() if not times)

    def _name(self, cosigner: Cosigner) -> str:
        """Its name, with the hash of its key where two have that name."""
        is_one = sum(cosigner.name == other.name for other in self._known) == 1
        return cosigner.name if is_one else f"{cosigner.name}+{cosigner.key_hash.hex()}"


def utc(at_s: int) -> str:
    """Return a time in words; a second beyond what a calendar holds as its number."""
    if at_s > _YEAR_9999_S:
        return f"second {at_s}"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _lines(note: str, known: Sequence[Cosigner]) -> Iterator[tuple[Cosigner, int]]:
    """Each line of a known witness on a note, with its time: one may have signed the same head twice."""
    text = notes.text_of(note)
    for line in notes.signature_lines(note):
        yield from cosignatures(f"{text}\n{line}", known).items()


def _at(entry: bytes) -> int | None:
    try:
        return decode(_Entry, entry).command.at
    except ValueError:
        return None  # no record: where records are looked at, that is said


def _differs(code: str, cosigner: Cosigner, head: Checkpoint, at_s: int, follows: str) -> Differs:
    return Differs(Difference(head.size, f"witness {cosigner.name}", utc(at_s), follows, "", code))
