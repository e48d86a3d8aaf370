"""An enclave that is none: documents as AWS Nitro writes them, under a root of our own, by somebody else's encoder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp()) * 10**9
PCRS = {0: b"\x0a" * 48, 1: b"\x0b" * 48, 2: b"\x0c" * 48, 3: bytes(48)}


class Issued(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    name: str,
    by: Issued | None = None,
    *,
    ca: bool = True,
    signs: bool | None = None,
    path_length: int | None = None,
    first: datetime = NOW - timedelta(hours=1),
    until: datetime = NOW + timedelta(hours=2),
    curve: ec.EllipticCurve | None = None,
    digest: HashAlgorithm | None = None,
    critical: bool = False,
) -> Issued:
    """A certificate of this name, of its own where nobody issues it. `signs` is whether it may sign documents, which
    one that issues others may not."""
    curve = curve or ec.SECP384R1()
    # The same keys at every run, so that what is found is found again.
    key = ec.derive_private_key(int.from_bytes(sha256(f"{name} {curve.name}".encode()).digest()), curve)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signs = not ca if signs is None else signs
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False
    )  # fmt: skip
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(sha256(name.encode()).digest()[:8]))
        .not_valid_before(first)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=signs, key_cert_sign=ca, crl_sign=ca, **usage), critical=True)
    )
    if critical:
        building = building.add_extension(x509.InhibitAnyPolicy(0), critical=True)
    return Issued(building.sign(key if by is None else by.key, digest or SHA384(), ecdsa_deterministic=True), key)


@cache
def chain() -> tuple[Issued, ...]:
    """A root of many years, two that stand between, and the enclave's own, of three hours."""
    root = issue("test.nitro-enclaves", first=NOW - timedelta(days=900), until=NOW + timedelta(days=9000))
    region = issue("region", root, path_length=1, until=NOW + timedelta(days=20))
    instance = issue("instance", region, path_length=0, until=NOW + timedelta(days=1))
    return root, region, instance, issue("enclave", instance, ca=False)


def root_of(issued: tuple[Issued, ...]) -> str:
    return sha256(issued[0].der).hexdigest()


def document(
    issued: tuple[Issued, ...] | None = None,
    *,
    tagged: bool = False,
    ends_itself: bool = False,
    protected: Mapping[int, Any] | None = None,
    beside: Mapping[int, Any] | None = None,
    **said: Any,
) -> bytes:
    """A document that says what is given, and the usual where nothing is; what is `...` is left out.
    Older enclaves say how many fields there are, newer ones where they end (`ends_itself`)."""
    issued = issued or chain()
    payload = {
        "module_id": "i-0123456789abcdef0-enc0123456789abcdef0",
        "digest": "SHA384",
        "timestamp": AT // 10**6,
        "pcrs": PCRS,
        "certificate": issued[-1].der,
        "cabundle": [one.der for one in issued[:-1]],
        "public_key": None,
        "user_data": None,
        "nonce": None,
    } | said
    body = cbor2.dumps({name: value for name, value in payload.items() if value is not ...})
    if ends_itself:
        assert body[0] >> 5 == 5 and body[0] & 31 < 24
        body = b"\xbf" + body[1:] + b"\xff"
    header = cbor2.dumps({1: -35} if protected is None else protected)
    signed = cbor2.dumps(["Signature1", header, b"", body])
    size = (issued[-1].key.key_size + 7) // 8
    pair = decode_dss_signature(issued[-1].key.sign(signed, ec.ECDSA(SHA384(), deterministic_signing=True)))
    signature = b"".join(number.to_bytes(size, "big") for number in pair)
    whole = [header, dict(beside or {}), body, signature]
    return cbor2.dumps(cbor2.CBORTag(18, whole) if tagged else whole)


__all__ = ["AT", "NOW", "PCRS", "SHA256", "Issued", "chain", "document", "issue", "root_of"]
