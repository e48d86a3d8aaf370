"""How long it takes until a decision is durable, in process, beside a raw write and sync on the same disk."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.book import SOME, Book
from remit.bench.disk import RawFile
from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, in_turns
from remit.journal.log import Journal
from remit.journal.note import Signer
from remit.journal.store import FileStore
from remit.kernel.codec import encode
from remit.kernel.command import Command
from remit.kernel.names import Principal

BATCH = 64
ALONE = 20
"""Decisions of one caller in one round, each with a sync of its own."""
AGENT = Principal(name="agent0", role="agent", owner="ann", door="bench")


class Stepping:
    """A kernel with its journal and no process around: what a decision costs until it is durable."""

    def __init__(self, folder: Path) -> None:
        self.book = Book(SOME)
        self.journal, _ = Journal.open(FileStore(folder), Signer("bench", secrets.token_bytes(32)))
        self._commands: list[Command] = []

    def prepare(self, count: int) -> None:
        """Have so many commands ready; what was decided before stays in the book."""
        seq, at = self.book.kernel.state.seq, self.book.at
        self.book.at += count
        self._commands = [
            Command(seq=seq + number, at=at + number, by=AGENT, body=body)
            for number, body in enumerate(self.book.submits(count), 1)
        ]

    def entries(self) -> list[bytes]:
        """Judge what is ready, and return what is to be journalled."""
        step = self.book.kernel.step
        return [encode(step(command)) for command in self._commands]

    def one_by_one(self) -> int:
        """Make each decision durable before the next is taken."""
        for command in self._commands:
            self.journal.append(encode(self.book.kernel.step(command)))
            self.journal.sync()
        return len(self._commands)

    def together(self) -> int:
        """Make all decisions durable with one signature and one sync."""
        entries = self.entries()
        for entry in entries:
            self.journal.append(entry)
        self.journal.sync()
        return len(entries)


def durable(rounds: int, folder: Path | None = None) -> list[Row | Skipped]:
    """One caller and a batch of 64, each with a signed head, beside raw writes of the same sizes."""
    with TemporaryDirectory(prefix="remit-bench-", dir=folder) as temporary, ExitStack() as stack:
        home = Path(temporary)
        alone, batched, pure = (Stepping(home / name) for name in ("alone", "batched", "pure"))
        for stepping in (alone, batched, pure):
            stack.callback(stepping.journal.close)
        pure.prepare(1)
        size = len(pure.entries()[0])
        raw = stack.enter_context(RawFile(home / "raw"))
        took = in_turns(
            {
                "raw": Round(lambda: raw.write(ALONE, size)),
                "alone": Round(alone.one_by_one, lambda: alone.prepare(ALONE)),
                "raw batch": Round(lambda: raw.write(1, size * BATCH) * BATCH),
                "batch": Round(batched.together, lambda: batched.prepare(BATCH)),
                "pure": Round(lambda: len(pure.entries()), lambda: pure.prepare(BATCH)),
            },
            rounds,
        )
    return [
        Row(group="durable", name="one caller", ns=took["alone"].ns, beside=f"raw write of {size} bytes and sync",
            beside_ns=took["raw"].ns, reach=3, aim=2, noise=max(took["alone"].noise, took["raw"].noise)),
        Row(group="durable", name=f"batch of {BATCH}", ns=took["batch"].ns, unit="/s",
            beside=f"raw write of {size * BATCH} bytes and sync, for each of {BATCH}", beside_ns=took["raw batch"].ns,
            reach=20_000, aim=30_000, noise=max(took["batch"].noise, took["raw batch"].noise)),
        Row(group="durable", name="step and encode", ns=took["pure"].ns, unit="/s", beside="one of the batch, durable",
            beside_ns=took["batch"].ns, noise=took["pure"].noise, note="no disk: the share of the kernel"),
    ]
