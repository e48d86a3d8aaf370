"""A TPM's quotes: made by a TPM in software and its own tools, read by nothing of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import msgspec
import pytest
from tests.attest.chip import KINDS, MISSING, REASON, ZEROS, Chip

from remit.attest import tpm
from remit.attest.carried import Quote
from remit.attest.errors import AttestationInvalid

pytestmark = pytest.mark.skipif(bool(MISSING), reason=REASON)
BINDING = sha256(b"a statement").digest()
GRUB = sha256(b"what started").digest()
HELD = {"7": ZEROS, "12": sha256(bytes(32) + GRUB).hexdigest()}


@pytest.fixture(scope="module")
def chip() -> Iterator[Chip]:
    with Chip() as running:
        running.extend(12, GRUB)
        yield running


@pytest.fixture(scope="module")
def made(chip: Chip) -> tuple[bytes, bytes, Quote]:
    """A key's public area, its PEM, and a quote of it."""
    handle, area, pem = chip.key()
    return area, pem, chip.quote(handle, BINDING, (7, 12))


def verify(quote: Quote, area: bytes, binding: bytes = BINDING) -> tpm.Quoted:
    return tpm.verify(quote.message, quote.signature, tpm.read_key(area), binding, quote.pcrs)


def refused(quote: Quote, area: bytes, binding: bytes = BINDING) -> str:
    with pytest.raises(AttestationInvalid) as fault:
        verify(quote, area, binding)
    return fault.value.code


def test_a_quote_says_what_the_registers_hold(made: tuple[bytes, bytes, Quote]) -> None:
    area, pem, quote = made
    assert quote.pcrs == HELD
    found = verify(quote, area)
    assert (found.binding, found.bank, found.size, found.selected) == (BINDING, "sha256", 32, (7, 12))
    assert verify(quote, pem) == found
    assert tpm.read_key(area).restricted and not tpm.read_key(pem).restricted


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ecdsa"])
def test_other_kinds_of_keys(chip: Chip, kind: str) -> None:
    handle, area, _ = chip.key(kind)
    quote = chip.quote(handle, BINDING, (12,), kind=kind)
    assert verify(quote, area).selected == (12,)
    spoilt = quote.signature[:-1] + bytes([quote.signature[-1] ^ 1])
    assert refused(msgspec.structs.replace(quote, signature=spoilt), area) == "tpm_signature_wrong"


def test_weak_digests_are_refused(chip: Chip, made: tuple[bytes, bytes, Quote]) -> None:
    handle, area, _ = chip.key()
    assert refused(chip.quote(handle, BINDING, (7,), bank="sha1"), area) == "tpm_malformed"


def test_what_is_bound_is_this_statement(made: tuple[bytes, bytes, Quote]) -> None:
    area, _, quote = made
    assert refused(quote, area, sha256(b"another statement").digest()) == "tpm_binding_differs"
    assert refused(quote, area, b"") == "tpm_binding_differs"


def test_the_key_is_the_one_that_was_given(chip: Chip, made: tuple[bytes, bytes, Quote]) -> None:
    _, other, _ = chip.key("rsassa")
    assert refused(made[2], other) == "tpm_signature_wrong"
    _, other, _ = chip.key("ecdsa384")
    assert refused(made[2], other) == "tpm_signature_wrong"


@pytest.mark.parametrize(
    "values",
    [HELD | {"12": ZEROS}, {"7": ZEROS}, {}, HELD | {"0": ZEROS}, {"7": HELD["12"], "12": ZEROS}, HELD | {"12": "xx"},
     {"7": "", "12": ZEROS + HELD["12"]}, {"7": ZEROS + HELD["12"], "12": ""},
     {"7": ZEROS[2:], "12": "00" + HELD["12"]},
     {"7": ZEROS + " ", "12": HELD["12"]},
     {"07": ZEROS, "12": HELD["12"]}],
)  # fmt: skip
def test_values_beside_the_quote_are_what_was_quoted(made: tuple[bytes, bytes, Quote], values: dict[str, str]) -> None:
    assert refused(msgspec.structs.replace(made[2], pcrs=values), made[0]) == "tpm_pcrs_differ"


def test_expected_registers(made: tuple[bytes, bytes, Quote]) -> None:
    area, _, quote = made
    quoted = verify(quote, area)
    tpm.check_pcrs(quoted, quote.pcrs, {12: HELD["12"]})
    for wrong in ({12: ZEROS}, {0: ZEROS}, {7: ZEROS, 12: "00"}):
        with pytest.raises(AttestationInvalid) as fault:
            tpm.check_pcrs(quoted, quote.pcrs, wrong)
        assert fault.value.code == "tpm_pcr_differs"


def test_any_changed_byte_shows(made: tuple[bytes, bytes, Quote]) -> None:
    area, _, quote = made
    for at in range(len(quote.message)):
        changed = quote.message[:at] + bytes([quote.message[at] ^ 1]) + quote.message[at + 1 :]
        code = refused(msgspec.structs.replace(quote, message=changed), area)
        expected = {"tpm_not_generated"} if at < 4 else {"tpm_signature_wrong", "tpm_malformed"}
        assert code in expected, at
    for at in range(len(quote.signature)):
        changed = quote.signature[:at] + bytes([quote.signature[at] ^ 1]) + quote.signature[at + 1 :]
        code = refused(msgspec.structs.replace(quote, signature=changed), area)
        assert code in {"tpm_signature_wrong", "tpm_malformed"}, at


def test_cut_and_longer_bytes_are_refused(made: tuple[bytes, bytes, Quote]) -> None:
    area, _, quote = made
    for wrong in (quote.message[:-1], quote.message + b"\0", b"", quote.message[:6]):
        assert refused(msgspec.structs.replace(quote, message=wrong), area) in ("tpm_malformed", "tpm_not_generated")
    for wrong in (quote.signature[:-1], quote.signature + b"\0", b""):
        assert refused(msgspec.structs.replace(quote, signature=wrong), area) == "tpm_malformed"
    for wrong in (area[:-1], area + b"\0", b"", area[2:], b"-----BEGIN PUBLIC KEY-----\n"):
        with pytest.raises(AttestationInvalid) as fault:
            tpm.read_key(wrong)
        assert fault.value.code == "tpm_key_unfit"


@pytest.mark.parametrize(
    "attributes",
    ["fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "sensitivedataorigin|userwithauth|restricted|sign"],
)
def test_a_key_that_signs_what_others_made_is_no_attestation_key(chip: Chip, attributes: str) -> None:
    kind = "ecdsa"
    _, area, _ = chip.key(kind, attributes)
    with pytest.raises(AttestationInvalid, match="no restricted signing key") as fault:
        tpm.read_key(area)
    assert fault.value.code == "tpm_key_unfit"


def test_what_a_key_signs_of_somebody_else_is_no_quote(chip: Chip, made: tuple[bytes, bytes, Quote]) -> None:
    """A key that is not restricted signs a quote that nobody made; only its PEM hides that."""
    handle, _, pem = chip.key(attributes="fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign")
    (chip.folder / "forged").write_bytes(made[2].message)
    chip.do("tpm2_sign", "-c", handle, "-g", "sha256", "-o", "by", "forged")
    forged = msgspec.structs.replace(made[2], signature=(chip.folder / "by").read_bytes())
    assert verify(forged, pem).binding == BINDING, "which is why a bare key is told of"
