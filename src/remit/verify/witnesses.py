"""What witnesses said, and whether their times can be: none before what it covers, none earlier than one for less."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

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
    """Hears heads, each with the last entry that it covers. `said` is, after `check`, the largest head that each known
    witness cosigned."""

    def __init__(self, known: Sequence[Cosigner]) -> None:
        self._known = known
        self._heads: list[tuple[Checkpoint, bytes]] = []
        self.said: tuple[Witnessed, ...] = ()

    def hear(self, head: Checkpoint, entry: bytes) -> None:
        """Take note of a head that the journal has."""
        if self._known:
            self._heads.append((head, entry))

    def check(self) -> None:
        """Check every cosignature. NoteInvalid where one does not fit its head; Differs where its time cannot be."""
        found: dict[str, Witnessed] = {}
        for head, entry in sorted(self._heads, key=lambda one: one[0].size):
            for cosigner, at_s in cosignatures(head.note, self._known).items():
                before = found.get(cosigner.name)
                if before is not None and before.size < head.size and at_s < before.at_s:
                    follows = f"{utc(before.at_s)} or later, as said of entry {before.size}"
                    raise _differs("witness_went_back", cosigner, head, at_s, follows)
                at = _at(entry)
                if at is not None and (at_s + APART_S) * NANOSECONDS < at:
                    follows = f"{utc(at // NANOSECONDS)}, when the entry was, less {APART_S} s at most"
                    raise _differs("witness_before_entry", cosigner, head, at_s, follows)
                found[cosigner.name] = Witnessed(cosigner.name, head.size, at_s)
        self.said = tuple(found.values())


def utc(at_s: int) -> str:
    """Return a time in words; a second beyond what a calendar holds as its number."""
    if at_s > _YEAR_9999_S:
        return f"second {at_s}"
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _at(entry: bytes) -> int | None:
    try:
        return decode(_Entry, entry).command.at
    except ValueError:
        return None  # no record: where records are looked at, that is said


def _differs(code: str, cosigner: Cosigner, head: Checkpoint, at_s: int, follows: str) -> Differs:
    return Differs(Difference(head.size, f"witness {cosigner.name}", utc(at_s), follows, "", code))
