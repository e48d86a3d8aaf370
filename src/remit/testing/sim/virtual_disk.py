"""The disks of a virtual machine: memory that takes virtual time, has one owner, fails, and is tampered with."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from remit.journal.errors import StoreLocked
from remit.journal.side import SideStore
from remit.testing.disk import Crashed, MemoryStore
from remit.testing.sim.loop import Process, VirtualLoop

T = TypeVar("T")


class Died(BaseException):
    """The process has died at this point: nothing catches it, and nothing of the process reaches anything."""


class Host(Protocol):
    """The machine that a disk is in."""

    loop: VirtualLoop

    def crash(self, process: Process, folder: str, what: str) -> None:
        """End a process because of a planted crash."""

    def disk_failed(self, folder: str, file: str, what: str) -> None:
        """Hear that a disk refused something."""

    def befell(self, fault: str, where: str) -> None:
        """Hear that somebody tampered with a file."""


class Copy(NamedTuple):
    """What a disk would keep through a power loss at one instant."""

    files: dict[str, bytes]


class Saved:
    """An old copy of everything that the machine keeps."""

    def __init__(self, disks: dict[str, Copy], side: bytes, files: dict[str, str]) -> None:
        self.disks, self.side, self.files = disks, side, files


class VirtualDisk(MemoryStore):
    """A `MemoryStore` that stays the same object over crashes. A process uses it through `mount`.

    A sync, or a file put in whole, takes virtual time between the bounds of `sync_ns`, while which its process blocks.
    Beside the faults of a `MemoryStore`, `crash_synced` is a crash just after a sync.
    """

    def __init__(self, host: Host, folder: str, source: random.Random, sync_ns: tuple[int, int]) -> None:
        super().__init__()
        self.host = host
        self.folder = folder
        self.sync_ns = sync_ns
        self.owner: Process | None = None
        self._source = source
        self._crash_after: int | None = None

    def mount(self, process: Process) -> Mount:
        """Return the folder as the process sees it; StoreLocked while another process that lives has it."""
        if self.owner is not None and self.owner.alive and self.owner is not process:
            raise StoreLocked(f"{self.folder} is in use by another process", "Stop that process first")
        self.owner = process
        return Mount(self, process)

    def crash_synced(self, nth: int = 1) -> None:
        """The process dies just after the nth sync from now: everything is durable, nothing has followed from it."""
        self._crash_after = self._syncs + nth

    def calm(self) -> None:
        """Take back every fault that was planted and has not come, and make room."""
        self.capacity = None
        self._write_fault = self._sync_fault = self._crash_after = None

    def lose(self, keep: int | None) -> None:
        """The owner is dead: a power loss lets `keep` unsynced bytes through; None is the end of the process alone."""
        after = self.reboot(keep)
        self.live, self._durable, self._unsynced = after.live, after._durable, after._unsynced
        self._write_fault = self._sync_fault = self._crash_after = None
        self.owner = None

    def flip(self, name: str, bit: int) -> None:
        """Turn one bit of a file over."""
        super().flip(name, bit)
        self.host.befell("bit_flip", name)

    def cut(self, name: str, count: int) -> None:
        """Take the last bytes of a file away, also those that were durable."""
        for files in (self.live, self._durable):
            if name in files:
                del files[name][max(len(files[name]) - count, 0) :]
        self._unsynced = [change for change in self._unsynced if change[0] != name]
        self.host.befell("truncated_tail", name)

    def copy(self) -> Copy:
        """Return what would be left after a power loss now."""
        return Copy({name: bytes(data) for name, data in self._durable.items()})

    def put_back(self, copy: Copy) -> None:
        """Make the folder what it was when the copy was made."""
        self.live = {name: bytearray(data) for name, data in copy.files.items()}
        self._durable = {name: bytearray(data) for name, data in copy.files.items()}
        self._unsynced = []
        self.host.befell("old_copy", self.folder)

    def sync(self, name: str) -> None:
        """Make the file durable, in its time, unless a planted fault stops it."""
        self._wait()
        super().sync(name)
        if self._crash_after == self._syncs:
            raise Crashed

    def replace(self, name: str, data: bytes) -> None:
        """Create or replace the file whole, durably, in its time, unless a planted fault leaves it as it was."""
        self._wait()
        super().replace(name, data)

    def _wait(self) -> None:
        self.host.loop.block(self._source.randint(*self.sync_ns))


class Mount:
    """A disk's folder as one process sees it: a dead process sees and changes nothing any more."""

    def __init__(self, disk: VirtualDisk, process: Process) -> None:
        self._disk = disk
        self._process = process

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return self._of_living(self._disk.names)

    def size(self, name: str) -> int:
        """The length of a file in bytes."""
        return self._of_living(lambda: self._disk.size(name))

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end of the file."""
        return self._of_living(lambda: self._disk.read(name, offset, length))

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write all of `data` at `offset`; durable only after `sync`."""
        self._change("write", name, lambda: self._disk.write(name, offset, data))

    def sync(self, name: str) -> None:
        """Return when everything written to the file is durable."""
        self._change("sync", name, lambda: self._disk.sync(name))

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to `size` bytes; durable only after `sync`."""
        self._change("truncate", name, lambda: self._disk.truncate(name, size))

    def replace(self, name: str, data: bytes) -> None:
        """Create the file, or replace it whole, durably."""
        self._change("replace", name, lambda: self._disk.replace(name, data))

    def remove(self, name: str) -> None:
        """Remove the file, durably."""
        self._change("remove", name, lambda: self._disk.remove(name))

    def close(self) -> None:
        """Give the folder up, so that another process may have it."""
        if self._disk.owner is self._process:
            self._disk.owner = None

    def _change(self, what: str, name: str, change: Callable[[], None]) -> None:
        try:
            self._of_living(change)
        except Crashed:
            self._disk.host.crash(self._process, self._disk.folder, f"{what} of {name}")
            raise Died from None
        except OSError:
            self._disk.host.disk_failed(self._disk.folder, name, what)
            raise

    def _of_living(self, what: Callable[[], T]) -> T:
        if not self._process.alive:
            raise Died
        return what()


class VirtualSide(SideStore):
    """The side store of one process over a database in memory that outlives it; `is_full` says when it has no room."""

    def __init__(
        self,
        database: sqlite3.Connection,
        random_bytes: Callable[[int], bytes],
        process: Process,
        is_full: Callable[[], bool],
    ) -> None:
        super().__init__(database, random_bytes)
        self._process = process
        self._is_full = is_full

    def put(self, kind: str, text: bytes) -> str:
        """Keep a text and return its digest; durable after `sync`."""
        self._check()
        return super().put(kind, text)

    def sync(self) -> None:
        """Make every text put so far durable."""
        if self._database.in_transaction:
            self._check()
        super().sync()

    def erase(self, digest: str) -> None:
        """Overwrite salt and text for good, durably."""
        self._check()
        super().erase(digest)

    def close(self) -> None:
        """Make everything durable; the database stays open for the next process."""
        if self._process.alive:
            self._database.commit()

    def _check(self) -> None:
        if not self._process.alive:
            raise Died
        if self._is_full():
            raise sqlite3.OperationalError("database or disk is full")
