"""Permits, requests and replies: the nouns between the kernel's decision and a venue."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec

from remit.kernel.names import At, Digest, Name, OptionalName

Action = Literal["place", "cancel", "replace", "query", "snapshot", "cancel_all", "dead_man"]
"""What a request asks of a venue; the last three are about a whole connection, not about one order."""


Scheme = Literal["ed25519", "secp256k1", "rsa_pss", "hmac_sha256", "hmac_sha512", "bearer"]
"""How a key speaks: by a signature, by a keyed hash, or by being shown itself (`bearer`)."""
Keeper = Literal["file", "pkcs11"]
"""Where a key is kept: in the guard's own encrypted file, or in a token that never gives it out."""


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


class Endorsement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guard's word that an Ed25519 key signs the permits of one agent on one connection.

    `agent` is empty for what concerns the whole connection. `generation` counts the key's rotations from 0.
    """

    connection: Name
    agent: OptionalName = ""
    generation: Annotated[int, msgspec.Meta(ge=0)]
    key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


SIGNATURE_BYTES = 64


def join_seal(signature: bytes, endorsed: bytes, endorsement: bytes) -> bytes:
    """Return what travels as a permit's signature: the key's own, the guard's over the endorsement, and that."""
    return signature + endorsed + endorsement


def split_seal(seal: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the parts that `join_seal` joined; the last two are empty where the guard's own key signed."""
    return seal[:SIGNATURE_BYTES], seal[SIGNATURE_BYTES : 2 * SIGNATURE_BYTES], seal[2 * SIGNATURE_BYTES :]


def endorsing(endorsement: bytes) -> bytes:
    """Return the bytes that the guard signs to endorse a key; no permit begins like them."""
    return b"remit-endorsement-1\n" + endorsement
