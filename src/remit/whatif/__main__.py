"""`python -m remit.whatif JOURNAL`: takes one question as JSON, writes an empty line and one answer as JSON.

So a door can ask without stopping for it; it reads an answer behind the first empty line. A refusal is the answer
`{"code", "what", "do"}` with exit code 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from remit.kernel.codec import decode, encode
from remit.kernel.mandate import Mandate
from remit.whatif import WhatIfRefused, what_if


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drafts by subject, from when on (ns since the epoch, UTC), and whose orders: everybody's without `agents`."""

    mandates: dict[str, Mandate]
    from_at: int
    agents: tuple[str, ...] | None = None


def main() -> int:
    """Answer, and return the exit code."""
    asked = decode(Question, sys.stdin.buffer.read())
    try:
        found = what_if(Path(sys.argv[1]), asked.mandates, asked.from_at, agents=asked.agents)
    except WhatIfRefused as refused:
        sys.stdout.buffer.write(b"\n" + encode({"code": refused.code, "what": refused.what, "do": refused.do}))
        return 1
    sys.stdout.buffer.write(b"\n" + encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
