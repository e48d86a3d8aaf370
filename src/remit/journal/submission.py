"""What a journal hands to a witness (c2sp.org/tlog-witness, `add-checkpoint`): its new head, and the proof that it only
grew from the size that the witness knows."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from remit.journal import note as notes
from remit.journal.errors import NoteInvalid

PROOF_MAX = 63
"""Hashes that a proof may have: a tree of 2^63 entries needs no more."""
BYTES_MAX = 1 << 14
"""A witness reads no more of one request: the longest proof takes under 3 KiB, the rest is the checkpoint's."""
SIZE_TYPE = "text/x.tlog.size"
"""The content type of a size that a witness answers with."""
SIZE = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint (`note`, signed), the size that the witness cosigned last, and the proof between the two."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def write(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode() for one in self.proof), "", self.note]
        return "\n".join(lines).encode()


def parse(body: bytes) -> Submission:
    """The submission that a request's body spells; no signature is looked at. NoteInvalid where it spells none."""
    try:
        text = body.decode() if len(body) <= BYTES_MAX else ""
    except UnicodeDecodeError:
        text = ""
    head, blank, note = text.partition("\n\n")
    first, *rest = head.split("\n")
    word, _, size = first.partition(" ")
    if not blank or word != "old" or not SIZE.fullmatch(size) or len(rest) > PROOF_MAX:
        raise NoteInvalid("this is no add-checkpoint request", "Send old size, proof, an empty line, the checkpoint")
    try:
        proof = tuple(notes.unbase64(line) for line in rest)
    except ValueError:
        proof = (b"",)
    if any(len(one) != 32 for one in proof):
        raise NoteInvalid("a line of the proof is no hash in base64", "Send hashes of 32 bytes")
    return Submission(int(size), proof, note)
