"""One receipt: an entry and the proof that a signed checkpoint covers it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from remit.journal import receipt as receipts
from remit.journal.checkpoint import Checkpoint
from remit.journal.cosign import cosignatures
from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.verify.places import cosigner_of
from remit.verify.verdict import CannotVerify, Witnessed


class Checked(msgspec.Struct, frozen=True):
    """A receipt that holds: the entry as it stands in the journal, the size and root (hex) of the signed tree, and who
    of the witnesses that were asked for cosigned that head."""

    seq: int
    entry: str
    size: int
    root: str
    witnessed: tuple[Witnessed, ...] = ()


def verify_receipt(source: bytes, key: Verifier, witnesses: Sequence[str] = ()) -> Checked:
    """Check that the entry of a receipt stands in the journal that the key signed; no journal is needed. CannotVerify
    where it does not, or where a line of a witness that is asked for does not hold."""
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
    return Checked(receipt.seq, receipt.entry.decode(), head.size, head.root.hex(), witnessed(head, witnesses))


def witnessed(head: Checkpoint, witnesses: Sequence[str]) -> tuple[Witnessed, ...]:
    """Return who of these witnesses cosigned a head, and when they say they did. CannotVerify where a line of theirs
    does not hold."""
    try:
        found = cosignatures(head.note, [cosigner_of(witness) for witness in witnesses])
    except JournalError as fault:
        raise CannotVerify(fault.what, fault.do) from None
    return tuple(Witnessed(cosigner.name, head.size, at_s) for cosigner, at_s in found.items())
