"""Verify a whole journal, streaming: every checksum, the tree, every signature, the numbering. Needs no private key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.journal.store import Reader
from remit.journal.walk import Walk

VERIFIER = "verifier.txt"
"""The file beside a journal that holds the public key of its checkpoints."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified: `count` entries up to the first fault's batch, the last good checkpoint, the first fault.

    `unsealed` entries and `torn_bytes` after the last checkpoint are no fault: a running or crashed writer leaves them.
    `root` is the tree's root over the `count` entries, 32 bytes.
    """

    count: int
    root: bytes
    checkpoint: Checkpoint | None
    checkpoints: int
    unsealed: range
    torn_bytes: int
    fault: JournalError | None


def verify(
    store: Reader,
    origin: str,
    verifiers: Sequence[Verifier],
    *,
    remembered: Checkpoint | None = None,
    on_entry: Callable[[int, bytes], None] | None = None,
) -> Verified:
    """Walk the journal from its first entry and report what holds, or the first fault as a value.

    `remembered` is a head kept elsewhere that this journal must contain. `on_entry(index, entry)` sees every entry as
    it passes, just before the checkpoint behind it proves it. OSError where the disk refuses a read.
    """
    walk = Walk(store, origin, verifiers, remembered=() if remembered is None else (remembered,), every_signature=True)
    fault: JournalError | None = None
    try:
        for index, entry in walk.entries():
            if on_entry is not None:
                on_entry(index, entry)
    except JournalError as found:
        fault = found
    tree = walk.tree
    return Verified(tree.size, tree.root(), walk.checkpoint, walk.checkpoints, walk.unsealed, walk.torn_bytes, fault)
