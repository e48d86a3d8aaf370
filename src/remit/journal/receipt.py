"""Receipts: one entry, and the proof that a signed checkpoint covers it. Whoever holds one needs no journal to check
it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import EntryRefused, NoteInvalid, ReceiptInvalid
from remit.journal.frame import check_entry
from remit.journal.note import Verifier
from remit.journal.tree import inclusion_proof, leaf_hash, root_of, verify_inclusion

FORMAT = "remit-receipt-1"
BLOCK = 256
"""Entries whose hashes are kept as one: a power of two, so that a block is a whole subtree."""
RECEIPT_BYTES_MAX = 1 << 20
_DO = "Ask for the receipt again, or take it for forged"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry (its exact bytes), its sequence number (from 1), the audit path, and the signed checkpoint."""

    seq: int
    entry: bytes
    proof: tuple[bytes, ...]
    checkpoint: str

    def write(self) -> dict[str, object]:
        """The receipt in plain JSON: hashes as hex."""
        return {
            "format": FORMAT,
            "seq": self.seq,
            "entry": self.entry.decode(),
            "proof": [sibling.hex() for sibling in self.proof],
            "checkpoint": self.checkpoint,
        }


class Blocks:
    """The roots of whole blocks of a growing journal: with them a proof reads two blocks and not the journal.

    Needs 32 bytes of memory for each 256 entries.
    """

    def __init__(self) -> None:
        self._roots: list[bytes] = []
        self._leaves: list[bytes] = []
        """Of the block that is not whole yet."""

    @property
    def size(self) -> int:
        """How many entries have been added."""
        return len(self._roots) * BLOCK + len(self._leaves)

    def add(self, entry: bytes) -> None:
        """Add the next entry, from the first on."""
        self._leaves.append(leaf_hash(entry))
        if len(self._leaves) == BLOCK:
            self._roots.append(root_of(self._leaves))
            self._leaves = []

    def proof(self, index: int, block: Sequence[bytes]) -> tuple[bytes, ...]:
        """Return the audit path of entry `index` in the tree of everything added. `block` holds the entries of its
        block, from the block's first on."""
        if not 0 <= index < self.size:
            raise ValueError(f"no entry {index} in a tree of size {self.size}")
        nodes = [*self._roots, *([root_of(self._leaves)] if self._leaves else [])]
        leaves = [leaf_hash(entry) for entry in block]
        within = inclusion_proof(leaves, index % BLOCK)
        return (*within, *inclusion_proof(nodes, index // BLOCK))


def parse(source: bytes) -> Receipt:
    """The receipt that the bytes spell. ReceiptInvalid where they spell none; nothing is verified."""
    try:
        said = json.loads(source) if len(source) <= RECEIPT_BYTES_MAX else None
        if not isinstance(said, dict) or said.get("format") != FORMAT or type(said["seq"]) is not int:
            raise ValueError(f"a receipt is an object of the format {FORMAT}")
        entry, checkpoint, proof = said["entry"], said["checkpoint"], said["proof"]
        if not isinstance(entry, str) or not isinstance(checkpoint, str) or not isinstance(proof, list):
            raise ValueError("its entry and checkpoint are text, its proof a list")
        siblings = tuple(bytes.fromhex(sibling) for sibling in proof)
        return Receipt(said["seq"], entry.encode(), siblings, checkpoint)
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise ReceiptInvalid(f"this is no receipt: {fault}", "Give the file that `remit receipt` wrote") from None


def verify(receipt: Receipt, origin: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint that covers a receipt's entry. ReceiptInvalid where no known key signed it for this origin, or
    the entry is not in its tree."""
    try:
        found = checkpoints.verify(receipt.checkpoint, origin, verifiers)
    except NoteInvalid as invalid:
        raise ReceiptInvalid(invalid.what, _DO) from None
    try:
        check_entry(receipt.entry)
    except EntryRefused as refused:
        raise ReceiptInvalid(refused.what, _DO) from None
    index = receipt.seq - 1
    if not verify_inclusion(leaf_hash(receipt.entry), index, found.size, receipt.proof, found.root):
        raise ReceiptInvalid(f"entry {receipt.seq} as it stands here is not in the journal that was signed", _DO)
    return found
