"""A TPM that is none: keys and quotes as a TPM writes them, of a key of our own, so that each field can be another."""

from __future__ import annotations

import struct
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.attest.said import binding, statement

from remit.attest import tpm
from remit.attest.carried import Quote

ZEROS = "00" * 32
ATTESTS = 0x50072


@cache
def chip() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x5F1D, ec.SECP256R1())


def pem() -> bytes:
    return chip().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def area(attributes: int = ATTESTS) -> bytes:
    """The key as a TPM2B_PUBLIC, restricted as an attestation key is."""
    numbers = chip().public_key().public_numbers()
    point = b"".join(struct.pack(">H", 32) + one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
    inner = struct.pack(">HHIHHHHHH", 0x23, 0x0B, attributes, 0, 0x10, 0x18, 0x0B, 0x03, 0x10) + point
    return struct.pack(">H", len(inner)) + inner


def quote(
    *, begins: int = tpm.GENERATED, kind: int = tpm.QUOTE, banks: int = 1, registers: bytes = b"\x03\x00\x00"
) -> Quote:
    """A quote over the usual statement of two registers that hold nothing, as a TPM writes it."""
    bound, held = binding(statement()), sha256(bytes(64)).digest()
    message = struct.pack(">IHH", begins, kind, 0) + struct.pack(">H", 32) + bound + bytes(25)
    message += struct.pack(">I", banks) + struct.pack(">HB3s", 0x0B, 3, registers) * banks
    message += struct.pack(">H", 32) + held
    r, s = decode_dss_signature(chip().sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    halves = b"".join(struct.pack(">H", 32) + one.to_bytes(32, "big") for one in (r, s))
    return Quote(message, struct.pack(">HH", 0x18, 0x0B) + halves, {"0": ZEROS, "1": ZEROS})
