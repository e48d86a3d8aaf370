"""Two keepers by somebody who read docs/vault.md and nothing else: one before a cloud's key service, one before an
enclave that believes the guard nothing. The service and the enclave are played here, and sign by another library than
the guard's own keepers."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from remit.guard import errors
from remit.guard.vault import schemes
from remit.guard.vault.keeper import SealedPermit, Slot
from remit.kernel.permit import Request

MADE = ("ed25519", "secp256k1", "rsa_pss")
HASHED = ("hmac_sha256", "hmac_sha512")
_RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw
_POINT = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
_DER = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


class ServiceDown(Exception):
    """What the service's own library raises."""


class Service:
    """A cloud's key service: keys by name, none of which comes out, ECDSA in DER with an s of either half."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.is_up = True

    def create(self, name: str, kind: str) -> Any:
        made: dict[str, Callable[[], Any]] = {
            "ed25519": Ed25519PrivateKey.generate,
            "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
            "rsa_pss": lambda: rsa.generate_private_key(65_537, 2048),
        }
        self.keys[name] = made[kind]()
        return self.keys[name].public_key()

    def sign(self, name: str, kind: str, said: bytes) -> bytes:
        if not self.is_up:
            raise ServiceDown("throttled")
        key = self.keys[name]
        if kind == "ed25519":
            return bytes(key.sign(said))
        if kind == "secp256k1":
            return bytes(key.sign(said, ec.ECDSA(Prehashed(hashes.SHA256()))))
        if kind == "rsa_pss":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            return bytes(key.sign(said, pss, hashes.SHA256()))
        return hmac.digest(key, said, kind.removeprefix("hmac_"))


class ServiceKeeper:
    """Keeps keys in a cloud's key service."""

    name: Any = "kms"
    schemes: Any = frozenset({*MADE, *HASHED})

    def __init__(self, service: Service) -> None:
        self._service = service

    def __repr__(self) -> str:
        return "ServiceKeeper()"

    def make(self, slot: Slot, scheme: Any) -> bytes:
        if scheme in ("bearer", *HASHED):
            raise errors.KeyInvalid(f"a key of {scheme} comes from the venue", "Hand it over")
        public = self._service.create(slot.label, scheme)
        forms = {"ed25519": _RAW, "secp256k1": _POINT, "rsa_pss": _DER}
        return bytes(public.public_bytes(*forms[scheme]))

    def take(self, slot: Slot, scheme: Any, secret: bytes) -> bytes:
        if scheme not in HASHED:
            raise errors.SchemeUnsupported(f"the service takes no key of {scheme}", "Let it make one")
        schemes.public_of(scheme, secret)
        self._service.keys[slot.label] = secret
        return b""

    def speak(self, slot: Slot, scheme: Any, public: bytes, sealed: SealedPermit) -> bytes:
        if slot.label not in self._service.keys:
            raise errors.KeyMissing(f"the service has no key {slot.label}", "Rotate it")
        words = sealed.spend()
        if scheme == "secp256k1":
            schemes.check_digest(words)
        try:
            said = self._service.sign(slot.label, scheme, words)
        except ServiceDown as fault:
            raise errors.KeyRefused(f"the service did not sign: {type(fault).__name__}", "Look at its status") from None
        if scheme != "secp256k1":
            return said
        r, s = (number.to_bytes(32, "big") for number in decode_dss_signature(said))
        return schemes.recoverable(public, words, r, s)

    def drop(self, slot: Slot) -> None:
        self._service.keys.pop(slot.label, None)


class Enclave:
    """Another process, which knows the guard's permit key and its venue's codec, has a clock of its own, and checks
    each permit as a venue does. What it refuses it says in one word."""

    def __init__(self, permit_key: bytes, signed: Callable[[Request], bytes], now: Callable[[], int]) -> None:
        self.service = Service()
        self._permit_key = Ed25519PublicKey.from_public_bytes(permit_key)
        self._signed, self._now = signed, now
        self._seen: dict[str, int] = {}

    def speak(self, label: str, kind: str, written: bytes, seal: bytes, request: dict[str, Any]) -> tuple[bytes, bytes]:
        """Return what the key says and the words that it said it to; ValueError names what is wrong."""
        try:
            self._permit_key.verify(seal, written)
        except InvalidSignature:
            raise ValueError("seal") from None
        permit = json.loads(written)
        state = hashlib.sha256()
        for part in (request["method"].encode(), request["path"].encode(), request["body"]):
            state.update(len(part).to_bytes(4, "big") + part)
        if permit["digest"] != state.hexdigest():
            raise ValueError("digest")
        if (permit["connection"], permit["action"]) != (request["connection"], request["action"]):
            raise ValueError("request")
        if unquote(label.split("/")[1]) != permit["connection"]:
            raise ValueError("slot")
        now = self._now()
        if permit["expires_at"] <= now:
            raise ValueError("expired")
        self._seen = {id_: until for id_, until in self._seen.items() if until > now}
        if permit["id"] in self._seen:
            raise ValueError("used")
        self._seen[permit["id"]] = permit["expires_at"]
        words = self._signed(Request(**request))
        if kind == "secp256k1" and len(words) != 32:
            raise ValueError("words")
        return self.service.sign(label, kind, words), words


class EnclaveKeeper(ServiceKeeper):
    """Keeps keys in an enclave: it makes them as a service does, and is told a permit and its request, never words."""

    name = "nitro"

    def __init__(self, enclave: Enclave) -> None:
        super().__init__(enclave.service)
        self._enclave = enclave

    def __repr__(self) -> str:
        return "EnclaveKeeper()"

    def speak(self, slot: Slot, scheme: Any, public: bytes, sealed: SealedPermit) -> bytes:
        if slot.label not in self._service.keys:
            raise errors.KeyMissing(f"the enclave has no key {slot.label}", "Rotate it")
        sealed.spend()
        asked = sealed.request
        told = {name: getattr(asked, name) for name in ("connection", "action", "method", "path", "body")}
        try:
            said, words = self._enclave.speak(slot.label, scheme, sealed.written, sealed.seal, told)
        except ValueError as fault:
            if str(fault) == "words":
                raise errors.KeyInvalid("secp256k1 signs a digest of 32 bytes", "Correct the venue's codec") from None
            raise errors.KeyRefused(f"the enclave refused: {fault}", "Compare its clock and permit.pub") from None
        if scheme != "secp256k1":
            return said
        r, s = (number.to_bytes(32, "big") for number in decode_dss_signature(said))
        return schemes.recoverable(public, words, r, s)


def enclave_of(permit_key: bytes, now: Callable[[], int] = lambda: 1) -> EnclaveKeeper:
    """Return a keeper before an enclave whose venue wants a request's body signed."""
    return EnclaveKeeper(Enclave(permit_key, lambda request: request.body, now))


def fresh_id() -> str:
    return os.urandom(8).hex()
