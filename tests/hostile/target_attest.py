"""Attestations: a file, an enclave's document, a TPM's quote and its key, whoever made them. Whatever bytes come, each
is checked or refused by name, and nothing vouches for a statement but what was made for it."""

from __future__ import annotations

import json
import struct
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.attest.enclave import AT, chain, document, root_of
from tests.attest.said import KEY, NONCE, binding, file, statement
from tests.hostile.target import Target, chosen, only, seeded

from remit.attest import nitro, tpm
from remit.attest.carried import Quote
from remit.attest.check import Expected, check
from remit.attest.errors import AttestationInvalid

ZEROS = "00" * 32


@cache
def chip() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x5F1D, ec.SECP256R1())


def pem() -> bytes:
    return chip().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def area() -> bytes:
    """The key as a TPM2B_PUBLIC, restricted as an attestation key is."""
    numbers = chip().public_key().public_numbers()
    point = b"".join(struct.pack(">H", 32) + one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
    inner = struct.pack(">HHIHHHHHH", 0x23, 0x0B, 0x50072, 0, 0x10, 0x18, 0x0B, 0x03, 0x10) + point
    return struct.pack(">H", len(inner)) + inner


@cache
def quote() -> Quote:
    """A quote of two registers that hold nothing, as a TPM writes it."""
    bound, held = binding(statement()), sha256(bytes(64)).digest()
    message = struct.pack(">IHH", tpm.GENERATED, tpm.QUOTE, 0) + struct.pack(">H", 32) + bound + bytes(25)
    message += struct.pack(">IHB3s", 1, 0x0B, 3, b"\x03\x00\x00") + struct.pack(">H", 32) + held
    r, s = decode_dss_signature(chip().sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    halves = b"".join(struct.pack(">H", 32) + one.to_bytes(32, "big") for one in (r, s))
    return Quote(message, struct.pack(">HH", 0x18, 0x0B) + halves, {"0": ZEROS, "1": ZEROS})


@cache
def vouched() -> bytes:
    bound, asked = binding(statement()), bytes.fromhex(NONCE)
    return file(tpm=quote(), nitro=document(user_data=bound, nonce=asked))


def expected() -> Expected:
    return Expected(
        key=KEY, nonce=NONCE, ak=area(), tpm_pcrs={0: ZEROS, 1: ZEROS}, nitro=True, nitro_roots=(root_of(chain()),)
    )


def check_attest(data: bytes) -> None:
    """The ways: a whole file; a document; a quote's message; its signature; a key."""
    way, raw = chosen(data, 5)
    if way == 0:
        checked = check(raw, expected(), AT)
        assert not checked.well or checked.digest == binding(statement()).hex()
        assert all(found.name and found.says for found in checked.findings)
        return
    with only(AttestationInvalid) as refused:
        if way == 1:
            found = nitro.verify(raw, at=AT, roots=(root_of(chain()),))
            assert found.user_data == binding(statement()), "an enclave signed nothing else"
        elif way == 2:
            tpm.verify(raw, quote().signature, tpm.read_key(area()), binding(statement()), quote().pcrs)
            assert raw == quote().message
        elif way == 3:
            tpm.verify(quote().message, raw, tpm.read_key(pem()), binding(statement()), quote().pcrs)
        else:
            tpm.read_key(raw)
    for fault in refused:
        assert isinstance(fault, AttestationInvalid) and fault.code and fault.do


def attest_seeds() -> list[bytes]:
    note = json.loads(vouched())["note"]
    return [
        seeded(0, vouched()),
        seeded(0, file()),
        seeded(0, json.dumps({"note": note}).encode()),
        seeded(1, document(user_data=binding(statement()))),
        seeded(1, document(tagged=True, user_data=binding(statement()))),
        seeded(2, quote().message),
        seeded(3, quote().signature),
        seeded(4, area()),
        seeded(4, pem()),
    ]


WORDS = ('"note":"', '"tpm":', '"nitro":"', "remit-attestation-1\\n", '"packages":{', "-----BEGIN", "\\n\\n\u2014 ")
TARGETS = (Target("attest", check_attest, attest_seeds, WORDS, cost=3),)
