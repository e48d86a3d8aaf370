"""Receipts: what a proof shows for every entry of every size, and that nothing altered passes."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.journal.checkpoint import sign
from remit.journal.errors import ReceiptInvalid
from remit.journal.note import Signer
from remit.journal.receipt import BLOCK, Blocks, Receipt, parse, verify
from remit.journal.tree import Tree, inclusion_proof, leaf_hash

SIGNER = Signer("remit.test/journal", bytes(32))
KEY = (SIGNER.verifier,)


def entries(size: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(size)]


def receipt(size: int, index: int) -> Receipt:
    """The receipt of one entry of a journal of that size."""
    blocks, tree, held = Blocks(), Tree(), entries(size)
    for entry in held:
        blocks.add(entry)
        tree.add(entry)
    first = index // BLOCK * BLOCK
    head = sign(SIGNER, SIGNER.name, size, tree.root())
    return Receipt(index + 1, held[index], blocks.proof(index, held[first : first + BLOCK]), head.note)


@given(st.integers(1, 3 * BLOCK + 5), st.data())
def test_the_proof_by_blocks_is_the_proof(size: int, data: Any) -> None:
    index = data.draw(st.integers(0, size - 1))
    made = receipt(size, index)
    assert list(made.proof) == inclusion_proof([leaf_hash(entry) for entry in entries(size)], index)
    assert parse(made.write().encode()) == made
    assert verify(made, SIGNER.name, KEY).size == size


@given(st.integers(1, 3 * BLOCK + 5), st.data())
def test_a_proof_in_the_tree_as_it_was_is_the_one_of_then(size: int, data: Any) -> None:
    was = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, was - 1))
    blocks, held = Blocks(), entries(size)
    for entry in held:
        blocks.add(entry)
    first, last = index // BLOCK * BLOCK, (was - 1) // BLOCK * BLOCK
    made = blocks.proof(index, held[first : min(first + BLOCK, was)], was, held[last:was])
    assert list(made) == inclusion_proof([leaf_hash(entry) for entry in held[:was]], index)


def test_it_is_spelled_as_the_specification_says() -> None:
    made = receipt(3, 2)
    first, extra, index, sibling, blank, rest = made.write().split("\n", 5)
    assert (first, index, blank) == ("c2sp.org/tlog-proof@v1", "index 2", "")
    assert b64decode(extra.removeprefix("extra ")) == made.entry == b'{"n":2}'
    assert b64decode(sibling) == made.proof[0] and rest == made.checkpoint


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"seq": 10**18},
        {"entry": b'{"n":8}'},
        {"entry": b"a\nb"},
        {"entry": b""},
        {"proof": ()},
        {"proof": (bytes(32),)},
        {"proof": (bytes(31),)},
        {"proof": (bytes(32),) * 64},
        {"checkpoint": "none"},
        {"checkpoint": sign(Signer("remit.test/journal", bytes([1]) * 32), SIGNER.name, 7, bytes(32)).note},
        {"checkpoint": sign(SIGNER, "another", 7, bytes(32)).note},
    ],
)
def test_nothing_altered_passes(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptInvalid):
        verify(parse(replace(receipt(7, 3), **change).write().encode()), SIGNER.name, KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 3", b"index 03"),
        (b"index 3", b"index -3"),
        (b"index 3", b"index 3 "),
        (b"index 3\n", b""),
        (b"extra ", b"extra  "),
        (b"\n", b"\r\n"),
        (b"extra ", b"other "),
        (b"\nextra ", b"\nindex 3\nextra "),
        (b"\n\n", b"\n"),
        (b"\n\n", b"\n\n\n"),
    ],
)
def test_there_is_one_spelling(old: bytes, new: bytes) -> None:
    written = receipt(7, 3).write().encode()
    assert old in written
    with pytest.raises(ReceiptInvalid):
        verify(parse(written.replace(old, new)), SIGNER.name, KEY)


@pytest.mark.parametrize("source", [b"", b"\n", b"\xff", b"c2sp.org/tlog-proof@v1", b"[" * 100_000, b"a" * (1 << 21)])
def test_what_is_no_receipt_is_named(source: bytes) -> None:
    with pytest.raises(ReceiptInvalid):
        parse(source)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_receipt_or_refused_by_name(source: bytes) -> None:
    try:
        parse(source)
    except ReceiptInvalid:
        pass
