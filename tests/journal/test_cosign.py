"""Cosignatures and submissions as C2SP writes them: made, read back, and refused wherever one byte is another."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.cases import KEYS, ORIGIN, SIGNER

from remit.journal import checkpoint as checkpoints
from remit.journal import note as notes
from remit.journal import submission as submissions
from remit.journal.cosign import CosignatureSigner, Cosigner, cosignatures, cosigned, parse_cosigner
from remit.journal.errors import NoteInvalid
from remit.journal.submission import PROOF_MAX, Submission
from remit.journal.tree import leaf_hash

ROOT = leaf_hash(b"root")
NOTE = checkpoints.sign(SIGNER, ORIGIN, 7, ROOT).note
WITNESS = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))
OTHER = CosignatureSigner("witness.test/w2", bytes(range(2, 34)))


def test_the_signed_text_is_that_of_the_spec() -> None:
    line = WITNESS.cosign(NOTE, 1679315147)
    name, encoded = line.removeprefix("\u2014 ").split()
    raw = base64.b64decode(encoded)
    key = WITNESS.cosigner.public_key
    assert (name, raw[:4]) == ("witness.test/w1", sha256(b"witness.test/w1\n\x04" + key).digest()[:4])
    assert int.from_bytes(raw[4:12], "big") == 1679315147
    text = f"cosignature/v1\ntime 1679315147\n{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\n"
    Ed25519PublicKey.from_public_bytes(key).verify(raw[12:], text.encode())


def test_a_cosigned_checkpoint_is_still_the_journals_own() -> None:
    twice = cosigned(cosigned(NOTE, WITNESS.cosign(NOTE, 5), WITNESS.cosigner), OTHER.cosign(NOTE, 6), OTHER.cosigner)
    assert checkpoints.verify(twice, ORIGIN, KEYS).size == 7
    assert cosignatures(twice, [OTHER.cosigner, WITNESS.cosigner]) == {WITNESS.cosigner: 5, OTHER.cosigner: 6}
    assert cosignatures(NOTE, [WITNESS.cosigner]) == {}


def test_a_cosignature_of_another_checkpoint_is_none() -> None:
    elsewhere = checkpoints.sign(SIGNER, ORIGIN, 8, ROOT).note
    for line in (WITNESS.cosign(elsewhere, 5), OTHER.cosign(NOTE, 5), "", "no line\n", SIGNER.sign("a\n")):
        with pytest.raises(NoteInvalid):
            cosigned(NOTE, line, WITNESS.cosigner)


@settings(max_examples=80)
@given(st.integers(4, 75), st.integers(0, 7))
def test_no_bit_of_a_cosignature_can_be_another(byte: int, bit: int) -> None:
    name, encoded = WITNESS.cosign(NOTE, 1679315147).removeprefix("\u2014 ").split()
    raw = bytearray(base64.b64decode(encoded))
    raw[byte] ^= 1 << bit
    with pytest.raises(NoteInvalid):
        cosigned(NOTE, f"\u2014 {name} {base64.b64encode(raw).decode()}\n", WITNESS.cosigner)


def test_a_witnesss_key_is_read_back_and_nothing_else_is_one() -> None:
    assert parse_cosigner(str(WITNESS.cosigner)) == WITNESS.cosigner
    spoilt = str(WITNESS.cosigner).replace("w1+", "w3+")
    for text in (str(SIGNER.verifier), spoilt, "a+b", "", "a b+00000000+BAAA", str(WITNESS.cosigner)[:-4]):
        with pytest.raises(NoteInvalid):
            parse_cosigner(text)
    with pytest.raises(NoteInvalid):
        notes.parse_verifier(str(WITNESS.cosigner))
    with pytest.raises(NoteInvalid):
        Cosigner("two words", bytes(32))


def test_a_time_before_the_epoch_is_never_signed() -> None:
    with pytest.raises(NoteInvalid):
        WITNESS.cosign(NOTE, -1)


@pytest.mark.parametrize("count", [0, 1, PROOF_MAX])
def test_a_submission_is_read_back(count: int) -> None:
    sent = Submission(3, tuple(leaf_hash(b"%d" % one) for one in range(count)), NOTE)
    assert submissions.parse(sent.write()) == sent
    assert sent.write().startswith(b"old 3\n")


def test_a_submission_is_of_the_specs_form_alone() -> None:
    good = Submission(3, (ROOT,), NOTE).write()
    malformed = {
        "no old size": good[6:],
        "a zero before it": good.replace(b"old 3", b"old 03"),
        "below zero": good.replace(b"old 3", b"old -3"),
        "a digit that is none of ASCII": good.replace(b"old 3", "old ٣".encode()),
        "another word": good.replace(b"old 3", b"new 3"),
        "no hash": good.replace(base64.b64encode(ROOT), b"AAAA"),
        "a hash spelt loosely": good.replace(base64.b64encode(ROOT), base64.b64encode(ROOT)[:-1]),
        "no empty line": good.replace(b"\n\n", b"\n"),
        "too long a proof": Submission(3, (ROOT,) * (PROOF_MAX + 1), NOTE).write(),
        "too long": good + b" " * submissions.BYTES_MAX,
        "no text": b"old 3\n\n\xff",
        "nothing": b"",
    }
    for why, body in malformed.items():
        with pytest.raises(NoteInvalid):
            submissions.parse(body)
            pytest.fail(why)
