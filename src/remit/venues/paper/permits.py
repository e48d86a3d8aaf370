"""The gate: no request acts without the guard's signed, unexpired, unused permit for exactly its bytes."""

from __future__ import annotations

import heapq

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit.kernel.codec import decode, encode
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.permit import SIGNATURE_BYTES, Endorsement, Permit, Request, endorsing, split_seal
from remit.venues.paper.messages import Body, Code, Sealed, read_body


class Refusal(Exception):
    """A request that is refused: a named code and what to know about it. Nothing happened at the venue."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


OVERLAP_NS = 10 * NANOSECONDS
"""How long a key is heard after the first permit of its successor: what was signed before arrives by then."""
ENDORSED_MAX = 4_096
"""Endorsements that are remembered as checked; one more, and all are checked anew."""


class Gate:
    """Knows the guard's public key and every permit that was used and has not expired yet.

    A permit is signed by the key of an agent on a connection, which the guard's key has endorsed for that connection;
    of each such key it knows the newest generation that was ever heard, and since when.
    """

    def __init__(self, permit_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(permit_key)
        self._endorsed: dict[bytes, tuple[Endorsement, Ed25519PublicKey]] = {}
        self.newest: dict[str, tuple[int, int]] = {}
        self._used: dict[str, int] = {}
        self._expiries: list[tuple[int, str]] = []

    def use(self, permit: str, expires_at: int) -> None:
        """Remember that a permit was used; after its expiry it is refused for its age and need not be remembered."""
        self._used[permit] = expires_at
        heapq.heappush(self._expiries, (expires_at, permit))

    def check(self, sealed: Sealed, at: int) -> tuple[Permit, Body]:
        """Return the permit and the request it permits, or raise Refusal; changes nothing."""
        permit, by = self._signed(sealed)
        if by is not None:
            generation, since = self.newest.get(_of(by), (0, 0))
            if by.connection != permit.connection:
                raise Refusal("permit_unsigned", f"the key that signed is of {by.connection}, not {permit.connection}")
            if by.generation < generation and at >= since + OVERLAP_NS:
                raise Refusal("permit_unsigned", f"key {by.generation} of {by.connection} was replaced by {generation}")
        if permit.expires_at <= at:
            raise Refusal("permit_expired", f"permit {permit.id} expired at {permit.expires_at}, now is {at}")
        if permit.id in self._used:
            raise Refusal("permit_used", f"permit {permit.id} was used before; a permit is for one request, ever")
        request = Request(
            connection=permit.connection, action=permit.action, method=sealed.method, path=sealed.path, body=sealed.body
        )
        if request.digest != permit.digest:
            raise Refusal("permit_other_request", f"permit {permit.id} names the digest of other bytes")
        try:
            body = read_body(sealed.body)
        except ValueError as problem:
            raise Refusal("malformed", f"unreadable body: {problem}") from problem
        action = type(body).__struct_config__.tag
        order = getattr(body, "order", "")
        said = (action, body.connection, order, f"/{action}", "POST")
        if said != (permit.action, permit.connection, permit.order, sealed.path, sealed.method):
            raise Refusal(
                "permit_mismatch",
                f"permit {permit.id} is for {permit.action} of {permit.order!r} on {permit.connection}, not {said}",
            )
        return permit, body

    def heard(self, sealed: Sealed, at: int) -> tuple[str, int, int] | None:
        """Return whose key has just been heard in a new generation, which, and since when; None where none was.

        To be called with what `check` has let through, and remembered by whoever keeps the state.
        """
        _, _, endorsement = split_seal(sealed.signature)
        by = self._endorsed[sealed.signature[SIGNATURE_BYTES:]][0] if endorsement else None
        if by is None or by.generation <= self.newest.get(_of(by), (0, 0))[0]:
            return None
        self.newest[_of(by)] = (by.generation, at)
        return _of(by), by.generation, at

    def _signed(self, sealed: Sealed) -> tuple[Permit, Endorsement | None]:
        """Return the permit and the endorsement of the key that signed it, None for the guard's own key."""
        signature, endorsed, endorsement = split_seal(sealed.signature)
        by, key = self._endorsement(endorsed, endorsement) if endorsed or endorsement else (None, self._key)
        try:
            key.verify(signature, sealed.permit)
        except InvalidSignature:
            raise Refusal("permit_unsigned", "the permit does not carry the guard's signature") from None
        try:
            permit = decode(Permit, sealed.permit)
        except ValueError as problem:
            raise Refusal("malformed", f"unreadable permit: {problem}") from problem
        if encode(permit) != sealed.permit:
            raise Refusal("malformed", "the permit is not in its canonical form")
        return permit, by

    def _endorsement(self, endorsed: bytes, endorsement: bytes) -> tuple[Endorsement, Ed25519PublicKey]:
        """Return a key that the guard's key has endorsed, checked once."""
        known = self._endorsed.get(endorsed + endorsement)
        if known is not None:
            return known
        try:
            self._key.verify(endorsed, endorsing(endorsement))
            by = decode(Endorsement, endorsement)
            found = by, Ed25519PublicKey.from_public_bytes(by.key)
        except (InvalidSignature, ValueError):
            raise Refusal("permit_unsigned", "the key that signed was not endorsed by the guard's") from None
        if len(self._endorsed) >= ENDORSED_MAX:
            self._endorsed.clear()
        self._endorsed[endorsed + endorsement] = found
        return found

    def forget_expired(self, at: int) -> list[str]:
        """Forget used permits that have expired by `at`; return their ids."""
        gone = []
        while self._expiries and self._expiries[0][0] <= at:
            permit = heapq.heappop(self._expiries)[1]
            del self._used[permit]
            gone.append(permit)
        return gone


def _of(by: Endorsement) -> str:
    """Return whose key it is in one text, whatever the two names hold."""
    return encode((by.connection, by.agent)).decode()
