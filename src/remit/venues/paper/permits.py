"""The gate: no request acts without the guard's signed, unexpired, unused permit for exactly its bytes."""

from __future__ import annotations

import heapq

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit.kernel.codec import decode, encode
from remit.kernel.permit import Permit, Request
from remit.venues.paper.messages import Body, Code, Sealed, read_body


class Refusal(Exception):
    """A request that is refused: a named code and what to know about it. Nothing happened at the venue."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class Gate:
    """Knows the guard's public key and every permit that was used and has not expired yet."""

    def __init__(self, permit_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(permit_key)
        self._used: dict[str, int] = {}
        self._expiries: list[tuple[int, str]] = []

    def use(self, permit: str, expires_at: int) -> None:
        """Remember that a permit was used; after its expiry it is refused for its age and need not be remembered."""
        self._used[permit] = expires_at
        heapq.heappush(self._expiries, (expires_at, permit))

    def check(self, sealed: Sealed, at: int) -> tuple[Permit, Body]:
        """Return the permit and the request it permits, or raise Refusal; changes nothing."""
        permit = self._signed(sealed)
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

    def _signed(self, sealed: Sealed) -> Permit:
        try:
            self._key.verify(sealed.signature, sealed.permit)
        except InvalidSignature:
            raise Refusal("permit_unsigned", "the permit does not carry the guard's signature") from None
        try:
            permit = decode(Permit, sealed.permit)
        except ValueError as problem:
            raise Refusal("malformed", f"unreadable permit: {problem}") from problem
        if encode(permit) != sealed.permit:
            raise Refusal("malformed", "the permit is not in its canonical form")
        return permit

    def forget_expired(self, at: int) -> list[str]:
        """Forget used permits that have expired by `at`; return their ids."""
        gone = []
        while self._expiries and self._expiries[0][0] <= at:
            permit = heapq.heappop(self._expiries)[1]
            del self._used[permit]
            gone.append(permit)
        return gone
