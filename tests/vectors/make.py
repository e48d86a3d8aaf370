"""Makes `journal.json`: trees, heads, tiles and receipts that any implementation of the C2SP formats can be tried with.

python -m tests.vectors.make
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from remit.journal import checkpoint as checkpoints
from remit.journal.checkpoint import Checkpoint
from remit.journal.note import Signer
from remit.journal.receipt import Receipt
from remit.journal.tiles import Tiles
from remit.journal.tree import consistency_proof, inclusion_proof, leaf_hash, root_of

FILE = Path(__file__).with_name("journal.json")
SEED, OTHER_SEED = bytes(range(32)), bytes(32)
NAME = "remit.example/journal"
SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 700)
BIG = 700
INDICES = (0, 1, 255, 256, 511, 699)
GROWTHS = ((1, 2), (1, 700), (2, 3), (7, 8), (8, 255), (255, 256), (256, 257), (256, 700), (257, 700))


def entry(number: int) -> bytes:
    """Entry `number`, counted from 0."""
    return b'{"command":{"seq":%d}}' % (number + 1)


def build() -> dict[str, Any]:
    """Everything that the file says."""
    signer = Signer(NAME, SEED)
    leaves = [leaf_hash(entry(number)) for number in range(BIG)]
    heads = {size: checkpoints.sign(signer, NAME, size, root_of(leaves[:size])) for size in SIZES}
    return {
        "about": 'Entry N of every tree, N from 0, is the bytes {"command":{"seq":M}}, M being N + 1 in decimal.',
        "key": {"name": NAME, "seed_hex": SEED.hex(), "verifier": str(signer.verifier)},
        "trees": [
            {"size": size, "root": _text(head.root), "checkpoint": head.note, "files_sha256": _files(size)}
            for size, head in heads.items()
        ],
        "inclusion": [
            {"size": size, "index": index, "path": [_text(one) for one in inclusion_proof(leaves[:size], index)]}
            for size in SIZES
            for index in sorted({0, size // 2, size - 1})
        ],
        "consistency": [
            {"old": old, "new": new, "path": [_text(one) for one in consistency_proof(leaves[:new], old)]}
            for old, new in GROWTHS
        ],
        "receipts": [_receipt(leaves, index, heads[BIG]).write() for index in INDICES],
        "refused": _refused(leaves, heads),
    }


def _files(size: int) -> dict[str, str]:
    tiles, found = Tiles(), {}
    for number in range(size):
        found.update(tiles.add(entry(number)))
    found.update(tiles.partial())
    return {path: sha256(data).hexdigest() for path, data in sorted(found.items())}


def _receipt(leaves: list[bytes], index: int, head: Checkpoint) -> Receipt:
    return Receipt(index + 1, entry(index), tuple(inclusion_proof(leaves[: head.size], index)), head.note)


def _refused(leaves: list[bytes], heads: dict[int, Checkpoint]) -> list[dict[str, str]]:
    """Receipts that no verifier may take, each with why."""
    good = _receipt(leaves, 256, heads[BIG]).write()
    lines = good.split("\n")
    stranger = checkpoints.sign(Signer(NAME, OTHER_SEED), NAME, BIG, heads[BIG].root)
    elsewhere = checkpoints.sign(Signer(NAME, SEED), "remit.example/other", BIG, heads[BIG].root)
    other = base64.b64encode(entry(257)).decode()
    made = {
        "the record is another entry's": good.replace(lines[1], f"extra {other}"),
        "the index is another": good.replace("index 256", "index 257"),
        "the index is beyond the tree": good.replace("index 256", f"index {BIG}"),
        "the index begins with a zero": good.replace("index 256", "index 0256"),
        "the index has a sign": good.replace("index 256", "index +256"),
        "the index has an underscore": good.replace("index 256", "index 2_56"),
        "the index has a blank": good.replace("index 256", "index  256"),
        "the index is in other digits": good.replace("index 256", "index \u0662\u0665\u0666"),
        "a hash of the path is another": good.replace(lines[3], lines[4], 1),
        "two hashes of the path are swapped": good.replace(f"{lines[3]}\n{lines[4]}", f"{lines[4]}\n{lines[3]}"),
        "a hash of the path is missing": good.replace(f"{lines[3]}\n", "", 1),
        "there is a hash too many": good.replace(lines[3], f"{lines[3]}\n{lines[3]}", 1),
        "the path is of another tree": good.replace(heads[BIG].note, heads[257].note),
        "the size is another": good.replace(f"\n{BIG}\n", f"\n{BIG + 1}\n"),
        "the size begins with a zero": good.replace(heads[BIG].note, _sized(f"0{BIG}", heads[BIG].root)),
        "the size has a sign": good.replace(heads[BIG].note, _sized(f"+{BIG}", heads[BIG].root)),
        "the size has an underscore": good.replace(heads[BIG].note, _sized(f"{BIG // 100}_00", heads[BIG].root)),
        "the key is another": _receipt(leaves, 256, stranger).write(),
        "the origin is another": _receipt(leaves, 256, elsewhere).write(),
        "the head is not signed": good[: good.index("\u2014")],
        "there is no record": good.replace(f"{lines[1]}\n", "", 1),
        "the version is another": good.replace("@v1", "@v2"),
    }
    assert all(text != good for text in made.values())
    return [{"why": why, "receipt": text} for why, text in made.items()]


def _sized(size: str, root: bytes) -> str:
    """A head that the key did sign, whose size is spelled as no head's may be."""
    return Signer(NAME, SEED).sign(f"{NAME}\n{size}\n{_text(root)}\n")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spelled() -> str:
    """The file's text."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(spelled(), encoding="utf-8")
