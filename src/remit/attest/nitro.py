"""AWS Nitro Enclaves: an attestation document (COSE_Sign1, ES384) whose certificates lead to a pinned root."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from remit.attest import cbor
from remit.attest.errors import AttestationInvalid

AWS_ROOT = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"
"""SHA-256 of the root certificate (DER) of the commercial partition, as AWS publishes it in "Verifying the root of
trust" of the Nitro Enclaves user guide; `AWS_NitroEnclaves_Root-G1`, valid until October 2049."""
DOCUMENT_BYTES_MAX = 32_768
_COSE_SIGN1, _ALGORITHM, _ES384 = 18, 1, -35
_SIGNATURE_BYTES = 96
_PCR_BYTES = 48
_CABUNDLE_MAX = 16
_FIELD_BYTES_MAX = 1024
_KNOWN_CRITICAL = {x509.BasicConstraints.oid, x509.KeyUsage.oid}

_UNFIT = (
    ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension,
    x509.InvalidVersion, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What the library says of certificates that are none, or that do not follow from each other."""


class Document(NamedTuple):
    """What a document says: which module signed it and when (ns since the epoch), its registers, and what the enclave
    put in; empty where it put in nothing."""

    module: str
    at: int
    pcrs: dict[int, bytes]
    user_data: bytes
    nonce: bytes
    certificates: tuple[bytes, ...]
    """From the root to the one that signed, DER."""


def verify(source: bytes, *, at: int, roots: Collection[str] = (AWS_ROOT,)) -> Document:
    """Return the document that hardware under one of the roots signed, with every certificate valid at `at` (ns).

    `roots` are SHA-256 digests of root certificates, in hex. AttestationInvalid, by name: nitro_malformed,
    nitro_root_unknown, nitro_dates, nitro_chain, nitro_signature_wrong, nitro_debug.
    """
    protected, payload, signature = _cose(source)
    document = _document(payload)
    key = _chain(document.certificates, at, roots)
    r, s = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
    signed = cbor.head(4, 4) + b"".join(
        (cbor.head(3, 10) + b"Signature1", _bytes(protected), _bytes(b""), _bytes(payload))
    )
    try:
        key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA384()))
    except InvalidSignature:
        raise AttestationInvalid("nitro_signature_wrong", "the document was not signed as it stands here") from None
    if not any(document.pcrs.get(0, b"")):
        raise AttestationInvalid(
            "nitro_debug", "PCR0 is zero: the enclave runs in debug mode, and its memory is open", "Start it without"
        )
    return document


def check_pcrs(document: Document, expected: Mapping[int, str]) -> None:
    """Return where each expected register (hex, SHA-384) is as expected; AttestationInvalid names the first other."""
    for number, value in sorted(expected.items()):
        found = document.pcrs.get(number)
        if found is None or found.hex() != value:
            said = "is not in the document" if found is None else f"is {found.hex()}"
            raise AttestationInvalid("nitro_pcr_differs", f"PCR{number} {said}, expected {value}")


def _bytes(raw: bytes) -> bytes:
    return cbor.head(2, len(raw)) + raw


def _cose(source: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the protected header, the payload and the signature of a COSE_Sign1."""
    if len(source) > DOCUMENT_BYTES_MAX:
        raise _malformed(f"it has over {DOCUMENT_BYTES_MAX} bytes")
    found = cbor.read(source)
    if isinstance(found, cbor.Tagged) and found.tag == _COSE_SIGN1:
        found = found.value
    match found:
        case [bytes(protected), dict() as beside, bytes(payload), bytes(signature)] if not beside:
            pass
        case _:
            raise _malformed("it is no COSE_Sign1 with an empty unprotected header")
    if cbor.read(protected) != {_ALGORITHM: _ES384} or len(signature) != _SIGNATURE_BYTES:
        raise _malformed("it is not signed with ES384")
    return protected, payload, signature


def _document(payload: bytes) -> Document:
    said = cbor.read(payload)
    if not isinstance(said, dict):
        raise _malformed("its payload is no map")
    module, timestamp, pcrs = said.get("module_id"), said.get("timestamp"), said.get("pcrs")
    certificate, bundle = said.get("certificate"), said.get("cabundle")
    if not isinstance(module, str) or not module or said.get("digest") != "SHA384":
        raise _malformed("it names no module, or another digest than SHA384")
    if type(timestamp) is not int or not 0 < timestamp < 1 << 63:
        raise _malformed("it has no time")
    if not isinstance(pcrs, dict) or not 1 <= len(pcrs) <= 32 or not all(_is_pcr(*pcr) for pcr in pcrs.items()):
        raise _malformed("its registers are not numbers from 0 to 31 with 48 bytes each")
    if not isinstance(bundle, list) or not 1 <= len(bundle) <= _CABUNDLE_MAX:
        raise _malformed(f"it has no certificates, or over {_CABUNDLE_MAX}")
    chain = (*bundle, certificate)
    if not all(isinstance(one, bytes) and 1 <= len(one) <= _FIELD_BYTES_MAX for one in chain):
        raise _malformed(f"a certificate is none of up to {_FIELD_BYTES_MAX} bytes")
    return Document(module, timestamp * 10**6, pcrs, _field(said, "user_data"), _field(said, "nonce"), chain)


def _is_pcr(number: Any, value: Any) -> bool:
    return type(number) is int and 0 <= number <= 31 and isinstance(value, bytes) and len(value) == _PCR_BYTES


def _field(said: dict[Any, Any], name: str) -> bytes:
    value = said.get(name)
    if value is None:
        return b""
    if not isinstance(value, bytes) or len(value) > _FIELD_BYTES_MAX:
        raise _malformed(f"its {name} is none of up to {_FIELD_BYTES_MAX} bytes")
    return value


def _chain(sources: tuple[bytes, ...], at: int, roots: Collection[str]) -> EllipticCurvePublicKey:
    """Return the key that signed the document, where its certificates lead to one of the roots."""
    root = sha256(sources[0]).hexdigest()
    if root not in roots:
        raise AttestationInvalid("nitro_root_unknown", f"its root certificate is {root}, which is not pinned")
    when = datetime.fromtimestamp(at // 10**9, UTC)
    issuer: x509.Certificate | None = None
    last = len(sources) - 1
    for index, source in enumerate(sources):
        try:
            found = x509.load_der_x509_certificate(source)
            key = _checked(found, index, last)
            first, until = found.not_valid_before_utc, found.not_valid_after_utc
            if issuer is not None:
                found.verify_directly_issued_by(issuer)
        except _UNFIT as fault:
            said = f"certificate {index} does not follow from the one before it ({type(fault).__name__} {fault})"
            raise AttestationInvalid("nitro_chain", said.rstrip(" )") + ")") from None
        if not first <= when <= until:
            said = f"certificate {index} is valid from {first:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
            raise AttestationInvalid(
                "nitro_dates", f"{said}, not on {when:%Y-%m-%d %H:%M}", "Ask for a new one, or check it as of its time"
            )
        issuer = found
    return key


def _checked(found: x509.Certificate, index: int, last: int) -> EllipticCurvePublicKey:
    """Return the key of a certificate that may stand at this place of the chain; ValueError otherwise."""
    key = found.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP384R1):
        raise ValueError("its key is not of P-384")
    if not isinstance(found.signature_hash_algorithm, SHA384):
        raise ValueError("it is not signed with SHA-384")
    unknown = {extension.oid for extension in found.extensions if extension.critical} - _KNOWN_CRITICAL
    if unknown:
        raise ValueError("it has a critical extension that is not known")
    basic = found.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    if basic.ca is (index == last) or not (usage.digital_signature if index == last else usage.key_cert_sign):
        raise ValueError("it may not stand at its place")
    if basic.path_length is not None and last - 1 - index > basic.path_length:
        raise ValueError("more certificates follow than it allows")
    return key


def _malformed(what: str) -> AttestationInvalid:
    return AttestationInvalid("nitro_malformed", f"the document is not well formed: {what}")
