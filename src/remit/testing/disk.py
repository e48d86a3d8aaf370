"""A disk in memory that fails on demand: a `Store` that tells bytes merely written from durable ones."""

from __future__ import annotations

import errno
from collections.abc import Mapping


class Crashed(Exception):
    """The process died at this point; go on with what `MemoryStore.reboot` gives."""


class MemoryStore:
    """Files in memory with faults. Bytes written are seen at once and survive a power loss only after `sync`.

    Faults are counted from now: `fail_write(2)` makes the write after the next fail. A failed sync behaves as on
    Linux: the bytes stay readable, and a later sync no longer writes them. `capacity` is the disk's size in bytes.
    """

    def __init__(self, capacity: int | None = None) -> None:
        self.capacity = capacity
        self.live: dict[str, bytearray] = {}
        self._durable: dict[str, bytearray] = {}
        self._unsynced: list[tuple[str, int, bytes | None]] = []  # (file, offset, bytes), or None to truncate there
        self._writes = 0
        self._syncs = 0
        self._write_fault: tuple[int, int, Exception] | None = None  # (which, bytes kept, error)
        self._sync_fault: tuple[int, Exception] | None = None

    def fail_write(self, nth: int = 1, keep: int = 0, code: int = errno.EIO) -> None:
        """The nth write or replace from now raises OSError after `keep` of its bytes (a short write)."""
        self._write_fault = (self._writes + nth, keep, OSError(code, "planted write fault"))

    def crash_write(self, nth: int = 1, keep: int = 0) -> None:
        """The nth write or replace from now raises Crashed after `keep` of its bytes."""
        self._write_fault = (self._writes + nth, keep, Crashed())

    def fail_sync(self, nth: int = 1, code: int = errno.EIO) -> None:
        """The nth sync from now raises OSError, and what it should have written never becomes durable by itself."""
        self._sync_fault = (self._syncs + nth, OSError(code, "planted sync fault"))

    def crash_sync(self, nth: int = 1) -> None:
        """The nth sync from now raises Crashed before anything became durable."""
        self._sync_fault = (self._syncs + nth, Crashed())

    def flip(self, name: str, bit: int) -> None:
        """Turn one bit of a file over, in memory and on the disk."""
        for files in (self.live, self._durable):
            if bit // 8 < len(files.get(name, b"")):
                files[name][bit // 8] ^= 1 << bit % 8

    def reboot(self, keep: int | None = 0) -> MemoryStore:
        """The disk after the process died: with a power loss that let `keep` unsynced bytes through in the order they
        were written, or, where `keep` is None, without one, so that all written bytes are there, not durable.
        """
        after = MemoryStore(self.capacity)
        after._durable = {name: bytearray(data) for name, data in self._durable.items()}
        if keep is None:
            after.live = {name: bytearray(data) for name, data in self.live.items()}
            after._unsynced = list(self._unsynced)
            return after
        for name, offset, data in self._unsynced:
            if keep == 0:
                break
            if data is not None:
                data, keep = data[:keep], max(0, keep - len(data))
            _apply(after._durable[name], offset, data)
        after.live = {name: bytearray(data) for name, data in after._durable.items()}
        return after

    @property
    def durable(self) -> Mapping[str, bytearray]:
        """What a power loss would leave now, file by file: to be looked at, not to be changed."""
        return self._durable

    def unsynced_bytes(self) -> int:
        """How many written bytes a power loss could still take."""
        return sum(len(data) for _, _, data in self._unsynced if data is not None)

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self.live)

    def size(self, name: str) -> int:
        """The length of a file in bytes."""
        return len(self._file(name))

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer only at the end of the file."""
        return bytes(self._file(name)[offset : offset + length])

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write all of `data` at `offset`, unless a planted fault or the disk's size stops it part-way."""
        file = self._file(name)
        kept, fault = self._room(data, max(0, offset + len(data) - len(file)))
        _apply(file, offset, kept)
        self._unsynced.append((name, offset, kept))
        if fault is not None:
            raise fault

    def sync(self, name: str) -> None:
        """Make the file durable, unless a planted fault stops it."""
        self._file(name)
        self._syncs += 1
        fault = self._sync_fault[1] if self._sync_fault and self._sync_fault[0] == self._syncs else None
        if isinstance(fault, Crashed):
            raise fault
        if fault is None:
            for file, offset, data in self._unsynced:
                if file == name:
                    _apply(self._durable[name], offset, data)
        self._unsynced = [change for change in self._unsynced if change[0] != name]
        if fault is not None:
            raise fault

    def settle(self, name: str) -> None:
        """Make durable what was written to the file, as the sync of another process does: it meets no planted fault."""
        self._file(name)
        for file, offset, data in self._unsynced:
            if file == name:
                _apply(self._durable[name], offset, data)
        self._unsynced = [change for change in self._unsynced if change[0] != name]

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to `size` bytes."""
        _apply(self._file(name), size, None)
        self._unsynced.append((name, size, None))

    def replace(self, name: str, data: bytes) -> None:
        """Create or replace the file whole, durably, unless a planted fault leaves it as it was."""
        _, fault = self._room(data, len(data) - len(self.live.get(name, b"")))
        if fault is not None:
            raise fault
        self.live[name], self._durable[name] = bytearray(data), bytearray(data)
        self._unsynced = [change for change in self._unsynced if change[0] != name]

    def remove(self, name: str) -> None:
        """Remove the file, durably."""
        self._file(name)
        del self.live[name], self._durable[name]
        self._unsynced = [change for change in self._unsynced if change[0] != name]

    def close(self) -> None:
        """Nothing: a disk in memory has no lock."""

    def _file(self, name: str) -> bytearray:
        if name not in self.live:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self.live[name]

    def _room(self, data: bytes, growth: int) -> tuple[bytes, Exception | None]:
        """How much of a write takes place, and what it raises then."""
        self._writes += 1
        if self._write_fault and self._write_fault[0] == self._writes:
            return data[: self._write_fault[1]], self._write_fault[2]
        free = growth if self.capacity is None else self.capacity - sum(map(len, self.live.values()))
        if growth > free:
            return data[: max(0, len(data) - growth + free)], OSError(errno.ENOSPC, "the disk in memory is full")
        return data, None


def _apply(file: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del file[offset:]
        return
    file.extend(bytes(max(0, offset - len(file))))
    file[offset : offset + len(data)] = data
