"""Signed notes and checkpoints: the published vector of the format, round trips, and every refusal."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.journal import checkpoint as checkpoints
from remit.journal.errors import NoteInvalid
from remit.journal.note import Signer, Verifier, parse_verifier, verify

SIGNER = Signer("example.org/journal", bytes(range(32)))
KEYS = [SIGNER.verifier]

# The example of Go's sumdb note package, which the format was taken from.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_example_verifies() -> None:
    verifier = parse_verifier(PETER_KEY)
    assert str(verifier) == PETER_KEY
    assert verify(PETER_NOTE, [verifier]).startswith("If you think")
    with pytest.raises(NoteInvalid, match="does not fit"):
        verify(PETER_NOTE.replace("answer", "reason"), [verifier])


@given(st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), max_size=80))
def test_what_is_signed_verifies_and_nothing_else(line: str) -> None:
    signed = SIGNER.sign(f"{line}\n")
    assert verify(signed, KEYS) == f"{line}\n"
    with pytest.raises(NoteInvalid):
        verify("x" + signed, KEYS)


def test_lines_of_unknown_keys_are_ignored_and_alone_do_not_suffice() -> None:
    other = Signer("other", bytes(32))
    both = SIGNER.sign("text\n") + other.sign("text\n").split("\n\n")[1]
    assert verify(both, KEYS) == verify(both, [other.verifier]) == "text\n"
    with pytest.raises(NoteInvalid, match="no known key"):
        verify(other.sign("text\n"), KEYS)
    with pytest.raises(NoteInvalid, match="no known key"):
        verify(SIGNER.sign("text\n"), [Signer(SIGNER.name, bytes(32)).verifier])


@pytest.mark.parametrize(
    "note",
    ["", "text\n", "text\n\n", "text\n\n— name\n", "text\n\n— name !!!\n", "text\n\n- a AAAAAAAA\n",
     "text\n\n— a AAAA\n", "a\tb\n\n— a AAAAAAAA\n"],
)  # fmt: skip
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(NoteInvalid):
        verify(note, KEYS)


@pytest.mark.parametrize("text", ["no newline", "tab\there\n", ""])
def test_texts_that_cannot_be_signed(text: str) -> None:
    with pytest.raises(NoteInvalid, match="control"):
        SIGNER.sign(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb"])
def test_names_that_no_key_may_have(name: str) -> None:
    with pytest.raises(NoteInvalid, match="key name"):
        Verifier(name, bytes(32))


@pytest.mark.parametrize(
    "text",
    ["name", "a+b+c", PETER_KEY.replace("c74f20a3", "c74f20a4"), "PeterNeumann+c74f20a3+AhpcAA==",
     "a+00000000+" + base64.b64encode(b"\x01short").decode()],
)  # fmt: skip
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_verifier(text)


def test_a_checkpoint_is_the_text_of_the_specification() -> None:
    signed = checkpoints.sign(SIGNER, "example.org/journal", 7, bytes(32), ["extension"])
    assert signed.note.split("\n\n")[0] == f"example.org/journal\n7\n{base64.b64encode(bytes(32)).decode()}\nextension"
    assert checkpoints.verify(signed.note, "example.org/journal", KEYS) == signed
    with pytest.raises(NoteInvalid, match="not of 'other'"):
        checkpoints.verify(signed.note, "other", KEYS)


@pytest.mark.parametrize(
    "text",
    ["origin\n1\n", "origin\n01\nAAAA\n", "origin\n-1\n" + "A" * 43 + "=\n", "origin\n1\nAAAA\n", "origin\n1\n!!\n",
     "\n1\n" + "A" * 43 + "=\n", "origin\n\u0661\n" + "A" * 43 + "=\n"],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        checkpoints.parse(SIGNER.sign(text))


@pytest.mark.parametrize(("origin", "extension"), [("", "x"), ("two\nlines", "x"), ("origin", ""), ("origin", "a\nb")])
def test_checkpoints_that_cannot_be_signed(origin: str, extension: str) -> None:
    with pytest.raises(NoteInvalid, match="one non-empty line"):
        checkpoints.sign(SIGNER, origin, 0, bytes(32), [extension])
