"""`python -m remit.evidence JOURNAL`: takes one question as JSON, writes the zip.

So a door can ask without stopping for it. A refusal is the answer `{"code", "what", "do"}` with exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from remit.evidence import EvidenceRefused, gather, write
from remit.journal.cosign import parse_cosigner
from remit.kernel.codec import decode, encode
from remit.verify import CannotVerify, key_of

BYTES_MAX = 1 << 26
"""Of one answer; `remit evidence` has no bound."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of what, and the keys of the witnesses whose lines may stand under the head."""

    of: str
    witnesses: tuple[str, ...] = ()


def main() -> int:
    """Answer, and return the exit code."""
    asked, journal = decode(Question, sys.stdin.buffer.read()), Path(sys.argv[1])
    try:
        witnesses = [parse_cosigner(one) for one in asked.witnesses]
        packed = write(gather(journal, key_of(journal, None), asked.of, witnesses=witnesses))
        if len(packed) > BYTES_MAX:
            said = f"it is more than {BYTES_MAX >> 20} MiB"
            raise EvidenceRefused("too_much", said, "Ask for a day or an order, or by the command line")
    except (CannotVerify, EvidenceRefused) as refused:
        sys.stdout.buffer.write(encode({"code": refused.code, "what": refused.what, "do": refused.do}))
        return 1
    sys.stdout.buffer.write(packed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
