"""One receipt: an entry and the proof that a signed checkpoint covers it."""

from __future__ import annotations

import msgspec

from remit.journal import receipt as receipts
from remit.journal.errors import JournalError
from remit.journal.note import Verifier
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.verify.verdict import CannotVerify


class Checked(msgspec.Struct, frozen=True):
    """A receipt that holds: the entry as it stands in the journal, and the size and root (hex) of the signed tree."""

    seq: int
    entry: str
    size: int
    root: str


def verify_receipt(source: bytes, key: Verifier) -> Checked:
    """Check that the entry of a receipt stands in the journal that the key signed; no journal is needed. CannotVerify
    where it does not."""
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
    return Checked(receipt.seq, receipt.entry.decode(), head.size, head.root.hex())
