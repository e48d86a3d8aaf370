"""What exports a virtual machine's journal: the real exporter, followed as its process does, to a bucket elsewhere."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from remit.export.errors import ExportUnreachable
from remit.export.exporter import Exporter
from remit.export.follow import WAIT_MAX_S, Following
from remit.export.sink import conflict
from remit.export.source import Durable
from remit.guard.world import JOURNAL
from remit.journal import checkpoint as checkpoints
from remit.journal.cosigned import FILE as COSIGNED
from remit.journal.note import Verifier
from remit.journal.standing import Standing, file_name, write
from remit.journal.tiles import CHECKPOINT, WIDTH, Tiles, entries
from remit.journal.tree import Tree
from remit.kernel.numbers import NANOSECONDS
from remit.testing.sim.virtual_disk import Died, VirtualDisk

if TYPE_CHECKING:
    from remit.testing.sim.loop import Process, VirtualLoop
    from remit.testing.sim.machine import Machine

PLACE = "s3://sim/journal"
LAG_S_MAX = 10
EVERY_S = 2
Fault = Literal["refused", "unanswered", "dies_before", "dies_after"]
"""What becomes of one file: it is not kept, it is kept and nobody hears of it, its exporter dies before or after it."""


class Exporting:
    """The export of one machine. Its process outlives the guard's, and ends with the machine's power.

    What stands at the place, and how each try ended, is told to the machine's observer.
    """

    def __init__(self, machine: Machine, seed: int, key: Verifier) -> None:
        self.bucket = VirtualBucket(self, key)
        self._machine = machine
        self.loop: VirtualLoop = machine.loop
        self._key = key
        self._chance = random.Random(f"{seed}/exporter")
        self._process: Process | None = None
        self._lives = 0
        self._tried: dict[int, int] = {}
        """The steady time of each try, by the wall clock's."""

    def start(self) -> None:
        """Start the exporter, where none runs."""
        if self._process is None:
            self._lives += 1
            self._process = self.loop.process(f"exporter-{self._lives}")
            self.loop.spawn(self._process, self._run())

    def end(self) -> None:
        """End its process as a loss of power does; nothing where none runs."""
        if self._process is not None:
            self.loop.kill(self._process)
            self._process = None

    def die(self) -> None:
        """End its process inside a write; somebody starts it again after a while."""
        self.end()
        self._machine.befell("exporter_died", PLACE)
        self._machine.later(self._chance.choice((0, 1, 80)) * NANOSECONDS, self.start)
        raise Died

    def shown(self) -> dict[str, bytes]:
        """The head that whoever starts the guard brings along; nothing where the bucket does not answer."""
        note = None if self.bucket.is_away else self.bucket.files.get(CHECKPOINT)
        if note is None:
            return {}
        if self._machine.observer is not None:
            head = checkpoints.parse(note.decode())
            self._machine.observer.shown("export.sim", head.size, head.root)
        return {PLACE: note}

    def calm(self) -> None:
        """Let the bucket answer, and keep everything."""
        self.bucket.away_until, self.bucket.is_shut = 0, False
        self.bucket.plan(0, "refused")

    # What following needs of the machine

    def now(self) -> int:
        """The wall clock of its host."""
        return self._machine.now()

    def wait(self, duration_s: float) -> bool:
        """Nobody waits here: `_run` does."""
        raise NotImplementedError

    def tell(self, standing: Standing) -> None:
        """Publish how far it is, in the data folder."""
        self._machine.files[file_name(PLACE)] = write(standing).decode()

    # Inside

    async def _run(self) -> None:
        following = Following(PLACE, self._begin, self, EVERY_S)
        failures = 0
        while True:
            while self._machine.is_asleep:
                await asyncio.sleep(EVERY_S)
            self._tried[self.now()] = self.loop.ns
            failures = 0 if following.step() else failures + 1
            if self._machine.observer is not None:
                told = following.standing
                self._machine.observer.followed(PLACE, told.fault, self._tried.get(told.at))
            await asyncio.sleep(min(WAIT_MAX_S, EVERY_S * 2 ** min(failures, 10)) if failures else EVERY_S)

    def _begin(self) -> Exporter:
        disk = SharedDisk(self._machine.disks[JOURNAL])
        return Exporter(lambda: Durable(disk), self._key, self.bucket, self._cosigned)

    def _cosigned(self) -> bytes | None:
        found = self._machine.files.get(COSIGNED)
        return None if found is None else found.encode()

    def holds(self, size: int, root: bytes, fault: str) -> None:
        """Tell what stands at the place now, and what is wrong with it."""
        if self._machine.observer is not None:
            self._machine.observer.exported(PLACE, size, root, fault)

    def befell(self, fault: str) -> None:
        """Something befell the bucket."""
        self._machine.befell(fault, PLACE)


