"""`python -m remit.evidence JOURNAL`: takes one question as JSON, says how far it is, writes the zip.

So a door can ask without stopping for it. Each line before the first empty one is `READ OF` in entries; what follows is
the answer. A refusal is the answer `{"code", "what", "do"}` with exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from remit.evidence import EvidenceRefused, gather, write
from remit.journal.cosign import parse_cosigner
from remit.journal.frame import sealed_size
from remit.journal.store import FolderReader
from remit.kernel.codec import decode, encode
from remit.verify import CannotVerify, key_of

BYTES_MAX = 1 << 26
"""Of one answer; `remit evidence` has no bound."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of what, the keys of the witnesses whose lines may stand under the head, and whether all is decided again."""

    of: str
    witnesses: tuple[str, ...] = ()
    decide: bool = False


def main() -> int:
    """Answer, and return the exit code."""
    asked, journal, out = decode(Question, sys.stdin.buffer.read()), Path(sys.argv[1]), sys.stdout.buffer
    size = sealed_size(FolderReader(journal))

    def say(read: int) -> None:
        out.write(b"%d %d\n" % (read, max(read, size)))
        out.flush()

    try:
        witnesses = [parse_cosigner(one) for one in asked.witnesses]
        key = key_of(journal, None)
        packed = write(gather(journal, key, asked.of, witnesses=witnesses, progress=say, decide=asked.decide))
        if len(packed) > BYTES_MAX:
            said = f"it is more than {BYTES_MAX >> 20} MiB"
            raise EvidenceRefused("too_much", said, "Ask for a day or an order, or by the command line")
    except (CannotVerify, EvidenceRefused) as refused:
        out.write(b"\n" + encode({"code": refused.code, "what": refused.what, "do": refused.do}))
        return 1
    out.write(b"\n" + packed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
