"""Codes that work once: how a token on this machine opens a signed-in browser, without the token leaving its file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from remit.kernel.names import Principal
from remit.kernel.numbers import NANOSECONDS

CODE_BYTES = 24
CODE_NS = 60 * NANOSECONDS
CODES_MAX = 64


class Codes:
    """Codes for whoever holds a token: each good for a minute and for one sign-in. Only their hashes are kept."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._made: dict[bytes, tuple[Principal, int]] = {}

    def new(self, by: Principal, at: int) -> tuple[str, int]:
        """Return a code that stands for `by`, and when it ends (journal time, ns)."""
        code = self._random(CODE_BYTES).hex()
        self._made[_hash(code)] = (by, at + CODE_NS)
        if len(self._made) > CODES_MAX:
            del self._made[next(iter(self._made))]
        return code, at + CODE_NS

    def take(self, code: str, at: int) -> Principal | None:
        """Return whom a code stands for, and forget it; None where it is worth nothing (any more)."""
        found = self._made.pop(_hash(code), None)
        return None if found is None or at >= found[1] else found[0]


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
