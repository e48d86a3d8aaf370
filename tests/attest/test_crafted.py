"""Quotes and keys that no TPM made: what each field means is judged even where a key signed it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.attest.crafted import ATTESTS, area, pem, quote
from tests.attest.said import binding, statement

from remit.attest import tpm
from remit.attest.errors import AttestationInvalid

DECRYPT = 1 << 17


def verified(key: bytes, **says: Any) -> tpm.Quoted:
    made = quote(**says)
    return tpm.verify(made.message, made.signature, tpm.read_key(key), binding(statement()), made.pcrs)


def test_a_quote_as_it_should_be() -> None:
    assert verified(area()).selected == verified(pem()).selected == (0, 1)


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"begins": tpm.GENERATED - 1}, "tpm_not_generated"),
        ({"kind": 0x8014}, "tpm_malformed"),
        ({"kind": 0x8019}, "tpm_malformed"),
        ({"banks": 2}, "tpm_malformed"),
        ({"banks": 0}, "tpm_malformed"),
        ({"registers": bytes(3)}, "tpm_malformed"),
    ],
)
def test_what_is_signed_and_no_quote(says: dict[str, Any], code: str) -> None:
    with pytest.raises(AttestationInvalid) as fault:
        verified(area(), **says)
    assert fault.value.code == code


@pytest.mark.parametrize("bit", [1, 5, 16, 18])
def test_each_attribute_of_an_attestation_key_is_needed(bit: int) -> None:
    with pytest.raises(AttestationInvalid, match="no restricted signing key"):
        tpm.read_key(area(ATTESTS & ~(1 << bit)))


def test_a_key_that_also_decrypts_is_none() -> None:
    with pytest.raises(AttestationInvalid, match="no restricted signing key"):
        tpm.read_key(area(ATTESTS | DECRYPT))


def test_weak_and_other_kinds_of_keys_are_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    for key in (
        weak,
        ed25519.Ed25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP521R1()).public_key(),
    ):
        with pytest.raises(AttestationInvalid) as fault:
            tpm.read_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        assert fault.value.code == "tpm_key_unfit"
