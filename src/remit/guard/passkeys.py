"""Passkeys: a device proves its person to this one site (WebAuthn), with a finger, a face or a PIN of its own.

A passkey is held by the device and asks for its person every time, so that it is two factors by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from remit.guard.errors import CredentialInvalid
from remit.guard.people import PASSKEYS_MAX, Passkey, PeopleStore
from remit.guard.reach import Reach
from remit.kernel.numbers import NANOSECONDS

CHALLENGE_BYTES = 32
CEREMONY_NS = 120 * NANOSECONDS
"""How long a device has for its answer."""
CEREMONIES_MAX = 256
_UV = UserVerificationRequirement.REQUIRED


class _Ceremony(NamedTuple):
    """One challenge that waits for its answer: whose passkey it is to become; empty where somebody signs in."""

    person: str
    state: Any
    ends_at: int


class Passkeys:
    """Lets devices be enrolled and prove their persons. Each challenge is answered once, in time, and for one end."""

    def __init__(self, people: PeopleStore, reach: Reach, random: Callable[[int], bytes]) -> None:
        self._people = people
        self._random = random
        self._ceremonies: dict[str, _Ceremony] = {}
        origins = reach.origins
        site = PublicKeyCredentialRpEntity(name="Remit", id=reach.rp_id)
        self._server = Fido2Server(site, verify_origin=lambda origin: origin in origins)

    def begin_adding(self, person: str, at: int) -> dict[str, Any]:
        """Return what a browser is asked to make a passkey of; CredentialInvalid where there are too many."""
        kept = self._people.of(person).passkeys
        if len(kept) >= PASSKEYS_MAX:
            raise CredentialInvalid(f"{person} has {PASSKEYS_MAX} passkeys", "Remove one first")
        options, state = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=self._people.handle(person), name=person, display_name=person),
            [_descriptor(passkey) for passkey in kept],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=_UV,
            challenge=self._random(CHALLENGE_BYTES),
        )
        return self._begun(person, state, at, options)

    def finish_adding(self, person: str, ceremony: str, response: dict[str, Any], name: str, at: int) -> Passkey:
        """Return the passkey that a device made; CredentialInvalid where the answer is none to this challenge."""
        begun = self._taken(ceremony, at)
        if begun is None or begun.person != person:
            raise CredentialInvalid("this is no answer to a challenge of now", "Begin again")
        try:
            made = self._server.register_complete(begun.state, response)
            data = made.credential_data
        except Exception as fault:  # noqa: BLE001  whatever the library raises for foreign bytes, they are no passkey
            raise CredentialInvalid(
                f"the device's answer is no passkey ({type(fault).__name__})", "Begin again"
            ) from None
        if data is None or self._people.holder(data.credential_id.hex()) is not None:
            raise CredentialInvalid("this passkey is known already", "Use it, or remove it first")
        return Passkey(data.credential_id.hex(), bytes(data), made.counter, name, at)

    def begin(self, at: int) -> dict[str, Any]:
        """Return what a browser is asked to prove, the same for everybody."""
        options, state = self._server.authenticate_begin(user_verification=_UV, challenge=self._random(CHALLENGE_BYTES))
        return self._begun("", state, at, options)

    def proven(self, ceremony: str, response: dict[str, Any], at: int) -> tuple[str, Passkey] | None:
        """Return who proved themselves, and their passkey with its new count of uses; None for every other answer."""
        begun = self._taken(ceremony, at)
        if begun is None or begun.person:
            return None
        try:
            answer = AuthenticationResponse.from_dict(response)
            held = self._people.holder(answer.raw_id.hex())
            if held is None:
                return None
            self._server.authenticate_complete(begun.state, [AttestedCredentialData(held[1].data)], answer)
            uses = answer.response.authenticator_data.counter
            handle = answer.response.user_handle
        except Exception:  # noqa: BLE001  whatever the library raises for foreign bytes, they prove nothing
            return None
        person, passkey = held
        if handle and handle != self._people.handle(person):
            return None
        if (uses or passkey.uses) and uses <= passkey.uses:
            return None  # the device counts, and was there before: somebody has a copy of it
        return person, msgspec.structs.replace(passkey, uses=uses)

    def _begun(self, person: str, state: Any, at: int, options: Any) -> dict[str, Any]:
        ceremony = self._random(16).hex()
        self._ceremonies[ceremony] = _Ceremony(person, state, at + CEREMONY_NS)
        if len(self._ceremonies) > CEREMONIES_MAX:
            del self._ceremonies[next(iter(self._ceremonies))]
        return {"ceremony": ceremony, "options": dict(options)}

    def _taken(self, ceremony: str, at: int) -> _Ceremony | None:
        begun = self._ceremonies.pop(ceremony, None)
        return None if begun is None or at >= begun.ends_at else begun


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes.fromhex(passkey.id))
