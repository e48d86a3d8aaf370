"""The cosigned head beside a journal: how signatures are joined, and what is no such head."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remit.journal.checkpoint import sign
from remit.journal.cosign import CosignatureSigner, cosignatures
from remit.journal.cosigned import BYTES_MAX, FILE, beside, cosigned_beside, joined, only, read, signers
from remit.journal.errors import NoteInvalid
from remit.journal.note import Signer

SIGNER = Signer("remit.test/journal", bytes(32))
ONE, TWO = (CosignatureSigner(f"w{number}.test/w", bytes([number] * 32)) for number in (1, 2))
BOTH = [ONE.cosigner, TWO.cosigner]
HEAD = sign(SIGNER, SIGNER.name, 5, bytes(32)).note


def test_the_lines_of_two_notes_are_joined_one_a_key() -> None:
    first, second, later = (HEAD + who.cosign(HEAD, at) for who, at in ((ONE, 7), (TWO, 8), (ONE, 9)))
    both = joined(first, second)
    assert cosignatures(both, BOTH) == {ONE.cosigner: 7, TWO.cosigner: 8} and signers(both) == 3
    assert cosignatures(joined(both, later), BOTH) == {ONE.cosigner: 9, TWO.cosigner: 8}
    assert joined(joined(both, later), later) == joined(both, later)
    assert read(both.encode(), SIGNER.verifier).size == 5
    with pytest.raises(NoteInvalid):
        joined(first, sign(SIGNER, SIGNER.name, 6, bytes(32)).note)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\xff\xfe",
        HEAD.encode()[:-9],
        HEAD.replace("5\n", "6\n", 1).encode(),
        sign(Signer(SIGNER.name, bytes([1] * 32)), SIGNER.name, 5, bytes(32)).note.encode(),
        sign(SIGNER, "another/journal", 5, bytes(32)).note.encode(),
        HEAD.encode() + b"\n" * BYTES_MAX,
    ],
)
def test_what_the_journals_key_did_not_sign_is_none(source: bytes) -> None:
    with pytest.raises(NoteInvalid):
        read(source, SIGNER.verifier)


def test_lines_of_others_and_lines_that_do_not_hold_are_left_out(tmp_path: Path) -> None:
    wrong = ONE.cosign(HEAD, 7).replace("A", "B")
    other = CosignatureSigner("junk.test/w", bytes(32)).cosign(HEAD, 7)
    for newline in ("\u2028", "\x85", "\x0c", "\r", "\x1c"):
        other += other.splitlines(keepends=True)[0].replace("junk", f"ju{newline}nk")
    spoilt = HEAD + wrong + other + TWO.cosign(HEAD, 8) + ONE.cosign(HEAD, 9) + other
    found = only(read(spoilt.encode(), SIGNER.verifier), SIGNER.verifier, BOTH)
    assert cosignatures(found.note, BOTH) == {ONE.cosigner: 9, TWO.cosigner: 8} and signers(found.note) == 3
    (tmp_path / FILE).write_text(spoilt)
    assert cosigned_beside(tmp_path, SIGNER.verifier, BOTH) == found.note.encode()
    assert cosigned_beside(tmp_path, SIGNER.verifier, []) is None
    (tmp_path / FILE).write_text("nonsense")
    assert cosigned_beside(tmp_path, SIGNER.verifier, BOTH) is None


def test_it_lies_in_the_folder_or_beside_one_that_is_called_journal(tmp_path: Path) -> None:
    for name in ("journal", "copy"):
        (tmp_path / name).mkdir()
        assert beside(tmp_path / name) is None
    (tmp_path / FILE).write_text("outer")
    assert beside(tmp_path / "journal") == b"outer" and beside(tmp_path / "copy") is None
    (tmp_path / "journal" / FILE).write_text("inner")
    assert beside(tmp_path / "journal") == b"inner"
    (tmp_path / "journal" / FILE).unlink()
    os.mkfifo(tmp_path / "journal" / FILE)
    with pytest.raises(OSError, match="no plain file"):
        beside(tmp_path / "journal")
