"""Receipts: one entry, and the proof that a signed checkpoint covers it, as a C2SP tlog-proof (c2sp.org/tlog-proof).
Whoever holds one needs no journal to check it.

    c2sp.org/tlog-proof@v1
    extra <the entry's bytes, base64>
    index <its place in the tree, from 0: its sequence number less 1>
    <one hash of the audit path a line, base64>

    <the signed checkpoint as it stands, with every signature on it>
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.errors import EntryRefused, NoteInvalid, ReceiptInvalid
from remit.journal.frame import check_entry
from remit.journal.note import Verifier, unbase64
from remit.journal.tree import inclusion_proof, leaf_hash, root_of, verify_inclusion

FORMAT = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
"""What the name of a receipt's file ends in."""
BLOCK = 256
"""Entries whose hashes are kept as one: a power of two, so that a block is a whole subtree."""
RECEIPT_BYTES_MAX = 1 << 20
_EXTRA = "extra "
_INDEX = re.compile("index (0|[1-9][0-9]{0,18})", re.ASCII)
_PATH_MAX = 63
"""Hashes of the longest audit path that the specification allows for: no tree has more than 2^63 entries."""
_DO = "Ask for the receipt again, or take it for forged"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry (its exact bytes), its sequence number (from 1), the audit path, and the signed checkpoint."""

    seq: int
    entry: bytes
    proof: tuple[bytes, ...]
    checkpoint: str

    def write(self) -> str:
        """The receipt as the specification spells it: the entry is the extra data, which the leaf's hash binds."""
        lines = [FORMAT, f"{_EXTRA}{_base64(self.entry)}", f"index {self.seq - 1}", *map(_base64, self.proof)]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"


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

    def proof(
        self, index: int, block: Sequence[bytes], size: int | None = None, last: Sequence[bytes] = ()
    ) -> tuple[bytes, ...]:
        """Return the audit path of entry `index` in the tree of everything added, or of its first `size` entries.

        `block` holds the entries of its block, from the block's first on and no further than that size; `last` those of
        the last block of that size, where a size is given that was passed already.
        """
        whole = size is None or size == self.size
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no entry {index} in a tree of size {size}")
        tail = self._leaves if whole else [leaf_hash(entry) for entry in last][: size % BLOCK]
        nodes = [*self._roots[: size // BLOCK], *([root_of(tail)] if tail else [])]
        leaves = [leaf_hash(entry) for entry in block]
        within = inclusion_proof(leaves, index % BLOCK)
        return (*within, *inclusion_proof(nodes, index // BLOCK))


def parse(source: bytes) -> Receipt:
    """The receipt that the bytes spell, in the one spelling of it. ReceiptInvalid where they spell none; nothing is
    verified."""
    try:
        if len(source) > RECEIPT_BYTES_MAX:
            raise ValueError(f"a receipt has at most {RECEIPT_BYTES_MAX} bytes")
        head, _, checkpoint = source.decode().partition("\n\n")
        kind, *lines = head.split("\n")
        place = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
        if kind != FORMAT or place is None or not lines[0].startswith(_EXTRA):
            raise ValueError(f"it begins with {FORMAT}, the extra data (the record) and the index, one line each")
        proof = tuple(unbase64(sibling) for sibling in lines[2:])
        if len(proof) > _PATH_MAX or any(len(sibling) != 32 for sibling in proof):
            raise ValueError(f"its path has at most {_PATH_MAX} hashes of 32 bytes")
        return Receipt(int(place[1]) + 1, unbase64(lines[0].removeprefix(_EXTRA)), proof, checkpoint)
    except ValueError as fault:
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


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
