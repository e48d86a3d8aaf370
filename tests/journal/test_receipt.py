"""Receipts: what a proof shows for every entry of every size, and that nothing altered passes."""

from __future__ import annotations

import json
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
    assert parse(json.dumps(made.write()).encode()) == made
    assert verify(made, SIGNER.name, KEY).size == size


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", 2),
        ("seq", 0),
        ("seq", 10**30),
        ("entry", '{"n":8}'),
        ("entry", "a\nb"),
        ("entry", ""),
        ("proof", []),
        ("proof", ["00" * 32]),
        ("checkpoint", "none"),
        ("checkpoint", sign(Signer("remit.test/journal", bytes([1]) * 32), SIGNER.name, 7, bytes(32)).note),
        ("checkpoint", sign(SIGNER, "another", 7, bytes(32)).note),
    ],
)
def test_nothing_altered_passes(field: str, value: object) -> None:
    written = receipt(7, 3).write() | {field: value}
    with pytest.raises(ReceiptInvalid):
        verify(parse(json.dumps(written).encode()), SIGNER.name, KEY)


@pytest.mark.parametrize("source", [b"", b"[]", b"{}", b"\xff", b'{"format":"remit-receipt-1"}', b"[" * 100_000])
def test_what_is_no_receipt_is_named(source: bytes) -> None:
    with pytest.raises(ReceiptInvalid):
        parse(source)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_receipt_or_refused_by_name(source: bytes) -> None:
    try:
        parse(source)
    except ReceiptInvalid:
        pass
