"""Permits of a replay: the venue takes only what a key has permitted, here a key of the replay's own."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from remit.kernel.codec import encode
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.permit import Permit, Request
from remit.venues.seam import Venue

PERMIT_LIFE_NS = 5 * NANOSECONDS


class Sealer:
    """Signs single-use permits with an Ed25519 key that no other venue knows. `seed` is 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def seal(
        self, venue: Venue, request: Request, *, prefix: str, seq: int, order: str, at: int,
        mandates: tuple[str, ...] = (),
    ) -> bytes:
        """Return the bytes that travel: the request under a permit for exactly it, made by entry `seq` at `at`."""
        permit = Permit(
            id=f"{prefix}-{seq}-{request.action}-{order or request.connection}", seq=seq, action=request.action,
            order=order, connection=request.connection, digest=request.digest, expires_at=at + PERMIT_LIFE_NS,
            mandates=mandates,
        )
        written = encode(permit)
        return venue.seal(request, written, self._key.sign(written))
