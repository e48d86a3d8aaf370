"""Permits, requests and replies: the nouns between the kernel's decision and a venue."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from remit.kernel.names import At, Digest

Action = Literal["place", "cancel", "replace", "query", "snapshot", "cancel_all", "dead_man"]
"""What a request asks of a venue; the last three are about a whole connection, not about one order."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The exact bytes for a venue, made by a pure codec, before anything is signed.

    `body` is what travels; `path` names the operation where the venue has one.
    """

    connection: str
    action: Action
    method: str
    path: str
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 over method, path and body, each preceded by its length."""
        state = hashlib.sha256()
        for part in (self.method.encode(), self.path.encode(), self.body):
            state.update(len(part).to_bytes(4, "big"))
            state.update(part)
        return state.hexdigest()


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to send exactly one request: single use, expiring, bound to the digest of the exact bytes and to its
    record.

    `seq` is the journal entry that allowed it; the guard signs the permit's canonical text.
    """

    id: str
    seq: int
    action: Action
    order: str
    connection: str
    digest: Digest
    expires_at: At
    mandates: tuple[str, ...] = ()
