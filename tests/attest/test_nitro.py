"""Nitro documents: what a real one is made of is taken, and each way in which one can be wrong is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.attest.enclave import AT, NOW, PCRS, SHA256, Issued, chain, document, issue, root_of

from remit.attest import nitro
from remit.attest.errors import AttestationInvalid

HOUR_NS = 3600 * 10**9


def verify(source: bytes, at: int = AT, root: str = "") -> nitro.Document:
    return nitro.verify(source, at=at, roots=(root or root_of(chain()),))


def refused(source: bytes, at: int = AT, root: str = "") -> str:
    with pytest.raises(AttestationInvalid) as fault:
        verify(source, at, root)
    return fault.value.code


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize("ends_itself", [False, True])
def test_a_document_of_another_encoder_is_read_as_it_was_written(tagged: bool, ends_itself: bool) -> None:
    found = verify(document(tagged=tagged, ends_itself=ends_itself, user_data=b"bound", nonce=b"asked"))
    assert (found.at, found.user_data, found.nonce) == (AT, b"bound", b"asked")
    assert found.pcrs == PCRS
    assert found.module.startswith("i-0123")


def test_the_pin_is_the_root_that_aws_publishes() -> None:
    published = "64:1A:03:21:A3:E2:44:EF:E4:56:46:31:95:D6:06:31:7E:D7:CD:CC:3C:17:56:E0:98:93:F3:C6:8F:79:BB:5B"
    assert published.replace(":", "").lower() == nitro.AWS_ROOT
    with pytest.raises(AttestationInvalid) as fault:
        nitro.verify(document(), at=AT)
    assert fault.value.code == "nitro_root_unknown"


@pytest.mark.parametrize(
    ("hours", "code"),
    [(-2, "nitro_dates"), (-1, ""), (0, ""), (2, ""), (3, "nitro_dates"), (24 * 400 * 30, "nitro_dates")],
)
def test_every_certificate_is_valid_at_the_time_of_asking(hours: int, code: str) -> None:
    source, at = document(), AT + hours * HOUR_NS
    assert (refused(source, at) if code else verify(source, at).module[:2]) == (code or "i-")


def test_a_certificate_between_that_ran_out_is_named() -> None:
    root, region, _, _ = chain()
    old = issue("instance", region, path_length=0, until=NOW - timedelta(minutes=1))
    with pytest.raises(AttestationInvalid, match="certificate 2 is valid from") as fault:
        verify(document((root, region, old, issue("enclave", old, ca=False))))
    assert fault.value.code == "nitro_dates"


def altered(**said: Any) -> Callable[[], bytes]:
    return lambda: document(**said)


CHAINS: dict[str, Callable[[], bytes]] = {
    "signed by another than it names": lambda: document(
        (*chain()[:3], issue("enclave", Issued(chain()[2].certificate, issue("stranger").key), ca=False))
    ),
    "of another root below ours": lambda: document(
        (chain()[0], *(issued := (issue("region"),)), issue("enclave", issued[0], ca=False))
    ),
    "the last may issue": lambda: document((*chain()[:3], issue("enclave", chain()[2], ca=True, signs=True))),
    "the last may not sign": lambda: document((*chain()[:3], issue("enclave", chain()[2], ca=False, signs=False))),
    "one between may not issue": lambda: document(
        (*chain()[:2], issued := issue("instance", chain()[1], ca=False), issue("enclave", issued, ca=False))
    ),
    "more follow than allowed": lambda: document(
        (*chain()[:3], issued := issue("more", chain()[2]), issue("enclave", issued, ca=False))
    ),
    "another curve": lambda: document((*chain()[:3], issue("enclave", chain()[2], ca=False, curve=ec.SECP521R1())))[
        :-36
    ],
    "signed over SHA-256": lambda: document((*chain()[:3], issue("enclave", chain()[2], ca=False, digest=SHA256()))),
    "an extension nobody knows": lambda: document(
        (*chain()[:3], issue("enclave", chain()[2], ca=False, critical=True))
    ),
    "one left out": lambda: document(cabundle=[chain()[0].der, chain()[2].der]),
    "two swapped": lambda: document(cabundle=[chain()[0].der, chain()[2].der, chain()[1].der]),
    "one that is none": lambda: document(cabundle=[chain()[0].der, b"\x30\x00", chain()[2].der]),
    "one of another version": lambda: document(
        cabundle=[
            chain()[0].der,
            chain()[1].der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x64", 1),
            chain()[2].der,
        ]
    ),
    "the root alone signs": lambda: document(cabundle=[chain()[0].der], certificate=chain()[0].der),
}


@pytest.mark.parametrize("name", CHAINS)
def test_certificates_that_do_not_follow_from_each_other(name: str) -> None:
    expected = "nitro_malformed" if name == "another curve" else "nitro_chain"
    assert refused(CHAINS[name]()) == expected


def test_a_key_of_another_curve_is_refused_in_the_chain() -> None:
    small = issue("enclave", chain()[2], ca=False, curve=ec.SECP256R1())
    source = cbor2.loads(document((*chain()[:3], small)))
    source[3] = bytes(96)
    assert refused(cbor2.dumps(source)) == "nitro_chain"


SHAPES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "too long": lambda: document(user_data=bytes(40_000)),
    "cut": lambda: document()[:-1],
    "more behind": lambda: document() + b"\0",
    "another tag": lambda: cbor2.dumps(cbor2.CBORTag(17, cbor2.loads(document()))),
    "three parts": lambda: cbor2.dumps(cbor2.loads(document())[:3]),
    "ES256": altered(protected={1: -7}),
    "two headers": altered(protected={1: -35, 4: b"key"}),
    "something beside": altered(beside={4: b"key"}),
    "short registers": altered(pcrs={0: b"\1" * 32}),
    "another digest": altered(digest="SHA256"),
    "no module": altered(module_id=...),
    "an empty module": altered(module_id=""),
    "no time": altered(timestamp=...),
    "a time before all": altered(timestamp=-1),
    "a time that is true": altered(timestamp=True),
    "no registers": altered(pcrs={}),
    "register 32": altered(pcrs={0: b"\1" * 48, 32: bytes(48)}),
    "a register by name": altered(pcrs={"0": b"\1" * 48}),
    "no certificates": altered(cabundle=[]),
    "seventeen certificates": lambda: document(cabundle=[chain()[0].der] * 17),
    "a certificate of text": altered(certificate="certificate"),
    "a long certificate": altered(certificate=bytes(1025)),
    "user data of text": altered(user_data="bound"),
    "long user data": altered(user_data=bytes(1025)),
    "a long nonce": altered(nonce=bytes(1025)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_no_document(name: str) -> None:
    assert refused(SHAPES[name]()) == "nitro_malformed"


def test_any_changed_byte_of_what_is_signed_shows() -> None:
    header, beside, body, signature = cbor2.loads(document(user_data=b"bound", nonce=b"asked"))
    for at in range(0, len(body), 7):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert refused(cbor2.dumps([header, beside, changed, signature])).startswith("nitro_")
    swapped = body.replace(b"bound", b"found")
    assert refused(cbor2.dumps([header, beside, swapped, signature])) == "nitro_signature_wrong"
    for at in (0, 47, 48, 95):
        wrong = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert refused(cbor2.dumps([header, beside, body, wrong])) == "nitro_signature_wrong"
    assert refused(cbor2.dumps([header, beside, body, bytes(96)])) == "nitro_signature_wrong"


@pytest.mark.parametrize("pcrs", [PCRS | {0: bytes(48)}, {1: b"\1" * 48}])
def test_an_enclave_in_debug_mode_proves_nothing(pcrs: dict[int, bytes]) -> None:
    assert refused(document(pcrs=pcrs)) == "nitro_debug"


def test_expected_registers() -> None:
    found = verify(document())
    nitro.check_pcrs(found, {0: "0a" * 48, 2: "0c" * 48})
    for wrong in ({0: "0b" * 48}, {0: "0a" * 48, 9: "00" * 48}, {1: "0B" * 48}):
        with pytest.raises(AttestationInvalid) as fault:
            nitro.check_pcrs(found, wrong)
        assert fault.value.code == "nitro_pcr_differs"
