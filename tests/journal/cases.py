"""What the journal's tests share: one key, numbered entries, and an opening."""

from __future__ import annotations

from typing import Any

from remit.journal.checkpoint import Checkpoint
from remit.journal.log import Journal, Recovery
from remit.journal.note import Signer
from remit.journal.store import Store

SIGNER = Signer("remit.test/journal", bytes(range(32)))
ORIGIN = SIGNER.name
KEYS = [SIGNER.verifier]


def entry(number: int) -> bytes:
    """The entry that the tests give index `number`."""
    return b'{"n":%d}' % number


def opened(store: Store, **options: Any) -> tuple[Journal, Recovery]:
    """The journal of a store, with the test key."""
    return Journal.open(store, SIGNER, **options)


def filled(journal: Journal, batches: int, each: int = 3) -> Checkpoint:
    """Append and sync so many batches of numbered entries, and return the head."""
    for _ in range(batches):
        for number in range(journal.size, journal.size + each):
            assert journal.append(entry(number)) == number
        journal.sync()
    return journal.head


def numbered(count: int, start: int = 0) -> list[tuple[int, bytes]]:
    """What `entries(start)` gives of a journal of `count` numbered entries."""
    return [(number, entry(number)) for number in range(start, count)]
