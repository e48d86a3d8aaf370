"""What a long history costs: to start over it, and to verify it."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import structs

from remit.bench.book import SOME, Book
from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.guard.recover import ORIGIN, Recovered, recover, take_snapshot
from remit.guard.vault import Vault
from remit.guard.world import JOURNAL, RealWorld
from remit.journal import snapshot as snapshots
from remit.journal.log import read_entries
from remit.journal.store import FolderReader
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.kernel.names import GUARD
from remit.kernel.numbers import DAY_NS
from remit.reports.model import Model, path_in
from remit.reports.sources import from_folder
from remit.verify import verify
from remit.verify.requests import planned

DAYS = 20
"""A history spreads over so many days; the kernel forgets finished orders after three."""
BATCH = 64


class History:
    """A data folder as a guard leaves it: `count` entries, a snapshot, and a hundredth as many after it."""

    def __init__(self, home: Path, count: int) -> None:
        self.home = home
        self.count = count
        world = RealWorld(home, {})
        vault = Vault.create(world)
        self.verifier = vault.checkpoint_signer(ORIGIN).verifier
        with closing(world):
            recovered = recover(world, vault)
            self._live(world, recovered)
            recovered.journal.close()

    def _live(self, world: RealWorld, recovered: Recovered) -> None:
        journal, kernel = recovered.journal, recovered.kernel
        waiting = [0]

        def heard(record: Record) -> None:
            journal.append(encode(structs.replace(record, requests=planned(kernel.state, record))))
            waiting[0] += 1
            if waiting[0] == BATCH:
                waiting[0] = 0
                journal.sync()

        book = Book(SOME, kernel=kernel, heard=heard)
        book.pace_ns = DAYS * DAY_NS // self.count
        number = 0
        while kernel.state.seq < self.count:
            book.live(number)
            number += 1
        journal.sync()
        book.enter(GUARD, take_snapshot(world, journal, kernel))
        while kernel.state.seq < self.count + self.count // 100:
            book.live(number)
            number += 1

    def start(self) -> int:
        """Do what a guard does at its start until it knows everything, and stop again."""
        world = RealWorld(self.home, {})
        with closing(world):
            recovered = recover(world, Vault.open(world))
            if recovered.kernel.state.seq < self.count:
                raise AssertionError("the start does not know what was journalled")
            recovered.journal.close()
        return 1

    def read_tail(self) -> int:
        """Read what a start must read at least: the snapshot's bytes, and the entries after it."""
        store = FolderReader(self.home / JOURNAL)
        latest = snapshots.latest_valid(store)[0]
        assert latest is not None
        for _ in read_entries(store, latest.seq):
            pass
        return 1

    def verify(self, cores: int | None = None) -> int:
        """Verify tree, signatures and every verdict; with as many processes as there are cores for, or one."""
        verdict = verify(self.home / JOURNAL, self.verifier, cores=cores)
        if not verdict.well or verdict.count < self.count:
            raise AssertionError(f"the history does not verify: {verdict}")
        return verdict.count

    def tell(self) -> int:
        """Build the read model from the first entry on."""
        path_in(self.home).unlink(missing_ok=True)
        with Model(path_in(self.home)) as model:
            return from_folder(model, self.home / JOURNAL)

    def read(self) -> int:
        """Read every entry and its checksum."""
        return sum(1 for _ in read_entries(FolderReader(self.home / JOURNAL), 0))


def history(entries: int, folder: Path | None = None) -> list[Row | Skipped]:
    """Start over a history of so many entries, and verify it."""
    with TemporaryDirectory(prefix="remit-bench-", dir=folder) as temporary:
        past = History(Path(temporary) / "home", entries)
        begun = in_turns({"start": Round(past.start), "read": Round(past.read_tail)}, 5)
        alone = partial(past.verify, 1)
        proved = in_turns({"verify": Round(past.verify), "alone": Round(alone)}, 1, warm=False)
        proved_alone = in_turns({"verify": Round(alone), "read": Round(past.read)}, 1, CPU, warm=False)
        told = in_turns({"tell": Round(past.tell), "read": Round(past.read)}, 1, CPU, warm=False)
    return [
        Row(
            group="history",
            name=f"start after {entries:,}",
            ns=begun["start"].ns,
            unit="s",
            beside=f"reading the snapshot and the {entries // 100:,} entries after it",
            beside_ns=begun["read"].ns,
            reach=2,
            aim=0.5,
            noise=begun["start"].noise,
        ),
        Row(
            group="history",
            name=f"verify {entries:,}",
            ns=proved["verify"].ns,
            unit="s/million",
            beside="the same with one process",
            beside_ns=proved["alone"].ns,
            reach=60,
            aim=20,
            note="by the clock: tree, signatures, and every verdict derived again, by two processes on two cores",
        ),
        Row(
            group="history",
            name=f"verify {entries:,}, one process",
            ns=proved_alone["verify"].ns,
            unit="s/million",
            beside="reading the entries",
            beside_ns=proved_alone["read"].ns,
            note="by its own use of the processor",
        ),
        Row(
            group="history",
            name=f"read model {entries:,}",
            ns=told["tell"].ns,
            unit="s/million",
            beside="reading the entries",
            beside_ns=told["read"].ns,
            note="built from the first entry: every line in words, orders, fills, violations, approvals",
        ),
    ]
