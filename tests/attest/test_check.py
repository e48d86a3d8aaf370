"""Checking an attestation: what holds, what fails, and by which name."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attest.chip import MISSING, REASON, ZEROS, Chip
from tests.attest.enclave import AT, chain, document, root_of
from tests.attest.said import KEY, NONCE, OTHER, PACKAGES, SIGNER, binding, file, statement

from remit.attest import carried
from remit.attest.carried import Attestation, Quote
from remit.attest.check import Expected, check
from remit.attest.errors import AttestationInvalid
from remit.attest.statement import DOMAIN, NONCE_BYTES_MAX, Statement, code_digest, read, text_of
from remit.journal import checkpoint
from remit.journal.errors import NoteInvalid

SECOND = 10**9
ALL = Expected(key=KEY, code=PACKAGES, mandates="5" * 64, nonce=NONCE, age_s_max=60, nitro_roots=(root_of(chain()),))


def standing(source: bytes, expected: Expected = ALL, at: int = AT) -> dict[str, str]:
    return {found.name: found.standing for found in check(source, expected, at).findings}


def failures(source: bytes, expected: Expected = ALL, at: int = AT) -> list[str]:
    checked = check(source, expected, at)
    failed = [found.name for found in checked.findings if found.standing == "fails"]
    assert checked.well is (not failed)
    return failed


def test_all_that_is_expected_holds_and_no_hardware_is_claimed() -> None:
    held = dict.fromkeys(("signature", "code", "mandates", "nonce", "age"), "holds")
    assert standing(file()) == {**held, "hardware": "open"}
    assert check(file(), ALL, AT).statement == statement()


def test_what_is_not_expected_is_said_to_be_open() -> None:
    expected = dict.fromkeys(("signature", "code", "mandates", "nonce", "age", "hardware"), "open")
    assert standing(file(), Expected()) == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "9" * 64}, "code_differs"),
        ({"code": PACKAGES | {"remit": "9" * 64}}, "code_differs"),
        ({"code": PACKAGES | {"more": "9" * 64}}, "code_differs"),
        ({"code": {"remit": "3" * 64}}, "code_differs"),
        ({"mandates": "9" * 64}, "mandates_differ"),
        ({"nonce": ""}, "nonce_differs"),
        ({"nonce": NONCE.upper()}, "nonce_differs"),
        ({"key": str(OTHER.verifier)}, "key_differs"),
        ({"key": "a key"}, "signature_wrong"),
        ({"ak": b""}, "tpm_missing"),
        ({"tpm_pcrs": {0: ZEROS}}, "tpm_missing"),
        ({"nitro": True}, "nitro_missing"),
        ({"nitro_pcrs": {0: "0a" * 48}}, "nitro_missing"),
    ],
)  # fmt: skip
def test_each_thing_that_differs_is_named(change: dict[str, Any], code: str) -> None:
    assert failures(file(), ALL._replace(**change)) == [code]


@pytest.mark.parametrize(
    ("later_s", "code"), [(0, None), (60, None), (61, "too_old"), (-60, None), (-61, "from_the_future")]
)
def test_age(later_s: int, code: str | None) -> None:
    assert failures(file(), at=AT + later_s * SECOND) == ([] if code is None else [code])


def test_packages_that_differ_are_named() -> None:
    found = check(file(), ALL._replace(code=PACKAGES | {"msgspec": "9" * 64}), AT).findings
    assert [one.says for one in found if one.name == "code_differs"][0].startswith(
        "these packages are not as expected: msgspec."
    )


def test_a_statement_of_another_key_is_refused_whoever_it_names() -> None:
    assert failures(file(signer=OTHER)) == ["signature_wrong"]
    assert failures(file(signer=OTHER), Expected()) == ["signature_wrong"]
    named = statement(log_key=str(OTHER.verifier))
    assert failures(file(named, signer=OTHER)) == ["key_differs"]
    assert failures(file(named, signer=OTHER), Expected()) == [], "it is whole, and signed by whom it names: open"


def edited(change: str, into: str) -> bytes:
    note = json.loads(file())["note"]
    assert change in note
    return carried.write(Attestation(note=note.replace(change, into)))


@pytest.mark.parametrize(
    ("change", "into", "code"),
    [
        (NONCE, "5f1d00c7aa", "signature_wrong"),
        ('"size":18', '"size":19', "signature_wrong"),
        ("7" * 64, "8" * 64, "signature_wrong"),
        ("3" * 64, "8" * 64, "statement_malformed"),
        (DOMAIN, "remit-attestation-2", "statement_malformed"),
        ('"cryptography":', '"cryptography\\nB  remit":', "statement_malformed"),
        ('"cryptography":', '"":', "statement_malformed"),
        ('"size":18', '"size": 18', "statement_malformed"),
        ('"size":18,', "", "statement_malformed"),
        ('"size":18', '"size":18,"more":1', "statement_malformed"),
        ('"size":18', '"size":18,"size":18', "statement_malformed"),
        ('{"version"', '[{"version"', "statement_malformed"),
        ("\n\n", "\nmore\n\n", "statement_malformed"),
        ("\n\n", "\n", "signature_wrong"),
    ],
)  # fmt: skip
def test_an_edited_statement(change: str, into: str, code: str) -> None:
    assert failures(edited(change, into)) == [code]


@pytest.mark.parametrize(
    "source", [b"", b"{}", b"[]", b'{"note":1}', b'{"note":"","more":1}', bytes(carried.FILE_BYTES_MAX + 1), b"\xff"]
)
def test_what_is_no_file(source: bytes) -> None:
    assert failures(source) == ["file_malformed"]


def test_a_checkpoint_is_no_statement_and_a_statement_no_checkpoint() -> None:
    head = checkpoint.sign(SIGNER, "remit.local/journal", 18, bytes(32))
    assert failures(carried.write(Attestation(note=head.note))) == ["statement_malformed"]
    note = json.loads(file())["note"]
    with pytest.raises(NoteInvalid):
        checkpoint.verify(note, "remit.local/journal", [SIGNER.verifier])


NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


@given(
    st.binary(max_size=NONCE_BYTES_MAX), st.integers(0, 2**62), st.dictionaries(NAMES, st.just("1" * 64))
)
def test_a_statement_is_read_as_it_was_written(nonce: bytes, at: int, packages: dict[str, str]) -> None:
    said = statement(nonce=nonce.hex(), at=at, packages=packages, code=code_digest(packages))
    assert read(text_of(said)) == said


@pytest.mark.parametrize("nonce", ["0", "0g", "AB", "00" * (NONCE_BYTES_MAX + 1), "00\n"])
def test_a_nonce_is_small_hex(nonce: str) -> None:
    with pytest.raises(AttestationInvalid):
        read(text_of(statement(nonce=nonce)))


# An enclave


def enclosed(said: Statement | None = None, **document_says: Any) -> bytes:
    said = said or statement()
    usual = {"user_data": binding(said), "nonce": bytes.fromhex(said.nonce)}
    return file(said, nitro=document(**(usual | document_says)))


def test_an_enclave_vouches_for_the_statement() -> None:
    found = standing(enclosed(), ALL._replace(nitro_pcrs={0: "0a" * 48, 1: "0b" * 48, 2: "0c" * 48}))
    assert found["nitro"] == "holds"
    assert "hardware" not in found and "nitro_pcrs" not in found
    assert standing(enclosed())["nitro_pcrs"] == "open"


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"user_data": bytes(32)}, "nitro_binding_differs"),
        ({"user_data": None}, "nitro_binding_differs"),
        ({"nonce": b"\x01"}, "nitro_nonce_differs"),
        ({"nonce": None}, "nitro_nonce_differs"),
        ({"timestamp": (AT - 61 * SECOND) // 10**6}, "nitro_too_old"),
        ({"timestamp": (AT + 61 * SECOND) // 10**6}, "nitro_from_the_future"),
        ({"pcrs": {0: bytes(48)}}, "nitro_debug"),
    ],
)  # fmt: skip
def test_a_document_of_something_else(says: dict[str, Any], code: str) -> None:
    assert failures(enclosed(**says)) == [code]


def test_a_document_under_a_root_that_is_not_pinned_vouches_for_nothing() -> None:
    assert failures(enclosed(), ALL._replace(nitro_roots=Expected().nitro_roots)) == ["nitro_root_unknown"]
    assert standing(enclosed(), Expected())["hardware"] == "open"


def test_expected_registers_of_an_enclave() -> None:
    assert failures(enclosed(), ALL._replace(nitro_pcrs={0: "0b" * 48})) == ["nitro_pcr_differs"]
    assert failures(enclosed(), ALL._replace(nitro_pcrs={8: "0b" * 48})) == ["nitro_pcr_differs"]


# A TPM


@pytest.mark.skipif(bool(MISSING), reason=REASON)
def test_a_tpm_vouches_for_the_statement() -> None:
    said = statement()
    with Chip() as chip:
        handle, area, pem = chip.key()
        quote = chip.quote(handle, binding(said), (0, 11))
        other = chip.quote(handle, binding(statement(nonce="00")), (0, 11))
    vouched = file(said, tpm=quote)
    pinned = ALL._replace(ak=area, tpm_pcrs={0: ZEROS, 11: ZEROS})
    found = standing(vouched, pinned)
    assert found["tpm"] == "holds" and not {"hardware", "tpm_key", "tpm_pcrs"} & found.keys()
    bare = standing(vouched, ALL._replace(ak=pem))
    assert (bare["tpm"], bare["tpm_key"], bare["tpm_pcrs"]) == ("holds", "open", "open")
    assert failures(vouched) == ["tpm_key_missing"]
    assert failures(vouched, ALL._replace(ak=b"no key")) == ["tpm_key_unfit"]
    assert failures(vouched, pinned._replace(tpm_pcrs={11: "11" * 32})) == ["tpm_pcr_differs"]
    assert failures(file(said, tpm=other), pinned) == ["tpm_binding_differs"]
    for changed in ({"message": b""}, {"signature": b""}, {"pcrs": {}}):
        spoilt = msgspec.structs.replace(quote, **changed)
        assert failures(file(said, tpm=spoilt), pinned)[0].startswith("tpm_"), changed
    assert failures(file(statement(at=AT + 1), tpm=quote), pinned) == ["tpm_binding_differs"]


def test_a_quote_that_is_none_fails_by_name() -> None:
    quoted = file(tpm=Quote(b"\xffTCG", b"", {}))
    assert failures(quoted, ALL._replace(ak=b"")) == ["tpm_key_unfit"]
