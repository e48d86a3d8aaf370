"""What it costs to have a head remembered elsewhere: by a witness over HTTP, and in the second folder."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, in_turns
from remit.guard.anchors import HEAD
from remit.guard.witness_link import WitnessLink
from remit.journal import checkpoint as checkpoints
from remit.journal.cosign import CosignatureSigner
from remit.journal.growth import Growth
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.journal.submission import Submission
from remit.journal.tree import Tree, leaf_hash
from remit.witness.ledger import Ledger
from remit.witness.server import Server

SEED = bytes(range(32))
TIMES = 20
BATCH = 8
"""Entries between two heads."""


class _Journal:
    """A journal that grows, as far as a witness can see."""

    def __init__(self) -> None:
        self.signer = Signer("bench/journal", SEED)
        self._tree = Tree()
        self._count = 0

    def grown(self) -> Submission:
        """The next head, and the proof that leads to it."""
        old = self._tree.size
        growth = Growth(self._tree)
        for _ in range(BATCH):
            leaf = leaf_hash(b"%d" % self._count)
            self._count += 1
            growth.add(leaf)
            self._tree.add_leaf(leaf)
        head = checkpoints.sign(self.signer, self.signer.name, self._tree.size, self._tree.root())
        return Submission(old, growth.proof(old, self._tree.size), head.note)


def witnessed(rounds: int) -> list[Row | Skipped]:
    """A head shown and cosigned over a loopback socket, and a head in the second folder; each beside one durable write
    of as many bytes."""
    journal = _Journal()
    with TemporaryDirectory() as folder, _serving(Path(folder) / "witness", journal.signer) as link:
        second = FileStore(Path(folder) / "second")
        note = _Journal().grown().note.encode()

        def cosigned() -> int:
            for _ in range(TIMES):
                status, _ = link._post(journal.grown().write())
                assert status == 200, status
            return TIMES

        def kept() -> int:
            for _ in range(TIMES):
                second.replace(HEAD, note)
            return TIMES

        def bare() -> int:
            descriptor = os.open(Path(folder) / "bare", os.O_WRONLY | os.O_CREAT, 0o600)
            for _ in range(TIMES):
                os.pwrite(descriptor, note, 0)
                os.fdatasync(descriptor)
            os.close(descriptor)
            return TIMES

        took = in_turns({"cosigned": Round(cosigned), "kept": Round(kept), "bare": Round(bare)}, rounds)
        second.close()
    beside = "one write and fdatasync of as many bytes"
    return [
        Row(group="witnessed", name=name, ns=took[what].ns, beside=beside, beside_ns=took["bare"].ns, unit="us over",
            noise=max(took[what].noise, took["bare"].noise), note=note_)
        for name, what, note_ in (
            ("a head cosigned", "cosigned", "over loopback, durable at the witness first; heads are shown together"),
            ("a head in the second folder", "kept", "whole or not at all: two syncs"),
        )
    ]  # fmt: skip


@contextmanager
def _serving(folder: Path, journal: Signer) -> Iterator[WitnessLink]:
    """A real witness in a thread of its own, and a link to it."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    at: list[tuple[str, int]] = []
    store = FileStore(folder)
    server = Server(Ledger(store, CosignatureSigner("bench/witness", SEED[::-1]), [journal.verifier], lambda: 0))

    def run() -> None:
        asyncio.set_event_loop(loop)
        at.append(loop.run_until_complete(server.start("127.0.0.1", 0)))
        ready.set()
        loop.run_forever()
        under_way = asyncio.all_tasks(loop)
        for task in under_way:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    link = WitnessLink(f"http://{at[0][0]}:{at[0][1]}")
    try:
        yield link
    finally:
        link.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        store.close()
