"""A device that holds passkeys, in software: what a phone or a security key answers to a browser (WebAuthn, ES256)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Device:
    """Holds one passkey. `origin` is the page that asks, `verifies` whether it knows its person, `counts` whether it
    counts its uses."""

    def __init__(self, origin: str = "http://localhost:8420", *, verifies: bool = True, counts: bool = True) -> None:
        self.origin = origin
        self.verifies = verifies
        self.counts = counts
        self.uses = 0
        self.id = hashlib.sha256(str(id(self)).encode()).digest()
        self.handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to the options of an enrolment, as a browser's `toJSON` writes it."""
        asked = options["publicKey"]
        self.handle = websafe_decode(asked["user"]["id"])
        client = self._client("webauthn.create", asked["challenge"])
        key = cbor.encode(dict(ES256.from_cryptography_key(self._key.public_key())))  # type: ignore[no-untyped-call]
        data = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        authenticator = self._authenticator(asked["rp"]["id"], ATTESTED) + data
        attested = cbor.encode({"fmt": "none", "attStmt": {}, "authData": authenticator})
        return self._answer({"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attested)})

    def prove(self, options: dict[str, Any], **more: str) -> dict[str, Any]:
        """Return the answer to the options of a sign-in."""
        asked = options["publicKey"]
        client = self._client("webauthn.get", asked["challenge"])
        if self.counts:
            self.uses += 1
        authenticator = self._authenticator(asked["rpId"], 0)
        signed = self._key.sign(authenticator + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(authenticator),
            "signature": websafe_encode(signed),
            "userHandle": websafe_encode(self.handle),
        }
        return self._answer({**response, **more})

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _authenticator(self, rp_id: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
