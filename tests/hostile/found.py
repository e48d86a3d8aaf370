"""What fuzzing found: one row for each find, as small as it could be made; the target's promise holds for it since."""

from __future__ import annotations

import base64
from typing import NamedTuple

from tests.journal.cases import SIGNER
from tests.kernel.test_fuzz import busy

from remit.kernel.snapshot import dump


class Found(NamedTuple):
    """One find: the target, what went wrong and what must happen, and the bytes."""

    target: str
    was: str
    data: bytes


def _nested(before: str, after: str, depth: int = 50_000) -> bytes:
    """Return lists in lists; written out they would fill the page."""
    return before.encode() + b"[" * depth + b"]" * depth + after.encode()


def _named(text: bytes) -> bytes:
    """Return a note whose signature line names the known key and signs nothing."""
    line = base64.b64encode(SIGNER.verifier.key_hash + bytes(64))
    return text + b"\n" + "\u2014 ".encode() + SIGNER.name.encode() + b" " + line + b"\n"


FOUND = (
    Found("tokens", "a file of token hashes that is no UTF-8 is damaged by name, no UnicodeDecodeError",
          b'\2{"format":"remit-tokens-1","hashes":{"\xff":"a"}}'),
    Found("notes", "a note that is no UTF-8 is invalid by name, no UnicodeEncodeError", _named(b"\xff\n")),
    Found("server", "a command that is no UTF-8 is malformed, not a fault of the guard",
          b'\1operator command {"\xff":1}'),
    Found("commands", "a body that nests too deep is refused as every other that is none",
          _nested('\0{"x":', ',"kind":"tick"}')),
    Found("records", "an entry that nests too deep is no record", _nested('{"x":', "}")),
    Found("replies", "a reply that nests too deep is an outcome nobody knows",
          _nested('\0{"x":', ',"reply":"done"}')),
    Found("messages", "a message that nests too deep is unreadable", _nested('{"report":{"x":', "}}")),
    Found("permits", "a request that nests too deep is refused, and the venue goes on", _nested('\0{"x":', "}")),
    Found("mandates", "a mandate file that nests too deep is refused by name (TOML)", _nested("\0x = ", "")),
    Found("mandates", "a mandate file that nests too deep is refused by name (JSON)", _nested('\1{"x":', "}")),
    Found("facts", "a fact file that nests too deep is refused by name", _nested('\1{"x":', "}")),
    Found("instruments", "an instrument file that nests too deep is refused by name", _nested('\1{"x":', "}")),
    Found("settings", "settings that nest too deep are refused by name", _nested("x = ", "")),
    Found("snapshots", "a snapshot whose header nests too deep is damaged by name", _nested('\1{"x":', "}\n")),
    Found("settings", "a number of more digits than Python reads is refused by name",
          (b"peers = [" + b"9" * 5000 + b"]")),
    Found("notes", "a root in another spelling of base64 is malformed",
          b"origin\n0\n" + b"A" * 42 + b"C=\n\n.\n"),
    Found("notes", "a size of more digits than Python reads is malformed",
          b"origin\n" + b"9" * 5000 + b"\n" + b"A" * 43 + b"=\n\n.\n"),
    Found("snapshots", "a state that speaks of what it does not hold is a ValueError, no KeyError",
          b"\2" + dump(busy().state).replace(b'"name":"main"', b'"name":"gone"', 1)),
    Found("replies", "an order shown with an instrument of any length spelled a report that no start could read back",
          b'\3{"reply":"shown","order":"a-1","status":"working","instrument":"%b"}' % (b"x" * 600)),
    Found("replies", "a venue's own order id of any length spelled a report that no entry holds",
          b'\0{"reply":"accepted","order":"a-1","venue_order":"%b"}' % (b"x" * 40_000)),
    Found("replies", "a number of pages of thousands of digits spelled a report that no start could read back",
          b'\4{"reply":"holdings","connection":"one","positions":[],"cash":[],"orders":[],"pages":%b}' % (b"9" * 4000)),
    Found("mandates", "a file of thousands of faults took a second for each few hundred",
          b"\0" + b"".join(b"z%x=1\n" % number for number in range(2_000))),
    Found("mandates", "a table of thousands of faults too",
          b'\1{"firm":{' + b",".join(b'"z%x":1' % number for number in range(2_000)) + b"}}"),
    Found("facts", "a file of thousands of faults is told in a hundred lines",
          b"\0instrument,average_daily\n" + b"A,x\n" * 4_000),
    Found("instruments", "a file of thousands of faults is told in a hundred lines", b"\1" + b'{"a":1}\n' * 2_000),
)  # fmt: skip
