"""One receipt: an entry and the proof that a signed checkpoint covers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from remit.journal import receipt as receipts
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import cosignatures
from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.verify.places import checkpoint_of, cosigner_of
from remit.verify.verdict import CannotVerify, Witnessed


class Checked(msgspec.Struct, frozen=True):
    """A receipt that holds: the entry as it stands in the journal, the size and root (hex) of the signed tree, and who
    of the witnesses that were asked for cosigned that head. `not_compared` names each kept head of another size."""

    seq: int
    entry: str
    size: int
    root: str
    witnessed: tuple[Witnessed, ...] = ()
    not_compared: tuple[str, ...] = ()


def verify_receipt(
    source: bytes, key: Verifier, witnesses: Sequence[str] = (), heads: Sequence[str] = ()
) -> Checked:
    """Check that the entry of a receipt stands in the journal that the key signed; no journal is needed.

    CannotVerify where it does not, where a line of a witness that is asked for does not hold, or where one of `heads`,
    kept elsewhere, has the size of its head and another root. One of another size cannot be compared, and is named.
    """
    try:
        receipt = receipts.parse(source)
        head = receipts.verify(receipt, key.name, (key,))
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
    try:
        said = decode(Record, receipt.entry).command.seq
    except ValueError as fault:
        raise CannotVerify(
            f"the entry is no record of this version: {fault}", "Use the version that wrote it"
        ) from None
    if said != receipt.seq:
        raise CannotVerify(f"the entry calls itself {said}, the receipt {receipt.seq}", "Take it for forged")
    apart = tuple(_not_compared(head, [checkpoint_of(kept, key) for kept in heads]))
    return Checked(receipt.seq, receipt.entry.decode(), head.size, head.root.hex(), witnessed(head, witnesses), apart)


def _not_compared(head: Checkpoint, heads: Sequence[Checkpoint]) -> Iterator[str]:
    for kept in heads:
        if kept.size != head.size:
            yield f"that the kept head of size {kept.size} is of the same history: this stands under one of {head.size}"
        elif kept.root != head.root:
            what = f"the head of size {kept.size} that was kept elsewhere is of another history of the same key"
            raise CannotVerify(what, "Keep both: together they prove a fork")


def witnessed(head: Checkpoint, witnesses: Sequence[str]) -> tuple[Witnessed, ...]:
    """Return who of these witnesses cosigned a head, and when they say they did. CannotVerify where a line of theirs
    does not hold."""
    try:
        found = cosignatures(head.note, [cosigner_of(witness) for witness in witnesses])
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
    return tuple(Witnessed(cosigner.name, head.size, at_s) for cosigner, at_s in found.items())
