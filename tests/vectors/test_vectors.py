"""The vectors: they are what this version makes, and every verifier of ours, and one of others', agrees with them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pymerkle
import pytest
from tests.vectors.make import FILE, entry, spelled

from remit.journal import checkpoint as checkpoints
from remit.journal.errors import ReceiptInvalid
from remit.journal.note import parse_verifier
from remit.journal.receipt import parse, verify
from remit.journal.tree import leaf_hash, verify_consistency, verify_inclusion
from remit.verify import standalone

SAID: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
KEY = parse_verifier(SAID["key"]["verifier"])
ALONE = standalone.Key(SAID["key"]["verifier"])
ROOTS = {tree["size"]: base64.b64decode(tree["root"]) for tree in SAID["trees"]}


def hashes(path: list[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in path]


def test_the_file_is_what_this_version_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == spelled(), "python -m tests.vectors.make, if the format was to change"


def test_others_find_the_same_roots() -> None:
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(max(ROOTS)):
        theirs.append_entry(entry(number))
        if number + 1 in ROOTS:
            assert theirs.get_root(number + 1) == ROOTS[number + 1]


def test_heads_and_paths_hold() -> None:
    for tree in SAID["trees"]:
        head = checkpoints.verify(tree["checkpoint"], KEY.name, (KEY,))
        assert (head.size, head.root) == (tree["size"], ROOTS[tree["size"]])
    for one in SAID["inclusion"]:
        leaf = leaf_hash(entry(one["index"]))
        assert verify_inclusion(leaf, one["index"], one["size"], hashes(one["path"]), ROOTS[one["size"]])
    for one in SAID["consistency"]:
        old, new = one["old"], one["new"]
        assert verify_consistency(old, new, ROOTS[old], ROOTS[new], hashes(one["path"]))


def test_receipts_hold() -> None:
    for text in SAID["receipts"]:
        receipt = parse(text.encode())
        assert verify(receipt, KEY.name, (KEY,)).size == 700 and receipt.entry == entry(receipt.seq - 1)
        seq, proven, note = standalone.check_receipt(text.encode(), ALONE)
        assert (seq, proven, *ALONE.head(note)[:2]) == (receipt.seq, receipt.entry, 700, ROOTS[700])


@pytest.mark.parametrize("one", SAID["refused"], ids=lambda one: one["why"])
def test_what_no_verifier_may_take_is_refused(one: dict[str, str]) -> None:
    with pytest.raises(ReceiptInvalid):
        verify(parse(one["receipt"].encode()), KEY.name, (KEY,))
    with pytest.raises(standalone.Wrong):
        standalone.check_receipt(one["receipt"].encode(), ALONE)