class VirtualBucket:
    """A bucket: what is written there stays, and it does not always answer: not before `away_until` of the steady
    clock, and not while it `is_shut`."""

    name = PLACE

    def __init__(self, exporting: Exporting, key: Verifier) -> None:
        self.files: dict[str, bytes] = {}
        self.away_until = 0
        self.is_shut = False
        self._exporting = exporting
        self._key = key
        self._puts_until_fault = 0
        self._fault: Fault = "refused"
        self._whole = Tree()
        """Of the whole bundles that were checked: they never change."""

    @property
    def is_away(self) -> bool:
        """Whether nobody answers."""
        return self.is_shut or self._exporting.loop.ns < self.away_until

    def plan(self, nth: int, fault: Fault) -> None:
        """Let this become of the nth file from now on; of none where it is 0."""
        self._puts_until_fault, self._fault = nth, fault

    def put_back(self, files: dict[str, bytes]) -> None:
        """Put an old copy of everything back."""
        self.files = dict(files)
        self._whole = Tree()
        self._exporting.befell("old_export")

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        self._answers()
        return self.files.get(path)

    def earlier(self, size: int) -> Iterator[bytes]:
        """No head: what is put back here takes them all along."""
        return iter(())

    def write(self, path: str, data: bytes) -> None:
        """Keep a file that never changes."""
        self._answers()
        fault = self._next_fault()
        self._before(fault)
        if self.files.setdefault(path, data) != data:
            raise conflict(self.name, path)
        self._after(fault)

    def head(self, note: str) -> None:
        """Replace the checkpoint, and look at what stands there with it."""
        self._answers()
        fault = self._next_fault()
        self._before(fault)
        self.files[CHECKPOINT] = note.encode()
        self._look()
        self._after(fault)

    def _answers(self) -> None:
        if self.is_away:
            raise ExportUnreachable(f"{self.name} does not answer", "Try again")

    def _next_fault(self) -> Fault | None:
        if not self._puts_until_fault:
            return None
        self._puts_until_fault -= 1
        return None if self._puts_until_fault else self._fault

    def _before(self, fault: Fault | None) -> None:
        if fault == "refused":
            self._exporting.befell("export_refused")
            raise ExportUnreachable(f"{self.name} refused a file", "Try again")
        if fault == "dies_before":
            self._exporting.die()

    def _after(self, fault: Fault | None) -> None:
        if fault == "unanswered":
            self._exporting.befell("export_refused")
            raise ExportUnreachable(f"{self.name} did not answer", "Try again")
        if fault == "dies_after":
            self._exporting.die()

    def _look(self) -> None:
        """Read what stands here as a stranger does, from the files alone, and tell of it."""
        head = checkpoints.verify(self.files[CHECKPOINT].decode(), self._key.name, (self._key,))
        fault = ""
        try:
            tree = Tree.from_frontier(self._whole.size, self._whole.frontier())
            for _, entry in entries(head.size, self._there, tree.size):
                tree.add(entry)
                if tree.size % WIDTH == 0:
                    self._whole = Tree.from_frontier(tree.size, tree.frontier())
            if {tree.root(), Tiles.resume(head.size, self._there).tree().root()} != {head.root}:
                fault = "its tiles have another root"
        except (ValueError, KeyError) as found:
            fault = f"it cannot be read: {type(found).__name__} {found}"
        self._exporting.holds(head.size, head.root, fault)

    def _there(self, path: str) -> bytes:
        return self.files[path]


class SharedDisk:
    """The journal's disk as a process beside the guard sees it."""

    def __init__(self, disk: VirtualDisk) -> None:
        self._disk = disk
        self.names, self.size, self.read = disk.names, disk.size, disk.read

    def sync(self, name: str) -> None:
        """Make durable whatever was written to the file."""
        self._disk.settle(name)
