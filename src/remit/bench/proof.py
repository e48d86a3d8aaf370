"""What proof costs: an entry with tree and signed head beside one without, a receipt made and checked, an export."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, Timed, in_turns
from remit.export.exporter import Exporter
from remit.export.sink import Folder
from remit.export.source import Durable, SharedFolder
from remit.journal import checkpoint as checkpoints
from remit.journal.frame import ENTRY, frame, segment_name
from remit.journal.log import Journal
from remit.journal.note import Signer, unbase64
from remit.journal.receipt import BLOCK, Blocks, Receipt, parse, verify
from remit.journal.store import FileStore, FolderReader
from remit.journal.tree import Tree
from remit.journal.verify import verify as verify_tree

BATCH = 64
ALONE = 20
ENTRY_BYTES = 900
"""About what the record of an allowed order has."""
JOURNAL = 100_000
"""Entries of the tree whose receipts are made."""
RECEIPTS = 20
EXPORTED = 2_000
_NOTHING = '{"n":%d,"' + "x" * (ENTRY_BYTES - 20) + '"}'


def _entry(number: int) -> bytes:
    return (_NOTHING % number).encode()


class _Plain:
    """A journal without proof: the same lines, written and synced the same way, with no tree and no head."""

    def __init__(self, folder: Path) -> None:
        self.store = FileStore(folder)
        self.store.replace(segment_name(0), b"")
        self._offset = self._number = 0

    def write(self, times: int, each: int) -> int:
        for _ in range(times):
            data = b"".join(frame(ENTRY, _entry(self._number + number)) for number in range(each))
            self._number += each
            self.store.write(segment_name(0), self._offset, data)
            self.store.sync(segment_name(0))
            self._offset += len(data)
        return times * each


class _Proven:
    """A journal as the guard keeps it."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.journal, _ = Journal.open(FileStore(folder), signer)

    def write(self, times: int, each: int) -> int:
        for _ in range(times):
            for number in range(each):
                self.journal.append(_entry(self.journal.size + number))
            self.journal.sync()
        return times * each


class _Receipts:
    """A tree of many entries, one receipt of which is made and checked again and again."""

    def __init__(self, signer: Signer) -> None:
        self._signer, self._blocks = signer, Blocks()
        tree = Tree()
        for number in range(JOURNAL):
            self._blocks.add(_entry(number))
            tree.add(_entry(number))
        self._head = checkpoints.sign(signer, signer.name, JOURNAL, tree.root()).note
        self._index = JOURNAL // 3
        first = self._index // BLOCK * BLOCK
        self._block = [_entry(number) for number in range(first, first + BLOCK)]
        self.made = self._make()

    def _make(self) -> Receipt:
        return Receipt(self._index + 1, _entry(self._index), self._blocks.proof(self._index, self._block), self._head)

    def make(self) -> int:
        for _ in range(RECEIPTS):
            self._make().write()
        return RECEIPTS

    def check(self) -> int:
        source = self.made.write().encode()
        for _ in range(RECEIPTS):
            verify(parse(source), self._signer.name, (self._signer.verifier,))
        return RECEIPTS

    def signature(self) -> int:
        """Check as many signatures alone."""
        key = Ed25519PublicKey.from_public_bytes(self._signer.verifier.public_key)
        text, _, line = self._head.rpartition("\n\n")
        signature = unbase64(line.split(" ")[2].strip())[4:]
        for _ in range(RECEIPTS):
            key.verify(signature, (text + "\n").encode())
        return RECEIPTS


class _Export:
    """A journal of some entries, exported to a new folder each time, and verified where it lies."""

    def __init__(self, home: Path, signer: Signer) -> None:
        self._home, self._key, self._times = home, signer.verifier, 0
        proven = _Proven(home / "exported", signer)
        proven.write(EXPORTED // BATCH, BATCH)
        proven.journal.close()
        self._count = proven.journal.head.size

    def export(self) -> int:
        self._times += 1
        sink = Folder(self._home / f"out-{self._times}")
        Exporter(lambda: Durable(SharedFolder(self._home / "exported")), self._key, sink).advance()
        return self._count

    def verify(self) -> int:
        return verify_tree(FolderReader(self._home / "exported"), self._key.name, (self._key,)).count


def proof(rounds: int, folder: Path | None = None) -> list[Row | Skipped]:
    """Entries with and without tree and head, receipts of a journal of 100,000 entries, exports to a folder."""
    signer = Signer("bench", secrets.token_bytes(32))
    with TemporaryDirectory(prefix="remit-bench-", dir=folder) as temporary, ExitStack() as stack:
        home = Path(temporary)
        plain, proven = _Plain(home / "plain"), _Proven(home / "proven", signer)
        stack.callback(plain.store.close)
        stack.callback(proven.journal.close)
        receipts, export = _Receipts(signer), _Export(home, signer)
        took = in_turns(
            {
                "plain": Round(lambda: plain.write(ALONE, 1)),
                "proven": Round(lambda: proven.write(ALONE, 1)),
                "plain batch": Round(lambda: plain.write(1, BATCH)),
                "proven batch": Round(lambda: proven.write(1, BATCH)),
                "make": Round(receipts.make),
                "check": Round(receipts.check),
                "signature": Round(receipts.signature),
                "export": Round(export.export),
                "verify": Round(export.verify),
            },
            rounds,
        )
    return _rows(took, receipts.made)


def _rows(took: dict[str, Timed], made: Receipt) -> list[Row | Skipped]:
    size, path = len(made.write()), len(made.proof)
    noise = {name: timed.noise for name, timed in took.items()}
    return [
        Row(group="proof", name="one entry with tree and signed head", ns=took["proven"].ns,
            beside="the same line synced without either", beside_ns=took["plain"].ns,
            noise=max(noise["proven"], noise["plain"])),
        Row(group="proof", name=f"each of a batch of {BATCH}", ns=took["proven batch"].ns,
            beside="the same lines synced without either", beside_ns=took["plain batch"].ns,
            noise=max(noise["proven batch"], noise["plain batch"])),
        Row(group="proof", name="a receipt made", ns=took["make"].ns, unit="us", beside="it checked",
            beside_ns=took["check"].ns, noise=noise["make"],
            note=f"{size:,} bytes: a record of {len(made.entry)}, a path of {path} hashes, the head"),
        Row(group="proof", name="a receipt checked", ns=took["check"].ns, unit="us",
            beside="an Ed25519 signature checked", beside_ns=took["signature"].ns, noise=noise["check"],
            note=f"one of {JOURNAL:,} entries"),
        Row(group="proof", name="entries exported to a folder", ns=took["export"].ns, unit="/s",
            beside="their tree and signatures verified", beside_ns=took["verify"].ns, noise=noise["export"],
            note="each file synced"),
    ]  # fmt: skip
